//! Catching up and going live: which rows of which space a socket has been given, so that it is given every later one
//! exactly once and in order. Never reads the log itself.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use stet_model::id::{NoteId, SpaceId};
use stet_model::mutant::{self, Mutant};
use stet_protocol::codec::encode;
use stet_protocol::limits::{CATCH_UPS, NOTE_IDS};
use stet_protocol::message::ErrorCode;
use stet_protocol::message::level2::{ServerMessage, Sync, SyncComplete};

use super::connection::{Connection, Stage, Turn};
use super::event::Committed;
use super::work::{Cursor, Effect, Head, Read, ReadAnswer, ReadRefusal, ReadRequest, Refusal};

/// Rows committed while a read is under way; beyond this they are read from the log like the rest.
const HELD_BYTES: usize = 1 << 20;

/// What a socket has of a space.
#[derive(Debug)]
pub(super) struct Feed {
    /// The last seq known to be committed.
    pub(super) seq: u64,
    flow: Flow,
}

#[derive(Debug)]
enum Flow {
    /// Never synced on this socket: acknowledgements only.
    Quiet,
    /// A catch-up with this ticket is under way.
    CatchingUp(u64),
    /// Everything up to here was given, and every later row will be.
    Live(u64),
    /// Too slow, or a hole: acknowledgements only until the next `sync`.
    Behind,
}

impl Feed {
    pub(super) fn new(seq: u64) -> Self {
        Self { seq, flow: Flow::Quiet }
    }
}

/// A `sync` on its way.
#[derive(Debug)]
pub(super) struct CatchUp {
    space_id: SpaceId,
    since: u64,
    done: u64,
    total: u64,
    early: Arc<[NoteId]>,
    /// Only the documents in `early`, and the cursor stays.
    named: bool,
    /// The next read, when it waits for the reader to catch up.
    next: Option<Read>,
    held: Vec<Arc<Committed>>,
    held_bytes: usize,
    overflowed: bool,
}

impl Connection {
    pub(super) fn sync(&mut self, sync: Sync, turn: &mut Turn<'_>) {
        let Sync { space_id, since, lineage, newest, note_ids } = sync;
        let Some(feed) = self.feeds.get(&space_id) else {
            return self.refuse(Refusal::new(ErrorCode::NotFound), turn);
        };
        if since > 0 && lineage.is_none() && note_ids.is_none() {
            let refusal = Refusal::new(ErrorCode::Malformed).because("a cursor needs its lineage");
            return self.malformed(refusal, turn);
        }
        if note_ids.as_ref().is_some_and(|ids| ids.len() > NOTE_IDS) {
            let detail = format!("at most {NOTE_IDS} noteIds at a time");
            return self.refuse(Refusal::new(ErrorCode::TooLarge).because(detail), turn);
        }
        if note_ids.is_none()
            && let Flow::CatchingUp(ticket) = feed.flow
        {
            self.abandon(ticket, turn);
        }
        if self.catch_ups.len() >= CATCH_UPS {
            return self.refuse(Refusal::new(ErrorCode::RateLimited).retry_after(1_000), turn);
        }
        let named = note_ids.is_some();
        let early: Arc<[NoteId]> = note_ids.unwrap_or_default().into();
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        let read = if named {
            Read::Documents { note_ids: Arc::clone(&early), from: Cursor::default(), since }
        } else {
            if let Some(feed) = self.feeds.get_mut(&space_id) {
                feed.flow = Flow::CatchingUp(ticket);
            }
            Read::Begin { since, lineage, newest: newest.unwrap_or(0).min(self.settings.newest_notes) }
        };
        let next = Some(read);
        let (held, held_bytes, overflowed) = (Vec::new(), 0, false);
        let catch_up = CatchUp { space_id, since, done: 0, total: 0, early, named, next, held, held_bytes, overflowed };
        self.catch_ups.insert(ticket, catch_up);
        self.go_on_reading(turn);
    }

    /// A newer `sync` of the same space replaces one that is under way.
    fn abandon(&mut self, ticket: u64, turn: &mut Turn<'_>) {
        if let Some(catch_up) = self.catch_ups.remove(&ticket) {
            for event in &catch_up.held {
                self.acknowledge(event, turn);
            }
        }
    }

