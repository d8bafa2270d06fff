//! Settling marks: the edits that make of the note what was chosen. Never here: writing them.

use std::collections::BTreeSet;

use super::super::edit::NoteEdit;
use super::super::error::DocumentError;
use super::super::fields::Merged;
use super::super::note::NoteDocument;
use super::super::version::{Point, Version};
use super::{Mark, Parting, Passage, Sides};
use crate::text::{Meeting, TextChange, apply, with_one_side};

/// What becomes of a marked note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The text stays as it stands.
    Keep,
    /// One side's wording of the passages; the other's goes.
    Mine,
    /// The other side's wording of the passages.
    Theirs,
}

impl NoteDocument {
    /// The edits that settle a mark, or all marks where none is named, to be made together: the passages as chosen,
    /// everything else and whatever was written since as it is; then the mark goes, and with it every mark on the same
    /// passages whose question this answers. Nothing when there is no such mark: it was settled already.
    ///
    /// # Errors
    /// [`DocumentError`] when the history can't be read. To keep the text as it stands needs no history.
    pub fn settling(&self, key: Option<&str>, choice: Choice) -> Result<Vec<NoteEdit>, DocumentError> {
        let marks = self.merged();
        let mut edits = Vec::new();
        for mark in marks.iter().filter(|mark| key.is_none_or(|key| key == mark.key)) {
            if choice != Choice::Keep {
                edits.extend(self.choosing(mark, choice)?);
            }
            edits.push(NoteEdit::Settle(mark.key.clone()));
            for answered in marks.iter().filter(|other| other.key != mark.key && self.answers(mark, other, choice)) {
                edits.push(NoteEdit::Settle(answered.key.clone()));
            }
            if choice != Choice::Keep {
                // What another mark's passages look like is to be asked again, of the text as it then is.
                break;
            }
        }
        Ok(edits)
    }

    /// The edits that take a settling back: the marks it took away, and the texts as they were before it, with whatever
    /// was written since.
    ///
    /// # Errors
    /// [`DocumentError`] when the history can't be read.
    pub fn unsettling(&self, marks: &[Merged], before: &Point, after: &Point) -> Result<Vec<NoteEdit>, DocumentError> {
        let (old, new) = (self.text_at(before)?, self.text_at(after)?);
        let mut edits = self.carried(after, (&new.0, &old.0), (&new.1, &old.1))?;
        edits.extend(marks.iter().map(|mark| {
            let Parting { base, mine, theirs } = Parting::of(mark);
            NoteEdit::MarkMerged { base, mine, theirs }
        }));
        Ok(edits)
    }

    fn choosing(&self, mark: &Merged, choice: Choice) -> Result<Vec<NoteEdit>, DocumentError> {
        let sides = self.sides(&Parting::of(mark))?;
        let (title, body) = sides.chosen(choice);
        self.carried(&sides.put_together, (&sides.together.0, &title), (&sides.together.1, &body))
    }

    /// What turns each first text, as it was at a point, into the second, made in the texts as they stand.
    fn carried(&self, point: &Point, title: (&str, &str), body: (&str, &str)) -> Result<Vec<NoteEdit>, DocumentError> {
        let since = self.since(point)?;
        let some = |changes: Vec<TextChange>, edit: fn(Vec<TextChange>) -> NoteEdit| {
            (!changes.is_empty()).then(|| edit(changes))
        };
        let (title, body) = (since.carry_title(title, &self.title()), since.carry_body(body, &self.body()));
        Ok(some(title, NoteEdit::Title).into_iter().chain(some(body, NoteEdit::Body)).collect())
    }

    /// Whether settling `mark` so leaves nothing to ask about `other`: its sides are part of it and its passages lie in
    /// those of it. A side that holds both sides of the other leaves that question open.
    fn answers(&self, mark: &Merged, other: &Merged, choice: Choice) -> bool {
        let both = |mark: &Merged| -> Result<Version, DocumentError> {
            let mut both = self.replica.version_at(&mark.mine)?;
            both.merge(&self.replica.version_at(&mark.theirs)?);
            Ok(both)
        };
        let (Ok(whole), Ok(part)) = (both(mark), both(other)) else { return false };
        let kept = match choice {
            Choice::Keep => None,
            Choice::Mine => self.replica.version_at(&mark.mine).ok(),
            Choice::Theirs => self.replica.version_at(&mark.theirs).ok(),
        };
        if !whole.includes(&part) || kept.is_some_and(|kept| kept.includes(&part)) {
            return false;
        }
        let (mark, other) = (self.mark(mark), self.mark(other));
        other.passages.iter().all(|passage| mark.touches(passage) && mark.shows(passage))
    }
}

impl Mark {
    fn touches(&self, other: &Passage) -> bool {
        let meets = |passage: &Passage| passage.title || (passage.from <= other.to && other.from <= passage.to);
        self.passages.iter().any(|passage| passage.title == other.title && meets(passage))
    }

    /// Whether whoever looked at this has seen every word of the other's sides: a level-1 text may have taken some away.
    fn shows(&self, other: &Passage) -> bool {
        let texts = self.passages.iter().flat_map(|shown| [&shown.base, &shown.mine, &shown.theirs, &shown.now]);
        let words: BTreeSet<&str> = texts.flat_map(|text| text.split_whitespace()).collect();
        [&other.mine, &other.theirs]
            .into_iter()
            .flat_map(|text| text.split_whitespace())
            .all(|word| words.contains(word))
    }
}

impl Sides {
    /// Title and body as one side would have them, with what the other did elsewhere.
    fn chosen(&self, choice: Choice) -> (String, String) {
        let mine = choice == Choice::Mine;
        let (one, other) = if mine { (&self.by_mine, &self.by_theirs) } else { (&self.by_theirs, &self.by_mine) };
        let title = match (self.shows_title(), mine) {
            (false, _) => &self.together.0,
            (true, true) => &self.mine.0,
            (true, false) => &self.theirs.0,
        };
        let shown = self.shown();
        let of_other = |meeting: &Meeting| if mine { meeting.theirs.clone() } else { meeting.mine.clone() };
        let body = if shown.iter().all(|meeting| meeting.agreed) {
            self.together.1.clone()
        } else {
            apply(&self.base.1, &with_one_side(one, other, &shown, of_other)).unwrap_or(self.together.1.clone())
        };
        (title.clone(), body)
    }
}
