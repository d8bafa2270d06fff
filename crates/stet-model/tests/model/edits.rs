//! Edits in UTF-16 offsets, against a plain array of UTF-16 units.

use proptest::prelude::*;
use stet_model::document::{EditError, NoteDocument, NoteEdit, Version};
use stet_model::id::PeerId;
use stet_model::text::{ChangeError, TextChange, normalise_line_ends};

use crate::support::{awkward, config, note, offset, place};

fn batch() -> impl Strategy<Value = Vec<(u16, String)>> {
    prop::collection::vec((place(), awkward(3)), 1..5)
}

/// Turns places into changes: each deletes from its place to the next, every second one only inserts.
fn changes(text: &str, mut batch: Vec<(u16, String)>) -> Vec<TextChange> {
    batch.sort();
    let starts: Vec<u32> = batch.iter().map(|(place, _)| offset(text, *place)).collect();
    let ends = starts.iter().skip(1).chain(starts.last());
    let stretches = starts.iter().zip(ends).enumerate();
    stretches
        .zip(batch.iter())
        .map(|((n, (from, to)), (_, insert))| {
            TextChange::new(*from, if n % 2 == 0 { *to } else { *from }, insert.clone())
        })
        .collect()
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn a_batch_does_what_it_does_to_an_array_of_utf16_units(start in awkward(12), batches in prop::collection::vec(batch(), 1..6)) {
        let mut note = note(1, &start);
        let mut units: Vec<u16> = normalise_line_ends(&start).encode_utf16().collect();
        for batch in batches {
            let changes = changes(&note.body(), batch);
            let edited = note.edit(&NoteEdit::Body(changes.clone()), 5).unwrap();
            for change in changes.iter().rev() {
                let insert = normalise_line_ends(&change.insert).encode_utf16().collect::<Vec<u16>>();
                units.splice(change.from as usize..change.to as usize, insert);
            }
            prop_assert_eq!(&note.body(), &String::from_utf16(&units).unwrap());
            prop_assert_eq!(edited.changed, !edited.body.is_empty());
        }
    }

    #[test]
    fn a_whole_new_text_is_written_as_its_difference(old in awkward(12), new in awkward(12)) {
        let mut note = note(1, &old);
        let before = note.body();
        let edited = note.edit(&NoteEdit::SetBody(new.clone()), 5).unwrap();
        prop_assert_eq!(note.body(), normalise_line_ends(&new).into_owned());
        prop_assert_eq!(stet_model::text::apply(&before, &edited.body).unwrap(), note.body());
        prop_assert_eq!(edited.changed, before != note.body());
    }

    #[test]
    fn edits_made_together_are_those_made_one_by_one_and_none_when_one_does_not_fit(
        start in awkward(8), batches in prop::collection::vec(batch(), 1..5), fits in any::<bool>(),
    ) {
        let mut one_by_one = note(1, &start);
        let mut edits = Vec::new();
        for batch in batches {
            let edit = NoteEdit::Body(changes(&one_by_one.body(), batch));
            one_by_one.edit(&edit, 5).unwrap();
            edits.push(edit);
        }
        let mut together = note(1, &start);
        let (body, head, bytes) = (together.body(), together.head(), together.snapshot());
        if fits {
            let edited = together.edit_all(&edits, 5).unwrap();
            prop_assert_eq!(edited.len(), edits.len());
            prop_assert_eq!(together.body(), one_by_one.body());
            prop_assert_eq!(together.head(), one_by_one.head());
        } else {
            edits.push(NoteEdit::Body(vec![TextChange::new(9_999, 9_999, "x")]));
            prop_assert!(together.edit_all(&edits, 5).is_err());
            prop_assert_eq!((together.body(), together.head(), together.snapshot()), (body, head, bytes));
        }
    }

    #[test]
    fn any_batch_is_made_whole_or_not_at_all(start in awkward(8), raw in prop::collection::vec((0..40_u32, 0..40_u32, awkward(2)), 1..4)) {
        let mut note = note(1, &start);
        let (body, head, bytes) = (note.body(), note.head(), note.snapshot());
        let changes: Vec<TextChange> = raw.into_iter().map(|(from, to, insert)| TextChange::new(from, to, insert)).collect();
        let expected = stet_model::text::apply(&body, &changes);
        match note.edit(&NoteEdit::Body(changes), 5) {
            Ok(_) => prop_assert!(expected.is_ok()),
            Err(EditError::Change(error)) => {
                prop_assert_eq!(Err(error), expected);
                prop_assert_eq!((note.body(), note.head(), note.snapshot()), (body, head, bytes));
            }
            Err(other) => prop_assert!(false, "{}", other),
        }
    }
}

