//! What is to be marked where a foreign text deletes what others wrote: both sides of the field in which it did.

use stet_model::document::{Choice, ForeignText, MergedForeign, NoteDocument, NoteEdit, Parting, Passage};

use super::{HOUR, Socket, set_body, stranger};
use crate::support::{copy, note};

fn title(text: &str) -> ForeignText {
    ForeignText { title: Some(text.into()), ..ForeignText::default() }
}

fn titled(title: &str, body: &str) -> NoteDocument {
    let mut note = note(1, body);
    note.edit(&NoteEdit::SetTitle(title.into()), 1_000).unwrap();
    note
}

/// Marks a note as the server does.
fn marked(note: &mut NoteDocument, merged: &MergedForeign) -> Vec<Passage> {
    for Parting { base, mine, theirs } in merged.marks.clone() {
        note.edit(&NoteEdit::MarkMerged { base, mine, theirs }, HOUR).unwrap();
    }
    note.marks().into_iter().flat_map(|mark| mark.passages).collect()
}

/// Whether it is the title, and what stood there, what one side made of it and what the other did.
fn sides(passage: &Passage) -> (bool, &str, &str, &str) {
    (passage.title, &passage.base, &passage.mine, &passage.theirs)
}

fn settle(note: &mut NoteDocument, choice: Choice) {
    while !note.merged().is_empty() {
        let edits = note.settling(None, choice).unwrap();
        note.edit_all(&edits, 2 * HOUR).unwrap();
    }
}

#[test]
fn a_title_that_crossed_with_anothers_shows_both_and_no_body() {
    let mut note = titled("Plan of ours", "one\ntwo\n");
    let mut socket = Socket::joined(&note);
    // What others wrote in the body came in between; the title is the same in both versions the writer may have.
    set_body(&mut note, "one\nby others\ntwo\n");
    socket.was_sent(&note);
    note.edit(&NoteEdit::SetTitle("Plan of theirs".into()), 3).unwrap();
    let merged = socket.send(&mut note, &title("Plan of mine"));
    let passages = marked(&mut note, &merged);
    assert_eq!(
        passages.iter().map(sides).collect::<Vec<_>>(),
        [(true, "Plan of ours", "Plan of mine", "Plan of theirs")]
    );
    settle(&mut note, Choice::Theirs);
    assert_eq!((note.title().as_str(), note.body().as_str()), ("Plan of theirs", "one\nby others\ntwo\n"));
}

#[test]
fn a_title_taken_away_that_nobody_else_touched_is_shown_and_can_come_back() {
    for candidates in [true, false] {
        let mut note = titled("Plan of ours", "text\n");
        let mut socket = Socket::joined(&note);
        socket.candidates.truncate(usize::from(candidates));
        let merged = socket.send(&mut note, &title("Something else"));
        let passages = marked(&mut note, &merged);
        let shown = (true, "Plan of ours", "Something else", "Plan of ours");
        assert_eq!(passages.iter().map(sides).collect::<Vec<_>>(), [shown]);
        let mut other = copy(&note, 5);
        settle(&mut note, Choice::Theirs);
        assert_eq!((note.title().as_str(), note.body().as_str()), ("Plan of ours", "text\n"));
        settle(&mut other, Choice::Mine);
        assert_eq!(other.title(), "Something else");
    }
}

#[test]
fn a_field_that_takes_nothing_away_is_not_shown_beside_one_that_does() {
    let mut note = titled("Plan", "one\ntwo\n");
    let mut socket = Socket::joined(&note);
    let both = ForeignText { body: Some("one\n".into()), ..title("Plan, longer") };
    let merged = socket.send(&mut note, &both);
    let passages = marked(&mut note, &merged);
    assert_eq!(passages.iter().map(sides).collect::<Vec<_>>(), [(false, "two\n", "", "two\n")]);

    let mut note = titled("Plan of ours", "one\ntwo\n");
    let mut socket = Socket::joined(&note);
    let both = ForeignText { body: Some("one\ntwo\nthree\n".into()), ..title("Mine") };
    let merged = socket.send(&mut note, &both);
    let passages = marked(&mut note, &merged);
    assert_eq!(passages.iter().map(sides).collect::<Vec<_>>(), [(true, "Plan of ours", "Mine", "Plan of ours")]);
}

#[test]
fn title_and_body_are_each_shown_where_both_took_away() {
    let mut note = titled("Plan of ours", "one\ntwo\n");
    let mut socket = Socket::joined(&note);
    set_body(&mut note, "one\ntwo, theirs\n");
    let both = ForeignText { body: Some("one\n".into()), ..title("Mine") };
    let merged = socket.send(&mut note, &both);
    let mut passages = marked(&mut note, &merged);
    passages.sort_by_key(|passage| !passage.title);
    assert_eq!(sides(&passages[0]), (true, "Plan of ours", "Mine", "Plan of ours"));
    assert_eq!((passages[1].title, passages[1].theirs.as_str()), (false, "two, theirs\n"));
    assert_eq!((merged.marks.len(), passages.len()), (2, 2));
    settle(&mut note, Choice::Theirs);
    assert_eq!((note.title().as_str(), note.body().as_str()), ("Plan of ours", "one\ntwo, theirs\n"));
}

#[test]
fn text_taken_away_by_a_writer_of_whom_nothing_is_known_is_shown_and_can_come_back() {
    let mut note = note(1, "one\ntwo\n");
    let gone = ForeignText { body: Some("quite another text".into()), ..ForeignText::default() };
    let merged = note.merge_foreign(&gone, &[], &stranger(), HOUR).unwrap();
    let passages = marked(&mut note, &merged);
    assert_eq!((passages[0].theirs.as_str(), passages[0].now.as_str()), ("one\ntwo\n", "quite another text"));
    settle(&mut note, Choice::Theirs);
    assert_eq!(note.body(), "one\ntwo\n");
}
