//! Which notes a list has, in which order, and how pages join.

use stet_store::{ListQuery, ListView, MAX_PAGE, RowFields, Write};

use crate::stage::*;

#[test]
fn pinned_come_first_then_unsent_then_the_newest_of_the_server() {
    let mut store = Store::new();
    let pinned = || RowFields { pinned: true, ..titled("") };
    store.commit([
        local(1, 50, titled("")),
        local(2, 60, titled("")),
        local(3, 1, titled("")),
        acked(3, 20, false),
        local(4, 1, titled("")),
        acked(4, 21, false),
        local(5, 2, pinned()),
        acked(5, 1, false),
        local(6, 1, pinned()),
    ]);
    assert_eq!(store.notes(ListView::All), [6, 5, 2, 1, 4, 3]);
}

#[test]
fn every_view_has_its_notes_and_counts_them() {
    let mut store = Store::new();
    let rows = [
        titled("plain"),
        RowFields { starred: true, ..titled("starred") },
        RowFields { archived: true, starred: true, tags: vec!["t".to_owned()], ..titled("archived") },
        RowFields { trashed: true, archived: true, ..titled("trashed") },
        RowFields { folder: Some(folder(1)), tags: vec!["T".to_owned(), "t".to_owned()], ..titled("filed") },
        RowFields { hidden: true, tags: vec!["a".to_owned()], ..titled("hidden") },
    ];
    store.commit([Write::Folders { space: SPACE, folders: vec![folder_named(1, "f")], content: 0 }]);
    for (n, row) in (1..).zip(rows) {
        store.commit([local(n, n, row), acked(n, u64::from(n), n == 6)]);
    }
    assert_eq!(store.notes(ListView::All), [6, 5, 2, 1]);
    assert_eq!(store.notes(ListView::Starred), [2]);
    assert_eq!(store.notes(ListView::Unfiled), [6, 2, 1]);
    assert_eq!(store.notes(ListView::Archived), [3]);
    assert_eq!(store.notes(ListView::Trash), [4]);
    assert_eq!(store.notes(ListView::Unsent), [6]);
    assert_eq!(store.notes(ListView::Folder(folder(1))), [5]);
    assert_eq!(store.notes(ListView::Tag("t".to_owned())), [5]);
    assert_eq!(store.notes(ListView::Tag("none".to_owned())), [0; 0]);
    let sidebar = store.reader.sidebar(SPACE).unwrap();
    assert_eq!(sidebar.counts, [4, 1, 3, 1, 1, 1]);
    let tags = [("a".to_owned(), 1), ("T".to_owned(), 1), ("t".to_owned(), 1)];
    assert_eq!(sidebar.tags, tags, "by name, letter case aside");
    assert_eq!(store.page(ListView::Unfiled).total, 3);
}

#[test]
fn a_row_tells_everything_the_list_shows() {
    let mut store = Store::new();
    let row = RowFields {
        title: "title".to_owned(),
        preview: "first words".to_owned(),
        folder: Some(folder(1)),
        starred: true,
        pinned: true,
        archived: true,
        hidden: true,
        trashed: true,
        merged: 2,
        tags: vec!["a".to_owned(), "b".to_owned()],
        created_at: -5,
        bytes: 77,
    };
    store.commit([
        Write::Folders { space: SPACE, folders: vec![folder_named(1, "f")], content: 0 },
        local(1, 9, row.clone()),
        acked(1, 3, true),
        Write::Held { doc: doc(1), held: Some(held()) },
    ]);
    let listed = store.page(ListView::Trash).rows.remove(0);
    assert_eq!(listed.fields, row);
    assert_eq!((listed.note, listed.updated_at, listed.unsent, listed.last_seq), (note(1), 9, true, 3));
    assert_eq!(listed.held, Some(held()));
    assert_eq!(store.row(1), listed);
}

/// Its first row can't be read: people find it where what waits for them is, with the reason.
#[test]
fn a_note_nothing_of_which_could_be_read_is_on_the_list_of_what_can_not_go_on() {
    let mut store = Store::new();
    store
        .commit([remote(vec![remote_row(1, 4, b"rubbish")], Some(4)), Write::Held { doc: doc(1), held: Some(held()) }]);
    let listed = store.page(ListView::Unsent).rows.remove(0);
    assert_eq!((listed.note, listed.held, listed.updated_at), (note(1), Some(held()), 40));
    assert_eq!(store.reader.held(SPACE, 9).unwrap().len(), 1);
    store.commit([Write::Held { doc: doc(1), held: None }, imported(1, 4, titled("Read after all"))]);
    assert_eq!(store.notes(ListView::Unsent), [0; 0]);
    assert_eq!(store.page(ListView::All).rows[0].fields.title, "Read after all");
}

