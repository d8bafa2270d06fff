//! The real server in a process of its own, and two signed-in level-2 sockets of one user.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use rusqlite::{Connection, OpenFlags};
use stet_model::document::{NoteDocument, NoteEdit, Version};
use stet_model::id::{DeviceId, NoteId, PeerId, SpaceId};
use stet_model::text::TextChange;
use stet_protocol::bytes::Bytes as Ops;
use stet_protocol::codec::{Encoding, Frame, decode, encode};
use stet_protocol::message::level2::{ClientMessage, NoteUpdate, ServerMessage, Sync};
use stet_protocol::message::{Auth, Device};
use stet_tests::stage::program;
use tokio_tungstenite::tungstenite::Message;

use crate::samples::Round;
use crate::wire::Wire;

/// A server process on a free port.
pub struct Server {
    process: Child,
    pub url: String,
    data: PathBuf,
}

impl Server {
    pub fn start(data: &Path) -> Self {
        let mut command = Command::new(program("stet-server"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
        let mut process = command.env("STET_LOG", "warn").stdout(Stdio::piped()).spawn().expect("the server starts");
        let stdout = process.stdout.take().expect("it is piped");
        let mut lines = BufReader::new(stdout).lines();
        let url = lines.find_map(|line| {
            line.ok()?.split_whitespace().find(|word| word.starts_with("ws://")).map(ToOwned::to_owned)
        });
        Self { process, url: url.expect("the server says where it listens"), data: data.to_owned() }
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }

    pub fn token(&self, user: &str) -> String {
        let mut command = Command::new(program("stet-server"));
        let output = command.args(["token", "--user", user, "--data"]).arg(&self.data).output();
        let output = output.expect("the server makes a token");
        String::from_utf8(output.stdout).expect("a token is text").trim().to_owned()
    }

    /// The operations of a keystroke that came in a moment ago.
    pub fn last_ops(&self) -> Vec<u8> {
        let path = self.data.join("server.db");
        let log = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("the server's log");
        // The shortest of some: a row may be many keystrokes that were folded into one.
        let last = "SELECT ops FROM (SELECT ops FROM log ORDER BY place DESC LIMIT 20) ORDER BY length(ops) LIMIT 1";
        log.query_row(last, [], |row| row.get(0)).expect("the log has a row")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Two sockets, and the note they share.
pub struct Pair {
    _server: Server,
    one: Wire,
    two: Wire,
    space: SpaceId,
    note: NoteDocument,
    known: Version,
    after: u64,
    count: u64,
    bytes: usize,
}

const NOTE: NoteId = NoteId::from_bytes([8; 16]);

impl Pair {
    pub async fn start(data: &Path) -> Self {
        let server = Server::start(data);
        let token = server.token("bench");
        let (one, space) = sign_in(&server.url, &token, 1).await;
        let (two, _) = sign_in(&server.url, &token, 2).await;
        let note = NoteDocument::new(PeerId(77));
        Self { _server: server, one, two, space, note, known: Version::new(), after: 0, count: 0, bytes: 0 }
    }

    /// Bytes of an edit's frame, for the controls.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    pub async fn round(&mut self, count: usize) -> Round {
        let mut times = Vec::with_capacity(count);
        for _ in 0..count {
            let frame = self.edit();
            self.bytes = frame.len();
            let start = Instant::now();
            self.one.send(message(frame)).await;
            while !matches!(read(self.two.next().await), ServerMessage::NoteSync(_)) {}
            times.push(start.elapsed().as_secs_f64() * 1e6);
            self.acknowledged().await;
        }
        Round(times)
    }

    /// One keystroke, as the engine would send it.
    fn edit(&mut self) -> Frame {
        let at = self.note.body().len() as u32;
        let change = TextChange::new(at, at, "x");
        self.note.edit(&NoteEdit::Body(vec![change]), 1_800_000_000_000).expect("an edit");
        let ops = self.note.export(&self.known);
        self.known = self.note.head();
        self.count += 1;
        frame(self.space, self.count, self.after, ops)
    }

    async fn acknowledged(&mut self) {
        loop {
            match read(self.one.next().await) {
                ServerMessage::NoteUpdateSuccess { seq, .. } => {
                    self.after = seq;
                    return;
                }
                ServerMessage::Error(error) => panic!("the server refused an edit: {}", error.message),
                _ => {}
            }
        }
    }
}

/// An update as it goes over the wire.
pub fn frame(space_id: SpaceId, count: u64, after: u64, ops: Vec<u8>) -> Frame {
    let id = format!("bench-{count}");
    let update = NoteUpdate { id, space_id, note_id: NOTE, after, ops: vec![Ops(ops)] };
    encode(&ClientMessage::NoteUpdate(update), Encoding::MessagePack)
}

pub async fn sign_in(url: &str, token: &str, device: u8) -> (Wire, SpaceId) {
    let mut wire = Wire::open(url).await;
    let device = Device {
        id: DeviceId::from_bytes([device; 16]),
        name: "Bench".into(),
        platform: "linux".into(),
        app_version: "0".into(),
    };
    let auth = Auth { token: token.to_owned(), protocol: Some(2), device: Some(device) };
    wire.send(message(encode(&ClientMessage::Auth(auth), Encoding::MessagePack))).await;
    let space = loop {
        match read(wire.next().await) {
            ServerMessage::AuthSuccess(success) => break success.level2.expect("level 2").spaces[0].id,
            ServerMessage::AuthFailed { message, .. } => panic!("the token is refused: {message}"),
            _ => {}
        }
    };
    let sync = Sync { space_id: space, since: 0, lineage: None, newest: None, note_ids: None };
    wire.send(message(encode(&ClientMessage::Sync(sync), Encoding::MessagePack))).await;
    while !matches!(read(wire.next().await), ServerMessage::SyncComplete(_)) {}
    (wire, space)
}

pub fn message(frame: Frame) -> Message {
    match frame {
        Frame::Text(text) => Message::Text(text.into()),
        Frame::Binary(bytes) => Message::Binary(bytes.into()),
    }
}

pub fn read(message: Message) -> ServerMessage {
    let frame = match message {
        Message::Text(text) => Frame::Text(text.to_string()),
        Message::Binary(bytes) => Frame::Binary(bytes.to_vec()),
        other => panic!("not a frame that says something: {other:?}"),
    };
    decode(&frame, usize::MAX).expect("the server speaks the protocol")
}
