//! Sending what is unsent: one update in flight per document, a bounded window, refusals that hold back their document
//! alone. What is unsent is known by its documents, not by a list of messages.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use stet_model::id::{DocKey, NoteId};
use stet_protocol::bytes::Bytes;
use stet_protocol::codec::{self, Frame};
use stet_protocol::limits::{ANSWER_TIMEOUT_MS, BYTES_IN_FLIGHT, UPDATE_BYTES, UPDATES_IN_FLIGHT};
use stet_protocol::message::{ErrorCode, ErrorMessage, Limits, level1, level2};

use super::Device;
use super::connection::Phase;
use super::output::{Acked, Output, Refused};

/// Wait after a `rate-limited` that names no time, milliseconds.
const RATE_LIMITED_MS: u64 = 1_000;
/// Bytes on their way that take a slow line a while.
const MUCH_BYTES: u64 = 64 * 1_024;
/// What a message has around its operations, at most, bytes.
const ENVELOPE_BYTES: u64 = 1_024;
/// So often the server may fail at a document, while it takes others.
const FAILURES: u8 = 3;

/// Operations of a document, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// The document.
    pub doc: DocKey,
    /// The last seq of it on this disk; 0 for none.
    pub after: u64,
    /// The operations from *known* to a version committed on this disk.
    pub ops: Vec<u8>,
    /// That version, opaque.
    pub end: Vec<u8>,
}

/// The server's answer to an update or a purge.
pub(super) struct Answered<'a> {
    pub(super) id: &'a str,
    pub(super) doc: DocKey,
    pub(super) seq: u64,
    pub(super) timestamp: i64,
}

/// Documents on their way.
#[derive(Clone, Debug, Default)]
pub(super) struct Push {
    queue: VecDeque<DocKey>,
    queued: BTreeSet<DocKey>,
    /// Marked dirty again while under way.
    again: BTreeSet<DocKey>,
    /// Removals asked for, with the last seq the user saw.
    purges: BTreeMap<DocKey, u64>,
    preparing: BTreeSet<DocKey>,
    in_flight: BTreeMap<DocKey, InFlight>,
    /// Of these, what the window has no room for yet. Nothing more is asked for meanwhile, so they are as many as a window
    /// holds at most.
    waiting: VecDeque<(DocKey, Frame)>,
    /// Operations sent and not answered, bytes.
    bytes: u64,
    /// The server has answered from where the log is followed here. Before, nothing is sent: if it is another log by now,
    /// updates that build on rows of the former would be in it without them, for ever.
    open: bool,
    /// The pause a server asked for. It outlives the connection: one that comes back at once is no answer to "too much".
    quiet_until: u64,
    /// Updates taken so far.
    taken: u64,
    /// How often the server failed at a document in a row, and how many updates it had taken when it first did.
    failures: BTreeMap<DocKey, (u8, u64)>,
    /// Something large moved on this connection last then.
    moved_at: u64,
    max_updates: u64,
    max_bytes: u64,
    /// The largest update the server takes, bytes of its operations.
    max_update: u64,
}

#[derive(Clone, Debug)]
pub(super) struct InFlight {
    id: String,
    pub(super) end: Vec<u8>,
    bytes: u64,
    /// Nothing while it waits for room.
    sent_at: Option<u64>,
    purge: bool,
    order: u64,
}

impl Push {
    pub(super) fn set_limits(&mut self, limits: &Limits) {
        self.max_updates = limits.updates_in_flight.clamp(1, UPDATES_IN_FLIGHT);
        self.max_bytes = limits.bytes_in_flight.clamp(1, BYTES_IN_FLIGHT);
        let message = limits.message_bytes.saturating_sub(ENVELOPE_BYTES);
        self.max_update = UPDATE_BYTES.min(message).min(limits.bytes_in_flight).max(ENVELOPE_BYTES);
    }

    /// The server is another one now, or nobody wants to be connected.
    pub(super) const fn forget_pause(&mut self) {
        self.quiet_until = 0;
    }

    pub(super) fn forget_connection(&mut self) {
        let under_way =
            std::mem::take(&mut self.preparing).into_iter().chain(std::mem::take(&mut self.in_flight).into_keys());
        for doc in under_way.collect::<Vec<_>>() {
            self.enqueue(doc);
        }
        self.again.clear();
        self.waiting.clear();
        self.failures.clear();
        self.bytes = 0;
        self.open = false;
    }

