//! Writes about a whole space, and documents that are gone elsewhere.

use stet_model::id::SpaceId;
use stet_store::{DeviceRow, DocKey, Held, HeldAt, RowFields, Write, WriteError};

use crate::stage::*;

#[test]
fn a_local_space_moves_into_an_account_and_everything_becomes_unsent() {
    let mut store = Store::new();
    let account = SpaceId::from_bytes([2; 16]);
    let library = DocKey { space: SPACE, note: SPACE.library() };
    let offline = |doc, row| Write::Local { doc, delta: vec![1], head: vec![1], unsent: false, row, at: 5 };
    store.commit([
        offline(library, None),
        offline(doc(3), Some(RowFields { folder: Some(folder(2)), ..titled("moved") })),
        Write::Folders { space: SPACE, folders: vec![folder_named(2, "f")], content: 0 },
        index(3, 1, "moved", ""),
        Write::Purged { doc: doc(4), seq: 0, cursor: None },
        Write::Device {
            space: account,
            device: DeviceRow { id: device(1), name: String::new(), seq: 0, unsent: 0, last_seen: 0 },
        },
    ]);
    store.commit([Write::MoveSpace { from: SPACE, to: account }]);
    let boot = store.writer.boot().unwrap();
    let unsent: Vec<DocKey> = boot.unsent.iter().map(|unsent| unsent.doc).collect();
    let moved = DocKey { space: account, note: note(3) };
    assert_eq!(unsent, [DocKey { space: account, note: account.library() }, moved], "the library's id changes with it");
    assert_eq!(store.reader.document(library).unwrap(), None);
    assert_eq!(store.reader.document(moved).unwrap().unwrap().updates.len(), 1);
    assert!(store.reader.row(moved).unwrap().unwrap().unsent);
    let sidebar = store.reader.sidebar(account).unwrap();
    assert_eq!((sidebar.counts, sidebar.folders[0].1), ([1, 0, 0, 0, 0, 1], 1));
    assert_eq!(store.counts(), [0; 6]);
    let content = |store: &Store| store.reader.standing(account).unwrap().content;
    assert_eq!(content(&store), None, "what the library says is counted under its id");
    store.commit([Write::Folders { space: account, folders: vec![folder_named(2, "f")], content: 1 }]);
    assert!(content(&store).is_some());

    store.commit([local(9, 1, titled("left"))]);
    let occupied = store.writer.commit(&[Write::MoveSpace { from: SPACE, to: account }]).unwrap_err();
    assert_eq!(occupied, WriteError::Occupied { space: account });
}

#[test]
fn a_note_that_was_removed_before_the_log_heard_of_it_is_there_again_when_the_log_has_it() {
    let mut store = Store::new();
    let (never, once, asked) = (doc(1), doc(2), doc(3));
    store.commit([
        local(1, 1, titled("never sent")),
        Write::Purged { doc: never, seq: 0, cursor: None },
        Write::Purged { doc: once, seq: 4, cursor: None },
        local(3, 1, titled("asked")),
        Write::PurgeAsked { doc: asked, asked: true },
        Write::Purged { doc: asked, seq: 0, cursor: None },
    ]);
    store.commit([remote([1, 2, 3].map(|n| remote_row(n, 4 + u64::from(n), &[n])).into(), Some(7))]);
    let waits = |doc| store.reader.document(doc).unwrap().is_some_and(|stored| !stored.purged);
    assert_eq!([never, once, asked].map(waits), [true, false, false]);
}

fn gone() -> Held {
    Held { at: HeldAt::Push, code: "removed".to_owned(), message: "Removed elsewhere.".to_owned() }
}

