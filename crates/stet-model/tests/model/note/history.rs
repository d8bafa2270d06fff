//! The history of a note: what it tells of, what the note said, and going back.

use stet_model::document::{
    History, HistoryEntry, HistoryKind, NoteDocument, NoteEdit, NoteText, PAUSE_MS, SeenText, Version,
};
use stet_model::id::{DeviceId, PeerId};
use stet_model::text::TextChange;

const MINUTE: i64 = 60_000;
const START: i64 = 1_700_000_000_000;

fn device(n: u8) -> DeviceId {
    DeviceId::from_bytes([n; 16])
}

/// A note on a device of its own.
fn on(peer: u8, from: Option<&NoteDocument>) -> NoteDocument {
    let peer = PeerId(u64::from(peer));
    from.map_or_else(|| NoteDocument::new(peer), |note| NoteDocument::load(&[&note.snapshot()], peer).unwrap())
}

fn write(note: &mut NoteDocument, n: u8, body: &str, minute: i64) {
    let edits = [NoteEdit::SetBody(body.to_owned()), NoteEdit::Device(device(n))];
    note.edit_all(&edits, START + minute * MINUTE).unwrap();
}

fn sync(one: &mut NoteDocument, other: &mut NoteDocument) {
    let (from_one, from_other) = (one.export(&Version::new()), other.export(&Version::new()));
    one.import(&[&from_other]).unwrap();
    other.import(&[&from_one]).unwrap();
}

fn history(note: &NoteDocument) -> (History, Vec<HistoryEntry>) {
    let history = History::of(on(250, Some(note)));
    let entries = history.entries(&[]).unwrap();
    (history, entries)
}

/// What every entry says, the newest first, with who had it and the minute.
fn told(note: &NoteDocument) -> Vec<(String, Option<u8>, i64, HistoryKind)> {
    let (mut history, entries) = history(note);
    let tell = |entry: &HistoryEntry| {
        let by = entry.device.map(|device| device.as_bytes()[0]);
        (history.text_at(&entry.point).unwrap().body, by, (entry.at - START) / MINUTE, entry.kind)
    };
    entries.iter().map(tell).collect()
}

fn before(note: &NoteDocument, index: usize) -> String {
    let (mut history, entries) = history(note);
    history.text_at(&entries[index].before).unwrap().body
}

fn text(body: &str) -> NoteText {
    NoteText { body: body.to_owned(), ..NoteText::default() }
}

/// What the note says, as somebody sees it.
fn seen(note: &NoteDocument) -> SeenText {
    SeenText {
        point: note.point(),
        text: NoteText { title: note.title(), body: note.body(), tags: note.fields().tags },
    }
}

use HistoryKind::{Merged, Restored, Side, Written};

#[test]
fn a_pause_makes_a_version_and_a_long_stretch_is_told_in_pieces() {
    let mut note = on(1, None);
    write(&mut note, 1, "one", 0);
    write(&mut note, 1, "one two", 9);
    write(&mut note, 1, "one two three", 19);
    write(&mut note, 1, "one two three four", 25);
    write(&mut note, 1, "one two three four five", 30);
    let versions = [("one two three four five", 30), ("one two three four", 25), ("one two", 9)];
    assert_eq!(told(&note), versions.map(|(body, at)| (body.to_owned(), Some(1), at, Written)));
    assert_eq!((before(&note, 0), before(&note, 2)), ("one two three four".to_owned(), String::new()));
    const { assert!(PAUSE_MS == 10 * MINUTE) };
}

#[test]
fn each_devices_version_is_what_it_had_before_it_and_what_came_together_is_one_more() {
    let mut desk = on(1, None);
    write(&mut desk, 1, "milk\n\neggs\n", 0);
    let mut phone = on(2, Some(&desk));
    write(&mut desk, 1, "oat milk\n\neggs\n", 100);
    write(&mut phone, 2, "milk\n\nten eggs\n", 101);
    sync(&mut desk, &mut phone);
    let both = "oat milk\n\nten eggs\n";
    let parted = [
        (both.to_owned(), None, 101, Merged),
        ("milk\n\nten eggs\n".to_owned(), Some(2), 101, Written),
        ("oat milk\n\neggs\n".to_owned(), Some(1), 100, Written),
        ("milk\n\neggs\n".to_owned(), Some(1), 0, Written),
    ];
    assert_eq!(told(&desk), parted);
    assert_eq!(told(&desk), told(&phone));
    assert_eq!(before(&desk, 0), "milk\n\nten eggs\n");

    write(&mut desk, 1, "oat milk\n\nten eggs\nsalt\n", 200);
    let told = told(&desk);
    assert_eq!(told[0], ("oat milk\n\nten eggs\nsalt\n".to_owned(), Some(1), 200, Written));
    assert_eq!(told[1], (both.to_owned(), Some(1), 101, Merged));
    assert_eq!(told[2..], parted[1..]);
}

