//! The device's side of a connection under any sequence of what an engine, a network and a server (also one that lies) can
//! do. What it sends must follow the protocol.

use std::collections::{BTreeMap, BTreeSet};

use stet_model::id::{ConnectionId, DeviceId, DocKey, Lineage, NoteId, SpaceId, StoreId, UserId};
use stet_protocol::bytes::Bytes;
use stet_protocol::codec::{Encoding, Frame, decode, encode};
use stet_protocol::limits::UPDATES_IN_FLIGHT;
use stet_protocol::message::level2::{ClientMessage, NoteSync, Row, ServerMessage, SyncBatch, SyncComplete};
use stet_protocol::message::{
    Agreement, AuthFailure, AuthSuccess, Device as DeviceInfo, ErrorCode, ErrorMessage, Limits, SpaceInfo, level1,
};
use stet_sync::device::{BackoffOptions, Content, Device, Options, Output, Place, Prepared};

use super::Choices;

const SPACE: SpaceId = SpaceId::from_bytes([9; 16]);
/// Steps of one run: enough for every mixture, few enough to be quick.
const STEPS: usize = 400;
/// What one input may lead to: a document of each in flight, twice, and some.
const ONE_STEP: usize = 1_000;
/// Ticks at one moment before it has to wait for another.
const TICKS: usize = 8;

pub fn run(data: &[u8]) {
    let mut choices = Choices(data);
    let mut world = World::new(u64::from(choices.byte()));
    for _ in 0..STEPS {
        if choices.is_empty() {
            break;
        }
        world.step(&mut choices);
        world.carry_out();
    }
}

/// The socket, as the machine asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Socket {
    None,
    Opening,
    Open { spoken: bool },
}

/// One machine and what an engine does around it.
struct World {
    device: Device,
    now: u64,
    socket: Socket,
    token_asked: bool,
    agreed: Option<u32>,
    /// Rows on their way to the disk.
    rows: Vec<(SpaceId, Option<Place>)>,
    preparing: BTreeSet<DocKey>,
    /// Updates sent on this connection and not answered, by document.
    in_flight: BTreeMap<DocKey, String>,
    /// The bytes every request name stood for, in this process.
    named: BTreeMap<String, ClientMessage>,
}

impl World {
    fn new(seed: u64) -> Self {
        let device = DeviceInfo {
            id: DeviceId::from_bytes([3; 16]),
            name: "Desk".to_owned(),
            platform: "linux".to_owned(),
            app_version: "0".to_owned(),
        };
        let (rows, preparing, in_flight, named) = Default::default();
        Self {
            device: Device::new(Options { device, backoff: BackoffOptions::default(), seed }),
            now: 0,
            socket: Socket::None,
            token_asked: false,
            agreed: None,
            rows,
            preparing,
            in_flight,
            named,
        }
    }

    fn step(&mut self, choices: &mut Choices<'_>) {
        let now = self.now;
        match choices.below(16) {
            0..6 => self.hear(choices),
            6 | 7 => self.socket(choices),
            8 => self.token(choices),
            9 => self.agree(choices),
            10 => self.disk(choices),
            11 => self.prepared(choices),
            12 => self.time(choices),
            13 => self.device.dirty(doc(choices), now),
            14 => self.user(choices),
            _ => self.engine(choices),
        }
    }

    fn hear(&mut self, choices: &mut Choices<'_>) {
        if !matches!(self.socket, Socket::Open { .. }) {
            return;
        }
        let frame = match choices.below(12) {
            0 => Frame::Binary(choices.bytes(300)),
            1 => Frame::Text(String::from_utf8_lossy(&choices.bytes(300)).into_owned()),
            2 => encode(&level1_message(choices), Encoding::Json),
            number => {
                let mut messages: Vec<_> = (0..=choices.below(4)).map(|_| self.message(choices)).collect();
                for message in &messages {
                    self.answered(message);
                }
                let encoding = if number.is_multiple_of(2) { Encoding::Json } else { Encoding::MessagePack };
                match messages.pop() {
                    Some(one) if messages.is_empty() => encode(&one, encoding),
                    last => {
                        encode(&ServerMessage::Many { messages: messages.into_iter().chain(last).collect() }, encoding)
                    }
                }
            }
        };
        self.device.received(&frame, self.now);
    }

