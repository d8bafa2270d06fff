//! Bytes that aren't a document: an error that says what to do, never a panic, and the document as it was.

use proptest::prelude::*;
use stet_model::document::{
    Document, DocumentError, EditError, LibraryDocument, NoteDocument, NoteEdit, Point, Seen, Version,
};
use stet_model::id::PeerId;
use stet_model::text::TextChange;

use crate::support::{awkward, config, copy, exchange, note};

/// A note with a history of two authors, and what makes it.
fn material() -> (NoteDocument, Vec<Vec<u8>>) {
    let mut a = note(1, "A first paragraph with some words.\n\nAnd 😀 another one.\n");
    let mut b = copy(&a, 2);
    a.edit(&NoteEdit::AddTag("tag".into()), 2).unwrap();
    a.edit(&NoteEdit::Body(vec![TextChange::new(2, 7, "1st")]), 3).unwrap();
    b.edit(&NoteEdit::SetTitle("A title".into()), 4).unwrap();
    b.edit(&NoteEdit::Body(vec![TextChange::new(10, 10, "long ")]), 5).unwrap();
    let old = a.export(&Version::new());
    exchange(&mut a, &mut b);
    let blobs = vec![a.snapshot(), a.export(&Version::new()), old];
    (a, blobs)
}

fn state(note: &NoteDocument) -> (String, String, stet_model::note::NoteFields, Version, Point, Vec<u8>) {
    (note.title(), note.body(), note.fields(), note.head(), note.point(), note.snapshot())
}

#[derive(Clone, Debug)]
enum Harm {
    Flip(Vec<(u16, u8)>),
    Cut(u16),
    Grow(Vec<u8>),
    Noise(Vec<u8>),
    Swap(u16, u16),
}

fn harm() -> impl Strategy<Value = Harm> {
    prop_oneof![
        6 => prop::collection::vec((any::<u16>(), 1..=255_u8), 1..5).prop_map(Harm::Flip),
        2 => any::<u16>().prop_map(Harm::Cut),
        1 => prop::collection::vec(any::<u8>(), 1..40).prop_map(Harm::Grow),
        1 => prop::collection::vec(any::<u8>(), 0..200).prop_map(Harm::Noise),
        1 => (any::<u16>(), any::<u16>()).prop_map(|(a, b)| Harm::Swap(a, b)),
    ]
}

fn harmed(bytes: &[u8], harm: &Harm) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let length = bytes.len();
    match harm {
        Harm::Flip(flips) => flips.iter().for_each(|(at, by)| bytes[usize::from(*at) % length] ^= by),
        Harm::Cut(at) => bytes.truncate(usize::from(*at) % length),
        Harm::Grow(more) => bytes.extend(more),
        Harm::Noise(noise) => {
            bytes.truncate(1);
            bytes.extend(noise);
        }
        Harm::Swap(a, b) => bytes.swap(usize::from(*a) % length, usize::from(*b) % length),
    }
    bytes
}

proptest! {
    #![proptest_config(config(1_500))]

    #[test]
    fn damaged_blobs_are_refused_and_leave_the_note_as_it_was(which in 0..3_usize, harm in harm()) {
        let (good, blobs) = material();
        let damaged = harmed(&blobs[which], &harm);
        prop_assume!(damaged != blobs[which]);
        let mut victim = note(7, "mine");
        let before = state(&victim);
        // A good blob before the damaged one must not stay either.
        for parts in [&[damaged.as_slice()][..], &[&blobs[1], &damaged]] {
            if let Err(error) = victim.import(parts) {
                use DocumentError as Error;
                let expected = matches!(error, Error::Damaged { .. } | Error::UnknownFormat { .. } | Error::Stopped { .. });
                prop_assert!(expected, "{}", error);
                prop_assert_eq!(&state(&victim), &before);
            } else {
                // What the checksum doesn't cover changes no meaning.
                prop_assert!(victim.body().contains("mine"));
                return Ok(());
            }
        }
        prop_assert!(NoteDocument::load(&[&damaged], PeerId(8)).is_err());
        victim.edit(&NoteEdit::SetBody("mine still".into()), 9).unwrap();
        victim.import(&[&blobs[0]]).unwrap();
        prop_assert!(victim.body().contains("mine still") && victim.head().includes(&good.head()));
    }

    #[test]
    fn noise_is_no_version_no_point_and_no_note(noise in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(version) = Version::decode(&noise) {
            prop_assert_eq!(version.encode(), noise.clone());
        }
        if let Ok(point) = Point::decode(&noise) {
            prop_assert_eq!(point.encode(), noise.clone());
            let (good, _) = material();
            prop_assert!(noise.is_empty() || good.text_at(&point) == Err(DocumentError::UnknownPoint));
        }
        if let Ok(seen) = Seen::decode(&noise) {
            prop_assert_eq!(seen.encode(), noise.clone());
        }
        prop_assert!(NoteDocument::load(&[&noise], PeerId(1)).is_err());
        prop_assert!(LibraryDocument::load(&[&noise], PeerId(1)).is_err());
    }

    #[test]
    fn what_depends_on_missing_operations_is_pending_until_they_come(text in awkward(6), more in awkward(6)) {
        let mut writer = note(1, "begin ");
        let first = writer.head();
        writer.edit(&NoteEdit::SetBody(format!("begin {text}!")), 2).unwrap();
        let second = writer.head();
        writer.edit(&NoteEdit::SetBody(format!("begin {text}!{more}?")), 3).unwrap();
        let (gap, rest) = (writer.export_between(&first, &second), writer.export(&second));
        let mut reader = NoteDocument::load(&[&writer.export_between(&Version::new(), &first)], PeerId(2)).unwrap();
        let late = reader.import(&[&rest]).unwrap();
        prop_assert!(late.pending && !late.changed && late.body.is_empty());
        prop_assert!(late.brought.includes(&Version::new()) && !reader.head().includes(&late.brought));
        prop_assert_eq!(reader.body(), "begin ");
        prop_assert_eq!(NoteDocument::load(&[&rest], PeerId(3)).unwrap_err(), DocumentError::Pending);
        let done = reader.import(&[&gap]).unwrap();
        prop_assert!(!done.pending && done.changed);
        prop_assert_eq!((reader.body(), reader.head()), (writer.body(), writer.head()));
    }
}

