//! Questions beside a writer: each sees one moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use stet_store::{ListQuery, ListView, ReadError};

use crate::stage::*;

#[test]
fn a_store_that_knows_nothing_answers_with_nothing() {
    let store = Store::new();
    assert_eq!(store.reader.document(doc(1)).unwrap(), None);
    assert_eq!(store.reader.row(doc(1)).unwrap(), None);
    assert_eq!(store.page(ListView::All).total, 0);
    assert_eq!(store.counts(), [0; 6]);
    assert!(store.reader.ledger(SPACE).unwrap().is_empty());
    assert_eq!(store.reader.meta("x").unwrap(), None);
    assert_eq!(store.writer.boot().unwrap(), stet_store::Boot::default());
}

#[test]
fn what_is_committed_is_seen_at_once_and_after_opening_again() {
    let mut store = Store::new();
    store.commit([local(1, 10, titled("a")), index(1, 10, "a", "b")]);
    let (document, row) = (store.document(1), store.row(1));
    let store = store.reopen();
    assert_eq!((store.document(1), store.row(1)), (document, row));
    assert_eq!(store.search("b"), [1]);
}

#[test]
fn a_page_read_while_a_writer_commits_is_whole() {
    let mut store = Store::new();
    // Two notes always change their titles together.
    store.commit([local(1, 1, titled("0")), local(2, 1, titled("0"))]);
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..6)
        .map(|_| {
            let (reader, done) = (store.reader.clone(), Arc::clone(&done));
            thread::spawn(move || {
                let mut pages = 0;
                while !done.load(Ordering::Relaxed) || pages == 0 {
                    let page = reader.list(&query(ListView::All)).unwrap();
                    assert_eq!(page.rows[0].fields.title, page.rows[1].fields.title);
                    pages += 1;
                }
            })
        })
        .collect();
    for n in 1..100_u8 {
        store.commit([local(1, n, titled(&n.to_string())), local(2, n, titled(&n.to_string()))]);
    }
    done.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.join().expect("every page was whole");
    }
}

#[test]
fn a_key_that_is_not_one_of_ours_is_refused() {
    let store = Store::new();
    for key in ["", "n/1/2", "x/1/2/3", "n/a/2/3", "n/1/2/3/4", "n/1/2/99999999999999999999"] {
        let refused = store.reader.list(&ListQuery { after: Some(key.to_owned()), ..query(ListView::All) });
        assert_eq!(refused.unwrap_err(), ReadError::PageKey { key: key.to_owned() });
    }
}

#[test]
fn a_backup_is_one_whole_file_of_one_moment() {
    let mut store = Store::new();
    store.commit([local(1, 10, titled("kept"))]);
    let copy = store.folder.path().join("copy.db");
    store.reader.backup(&copy).unwrap();
    store.commit([local(1, 11, titled("later"))]);
    let (_writer, reader) = stet_store::open(&copy, &stet_store::Options::default()).unwrap();
    assert_eq!(reader.row(doc(1)).unwrap().unwrap().fields.title, "kept");
    assert!(!store.folder.path().join("copy.db.part").exists());
}

#[test]
fn a_whole_store_has_nothing_damaged() {
    let mut store = Store::new();
    store.commit([local(1, 10, titled("a")), index(1, 10, "a", "some text of words")]);
    assert_eq!(store.reader.check().unwrap(), Vec::<String>::new());
}

#[test]
fn a_reader_that_rested_answers_as_before() {
    let mut store = Store::new();
    store.commit([local(1, 1, titled("one"))]);
    for _ in 0..10 {
        assert_eq!(store.notes(ListView::All), [1]);
        store.reader.rest();
    }
    store.commit([local(2, 2, titled("two"))]);
    assert_eq!(store.notes(ListView::All), [2, 1]);
}