    /// What a server may say, also when it makes no sense.
    fn message(&self, choices: &mut Choices<'_>) -> ServerMessage {
        let (space_id, note_id, timestamp) = (space(choices), doc(choices).note, choices.number() as i64);
        let (from_user_id, from_device_id) = (UserId("maria".to_owned()), None);
        match choices.below(14) {
            0 => ServerMessage::ConnectionEstablished { message: "Please authenticate".to_owned() },
            1 | 2 => ServerMessage::AuthSuccess(success(choices)),
            3 => {
                let reason = [None, Some(AuthFailure::TokenExpired), Some(AuthFailure::InvalidToken)];
                let reason = reason[usize::from(choices.below(3))];
                ServerMessage::AuthFailed { message: "no".to_owned(), reason }
            }
            4 | 5 => {
                let rows = (0..choices.below(4)).map(|_| row(choices)).collect();
                let (up_to, early) = (choices.number(), choices.rarely(4));
                let (done, total) = (choices.number(), choices.number());
                ServerMessage::SyncBatch(SyncBatch { space_id, rows, up_to, early, done, total })
            }
            6 | 7 => ServerMessage::SyncComplete(SyncComplete {
                space_id,
                seq: choices.number(),
                lineage: lineage(choices),
                digest: "0".repeat(32),
                note_ids: choices.rarely(4).then(|| vec![note_id]),
            }),
            8 => match self.in_flight.iter().nth(usize::from(choices.below(4))) {
                Some((doc, id)) => ServerMessage::NoteUpdateSuccess {
                    id: id.clone(),
                    space_id: doc.space,
                    note_id: doc.note,
                    seq: choices.number(),
                    timestamp,
                },
                None => {
                    let (id, seq) = ("nobody's".to_owned(), choices.number());
                    ServerMessage::NoteUpdateSuccess { id, space_id, note_id, seq, timestamp }
                }
            },
            9 => {
                let (seq, ops) = (choices.number(), vec![Bytes(choices.bytes(50))]);
                let sync = NoteSync { space_id, note_id, seq, ops, timestamp, from_user_id, from_device_id };
                ServerMessage::NoteSync(sync)
            }
            10 => {
                let seq = choices.number();
                ServerMessage::NotePurgeSync { space_id, note_id, seq, timestamp, from_user_id, from_device_id }
            }
            11 => ServerMessage::Pong { timestamp, seqs: BTreeMap::from([(space_id, choices.number())]) },
            12 => match choices.rarely(2) {
                true => ServerMessage::Behind { space_id },
                false => ServerMessage::Draining { retry_after_ms: choices.number() },
            },
            _ => ServerMessage::Error(self.error(choices, note_id)),
        }
    }

    fn error(&self, choices: &mut Choices<'_>, note_id: NoteId) -> ErrorMessage {
        use ErrorCode::{
            Changed, Deleted, DivergedLog, Internal, Malformed, RateLimited, TooLarge, Unauthenticated, UnknownBase,
        };
        let codes =
            [Changed, Deleted, DivergedLog, Internal, Malformed, RateLimited, TooLarge, Unauthenticated, UnknownBase];
        let code = codes[usize::from(choices.below(codes.len() as u8))];
        let id = self.in_flight.values().nth(usize::from(choices.below(4))).cloned();
        let retry_after_ms = choices.rarely(2).then(|| choices.number());
        ErrorMessage {
            message: "no".to_owned(),
            code,
            note_id: choices.rarely(2).then_some(note_id),
            id,
            retry_after_ms,
        }
    }

    /// The server has answered: something else of the document may be sent.
    fn answered(&mut self, message: &ServerMessage) {
        match message {
            ServerMessage::NoteUpdateSuccess { id, .. } => self.in_flight.retain(|_, other| other != id),
            ServerMessage::Error(error) => {
                let about = |doc: &DocKey| error.note_id == Some(doc.note);
                self.in_flight.retain(|doc, id| error.id.as_ref() != Some(id) && !about(doc));
            }
            _ => {}
        }
    }

    fn socket(&mut self, choices: &mut Choices<'_>) {
        let ends = choices.rarely(4);
        match self.socket {
            Socket::None => {
                let now = self.now;
                self.device.connect(now);
            }
            Socket::Opening if !ends => {
                self.socket = Socket::Open { spoken: false };
                self.device.opened(self.now);
            }
            Socket::Open { .. } if !ends => self.device.alive(self.now),
            Socket::Opening | Socket::Open { .. } => {
                self.ended();
                let codes = [None, Some(1000), Some(1009), Some(1012), Some(4400), Some(4401), Some(4408), Some(4429)];
                self.device.closed(codes[usize::from(choices.below(8))], "it ended", self.now);
            }
        }
    }

