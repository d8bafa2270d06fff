//! Fields, tags, the derived trash.

use proptest::prelude::*;
use stet_model::document::{EditError, NoteDocument, NoteEdit};
use stet_model::id::{DeviceId, FolderId, PeerId};
use stet_model::note::NoteFields;
use stet_model::text::TextChange;

use crate::support::{config, copy, exchange, note};

fn edit(note: &mut NoteDocument, edit: NoteEdit) -> bool {
    note.edit(&edit, 7_000).unwrap().changed
}

fn append(note: &mut NoteDocument, text: &str) {
    let body = format!("{}{text}", note.body());
    assert!(edit(note, NoteEdit::SetBody(body)));
}

#[test]
fn every_field_is_read_as_it_was_written() {
    let mut note = NoteDocument::new(PeerId(0xabc));
    let (folder, device) = (FolderId::from_bytes([4; 16]), DeviceId::from_bytes([5; 16]));
    let edits = [
        NoteEdit::Folder(Some(folder)),
        NoteEdit::Starred(true),
        NoteEdit::Pinned(true),
        NoteEdit::Archived(true),
        NoteEdit::Hidden(true),
        NoteEdit::AddTag("#zeta".into()),
        NoteEdit::AddTag("cafe\u{301}".into()),
        NoteEdit::CreatedAt(1_700_000_000_000),
        NoteEdit::Device(device),
        NoteEdit::Trash,
    ];
    for change in edits {
        assert!(edit(&mut note, change.clone()), "{change:?}");
        assert!(!edit(&mut note, change.clone()), "a second time: {change:?}");
    }
    let expected = NoteFields {
        folder: Some(folder),
        starred: true,
        pinned: true,
        archived: true,
        hidden: true,
        trashed: true,
        tags: vec!["café".into(), "zeta".into()],
        created_at: 1_700_000_000_000,
        devices: [(PeerId(0xabc), device)].into(),
    };
    assert_eq!(note.fields(), expected);
    assert_eq!(copy(&note, 2).fields(), expected);
    for change in
        [NoteEdit::Folder(None), NoteEdit::RemoveTag("zeta".into()), NoteEdit::Restore, NoteEdit::Pinned(false)]
    {
        assert!(edit(&mut note, change));
    }
    let left = note.fields();
    assert_eq!((left.folder, left.trashed, left.pinned, left.tags), (None, false, false, vec!["café".to_owned()]));
}

#[test]
fn a_tag_of_nothing_is_refused() {
    let refused = NoteDocument::new(PeerId(1)).edit(&NoteEdit::AddTag(" # ".into()), 1).unwrap_err();
    assert_eq!(refused, EditError::NoTag { tag: " # ".into() });
}

#[test]
fn an_edit_concurrent_with_a_trashing_keeps_the_note_on_every_device() {
    let mut a = note(1, "text");
    let mut b = copy(&a, 2);
    edit(&mut a, NoteEdit::Trash);
    append(&mut b, " typed meanwhile");
    assert!(a.fields().trashed);
    let head = (a.head(), b.head());
    exchange(&mut a, &mut b);
    assert!(!a.fields().trashed && !b.fields().trashed);
    let mut both = head.0;
    both.merge(&head.1);
    assert_eq!(a.head(), both, "nobody wrote anything because of it");
}

#[test]
fn only_title_and_body_take_a_note_out_of_the_trash() {
    let mut a = note(1, "text");
    let mut b = copy(&a, 2);
    edit(&mut a, NoteEdit::Trash);
    edit(&mut b, NoteEdit::Starred(true));
    edit(&mut b, NoteEdit::AddTag("t".into()));
    exchange(&mut a, &mut b);
    assert!(a.fields().trashed);
    edit(&mut b, NoteEdit::SetTitle("renamed".into()));
    let import = a.import(&[&b.export(&a.head())]).unwrap();
    assert!(import.fields, "the trash may have changed");
    assert!(!a.fields().trashed);
}

