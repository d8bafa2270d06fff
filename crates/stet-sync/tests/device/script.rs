//! A machine with the answers a server would give, so that a test reads like the wire.

use stet_model::id::{ConnectionId, DeviceId, DocKey, Lineage, NoteId, SpaceId, StoreId, UserId};
use stet_protocol::bytes::Bytes;
use stet_protocol::codec::{Encoding, Frame, decode, encode};
use stet_protocol::message::level2::{ClientMessage, Row, ServerMessage, SyncBatch, SyncComplete};
use stet_protocol::message::{Agreement, AuthSuccess, Device as DeviceInfo, Limits, SpaceInfo};
use stet_sync::device::{BackoffOptions, Device, Options, Output, Place, Prepared};

pub const SPACE: SpaceId = SpaceId::from_bytes([1; 16]);
pub const LINEAGE: Lineage = Lineage::from_bytes([2; 16]);

pub const fn doc(n: u8) -> DocKey {
    DocKey { space: SPACE, note: NoteId::from_bytes([n; 16]) }
}

pub const fn place(seq: u64) -> Place {
    Place { seq, lineage: LINEAGE }
}

pub struct Script {
    pub device: Device,
    pub now: u64,
    pub limits: Limits,
}

impl Script {
    pub fn new() -> Self {
        let device = DeviceInfo {
            id: DeviceId::from_bytes([3; 16]),
            name: "Anna's desk".into(),
            platform: "linux".into(),
            app_version: "0.1.0".into(),
        };
        let options = Options { device, backoff: BackoffOptions::default(), seed: 42 };
        Self { device: Device::new(options), now: 0, limits: Limits::default() }
    }

    /// Connected, signed in and caught up at `seq`.
    pub fn live(seq: u64) -> Self {
        let mut script = Self::new();
        script.sign_in(seq);
        script.device.enter(&[(SPACE, (seq > 0).then(|| place(seq)))], script.now);
        script.complete(seq);
        script.asked();
        script
    }

    /// Connected and signed in, not yet entered.
    pub fn sign_in(&mut self, seq: u64) {
        self.device.connect(self.now);
        self.device.opened(self.now);
        self.hear(&ServerMessage::ConnectionEstablished { message: "Please authenticate to continue".into() });
        self.device.token(Ok("token".into()), self.now);
        let success = self.success(seq);
        self.hear(&ServerMessage::AuthSuccess(success));
    }

    pub fn success(&self, seq: u64) -> AuthSuccess {
        let info = SpaceInfo {
            id: SPACE,
            name: "Personal".into(),
            role: "owner".into(),
            encrypted: false,
            seq,
            lineage: LINEAGE,
        };
        AuthSuccess {
            message: "Authentication successful".into(),
            user_id: UserId("anna".into()),
            level2: Some(Agreement {
                protocol: 2,
                connection_id: ConnectionId::from_bytes([4; 16]),
                store_id: StoreId::from_bytes([5; 16]),
                timestamp: 1_000,
                expires_in_ms: 3_600_000,
                heartbeat_ms: 30_000,
                limits: self.limits.clone(),
                spaces: vec![info],
            }),
        }
    }

    pub fn hear(&mut self, message: &ServerMessage) {
        self.device.received(&encode(message, Encoding::Json), self.now);
    }

    pub fn batch(&mut self, rows: Vec<Row>, up_to: u64) {
        let total = rows.len() as u64;
        let batch = SyncBatch { space_id: SPACE, rows, up_to, early: false, done: total, total };
        self.hear(&ServerMessage::SyncBatch(batch));
    }

    pub fn complete(&mut self, seq: u64) {
        let digest = "0".repeat(32);
        let complete = SyncComplete { space_id: SPACE, seq, lineage: LINEAGE, digest, note_ids: None };
        self.hear(&ServerMessage::SyncComplete(complete));
    }

    pub fn asked(&mut self) -> Vec<Output> {
        self.device.drain()
    }

    /// What was sent since the last look; other requests are dropped.
    pub fn sent(&mut self) -> Vec<ClientMessage> {
        let frames = self.asked().into_iter().filter_map(|output| match output {
            Output::Send(frame) => Some(frame),
            _ => None,
        });
        frames.map(|frame| read(&frame)).collect()
    }

    /// Lets time pass to where the machine has something to do.
    pub fn wait(&mut self) {
        let at = self.device.wake_at().expect("the machine waits for something");
        self.now = self.now.max(at);
        self.device.tick(self.now);
    }

    pub fn prepare(&mut self, n: u8, after: u64) {
        let prepared = Prepared { doc: doc(n), after, ops: vec![1, n], end: vec![n] };
        self.device.prepared(prepared, self.now);
    }
}

pub fn read(frame: &Frame) -> ClientMessage {
    decode(frame, usize::MAX).expect("the machine sends what the protocol knows")
}

pub fn row(seq: u64, n: u8) -> Row {
    Row {
        seq,
        note_id: doc(n).note,
        ops: vec![Bytes(vec![1, n])],
        purged: false,
        timestamp: seq as i64,
        device_id: None,
    }
}