    fn ended(&mut self) {
        self.socket = Socket::None;
        self.in_flight.clear();
        self.agreed = None;
    }

    fn token(&mut self, choices: &mut Choices<'_>) {
        if std::mem::take(&mut self.token_asked) {
            let token = if choices.rarely(5) { Err("there is none".to_owned()) } else { Ok("token".to_owned()) };
            self.device.token(token, self.now);
        }
    }

    fn agree(&mut self, choices: &mut Choices<'_>) {
        let refuses = choices.rarely(6);
        match self.agreed.take() {
            Some(_) if refuses => self.device.refuse("another user's".to_owned(), self.now),
            Some(1) => self.device.enter_level1(SPACE, self.now),
            Some(_) => {
                let place = Place { seq: choices.number(), lineage: lineage(choices) };
                self.device.enter(&[(SPACE, choices.rarely(2).then_some(place))], self.now);
            }
            None => {}
        }
    }

    fn disk(&mut self, choices: &mut Choices<'_>) {
        if choices.rarely(8) {
            self.rows.clear();
            self.device.store_failed(self.now);
        } else if !self.rows.is_empty()
            && let (space, Some(place)) = self.rows.remove(0)
        {
            self.device.stored(space, place, self.now);
        }
    }

    fn prepared(&mut self, choices: &mut Choices<'_>) {
        let Some(doc) = self.preparing.pop_first() else { return };
        let (after, now) = (choices.number(), self.now);
        match (choices.below(4), self.device.level()) {
            (0, _) => self.device.nothing_to_send(doc, now),
            (_, Some(1)) => {
                let new = level1::NoteData { id: Some(doc.note), ..level1::NoteData::default() };
                let create = choices.rarely(3).then_some(new);
                let (delete, changes) = (choices.rarely(4), level1::Changes::default());
                let request = stet_sync::device::level1::Request { create, delete, changes };
                self.device.prepared_level1(doc, &request, vec![1], now);
            }
            _ => self.device.prepared(Prepared { doc, after, ops: choices.bytes(200), end: vec![1] }, now),
        }
    }

    fn time(&mut self, choices: &mut Choices<'_>) {
        if choices.rarely(3) {
            self.now = self.now.saturating_add(choices.number().min(1 << 40));
        } else if let Some(at) = self.device.wake_at() {
            self.now = self.now.max(at);
        }
        for _ in 0..TICKS {
            if self.device.wake_at().is_none_or(|at| at > self.now) {
                return;
            }
            self.device.tick(self.now);
            self.carry_out();
        }
        assert!(self.device.wake_at().is_none_or(|at| at > self.now), "it is never content with the time");
    }

    fn user(&mut self, choices: &mut Choices<'_>) {
        let (doc, now) = (doc(choices), self.now);
        match choices.below(8) {
            0 => self.device.purge(doc, choices.number(), now),
            1 => self.device.join(SPACE, doc.note, now),
            2 => self.device.leave(SPACE, doc.note, now),
            3 => self.device.pause(choices.rarely(2), now),
            4 => self.device.network_up(now),
            5 => {
                self.device.disconnect();
            }
            6 => self.device.sync_now(SPACE, now),
            _ => self.device.drop_document(doc),
        }
    }

    fn engine(&mut self, choices: &mut Choices<'_>) {
        match choices.below(4) {
            0 => self.device.fetch(SPACE, vec![doc(choices).note], self.now),
            1 => _ = self.device.read_anew(SPACE, self.now),
            2 => self.device.set_unsent(choices.number()),
            _ => self.device.set_content(Content { space: SPACE, seq: choices.number(), digest: "0".repeat(32) }),
        }
    }

