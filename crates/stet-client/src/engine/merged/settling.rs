//! Looking at marks and settling them.

use stet_model::document::{Choice, Mark, Merged as StoredMark, Point, Side};
use stet_model::id::DocKey;

use crate::api::ErrorCode;
use crate::api::command::{Done, SettleMerged};
use crate::api::merged::{MergedChoice, MergedMark, MergedNote, MergedPassage, MergedSide};
use crate::engine::{Engine, Now};

/// How a note stood before a settling, and what was settled.
#[derive(Debug)]
pub(in crate::engine) struct Settled {
    doc: DocKey,
    marks: Vec<StoredMark>,
    before: Point,
    after: Point,
}

impl Engine {
    pub(in crate::engine) fn get_merged(&mut self, doc: DocKey, call: u64) {
        let marks = self.note(doc).map(|note| note.marks()).unwrap_or_default();
        let marks = marks.into_iter().map(|mark| self.shown(mark)).collect();
        self.reply(call, MergedNote { marks });
    }

    pub(in crate::engine) fn settle_merged(&mut self, doc: DocKey, call: u64, args: SettleMerged, now: Now) {
        let Some(note) = self.note(doc) else {
            return self.refuse(call, ErrorCode::NotFound, "This note isn't here any more.");
        };
        let named = |mark: &Mark| args.key.as_deref().is_none_or(|key| key == mark.key);
        let swapped = note.marks().iter().find(|mark| named(mark)).is_some_and(|mark| self.is_swapped(mark));
        let choice = match (args.choice, swapped) {
            (MergedChoice::KeepBoth | MergedChoice::Done, _) => Choice::Keep,
            (MergedChoice::Mine, false) | (MergedChoice::Theirs, true) => Choice::Mine,
            (MergedChoice::Theirs, false) | (MergedChoice::Mine, true) => Choice::Theirs,
        };
        let (marks, before) = (note.merged(), note.point());
        let edits = match note.settling(args.key.as_deref(), choice) {
            Ok(edits) => edits,
            Err(error) => return self.refuse(call, ErrorCode::Invalid, format!("This can't be chosen: {error}.")),
        };
        if let Err(message) = self.edit_document(doc, &edits, now) {
            return self.refuse(call, ErrorCode::Invalid, message);
        }
        if let Some(note) = self.note(doc).filter(|_| !edits.is_empty()) {
            let (left, after) = (note.merged(), note.point());
            let marks = marks.into_iter().filter(|mark| !left.contains(mark)).collect();
            self.merged.settled = Some(Settled { doc, marks, before, after });
        }
        self.changed_marks(doc, call, now);
    }

    /// Takes the last settling back, if it was of this note: text and marks as they were, and what was typed since stays.
    pub(in crate::engine) fn undo_settle(&mut self, doc: DocKey, call: u64, now: Now) {
        let Some(Settled { marks, before, after, .. }) = self.merged.settled.take_if(|settled| settled.doc == doc)
        else {
            return self.refuse(call, ErrorCode::Invalid, "This can't be undone any more.");
        };
        let edits = self.note(doc).map(|note| note.unsettling(&marks, &before, &after));
        let made = match edits {
            Some(Ok(edits)) => self.edit_document(doc, &edits, now),
            Some(Err(error)) => Err(format!("This can't be undone: {error}.")),
            None => Err("This note isn't here any more.".to_owned()),
        };
        match made {
            Ok(()) => self.changed_marks(doc, call, now),
            Err(message) => self.refuse(call, ErrorCode::Invalid, message),
        }
    }

    fn changed_marks(&mut self, doc: DocKey, call: u64, now: Now) {
        self.save(doc, now);
        self.row_changed(doc);
        self.reply_written(doc, call, Done {});
    }

    /// The side this device wrote is called *mine* here, whichever device has made the mark.
    fn is_swapped(&self, mark: &Mark) -> bool {
        let here = |side: &Side| side.devices.contains(&self.setup.device_id);
        here(&mark.theirs) && !here(&mark.mine)
    }

    fn shown(&self, mark: Mark) -> MergedMark {
        let swapped = self.is_swapped(&mark);
        let (mine, theirs) = (self.shown_side(&mark.mine), self.shown_side(&mark.theirs));
        let passages = mark.passages.into_iter().map(|passage| {
            let (mine, theirs) = if swapped { (passage.theirs, passage.mine) } else { (passage.mine, passage.theirs) };
            MergedPassage {
                title: passage.title,
                base: passage.base,
                mine,
                theirs,
                now: passage.now,
                from: passage.from,
                to: passage.to,
                edited: passage.edited,
            }
        });
        let (mine, theirs) = if swapped { (theirs, mine) } else { (mine, theirs) };
        MergedMark { key: mark.key, mine, theirs, passages: passages.collect() }
    }

    fn shown_side(&self, side: &Side) -> MergedSide {
        let others = side.devices.iter().filter(|device| **device != self.setup.device_id);
        MergedSide {
            here: side.devices.contains(&self.setup.device_id),
            devices: others.filter_map(|device| self.device_name(self.space, Some(*device))).collect(),
            at: (side.at > 0).then_some(side.at),
        }
    }
}