    /// Whether an answer may take long because of what goes ahead of it.
    pub(super) const fn sends_much(&self) -> bool {
        self.bytes > MUCH_BYTES
    }

    /// The server failed at this document. Whether the fault seems to be the document's: others have been taken since it
    /// failed first.
    fn fails(&mut self, doc: DocKey) -> bool {
        let taken = self.taken;
        let (times, since) = self.failures.entry(doc).or_insert((0, taken));
        *times = times.saturating_add(1);
        let others = taken > *since;
        *times >= FAILURES && others && self.failures.remove(&doc).is_some()
    }

    fn is_taken(&mut self, doc: DocKey) {
        self.failures.remove(&doc);
        self.taken += 1;
    }

    pub(super) fn moving(&mut self, now: u64) {
        self.moved_at = now;
    }

    /// When the update waited for longest is given up: counted from when the last of it may have left.
    fn answer_due(&self) -> Option<u64> {
        let sent_at = self.in_flight.values().filter_map(|update| update.sent_at).min()?;
        Some(sent_at.max(self.moved_at) + ANSWER_TIMEOUT_MS)
    }

    pub(super) fn overdue(&self, now: u64) -> bool {
        self.answer_due().is_some_and(|due| now >= due)
    }

    pub(super) fn wake_at(&self) -> Option<u64> {
        let answer = self.answer_due();
        let asks = !self.queue.is_empty() && self.has_room();
        let quiet = (asks || self.next_fits()).then_some(self.quiet_until);
        answer.into_iter().chain(quiet).min()
    }

    fn has_room(&self) -> bool {
        self.open
            && self.waiting.is_empty()
            && ((self.in_flight.len() + self.preparing.len()) as u64) < self.max_updates
            && self.bytes < self.max_bytes
    }

    /// Whether the first that waits may go. With nothing on its way anything may.
    fn next_fits(&self) -> bool {
        let first = self.waiting.front().and_then(|(doc, _)| self.in_flight.get(doc));
        first.is_some_and(|update| self.bytes == 0 || self.bytes + update.bytes <= self.max_bytes)
    }

    /// The next that the window has room for; it counts as sent.
    fn release(&mut self, now: u64) -> Option<Frame> {
        let (doc, frame) = if self.next_fits() { self.waiting.pop_front()? } else { return None };
        let update = self.in_flight.get_mut(&doc)?;
        update.sent_at = Some(now);
        self.bytes += update.bytes;
        Some(frame)
    }

    fn enqueue(&mut self, doc: DocKey) {
        if self.preparing.contains(&doc) || self.in_flight.contains_key(&doc) {
            self.again.insert(doc);
        } else if self.queued.insert(doc) {
            self.queue.push_back(doc);
        }
    }

    fn next(&mut self) -> Option<DocKey> {
        let doc = self.queue.pop_front()?;
        self.queued.remove(&doc);
        Some(doc)
    }

    pub(super) fn settle(&mut self, doc: DocKey) -> Option<InFlight> {
        let update = self.in_flight.remove(&doc)?;
        self.bytes = self.bytes.saturating_sub(update.bytes);
        if self.again.remove(&doc) {
            self.enqueue(doc);
        }
        Some(update)
    }

    fn by_id(&self, id: &str) -> Option<DocKey> {
        self.in_flight.iter().find(|(_, update)| update.id == id && update.sent_at.is_some()).map(|(doc, _)| *doc)
    }

    fn largest(&self) -> Option<DocKey> {
        let sent = self.in_flight.iter().filter(|(_, update)| update.sent_at.is_some() && !update.purge);
        sent.max_by_key(|(_, update)| update.bytes).map(|(doc, _)| *doc)
    }

    /// When the update of a note that has no answer yet was sent, by its number.
    pub(super) fn sent_of_note(&self, note: NoteId) -> Option<u64> {
        self.in_flight.iter().find(|(doc, _)| doc.note == note).map(|(_, update)| update.order)
    }

    /// The update sent first of those without an answer.
    pub(super) fn oldest(&self) -> Option<DocKey> {
        self.in_flight.iter().min_by_key(|(_, update)| update.order).map(|(doc, _)| *doc)
    }
}