    /// Does what it asks, and holds it against the rules.
    fn carry_out(&mut self) {
        let asked = self.device.drain();
        assert!(asked.len() <= ONE_STEP, "{} things to do at once", asked.len());
        for output in asked {
            match output {
                Output::Open => {
                    assert_eq!(self.socket, Socket::None, "a second socket");
                    self.socket = Socket::Opening;
                }
                Output::Close { .. } => self.ended(),
                Output::Send(frame) => self.sent(&frame),
                Output::Ping => assert!(matches!(self.socket, Socket::Open { .. }), "a ping without a socket"),
                Output::NeedToken { .. } => self.token_asked = true,
                Output::Agreed(_) => self.agreed = Some(2),
                Output::AgreedLevel1 { .. } => self.agreed = Some(1),
                Output::Rows(rows) => self.rows.push((rows.space, rows.cursor)),
                Output::Prepare { doc } => {
                    self.preparing.insert(doc);
                }
                _ => {}
            }
        }
        let _ = (self.device.state(), self.device.progress(SPACE), self.device.is_caught_up(SPACE));
    }

    fn sent(&mut self, frame: &Frame) {
        let Socket::Open { spoken } = self.socket else { panic!("a frame without a socket: {frame:?}") };
        self.socket = Socket::Open { spoken: true };
        let message = decode::<ClientMessage>(frame, usize::MAX);
        if !spoken {
            let first = matches!(message, Ok(ClientMessage::Auth(_)));
            assert!(first, "the first frame signs in, and isn't {message:?}");
        }
        match message {
            Ok(ClientMessage::NoteUpdate(update)) => {
                let doc = DocKey { space: update.space_id, note: update.note_id };
                let before = self.in_flight.insert(doc, update.id.clone());
                assert_eq!(before, None, "two updates of one document at once");
                assert!(self.in_flight.len() as u64 <= UPDATES_IN_FLIGHT);
                self.name(update.id.clone(), ClientMessage::NoteUpdate(update));
            }
            Ok(ClientMessage::NotePurge(purge)) => self.name(purge.id.clone(), ClientMessage::NotePurge(purge)),
            Ok(_) => {}
            Err(_) => drop(decode::<level1::ClientMessage>(frame, usize::MAX).expect("a message of either level")),
        }
    }

    /// A request's name stands for the same bytes for ever.
    fn name(&mut self, id: String, message: ClientMessage) {
        if let Some(before) = self.named.insert(id, message.clone()) {
            assert_eq!(before, message, "one name for two requests");
        }
    }
}

fn space(choices: &mut Choices<'_>) -> SpaceId {
    if choices.rarely(12) { SpaceId::from_bytes([8; 16]) } else { SPACE }
}

fn doc(choices: &mut Choices<'_>) -> DocKey {
    DocKey { space: SPACE, note: NoteId::from_bytes([choices.below(5); 16]) }
}

fn lineage(choices: &mut Choices<'_>) -> Lineage {
    Lineage::from_bytes([choices.below(3); 16])
}

fn row(choices: &mut Choices<'_>) -> Row {
    Row {
        seq: choices.number(),
        note_id: doc(choices).note,
        ops: vec![Bytes(choices.bytes(20))],
        purged: choices.rarely(4),
        timestamp: 0,
        device_id: None,
    }
}

fn success(choices: &mut Choices<'_>) -> AuthSuccess {
    let info = SpaceInfo {
        id: space(choices),
        name: "Personal".to_owned(),
        role: "owner".to_owned(),
        encrypted: false,
        seq: choices.number(),
        lineage: lineage(choices),
    };
    let level2 = Agreement {
        protocol: 2,
        connection_id: ConnectionId::from_bytes([4; 16]),
        store_id: StoreId::from_bytes([5; 16]),
        timestamp: choices.number() as i64,
        expires_in_ms: choices.number(),
        heartbeat_ms: choices.number(),
        limits: Limits { updates_in_flight: choices.number(), ..Limits::default() },
        spaces: vec![info],
    };
    let level2 = (!choices.rarely(4)).then_some(level2);
    AuthSuccess { message: "welcome".to_owned(), user_id: UserId("maria".to_owned()), level2 }
}

fn level1_message(choices: &mut Choices<'_>) -> level1::ServerMessage {
    let (note_id, timestamp) = (doc(choices).note, choices.number() as i64);
    match choices.below(4) {
        0 => level1::ServerMessage::NoteLeft { note_id },
        1 => {
            let from_user_id = UserId("maria".to_owned());
            level1::ServerMessage::NoteDeletedSync { note_id, timestamp, from_user_id }
        }
        2 => level1::ServerMessage::AuthFailed { message: "no".to_owned(), reason: None },
        _ => level1::ServerMessage::ConnectionEstablished { message: String::new() },
    }
}
