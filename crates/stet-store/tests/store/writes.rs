//! The contract of every write.

use stet_model::id::SpaceId;
use stet_store::{DeviceRow, DocKey, ListView, RowFields, StoredUpdate, UnsentDocument, Write, WriteError};

use crate::stage::*;

#[test]
fn a_local_edit_stores_delta_head_row_and_a_stale_mark_at_once() {
    let mut store = Store::new();
    store.commit([local(1, 10, titled("one")), local(1, 11, titled("one!"))]);
    let stored = store.document(1);
    assert_eq!(stored.head, [11]);
    assert!(stored.unsent && stored.known.is_empty() && stored.last_seq == 0);
    let ops: Vec<_> = stored.updates.iter().map(|update| (update.ops.clone(), update.imported, update.seq)).collect();
    assert_eq!(
        ops,
        [(vec![1, 10], true, None), (vec![1, 11], true, None)],
        "in order, part of the head, not the server's"
    );
    assert_eq!(store.row(1).fields.title, "one!");
    assert_eq!((store.row(1).updated_at, store.row(1).unsent), (11, true));
    let boot = store.writer.boot().unwrap();
    assert_eq!(boot.unindexed, [doc(1)]);
    assert_eq!(boot.documents, 1);
    let unsent = UnsentDocument { doc: doc(1), last_seq: 0, purge_asked: false, held: false };
    assert_eq!(boot.unsent, [unsent]);
}

#[test]
fn a_local_only_edit_is_not_unsent_and_is_sorted_by_its_own_time() {
    let mut store = Store::new();
    for (n, at) in [(1, 10), (2, 30), (3, 20)] {
        let head = vec![at];
        store.commit([Write::Local {
            doc: doc(n),
            delta: vec![],
            head,
            unsent: false,
            row: Some(titled("")),
            at: i64::from(at),
        }]);
    }
    assert_eq!(store.notes(ListView::All), [2, 3, 1]);
    assert!(store.writer.boot().unwrap().unsent.is_empty());
}

#[test]
fn the_library_has_no_row_and_no_search_text() {
    let mut store = Store::new();
    let library = DocKey { space: SPACE, note: SPACE.library() };
    store.commit([Write::Local { doc: library, delta: vec![1], head: vec![1], unsent: true, row: None, at: 5 }]);
    assert_eq!(store.reader.row(library).unwrap(), None);
    let boot = store.writer.boot().unwrap();
    assert!(boot.unindexed.is_empty());
    assert_eq!(boot.unsent.len(), 1);
}

#[test]
fn rows_of_the_server_are_pending_until_imported() {
    let mut store = Store::new();
    let mut row = remote_row(1, 4, b"first");
    row.ops.push(b"second".to_vec());
    store.commit([remote(vec![row], Some(4))]);
    let stored = store.document(1);
    assert_eq!((stored.last_seq, stored.unsent, stored.head.is_empty()), (4, false, true));
    let part = |n, ops: &[u8]| StoredUpdate {
        n,
        ops: ops.to_vec(),
        seq: Some(4),
        imported: false,
        timestamp: 40,
        device: Some(device(5)),
    };
    assert_eq!(stored.updates, [part(1, b"first"), part(2, b"second")]);
    assert_eq!(store.reader.row(doc(1)).unwrap(), None, "nobody has read it yet");
    let boot = store.writer.boot().unwrap();
    assert_eq!(boot.pending, [doc(1)]);
    assert_eq!(boot.cursors, [(SPACE, cursor(4))]);

    store.commit([imported(1, 4, titled("came"))]);
    let stored = store.document(1);
    assert!(stored.updates.iter().all(|update| update.imported));
    assert_eq!((stored.head, stored.known, stored.updated_at), (vec![4], vec![4], 40));
    assert_eq!(store.row(1).updated_at, 40);
    let boot = store.writer.boot().unwrap();
    assert!(boot.pending.is_empty());
    assert_eq!(boot.unindexed, [doc(1)], "its text is new to the search");
}