/// A store that has followed a log: a note that was sent, one that wasn't, one that waits for rows, a tombstone.
fn synced() -> Store {
    let mut store = Store::new();
    store.commit([
        local(1, 1, titled("sent")),
        remote(vec![remote_row(1, 3, &[3])], None),
        imported(1, 3, titled("sent")),
        local(2, 2, titled("only here")),
        remote(vec![remote_row(5, 4, &[4])], Some(4)),
        Write::Purged { doc: doc(4), seq: 2, cursor: None },
        Write::Held { doc: doc(2), held: Some(gone()) },
        Write::Device {
            space: SPACE,
            device: DeviceRow { id: device(1), name: "phone".to_owned(), seq: 4, unsent: 0, last_seen: 0 },
        },
    ]);
    store
}

#[test]
fn a_store_that_forgets_its_log_has_everything_to_send_and_nothing_known() {
    let mut store = synced();
    store.commit([Write::ForgetLog { space: SPACE }]);
    let mut store = store.reopen();
    let boot = store.writer.boot().unwrap();
    let unsent: Vec<_> = boot.unsent.iter().map(|unsent| (unsent.doc, unsent.last_seq, unsent.held)).collect();
    assert_eq!(unsent, [(doc(1), 0, false), (doc(2), 0, false)]);
    assert_eq!((boot.cursors.len(), boot.held.len(), boot.pending.len(), boot.devices.len()), (0, 0, 0, 0));
    assert_eq!(boot.documents, 2, "what was never imported isn't here, and comes again");
    assert!(store.reader.ledger(SPACE).unwrap().iter().all(|row| !row.purged), "tombstones are of that log");
    let sent = store.reader.document(doc(1)).unwrap().unwrap();
    assert_eq!((sent.known.len(), sent.updates.len()), (0, 2), "the text is all there");
    assert!(store.row(1).unsent);
    // The same place of another log is something else.
    store.commit([remote(vec![remote_row(1, 3, &[8])], Some(3))]);
    assert_eq!(store.reader.document(doc(1)).unwrap().unwrap().updates.len(), 3);
    assert_eq!(store.reader.check().unwrap(), Vec::<String>::new());
}

#[test]
fn a_space_can_be_emptied_and_filled_again() {
    let mut store = synced();
    store.commit([
        Write::Folders { space: SPACE, folders: vec![folder_named(2, "f")], content: 7 },
        Write::EmptySpace { space: SPACE },
    ]);
    let boot = store.writer.boot().unwrap();
    assert_eq!((boot.documents, boot.cursors.len(), boot.unsent.len(), boot.held.len()), (0, 0, 0, 0));
    assert_eq!(store.counts(), [0; 6]);
    assert!(store.reader.sidebar(SPACE).unwrap().folders.is_empty());
    assert!(store.reader.ledger(SPACE).unwrap().is_empty());
    store.commit([local(4, 1, titled("again"))]);
    assert_eq!(store.row(4).fields.title, "again", "no tombstone is in the way");
    assert_eq!(store.reader.check().unwrap(), Vec::<String>::new());
}

#[test]
fn what_is_gone_elsewhere_is_kept_with_its_text_and_counts_as_gone_in_the_log() {
    let mut store = synced();
    let removed = |n, seq| Write::Removed { doc: doc(n), seq, held: gone() };
    store.commit([removed(1, 9), removed(7, 10), removed(4, 11)]);
    let kept = store.reader.document(doc(1)).unwrap().unwrap();
    assert_eq!((kept.purged, kept.last_seq, kept.held, kept.updates.len()), (false, 9, Some(gone()), 2));
    let ledger = store.reader.ledger(SPACE).unwrap();
    let places: Vec<_> = ledger.iter().map(|row| (row.note, row.last_seq, row.purged)).collect();
    for (n, seq) in [(1, 9), (7, 10), (4, 11)] {
        assert!(places.contains(&(note(n), seq, true)), "{n} in {places:?}");
    }
    store.commit([Write::Purged { doc: doc(1), seq: 9, cursor: None }]);
    assert!(store.reader.document(doc(1)).unwrap().unwrap().purged);
    assert_eq!(store.reader.waiting().unwrap().held, [(doc(2), gone())]);
}
