//! Marks on passages that two sides changed without having seen each other: where the sides parted, what a mark shows,
//! and the edits that settle one. Never here: when to mark, which is the engine's to decide.
//!
//! A mark is one key of the map `merged`, made by one author once, so nothing late can bring a settled one back.

mod parting;
mod settle;

use std::collections::BTreeSet;

use loro::{ID, LoroDoc};

use super::error::DocumentError;
use super::fields::{self, Merged};
use super::note::NoteDocument;
use super::version::{Point, Version};
use crate::id::{DeviceId, PeerId};
use crate::text::{Meeting, TextChange, alone, apply, carry_place, difference, meetings, slice, utf16_length};
pub use parting::{Parting, end_of};
pub use settle::Choice;

/// A mark as people look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Names it.
    pub key: String,
    /// Who wrote one side.
    pub mine: Side,
    /// Who wrote the other.
    pub theirs: Side,
    /// The passages, title first. None when the history can't be read.
    pub passages: Vec<Passage>,
}

/// Who wrote a side of a mark.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// The devices, as far as they put themselves into the note; a program of level 1 doesn't.
    pub devices: BTreeSet<DeviceId>,
    /// When the last of it was written, epoch milliseconds; 0 if unknown.
    pub at: i64,
}

/// A passage of a mark: whole lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// It is the title; else it is in the body.
    pub title: bool,
    /// What stood there when the sides parted.
    pub base: String,
    /// What one side made of it.
    pub mine: String,
    /// What the other made of it.
    pub theirs: String,
    /// What stands there now.
    pub now: String,
    /// Where that begins, UTF-16 code units.
    pub from: u32,
    /// Where it ends, UTF-16 code units.
    pub to: u32,
    /// Something there was changed since the sides were put together.
    pub edited: bool,
}

/// Title and body.
type Texts = (String, String);

/// The texts of a mark, and what made each of the one before.
struct Sides {
    base: Texts,
    mine: Texts,
    theirs: Texts,
    /// The two put together, before anything else was written, and where that is.
    together: Texts,
    put_together: Point,
    by_mine: Vec<TextChange>,
    by_theirs: Vec<TextChange>,
    /// In the body.
    met: Vec<Meeting>,
    titles_met: bool,
}

impl Parting {
    fn of(mark: &Merged) -> Self {
        Self { base: mark.base.clone(), mine: mark.mine.clone(), theirs: mark.theirs.clone() }
    }
}

impl NoteDocument {
    /// Whether two sides that parted changed the title both, or the same or neighbouring lines of the body, and not in
    /// a way that merges to what both say: what is to be marked with [`super::NoteEdit::MarkMerged`].
    ///
    /// # Errors
    /// [`DocumentError::UnknownPoint`] when the history hasn't got one of the points.
    pub fn sides_meet(&self, parting: &Parting) -> Result<bool, DocumentError> {
        let sides = self.sides(parting)?;
        Ok(sides.titles_met || sides.met.iter().any(|meeting| !meeting.agreed))
    }

    /// The marks, in a fixed order, with what people have to see to settle them.
    pub fn marks(&self) -> Vec<Mark> {
        self.merged().iter().map(|mark| self.mark(mark)).collect()
    }

    fn mark(&self, mark: &Merged) -> Mark {
        let shown = || -> Result<Mark, DocumentError> {
            let passages = self.passages(&self.sides(&Parting::of(mark))?)?;
            let side = |point| self.replica.read(|doc| side(doc, &mark.base, point));
            Ok(Mark { key: mark.key.clone(), mine: side(&mark.mine)?, theirs: side(&mark.theirs)?, passages })
        };
        let unreadable =
            || Mark { key: mark.key.clone(), mine: Side::default(), theirs: Side::default(), passages: Vec::new() };
        shown().unwrap_or_else(|_| unreadable())
    }

    fn sides(&self, parting: &Parting) -> Result<Sides, DocumentError> {
        let (base, mine, theirs) =
            (self.text_at(&parting.base)?, self.text_at(&parting.mine)?, self.text_at(&parting.theirs)?);
        let mut all = self.replica.version_at(&parting.mine)?;
        all.merge(&self.replica.version_at(&parting.theirs)?);
        let put_together = self.replica.point_of(&all)?;
        let together = self.text_at(&put_together)?;
        let (by_mine, by_theirs) = (difference(&base.1, &mine.1), difference(&base.1, &theirs.1));
        let met = meetings(&base.1, &by_mine, &by_theirs);
        let titles_met = mine.0 != base.0 && theirs.0 != base.0 && !(mine.0 == theirs.0 && together.0 == mine.0);
        Ok(Sides { base, mine, theirs, together, put_together, by_mine, by_theirs, met, titles_met })
    }