#[test]
fn a_note_kept_by_an_edit_can_be_put_into_the_trash_again() {
    let mut a = note(1, "text");
    edit(&mut a, NoteEdit::Trash);
    append(&mut a, "more");
    assert!(!a.fields().trashed);
    assert!(edit(&mut a, NoteEdit::Trash));
    assert!(a.fields().trashed && copy(&a, 2).fields().trashed);
    assert!(edit(&mut a, NoteEdit::Restore));
    assert!(!a.fields().trashed);
}

#[test]
fn edits_long_after_a_trashing_are_found_behind_thousands_of_other_operations() {
    let mut a = note(1, "text");
    edit(&mut a, NoteEdit::Trash);
    for n in 0..3_000 {
        edit(&mut a, NoteEdit::Pinned(n % 2 == 0));
    }
    assert!(a.fields().trashed);
    append(&mut a, "!");
    assert!(!a.fields().trashed);
}

proptest! {
    #![proptest_config(config(96))]

    #[test]
    fn the_trash_is_what_its_rule_says(steps in prop::collection::vec((0..2_usize, 0..5_u8), 1..30)) {
        // A model beside it: every text edit has a number; a trashing remembers which it had seen. Of two trashings
        // the document's own choice holds, so only those that are seen by both are made here.
        let mut devices = [note(1, "start"), NoteDocument::new(PeerId(2))];
        devices[1] = copy(&devices[0], 2);
        let mut seen: [Vec<u32>; 2] = Default::default();
        let mut trash: [Option<Vec<u32>>; 2] = Default::default();
        let mut edits = 0;
        for (who, what) in steps {
            let note = &mut devices[who];
            match what {
                0 | 1 => {
                    edits += 1;
                    seen[who].push(edits);
                    let at = u32::try_from(note.body().len()).unwrap() / 2;
                    let change = TextChange::new(at, at, "x");
                    edit(note, if what == 0 { NoteEdit::Body(vec![change]) } else { NoteEdit::SetTitle(format!("t{edits}")) });
                }
                2 => {
                    edit(note, NoteEdit::Starred(!note.fields().starred));
                }
                3 => {
                    let [a, b] = &mut devices;
                    exchange(a, b);
                    let mut all: Vec<u32> = seen.concat();
                    all.sort_unstable();
                    all.dedup();
                    seen = [all.clone(), all];
                    trash[1] = trash[0].take().or(trash[1].take());
                    trash[0] = trash[1].clone();
                }
                _ if trash[0].is_none() && trash[1].is_none() => {
                    edit(note, NoteEdit::Trash);
                    trash[who] = Some(seen[who].clone());
                }
                _ => {}
            }
            for (note, (trash, seen)) in devices.iter().zip(trash.iter().zip(&seen)) {
                let expected = trash.as_ref().is_some_and(|trash| seen.iter().all(|edit| trash.contains(edit)));
                prop_assert_eq!(note.fields().trashed, expected);
            }
        }
    }
}

#[test]
fn who_wrote_in_a_note_without_knowing_that_it_was_put_in_the_trash_is_named() {
    let mut here = NoteDocument::new(PeerId(1));
    append(&mut here, "one");
    let mut there = copy(&here, 2);
    assert!(here.outlived_trash().is_empty());
    assert!(edit(&mut here, NoteEdit::Trash));
    assert!(edit(&mut there, NoteEdit::Starred(true)));
    exchange(&mut here, &mut there);
    assert!(here.fields().trashed && here.outlived_trash().is_empty(), "a star doesn't keep it");

    let mut away = copy(&here, 3);
    assert!(edit(&mut here, NoteEdit::Restore));
    assert!(edit(&mut here, NoteEdit::Trash));
    append(&mut away, " and two");
    exchange(&mut here, &mut away);
    assert_eq!((here.fields().trashed, here.outlived_trash()), (false, vec![PeerId(3)]));
    assert_eq!(away.outlived_trash(), here.outlived_trash(), "every device names the same");
    assert!(edit(&mut here, NoteEdit::Restore));
    assert!(here.outlived_trash().is_empty(), "it was settled");
}

#[test]
fn the_size_is_that_of_title_and_body_in_utf8() {
    let mut note = NoteDocument::new(PeerId(1));
    assert!(edit(&mut note, NoteEdit::SetTitle("é🌿".into())));
    append(&mut note, "読書");
    assert_eq!(note.bytes(), 12);
}
