//! What folding rows costs the server and saves its disk: the same edits on one note, with folding and without, and bare.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::{Value, json};
use stet_model::document::{NoteDocument, NoteEdit};
use stet_model::id::PeerId;
use stet_model::text::TextChange;
use stet_protocol::bytes::Bytes;
use stet_protocol::codec::Frame;
use stet_protocol::message::AuthFailure;
use stet_server::bus::LocalBus;
use stet_server::core::{Claims, Core, Happening, SocketId, Verify};
use stet_server::database::sqlite::Sqlite;
use stet_server::database::{Database as _, Random};
use stet_sync::server::{Now, Outgoing, Settings};

use crate::{say, tree};

/// Keystrokes, each a row of its own.
const EDITS: usize = 10_000;
const NOTE: &str = "00000001-0000-4000-8000-00000000000a";

struct Anybody;

impl Verify for Anybody {
    fn verify(&self, token: &str, now: i64) -> Result<Claims, AuthFailure> {
        Ok(Claims { issuer: "bench".to_owned(), subject: token.to_owned(), expires_at: now + 3_600_000 })
    }
}

/// A server without sockets or threads, and a device that writes.
struct Desk {
    core: Core<Sqlite>,
    socket: SocketId,
    space: Value,
}

impl Desk {
    fn start(path: &Path, fold_every: u64) -> Self {
        let mut database = Sqlite::open(path, counting()).expect("a database");
        database.make_account("bench", "ada", 1).expect("an account");
        let settings = Settings { fold_every, ..Settings::default() };
        let bus = Box::new(LocalBus::default());
        let mut core = Core::new(database, settings, Box::new(Anybody), bus, counting()).expect("a server");
        let socket = core.connect(at(1));
        let mut desk = Self { core, socket, space: Value::Null };
        let device = json!({"id": NOTE, "name": "d", "platform": "linux", "appVersion": "0"});
        let agreed =
            desk.ask(&json!({"type": "auth", "token": "ada", "protocol": 2, "device": device}), "auth_success", 1);
        desk.space = agreed["spaces"][0]["id"].clone();
        desk
    }

    /// Sends a message and waits for its answer, which is of this type.
    fn ask(&mut self, message: &Value, kind: &str, now: i64) -> Value {
        self.core.handle(Happening::Frame(self.socket, Frame::Text(message.to_string())), at(now));
        let mut answers = Vec::new();
        while let Some(Outgoing::Frame(frame)) = self.core.take(self.socket, at(now)) {
            let mut message: Value = serde_json::from_slice(frame.as_bytes()).expect("JSON");
            match message["messages"].take() {
                Value::Array(several) => answers.extend(several),
                _ => answers.push(message),
            }
        }
        let answer = answers.iter().position(|answer| answer["type"] == kind);
        answers.swap_remove(answer.unwrap_or_else(|| panic!("{kind} was expected, not {answers:?}")))
    }

    /// Sends every edit and waits for each.
    fn write(&mut self, edits: &[Value]) -> Vec<Duration> {
        let once = |(n, ops): (usize, &Value)| {
            let update = json!({"type": "note_update", "id": n.to_string(), "spaceId": self.space, "noteId": NOTE, "after": 0,
                "ops": [ops]});
            let start = Instant::now();
            // At a pace that the server allows.
            self.ask(&update, "note_update_success", 20 * n as i64);
            start.elapsed()
        };
        edits.iter().enumerate().map(once).collect()
    }
}

const fn at(ms: i64) -> Now {
    Now { mono: ms, wall: ms }
}

fn counting() -> Random {
    let mut count = 0_u64;
    Box::new(move |bytes| {
        for byte in bytes {
            count = count.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (count >> 40) as u8;
        }
    })
}

fn keystrokes() -> Vec<Value> {
    let mut author = NoteDocument::new(PeerId(7));
    let typed = |n: usize| {
        let before = author.head();
        let at = u32::try_from(n).expect("a short text");
        let insert = if n % 6 == 5 { " ".to_owned() } else { char::from(b'a' + (n % 26) as u8).to_string() };
        let change = TextChange { from: at, to: at, insert };
        author.edit(&NoteEdit::Body(vec![change]), 1_000 * n as i64).expect("an edit");
        serde_json::to_value(Bytes(author.export(&before))).expect("base64")
    };
    (0..EDITS).map(typed).collect()
}

/// Writes the same edits with folding and without.
pub fn folds(folder: &Path) {
    say(&format!("\nfolding: {EDITS} keystrokes on one note, a row each"));
    let edits = keystrokes();
    for (name, fold_every) in [("as shipped", Settings::default().fold_every), ("without", u64::MAX)] {
        let path = folder.join(format!("fold-{fold_every}.db"));
        let mut desk = Desk::start(&path, fold_every);
        let before = tree::processor_time(std::process::id());
        let mut took = desk.write(&edits);
        let processor = tree::processor_time(std::process::id()).saturating_sub(before);
        drop(desk);
        let total: Duration = took.iter().sum();
        took.sort_unstable();
        let disk = Connection::open(&path).expect("the database");
        let number = |sql: &str| disk.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("a number");
        say(&format!(
            "  {name:<10} {:>6} rows, {:>7} bytes of operations, {:>6} of parts, {:>8} of disk in use; \
             {:.2} s in all, {:.2} s of the processor, an edit {} µs, the slowest {:.1} ms",
            number("SELECT count(*) FROM log"),
            number("SELECT sum(length(ops)) FROM log"),
            number("SELECT coalesce(sum(length(parts)), 0) FROM parts"),
            number(
                "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size"
            ),
            total.as_secs_f64(),
            processor.as_secs_f64(),
            took[took.len() / 2].as_micros(),
            took[took.len() - 1].as_secs_f64() * 1e3,
        ));
    }
}
