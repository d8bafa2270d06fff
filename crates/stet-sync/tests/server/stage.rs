//! One machine with its queue and its clock, and short ways to give it things and to look at what it says.

use std::sync::Arc;

use serde_json::{Value, json};
use stet_model::id::{ConnectionId, DeviceId, Lineage, NoteId, SpaceId, StoreId, UserId};
use stet_protocol::bytes::Bytes;
use stet_protocol::codec::{Encoding, Frame, encode};
use stet_protocol::message::SpaceInfo;
use stet_protocol::message::level2::{ServerMessage, SyncBatch};
use stet_sync::server::{
    Change, Committed, Connection, Effect, Head, Input, Now, Origin, Outbox, Outgoing, Place, ReadAnswer, ReadRequest,
    Session, Settings, Turn, receive,
};

pub const SPACE: SpaceId = SpaceId::from_bytes([9; 16]);
pub const OWN: ConnectionId = ConnectionId::from_bytes([1; 16]);

pub struct Stage {
    pub machine: Connection,
    pub outbox: Outbox,
    pub effects: Vec<Effect>,
    pub settings: Arc<Settings>,
    pub now: i64,
    /// How far the wall clock is from where it was.
    pub wall_off: i64,
    said: Vec<Value>,
}

impl Stage {
    pub fn open(settings: Settings) -> Self {
        let settings = Arc::new(settings);
        let mut outbox = Outbox::default();
        let machine = Connection::open(OWN, Arc::clone(&settings), Now::default(), &mut outbox);
        let mut stage = Self { machine, outbox, effects: Vec::new(), settings, now: 0, wall_off: 0, said: Vec::new() };
        assert_eq!(stage.say()["type"], "connection_established");
        stage
    }

    /// A machine whose user has signed in at level 2.
    pub fn level2(settings: Settings) -> Self {
        let mut stage = Self::open(settings);
        stage.hear(&auth2());
        assert!(matches!(stage.effects.remove(0), Effect::Authenticate(_)));
        stage.give(Input::Authenticated(Ok(session(1_000_000))));
        assert_eq!(stage.say()["type"], "auth_success");
        stage
    }

    pub fn give(&mut self, input: Input<'_>) {
        let mut turn = Turn {
            now: Now { mono: self.now, wall: self.now + self.wall_off },
            outbox: &mut self.outbox,
            effects: &mut self.effects,
        };
        self.machine.handle(input, &mut turn);
    }

    pub fn hear(&mut self, message: &Value) {
        let received = receive(&Frame::Text(message.to_string()), self.machine.stage(), &self.settings);
        self.give(Input::Message(received));
    }

    /// The next thing to write, but for messages.
    pub fn take(&mut self) -> Option<Outgoing> {
        self.outbox.take()
    }

    /// The next message it says; null when there is none.
    pub fn say(&mut self) -> Value {
        if self.said.is_empty() {
            match self.outbox.take() {
                Some(Outgoing::Frame(frame)) => {
                    let message: Value = serde_json::from_slice(frame.as_bytes()).unwrap();
                    match message["messages"].as_array() {
                        Some(messages) => self.said.extend(messages.iter().cloned()),
                        None => self.said.push(message),
                    }
                }
                None => return Value::Null,
                other => panic!("a message was expected, not {other:?}"),
            }
        }
        self.said.remove(0)
    }

    /// The types of everything it says.
    pub fn kinds(&mut self) -> Vec<String> {
        std::iter::from_fn(|| Some(self.say()).filter(|message| !message.is_null()))
            .map(|message| message["type"].as_str().unwrap().to_owned())
            .collect()
    }

    pub fn reads(&mut self) -> ReadRequest {
        let place = self.effects.iter().position(|effect| matches!(effect, Effect::Read(_))).unwrap();
        match self.effects.remove(place) {
            Effect::Read(request) => request,
            other => panic!("{other:?}"),
        }
    }

    /// Syncs an empty log: live from 1.
    pub fn live(&mut self) {
        self.hear(&json!({"type": "sync", "spaceId": SPACE, "since": 0}));
        let begin = self.reads();
        self.give(Input::Read(begin.ticket, ReadAnswer::Begun { rows: 0, early: vec![], early_rows: 0 }));
        let log = self.reads();
        self.give(Input::Read(log.ticket, ReadAnswer::Log { batch: None, up_to: 0, end: Some(head(0)) }));
        assert_eq!(self.say()["type"], "sync_complete");
    }
}

pub fn auth2() -> Value {
    json!({"type": "auth", "token": "t", "protocol": 2, "device": {"id": DeviceId::from_bytes([4; 16]), "name": "d",
        "platform": "linux", "appVersion": "0"}})
}

pub fn session(expires_at: i64) -> Session {
    let space = SpaceInfo {
        id: SPACE,
        name: "Personal".to_owned(),
        role: "owner".to_owned(),
        encrypted: false,
        seq: 0,
        lineage: Lineage::from_bytes([2; 16]),
    };
    Session {
        user_id: UserId("maria".to_owned()),
        expires_at,
        store_id: StoreId::from_bytes([3; 16]),
        spaces: vec![space],
    }
}

pub fn head(seq: u64) -> Head {
    Head { seq, lineage: Lineage::from_bytes([2; 16]), digest: "0".repeat(32) }
}

pub fn note(n: u8) -> NoteId {
    NoteId::from_bytes([n; 16])
}

/// A committed row: by this socket under a request id, or by another.
pub fn row(seq: u64, own: Option<&str>) -> Arc<Committed> {
    sized_row(seq, own, 10)
}

pub fn sized_row(seq: u64, own: Option<&str>, bytes: usize) -> Arc<Committed> {
    let place = Place { space_id: SPACE, note_id: note(5), seq, timestamp: 7, first: seq == 1 };
    let origin = own.map(|id| Origin { connection_id: OWN, id: Some(id.to_owned()) });
    let change = Change::Update(vec![Bytes(vec![1; bytes])]);
    Arc::new(Committed::new(place, change, (UserId("maria".to_owned()), None), origin))
}

pub fn batch(up_to: u64) -> Option<(Arc<Frame>, u64)> {
    sized_batch(up_to, 0)
}

/// A batch that weighs at least so much.
pub fn sized_batch(up_to: u64, bytes: usize) -> Option<(Arc<Frame>, u64)> {
    let row = stet_protocol::message::level2::Row {
        seq: up_to,
        note_id: note(5),
        ops: vec![Bytes(vec![1; bytes])],
        purged: false,
        timestamp: 0,
        device_id: None,
    };
    let batch = SyncBatch { space_id: SPACE, rows: vec![row], up_to, early: false, done: 1, total: 1 };
    Some((Arc::new(encode(&ServerMessage::SyncBatch(batch), Encoding::Json)), 1))
}

pub fn update(id: &str, n: u8) -> Value {
    json!({"type": "note_update", "id": id, "spaceId": SPACE, "noteId": note(n), "after": 0, "ops": ["AQ=="]})
}
