//! The sums a space keeps of what it holds.

use rusqlite::Connection;
use stet_model::digest::{ContentDigest, LogDigest};
use stet_store::{Compared, DocKey, RowFields, Write};

use crate::stage::{SPACE, Store, acked, doc, imported, local, note, remote, remote_row, titled};

fn places(places: &[(u8, u64, bool)]) -> LogDigest {
    let mut digest = LogDigest::default();
    places.iter().for_each(|(n, seq, purged)| digest.add(note(*n), *seq, *purged));
    digest
}

fn caught_up(seq: u64, digest: LogDigest) -> Write {
    Write::Compare { space: SPACE, seq, digest, end: 9, at: 77 }
}

fn says(n: u8, head: u8, content: u128) -> Write {
    Write::Index { doc: doc(n), head: vec![head], title: String::new(), body: String::new(), content }
}

fn contents(all: &[u128]) -> Option<ContentDigest> {
    let mut digest = ContentDigest::default();
    all.iter().for_each(|content| digest.add(*content));
    Some(digest)
}

/// Two notes received, a third one's making confirmed, a fourth that never left this device, and a removed one.
fn filled() -> Store {
    let mut store = Store::new();
    store.commit([remote(vec![remote_row(1, 3, b"a"), remote_row(2, 4, b"b")], Some(4))]);
    store.commit([imported(1, 3, titled("one")), imported(2, 4, titled("two"))]);
    store.commit([local(3, 1, titled("three")), local(4, 1, titled("four")), acked(3, 6, false)]);
    store.commit([remote(vec![remote_row(5, 2, b"c")], None), Write::Purged { doc: doc(5), seq: 7, cursor: None }]);
    store
}

const FILLED: [(u8, u64, bool); 4] = [(1, 3, false), (2, 4, false), (3, 6, false), (5, 7, true)];

#[test]
fn the_same_log_is_found_the_same_and_every_move_after_that_is_kept() {
    let mut store = filled();
    assert_eq!(store.reader.standing(SPACE).unwrap().log, None, "nobody has asked");
    store.commit([caught_up(7, places(&FILLED))]);
    let standing = store.reader.standing(SPACE).unwrap();
    assert_eq!(standing.compared, Some(Compared { seq: 7, at: 77, same: true }));
    assert_eq!((standing.seq, standing.log), (6, Some(places(&FILLED))), "the cursor is moved by itself");

    store.commit([remote(vec![remote_row(1, 8, b"d"), remote_row(6, 9, b"e")], Some(9)), acked(3, 10, true)]);
    store.commit([Write::Purged { doc: doc(2), seq: 11, cursor: None }]);
    // What comes again moves nothing.
    store.commit([remote(vec![remote_row(1, 3, b"a"), remote_row(5, 2, b"c")], None)]);
    let now = places(&[(1, 8, false), (2, 11, true), (3, 10, false), (5, 7, true), (6, 9, false)]);
    assert_eq!(store.reader.standing(SPACE).unwrap().log, Some(now));
}

#[test]
fn a_log_that_lacks_something_is_found_to_differ() {
    for other in [&FILLED[1..], &[(1, 2, false), FILLED[1], FILLED[2], FILLED[3]], &[FILLED[0], FILLED[1], FILLED[2]]] {
        let mut store = filled();
        store.commit([caught_up(7, places(other))]);
        let compared = store.reader.standing(SPACE).unwrap().compared;
        assert_eq!(compared, Some(Compared { seq: 7, at: 77, same: false }), "{other:?}");
    }
}

#[test]
fn a_log_that_has_gone_on_already_is_not_compared_with_what_was() {
    let mut store = filled();
    store.commit([caught_up(6, places(&FILLED[..3]))]);
    assert_eq!(store.reader.standing(SPACE).unwrap().compared, None);
}

#[test]
fn what_stands_beyond_the_end_of_the_log_is_of_another_one() {
    let mut store = filled();
    store.commit([Write::Compare { space: SPACE, seq: 6, digest: places(&FILLED[..3]), end: 6, at: 77 }]);
    let compared = store.reader.standing(SPACE).unwrap().compared;
    assert_eq!(compared, Some(Compared { seq: 6, at: 77, same: false }));
}

#[test]
fn a_program_that_keeps_no_sums_may_have_written_between() {
    let mut store = filled();
    store.commit([caught_up(7, places(&FILLED))]);
    let other = Connection::open(&store.path).unwrap();
    other.execute("UPDATE documents SET last_seq = 8 WHERE note = ?1", [note(1).as_bytes()]).unwrap();
    let now = places(&[(1, 8, false), FILLED[1], FILLED[2], FILLED[3]]);
    store.commit([caught_up(8, now)]);
    let standing = store.reader.standing(SPACE).unwrap();
    assert_eq!((standing.log, standing.compared.map(|compared| compared.same)), (Some(now), Some(true)));
}

#[test]
fn what_documents_say_is_known_once_every_text_is_indexed() {
    let mut store = Store::new();
    store.commit([local(1, 1, titled("one")), local(2, 1, titled("two"))]);
    let content = |store: &Store| store.reader.standing(SPACE).unwrap().content;
    assert_eq!(content(&store), None);
    store.commit([says(1, 1, 10)]);
    assert_eq!(content(&store), None, "the other one waits");
    store.commit([says(2, 1, u128::MAX)]);
    assert_eq!(content(&store), contents(&[10, u128::MAX]));

    store.commit([local(1, 2, titled("one more"))]);
    assert_eq!(content(&store), None);
    store.commit([says(1, 2, 30)]);
    assert_eq!(content(&store), contents(&[u128::MAX, 30]));
    store.commit([Write::Purged { doc: doc(2), seq: 0, cursor: None }]);
    assert_eq!(content(&store), contents(&[30]));
    assert_eq!(content(&store.reopen()), contents(&[30]));
}

#[test]
fn a_library_says_what_its_folders_say() {
    let mut store = Store::new();
    let library = DocKey { space: SPACE, note: SPACE.library() };
    let delta = |at| Write::Local { doc: library, delta: vec![at], head: vec![at], unsent: true, row: None, at: 1 };
    store.commit([delta(1)]);
    assert_eq!(store.reader.standing(SPACE).unwrap().content, None);
    let folders = |content| Write::Folders { space: SPACE, folders: Vec::new(), content };
    store.commit([delta(2), folders(4)]);
    assert_eq!(store.reader.standing(SPACE).unwrap().content, contents(&[4]));
}

#[test]
fn of_a_library_from_before_sums_were_kept_it_is_known_that_it_has_to_be_read() {
    let mut store = filled();
    let library = DocKey { space: SPACE, note: SPACE.library() };
    store.commit([Write::Local { doc: library, delta: vec![1], head: vec![1], unsent: true, row: None, at: 1 }]);
    assert_eq!(store.writer.boot().unwrap().undigested, [library]);
    store.commit([local(1, 9, RowFields::default())]);
    assert_eq!(store.writer.boot().unwrap().undigested, [library], "texts are indexed anyway");
}