#[test]
fn a_row_that_is_already_stored_is_skipped() {
    let mut store = Store::new();
    store.commit([remote(vec![remote_row(1, 4, b"ops")], None)]);
    store.commit([imported(1, 4, titled("a"))]);
    store.commit([remote(vec![remote_row(1, 4, b"ops"), remote_row(1, 6, b"new")], Some(6))]);
    let updates = store.document(1).updates;
    let ops: Vec<_> = updates.iter().map(|update| (update.ops.as_slice(), update.imported)).collect();
    assert_eq!(ops, [(b"ops".as_slice(), true), (b"new".as_slice(), false)]);
}

#[test]
fn what_the_server_has_folded_into_a_row_comes_beside_what_was_imported_of_it_once() {
    let mut store = Store::new();
    store.commit([remote(vec![remote_row(1, 4, b"ops")], None)]);
    store.commit([imported(1, 4, titled("a"))]);
    for _ in 0..2 {
        store.commit([remote(vec![remote_row(1, 4, b"3 and 4")], Some(4))]);
        let updates = store.document(1).updates;
        let ops: Vec<_> = updates.iter().map(|update| (update.ops.as_slice(), update.imported)).collect();
        assert_eq!(ops, [(b"ops".as_slice(), true), (b"3 and 4".as_slice(), false)]);
        assert_eq!(store.writer.boot().unwrap().pending, [doc(1)]);
    }
    store.commit([imported(1, 4, titled("b"))]);
    store.commit([remote(vec![remote_row(1, 4, b"3 and 4")], Some(4))]);
    assert!(store.document(1).updates.iter().all(|update| update.imported), "it is there");
}

#[test]
fn a_damaged_row_gives_way_to_the_same_row_fetched_again() {
    let mut store = Store::new();
    store.commit([remote(vec![remote_row(1, 4, b"damaged")], Some(9))]);
    store.commit([remote(vec![remote_row(1, 4, b"whole")], None)]);
    let updates = store.document(1).updates;
    assert_eq!(updates.len(), 1);
    assert_eq!(updates[0].ops, b"whole");
}

#[test]
fn importing_up_to_a_seq_leaves_later_rows_pending() {
    let mut store = Store::new();
    store.commit([remote(vec![remote_row(1, 4, b"a"), remote_row(1, 5, b"b")], Some(5))]);
    store.commit([imported(1, 4, titled("half"))]);
    let flags: Vec<bool> = store.document(1).updates.iter().map(|update| update.imported).collect();
    assert_eq!(flags, [true, false]);
    assert_eq!(store.writer.boot().unwrap().pending, [doc(1)]);
    assert_eq!(store.document(1).last_seq, 5);
}

#[test]
fn an_import_into_a_note_with_unsent_edits_keeps_its_local_time() {
    let mut store = Store::new();
    store.commit([local(1, 200, titled("mine")), remote(vec![remote_row(1, 3, b"theirs")], Some(3))]);
    store.commit([Write::Imported {
        doc: doc(1),
        seq: 3,
        head: vec![201],
        known: vec![3],
        unsent: true,
        row: Some(titled("both")),
        updated_at: 30,
    }]);
    let row = store.row(1);
    assert_eq!((row.updated_at, row.unsent, row.last_seq), (200, true, 3));
    store.commit([acked(1, 4, false)]);
    assert_eq!(store.row(1).updated_at, 40, "the server's time once it is sent");
}

#[test]
fn an_acknowledgement_moves_known_seq_cursor_and_the_unsent_mark() {
    let mut store = Store::new();
    store.commit([local(1, 100, titled("a"))]);
    store.commit([acked(1, 8, true)]);
    let stored = store.document(1);
    assert_eq!((stored.known.as_slice(), stored.last_seq, stored.unsent), ([7].as_slice(), 8, true));
    assert_eq!(store.row(1).updated_at, 100, "something newer is still unsent");
    store.commit([acked(1, 9, false)]);
    assert!(!store.document(1).unsent && !store.row(1).unsent);
    assert_eq!(store.row(1).updated_at, 90);
    assert_eq!(store.writer.boot().unwrap().cursors, [(SPACE, cursor(9))]);
    assert!(store.writer.boot().unwrap().unsent.is_empty());
}

