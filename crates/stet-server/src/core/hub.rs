//! Every connection of a server and who they belong to. Feeds each machine and turns what it asks into jobs. Delivery is
//! in `deliver`, level 1 in `level_one`. Never I/O, a thread or a clock.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use stet_model::id::{ConnectionId, NoteId, SpaceId, StoreId, UserId};
use stet_protocol::message::AuthFailure;
use stet_protocol::message::level2::Receipt;
use stet_sync::server::{
    Commit, CommitOutcome, Connection, Effect, Input, Now, Origin, Received, Session, Settings, Stage, Turn,
};

use super::job::{self, Answer, Audience, Claims, Purpose, ReadJob, RowKey, WriteJob};
use super::level_one::NoteQueue;
use super::link::AfterTurn;
use super::resting::Resting;
use super::{Link, Ring, SocketId};
use crate::bus::Bus;
use crate::database::{NewRow, Opening, Random, Write, WriteError, Written};
use crate::level_one::Authors;

/// How long sockets that are sent away wait, milliseconds: the disk gets a moment.
const COME_BACK_MS: u64 = 1_000;

/// Work the hub wants done. Writes are done in this order, reads in any.
#[derive(Debug, Default)]
pub struct Jobs {
    /// What is to be written.
    pub writes: Vec<WriteJob>,
    /// What is to be read or worked out.
    pub reads: Vec<ReadJob>,
}

/// One socket.
pub(super) struct Socket {
    pub(super) connection: Connection,
    pub(super) link: Arc<Link>,
    /// What this socket wrote at level 1, and may have of each note.
    pub(super) authors: Authors,
    timer: i64,
}

/// Every connection of a server.
pub struct Hub {
    pub(super) settings: Arc<Settings>,
    pub(super) bus: Box<dyn Bus>,
    pub(super) random: Random,
    pub(super) store_id: StoreId,
    pub(super) sockets: BTreeMap<SocketId, Socket>,
    pub(super) users: BTreeMap<UserId, BTreeSet<SocketId>>,
    /// The sockets of each space and the last seq they were told of.
    pub(super) rooms: BTreeMap<SpaceId, Room>,
    pub(super) notes: BTreeMap<(SpaceId, NoteId), NoteQueue>,
    pub(super) jobs: Jobs,
    pub(super) resting: Resting,
    timers: BTreeSet<(i64, SocketId)>,
    next_socket: SocketId,
}

/// The sockets of a space.
#[derive(Debug, Default)]
pub(super) struct Room {
    pub(super) sockets: BTreeSet<SocketId>,
    pub(super) last: u64,
    /// Rows whose level-1 answer and broadcast the façade makes itself.
    pub(super) spoken_for: BTreeSet<u64>,
}

impl Hub {
    /// Nobody is connected.
    pub fn new(settings: Arc<Settings>, bus: Box<dyn Bus>, store_id: StoreId, random: Random) -> Self {
        Self {
            settings,
            bus,
            random,
            store_id,
            sockets: BTreeMap::new(),
            users: BTreeMap::new(),
            rooms: BTreeMap::new(),
            notes: BTreeMap::new(),
            jobs: Jobs::default(),
            resting: Resting::default(),
            timers: BTreeSet::new(),
            next_socket: 1,
        }
    }

    /// A new socket.
    pub fn connect(&mut self, link: Arc<Link>, now: Now) -> SocketId {
        let socket = self.next_socket;
        self.next_socket += 1;
        let mut id = [0; 16];
        (self.random)(&mut id);
        let connection =
            Connection::open(ConnectionId::from_bytes(id), Arc::clone(&self.settings), now, &mut link.outbox());
        let timer = connection.deadline();
        self.timers.insert((timer, socket));
        link.ring(Ring::Write);
        self.sockets.insert(socket, Socket { connection, link, authors: Authors::default(), timer });
        socket
    }

    /// A frame came from a socket.
    pub fn message(&mut self, socket: SocketId, received: Received, now: Now) {
        self.turn(socket, Input::Message(received), now);
    }

    /// A WebSocket Ping or Pong came from a socket.
    pub fn alive(&mut self, socket: SocketId, now: Now) {
        self.turn(socket, Input::Alive, now);
    }

