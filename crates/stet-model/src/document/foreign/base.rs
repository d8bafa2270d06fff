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

    /// `index`, or `other` where its text is the same: one fork then serves both texts.
    pub(super) fn together(&self, which: Text, index: usize, other: Option<usize>) -> usize {
        other.filter(|other| self.0[*other].text(which) == self.0[index].text(which)).unwrap_or(index)
    }

    /// The tags of each, where they are asked for and can be read.
    pub(super) fn tags(&self, note: &NoteDocument, foreign: &ForeignText) -> Vec<Option<Vec<String>>> {
        let of = |known: &Known| {
            let seen = known.seen.as_ref().filter(|_| foreign.tags.is_some())?;
            fields_at(note, &seen.fields).ok().map(|fields| fields.tags)
        };
        self.0.iter().map(of).collect()
    }

    /// Which candidate's fields the foreign ones are compared with: of those with the text that was chosen, or of all where
    /// no text came, the one whose tags are nearest; the newest of equals.
    pub(super) fn of_fields(
        &self,
        foreign: &ForeignText,
        (title, body): (Option<usize>, Option<usize>),
        tags: &[Option<Vec<String>>],
    ) -> usize {
        let chosen = body.map(|body| (Text::Body, body)).or(title.map(|title| (Text::Title, title)));
        let like = |index: &usize| {
            chosen.is_none_or(|(which, chosen)| self.0[*index].text(which) == self.0[chosen].text(which))
        };
        let apart = |index: &usize| tags_apart(foreign, tags[*index].as_deref());
        (0..self.0.len()).rev().filter(like).min_by_key(apart).unwrap_or(self.0.len() - 1)
    }

    /// What the writer can still have, oldest first: nothing older than what it wrote on, the oldest of those that this may
    /// have been. Each with whether it is one of them: what was said takes the place of that. Else every return to an earlier
    /// text would look like no change, and a line taken out beside one just typed like that line typed in its place.
    pub(super) fn still_possible(&self, foreign: &ForeignText, tags: &[Option<Vec<String>>]) -> Vec<(Seen, bool)> {
        let seen = |known: &Known, like: bool| known.seen.clone().map(|seen| (seen, like));
        let said = [foreign.title.as_ref().map(|_| Text::Title), foreign.body.as_ref().map(|_| Text::Body)];
        let said: Vec<Text> = said.into_iter().flatten().collect();
        if said.is_empty() && foreign.tags.is_none() {
            return self.0.iter().filter_map(|known| seen(known, false)).collect();
        }
        let apart = |index: &usize| {
            let known = &self.0[*index];
            let title = foreign.title.as_ref().map(|title| cost(known.text(Text::Title), title)).unwrap_or_default();
            let body = foreign.body.as_ref().map(|body| cost(known.text(Text::Body), body)).unwrap_or_default();
            let tags = tags_apart(foreign, tags[*index].as_deref());
            (title.distance + body.distance, title.deleted + body.deleted, tags)
        };
        let base = (0..self.0.len()).min_by_key(apart).unwrap_or(0);
        let like = |index: usize| {
            said.iter().all(|which| self.0[index].text(*which) == self.0[base].text(*which))
                && tags[index] == tags[base]
        };
        (base..self.0.len()).filter_map(|index| seen(&self.0[index], like(index))).collect()
    }
}

/// How many tags there are in one of the two only; no tags are far from all.
fn tags_apart(foreign: &ForeignText, there: Option<&[String]>) -> usize {
    let Some(tags) = &foreign.tags else { return 0 };
    let (tags, Some(there)) = (normal_tags(tags), there) else { return usize::MAX };
    tags.iter().filter(|tag| !there.contains(tag)).count() + there.iter().filter(|tag| !tags.contains(tag)).count()
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
