//! Catching up and staying live: batches, gaps, cursors and receipts. The log is followed in order; what is received
//! counts as ours only once the engine says that it is on disk.

use stet_model::id::{Lineage, SpaceId};
use stet_model::mutant::{self, Mutant};
use stet_protocol::limits::{ANSWER_TIMEOUT_MS, RECEIVED_INTERVAL_MS};
use stet_protocol::message::{SpaceInfo, level2};

use super::Device;
use super::connection::Phase;
use super::fetch::Fetching;
use super::output::{Acked, Output, Place, Rows};

/// The latest notes asked for ahead of the rest, so that there is something to read at once.
const NEWEST: u32 = 50;
/// They are, when so many rows were missed: what takes no moment needs no order.
const MANY_ROWS: u64 = 1_000;

/// What is known of a space's log.
#[derive(Clone, Debug)]
pub(super) struct Space {
    /// Received up to here.
    pub(super) place: Option<Place>,
    /// On disk up to here.
    stored: u64,
    lineage: Lineage,
    /// The end of the server's log, as last heard.
    server_seq: u64,
    catching: Option<CatchUp>,
    pub(super) fetching: Fetching,
    /// The server couldn't answer, and when it is asked again.
    ask_again_at: Option<u64>,
    /// A catch-up had a hole and is made again. Once: the server may count in another way.
    made_again: bool,
    live: bool,
    /// What the last `received` said, and when the next may go.
    said: Option<level2::Received>,
    owes_receipt: bool,
    receipt_at: u64,
}

#[derive(Clone, Copy, Debug)]
struct CatchUp {
    done: u64,
    total: u64,
    heard_at: u64,
    /// Something was missed meanwhile: ask once more when this one ends.
    again: bool,
    /// A batch of it was missed.
    hole: bool,
}

impl Space {
    fn new(info: &SpaceInfo) -> Self {
        Self {
            place: None,
            stored: 0,
            lineage: info.lineage,
            server_seq: info.seq,
            catching: None,
            fetching: Fetching::default(),
            ask_again_at: None,
            made_again: false,
            live: false,
            said: None,
            owes_receipt: false,
            receipt_at: 0,
        }
    }

    fn seq(&self) -> u64 {
        self.place.map_or(0, |place| place.seq)
    }

    pub(super) const fn end(&self) -> u64 {
        self.server_seq
    }

    pub(super) fn progress(&self) -> Option<(u64, u64)> {
        self.catching.map(|catching| (catching.done, catching.total))
    }

    pub(super) fn is_caught_up(&self) -> bool {
        self.live && self.catching.is_none() && self.seq() >= self.server_seq
    }

    pub(super) fn owe_receipt(&mut self) {
        self.owes_receipt = self.live;
    }

    pub(super) fn forget_connection(&mut self) {
        // What was received may never have got to the disk.
        self.place = None;
        self.catching = None;
        self.fetching = Fetching::default();
        self.ask_again_at = None;
        self.made_again = false;
        self.live = false;
        self.said = None;
    }

    /// What was asked for is on its way, or can't be before then.
    pub(super) fn moving(&mut self, at: u64) {
        if let Some(catching) = &mut self.catching {
            catching.heard_at = catching.heard_at.max(at);
        }
        self.fetching.moving(at);
    }

    fn answer_due(&self) -> Option<u64> {
        let catching = self.catching.map(|catching| catching.heard_at + ANSWER_TIMEOUT_MS);
        catching.into_iter().chain(self.fetching.answer_due()).min()
    }

    pub(super) fn wake_at(&self) -> Option<u64> {
        let receipt = self.owes_receipt.then_some(self.receipt_at);
        self.answer_due().into_iter().chain(receipt).chain(self.ask_again_at).min()
    }

    /// Takes the next place of the log; whether it was the next.
    fn step_to(&mut self, seq: u64) -> Option<Place> {
        self.server_seq = self.server_seq.max(seq);
        // A server may say anything, also that its log is at its very end.
        if self.seq().checked_add(1) != Some(seq) {
            return None;
        }
        self.place = Some(Place { seq, lineage: self.lineage });
        self.place
    }
}

impl Device {
    pub(super) fn agreed_spaces(&mut self, infos: &[SpaceInfo]) {
        for info in infos {
            let space = self.spaces.entry(info.id).or_insert_with(|| Space::new(info));
            space.lineage = info.lineage;
            space.server_seq = info.seq;
        }
    }

    pub(super) fn enter_space(&mut self, id: SpaceId, place: Option<Place>, now: u64) {
        if let Some(space) = self.spaces.get_mut(&id) {
            space.place = place;
            space.stored = place.map_or(0, |place| place.seq);
            space.catching = None;
            self.request_sync(id, now);
        }
    }

