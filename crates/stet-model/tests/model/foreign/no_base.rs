//! Whole fields from a writer of whom nothing is known: what it started from is looked for in the history.

use stet_model::document::{Candidate, ForeignText, MergedForeign, NoteDocument, NoteEdit, Seen};
use stet_model::text::{TextChange, utf16_length};

use super::{HOUR, stranger};
use crate::support::{copy, note};

fn body(text: &str) -> ForeignText {
    ForeignText { body: Some(text.into()), ..ForeignText::default() }
}

/// Nothing is known of who sends it.
fn send(note: &mut NoteDocument, foreign: &ForeignText) -> MergedForeign {
    note.merge_foreign(foreign, &[], &stranger(), 1_000 * HOUR).unwrap()
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn what_was_written_since_the_version_a_writer_had_stays() {
    let mut note = note(1, "A\nB");
    note.edit(&NoteEdit::SetBody("A\nB\nC".into()), HOUR).unwrap();
    let merged = send(&mut note, &body("A\nB\nX"));
    assert_eq!(sorted(&note.body()), ["A", "B", "C", "X"]);
    assert_eq!(merged.marks, []);
}

#[test]
fn another_author_goes_on_from_a_version_whatever_the_clocks_say() {
    let old = note(1, "A\nB");
    let mut note = copy(&old, 2);
    note.edit(&NoteEdit::SetBody("A\nB\nC".into()), 0).unwrap();
    send(&mut note, &body("A\nB\nX"));
    assert_eq!(sorted(&note.body()), ["A", "B", "C", "X"]);
}

#[test]
fn an_old_version_sent_as_it_was_changes_nothing() {
    let mut note = note(1, "A\nB");
    note.edit(&NoteEdit::SetTitle("Plan".into()), 1_000).unwrap();
    note.edit(&NoteEdit::SetTitle("Plan B".into()), HOUR).unwrap();
    note.edit(&NoteEdit::SetBody("A\nsomething else".into()), 2 * HOUR).unwrap();
    let before = note.point();
    let merged = send(&mut note, &ForeignText { title: Some("Plan".into()), ..body("A\r\nB") });
    assert!(!merged.changed);
    assert_eq!(note.point(), before);
}

#[test]
fn other_fields_are_compared_with_those_of_the_version_found() {
    let mut note = note(1, "A\nB");
    note.edit(&NoteEdit::Starred(true), HOUR).unwrap();
    note.edit(&NoteEdit::AddTag("later".into()), HOUR).unwrap();
    note.edit(&NoteEdit::SetBody("A\nB\nC".into()), 2 * HOUR).unwrap();
    let old = ForeignText { starred: Some(false), tags: Some(vec!["mine".into()]), ..body("A\nB\nX") };
    send(&mut note, &old);
    assert_eq!((note.fields().starred, note.fields().tags), (true, vec!["later".to_owned(), "mine".to_owned()]));
}

#[test]
fn a_text_unlike_every_version_takes_the_place_of_the_one_that_stands_and_is_marked() {
    let mut note = note(1, "first draft");
    note.edit(&NoteEdit::SetBody("first draft and what came of it".into()), HOUR).unwrap();
    let merged = send(&mut note, &body("nothing like that"));
    assert_eq!((note.body().as_str(), merged.marks.len()), ("nothing like that", 1));
    assert_eq!(note.text_at(&merged.marks[0].theirs).unwrap().1, "first draft and what came of it");
}

#[test]
fn half_a_word_is_no_version() {
    let mut note = note(1, "- milk");
    for (n, letter) in "\n- bread".chars().enumerate() {
        let end = utf16_length(&note.body());
        let typed = vec![TextChange::new(end, end, letter)];
        // Slowly: in more minutes than one, but without a pause.
        note.edit(&NoteEdit::Body(typed), HOUR + 20_000 * i64::try_from(n).unwrap()).unwrap();
    }
    let merged = send(&mut note, &body("- milk\n- brandy"));
    assert_eq!((note.body().as_str(), merged.marks.len()), ("- milk\n- brandy", 1));
}

#[test]
fn without_anything_older_the_text_as_it_stands_is_the_base() {
    let stranger = note(3, "x").point();
    let mut note = note(1, "old");
    for candidates in [Vec::new(), vec![Candidate::at(Seen::at(stranger))]] {
        note.merge_foreign(&body("old and\r\nnew"), &candidates, &super::stranger(), 5).unwrap();
        assert_eq!(note.body(), "old and\nnew");
    }
}

#[test]
fn any_version_of_a_long_history_is_found() {
    // Lines as unlike as people's are.
    let line = |n: u64| format!("{:016x}\n", n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut note = note(1, "");
    let mut versions = Vec::new();
    for n in 1..1_000_i64 {
        let text = note.body() + &line(n.unsigned_abs());
        note.edit(&NoteEdit::SetBody(text.clone()), n * HOUR).unwrap();
        versions.push(text);
    }
    let whole = note.body();
    for version in [1, 10, 500, 777, 997] {
        let mut note = copy(&note, 2);
        let merged = send(&mut note, &body(&format!("mine\n{}", versions[version])));
        assert_eq!((note.body(), merged.marks.len()), (format!("mine\n{whole}"), 0), "{version}");
    }
}