    /// A socket's writer has taken what waited.
    pub fn room(&mut self, socket: SocketId, now: Now) {
        self.turn(socket, Input::Drained, now);
    }

    /// A socket is gone.
    pub fn disconnect(&mut self, socket: SocketId) {
        self.leave(socket);
        if let Some(gone) = self.sockets.remove(&socket) {
            self.timers.remove(&(gone.timer, socket));
        }
    }

    /// Wakes every machine whose deadline has come, and has documents folded that rest.
    pub fn timer(&mut self, now: Now) {
        while let Some(key) = self.resting.next(now.mono) {
            self.fold(key);
        }
        while let Some((at, socket)) = self.timers.first().copied()
            && at <= now.mono
        {
            self.timers.pop_first();
            self.turn(socket, Input::Timer, now);
            if let Some(entry) = self.sockets.get_mut(&socket)
                && !entry.connection.is_closed()
            {
                // A machine that has nothing to do now is looked at again no sooner than in a moment.
                entry.timer = entry.connection.deadline().max(now.mono + 1);
                self.timers.insert((entry.timer, socket));
            }
        }
    }

    /// When [`Hub::timer`] is due, on the clock that only goes on.
    pub fn deadline(&self) -> Option<i64> {
        self.timers.first().map(|(at, _)| *at).into_iter().chain(self.resting.deadline()).min()
    }

    /// Tells everybody that the server goes down.
    pub fn drain(&mut self, retry_after_ms: u64, now: Now) {
        let sockets: Vec<_> = self.sockets.keys().copied().collect();
        for socket in sockets {
            self.turn(socket, Input::Draining(retry_after_ms), now);
        }
    }

    /// The work that has come up.
    pub fn take_jobs(&mut self) -> Jobs {
        std::mem::take(&mut self.jobs)
    }

    /// Whether no work has come up.
    pub fn is_idle(&self) -> bool {
        self.jobs.writes.is_empty() && self.jobs.reads.is_empty()
    }

    /// How many sockets there are.
    pub fn connections(&self) -> usize {
        self.sockets.len()
    }

    /// What became of writes, in their order.
    pub fn written(&mut self, results: Vec<(Purpose, Result<Written, WriteError>)>, now: Now) {
        for (purpose, result) in results {
            match purpose {
                Purpose::Open { socket, expires_at } => self.opened(socket, expires_at, result, now),
                Purpose::Request { socket, origin, row, change } => match result {
                    Ok(Written::Stored { seq, first, rows }) => {
                        self.fold_if_due(&row, rows, now);
                        self.publish(row, change, (seq, first, now), Some(origin));
                    }
                    other => {
                        let space_id = row.space_id;
                        let id = origin.id.unwrap_or_default();
                        let unknown = matches!(other, Err(WriteError::Unknown(_)));
                        self.turn(socket, Input::Outcome(&id, space_id, outcome(other)), now);
                        if unknown {
                            self.send_away(space_id, now);
                        }
                    }
                },
                Purpose::Note { key, change } => self.note_written(key, change, result, now),
                Purpose::Receipt { socket, space_id } => self.receipt_written(socket, space_id),
                Purpose::Upkeep => {}
            }
        }
    }

    /// An answer to a job that only read.
    pub fn answer(&mut self, answer: Answer, now: Now) {
        match answer {
            Answer::Verified(socket, device, Ok(Claims { issuer, subject, expires_at })) => {
                let purpose = Purpose::Open { socket, expires_at };
                let write = Write::Open(Opening { issuer, subject, device });
                self.jobs.writes.push(WriteJob { purpose, write });
            }
            Answer::Verified(socket, _, Err(reason)) => {
                self.turn(socket, Input::Authenticated(Err(reason)), now);
            }
            Answer::Log(socket, ticket, answer) => self.turn(socket, Input::Read(ticket, answer), now),
            Answer::Receipts { user_id, space_id, audience, devices } => {
                self.tell_receipts((&user_id, space_id), audience, devices, now);
            }
            Answer::Note(answer) => self.note_answered(*answer, now),
        }
    }

