//! The device's side of a connection: connect, sign in, catch up, push, keep alive, come back. Values in, values out;
//! documents and tokens are the engine's. No I/O, no clock, no randomness but a seed.
//!
//! The engine calls a method for everything that happens, then does what [`Device::drain`] hands out, in order, and
//! calls [`Device::tick`] when [`Device::wake_at`] is due. All times are milliseconds of one monotonic clock.

mod backoff;
mod catch_up;
mod connection;
mod fetch;
mod handle;
mod heartbeat;
pub mod level1;
mod output;
mod push;

use std::collections::{BTreeMap, BTreeSet};

use stet_model::id::{NoteId, SpaceId};
use stet_protocol::codec::{Encoding, Frame};
use stet_protocol::message::{Device as DeviceInfo, level2};

pub use backoff::BackoffOptions;
pub use output::{Acked, Agreed, Content, Output, Place, Problem, Refused, Rows};
pub use push::Prepared;

use backoff::Backoff;
use catch_up::Space;
use connection::Phase;
use level1::LevelOne;
use push::Push;

/// What a machine is made with.
#[derive(Clone, Debug)]
pub struct Options {
    /// How this device names itself.
    pub device: DeviceInfo,
    /// How to come back.
    pub backoff: BackoffOptions,
    /// 64 random bits, new for every process: jitter and the names of requests come from them.
    pub seed: u64,
}

/// Where the connection stands, as the status shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not trying.
    Disconnected,
    /// The first attempt.
    Connecting,
    /// The socket is open.
    Connected,
    /// Signed in.
    Authenticated,
    /// Trying again.
    Reconnecting,
    /// Attempts are used up (they go on once a minute), or people have to act.
    Error,
}

/// The machine.
#[derive(Debug)]
pub struct Device {
    options: Options,
    phase: Phase,
    wanted: bool,
    paused: bool,
    backoff: Backoff,
    /// The server is known to speak level 2, so MessagePack may be used from the first message on.
    encoding: Encoding,
    level: Option<u32>,
    ever_connected: bool,
    /// People have to act before another attempt makes sense; attempts go on once a minute.
    blocked: bool,
    spaces: BTreeMap<SpaceId, Space>,
    joined: BTreeSet<(SpaceId, NoteId)>,
    push: Push,
    level_one: LevelOne,
    unsent: u64,
    content: Option<Content>,
    link: connection::Link,
    next_request: u64,
    outputs: Vec<Output>,
}

impl Device {
    /// A machine that isn't connected and doesn't try to be until [`Device::connect`].
    pub fn new(options: Options) -> Self {
        let backoff = Backoff::new(options.backoff, options.seed);
        Self {
            options,
            phase: Phase::Idle,
            wanted: false,
            paused: false,
            backoff,
            encoding: Encoding::Json,
            level: None,
            ever_connected: false,
            blocked: false,
            spaces: BTreeMap::new(),
            joined: BTreeSet::new(),
            push: Push::default(),
            level_one: LevelOne::default(),
            unsent: 0,
            content: None,
            link: connection::Link::default(),
            next_request: 0,
            outputs: Vec::new(),
        }
    }

    /// Everything to do now, in order.
    pub fn drain(&mut self) -> Vec<Output> {
        std::mem::take(&mut self.outputs)
    }

    /// Says that this server was met at level 2 before: the first message may be MessagePack.
    pub const fn expect_level2(&mut self) {
        self.encoding = Encoding::MessagePack;
    }

    /// Changes how to come back.
    pub const fn set_backoff(&mut self, options: BackoffOptions) {
        self.backoff.set_options(options);
    }

    /// Where the connection stands.
    pub fn state(&self) -> State {
        match self.phase {
            Phase::Idle => State::Disconnected,
            Phase::Waiting { .. } | Phase::Opening { .. } if self.blocked || self.backoff.is_exhausted() => {
                State::Error
            }
            Phase::Waiting { .. } => State::Reconnecting,
            Phase::Opening { .. } if self.ever_connected || self.backoff.attempts() > 0 => State::Reconnecting,
            Phase::Opening { .. } => State::Connecting,
            Phase::Greeting { .. } | Phase::Authenticating { .. } | Phase::Entering => State::Connected,
            Phase::Live { .. } => State::Authenticated,
        }
    }