    /// Asks for the next rows of a catch-up, unless some are being read or the reader has enough to do. Each catch-up in
    /// its turn.
    pub(super) fn go_on_reading(&mut self, turn: &mut Turn<'_>) {
        // Two batches ahead of the reader keep the socket busy without filling memory.
        if self.reading.is_some() || turn.outbox.bytes() > 2 * self.settings.batch_bytes {
            return;
        }
        let waiting =
            || self.catch_ups.iter().filter(|(_, catch_up)| catch_up.next.is_some()).map(|(ticket, _)| *ticket);
        let in_turn = waiting().find(|ticket| Some(*ticket) > self.read_last).or_else(|| waiting().next());
        let Some(ticket) = in_turn else { return };
        let Some(catch_up) = self.catch_ups.get_mut(&ticket) else { return };
        let CatchUp { space_id, done, total, .. } = *catch_up;
        let Some(read) = catch_up.next.take() else { return };
        self.reading = Some(ticket);
        self.read_last = Some(ticket);
        let (encoding, batch_bytes) = (self.encoding, self.settings.batch_bytes);
        turn.effects.push(Effect::Read(ReadRequest { space_id, ticket, encoding, done, total, batch_bytes, read }));
    }

    /// Whether rows wait for the reader to take what it was given.
    pub fn waits_for_reader(&self) -> bool {
        self.catch_ups.values().any(|catch_up| catch_up.next.is_some())
    }

    pub(super) fn read(&mut self, ticket: u64, answer: ReadAnswer, turn: &mut Turn<'_>) {
        if self.reading == Some(ticket) {
            self.reading = None;
        }
        let Some(mut catch_up) = self.catch_ups.remove(&ticket) else {
            // It was for one that a newer one took the place of.
            return self.go_on_reading(turn);
        };
        let held = std::mem::take(&mut catch_up.held);
        let overflowed = std::mem::take(&mut catch_up.overflowed);
        catch_up.held_bytes = 0;
        let goes_on = match answer {
            ReadAnswer::Begun { rows, early, early_rows } => {
                catch_up.total = rows + early_rows;
                catch_up.early = early.into();
                self.acknowledge_all(&held, turn);
                catch_up.next = Some(catch_up.after_begin());
                true
            }
            ReadAnswer::Documents { batch, next, head } => {
                catch_up.sent(batch, turn);
                self.acknowledge_all(&held, turn);
                catch_up.next = catch_up.after_documents(next);
                if catch_up.next.is_none() {
                    let note_ids = Some(catch_up.early.to_vec());
                    self.complete(catch_up.space_id, &head, note_ids, turn);
                }
                catch_up.next.is_some()
            }
            ReadAnswer::Log { batch, up_to, end } => {
                catch_up.sent(batch, turn);
                catch_up.since = up_to;
                match end {
                    Some(head) if !overflowed => {
                        self.go_live(catch_up.space_id, &head, &held, turn);
                        false
                    }
                    _ => {
                        self.acknowledge_all(&held, turn);
                        catch_up.next = Some(Read::Log { since: up_to });
                        true
                    }
                }
            }
            ReadAnswer::Refused(refusal) => {
                self.acknowledge_all(&held, turn);
                self.refused(&catch_up, refusal, turn);
                false
            }
        };
        if goes_on {
            self.catch_ups.insert(ticket, catch_up);
        } else {
            self.rest();
        }
        self.go_on_reading(turn);
    }

    /// Gives back what empty queues keep: most sockets say little after they have caught up, and there are thousands.
    fn rest(&mut self) {
        if self.catch_ups.is_empty() {
            self.catch_ups = BTreeMap::new();
        }
        if self.inbox.is_empty() {
            self.inbox = VecDeque::new();
        }
    }

    fn refused(&mut self, catch_up: &CatchUp, refusal: ReadRefusal, turn: &mut Turn<'_>) {
        if !catch_up.named
            && let Some(feed) = self.feeds.get_mut(&catch_up.space_id)
        {
            feed.flow = Flow::Quiet;
        }
        let refusal = match refusal {
            ReadRefusal::NotFound => Refusal::new(ErrorCode::NotFound),
            ReadRefusal::Diverged => Refusal::new(ErrorCode::DivergedLog),
            ReadRefusal::Failed => Refusal::new(ErrorCode::Internal).retry_after(5_000),
        };
        self.refuse(refusal, turn);
    }

    fn complete(&self, space_id: SpaceId, head: &Head, note_ids: Option<Vec<NoteId>>, turn: &mut Turn<'_>) {
        let Head { seq, lineage, digest } = head.clone();
        self.send2(&ServerMessage::SyncComplete(SyncComplete { space_id, seq, lineage, digest, note_ids }), turn);
    }