    /// Gives a machine one input, and turns what it asks into jobs.
    pub(super) fn turn(&mut self, socket: SocketId, input: Input<'_>, now: Now) {
        let Some(entry) = self.sockets.get_mut(&socket) else { return };
        let mut effects = Vec::new();
        let mut outbox = entry.link.outbox();
        let was_empty = outbox.is_empty();
        entry.connection.handle(input, &mut Turn { now, outbox: &mut outbox, effects: &mut effects });
        let after = AfterTurn {
            stage: entry.connection.stage(),
            wants_input: entry.connection.wants_input(&outbox),
            wants_room: entry.connection.waits_for_reader() || outbox.bytes() > self.settings.backlog_bytes,
            waiting: was_empty && !outbox.is_empty(),
        };
        // Still under the queue's lock: a writer that empties it now must see that somebody waits for room.
        entry.link.after_turn(after);
        drop(outbox);
        // A shorter deadline than the one waited for: a token runs out sooner.
        let deadline = entry.connection.deadline();
        if deadline < entry.timer {
            self.timers.remove(&(entry.timer, socket));
            entry.timer = deadline;
            self.timers.insert((deadline, socket));
        }
        let closed = entry.connection.is_closed();
        if closed {
            entry.link.ring(Ring::Close);
        }
        for effect in effects {
            self.effect(socket, effect);
        }
        if closed {
            self.leave(socket);
        }
    }

    fn effect(&mut self, socket: SocketId, effect: Effect) {
        if let Effect::Authenticate(login) = effect {
            return self.jobs.reads.push(ReadJob::Verify(socket, login));
        }
        // Everything else is asked by somebody who is signed in.
        let Some(user_id) = self.sockets.get(&socket).and_then(|entry| entry.connection.user_id().cloned()) else {
            return;
        };
        match effect {
            Effect::Authenticate(_) => {}
            Effect::Commit(commit) => self.commit(socket, &user_id, commit),
            Effect::Read(request) => self.jobs.reads.push(ReadJob::Log(socket, user_id, request)),
            Effect::LevelOne(request) => self.level_one(socket, &user_id, request),
            Effect::Receipt(received) => {
                let Some(device_id) = self.device_of(socket) else { return };
                let purpose = Purpose::Receipt { socket, space_id: received.space_id };
                let write = job::receipt_write(user_id, device_id, received);
                self.jobs.writes.push(WriteJob { purpose, write });
            }
            Effect::Receipts(space_id) => {
                let audience = Audience::Socket(socket, self.device_of(socket));
                self.jobs.reads.push(ReadJob::Receipts { user_id, space_id, audience });
            }
        }
    }

    /// Nobody knows whether a row got its place, so nobody would be told of it: whoever hears of the space comes back and
    /// catches up.
    pub(super) fn send_away(&mut self, space_id: SpaceId, now: Now) {
        let sockets = self.rooms.get(&space_id).map(|room| room.sockets.clone()).unwrap_or_default();
        for socket in sockets {
            self.turn(socket, Input::Draining(COME_BACK_MS), now);
        }
    }

    fn device_of(&self, socket: SocketId) -> Option<stet_model::id::DeviceId> {
        self.sockets.get(&socket)?.connection.device_id()
    }

    fn commit(&mut self, socket: SocketId, user_id: &UserId, commit: Commit) {
        let Some(entry) = self.sockets.get(&socket) else { return };
        let Commit { id, space_id, note_id, after, device_id, change } = commit;
        let origin = Origin { connection_id: entry.connection.id(), id: Some(id.clone()) };
        let row = RowKey { space_id, note_id, user_id: user_id.clone(), device_id: Some(device_id) };
        let write = Write::Row(NewRow {
            user_id: user_id.clone(),
            space_id,
            note_id,
            after,
            request: Some((device_id, id)),
            change: change.clone(),
            seen: Vec::new(),
        });
        self.jobs.writes.push(WriteJob { purpose: Purpose::Request { socket, origin, row, change }, write });
    }