    /// Asks for everything after the cursor; while a catch-up runs, once more at its end.
    pub fn sync_now(&mut self, id: SpaceId, now: u64) {
        if matches!(self.phase, Phase::Live { .. }) && self.level == Some(2) {
            self.request_sync(id, now);
        }
    }

    fn request_sync(&mut self, id: SpaceId, now: u64) {
        let Some(space) = self.spaces.get_mut(&id) else { return };
        if let Some(catching) = &mut space.catching {
            catching.again = true;
            return;
        }
        space.catching = Some(CatchUp { done: 0, total: 0, heard_at: now, again: false, hole: false });
        self.ask_for_log(id);
    }

    fn ask_for_log(&mut self, id: SpaceId) {
        let Some(space) = self.spaces.get(&id) else { return };
        let since = space.seq();
        let sync = level2::Sync {
            space_id: id,
            since,
            lineage: space.place.filter(|place| place.seq > 0).map(|place| place.lineage),
            newest: (since == 0 || space.server_seq.saturating_sub(since) >= MANY_ROWS).then_some(NEWEST),
            note_ids: None,
        };
        self.send(&level2::ClientMessage::Sync(sync));
    }

    pub(super) fn sync_batch(&mut self, mut batch: level2::SyncBatch, now: u64) {
        if mutant::is(Mutant::CursorFollowsDocuments) && batch.early {
            batch.up_to = batch.rows.last().map_or(batch.up_to, |row| row.seq);
            batch.early = false;
        }
        let Some(space) = self.spaces.get_mut(&batch.space_id) else {
            return;
        };
        let named = space.fetching.is_answered_by(&batch);
        if named {
            space.fetching.moving(now);
        }
        if let Some(catching) = space.catching.as_mut().filter(|_| !named) {
            let hole = catching.hole || batch.done > catching.done + batch.rows.len() as u64;
            *catching = CatchUp { done: batch.done, total: batch.total, heard_at: now, again: catching.again, hole };
        }
        // Rows out of turn and rows fetched by name leave the cursor; so does a batch that was overtaken, or follows a hole.
        let goes_on = space.catching.is_some_and(|catching| !catching.hole || space.made_again);
        let moves = !batch.early && batch.up_to > space.seq() && goes_on;
        if moves {
            space.place = Some(Place { seq: batch.up_to, lineage: space.lineage });
        }
        let cursor = if moves { space.place } else { None };
        let answers = space.catching.is_some();
        if !batch.rows.is_empty() || cursor.is_some() {
            self.outputs.push(Output::Rows(Rows { space: batch.space_id, rows: batch.rows, cursor, live: false }));
        }
        if answers {
            self.open_push(now);
        }
    }

    pub(super) fn sync_complete(&mut self, complete: level2::SyncComplete, now: u64) {
        let Some(space) = self.spaces.get_mut(&complete.space_id) else {
            return;
        };
        if let Some(notes) = complete.note_ids {
            return self.documents_complete(complete.space_id, notes, now);
        }
        let caught = space.catching.take();
        if caught.is_some_and(|catching| catching.hole) && !std::mem::replace(&mut space.made_again, true) {
            return self.request_sync(complete.space_id, now);
        }
        space.made_again = false;
        let again = caught.is_some_and(|catching| catching.again);
        space.lineage = complete.lineage;
        space.server_seq = space.server_seq.max(complete.seq);
        space.live = true;
        space.owes_receipt = true;
        let cursor = Place { seq: complete.seq.max(space.seq()), lineage: complete.lineage };
        space.place = Some(cursor);
        // What was overtaken by live rows says nothing about where the log ends now.
        let digest = (cursor.seq == complete.seq).then_some(complete.digest);
        self.outputs.push(Output::CaughtUp { space: complete.space_id, cursor, digest });
        self.open_push(now);
        if again {
            self.request_sync(complete.space_id, now);
        }
        self.send_receipts(now);
    }

    /// A row of another device, live.
    pub(super) fn live_row(&mut self, id: SpaceId, row: level2::Row, now: u64) {
        let Some(space) = self.spaces.get_mut(&id) else { return };
        if row.seq <= space.seq() {
            return;
        }
        if mutant::is(Mutant::CursorSkipsGaps) {
            space.place = Some(Place { seq: row.seq - 1, lineage: space.lineage });
        }
        match space.step_to(row.seq) {
            Some(place) => {
                let rows = Rows { space: id, rows: vec![row], cursor: Some(place), live: true };
                self.outputs.push(Output::Rows(rows));
            }
            None => self.request_sync(id, now),
        }
    }