#[test]
fn what_concerns_neither_texts_nor_tags_is_no_version() {
    let mut note = on(1, None);
    write(&mut note, 1, "text", 0);
    note.edit(&NoteEdit::Starred(true), START + 60 * MINUTE).unwrap();
    note.edit(&NoteEdit::Trash, START + 90 * MINUTE).unwrap();
    note.edit(&NoteEdit::Restore, START + 91 * MINUTE).unwrap();
    assert_eq!(told(&note), [("text".to_owned(), Some(1), 0, Written)]);
    note.edit(&NoteEdit::AddTag("plans".into()), START + 120 * MINUTE).unwrap();
    assert_eq!(told(&note).len(), 2);
    assert!(history(&on(1, None)).1.is_empty());
}

#[test]
fn a_device_that_begins_anew_goes_on_with_its_stretch() {
    let mut note = on(1, None);
    write(&mut note, 7, "before", 0);
    let mut again = on(2, Some(&note));
    write(&mut again, 7, "before and after", 3);
    assert_eq!(told(&again), [("before and after".to_owned(), Some(7), 3, Written)]);
}

#[test]
fn a_writer_nobody_knows_has_versions_too() {
    let mut note = on(1, None);
    note.edit(&NoteEdit::SetBody("from an app without devices".into()), START).unwrap();
    assert_eq!(told(&note), [("from an app without devices".to_owned(), None, 0, Written)]);
}

#[test]
fn going_back_is_an_edit_that_is_told_and_can_be_taken_back() {
    let mut note = on(1, None);
    write(&mut note, 1, "one\ntwo\n", 0);
    note.edit(&NoteEdit::AddTag("kept".into()), START).unwrap();
    write(&mut note, 1, "all gone", 60);
    note.edit(&NoteEdit::RemoveTag("kept".into()), START + 60 * MINUTE).unwrap();
    let (mut versions, entries) = history(&note);
    let old = versions.text_at(&entries[1].point).unwrap();
    let gone = NoteText { title: note.title(), body: note.body(), tags: note.fields().tags };
    // Within a minute of the last key: going back is a version of its own all the same.
    note.restore(&old, None, START + 60 * MINUTE + 1_000).unwrap();
    assert_eq!((note.body(), note.fields().tags), ("one\ntwo\n".to_owned(), vec!["kept".to_owned()]));
    note.edit(&NoteEdit::SetBody("one\ntwo\nthree\n".into()), START + 60 * MINUTE + 2_000).unwrap();
    let lines = [
        ("one\ntwo\nthree\n", 60, Written),
        ("one\ntwo\n", 60, Restored),
        ("all gone", 60, Written),
        ("one\ntwo\n", 0, Written),
    ];
    assert_eq!(told(&note), lines.map(|(body, at, kind)| (body.to_owned(), Some(1), at, kind)));
    assert_eq!(told(&on(9, Some(&note))), told(&note));

    note.restore(&gone, None, START + 61 * MINUTE).unwrap();
    assert_eq!((note.body(), note.fields().tags), ("all gone".to_owned(), Vec::new()));
}

#[test]
fn going_back_and_taking_that_back_at_once_are_two_versions() {
    let mut note = on(1, None);
    write(&mut note, 1, "beans", 0);
    write(&mut note, 1, "beans and peas", 60);
    note.restore(&text("beans"), None, START + 61 * MINUTE).unwrap();
    let seen = seen(&note);
    note.restore(&text("beans and peas"), Some(&seen), START + 61 * MINUTE + 300).unwrap();
    let bodies: Vec<_> = told(&note).into_iter().map(|(body, .., kind)| (body, kind)).collect();
    let lines = [("beans and peas", Restored), ("beans", Restored), ("beans and peas", Written), ("beans", Written)];
    assert_eq!(bodies, lines.map(|(body, kind)| (body.to_owned(), kind)));
}

#[test]
fn going_back_keeps_what_was_written_elsewhere_and_since() {
    let mut desk = on(1, None);
    write(&mut desk, 1, "intro\n\nfirst\n\nsecond\n", 0);
    let old = text(&desk.body());
    write(&mut desk, 1, "intro\n\nspoilt\n\nsecond\n", 60);
    let spoilt = text(&desk.body());
    let mut phone = on(2, Some(&desk));
    write(&mut phone, 2, "intro\n\nspoilt\n\nsecond\n\nfrom the phone\n", 61);
    desk.restore(&old, None, START + 61 * MINUTE).unwrap();
    let seen = seen(&desk);
    sync(&mut desk, &mut phone);
    assert_eq!(desk.body(), "intro\n\nfirst\n\nsecond\n\nfrom the phone\n");
    // Taking that back doesn't take the phone's line with it.
    desk.restore(&spoilt, Some(&seen), START + 62 * MINUTE).unwrap();
    assert_eq!(desk.body(), "intro\n\nspoilt\n\nsecond\n\nfrom the phone\n");
}

