//! The server's side of a socket under any sequence of inputs that a server could give it: frames of all kinds, commits,
//! pages of the log, answers in any order, time. What it says must follow the protocol.

use std::collections::BTreeSet;
use std::sync::Arc;

use stet_model::id::{ConnectionId, DeviceId, Lineage, NoteId, SpaceId, StoreId, UserId};
use stet_protocol::bytes::Bytes;
use stet_protocol::codec::{Encoding, Frame, decode, encode};
use stet_protocol::message::level2::{ClientMessage, NotePurge, NoteUpdate, Received, ServerMessage, Sync, SyncBatch};
use stet_protocol::message::{Auth, AuthFailure, Device, ErrorCode, SpaceInfo, level1};
use stet_sync::server::{
    Change, Commit, CommitOutcome, Committed, Connection, Cursor, Effect, Head, Input, LevelOneOutcome, Now, Origin,
    Outbox, Outgoing, Place, Read, ReadAnswer, ReadRefusal, ReadRequest, Refusal, Session, Settings, Shared, Stage,
    Turn, receive,
};

use super::Choices;

const SPACE: SpaceId = SpaceId::from_bytes([9; 16]);
const OWN: ConnectionId = ConnectionId::from_bytes([1; 16]);
const LINEAGE: Lineage = Lineage::from_bytes([2; 16]);
/// Steps of one run: enough for every mixture, few enough to be quick.
const STEPS: usize = 400;
/// What one input may add to the queue beyond the backlog's limit: a page of the log and some answers.
const ONE_TURN: usize = 4 << 20;

pub fn run(data: &[u8]) {
    let mut world = World::new();
    let mut choices = Choices(data);
    for _ in 0..STEPS {
        if choices.is_empty() {
            break;
        }
        world.step(&mut choices);
        world.look();
    }
}

/// One machine and what a server does around it.
struct World {
    machine: Connection,
    outbox: Outbox,
    settings: Arc<Settings>,
    now: i64,
    effects: Vec<Effect>,
    logins: usize,
    commits: Vec<Commit>,
    reads: Vec<(ReadRequest, u64)>,
    level1: usize,
    /// The log's end.
    seq: u64,
    /// What was committed for this socket: id and seq.
    committed: BTreeSet<(String, u64)>,
    /// The next row this socket has to be told, while it is live.
    live: Option<u64>,
    /// It has asked for another catch-up since.
    syncing: bool,
    said_close: bool,
}

impl World {
    fn new() -> Self {
        let settings = Arc::new(Settings { backlog_bytes: 4_096, batch_bytes: 1_024, ..Settings::default() });
        let mut outbox = Outbox::default();
        let machine = Connection::open(OWN, Arc::clone(&settings), Now::default(), &mut outbox);
        let (effects, commits, reads, committed) = Default::default();
        Self {
            machine,
            outbox,
            settings,
            now: 0,
            effects,
            logins: 0,
            commits,
            reads,
            level1: 0,
            seq: 0,
            committed,
            live: None,
            syncing: false,
            said_close: false,
        }
    }

    fn give(&mut self, input: Input<'_>) {
        let mut turn =
            Turn { now: Now { mono: self.now, wall: self.now }, outbox: &mut self.outbox, effects: &mut self.effects };
        self.machine.handle(input, &mut turn);
    }

    fn step(&mut self, choices: &mut Choices<'_>) {
        match choices.below(16) {
            0..6 => self.hear(choices),
            6 => self.authenticate(choices),
            7 | 8 => self.commit(choices),
            9 | 10 => self.read(choices),
            11 => self.level_one(choices),
            12 => self.others_commit(choices),
            13 => self.time(choices),
            14 => match self.outbox.take() {
                Some(outgoing) => self.said(&outgoing),
                None => self.give(Input::Drained),
            },
            _ => self.rare(choices),
        }
    }