#[test]
fn an_older_row_that_comes_late_sets_neither_seq_nor_time_back() {
    let mut store = Store::new();
    store.commit([local(1, 100, titled("a")), acked(1, 20, false)]);
    store.commit([remote(vec![remote_row(1, 15, b"missed")], None)]);
    assert_eq!(store.document(1).last_seq, 20);
    assert_eq!(store.document(1).updates.len(), 2, "below the last seq, but not stored yet");
    store.commit([imported(1, 15, titled("a"))]);
    assert_eq!((store.document(1).last_seq, store.document(1).updated_at), (20, 200));
    assert_eq!(store.row(1).updated_at, 200);
}

#[test]
fn a_cursor_moves_alone() {
    let mut store = Store::new();
    store.commit([Write::Cursor { space: SPACE, cursor: cursor(12) }]);
    store.commit([Write::Cursor { space: SPACE, cursor: cursor(13) }]);
    assert_eq!(store.writer.boot().unwrap().cursors, [(SPACE, cursor(13))]);
}

#[test]
fn a_snapshot_replaces_what_is_imported_up_to_its_entry_and_nothing_else() {
    let mut store = Store::new();
    store.commit([local(1, 10, titled("a")), remote(vec![remote_row(1, 3, b"pending")], Some(3))]);
    store.commit([local(1, 11, titled("b")), local(1, 12, titled("c"))]);
    let through = store.document(1).updates[2].n;
    store.commit([Write::Snapshot { doc: doc(1), bytes: b"folded".to_vec(), through }]);
    let stored = store.document(1);
    assert_eq!(stored.snapshot.as_deref(), Some(b"folded".as_slice()));
    let left: Vec<_> = stored.updates.iter().map(|update| update.ops.clone()).collect();
    assert_eq!(left, [b"pending".to_vec(), vec![1, 12]], "what is pending or newer stays");
    assert_eq!(stored.head, [12]);
    store.commit([Write::Snapshot { doc: doc(1), bytes: b"again".to_vec(), through }]);
    assert_eq!(store.document(1).snapshot.as_deref(), Some(b"again".as_slice()));
}

#[test]
fn a_held_note_waits_with_its_reason_and_goes_on_without_it() {
    let mut store = Store::new();
    store.commit([local(1, 10, titled("a")), acked(1, 2, false), local(2, 11, titled("b"))]);
    store.commit([Write::Held { doc: doc(1), held: Some(held()) }]);
    assert_eq!(store.document(1).held, Some(held()));
    assert_eq!(store.row(1).held, Some(held()));
    assert_eq!(store.notes(ListView::Unsent), [2, 1], "unsent or held");
    store.commit([Write::Held { doc: doc(2), held: Some(held()) }]);
    let boot = store.writer.boot().unwrap();
    assert!(boot.unsent[0].held);
    assert_eq!(boot.held, [(doc(1), held()), (doc(2), held())]);
    store.commit([Write::Held { doc: doc(1), held: None }, Write::Held { doc: doc(2), held: None }]);
    assert_eq!(store.notes(ListView::Unsent), [2]);
    assert_eq!(store.row(1).held, None);
}

#[test]
fn a_purge_drops_the_text_and_keeps_a_tombstone() {
    let mut store = Store::new();
    store.commit([
        local(1, 10, RowFields { tags: vec!["t".to_owned()], ..titled("secret") }),
        Write::Snapshot { doc: doc(1), bytes: b"secret".to_vec(), through: 0 },
        Write::Point { doc: doc(1), frontiers: vec![1], at: 1, device: None },
        index(1, 10, "secret", "words"),
        remote(vec![remote_row(1, 3, b"pending")], Some(3)),
    ]);
    store.commit([Write::Purged { doc: doc(1), seq: 9, cursor: Some(cursor(9)) }]);
    let stored = store.document(1);
    assert!(stored.purged && !stored.unsent);
    assert_eq!((stored.snapshot, stored.updates.len(), stored.head.len(), stored.last_seq), (None, 0, 0, 9));
    assert_eq!(store.reader.row(doc(1)).unwrap(), None);
    assert_eq!(store.search("secret"), [0; 0]);
    assert!(store.reader.points(doc(1)).unwrap().is_empty());
    let sidebar = store.reader.sidebar(SPACE).unwrap();
    assert_eq!((sidebar.counts, sidebar.tags), ([0; 6], vec![]));
    let boot = store.writer.boot().unwrap();
    assert_eq!((boot.documents, boot.cursors), (0, vec![(SPACE, cursor(9))]));
    assert!(boot.pending.is_empty() && boot.unsent.is_empty() && boot.unindexed.is_empty());
    let ledger = store.reader.ledger(SPACE).unwrap();
    assert_eq!((ledger[0].note, ledger[0].last_seq, ledger[0].purged), (note(1), 9, true));
}