#[test]
fn a_format_from_the_future_is_told_apart_from_damage() {
    let blob = note(1, "x").snapshot();
    assert_eq!(blob[0], 1);
    let encrypted = [&[2], &blob[1..]].concat();
    let mut victim = note(2, "mine");
    assert_eq!(victim.import(&[&encrypted]), Err(DocumentError::UnknownFormat { format: Some(2) }));
    assert_eq!(victim.import(&[&[]]), Err(DocumentError::UnknownFormat { format: None }));
    assert!(victim.import(&[&blob, &encrypted]).is_err());
    assert_eq!(victim.body(), "mine");
}

#[test]
fn a_shallow_snapshot_is_refused() {
    let doc = loro::LoroDoc::new();
    doc.get_text("body").insert(0, "text").unwrap();
    doc.commit();
    doc.get_text("body").insert(4, " more").unwrap();
    doc.commit();
    let shallow = doc.export(loro::ExportMode::shallow_snapshot(&doc.oplog_frontiers())).unwrap();
    let refused = NoteDocument::load(&[&[&[1], shallow.as_slice()].concat()], PeerId(1));
    assert!(matches!(refused, Err(DocumentError::Damaged { .. })), "{refused:?}");
}

#[test]
fn an_author_reused_with_other_content_is_refused_not_mixed() {
    let (one, other) = (note(1, "one text"), note(1, "another, longer text"));
    let mut victim = copy(&one, 2);
    let before = state(&victim);
    assert!(victim.import(&[&other.export(&Version::new())]).is_err());
    assert_eq!(state(&victim), before);
}

#[test]
fn containers_of_unexpected_kinds_are_survived() {
    let doc = loro::LoroDoc::new();
    doc.get_map("fields").insert("trash", "yes").unwrap();
    doc.get_map("fields").insert("folderId", 7).unwrap();
    doc.get_map("fields").insert_container("starred", loro::LoroMap::new()).unwrap();
    doc.get_map("tags").insert("t", 1).unwrap();
    doc.get_map("devices").insert("zz", "no").unwrap();
    doc.get_map("merged").insert("k", "no").unwrap();
    doc.get_list("body").insert(0, "list").unwrap();
    doc.get_tree("folders").create(None).unwrap();
    let blob = [&[1], doc.export(loro::ExportMode::all_updates()).unwrap().as_slice()].concat();
    let note = NoteDocument::load(&[&blob], PeerId(1)).unwrap();
    assert_eq!(note.fields(), stet_model::note::NoteFields::default());
    assert_eq!((note.body(), note.merged()), (String::new(), Vec::new()));
    let library = LibraryDocument::load(&[&blob], PeerId(1)).unwrap();
    assert_eq!(library.folders(), []);
}

#[test]
fn an_unknown_point_is_an_error_not_a_panic() {
    let (mut one, other) = (note(1, "one"), note(2, "other"));
    assert_eq!(one.text_at(&other.point()), Err(DocumentError::UnknownPoint));
    let marked = one.edit(&NoteEdit::MarkMerged { base: other.point(), mine: one.point(), theirs: other.point() }, 2);
    assert!(marked.unwrap().changed);
    assert_eq!(one.merged().len(), 1);
}

#[test]
fn a_document_of_either_kind_refuses_alike() {
    let mut documents =
        [Document::Note(NoteDocument::new(PeerId(1))), Document::Library(LibraryDocument::new(PeerId(1)))];
    for document in &mut documents {
        assert!(document.import(&[b"\x01noise"]).is_err());
        assert!(document.head().is_empty());
        let blob = document.snapshot();
        assert!(!document.import(&[&blob]).unwrap().changed);
    }
    let error: EditError = DocumentError::Pending.into();
    assert!(error.to_string().contains("fetch"));
}
