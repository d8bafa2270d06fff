//! Tests of the wall: a panic inside the library ends there, and the document is what it was.

use super::replica::Replica;
use super::*;
use crate::id::PeerId;

/// What a hostile blob does at its worst: panics while the library holds its locks, which are dead from then on.
fn stop_inside(replica: &Replica) -> DocumentError {
    let stopped: Result<(), DocumentError> = replica.read(|doc| {
        doc.get_text(BODY).insert(0, "half done").unwrap();
        doc.with_oplog(|_| panic!("stopped by the test"));
    });
    stopped.unwrap_err()
}

fn state(note: &NoteDocument) -> (String, String, crate::note::NoteFields, Version, Point) {
    (note.title(), note.body(), note.fields(), note.head(), note.point())
}

#[test]
fn a_document_in_which_the_library_stopped_is_what_it_was_and_goes_on() {
    let mut other = NoteDocument::new(PeerId(2));
    other.edit(&NoteEdit::SetBody("from elsewhere\n".into()), 1).unwrap();
    let first = other.head();
    other.edit(&NoteEdit::SetTitle("A title".into()), 2).unwrap();
    let second = other.head();
    other.edit(&NoteEdit::SetBody("from elsewhere, longer\n".into()), 3).unwrap();

    let mut note = NoteDocument::load(&[&other.export_between(&Version::new(), &first)], PeerId(1)).unwrap();
    for n in 0..2_500 {
        note.edit(&NoteEdit::SetBody(format!("{}{n}\n", note.body())), n).unwrap();
    }
    assert!(note.import(&[&other.export(&second)]).unwrap().pending);
    let before = state(&note);

    assert_eq!(stop_inside(&note.replica), DocumentError::Stopped { reason: "stopped by the test".into() });
    assert_eq!(state(&note), before);
    note.edit(&NoteEdit::Starred(true), 9).unwrap();
    assert!(matches!(stop_inside(&note.replica), DocumentError::Stopped { .. }));
    // What waited before the first stop still waits, and comes in when its causes do.
    let import = note.import(&[&other.export_between(&first, &second)]).unwrap();
    assert!(import.changed && !import.pending);
    assert!(note.body().starts_with("from elsewhere, longer\n0\n1\n") && note.title() == "A title");
    assert!(note.fields().starred && note.head().includes(&other.head()));
    let again = NoteDocument::load(&[&note.snapshot()], PeerId(3)).unwrap();
    assert_eq!(state(&again), state(&note));
}

#[test]
fn an_edit_that_stops_half_way_leaves_nothing() {
    let mut note = NoteDocument::new(PeerId(1));
    note.edit(&NoteEdit::SetBody("text".into()), 1).unwrap();
    let before = (state(&note), note.snapshot());
    let refused: Result<(), EditError> = note.replica.write(2, |doc| {
        doc.get_text(BODY).insert(4, " and more").unwrap();
        replica::commit(doc, 2);
        doc.get_text(BODY).insert(4, " and yet more").unwrap();
        Err(EditError::NoTag { tag: String::new() })
    });
    assert!(refused.is_err());
    assert_eq!((state(&note), note.snapshot()), before);
}

#[test]
fn a_version_leads_back_to_its_point() {
    let mut note = NoteDocument::new(PeerId(1));
    note.edit(&NoteEdit::SetBody("one".into()), 1).unwrap();
    let (version, point) = (note.head(), note.point());
    note.edit(&NoteEdit::SetBody("one two".into()), 1).unwrap();
    assert_eq!(note.point_of(&version), Ok(point));
    assert_eq!(note.point_of(&note.head()), Ok(note.point()));
    assert_eq!(note.point_of(&Version::new()), Ok(Point::default()));
    assert_eq!(NoteDocument::new(PeerId(2)).point_of(&version), Err(DocumentError::UnknownPoint));
}