#[test]
fn nothing_comes_back_to_a_tombstone() {
    let mut store = Store::new();
    store.commit([Write::Purged { doc: doc(1), seq: 9, cursor: None }]);
    let before = store.document(1);
    store.commit([
        remote(vec![remote_row(1, 5, b"late"), remote_row(1, 12, b"later"), remote_row(2, 13, b"other")], Some(13)),
        imported(1, 12, titled("back")),
        acked(1, 14, true),
        Write::Snapshot { doc: doc(1), bytes: vec![1], through: 99 },
        Write::Held { doc: doc(1), held: Some(held()) },
        Write::Point { doc: doc(1), frontiers: vec![1], at: 1, device: None },
        index(1, 0, "back", "again"),
    ]);
    assert_eq!(store.document(1), before);
    assert_eq!(store.document(2).updates.len(), 1);
    assert_eq!(store.writer.boot().unwrap().cursors, [(SPACE, cursor(14))], "the cursor moves all the same");
}

#[test]
fn a_local_edit_of_a_tombstone_is_refused_and_not_swallowed() {
    let mut store = Store::new();
    store.commit([Write::Purged { doc: doc(1), seq: 9, cursor: None }]);
    let refused = store.writer.commit(&[local(2, 1, titled("with it")), local(1, 2, titled("typed"))]).unwrap_err();
    assert_eq!(refused, WriteError::Purged { doc: doc(1) });
    assert!(!refused.retryable());
    assert_eq!(store.reader.document(doc(2)).unwrap(), None, "all or nothing");
}

#[test]
fn a_wish_to_purge_hides_the_note_until_it_is_taken_back_or_confirmed() {
    let mut store = Store::new();
    store.commit([local(1, 10, RowFields { trashed: true, ..titled("a") }), acked(1, 2, false)]);
    store.commit([Write::PurgeAsked { doc: doc(1), asked: true }]);
    assert!(store.document(1).purge_asked);
    assert_eq!(store.notes(ListView::Trash), [0; 0]);
    assert_eq!(store.notes(ListView::Unsent), [1], "the server hasn't confirmed it");
    assert!(store.writer.boot().unwrap().unsent[0].purge_asked);

    store.commit([Write::PurgeAsked { doc: doc(1), asked: false }]);
    assert_eq!((store.notes(ListView::Trash), store.notes(ListView::Unsent)), (vec![1], vec![]));

    store.commit([Write::PurgeAsked { doc: doc(1), asked: true }, Write::Purged { doc: doc(1), seq: 0, cursor: None }]);
    let boot = store.writer.boot().unwrap();
    assert!(boot.unsent[0].purge_asked, "kept until the server confirmed it, the text gone or not");
    store.commit([Write::Purged { doc: doc(1), seq: 5, cursor: None }]);
    assert!(store.writer.boot().unwrap().unsent.is_empty());
    assert!(store.document(1).purged && !store.document(1).purge_asked);
}