    fn go_live(&mut self, space_id: SpaceId, head: &Head, held: &[Arc<Committed>], turn: &mut Turn<'_>) {
        for event in held.iter().filter(|event| event.seq <= head.seq) {
            self.acknowledge(event, turn);
        }
        self.complete(space_id, head, None, turn);
        if let Some(feed) = self.feeds.get_mut(&space_id) {
            feed.flow = Flow::Live(head.seq);
        }
        for event in held.iter().filter(|event| event.seq > head.seq) {
            self.deliver(event, turn);
        }
        turn.effects.push(Effect::Receipts(space_id));
    }

    /// A row was committed in a space of this user.
    pub(super) fn committed(&mut self, event: &Arc<Committed>, turn: &mut Turn<'_>) {
        let Some(feed) = self.feeds.get_mut(&event.space_id) else { return };
        feed.seq = feed.seq.max(event.seq);
        if self.stage != Stage::Level2 {
            return;
        }
        if let Flow::CatchingUp(ticket) = feed.flow
            && let Some(catch_up) = self.catch_ups.get_mut(&ticket)
            && catch_up.next.is_none()
            && !catch_up.overflowed
        {
            catch_up.held.push(Arc::clone(event));
            catch_up.held_bytes += event.weight();
            if catch_up.held_bytes > HELD_BYTES {
                catch_up.overflowed = true;
                let held = std::mem::take(&mut catch_up.held);
                self.acknowledge_all(&held, turn);
            }
            return;
        }
        self.deliver(event, turn);
    }

    /// Puts a row where it belongs in the queue of a live socket; elsewhere only its acknowledgement.
    fn deliver(&mut self, event: &Arc<Committed>, turn: &mut Turn<'_>) {
        let Some(feed) = self.feeds.get_mut(&event.space_id) else { return };
        let mut fell_behind = false;
        if let Flow::Live(last) = feed.flow {
            if event.seq == last + 1 {
                let own = event.origin.as_ref().is_some_and(|origin| origin.connection_id == self.id);
                if own || turn.outbox.bytes() <= self.settings.backlog_bytes {
                    feed.flow = Flow::Live(event.seq);
                    if !own {
                        turn.outbox.push(event.frame(self.encoding));
                    }
                } else {
                    fell_behind = true;
                }
            } else if event.seq > last {
                fell_behind = true;
            }
        }
        if fell_behind {
            feed.flow = Flow::Behind;
            self.send2(&ServerMessage::Behind { space_id: event.space_id }, turn);
        }
        self.acknowledge(event, turn);
    }

    fn acknowledge_all(&mut self, events: &[Arc<Committed>], turn: &mut Turn<'_>) {
        for event in events {
            self.acknowledge(event, turn);
        }
    }

    /// Tells this socket that its own update has a place; a row of somebody else is passed over.
    fn acknowledge(&mut self, event: &Committed, turn: &mut Turn<'_>) {
        let Some(origin) = event.origin.as_ref().filter(|origin| origin.connection_id == self.id) else { return };
        let Some(id) = origin.id.clone() else { return };
        self.settle(&id);
        let Committed { space_id, note_id, seq, timestamp, .. } = *event;
        let success = ServerMessage::NoteUpdateSuccess { id, space_id, note_id, seq, timestamp };
        if mutant::is(Mutant::AcksOvertakeRows) {
            return turn.outbox.push_ahead(Arc::new(encode(&success, self.encoding)));
        }
        self.send2(&success, turn);
    }
}

impl CatchUp {
    fn sent(&mut self, batch: Option<(Arc<stet_protocol::codec::Frame>, u64)>, turn: &mut Turn<'_>) {
        if let Some((frame, rows)) = batch {
            self.done += rows;
            self.total = self.total.max(self.done);
            turn.outbox.push(frame);
        }
    }

    fn after_begin(&self) -> Read {
        if self.early.is_empty() {
            return Read::Log { since: self.since };
        }
        Read::Documents { note_ids: Arc::clone(&self.early), from: Cursor::default(), since: self.since }
    }

    fn after_documents(&self, next: Option<Cursor>) -> Option<Read> {
        match next {
            Some(from) => Some(Read::Documents { note_ids: Arc::clone(&self.early), from, since: self.since }),
            None if self.named => None,
            None => Some(Read::Log { since: self.since }),
        }
    }
}
