//! Whole fields from a writer that knows nothing of operations, beside writers that do.

mod marks;
mod no_base;

use proptest::prelude::*;
use stet_model::document::{Candidate, ForeignAuthor, ForeignText, MergedForeign, NoteDocument, NoteEdit, Point, Seen};
use stet_model::id::{FolderId, PeerId};
use stet_model::text::apply;

use crate::support::{config, copy, note};

const HOUR: i64 = 60 * 60 * 1_000;

/// A writer that never wrote before.
fn stranger() -> ForeignAuthor {
    ForeignAuthor { last: None, fresh: [PeerId(7), PeerId(8), PeerId(9)], own: Vec::new() }
}

/// A socket that knows whole texts only, and the server's memory of it.
struct Socket {
    candidates: Vec<Candidate>,
    author: ForeignAuthor,
    drawn: u64,
}

impl Socket {
    fn joined(note: &NoteDocument) -> Self {
        let author = ForeignAuthor { last: None, fresh: [PeerId(0); 3], own: Vec::new() };
        Self { candidates: vec![Candidate::at(Seen::at(note.point()))], author, drawn: 1_000 }
    }

    fn was_sent(&mut self, note: &NoteDocument) {
        self.candidates.push(Candidate::at(Seen::at(note.point())));
    }

    fn send(&mut self, note: &mut NoteDocument, foreign: &ForeignText) -> MergedForeign {
        self.drawn += 3;
        self.author.fresh = [0, 1, 2].map(|n| PeerId(self.drawn + n));
        let (title, body) = (note.title(), note.body());
        let merged = note.merge_foreign(foreign, &self.candidates, &self.author, 5_000).unwrap();
        assert_eq!(apply(&title, &merged.title).unwrap(), note.title());
        assert_eq!(apply(&body, &merged.body).unwrap(), note.body());
        self.candidates.push(merged.made.clone());
        self.author.own.extend(merged.author);
        self.author.last = merged.author.or(self.author.last);
        merged
    }

    fn body(&mut self, note: &mut NoteDocument, body: &str) -> MergedForeign {
        self.send(note, &ForeignText { body: Some(body.into()), ..ForeignText::default() })
    }
}

fn set_body(note: &mut NoteDocument, body: &str) {
    note.edit(&NoteEdit::SetBody(body.into()), 2_000).unwrap();
}

#[test]
fn a_paragraph_that_crossed_on_the_wire_stays() {
    let mut note = note(1, "one\n\ntwo\n");
    let mut socket = Socket::joined(&note);
    set_body(&mut note, "one\n\nbetween\n\ntwo\n");
    socket.was_sent(&note);
    let merged = socket.body(&mut note, "one\n\ntwo, longer\n");
    assert_eq!(note.body(), "one\n\nbetween\n\ntwo, longer\n");
    assert!(merged.changed && merged.marks.is_empty());
    assert_eq!(merged.author, Some(PeerId(1_003)));
}

#[test]
fn an_update_of_what_stands_is_made_in_place_by_one_author() {
    let mut note = note(1, "text");
    let mut socket = Socket::joined(&note);
    let first = socket.body(&mut note, "text a");
    let second = socket.body(&mut note, "text ab");
    let third = socket.body(&mut note, "text abc");
    assert_eq!(
        (first.author, second.author, third.author),
        (Some(PeerId(1_003)), Some(PeerId(1_003)), Some(PeerId(1_003)))
    );
    assert_eq!(note.body(), "text abc");
    assert_eq!(third.made.seen, Some(Seen { body: note.point(), ..first_seen(&third) }));
}

fn first_seen(merged: &MergedForeign) -> Seen {
    merged.made.seen.clone().unwrap()
}

#[test]
fn an_author_goes_on_only_where_the_base_holds_all_it_wrote() {
    let mut note = note(1, "a\nb\nc\n");
    let mut socket = Socket::joined(&note);
    let start = socket.candidates.clone();
    let first = socket.body(&mut note, "a\nb\nc\nd\n");
    // The second update comes from the version before the first: the same author would write two histories.
    socket.candidates = start;
    let second = socket.body(&mut note, "0\na\nb\nc\n");
    assert_ne!(first.author, second.author);
    assert_eq!(note.body(), "0\na\nb\nc\nd\n");
    assert_eq!(copy(&note, 9).body(), note.body());
}

