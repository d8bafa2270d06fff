//! Versions, points and exports in ranges.

use proptest::prelude::*;
use stet_model::document::{Document, NoteDocument, NoteEdit, Point, Version};
use stet_model::id::PeerId;
use stet_model::text::TextChange;

use crate::support::{config, copy, exchange, note};

/// A note that two authors wrote in turns, with one large paste.
fn long(edits: u32) -> NoteDocument {
    let mut a = note(1, "begin\n");
    let mut b = copy(&a, 2);
    for n in 0..edits {
        a.edit(&NoteEdit::Body(vec![TextChange::new(0, 0, format!("a{n} "))]), i64::from(n) * 70_000).unwrap();
        b.edit(&NoteEdit::Body(vec![TextChange::new(2, 3, format!("b{n}\n"))]), i64::from(n)).unwrap();
        if n % 5 == 0 {
            exchange(&mut a, &mut b);
        }
        if n == edits / 2 {
            a.edit(&NoteEdit::Body(vec![TextChange::new(1, 1, noise(20_000))]), 0).unwrap();
        }
    }
    exchange(&mut a, &mut b);
    a
}

/// Text that doesn't compress.
fn noise(length: u32) -> String {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    (0..length).filter_map(|_| char::from_u32(0x21 + u32::try_from(next() % 90).unwrap())).collect()
}

/// A note of the simulation, with a history of several blocks: its snapshot, and all of a later version as one update.
#[test]
fn a_note_read_from_a_snapshot_takes_in_an_update_that_holds_all_of_it_and_more() {
    let snapshot = include_bytes!("blocks/snapshot.bin").as_slice();
    let whole = include_bytes!("blocks/whole.bin").as_slice();
    let wanted = NoteDocument::load(&[whole], PeerId(9)).expect("reads").body();
    assert_eq!(NoteDocument::load(&[snapshot, whole], PeerId(9)).expect("reads").body(), wanted);
    let mut note = NoteDocument::load(&[snapshot], PeerId(9)).expect("reads");
    note.import(&[whole]).expect("is taken in");
    assert_eq!(note.body(), wanted);
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn pieces_of_any_size_make_the_whole_note_again(edits in 1..40_u32, max_bytes in 100..30_000_usize) {
        let writer = long(edits);
        let mut reader = NoteDocument::new(PeerId(9));
        let mut from = Version::new();
        let mut pieces = 0;
        while !from.includes(&writer.head()) {
            let (bytes, end) = writer.export_bounded(&from, &writer.head(), max_bytes);
            prop_assert!(end.includes(&from) && end != from, "a piece brings something");
            let import = reader.import(&[&bytes]).unwrap();
            prop_assert!(!import.pending, "a piece depends on nothing that comes later");
            prop_assert_eq!(reader.head(), end.clone());
            prop_assert!(bytes.len() <= max_bytes.max(200), "{} bytes of {}", bytes.len(), max_bytes);
            pieces += 1;
            from = end;
        }
        let whole = writer.export(&Version::new()).len();
        prop_assert!(max_bytes < 1_000 || pieces <= 3 + 3 * whole / max_bytes, "{} pieces of {}", pieces, whole);
        prop_assert_eq!((reader.body(), reader.point()), (writer.body(), writer.point()));
    }

    #[test]
    fn a_range_between_two_versions_holds_exactly_that(edits in 4..30_u32, bytes in 150..2_000_usize) {
        let writer = long(edits);
        let (first, a) = writer.export_bounded(&Version::new(), &writer.head(), bytes);
        let (second, b) = writer.export_bounded(&a, &writer.head(), bytes);
        let mut reader = NoteDocument::load(&[&first], PeerId(9)).unwrap();
        prop_assert_eq!(&reader.head(), &a);
        prop_assert_eq!(writer.export_between(&a, &b), second.clone());
        reader.import(&[&second]).unwrap();
        prop_assert_eq!(&reader.head(), &b);
        let everything = writer.export_between(&b, &writer.head());
        reader.import(&[&everything]).unwrap();
        prop_assert_eq!(reader.body(), writer.body());
    }

    #[test]
    fn versions_and_points_survive_their_bytes(edits in 0..10_u32) {
        let note = long(edits);
        prop_assert_eq!(Version::decode(&note.head().encode()), Ok(note.head()));
        prop_assert_eq!(Point::decode(&note.point().encode()), Ok(note.point()));
    }
}

#[test]
fn one_operation_is_sent_however_small_the_limit() {
    let writer = note(1, "text");
    let (bytes, end) = writer.export_bounded(&Version::new(), &writer.head(), 1);
    assert_ne!(end, Version::new());
    assert_eq!(NoteDocument::load(&[&bytes], PeerId(2)).unwrap().body(), "t");
}

#[test]
fn a_version_includes_what_was_merged_into_it() {
    let (one, other) = (note(1, "one"), note(2, "two"));
    let mut both = one.head();
    both.merge(&other.head());
    assert!(both.includes(&one.head()) && both.includes(&other.head()) && both.includes(&Version::new()));
    assert!(!one.head().includes(&other.head()));
    assert!(Version::new().is_empty() && Version::new().includes(&Version::new()) && !both.is_empty());
    assert_eq!(Version::decode(&[]), Ok(Version::new()));
}

#[test]
fn an_import_says_what_its_blobs_hold_and_not_what_was_new() {
    let mut writer = note(1, "one");
    let first = writer.head();
    writer.edit(&NoteEdit::SetBody("one two".into()), 2).unwrap();
    let mut reader = copy(&writer, 2);
    let import = reader.import(&[&writer.export_between(&Version::new(), &first)]).unwrap();
    assert_eq!((import.brought, import.changed), (first, false));
    let import = reader.import(&[&writer.snapshot()]).unwrap();
    assert_eq!((import.brought, import.changed), (writer.head(), false));
    let import = reader.import(&[]).unwrap();
    assert_eq!((import.brought.is_empty(), import.changed, import.pending), (true, false, false));
}

#[test]
fn a_large_import_of_many_small_updates_is_one_change() {
    let mut writer = note(1, "");
    let mut reader = copy(&writer, 2);
    let mut parts = Vec::new();
    for n in 0..2_000_u32 {
        let before = writer.head();
        writer.edit(&NoteEdit::Body(vec![TextChange::new(n, n, "x")]), i64::from(n)).unwrap();
        parts.push(writer.export(&before));
    }
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    let import = reader.import(&parts).unwrap();
    assert_eq!(import.body, [TextChange::new(0, 0, "x".repeat(2_000))]);
    assert_eq!(reader.head(), writer.head());
}

#[test]
fn texts_of_the_past_can_be_read() {
    let mut note = note(1, "first");
    let first = note.point();
    note.edit(&NoteEdit::SetTitle("later".into()), 5).unwrap();
    note.edit(&NoteEdit::SetBody("second".into()), 5).unwrap();
    assert_eq!(note.text_at(&first), Ok((String::new(), "first".into())));
    assert_eq!(note.text_at(&note.point()), Ok(("later".into(), "second".into())));
    assert_eq!(note.text_at(&Point::default()), Ok((String::new(), String::new())));
    let document = Document::Note(note);
    assert_eq!(document.export(&document.head()).first(), Some(&1));
}
