//! One socket from its first frame to its last: stages, time limits, counting, and who handles what. The levels' own
//! messages are in `level1` and `level2`, catching up in `catch_up`. Never I/O.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use stet_model::id::{ConnectionId, DeviceId, SpaceId, UserId};
use stet_protocol::close::CloseCode;
use stet_protocol::codec::{Encoding, encode};
use stet_protocol::message::{Agreement, Auth, AuthFailure, AuthSuccess, ErrorCode, level1, level2};
use stet_protocol::texts;

use super::budget::{Allowance, Strikes};
use super::catch_up::{CatchUp, Feed};
use super::event::{Committed, Shared};
use super::level2::named;
use super::work::{CommitOutcome, Effect, LevelOneOutcome, Login, ReadAnswer, Refusal, Session, Verdict};
use super::{Incoming, Outbox, Received, Settings};

/// What a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Before a good `auth`.
    Opening,
    /// Whole fields.
    Level1,
    /// Deltas and a log.
    Level2,
}

/// Everything that can happen to a connection.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// A data frame came. Only while [`Connection::wants_input`].
    Message(Received),
    /// A WebSocket Ping or Pong came.
    Alive,
    /// The answer to `Effect::Authenticate`.
    Authenticated(Verdict),
    /// A row was committed in a space of this user. Every one, each space's in order.
    Committed(&'a Arc<Committed>),
    /// The answer to an `Effect::Commit` that got no new place: its request id and what became of it.
    Outcome(&'a str, SpaceId, CommitOutcome),
    /// The answer to the `Effect::Read` with this ticket.
    Read(u64, ReadAnswer),
    /// The answer to `Effect::LevelOne`.
    LevelOne(LevelOneOutcome),
    /// Something every other level-1 socket of the user is told.
    Broadcast1(&'a Shared<level1::ServerMessage>),
    /// Something this level-2 socket is told.
    Tell(&'a Shared<level2::ServerMessage>),
    /// The reader has taken what waited, or much of it.
    Drained,
    /// [`Connection::deadline`] has come.
    Timer,
    /// This socket has to make room for another of the same user.
    Surplus,
    /// The server goes down; come back after so many milliseconds.
    Draining(u64),
}

/// The server's time, by two clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds since some moment, never set to another time: what lasts is measured by it.
    pub mono: i64,
    /// Epoch milliseconds, which jump whenever somebody sets the clock: what people and other machines are told.
    pub wall: i64,
}

/// Where a turn's results go.
#[derive(Debug)]
pub struct Turn<'a> {
    /// The server's time.
    pub now: Now,
    /// The socket's queue.
    pub outbox: &'a mut Outbox,
    /// Work to do.
    pub effects: &'a mut Vec<Effect>,
}

/// An update that waits for its commit.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) id: String,
    pub(super) note_id: stet_model::id::NoteId,
    pub(super) bytes: u64,
}

/// The server's side of one socket.
#[derive(Debug)]
pub struct Connection {
    pub(super) id: ConnectionId,
    pub(super) settings: Arc<Settings>,
    pub(super) stage: Stage,
    pub(super) encoding: Encoding,
    pub(super) user_id: Option<UserId>,
    pub(super) device_id: Option<DeviceId>,
    personal: Option<SpaceId>,
    pub(super) feeds: BTreeMap<SpaceId, Feed>,
    pub(super) catch_ups: BTreeMap<u64, CatchUp>,
    /// The catch-up that rows are being read for. One at a time: what is read has to be sent before the next.
    pub(super) reading: Option<u64>,
    pub(super) read_last: Option<u64>,
    pub(super) next_ticket: u64,
    pub(super) inbox: VecDeque<level2::ClientMessage>,
    pub(super) in_flight: Vec<InFlight>,
    pub(super) messages: Allowance,
    pub(super) updates: Allowance,
    /// An answer is awaited before the next message may be handled.
    pub(super) busy: bool,
    asked_level: Stage,
    strikes: Strikes,
    heard_at: i64,
    /// When it was pinged, unless something came since.
    pinged_at: Option<i64>,
    expires_at: i64,
    closed: bool,
}

