//! Documents that somebody wrote to and that have come to rest: the time to fold their small rows, so that whoever was away
//! gets few. Never the folding, nor the documents.

use std::collections::{BTreeMap, BTreeSet};

use stet_model::id::{NoteId, SpaceId};

use crate::level_one::NoteKey;

/// Silence after which a document rests, milliseconds: longer than people think between two sentences, so that a note isn't
/// folded for each of them.
const REST_MS: i64 = 20_000;
/// Rows worth folding; fewer cost a reader next to nothing.
const ENOUGH: u64 = 8;
/// Documents watched at a time. Others are folded when they are long, or after they are written to again.
const WATCHED: usize = 4_096;

/// The documents that are watched.
#[derive(Debug, Default)]
pub(super) struct Resting {
    documents: BTreeMap<(SpaceId, NoteId), (i64, NoteKey)>,
    /// The same by when they will rest.
    due: BTreeSet<(i64, SpaceId, NoteId)>,
}

impl Resting {
    /// A document was written to, and has so many rows since it was folded.
    pub(super) fn written(&mut self, key: NoteKey, rows: u64, now: i64) {
        let document = (key.space_id, key.note_id);
        self.forget(document);
        if rows >= ENOUGH && self.documents.len() < WATCHED {
            let at = now + REST_MS;
            self.due.insert((at, document.0, document.1));
            self.documents.insert(document, (at, key));
        }
    }

    /// A document is being folded.
    pub(super) fn forget(&mut self, document: (SpaceId, NoteId)) {
        if let Some((at, _)) = self.documents.remove(&document) {
            self.due.remove(&(at, document.0, document.1));
        }
    }

    /// When the first of them will rest, on the clock that only goes on.
    pub(super) fn deadline(&self) -> Option<i64> {
        self.due.first().map(|(at, ..)| *at)
    }

    /// One that rests by now.
    pub(super) fn next(&mut self, now: i64) -> Option<NoteKey> {
        let (at, space_id, note_id) = self.due.first().copied().filter(|(at, ..)| *at <= now)?;
        self.due.remove(&(at, space_id, note_id));
        self.documents.remove(&(space_id, note_id)).map(|(_, key)| key)
    }
}