#[test]
fn a_text_equal_to_a_candidate_is_no_change_and_a_field_equal_to_the_base_writes_nothing() {
    let mut note = note(1, "text");
    let mut socket = Socket::joined(&note);
    set_body(&mut note, "text of another device");
    note.edit(&NoteEdit::Starred(true), 3).unwrap();
    let before = note.point();
    let stale = ForeignText {
        title: Some(String::new()),
        body: Some("text".into()),
        starred: Some(false),
        archived: Some(false),
        trashed: Some(false),
        folder: Some(None),
        tags: Some(Vec::new()),
        ..ForeignText::default()
    };
    let merged = socket.send(&mut note, &stale);
    assert!(!merged.changed && merged.author.is_none() && !merged.fields);
    assert_eq!((note.point(), note.fields().starred), (before, true));
}

#[test]
fn tags_are_added_and_removed_against_the_base() {
    let mut note = note(1, "text");
    for tag in ["keep", "drop"] {
        note.edit(&NoteEdit::AddTag(tag.into()), 2).unwrap();
    }
    let mut socket = Socket::joined(&note);
    note.edit(&NoteEdit::AddTag("theirs".into()), 3).unwrap();
    note.edit(&NoteEdit::RemoveTag("keep".into()), 3).unwrap();
    socket.was_sent(&note);
    let tags = Some(vec!["keep".to_owned(), "#mine".to_owned()]);
    let merged = socket.send(&mut note, &ForeignText { tags, ..ForeignText::default() });
    assert!(merged.fields);
    assert_eq!(note.fields().tags, ["mine", "theirs"]);
}

#[test]
fn flags_are_written_where_they_differ_from_the_base() {
    let mut note = note(1, "text");
    let mut socket = Socket::joined(&note);
    let folder = FolderId::from_bytes([3; 16]);
    let all = ForeignText {
        starred: Some(true),
        archived: Some(true),
        hidden: Some(true),
        trashed: Some(true),
        folder: Some(Some(folder)),
        ..ForeignText::default()
    };
    assert!(socket.send(&mut note, &all).fields);
    let fields = note.fields();
    assert!(fields.starred && fields.archived && fields.hidden && fields.trashed && fields.folder == Some(folder));
    let back = ForeignText { trashed: Some(false), folder: Some(None), ..ForeignText::default() };
    socket.send(&mut note, &back);
    assert!(!note.fields().trashed && note.fields().folder.is_none() && note.fields().starred);
}

#[test]
fn a_foreign_trashing_does_not_take_an_edit_that_crossed_with_it() {
    let mut note = note(1, "text");
    let mut socket = Socket::joined(&note);
    set_body(&mut note, "text, and more of it");
    let gone = ForeignText { body: Some("text!".into()), trashed: Some(true), ..ForeignText::default() };
    socket.send(&mut note, &gone);
    assert!(!note.fields().trashed);
    assert!(["text!, and more of it", "text, and more of it!"].contains(&note.body().as_str()));
}

#[test]
fn title_and_body_may_start_from_different_versions() {
    let mut note = note(1, "one\ntwo\n");
    note.edit(&NoteEdit::SetTitle("First title".into()), 2).unwrap();
    let mut socket = Socket::joined(&note);
    note.edit(&NoteEdit::SetTitle("First title, theirs".into()), 3).unwrap();
    set_body(&mut note, "one\ntwo\nthree\n");
    socket.was_sent(&note);
    let both = ForeignText {
        title: Some("My first title".into()),
        body: Some("one\ntwo!\nthree\n".into()),
        ..ForeignText::default()
    };
    let merged = socket.send(&mut note, &both);
    assert_eq!((note.title().as_str(), note.body().as_str()), ("My first title, theirs", "one\ntwo!\nthree\n"));
    let seen = first_seen(&merged);
    assert_ne!(seen.title, seen.body);
    assert_eq!(note.text_at(&seen.title).unwrap().0, "My first title");
    assert_eq!(note.text_at(&seen.body).unwrap().1, "one\ntwo!\nthree\n");
    assert_eq!(Seen::decode(&seen.encode()), Ok(seen));
}