impl Connection {
    /// A fresh socket; greets it.
    pub fn open(id: ConnectionId, settings: Arc<Settings>, now: Now, outbox: &mut Outbox) -> Self {
        let now = now.mono;
        let greeting =
            level1::ServerMessage::ConnectionEstablished { message: texts::CONNECTION_ESTABLISHED.to_owned() };
        outbox.push(Arc::new(encode(&greeting, Encoding::Json)));
        Self {
            id,
            stage: Stage::Opening,
            asked_level: Stage::Level1,
            encoding: Encoding::Json,
            user_id: None,
            device_id: None,
            personal: None,
            feeds: BTreeMap::new(),
            catch_ups: BTreeMap::new(),
            reading: None,
            read_last: None,
            next_ticket: 0,
            inbox: VecDeque::new(),
            in_flight: Vec::new(),
            messages: Allowance::new(settings.level1_messages_per_minute, now),
            updates: Allowance::new(settings.limits.update_bytes_per_minute, now),
            busy: false,
            strikes: Strikes::default(),
            heard_at: now,
            pinged_at: None,
            expires_at: now.saturating_add(settings.auth_timeout_ms),
            closed: false,
            settings,
        }
    }

    /// Handles one input to its end.
    pub fn handle(&mut self, input: Input<'_>, turn: &mut Turn<'_>) {
        if self.closed {
            return;
        }
        match input {
            Input::Message(received) => {
                self.heard(turn);
                self.message(received, turn);
            }
            Input::Alive => self.heard(turn),
            Input::Authenticated(verdict) => self.authenticated(verdict, turn),
            Input::Committed(event) => self.committed(event, turn),
            Input::Outcome(id, space_id, outcome) => self.outcome(id, space_id, outcome, turn),
            Input::Read(ticket, answer) => self.read(ticket, answer, turn),
            Input::LevelOne(outcome) => self.level_one(outcome, turn),
            Input::Broadcast1(message) => self.broadcast1(message, turn),
            Input::Tell(message) => {
                if self.stage == Stage::Level2 && turn.outbox.bytes() <= self.settings.backlog_bytes {
                    turn.outbox.push(message.frame(self.encoding));
                }
            }
            Input::Drained => self.go_on_reading(turn),
            Input::Timer => self.timer(turn),
            Input::Surplus => {
                self.refuse(Refusal::new(ErrorCode::TooManySockets), turn);
                self.close(CloseCode::TooManySockets, turn);
            }
            Input::Draining(retry_after_ms) => {
                if self.stage == Stage::Level2 {
                    self.send2(&level2::ServerMessage::Draining { retry_after_ms }, turn);
                }
                self.close(CloseCode::Restarting, turn);
            }
        }
        self.pump(turn);
    }

    /// Handles what waits, one message at a time and in order, as far as nothing is awaited.
    fn pump(&mut self, turn: &mut Turn<'_>) {
        while !self.closed
            && self.has_room()
            && let Some(message) = self.inbox.pop_front()
        {
            self.level2(message, turn);
        }
    }

    fn has_room(&self) -> bool {
        let bytes: u64 = self.in_flight.iter().map(|update| update.bytes).sum();
        let limits = &self.settings.limits;
        let updates = u64::try_from(self.in_flight.len()).unwrap_or(u64::MAX);
        !self.busy && updates < limits.updates_in_flight && bytes < limits.bytes_in_flight
    }

    /// Whether the next frame may be brought: until then the socket is not read, so that its sender feels it.
    pub fn wants_input(&self, outbox: &Outbox) -> bool {
        !self.closed && self.inbox.is_empty() && self.has_room() && outbox.bytes() <= self.settings.backlog_bytes
    }

    /// When `Input::Timer` is due, on the clock that only goes on.
    pub fn deadline(&self) -> i64 {
        let silent = match self.pinged_at {
            Some(at) => at.saturating_add(self.settings.pong_timeout_ms),
            None => self.heard_at.saturating_add(self.settings.heartbeat_ms),
        };
        self.expires_at.min(silent)
    }

