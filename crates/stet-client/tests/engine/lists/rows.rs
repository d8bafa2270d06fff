//! What lists show of a note is written a moment after its text, and never stays behind it.

use stet_model::id::{DocKey, NoteId};
use stet_store::Write;

use crate::desk::{Desk, typed};

/// After a text rested, milliseconds.
const SOON: u64 = 1_200;

/// A note that is open, and whose every write waits for the test.
fn open() -> (Desk, NoteId, String) {
    let mut desk = Desk::new();
    let note = desk.create("", "");
    desk.wait(2 * SOON);
    let session = desk.open(note).body.session;
    desk.slow_disk = true;
    (desk, note, session)
}

/// What the next disk job writes.
fn next(desk: &Desk) -> Vec<&'static str> {
    let kind = |write: &Write| match write {
        Write::Local { row: None, .. } => "text",
        Write::Local { row: Some(_), .. } => "text and row",
        Write::Row { .. } => "row",
        _ => "other",
    };
    desk.jobs.front().map(|(_, writes)| writes.iter().map(kind).collect()).unwrap_or_default()
}

fn preview(desk: &Desk, note: NoteId) -> String {
    let row = desk.reader.row(DocKey { space: desk.engine.space(), note }).expect("reads");
    row.expect("the note has a row").fields.preview
}

#[test]
fn a_keystroke_writes_its_text_alone_and_the_row_follows() {
    let (mut desk, note, session) = open();
    desk.call(typed(&session, 0, 0, 0, "a"));
    assert_eq!(next(&desk), ["text"]);
    desk.disk();
    assert_eq!(desk.status().unsaved, 0, "saved is what the text is");
    assert_eq!(next(&desk), ["row"]);
    desk.disk();
    assert_eq!(preview(&desk, note), "a");
    assert_eq!(next(&desk), [""; 0]);
}

#[test]
fn under_somebody_who_goes_on_typing_no_row_stays_behind() {
    let (mut desk, note, session) = open();
    desk.call(typed(&session, 0, 0, 0, "a"));
    desk.call(typed(&session, 1, 1, 1, "b"));
    desk.disk();
    assert_eq!(next(&desk), ["text and row"]);
    desk.call(typed(&session, 2, 2, 2, "c"));
    desk.disk();
    assert_eq!(preview(&desk, note), "ab");
    assert_eq!(next(&desk), ["text"]);
}

#[test]
fn after_a_crash_between_text_and_row_the_row_is_made_again() {
    let (mut desk, note, session) = open();
    desk.call(typed(&session, 0, 0, 0, "asparagus"));
    desk.disk();
    let mut desk = desk.crash();
    assert_eq!(preview(&desk, note), "", "the row was lost");
    desk.wait(SOON);
    assert_eq!(preview(&desk, note), "asparagus");
    assert_eq!(desk.found("asparagus").len(), 1);
}

#[test]
fn a_row_the_disk_did_not_take_is_made_again() {
    let (mut desk, note, session) = open();
    desk.call(typed(&session, 0, 0, 0, "a"));
    desk.disk();
    desk.failures = 1;
    desk.disk();
    assert_eq!((desk.failures, preview(&desk, note).as_str()), (0, ""));
    desk.slow_disk = false;
    desk.wait(2 * SOON);
    assert_eq!(preview(&desk, note), "a");
}