    fn hear(&mut self, choices: &mut Choices<'_>) {
        if !self.machine.wants_input(&self.outbox) {
            return;
        }
        let frame = match choices.below(12) {
            0 => Frame::Binary(choices.bytes(300)),
            1 => Frame::Text(String::from_utf8_lossy(&choices.bytes(300)).into_owned()),
            2 => encode(&level1_message(choices), Encoding::Json),
            number => {
                let messages: Vec<_> = (0..=choices.below(4)).map(|_| message(choices)).collect();
                if messages.iter().any(|message| matches!(message, ClientMessage::Sync(_))) {
                    self.catching_up();
                }
                let encoding = if number.is_multiple_of(2) { Encoding::Json } else { Encoding::MessagePack };
                match messages.as_slice() {
                    [one] => encode(one, encoding),
                    _ => encode(&ClientMessage::Many { messages }, encoding),
                }
            }
        };
        let received = receive(&frame, self.machine.stage(), &self.settings);
        self.give(Input::Message(received));
    }

    /// A new catch-up takes the place of being live: what was said before it is looked at first.
    fn catching_up(&mut self) {
        while let Some(outgoing) = self.outbox.take().filter(|_| !self.said_close) {
            self.said(&outgoing);
        }
        self.live = None;
        self.syncing = true;
    }

    fn authenticate(&mut self, choices: &mut Choices<'_>) {
        if self.logins == 0 {
            return;
        }
        self.logins -= 1;
        let verdict = match choices.below(5) {
            0 => Err(AuthFailure::TokenExpired),
            1 => Err(AuthFailure::InvalidToken),
            _ => Ok(self.session(choices.number() as i64)),
        };
        self.give(Input::Authenticated(verdict));
    }

    fn session(&self, lasts: i64) -> Session {
        let space = SpaceInfo {
            id: SPACE,
            name: "Personal".to_owned(),
            role: "owner".to_owned(),
            encrypted: false,
            seq: self.seq,
            lineage: LINEAGE,
        };
        let expires_at = self.now.saturating_add(lasts.saturating_mul(1_000).max(0));
        let store_id = StoreId::from_bytes([3; 16]);
        Session { user_id: UserId("maria".to_owned()), expires_at, store_id, spaces: vec![space] }
    }

    fn commit(&mut self, choices: &mut Choices<'_>) {
        if self.commits.is_empty() {
            return;
        }
        let commit = self.commits.remove(usize::from(choices.below(self.commits.len().min(255) as u8)));
        let outcome = match choices.below(8) {
            0 => CommitOutcome::Refused(ErrorCode::Deleted),
            1 => CommitOutcome::Unknown,
            2 => {
                let seq = choices.number().min(self.seq);
                self.committed.insert((commit.id.clone(), seq));
                CommitOutcome::Repeated { seq, timestamp: self.now }
            }
            _ => {
                let origin = Origin { connection_id: OWN, id: Some(commit.id) };
                return self.row(commit.note_id, commit.change, Some(origin));
            }
        };
        self.give(Input::Outcome(&commit.id, commit.space_id, outcome));
    }

    fn others_commit(&mut self, choices: &mut Choices<'_>) {
        let change = match choices.rarely(4) {
            true => Change::Purge,
            false => Change::Update(vec![Bytes(choices.bytes(600))]),
        };
        self.row(note(choices), change, None);
    }

    fn row(&mut self, note_id: NoteId, change: Change, origin: Option<Origin>) {
        self.seq += 1;
        if let Some(id) = origin.as_ref().and_then(|origin| origin.id.clone()) {
            self.committed.insert((id, self.seq));
        }
        let place = Place { space_id: SPACE, note_id, seq: self.seq, timestamp: self.now, first: self.seq == 1 };
        let row = Committed::new(place, change, (UserId("maria".to_owned()), None), origin);
        self.give(Input::Committed(&Arc::new(row)));
    }

