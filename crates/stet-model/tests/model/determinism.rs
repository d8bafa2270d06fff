//! The same program makes the same bytes: no clock, no randomness, no order of a hash map.

use stet_model::document::{
    Candidate, ForeignAuthor, ForeignText, LibraryDocument, LibraryEdit, NoteDocument, NoteEdit, Seen, Version,
};
use stet_model::id::{FolderId, PeerId};

use crate::support::{copy, exchange, note};

fn program() -> Vec<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut a = note(11, "AA and BB\n\nlast line\n");
    let mut b = copy(&a, 12);
    for n in 0..40 {
        a.edit(&NoteEdit::SetBody(format!("{}a{n}\n", a.body())), n).unwrap();
        b.edit(&NoteEdit::SetBody(format!("b{n}\n{}", b.body())), n).unwrap();
        b.edit(&NoteEdit::AddTag(format!("tag {n}")), n).unwrap();
        if n % 7 == 0 {
            bytes.push(a.export(&b.head()));
            exchange(&mut a, &mut b);
        }
    }
    a.edit(&NoteEdit::Trash, 50).unwrap();
    let foreign = ForeignText { body: Some("AA and CC\n\nlast line!\n".into()), ..ForeignText::default() };
    let author = ForeignAuthor { last: None, fresh: [PeerId(21), PeerId(22), PeerId(23)], own: Vec::new() };
    let candidates = [Candidate::at(Seen::at(b.point())), Candidate::text("", "AA and BB\n\nlast line\n")];
    let merged = b.merge_foreign(&foreign, &candidates, &author, 60).unwrap();
    bytes.push(merged.made.seen.unwrap_or_default().encode());
    exchange(&mut a, &mut b);
    for note in [&a, &b] {
        bytes.extend([note.snapshot(), note.export(&Version::new()), note.head().encode(), note.point().encode()]);
    }
    bytes.push(folders());
    bytes
}

fn folders() -> Vec<u8> {
    let mut library = LibraryDocument::new(PeerId(31));
    let id = |n: u8| FolderId::from_bytes([n; 16]);
    for n in 0..30 {
        let parent = (n % 3 == 0 && n > 0).then(|| id(n / 2));
        let edit = LibraryEdit::CreateFolder { id: id(n), name: format!("folder {n}"), parent, color: None };
        library.edit(&edit, i64::from(n)).unwrap();
    }
    for n in (1..30).step_by(4) {
        library.edit(&LibraryEdit::MoveFolder { id: id(n), parent: None, before: Some(id(1)) }, 50).unwrap();
    }
    library.snapshot()
}

#[test]
fn the_same_program_makes_the_same_bytes() {
    let first = program();
    for run in 0..5 {
        assert_eq!(program(), first, "run {run}");
    }
}

#[test]
fn concurrent_insertions_at_one_place_come_out_in_the_same_order_every_time() {
    let merged = || {
        let (mut a, mut b) = (NoteDocument::new(PeerId(5)), NoteDocument::new(PeerId(6)));
        a.edit(&NoteEdit::SetBody("AA".into()), 1).unwrap();
        b.edit(&NoteEdit::SetBody("BB".into()), 1).unwrap();
        exchange(&mut a, &mut b);
        a.body()
    };
    let first = merged();
    assert!((0..50).all(|_| merged() == first));
}

#[test]
fn commit_times_are_kept_in_milliseconds() {
    let mut note = NoteDocument::new(PeerId(1));
    let at = 1_763_861_234_567;
    note.edit(&NoteEdit::SetBody("text".into()), at).unwrap();
    note.edit(&NoteEdit::SetBody("text, much later".into()), at + 3_600_001).unwrap();
    let doc = loro::LoroDoc::new();
    doc.import(&note.snapshot()[1..]).unwrap();
    let time = |counter| doc.get_change(loro::ID::new(1, counter)).unwrap().timestamp;
    assert_eq!((time(0), time(4)), (at, at + 3_600_001));
}