    /// Whether the user stopped syncing.
    pub const fn is_paused(&self) -> bool {
        self.paused
    }

    /// Failed attempts since the last success.
    pub const fn attempts(&self) -> u32 {
        self.backoff.attempts()
    }

    /// When the next attempt is made.
    pub const fn next_attempt_at(&self) -> Option<u64> {
        match self.phase {
            Phase::Waiting { until } => Some(until),
            _ => None,
        }
    }

    /// The level agreed on.
    pub const fn level(&self) -> Option<u32> {
        self.level
    }

    /// Time from the last ping to its answer, milliseconds.
    pub const fn round_trip_ms(&self) -> Option<u64> {
        self.link.round_trip_ms
    }

    /// The notes followed live.
    pub fn joined(&self) -> impl Iterator<Item = NoteId> + '_ {
        self.joined.iter().map(|(_, note)| *note)
    }

    /// The place up to which a space was received.
    pub fn place(&self, space: SpaceId) -> Option<Place> {
        self.spaces.get(&space).and_then(|space| space.place)
    }

    /// Where the server's log of a space ends, as far as it has said on this connection.
    pub fn end(&self, space: SpaceId) -> u64 {
        self.spaces.get(&space).map_or(0, Space::end)
    }

    /// How far the catch-up of a space is: rows received and rows expected, while one is under way.
    pub fn progress(&self, space: SpaceId) -> Option<(u64, u64)> {
        self.spaces.get(&space).and_then(Space::progress)
    }

    /// Whether this device has everything the server is known to have: signed in, caught up, cursor at the server's end.
    pub fn is_caught_up(&self, space: SpaceId) -> bool {
        matches!(self.phase, Phase::Live { .. })
            && (self.level == Some(1) || self.spaces.get(&space).is_some_and(Space::is_caught_up))
    }

    /// Follows a note live, and leaves the ones followed before.
    pub fn join(&mut self, space: SpaceId, note: NoteId, now: u64) {
        let before = std::mem::take(&mut self.joined);
        for (space, left) in before.into_iter().filter(|(_, other)| *other != note) {
            self.send_membership(space, left, false, now);
        }
        self.joined.insert((space, note));
        self.send_membership(space, note, true, now);
    }

    /// A space has another name from now on: what is followed in it is followed under that.
    pub fn move_space(&mut self, from: SpaceId, to: SpaceId) {
        let rename = |(space, note)| (if space == from { to } else { space }, note);
        self.joined = std::mem::take(&mut self.joined).into_iter().map(rename).collect();
    }

    /// Ends following a note.
    pub fn leave(&mut self, space: SpaceId, note: NoteId, now: u64) {
        if self.joined.remove(&(space, note)) {
            self.send_membership(space, note, false, now);
        }
    }

    /// Tells the machine how many documents are unsent.
    pub fn set_unsent(&mut self, unsent: u64) {
        if self.unsent != unsent {
            self.spaces.values_mut().for_each(Space::owe_receipt);
        }
        self.unsent = unsent;
    }

    /// Tells the machine what a space says, for the other devices. It is passed on while nothing is unsent.
    pub fn set_content(&mut self, content: Content) {
        if let Some(space) = self.spaces.get_mut(&content.space) {
            space.owe_receipt();
        }
        self.content = Some(content);
    }

    fn send_membership(&mut self, space_id: SpaceId, note_id: NoteId, join: bool, now: u64) {
        if !matches!(self.phase, Phase::Live { .. }) {
            return;
        }
        match self.level {
            Some(1) => self.level1_membership(note_id, join, now),
            _ if join => self.send(&level2::ClientMessage::JoinNote { space_id, note_id }),
            _ => self.send(&level2::ClientMessage::LeaveNote { space_id, note_id }),
        }
    }

    fn send(&mut self, message: &level2::ClientMessage) {
        let frame = stet_protocol::codec::encode(message, self.encoding);
        self.send_frame(frame);
    }

    fn send_frame(&mut self, frame: Frame) {
        self.outputs.push(Output::Send(frame));
    }

    /// A name for a request, never used again in this process or another.
    fn request_name(&mut self) -> String {
        self.next_request += 1;
        format!("{:016x}-{}", self.options.seed, self.next_request)
    }
}
