//! Documents asked for by name: all their rows again, one request at a time. The cursor stays where it is.

use std::collections::BTreeSet;

use stet_model::id::{NoteId, SpaceId};
use stet_protocol::limits::{ANSWER_TIMEOUT_MS, NOTE_IDS};
use stet_protocol::message::level2;

use super::Device;
use super::connection::Phase;
use super::output::Output;

/// What is asked for by name in a space.
#[derive(Clone, Debug, Default)]
pub(super) struct Fetching {
    under_way: Option<Vec<NoteId>>,
    /// Bounded by the documents there are: each waits once.
    waiting: Vec<NoteId>,
    heard_at: u64,
}

impl Fetching {
    pub(super) const fn is_under_way(&self) -> bool {
        self.under_way.is_some()
    }

    /// Whether a batch is of what is under way.
    pub(super) fn is_answered_by(&self, batch: &level2::SyncBatch) -> bool {
        let asked = |notes: &Vec<NoteId>| batch.rows.iter().all(|row| notes.contains(&row.note_id));
        batch.early && self.under_way.as_ref().is_some_and(asked)
    }

    /// The answer is on its way, or can't be before then.
    pub(super) fn moving(&mut self, at: u64) {
        self.heard_at = self.heard_at.max(at);
    }

    pub(super) fn answer_due(&self) -> Option<u64> {
        self.is_under_way().then_some(self.heard_at + ANSWER_TIMEOUT_MS)
    }
}

impl Device {
    /// Asks for all rows of these documents again; the cursor doesn't move.
    pub fn fetch(&mut self, space_id: SpaceId, note_ids: Vec<NoteId>, now: u64) {
        if !matches!(self.phase, Phase::Live { .. }) || self.level != Some(2) {
            return;
        }
        let Some(space) = self.spaces.get_mut(&space_id) else { return };
        let waiting: BTreeSet<NoteId> = space.fetching.waiting.iter().copied().collect();
        space.fetching.waiting.extend(note_ids.into_iter().filter(|note| !waiting.contains(note)));
        self.fetch_next(space_id, now);
    }

    fn fetch_next(&mut self, space_id: SpaceId, now: u64) {
        let Some(fetching) = self.spaces.get_mut(&space_id).map(|space| &mut space.fetching) else { return };
        if !fetching.is_under_way() && !fetching.waiting.is_empty() {
            let count = NOTE_IDS.min(fetching.waiting.len());
            fetching.under_way = Some(fetching.waiting.drain(..count).collect());
            self.request_documents(space_id, now);
        }
    }

    /// Asks for what is under way, again if it was before.
    pub(super) fn request_documents(&mut self, space_id: SpaceId, now: u64) {
        let Some(fetching) = self.spaces.get_mut(&space_id).map(|space| &mut space.fetching) else { return };
        fetching.heard_at = now;
        if let Some(notes) = fetching.under_way.clone() {
            let sync = level2::Sync { space_id, since: 0, lineage: None, newest: None, note_ids: Some(notes) };
            self.send(&level2::ClientMessage::Sync(sync));
        }
    }

    /// Every row of these documents was sent.
    pub(super) fn documents_complete(&mut self, space: SpaceId, notes: Vec<NoteId>, now: u64) {
        let set = |notes: &[NoteId]| notes.iter().copied().collect::<BTreeSet<NoteId>>();
        if let Some(fetching) = self.spaces.get_mut(&space).map(|space| &mut space.fetching) {
            fetching.under_way.take_if(|under_way| set(under_way) == set(&notes));
        }
        self.outputs.push(Output::Fetched { space, notes });
        self.fetch_next(space, now);
    }
}