#[test]
fn tags_that_no_note_has_any_more_are_gone() {
    let mut store = Store::new();
    let tagged = |tags: &[&str]| RowFields { tags: tags.iter().map(ToString::to_string).collect(), ..titled("") };
    store.commit([local(1, 1, tagged(&["x", "y"])), local(2, 2, tagged(&["y"]))]);
    store.commit([local(1, 3, tagged(&["z"]))]);
    assert_eq!(store.reader.sidebar(SPACE).unwrap().tags, [("y".to_owned(), 1), ("z".to_owned(), 1)]);
    assert_eq!(store.notes(ListView::Tag("x".to_owned())), [0; 0]);
}

#[test]
fn pages_neither_skip_nor_double_also_at_equal_times() {
    let mut store = Store::new();
    let tagged = RowFields { tags: vec!["t".to_owned()], ..titled("word") };
    for n in 0..57 {
        store.commit([local(n, n / 10, tagged.clone()), index(n, n / 10, "word", "")]);
    }
    for (view, search) in [(ListView::All, ""), (ListView::Tag("t".to_owned()), ""), (ListView::All, "wor")] {
        let whole = store.reader.list(&ListQuery { search: search.to_owned(), ..query(view.clone()) }).unwrap();
        assert_eq!((whole.rows.len(), whole.total, &whole.next), (57, 57, &None));
        for limit in [1, 7, 19, 57] {
            let mut rows = Vec::new();
            let mut after = None;
            loop {
                let asked = ListQuery { search: search.to_owned(), after, limit, ..query(view.clone()) };
                let page = store.reader.list(&asked).unwrap();
                assert_eq!(page.total, 57);
                rows.extend(page.rows);
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(rows, whole.rows, "in pages of {limit}");
        }
    }
}

#[test]
fn a_page_is_bounded_and_never_empty_while_there_are_rows() {
    let mut store = Store::new();
    for n in 0..=MAX_PAGE {
        let bytes = n.to_be_bytes();
        let mut id = [0; 16];
        id[..4].copy_from_slice(&bytes);
        let doc = stet_store::DocKey { space: SPACE, note: stet_model::id::NoteId::from_bytes(id) };
        store.commit([Write::Local { doc, delta: vec![], head: vec![1], unsent: true, row: Some(titled("")), at: 1 }]);
    }
    let page = |limit| store.reader.list(&ListQuery { limit, ..query(ListView::All) }).unwrap();
    assert_eq!(page(u32::MAX).rows.len(), MAX_PAGE as usize);
    assert!(page(u32::MAX).next.is_some());
    assert_eq!(page(0).rows.len(), 1);
}

#[test]
fn a_note_edited_between_two_pages_moves_no_other() {
    let mut store = Store::new();
    for n in 1..=6 {
        store.commit([local(n, n, titled(""))]);
    }
    let first = store.reader.list(&ListQuery { limit: 3, ..query(ListView::All) }).unwrap();
    assert_eq!(numbers(&first), [6, 5, 4]);
    store.commit([local(5, 50, titled("")), local(7, 60, titled(""))]);
    let second = store.reader.list(&ListQuery { after: first.next, ..query(ListView::All) }).unwrap();
    assert_eq!(numbers(&second), [3, 2, 1]);
}

#[test]
fn a_row_says_since_when_something_of_it_is_unsent() {
    let mut store = Store::new();
    let since = |store: &Store| store.row(1).unsent_since;
    store.commit([local(1, 10, titled(""))]);
    store.commit([local(1, 20, titled(""))]);
    assert_eq!(since(&store), Some(10), "the first edit counts");
    store.commit([remote(vec![remote_row(1, 3, b"r")], None)]);
    let head = vec![21];
    let row = Some(titled(""));
    let import = |unsent| Write::Imported {
        doc: doc(1),
        seq: 3,
        head: head.clone(),
        known: vec![3],
        unsent,
        row: row.clone(),
        updated_at: 30,
    };
    store.commit([import(true)]);
    assert_eq!(since(&store), Some(10), "what others write changes nothing");
    store.commit([acked(1, 4, true)]);
    assert_eq!(since(&store), Some(20), "what is still unsent was written since");
    let mut store = store.reopen();
    assert_eq!(since(&store), Some(20));
    store.commit([acked(1, 5, false)]);
    assert_eq!((since(&store), store.row(1).leaving), (None, false));
    store.commit([Write::PurgeAsked { doc: doc(1), asked: true }]);
    assert!(store.row(1).leaving);
    store.commit([local(1, 40, titled("")), import(false)]);
    assert_eq!(since(&store), None);
}