#[test]
fn what_was_written_since_stays_whole_though_it_has_letters_of_what_goes() {
    let mut note = on(1, None);
    write(&mut note, 1, "", 0);
    write(&mut note, 1, "the first of May", 60);
    let (may, nothing) = (seen(&note), text(""));
    let insert = |from, insert: &str| NoteEdit::Body(vec![TextChange { from, to: from, insert: insert.to_owned() }]);
    note.edit(&insert(0, "the second, "), START + 61 * MINUTE).unwrap();
    assert_eq!(note.body(), "the second, the first of May");
    note.restore(&nothing, Some(&may), START + 62 * MINUTE).unwrap();
    assert_eq!(note.body(), "the second, ");
}

#[test]
fn going_back_to_what_is_there_writes_nothing_and_marks_no_later_edit() {
    let mut note = on(1, None);
    write(&mut note, 1, "same", 0);
    let head = note.head();
    note.restore(&text("same"), None, START + MINUTE).unwrap();
    assert_eq!(note.head(), head);
    write(&mut note, 1, "same again", 2);
    assert_eq!(told(&note), [("same again".to_owned(), Some(1), 2, Written)]);
}

#[test]
fn going_back_to_a_long_text_is_one_version() {
    let long = "A line of some length, so that it adds up.\n".repeat(4_000);
    let mut note = on(1, None);
    write(&mut note, 1, &long, 0);
    write(&mut note, 1, "short", 60);
    note.restore(&text(&long), None, START + 61 * MINUTE).unwrap();
    let kinds: Vec<_> = told(&note).into_iter().map(|(body, .., kind)| (body.len(), kind)).collect();
    assert_eq!(kinds, [(long.len(), Restored), (5, Written), (long.len(), Written)]);
}

#[test]
fn a_merged_state_that_somebody_saw_and_both_sides_of_a_mark_are_told_when_known() {
    let mut desk = on(1, None);
    write(&mut desk, 1, "a\n\nb\n\nc\n", 0);
    let base = desk.point();
    let (mut phone, mut tablet) = (on(2, Some(&desk)), on(3, Some(&desk)));
    write(&mut desk, 1, "A\n\nb\n\nc\n", 30);
    write(&mut phone, 2, "a\n\nB\n\nc\n", 31);
    write(&mut tablet, 3, "a\n\nb\n\nC\n", 90);
    sync(&mut desk, &mut phone);
    let seen = desk.point();
    let mark = NoteEdit::MarkMerged { base, mine: seen.clone(), theirs: tablet.point() };
    sync(&mut desk, &mut tablet);
    let (history, entries) = history(&desk);
    assert!(entries.iter().all(|entry| entry.point != seen));
    let entries = history.entries(&[(seen.clone(), START + 80 * MINUTE, Some(device(1)))]).unwrap();
    let entry = entries.iter().find(|entry| entry.point == seen).unwrap();
    assert_eq!((entry.kind, entry.at, entry.device), (Merged, START + 80 * MINUTE, Some(device(1))));
    desk.edit(&mark, START + 91 * MINUTE).unwrap();
    let sides = told(&desk);
    assert!(sides.contains(&("A\n\nB\n\nc\n".to_owned(), None, 31, Side)), "{sides:?}");
}

/// Something else was changed beside it, so the side is of two authors; and its words went in the midst of a stretch.
#[test]
fn what_a_side_of_a_mark_said_is_told_though_its_writer_went_on_without_it() {
    let mut desk = on(1, None);
    write(&mut desk, 1, "a\n", 0);
    let base = desk.point();
    let mut phone = on(2, Some(&desk));
    let mut elsewhere = on(3, Some(&desk));
    write(&mut phone, 2, "words\na\n", 30);
    elsewhere.edit(&NoteEdit::Starred(true), START + 29 * MINUTE).unwrap();
    sync(&mut phone, &mut elsewhere);
    let mark = NoteEdit::MarkMerged { base: base.clone(), mine: base, theirs: phone.point() };
    elsewhere.edit_all(&[NoteEdit::SetBody("a\n".to_owned()), mark], START + 30 * MINUTE).unwrap();
    sync(&mut phone, &mut elsewhere);
    write(&mut phone, 2, "a\nb\n", 31);
    let told = told(&phone);
    assert!(told.iter().any(|(body, _, _, kind)| body == "words\na\n" && *kind == Side), "{told:?}");
}

#[test]
fn a_point_of_another_note_is_refused() {
    let (mut note, mut other) = (on(1, None), on(2, None));
    write(&mut note, 1, "mine", 0);
    write(&mut other, 2, "theirs", 0);
    let (mut history, _) = history(&note);
    assert!(history.text_at(&other.point()).is_err());
    assert!(history.entries(&[(other.point(), START, None)]).unwrap().len() == 1);
}