impl Device {
    /// This document has something committed that the server hasn't confirmed.
    pub fn dirty(&mut self, doc: DocKey, now: u64) {
        self.push.enqueue(doc);
        self.pump(now);
    }

    /// The user removed this note for good; `after` is the last seq of it on this disk.
    pub fn purge(&mut self, doc: DocKey, after: u64, now: u64) {
        self.push.purges.insert(doc, after);
        self.push.enqueue(doc);
        self.pump(now);
    }

    /// The document isn't to be sent any more (it is held back, or gone).
    pub fn drop_document(&mut self, doc: DocKey) {
        self.push.purges.remove(&doc);
        self.push.again.remove(&doc);
        if self.push.queued.remove(&doc) {
            self.push.queue.retain(|queued| *queued != doc);
        }
    }

    /// The answer to [`Output::Prepare`] at level 2.
    pub fn prepared(&mut self, prepared: Prepared, now: u64) {
        if !self.push.preparing.remove(&prepared.doc) {
            return;
        }
        let Prepared { doc, after, ops, end } = prepared;
        let id = self.request_name();
        let bytes = ops.len() as u64;
        let update =
            level2::NoteUpdate { id: id.clone(), space_id: doc.space, note_id: doc.note, after, ops: vec![Bytes(ops)] };
        let frame = codec::encode(&level2::ClientMessage::NoteUpdate(update), self.encoding);
        self.under_way(doc, InFlight { id, end, bytes, sent_at: None, purge: false, order: self.next_request });
        self.push.waiting.push_back((doc, frame));
        self.pump(now);
    }

    /// The answer to [`Output::Prepare`] at level 1: the note's fields, and whether the server doesn't know it yet.
    pub fn prepared_level1(&mut self, doc: DocKey, request: &super::level1::Request, end: Vec<u8>, now: u64) {
        let frames = Self::level1_frames(doc.note, request);
        let bytes = frames.iter().map(Frame::len).sum::<usize>() as u64;
        if self.begin_level1(doc, end, bytes, now) {
            frames.into_iter().for_each(|frame| self.send_frame(frame));
            self.pump(now);
        }
    }

    /// Whether the document is waited for; it is under way from now on.
    pub(super) fn begin_level1(&mut self, doc: DocKey, end: Vec<u8>, bytes: u64, now: u64) -> bool {
        let waited_for = self.push.preparing.remove(&doc);
        if waited_for {
            let id = self.request_name();
            let sent_at = Some(now);
            self.push.bytes += bytes;
            self.under_way(doc, InFlight { id, end, bytes, sent_at, purge: false, order: self.next_request });
        }
        waited_for
    }

    /// Whether the document was under way; it isn't any more.
    pub(super) fn settle(&mut self, doc: DocKey) -> bool {
        self.push.settle(doc).is_some()
    }

    /// The answer to [`Output::Prepare`] when there is nothing to send (any more).
    pub fn nothing_to_send(&mut self, doc: DocKey, now: u64) {
        self.push.preparing.remove(&doc);
        if self.push.again.remove(&doc) {
            self.push.enqueue(doc);
        }
        self.pump(now);
    }

    /// Until when the server wants nothing sent, while that is to come.
    pub fn sends_again_at(&self, now: u64) -> Option<u64> {
        (self.push.quiet_until > now).then_some(self.push.quiet_until)
    }

    /// The largest update the server takes, bytes of its operations; what is larger goes in several.
    pub const fn update_bytes(&self) -> u64 {
        self.push.max_update
    }

    /// Whether an update of this document waits for its answer.
    pub fn is_in_flight(&self, doc: DocKey) -> bool {
        self.push.in_flight.contains_key(&doc)
    }

    fn under_way(&mut self, doc: DocKey, update: InFlight) {
        self.push.in_flight.insert(doc, update);
    }

    /// What is sent from now on meets the log that is followed here.
    pub(super) fn open_push(&mut self, now: u64) {
        if !std::mem::replace(&mut self.push.open, true) {
            self.pump(now);
        }
    }

    /// Sends what waits and asks for the next documents, as far as the window allows.
    pub(super) fn pump(&mut self, now: u64) {
        let Phase::Live { .. } = self.phase else { return };
        if now < self.push.quiet_until {
            return;
        }
        while let Some(frame) = self.push.release(now) {
            self.send_frame(frame);
        }
        while self.push.has_room() {
            let Some(doc) = self.push.next() else { return };
            match self.push.purges.get(&doc) {
                Some(after) if self.level == Some(2) => self.send_purge(doc, *after, now),
                _ => {
                    self.push.preparing.insert(doc);
                    self.outputs.push(Output::Prepare { doc });
                }
            }
        }
    }

