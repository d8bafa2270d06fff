//! Which version a foreign text started from: the candidate it is nearest to. Never here: writing.

use super::super::edit::Text;
use super::super::error::DocumentError;
use super::super::note::NoteDocument;
use super::super::version::Point;
use super::rest::nearest_at_rest;
use super::{Candidate, ForeignText, Seen};
use crate::note::{NoteFields, normalise_tag};
use crate::text::cost;

/// A candidate with those of its texts that are asked for.
pub(super) struct Known {
    pub(super) seen: Option<Seen>,
    pub(super) title: Option<String>,
    pub(super) body: Option<String>,
}

impl Known {
    pub(super) fn text(&self, which: Text) -> &str {
        match which {
            Text::Title => self.title.as_deref().unwrap_or_default(),
            Text::Body => self.body.as_deref().unwrap_or_default(),
        }
    }
}

/// The candidates that chosen bases come from, oldest first, never empty.
pub(super) struct Candidates(pub(super) Vec<Known>);

impl Candidates {
    /// Reads the texts that are asked for and aren't at hand from the history. A candidate whose text can't be had is
    /// none. With none at all it is a version of the history, if one is near, and the text as it stands.
    pub(super) fn read(
        note: &NoteDocument,
        foreign: &ForeignText,
        candidates: &[Candidate],
    ) -> Result<Self, DocumentError> {
        let mut past = Past { note, now: note.point(), scratch: None };
        let mut known = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            known.extend(past.known(candidate, foreign)?);
        }
        if known.is_empty() {
            let at_rest = nearest_at_rest(note, foreign).unwrap_or_default();
            for candidate in at_rest.into_iter().chain([Candidate::at(Seen::at(note.point()))]) {
                known.extend(past.known(&candidate, foreign)?);
            }
        }
        Ok(Self(known))
    }

    /// The candidate whose text is nearest, among equally near ones the one that deletes less, then the older.
    pub(super) fn nearest(&self, which: Text, foreign: &str) -> usize {
        if let Some(same) = self.0.iter().position(|known| known.text(which) == foreign) {
            return same;
        }
        let costs = self.0.iter().enumerate().map(|(index, known)| (cost(known.text(which), foreign), index));
        costs.min().map_or(0, |(_, index)| index)
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
    fn known(&mut self, candidate: &Candidate, foreign: &ForeignText) -> Result<Option<Known>, DocumentError> {
        let title = self.text(Text::Title, candidate, foreign.title.is_some())?;
        let body = self.text(Text::Body, candidate, foreign.body.is_some())?;
        let lacks = (foreign.title.is_some() && title.is_none()) || (foreign.body.is_some() && body.is_none());
        Ok((!lacks).then(|| Known { seen: candidate.seen.clone(), title, body }))
    }

    fn text(&mut self, which: Text, of: &Candidate, asked: bool) -> Result<Option<String>, DocumentError> {
        let (at_hand, point) = match which {
            Text::Title => (&of.title, of.seen.as_ref().map(|seen| &seen.title)),
            Text::Body => (&of.body, of.seen.as_ref().map(|seen| &seen.body)),
        };
        let Some(point) = point.filter(|_| asked && at_hand.is_none()) else { return Ok(at_hand.clone()) };
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