    /// Whether an answer at `seq` was the next of the log; after a hole the device asks for what is missing.
    pub(super) fn answered_at(&mut self, id: SpaceId, seq: u64, now: u64) -> Option<Place> {
        let space = self.spaces.get_mut(&id)?;
        let stepped = space.step_to(seq);
        let hole = stepped.is_none() && space.live && seq > space.seq();
        if hole {
            self.request_sync(id, now);
        }
        stepped
    }

    /// A row stands there that doesn't come by itself: it was answered to somebody who isn't here any more.
    pub(super) fn missed_row(&mut self, id: SpaceId, seq: u64, now: u64) {
        if self.spaces.get(&id).is_some_and(|space| space.live && seq > space.seq()) {
            self.request_sync(id, now);
        }
    }

    pub(super) fn update_acked(&mut self, acked: Acked) {
        self.outputs.push(Output::Acked(acked));
    }

    pub(super) fn behind(&mut self, id: SpaceId, now: u64) {
        if let Some(space) = self.spaces.get_mut(&id) {
            space.live = false;
        }
        self.request_sync(id, now);
    }

    pub(super) fn heard_seqs(&mut self, seqs: &std::collections::BTreeMap<SpaceId, u64>, now: u64) {
        for (id, seq) in seqs {
            let Some(space) = self.spaces.get_mut(id) else { continue };
            space.server_seq = space.server_seq.max(*seq);
            if space.catching.is_some() {
                continue;
            }
            if *seq > space.seq() {
                self.request_sync(*id, now);
            } else if space.live {
                self.outputs.push(Output::InStep { space: *id });
            }
        }
    }

    /// Everything up to this place of the space is on disk.
    pub fn stored(&mut self, id: SpaceId, place: Place, now: u64) {
        if let Some(space) = self.spaces.get_mut(&id) {
            space.stored = space.stored.max(place.seq);
            space.owes_receipt |= space.live;
            // Only now: with a disk that refuses, coming back at once would go on for ever.
            if space.live && space.catching.is_none() {
                self.succeeded();
            }
        }
        self.send_receipts(now);
    }

    /// What is here isn't what the server has: every row is asked for again. Answers whether it was: without a live
    /// connection there is nobody to ask, and a catch-up under way would go on from where it is.
    pub fn read_anew(&mut self, id: SpaceId, now: u64) -> bool {
        let live = matches!(self.phase, Phase::Live { .. }) && self.level == Some(2);
        match self.spaces.get_mut(&id).filter(|space| live && space.catching.is_none()) {
            Some(space) => {
                space.place = None;
                self.request_sync(id, now);
                true
            }
            None => false,
        }
    }

    /// Rows or a cursor couldn't be written: what was received since doesn't count. The connection begins anew, from
    /// what is on disk.
    pub fn store_failed(&mut self, now: u64) {
        if matches!(self.phase, Phase::Live { .. }) {
            self.give_up(1000, now);
        }
    }

    pub(super) fn overdue_catch_up(&self, now: u64) -> bool {
        self.spaces.values().any(|space| space.answer_due().is_some_and(|due| now >= due))
    }

    /// The server can't answer now, and an error doesn't say what: whatever waits for rows is asked for again.
    pub(super) fn asks_again(&mut self, at: u64) {
        for space in self.spaces.values_mut().filter(|space| space.answer_due().is_some()) {
            space.moving(at);
            space.ask_again_at = Some(at);
        }
    }

    pub(super) fn ask_again(&mut self, now: u64) {
        let due = |space: &mut Space| space.ask_again_at.take_if(|at| now >= *at).is_some();
        let spaces: Vec<SpaceId> = self.spaces.iter_mut().filter_map(|(id, space)| due(space).then_some(*id)).collect();
        for id in spaces {
            if self.spaces.get(&id).is_some_and(|space| space.catching.is_some()) {
                self.ask_for_log(id);
            }
            self.request_documents(id, now);
        }
    }

    pub(super) fn send_receipts(&mut self, now: u64) {
        let Phase::Live { .. } = self.phase else { return };
        let mut messages = Vec::new();
        for (id, space) in &mut self.spaces {
            if !space.owes_receipt || now < space.receipt_at {
                continue;
            }
            space.owes_receipt = false;
            let at_hand = self.content.as_ref().filter(|content| content.space == *id && content.seq == space.stored);
            let content = at_hand.filter(|_| self.unsent == 0).map(|content| content.digest.clone());
            let received = level2::Received { space_id: *id, seq: space.stored, unsent: self.unsent, content };
            if space.live && space.said.as_ref() != Some(&received) {
                space.said = Some(received.clone());
                space.receipt_at = now + RECEIVED_INTERVAL_MS;
                messages.push(level2::ClientMessage::Received(received));
            }
        }
        messages.iter().for_each(|message| self.send(message));
    }
}