    fn read(&mut self, choices: &mut Choices<'_>) {
        if self.reads.is_empty() {
            return;
        }
        // What is read is of the moment of asking, or of any later one.
        let (request, asked) = self.reads.remove(usize::from(choices.below(self.reads.len().min(255) as u8)));
        let seen = if choices.rarely(2) { asked } else { self.seq };
        let head = Head { seq: seen, lineage: LINEAGE, digest: "0".repeat(32) };
        let answer = match (choices.below(12), &request.read) {
            (0, _) => ReadAnswer::Refused(ReadRefusal::NotFound),
            (1, _) => ReadAnswer::Refused(ReadRefusal::Diverged),
            (2, _) => ReadAnswer::Refused(ReadRefusal::Failed),
            (_, Read::Begin { since, .. }) if *since > seen => ReadAnswer::Refused(ReadRefusal::Diverged),
            (_, Read::Begin { since, newest, .. }) => {
                let early: Vec<_> = (0..newest.min(&3).to_owned()).map(|_| note(choices)).collect();
                ReadAnswer::Begun { rows: seen - since, early_rows: early.len() as u64, early }
            }
            (_, Read::Log { since }) => {
                let up_to = seen.max(*since).min(since.saturating_add(choices.number()));
                let end = (up_to >= seen).then_some(head);
                let batch = (up_to > *since).then(|| (batch(&request, up_to, false), up_to - since));
                ReadAnswer::Log { batch, up_to, end }
            }
            (_, Read::Documents { note_ids, from, .. }) => {
                let next = (from.index + 1 < note_ids.len()).then_some(Cursor { index: from.index + 1, after: 0 });
                ReadAnswer::Documents { batch: Some((batch(&request, seen, true), 1)), next, head }
            }
        };
        self.give(Input::Read(request.ticket, answer));
    }

    fn level_one(&mut self, choices: &mut Choices<'_>) {
        if self.level1 == 0 {
            return;
        }
        self.level1 -= 1;
        self.give(Input::LevelOne(match choices.below(4) {
            0 => LevelOneOutcome::Refused(Refusal::new(ErrorCode::TooLarge).about(note(choices))),
            1 => LevelOneOutcome::Unknown,
            2 => LevelOneOutcome::Done(None),
            _ => LevelOneOutcome::Done(Some(Box::new(level1::ServerMessage::NoteLeft { note_id: note(choices) }))),
        }));
    }

    fn time(&mut self, choices: &mut Choices<'_>) {
        match choices.rarely(2) {
            true => {
                self.now = self.now.max(self.machine.deadline().min(self.now.saturating_add(1 << 40)));
                self.give(Input::Timer);
                let waits = self.machine.is_closed() || self.machine.deadline() > self.now;
                assert!(waits, "a timer that has come is still due");
            }
            false => self.now = self.now.saturating_add(choices.number().min(1 << 40) as i64),
        }
    }

    fn rare(&mut self, choices: &mut Choices<'_>) {
        match choices.below(12) {
            0 => self.give(Input::Surplus),
            1 => self.give(Input::Draining(choices.number())),
            2 if self.machine.stage() == Stage::Level2 => {
                self.give(Input::Tell(&Shared::new(ServerMessage::Receipts { space_id: SPACE, devices: vec![] })))
            }
            3 if self.machine.stage() == Stage::Level1 => {
                let left = level1::ServerMessage::NoteLeft { note_id: note(choices) };
                self.give(Input::Broadcast1(&Shared::new(left)));
            }
            _ => self.give(Input::Alive),
        }
    }

    /// Sorts the work it asks for, and looks at the bounds.
    fn look(&mut self) {
        for effect in std::mem::take(&mut self.effects) {
            match effect {
                Effect::Authenticate(_) => self.logins += 1,
                Effect::Commit(commit) => self.commits.push(commit),
                Effect::Read(request) => {
                    // Heard long ago, when something else had to be answered first.
                    if matches!(request.read, Read::Begin { .. }) {
                        self.catching_up();
                    }
                    self.reads.push((request, self.seq));
                }
                Effect::LevelOne(_) => self.level1 += 1,
                Effect::Receipt(_) | Effect::Receipts(_) => {}
            }
        }
        let limits = &self.settings.limits;
        assert!(self.commits.len() as u64 <= limits.updates_in_flight, "{} commits at once", self.commits.len());
        assert!(self.logins <= 1 && self.level1 <= 1, "{} logins, {} level-1 jobs", self.logins, self.level1);
        assert!(self.outbox.bytes() <= self.settings.backlog_bytes + ONE_TURN, "{} bytes wait", self.outbox.bytes());
    }

    fn said(&mut self, outgoing: &Outgoing) {
        assert!(!self.said_close || matches!(outgoing, Outgoing::Close(_)), "after closing: {outgoing:?}");
        match outgoing {
            Outgoing::Frame(frame) => match decode::<ServerMessage>(frame, usize::MAX) {
                Ok(message) => self.told(message),
                Err(_) => drop(decode::<level1::ServerMessage>(frame, usize::MAX).expect("a message of either level")),
            },
            Outgoing::Ping => {}
            Outgoing::Close(_) => self.said_close = true,
        }
    }