#[test]
fn deleting_text_of_others_is_told_and_deleting_ones_own_is_not() {
    let mut note = note(1, "theirs\n");
    let mut socket = Socket::joined(&note);
    for (body, others) in [("theirs\nmine\n", false), ("theirs\nmy own\n", false), ("heirs\nmy own\n", true)] {
        let merged = socket.body(&mut note, body);
        assert_eq!((note.body().as_str(), merged.marks.len()), (body, usize::from(others)));
        // What it confirmed lies behind it.
        socket.candidates = vec![merged.made];
    }
}

#[test]
fn a_base_outside_the_history_carries_its_difference_over() {
    // The same note came to life twice: here at level 1, there on a server that was reached later.
    let mut server = note(1, "Shopping\n- milk\n- bread\n- eggs\n");
    let base = Candidate::text("", "Shopping\n- milk\n- bread\n");
    let local = ForeignText { body: Some("Shopping\n- oat milk\n- bread\n".into()), ..ForeignText::default() };
    let author = stranger();
    let merged = server.merge_foreign(&local, &[base], &author, 5).unwrap();
    assert_eq!(server.body(), "Shopping\n- oat milk\n- bread\n- eggs\n");
    assert_eq!((merged.made.seen, merged.made.body), (None, local.body));
    // What is there already isn't put there twice.
    let same = ForeignText { body: Some(server.body()), ..ForeignText::default() };
    let merged = server.merge_foreign(&same, &[Candidate::text("", "Shopping\n")], &author, 6).unwrap();
    assert!(!merged.changed);
}

#[derive(Clone, Debug)]
enum Step {
    /// The device puts a new line somewhere.
    Device(u16),
    /// The foreign writer puts a new line into the text it has.
    Foreign(u16),
    /// The text as it stands reaches the foreign writer.
    Arrives,
}

proptest! {
    #![proptest_config(config(96))]

    #[test]
    fn a_foreign_writer_that_only_adds_never_destroys_a_line(
        steps in prop::collection::vec(prop_oneof![
            any::<u16>().prop_map(Step::Device),
            any::<u16>().prop_map(Step::Foreign),
            Just(Step::Arrives),
        ], 1..40)
    ) {
        let mut note = note(1, "The first line of it\nand a last line\n");
        let mut socket = Socket::joined(&note);
        let mut view = note.body();
        let mut lines: Vec<String> = view.lines().map(str::to_owned).collect();
        let insert = |text: &str, place: u16, line: &str| {
            let mut all: Vec<&str> = text.lines().collect();
            all.insert((all.len() + 1) * usize::from(place) / (usize::from(u16::MAX) + 1), line);
            all.join("\n") + "\n"
        };
        for (n, step) in steps.into_iter().enumerate() {
            // Lines as unlike as people's are: a new one is nearer to nothing than to another line.
            let line = format!("{:016x}", (n as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            match step {
                Step::Device(place) => {
                    let longer = insert(&note.body(), place, &line);
                    set_body(&mut note, &longer);
                    // It is on its way; the foreign writer hasn't got it yet.
                    socket.was_sent(&note);
                    lines.push(line);
                }
                Step::Foreign(place) => {
                    view = insert(&view, place, &line);
                    let merged = socket.body(&mut note, &view);
                    prop_assert_eq!(&merged.marks, &[]);
                    lines.push(line);
                }
                Step::Arrives => {
                    view = note.body();
                    socket.was_sent(&note);
                }
            }
            let mut found: Vec<String> = note.body().lines().map(str::to_owned).collect();
            found.sort();
            lines.sort();
            prop_assert_eq!(&found, &lines);
        }
        let points: Vec<Point> = socket.candidates.iter().filter_map(|known| Some(known.seen.as_ref()?.body.clone())).collect();
        for point in points {
            prop_assert!(note.text_at(&point).is_ok());
        }
    }
}
