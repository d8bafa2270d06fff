//! A server in one thread whose tokens are names, and clients that keep what they were told. Never a real clock.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stet_protocol::codec::Frame;
use stet_protocol::message::AuthFailure;
use stet_server::bus::LocalBus;
use stet_server::core::{Claims, Core, Happening, SocketId, Verify};
use stet_server::database::{Database, Random};
use stet_sync::server::{Now, Outgoing, Settings};

/// Every name is a good token for an hour.
pub struct Names;

impl Verify for Names {
    fn verify(&self, token: &str, now: i64) -> Result<Claims, AuthFailure> {
        let subject = token.to_owned();
        Ok(Claims { issuer: "names".to_owned(), subject, expires_at: now + 3_600_000 })
    }
}

/// Numbers that only depend on their seed.
pub struct Seeded(u64);

impl Seeded {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % bound
    }

    pub fn random(seed: u64) -> Random {
        let mut numbers = Self::new(seed);
        Box::new(move |bytes| bytes.iter_mut().for_each(|byte| *byte = u8::try_from(numbers.below(256)).unwrap()))
    }
}

pub struct Server<D> {
    pub core: Core<D>,
    pub now: i64,
}

impl<D: Database> Server<D> {
    pub fn start(mut database: D, settings: Settings, seed: u64) -> Self {
        database.make_account("names", "maria", 0).unwrap();
        let bus = Box::new(LocalBus::default());
        let core = Core::new(database, settings, Box::new(Names), bus, Seeded::random(seed)).unwrap();
        Self { core, now: 1_000_000 }
    }

    pub const fn time(&self) -> Now {
        Now { mono: self.now, wall: self.now }
    }

    pub fn send(&mut self, socket: SocketId, message: &Value) {
        self.core.handle(Happening::Frame(socket, Frame::Text(message.to_string())), self.time());
    }

    /// The messages of the next frame; nothing when none waits.
    pub fn take(&mut self, socket: SocketId) -> Vec<Value> {
        match self.core.take(socket, self.time()) {
            Some(Outgoing::Frame(frame)) => {
                let mut message: Value = serde_json::from_slice(frame.as_bytes()).unwrap();
                match message["messages"].take() {
                    Value::Array(messages) => messages,
                    _ => vec![message],
                }
            }
            _ => Vec::new(),
        }
    }

    /// Everything that waits.
    pub fn take_all(&mut self, socket: SocketId) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            let some = self.take(socket);
            if some.is_empty() {
                return all;
            }
            all.extend(some);
        }
    }
}

/// A device that keeps the log as it is told.
#[derive(Default)]
pub struct Device {
    pub number: u8,
    pub socket: Option<SocketId>,
    pub space: String,
    pub lineage: Value,
    pub cursor: u64,
    /// What the rows held, by seq.
    pub rows: BTreeMap<u64, String>,
    pub acknowledged: BTreeMap<String, u64>,
    pub syncing: bool,
    pub fell_behind: u32,
}

impl Device {
    pub fn connect<D: Database>(&mut self, server: &mut Server<D>) {
        let socket = server.core.connect(server.time());
        self.socket = Some(socket);
        let id = format!("{:08x}-0000-4000-8000-000000000000", self.number);
        let device = json!({"id": id, "name": "d", "platform": "linux", "appVersion": "0"});
        server.send(socket, &json!({"type": "auth", "token": "maria", "protocol": 2, "device": device}));
    }

    pub fn sync<D: Database>(&mut self, server: &mut Server<D>) {
        self.syncing = true;
        let lineage = if self.cursor == 0 { Value::Null } else { self.lineage.clone() };
        let sync = json!({"type": "sync", "spaceId": self.space, "since": self.cursor, "lineage": lineage});
        server.send(self.socket.unwrap(), &sync);
    }

    pub fn write<D: Database>(&mut self, server: &mut Server<D>, id: &str, note: u8, ops: &str) {
        let note_id = format!("{note:08x}-0000-4000-8000-00000000000a");
        let update = json!({"type": "note_update", "id": id, "spaceId": self.space, "noteId": note_id, "after": 0,
            "ops": [ops]});
        server.send(self.socket.unwrap(), &update);
    }

    /// Takes in one message, as the rules for clients say.
    pub fn hear<D: Database>(&mut self, server: &mut Server<D>, message: &Value) {
        match message["type"].as_str().unwrap() {
            "auth_success" => {
                self.space = message["spaces"][0]["id"].as_str().unwrap().to_owned();
                self.lineage = message["spaces"][0]["lineage"].clone();
                self.sync(server);
            }
            "sync_batch" => {
                for row in message["rows"].as_array().unwrap() {
                    self.keep(row);
                }
                self.cursor = self.cursor.max(message["upTo"].as_u64().unwrap());
            }
            "sync_complete" => {
                self.syncing = false;
                self.lineage = message["lineage"].clone();
                self.cursor = self.cursor.max(message["seq"].as_u64().unwrap());
            }
            "note_sync" => {
                let seq = message["seq"].as_u64().unwrap();
                assert_eq!(seq, self.cursor + 1, "live has no holes and nothing twice");
                self.keep(message);
                self.cursor = seq;
            }
            "note_update_success" => {
                let seq = message["seq"].as_u64().unwrap();
                let id = message["id"].as_str().unwrap();
                let before = self.acknowledged.insert(id.to_owned(), seq);
                assert!(before.is_none_or(|before| before == seq), "one answer for one request");
                if seq == self.cursor + 1 {
                    self.cursor = seq;
                }
            }
            "behind" => {
                self.fell_behind += 1;
                self.sync(server);
            }
            "connection_established" | "receipts" | "draining" => {}
            _ => panic!("not expected: {message}"),
        }
    }

    fn keep(&mut self, row: &Value) {
        self.rows.insert(row["seq"].as_u64().unwrap(), row["ops"][0].as_str().unwrap().to_owned());
    }
}