    /// What it speaks.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// Whose it is, once authenticated.
    pub fn user_id(&self) -> Option<&UserId> {
        self.user_id.as_ref()
    }

    /// Which device it is; level 2 only.
    pub fn device_id(&self) -> Option<DeviceId> {
        self.device_id
    }

    /// The space every user has, the only one level 1 sees.
    pub fn personal_space(&self) -> Option<SpaceId> {
        self.personal
    }

    /// The spaces it may hear of.
    pub fn spaces(&self) -> impl Iterator<Item = SpaceId> + '_ {
        self.feeds.keys().copied()
    }

    /// The name of the socket.
    pub fn id(&self) -> ConnectionId {
        self.id
    }

    /// When something last came from it, on the clock that only goes on.
    pub fn heard_at(&self) -> i64 {
        self.heard_at
    }

    /// Whether nothing more will be handled; what waits in the outbox is still to be written.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    fn heard(&mut self, turn: &Turn<'_>) {
        self.heard_at = self.heard_at.max(turn.now.mono);
        self.pinged_at = None;
    }

    fn message(&mut self, received: Received, turn: &mut Turn<'_>) {
        match received.incoming {
            Incoming::Malformed(why) => self.malformed(Refusal::new(ErrorCode::Malformed).because(why), turn),
            Incoming::TooLarge(about) => {
                self.refuse(named(Refusal::new(ErrorCode::TooLarge), about), turn);
                // Nobody says hello with so much: whoever isn't known gets no second try at filling memory.
                if self.stage == Stage::Opening {
                    self.close(CloseCode::TooBig, turn);
                }
            }
            Incoming::Early => self.malformed(Refusal::new(ErrorCode::Unauthenticated), turn),
            Incoming::Auth(auth) => self.auth(auth, received.encoding, turn),
            Incoming::Level1(message) => self.level1(message, turn),
            Incoming::Level2(message) => self.inbox.push_back(message),
        }
    }

    /// Answers what can't be understood, and closes a socket that goes on with it.
    pub(super) fn malformed(&mut self, refusal: Refusal, turn: &mut Turn<'_>) {
        self.refuse(refusal, turn);
        if self.strikes.add(self.settings.malformed_per_minute, turn.now.mono) {
            self.close(CloseCode::ProtocolViolation, turn);
        }
    }

    fn auth(&mut self, auth: Auth, encoding: Encoding, turn: &mut Turn<'_>) {
        self.encoding = encoding;
        self.asked_level =
            if auth.protocol.is_some_and(|protocol| protocol >= 2) { Stage::Level2 } else { Stage::Level1 };
        if self.asked_level == Stage::Level2 && auth.device.is_none() {
            let refusal = Refusal::new(ErrorCode::Malformed).because("level 2 needs a device");
            return self.malformed(refusal, turn);
        }
        let device = auth.device.filter(|_| self.asked_level == Stage::Level2);
        self.device_id = device.as_ref().map(|device| device.id);
        self.busy = true;
        turn.effects.push(Effect::Authenticate(Login { token: auth.token, device, renewal: false }));
    }

    /// `auth` on a live socket: a newer token, and nothing else.
    pub(super) fn renew(&mut self, auth: Auth, turn: &mut Turn<'_>) {
        let asks = if auth.protocol.is_some_and(|protocol| protocol >= 2) { Stage::Level2 } else { Stage::Level1 };
        if asks != self.stage {
            let refusal = Refusal::new(ErrorCode::Malformed).because("the level of a connection doesn't change");
            return self.malformed(refusal, turn);
        }
        self.busy = true;
        turn.effects.push(Effect::Authenticate(Login { token: auth.token, device: None, renewal: true }));
    }

    fn authenticated(&mut self, verdict: Verdict, turn: &mut Turn<'_>) {
        self.busy = false;
        match verdict {
            Ok(session) if self.user_id.as_ref().is_none_or(|user_id| *user_id == session.user_id) => {
                self.begin(session, turn);
            }
            // A renewal for somebody else is as bad as none: the old token goes on until it runs out.
            Ok(_) => self.send_auth_failed(AuthFailure::NotAllowed, turn),
            Err(reason) => {
                self.send_auth_failed(reason, turn);
                if self.stage == Stage::Opening {
                    self.close(CloseCode::NotAuthenticated, turn);
                }
            }
        }
    }

    fn begin(&mut self, session: Session, turn: &mut Turn<'_>) {
        let Session { user_id, expires_at, store_id, spaces } = session;
        let opening = self.stage == Stage::Opening;
        if opening {
            self.stage = self.asked_level;
            self.user_id = Some(user_id.clone());
            self.personal = spaces.first().map(|space| space.id);
            self.feeds = spaces.iter().map(|space| (space.id, Feed::new(space.seq))).collect();
            if self.stage == Stage::Level2 {
                self.messages = Allowance::new(self.settings.limits.messages_per_minute, turn.now.mono);
            }
        }
        let at_level_2 = self.stage == Stage::Level2;
        let expires_in = expires_at.saturating_sub(turn.now.wall).max(0);
        let lasts = if at_level_2 { expires_in } else { self.settings.level1_session_ms };
        self.expires_at = turn.now.mono.saturating_add(lasts);
        let level2 = at_level_2.then(|| Agreement {
            protocol: 2,
            connection_id: self.id,
            store_id,
            timestamp: turn.now.wall,
            expires_in_ms: expires_in.unsigned_abs(),
            heartbeat_ms: self.settings.heartbeat_ms.unsigned_abs(),
            limits: self.settings.limits.clone(),
            spaces,
        });
        let success = AuthSuccess { message: texts::AUTH_SUCCESS.to_owned(), user_id, level2 };
        self.send1(&level1::ServerMessage::AuthSuccess(success), turn);
        if opening && at_level_2 {
            turn.outbox.coalesce(self.encoding);
        }
    }

    fn send_auth_failed(&self, reason: AuthFailure, turn: &mut Turn<'_>) {
        let message = texts::AUTH_FAILED.to_owned();
        self.send1(&level1::ServerMessage::AuthFailed { message, reason: Some(reason) }, turn);
    }

    fn timer(&mut self, turn: &mut Turn<'_>) {
        if turn.now.mono >= self.expires_at {
            if self.stage == Stage::Opening {
                return self.close(CloseCode::AuthTimeout, turn);
            }
            self.send_auth_failed(AuthFailure::TokenExpired, turn);
            return self.close(CloseCode::NotAuthenticated, turn);
        }
        if turn.now.mono < self.deadline() {
            return;
        }
        if !self.has_room() {
            // Nothing is read while an answer is owed: whether the other side has said something can't be known.
            self.heard_at = turn.now.mono;
            self.pinged_at = None;
            return;
        }
        if self.pinged_at.is_some() {
            return self.close(CloseCode::Bye, turn);
        }
        self.pinged_at = Some(turn.now.mono);
        turn.outbox.ping();
    }

    pub(super) fn close(&mut self, code: CloseCode, turn: &mut Turn<'_>) {
        self.closed = true;
        self.inbox.clear();
        self.catch_ups.clear();
        turn.outbox.close(code);
    }

    pub(super) fn refuse(&self, refusal: Refusal, turn: &mut Turn<'_>) {
        self.send1(&level1::ServerMessage::Error(refusal.into_message()), turn);
    }

    /// Sends a message both levels know.
    pub(super) fn send1(&self, message: &level1::ServerMessage, turn: &mut Turn<'_>) {
        turn.outbox.push(Arc::new(encode(message, self.encoding)));
    }

    pub(super) fn send2(&self, message: &level2::ServerMessage, turn: &mut Turn<'_>) {
        turn.outbox.push(Arc::new(encode(message, self.encoding)));
    }
}