    fn passages(&self, sides: &Sides) -> Result<Vec<Passage>, DocumentError> {
        let mut passages = Vec::new();
        if sides.shows_title() {
            let now = self.title();
            passages.push(Passage {
                title: true,
                base: sides.base.0.clone(),
                mine: sides.mine.0.clone(),
                theirs: sides.theirs.0.clone(),
                from: 0,
                to: utf16_length(&now),
                edited: now != sides.together.0,
                now,
            });
        }
        let body = self.body();
        let put_together = difference(&sides.base.1, &sides.together.1);
        let since = self.since(&sides.put_together)?.body(&sides.together.1, || body.clone());
        passages.extend(sides.shown().iter().filter(|meeting| !meeting.agreed).map(|meeting| {
            let ends = (carry_place(meeting.from, &put_together, false), carry_place(meeting.to, &put_together, true));
            let (from, to) = whole_lines(&body, ends, &since);
            let now = slice(&body, from, to).to_owned();
            Passage {
                title: false,
                base: slice(&sides.base.1, meeting.from, meeting.to).to_owned(),
                mine: side_of(&sides.base.1, meeting, &sides.by_mine[meeting.mine.clone()]),
                theirs: side_of(&sides.base.1, meeting, &sides.by_theirs[meeting.theirs.clone()]),
                edited: now != slice(&sides.together.1, ends.0, ends.1),
                now,
                from,
                to,
            }
        }));
        Ok(passages)
    }
}

impl Sides {
    /// Whether the title is to be looked at. A server that put a whole title over others' marks it by itself.
    fn shows_title(&self) -> bool {
        let alone = self.by_mine.is_empty() && self.mine.0 != self.base.0 && self.theirs.0 == self.base.0;
        self.titles_met || alone
    }

    /// Where in the body the sides are to be looked at, and where they agree. A server that put a whole text over
    /// others' marks what it took away, which need not touch what they did last.
    fn shown(&self) -> Vec<Meeting> {
        if self.titles_met || self.met.iter().any(|meeting| !meeting.agreed) {
            return self.met.clone();
        }
        let mut shown = alone(&self.base.1, &self.by_mine);
        shown.retain(|alone| self.met.iter().all(|agreed| !agreed.mine.contains(&alone.mine.start)));
        shown.extend(self.met.iter().cloned());
        shown
    }
}

/// Where a passage stands after these changes: what was written since at its ends is part of it as far as it is on the
/// same line.
fn whole_lines(text: &str, (from, to): (u32, u32), since: &[TextChange]) -> (u32, u32) {
    let (before, from) = (carry_place(from, since, false), carry_place(from, since, true));
    let (to, behind) = (carry_place(to, since, false).max(from), carry_place(to, since, true));
    let ahead = slice(text, before, from).rsplit('\n').next().unwrap_or_default();
    let after = slice(text, to, behind).split('\n').next().unwrap_or_default();
    (from.saturating_sub(utf16_length(ahead)), to + utf16_length(after))
}

/// The lines of a meeting as one side has them.
fn side_of(base: &str, meeting: &Meeting, changes: &[TextChange]) -> String {
    let inside = changes
        .iter()
        .map(|change| TextChange::new(change.from - meeting.from, change.to - meeting.from, change.insert.as_str()));
    let lines = slice(base, meeting.from, meeting.to);
    apply(lines, &inside.collect::<Vec<_>>()).unwrap_or_else(|_| lines.to_owned())
}

/// Who wrote what lies between two points, and when.
fn side(doc: &LoroDoc, base: &Point, to: &Point) -> Side {
    let version = |point: &Point| doc.frontiers_to_vv(&point.to_loro()).map(|seen| Version::from_loro(&seen));
    let (Some(base), Some(to)) = (version(base), version(to)) else { return Side::default() };
    let devices = fields::devices(doc);
    let mut side = Side::default();
    for (author, count) in to.iter().filter(|(author, count)| *count > base.count(*author)) {
        side.devices.extend(devices.get(&PeerId(author)));
        let written = doc.get_change(ID::new(author, count - 1)).map_or(0, |change| change.timestamp);
        side.at = side.at.max(written);
    }
    side
}