    fn opened(&mut self, socket: SocketId, expires_at: i64, result: Result<Written, WriteError>, now: Now) {
        let verdict = match result {
            Ok(Written::Opened { user_id, spaces }) => {
                Ok(Session { user_id, expires_at, store_id: self.store_id, spaces })
            }
            Ok(_) => Err(AuthFailure::NotAllowed),
            // The token may be good: the client comes back and tries again.
            Err(_) => return self.turn(socket, Input::Draining(1_000), now),
        };
        let fresh = self
            .sockets
            .get(&socket)
            .is_some_and(|entry| entry.connection.stage() == Stage::Opening && !entry.connection.is_closed());
        if let (true, Ok(session)) = (fresh, &verdict) {
            self.make_room_for_one_more(&session.user_id.clone(), now);
            self.users.entry(session.user_id.clone()).or_default().insert(socket);
            for space in &session.spaces {
                let room = self.rooms.entry(space.id).or_default();
                room.last = room.last.max(space.seq);
                room.sockets.insert(socket);
            }
        }
        self.turn(socket, Input::Authenticated(verdict), now);
    }

    /// Past the limit of sockets a user, the one silent longest goes.
    fn make_room_for_one_more(&mut self, user_id: &UserId, now: Now) {
        while let Some(sockets) = self.users.get(user_id)
            && sockets.len() >= self.settings.sockets_per_user
        {
            let heard = |socket: &&SocketId| self.sockets.get(*socket).map(|entry| entry.connection.heard_at());
            let Some(silent) = sockets.iter().min_by_key(heard).copied() else { return };
            self.turn(silent, Input::Surplus, now);
            self.leave(silent);
        }
    }

    /// A socket hears of nothing any more.
    fn leave(&mut self, socket: SocketId) {
        let Some(entry) = self.sockets.get(&socket) else { return };
        let Some(user_id) = entry.connection.user_id().cloned() else { return };
        let spaces: Vec<SpaceId> = entry.connection.spaces().collect();
        if let Some(sockets) = self.users.get_mut(&user_id)
            && sockets.remove(&socket)
        {
            if sockets.is_empty() {
                self.users.remove(&user_id);
            }
            for space_id in spaces {
                if let Some(room) = self.rooms.get_mut(&space_id) {
                    room.sockets.remove(&socket);
                    if room.sockets.is_empty() {
                        self.rooms.remove(&space_id);
                    }
                }
            }
        }
    }

    fn receipt_written(&mut self, socket: SocketId, space_id: SpaceId) {
        let Some(entry) = self.sockets.get(&socket) else { return };
        let (Some(user_id), Some(device_id)) = (entry.connection.user_id().cloned(), entry.connection.device_id())
        else {
            return;
        };
        let alone = self.users.get(&user_id).is_none_or(|sockets| sockets.len() < 2);
        if !alone {
            let audience = Audience::Others(device_id);
            self.jobs.reads.push(ReadJob::Receipts { user_id, space_id, audience });
        }
    }

    fn tell_receipts(
        &mut self,
        (user_id, space_id): (&UserId, SpaceId),
        audience: Audience,
        mut devices: Vec<Receipt>,
        now: Now,
    ) {
        match audience {
            Audience::Socket(socket, own) => {
                devices.retain(|device| Some(device.device_id) != own);
                if !devices.is_empty() {
                    self.turn(socket, Input::Tell(&job::receipts_message(space_id, devices)), now);
                }
            }
            Audience::Others(about) => {
                devices.retain(|device| device.device_id == about);
                let message = job::receipts_message(space_id, devices);
                let sockets = self.users.get(user_id).cloned().unwrap_or_default();
                for socket in sockets {
                    if self.device_of(socket).is_some_and(|device_id| device_id != about) {
                        self.turn(socket, Input::Tell(&message), now);
                    }
                }
            }
        }
    }
}

fn outcome(result: Result<Written, WriteError>) -> CommitOutcome {
    match result {
        Ok(Written::Repeated { seq, timestamp }) => CommitOutcome::Repeated { seq, timestamp },
        Ok(Written::Refused(code)) => CommitOutcome::Refused(code),
        Ok(_) | Err(WriteError::Failed(_)) => CommitOutcome::Refused(stet_protocol::message::ErrorCode::Internal),
        Err(WriteError::Unknown(_)) => CommitOutcome::Unknown,
    }
}