#[test]
fn a_change_that_splits_a_surrogate_pair_is_refused_before_anything_is_written() {
    let mut note = note(1, "a😀b");
    let changes = vec![TextChange::new(0, 1, "A"), TextChange::new(2, 3, "")];
    let refused = note.edit(&NoteEdit::Body(changes), 2).unwrap_err();
    assert_eq!(refused, EditError::Change(ChangeError::SplitSurrogate { index: 1, offset: 2 }));
    assert_eq!(note.body(), "a😀b");
}

#[test]
fn line_ends_are_put_straight_and_the_answer_says_so() {
    let mut note = NoteDocument::new(PeerId(1));
    let edited = note.edit(&NoteEdit::Body(vec![TextChange::new(0, 0, "a\r\nb\rc")]), 1).unwrap();
    assert_eq!(edited.body, [TextChange::new(0, 0, "a\nb\nc")]);
    let edited = note.edit(&NoteEdit::Title(vec![TextChange::new(0, 0, "one\r\ntwo\u{2028}three")]), 1).unwrap();
    assert_eq!(edited.title, [TextChange::new(0, 0, "one two three")]);
    assert_eq!((note.title(), note.body()), ("one two three".into(), "a\nb\nc".into()));
}

#[test]
fn an_edit_that_changes_nothing_writes_nothing() {
    let mut note = note(1, "text");
    let head = note.head();
    let nothing = [
        NoteEdit::SetBody("text".into()),
        NoteEdit::SetTitle(String::new()),
        NoteEdit::Body(Vec::new()),
        NoteEdit::Body(vec![TextChange::new(2, 2, "")]),
        NoteEdit::Starred(false),
        NoteEdit::Folder(None),
        NoteEdit::RemoveTag("none".into()),
        NoteEdit::Restore,
        NoteEdit::Settle("none".into()),
    ];
    for edit in nothing {
        let edited = note.edit(&edit, 9).unwrap();
        assert!(!edited.changed, "{edit:?}");
        assert_eq!(note.head(), head, "{edit:?}");
    }
}

#[test]
fn a_new_author_takes_over_without_a_gap() {
    let mut first = note(1, "one");
    first.set_peer(PeerId(2));
    first.edit(&NoteEdit::SetBody("one two".into()), 5).unwrap();
    let again = NoteDocument::load(&[&first.export(&Version::new())], PeerId(3)).unwrap();
    assert_eq!(again.body(), "one two");
    let mut authors = Version::new();
    authors.merge(&again.head());
    assert_eq!(authors, first.head());
}

#[test]
fn a_note_can_be_shared_between_threads_and_never_shows_its_text_to_a_log() {
    fn shared<T: Send + Sync>() {}
    shared::<NoteDocument>();
    shared::<stet_model::document::LibraryDocument>();
    assert!(!format!("{:?}", note(1, "secret")).contains("secret"));
}

#[test]
fn every_author_id_works_even_the_one_the_library_keeps_for_itself() {
    for peer in [0, 1, u64::MAX - 1, u64::MAX] {
        let note = note(peer, "text");
        assert_eq!(note.snapshot(), crate::support::note(peer, "text").snapshot(), "{peer}");
    }
}

#[test]
fn a_large_paste_is_written_whole_and_arrives_as_one_change() {
    let text = "A 😀 line of a long text\n".repeat(20_000);
    let mut writer = note(1, "before after");
    let mut reader = crate::support::copy(&writer, 2);
    let head = writer.head();
    let pasted = writer.edit(&NoteEdit::Body(vec![TextChange::new(7, 7, text.clone())]), 5).unwrap();
    assert_eq!(pasted.body, [TextChange::new(7, 7, text.clone())]);
    assert_eq!(writer.body(), format!("before {text}after"));
    assert_eq!(reader.import(&[&writer.export(&head)]).unwrap().body, pasted.body);
    assert_eq!(reader.body(), writer.body());
}