#[test]
fn a_document_made_anew_has_nothing_of_its_former_history_and_is_no_longer_apart() {
    let mut store = Store::new();
    store.commit([local(1, 10, titled("mine")), Write::Apart { doc: doc(1), apart: true }]);
    store.commit([
        Write::Point { doc: doc(1), frontiers: vec![1], at: 5, device: None },
        remote(vec![remote_row(1, 3, &[7])], None),
    ]);
    assert_eq!(store.writer.boot().unwrap().apart, [doc(1)]);
    store.commit([
        imported(1, 3, titled("ours")),
        Write::Replaced { doc: doc(1), bytes: vec![9] },
        Write::Apart { doc: doc(1), apart: false },
    ]);
    let stored = store.document(1);
    assert_eq!((stored.snapshot, stored.updates.len(), stored.last_seq), (Some(vec![9]), 0, 3));
    assert!(store.reader.points(doc(1)).unwrap().is_empty());
    let boot = store.writer.boot().unwrap();
    assert!(boot.apart.is_empty() && boot.pending.is_empty());

    store.commit([Write::Apart { doc: doc(1), apart: true }, Write::Purged { doc: doc(1), seq: 4, cursor: None }]);
    store.commit([Write::Apart { doc: doc(1), apart: true }]);
    assert!(store.writer.boot().unwrap().apart.is_empty(), "a tombstone has no history");
}

#[test]
fn index_text_of_another_version_than_the_head_is_left_out() {
    let mut store = Store::new();
    store.commit([local(1, 10, titled("old")), local(1, 11, titled("new"))]);
    store.commit([index(1, 10, "old", "")]);
    assert_eq!(store.writer.boot().unwrap().unindexed, [doc(1)], "the text is older than the head");
    assert!(store.search("old").is_empty());
    store.commit([index(1, 11, "new", "")]);
    assert!(store.reader.unindexed(10).unwrap().is_empty());
    store.commit([index(1, 10, "old", "")]);
    assert_eq!(
        (store.search("old"), store.search("new")),
        (vec![], vec![1]),
        "a job that was overtaken changes nothing"
    );
}

#[test]
fn folders_replace_each_other_and_decide_where_notes_show() {
    let mut store = Store::new();
    let mut child = folder_named(3, "child");
    (child.parent, child.depth, child.color) = (Some(folder(2)), 1, Some("#fff".to_owned()));
    store.commit([
        local(1, 10, RowFields { folder: Some(folder(2)), ..titled("a") }),
        local(2, 11, RowFields { folder: Some(folder(3)), archived: true, ..titled("b") }),
    ]);
    assert_eq!(store.notes(ListView::Unfiled), [1], "its folder isn't there yet");
    assert_eq!(store.row(1).fields.folder, None);

    store.commit([Write::Folders { space: SPACE, folders: vec![folder_named(2, "top"), child.clone()], content: 0 }]);
    assert_eq!(store.notes(ListView::Folder(folder(2))), [1]);
    assert_eq!(store.row(1).fields.folder, Some(folder(2)));
    assert_eq!(store.notes(ListView::Unfiled), [0; 0]);
    let sidebar = store.reader.sidebar(SPACE).unwrap();
    assert_eq!(sidebar.folders, [(folder_named(2, "top"), 1), (child.clone(), 0)], "archived notes aren't counted");

    child.parent = None;
    store.commit([Write::Folders { space: SPACE, folders: vec![child.clone()], content: 0 }]);
    assert_eq!(store.notes(ListView::Unfiled), [1], "its folder is gone");
    assert_eq!(store.page(ListView::Folder(folder(2))).total, 0);
    assert_eq!(store.reader.sidebar(SPACE).unwrap().folders, [(child, 0)]);
    store.commit([local(2, 12, RowFields { folder: Some(folder(3)), ..titled("b") })]);
    assert_eq!(store.reader.sidebar(SPACE).unwrap().folders[0].1, 1);
}

#[test]
fn points_are_kept_in_order_and_not_doubled() {
    let mut store = Store::new();
    let point =
        |frontiers: u8, at| Write::Point { doc: doc(1), frontiers: vec![frontiers], at, device: Some(device(3)) };
    store.commit([local(1, 10, titled("a")), point(1, 5), point(1, 6), point(2, 7), point(1, 8)]);
    let points: Vec<_> =
        store.reader.points(doc(1)).unwrap().into_iter().map(|point| (point.frontiers[0], point.at)).collect();
    assert_eq!(points, [(1, 5), (2, 7), (1, 8)], "nothing happened between the first two");
    assert_eq!(store.reader.points(doc(1)).unwrap()[0].device, Some(device(3)));
}