    /// Live, a socket is told every row once, in order, until it is told that it is behind.
    fn told(&mut self, message: ServerMessage) {
        match message {
            ServerMessage::Many { messages } => messages.into_iter().for_each(|message| self.told(message)),
            ServerMessage::SyncComplete(complete) if complete.note_ids.is_none() => {
                (self.live, self.syncing) = (Some(complete.seq + 1), false);
            }
            ServerMessage::Behind { .. } => self.live = None,
            ServerMessage::NoteSync(sync) => self.told_row(sync.seq),
            ServerMessage::NotePurgeSync { seq, .. } => self.told_row(seq),
            ServerMessage::NoteUpdateSuccess { id, seq, .. } => {
                assert!(self.committed.contains(&(id, seq)), "an answer without a commit: {seq}");
                if self.live.is_some_and(|next| seq >= next) {
                    self.told_row(seq);
                }
            }
            _ => {}
        }
    }

    fn told_row(&mut self, seq: u64) {
        // A sync that was refused leaves it as it was.
        if self.syncing {
            return;
        }
        assert_eq!(self.live, Some(seq), "the next row of a live socket");
        self.live = Some(seq + 1);
    }
}

fn batch(request: &ReadRequest, up_to: u64, early: bool) -> Arc<Frame> {
    let batch = SyncBatch { space_id: SPACE, rows: vec![], up_to, early, done: request.done, total: request.total };
    Arc::new(encode(&ServerMessage::SyncBatch(batch), request.encoding))
}

fn note(choices: &mut Choices<'_>) -> NoteId {
    NoteId::from_bytes([choices.below(5); 16])
}

fn space(choices: &mut Choices<'_>) -> SpaceId {
    if choices.rarely(12) { SpaceId::from_bytes([8; 16]) } else { SPACE }
}

fn message(choices: &mut Choices<'_>) -> ClientMessage {
    let space_id = space(choices);
    match choices.below(12) {
        0 | 1 => {
            let device = Device {
                id: DeviceId::from_bytes([4; 16]),
                name: "Desk".to_owned(),
                platform: "linux".to_owned(),
                app_version: "0".to_owned(),
            };
            ClientMessage::Auth(Auth { token: "t".to_owned(), protocol: Some(2), device: Some(device) })
        }
        2 | 3 => ClientMessage::Sync(Sync {
            space_id,
            since: choices.number(),
            lineage: choices.rarely(2).then_some(LINEAGE),
            newest: choices.rarely(3).then(|| choices.number() as u32),
            note_ids: choices.rarely(4).then(|| (0..choices.below(6)).map(|_| note(choices)).collect()),
        }),
        4..7 => ClientMessage::NoteUpdate(NoteUpdate {
            id: format!("u{}", choices.below(100)),
            space_id,
            note_id: note(choices),
            after: choices.number(),
            ops: vec![Bytes(choices.bytes(200))],
        }),
        7 => {
            let (id, note_id, after) = (format!("p{}", choices.below(100)), note(choices), choices.number());
            ClientMessage::NotePurge(NotePurge { id, space_id, note_id, after })
        }
        8 => {
            let (seq, unsent) = (choices.number(), choices.number());
            ClientMessage::Received(Received { space_id, seq, unsent, content: None })
        }
        9 => ClientMessage::JoinNote { space_id, note_id: note(choices) },
        10 => ClientMessage::LeaveNote { space_id, note_id: note(choices) },
        _ => ClientMessage::Ping {},
    }
}

fn level1_message(choices: &mut Choices<'_>) -> level1::ClientMessage {
    match choices.below(6) {
        0 | 1 => level1::ClientMessage::Auth(Auth { token: "t".to_owned(), protocol: None, device: None }),
        2 => level1::ClientMessage::JoinNote { note_id: note(choices) },
        3 => level1::ClientMessage::NoteDeleted { note_id: note(choices) },
        4 => level1::ClientMessage::LeaveNote { note_id: note(choices) },
        _ => level1::ClientMessage::Ping {},
    }
}