    fn send_purge(&mut self, doc: DocKey, after: u64, now: u64) {
        let id = self.request_name();
        let purge = level2::NotePurge { id: id.clone(), space_id: doc.space, note_id: doc.note, after };
        let order = self.next_request;
        self.under_way(doc, InFlight { id, end: Vec::new(), bytes: 0, sent_at: Some(now), purge: true, order });
        self.send(&level2::ClientMessage::NotePurge(purge));
    }

    pub(super) fn update_answered(&mut self, answered: &Answered, now: u64) {
        let Answered { id, doc, seq, timestamp } = *answered;
        match self.push.by_id(id).filter(|sent| *sent == doc).and_then(|doc| self.push.settle(doc)) {
            Some(update) if update.purge => {
                let cursor = self.answered_at(doc.space, seq, now);
                self.push.purges.remove(&doc);
                self.outputs.push(Output::PurgeAcked { doc, seq, cursor });
            }
            Some(update) => {
                let cursor = self.answered_at(doc.space, seq, now);
                self.push.is_taken(doc);
                self.update_acked(Acked { doc, end: update.end, seq, timestamp, cursor });
            }
            // Nobody waits for it any more: where the document stands now the row itself has to say.
            None => self.missed_row(doc.space, seq, now),
        }
        self.pump(now);
    }

    /// Handles an error about a document on its way; whether it was one.
    pub(super) fn refused(&mut self, error: &ErrorMessage, now: u64) -> bool {
        if self.level == Some(1) && error.note_id.is_some_and(|note| self.is_join_refused(note, error.code)) {
            return true;
        }
        let named = error.id.as_deref().and_then(|id| self.push.by_id(id));
        // At level 2 an answer to an update always names it; an error with a note alone is about a join.
        let by_note = || {
            let note = error.note_id.filter(|_| self.level == Some(1))?;
            self.push.in_flight.keys().find(|doc| doc.note == note).copied()
        };
        // One that names a note which isn't on its way is about that: it was answered before.
        let named_nothing = error.note_id.is_none() && self.level == Some(1);
        let level1_oldest = || named_nothing.then(|| self.push.oldest()).flatten();
        let doc = named.or_else(by_note).or_else(level1_oldest);
        let fails = doc.is_some_and(|doc| error.code == ErrorCode::Internal && self.push.fails(doc));
        let is_for_later = matches!(error.code, ErrorCode::RateLimited | ErrorCode::Internal) && !fails;
        if is_for_later {
            let until = now + error.retry_after_ms.unwrap_or(RATE_LIMITED_MS).min(3_600_000);
            self.push.quiet_until = self.push.quiet_until.max(until);
        }
        let Some(doc) = doc else {
            if is_for_later && error.note_id.is_none() {
                self.asks_again(self.push.quiet_until);
            }
            return error.code == ErrorCode::RateLimited;
        };
        let purge = self.push.settle(doc).is_some_and(|update| update.purge);
        if is_for_later {
            self.push.enqueue(doc);
        } else {
            if purge {
                self.push.purges.remove(&doc);
            }
            let message = error.message.clone();
            self.outputs.push(Output::Refused(Refused { doc, code: error.code, message, purge }));
        }
        self.pump(now);
        true
    }

    /// The server closes because of a message's size, and doesn't say which: it can only be about the largest, which would
    /// end the next connection too.
    pub(super) fn was_too_big(&mut self) {
        let Some(doc) = self.push.largest() else { return };
        self.push.settle(doc);
        let message = "the server closed the connection because of its size".to_owned();
        self.outputs.push(Output::Refused(Refused { doc, code: ErrorCode::TooLarge, message, purge: false }));
    }

    /// Settles a level-1 update by its note; the version that was sent.
    pub(super) fn settle_level1(&mut self, note: &level1::Note) -> Option<(DocKey, Vec<u8>)> {
        let doc = self.push.in_flight.keys().find(|doc| doc.note == note.id).copied()?;
        self.push.settle(doc).map(|update| (doc, update.end))
    }
}
