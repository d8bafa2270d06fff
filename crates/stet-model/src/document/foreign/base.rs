//! Which version a foreign text started from: the candidate it is nearest to. Never here: writing.

use super::super::edit::Text;
use super::super::error::DocumentError;
use super::super::note::NoteDocument;
use super::super::version::Point;
use super::{Candidate, ForeignText, Seen};
use crate::note::{NoteFields, normalise_tag};
use crate::text::{Cost, cost};

/// A candidate with its texts.
pub(super) struct Known {
    pub(super) seen: Option<Seen>,
    pub(super) title: String,
    pub(super) body: String,
}

impl Known {
    fn text(&self, which: Text) -> &str {
        match which {
            Text::Title => &self.title,
            Text::Body => &self.body,
        }
    }
}

/// The candidates that chosen bases come from, oldest first, never empty.
pub(super) struct Candidates(pub(super) Vec<Known>);

impl Candidates {
    /// Reads the texts that aren't at hand from the history. A point the history hasn't got is no candidate. With none
    /// at all, the text as it stands is the one.
    pub(super) fn read(note: &NoteDocument, candidates: &[Candidate]) -> Result<Self, DocumentError> {
        let mut past = Past { note, now: note.point(), scratch: None };
        let mut known = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            let seen = candidate.seen.as_ref();
            let title = past.text(Text::Title, candidate.title.as_ref(), seen.map(|seen| &seen.title))?;
            let body = past.text(Text::Body, candidate.body.as_ref(), seen.map(|seen| &seen.body))?;
            if let (Some(title), Some(body)) = (title, body) {
                known.push(Known { seen: candidate.seen.clone(), title, body });
            }
        }
        if known.is_empty() {
            known.push(Known { seen: Some(Seen::at(note.point())), title: note.title(), body: note.body() });
        }
        Ok(Self(known))
    }

    /// The candidate whose text is nearest, among equally near ones the one that deletes less, then the older.
    pub(super) fn nearest(&self, which: Text, foreign: &str) -> (usize, Cost) {
        if let Some(same) = self.0.iter().position(|known| known.text(which) == foreign) {
            return (same, Cost::default());
        }
        let costs = self.0.iter().enumerate().map(|(index, known)| (cost(known.text(which), foreign), index));
        costs.min().map_or((0, Cost::default()), |(cost, index)| (index, cost))
    }

    /// The newest candidate with the same text as this one.
    pub(super) fn newest_like(&self, which: Text, index: usize) -> usize {
        let same = |known: &Known| known.text(which) == self.0[index].text(which);
        self.0.iter().rposition(same).unwrap_or(index)
    }

    /// `index`, or `other` where its text is the same: one fork then serves both texts.
    pub(super) fn together(&self, which: Text, index: usize, other: Option<usize>) -> usize {
        other.filter(|other| self.0[*other].text(which) == self.0[index].text(which)).unwrap_or(index)
    }

    /// Which candidate's fields the foreign ones are compared with: that of the texts; without texts the one whose
    /// tags are nearest, the newest of equals.
    pub(super) fn of_fields(
        &self,
        note: &NoteDocument,
        foreign: &ForeignText,
        (title, body): (Option<usize>, Option<usize>),
    ) -> Result<usize, DocumentError> {
        if let Some(body) = body {
            return Ok(self.newest_like(Text::Body, body));
        }
        if let Some(title) = title {
            return Ok(self.newest_like(Text::Title, title));
        }
        let newest = self.0.len() - 1;
        let Some(tags) = &foreign.tags else { return Ok(newest) };
        let tags = normal_tags(tags);
        let mut best = (usize::MAX, newest);
        for (index, known) in self.0.iter().enumerate() {
            let Some(seen) = &known.seen else { continue };
            let Ok(fields) = fields_at(note, &seen.fields) else {
                continue;
            };
            let apart = tags.iter().filter(|tag| !fields.tags.contains(tag)).count()
                + fields.tags.iter().filter(|tag| !tags.contains(tag)).count();
            if apart <= best.0 {
                best = (apart, index);
            }
        }
        Ok(best.1)
    }
}

pub(super) fn normal_tags(tags: &[String]) -> Vec<String> {
    tags.iter().filter_map(|tag| normalise_tag(tag)).collect()
}

/// A note's fields at a point of its history.
pub(super) fn fields_at(note: &NoteDocument, point: &Point) -> Result<NoteFields, DocumentError> {
    if *point == note.point() {
        return Ok(note.fields());
    }
    Ok(note.at(point, note.replica.peer())?.fields())
}

/// Reads texts of the past from one copy of the note, which is moved from point to point.
struct Past<'a> {
    note: &'a NoteDocument,
    now: Point,
    scratch: Option<(NoteDocument, Point)>,
}

impl Past<'_> {
    fn text(
        &mut self,
        which: Text,
        at_hand: Option<&String>,
        point: Option<&Point>,
    ) -> Result<Option<String>, DocumentError> {
        if let Some(text) = at_hand {
            return Ok(Some(text.clone()));
        }
        let Some(point) = point else { return Ok(None) };
        if *point == self.now {
            return self.note.replica.read(|doc| Some(which.of(doc).to_string()));
        }
        let (scratch, stands) = match self.scratch.take() {
            Some(scratch) => scratch,
            None => (self.note.at(&self.now, self.note.replica.peer())?, self.now.clone()),
        };
        let text = scratch.replica.read(|doc| {
            let frontiers = point.to_loro();
            doc.frontiers_to_vv(&frontiers)?;
            if stands != *point {
                doc.checkout(&frontiers).ok()?;
            }
            Some(which.of(doc).to_string())
        })?;
        let stands = if text.is_some() { point.clone() } else { stands };
        self.scratch = Some((scratch, stands));
        Ok(text)
    }
}