#[test]
fn devices_and_named_values_replace_their_former_ones() {
    let mut store = Store::new();
    let phone = DeviceRow { id: device(1), name: "phone".to_owned(), seq: 3, unsent: 1, last_seen: 9 };
    let later = DeviceRow { seq: 5, unsent: 0, ..phone.clone() };
    store.commit([
        Write::Device { space: SPACE, device: phone },
        Write::Device { space: SPACE, device: later.clone() },
        Write::Meta { key: "user".into(), value: Some("a".to_owned()) },
        Write::Meta { key: "user".into(), value: Some("b".to_owned()) },
        Write::Meta { key: "gone".into(), value: Some("c".to_owned()) },
        Write::Meta { key: "gone".into(), value: None },
    ]);
    assert_eq!(store.reader.devices(SPACE).unwrap(), std::slice::from_ref(&later));
    assert_eq!(store.reader.meta("user").unwrap().as_deref(), Some("b"));
    let boot = store.writer.boot().unwrap();
    assert_eq!(boot.devices, [(SPACE, later)]);
    assert_eq!(boot.meta.into_iter().collect::<Vec<_>>(), [("user".to_owned(), "b".to_owned())]);
}

#[test]
fn writes_to_documents_that_are_not_there_change_nothing() {
    let mut store = Store::new();
    store.commit([
        Write::Held { doc: doc(1), held: Some(held()) },
        Write::PurgeAsked { doc: doc(1), asked: true },
        Write::Snapshot { doc: doc(1), bytes: vec![1], through: 1 },
        imported(1, 3, titled("a")),
        index(1, 1, "a", "b"),
        Write::MoveSpace { from: SpaceId::from_bytes([8; 16]), to: SPACE },
    ]);
    assert_eq!(store.reader.document(doc(1)).unwrap(), None);
    assert_eq!(store.writer.boot().unwrap().documents, 0);
}

#[test]
fn the_same_id_in_two_spaces_is_two_documents() {
    let mut store = Store::new();
    let other = DocKey { space: SpaceId::from_bytes([2; 16]), note: note(1) };
    store.commit([
        local(1, 10, titled("here")),
        Write::Local { doc: other, delta: vec![], head: vec![3], unsent: true, row: Some(titled("there")), at: 1 },
    ]);
    assert_eq!(store.row(1).fields.title, "here");
    assert_eq!(store.reader.row(other).unwrap().unwrap().fields.title, "there");
    assert_eq!(store.notes(ListView::All), [1]);
}

#[test]
fn numbers_beyond_what_the_database_holds_are_an_error_and_not_a_wrong_number() {
    let mut store = Store::new();
    let error = store.writer.commit(&[Write::Cursor { space: SPACE, cursor: cursor(u64::MAX) }]).unwrap_err();
    assert!(matches!(error, WriteError::Other { .. }), "{error}");
    assert!(store.writer.boot().unwrap().cursors.is_empty());
}

#[test]
fn a_row_may_follow_its_text_and_until_then_the_note_is_marked() {
    let mut store = Store::new();
    store.commit([local(1, 1, titled("before")), imported(1, 1, titled("before"))]);
    store.commit([Write::Index {
        doc: doc(1),
        head: vec![1],
        title: "before".into(),
        body: String::new(),
        content: 0,
    }]);
    store.commit([Write::Local { doc: doc(1), delta: vec![2], head: vec![2], unsent: true, row: None, at: 50 }]);
    assert_eq!(store.row(1).fields.title, "before");
    let mut store = store.reopen();
    let boot = store.writer.boot().unwrap();
    assert_eq!(boot.unindexed, [doc(1)], "the mark says that the row may be older, too");
    store.commit([Write::Row { doc: doc(1), head: vec![1], row: titled("overtaken") }]);
    assert_eq!(store.row(1).fields.title, "before", "a row of another version isn't the note's");
    store.commit([Write::Row { doc: doc(1), head: vec![2], row: titled("after") }]);
    let row = store.row(1);
    assert_eq!((row.fields.title.as_str(), row.unsent, row.updated_at), ("after", true, 50));
    store.commit([
        Write::Purged { doc: doc(1), seq: 0, cursor: None },
        Write::Row { doc: doc(1), head: vec![2], row: titled("too late") },
    ]);
    assert_eq!(store.reader.row(doc(1)).unwrap(), None);
}
