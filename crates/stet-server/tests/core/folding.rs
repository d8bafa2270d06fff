//! Rows are folded while devices write and read: nobody notices.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stet_model::document::{NoteDocument, NoteEdit};
use stet_model::id::PeerId;
use stet_model::text::TextChange;
use stet_protocol::bytes::Bytes;
use stet_server::core::{Happening, SocketId};
use stet_server::database::sqlite::Sqlite;
use stet_sync::server::Settings;

use crate::stage::{Device, Seeded, Server};

const EDITS: u64 = 40;

/// A server that folds so often that folds meet rows and each other.
fn start(fold_every: u64) -> Server<Sqlite> {
    let database = Sqlite::in_memory(Seeded::random(1)).unwrap();
    Server::start(database, Settings { fold_every, ..Settings::default() }, 2)
}

fn connected(server: &mut Server<Sqlite>, number: u8) -> Device {
    let mut device = Device { number, ..Device::default() };
    device.connect(server);
    hear(server, &mut device);
    device
}

/// Until it has nothing to say: an answer may ask for the next one.
fn hear(server: &mut Server<Sqlite>, device: &mut Device) {
    for _ in 0..3 {
        for message in server.take_all(device.socket.unwrap()) {
            device.hear(server, &message);
        }
    }
}

/// Types at the beginning of the note; the operations as they are on the wire.
fn typed(author: &mut NoteDocument, text: &str) -> String {
    let before = author.head();
    let change = TextChange { from: 0, to: 0, insert: text.to_owned() };
    author.edit(&NoteEdit::Body(vec![change]), 1).unwrap();
    serde_json::to_value(Bytes(author.export(&before))).unwrap().as_str().unwrap().to_owned()
}

/// The note made of these operations.
fn body(ops: impl IntoIterator<Item = String>) -> String {
    let parts: Vec<Bytes> = ops.into_iter().map(|ops| serde_json::from_value(json!(ops)).unwrap()).collect();
    let parts: Vec<&[u8]> = parts.iter().map(|part| part.0.as_slice()).collect();
    NoteDocument::load(&parts, PeerId(99)).unwrap().body()
}

/// Rows after a cursor, and the end of the log.
fn sync(server: &mut Server<Sqlite>, socket: SocketId, device: &Device, since: u64) -> (BTreeMap<u64, String>, Value) {
    let lineage = if since == 0 { Value::Null } else { device.lineage.clone() };
    server.send(socket, &json!({"type": "sync", "spaceId": device.space, "since": since, "lineage": lineage}));
    let messages = server.take_all(socket);
    let end = messages.iter().find(|message| message["type"] == "sync_complete").unwrap().clone();
    let batches = messages.iter().filter(|message| message["type"] == "sync_batch");
    let rows = batches.flat_map(|batch| batch["rows"].as_array().unwrap());
    let row = |row: &Value| (row["seq"].as_u64().unwrap(), row["ops"][0].as_str().unwrap().to_owned());
    (rows.map(row).collect(), end)
}

#[test]
fn whoever_reads_on_from_wherever_has_everything_and_live_has_no_holes() {
    for fold_every in [2, 3, 7, 500] {
        let mut server = start(fold_every);
        let (mut one, mut two) = (connected(&mut server, 1), connected(&mut server, 2));
        let mut author = NoteDocument::new(PeerId(7));
        let mut raw = BTreeMap::new();
        for seq in 1..=EDITS {
            let ops = typed(&mut author, &format!("{seq} "));
            one.write(&mut server, &format!("u{seq}"), 1, &ops);
            raw.insert(seq, ops);
            hear(&mut server, &mut one);
            hear(&mut server, &mut two);
            let received = json!({"type": "received", "spaceId": two.space, "seq": seq / 2, "unsent": 0});
            server.send(two.socket.unwrap(), &received);
        }
        assert_eq!((one.cursor, two.cursor), (EDITS, EDITS));
        assert_eq!(body(two.rows.values().cloned()), author.body(), "what came live");

        let mut digest = Value::Null;
        let reader = connected(&mut server, 3);
        for since in 0..=EDITS {
            let (rows, end) = sync(&mut server, reader.socket.unwrap(), &reader, since);
            let held = raw.range(..=since).map(|(_, ops)| ops.clone());
            assert_eq!(body(held.chain(rows.values().cloned())), author.body(), "every {fold_every} from {since}");
            assert!(rows.keys().all(|seq| *seq > since));
            assert_eq!(end["seq"], EDITS);
            assert!(digest.is_null() || digest == end["digest"]);
            digest = end["digest"].clone();
            if since == 0 {
                let most = if fold_every < 500 { fold_every + 14 } else { EDITS };
                assert!(rows.len() as u64 <= most, "{} rows are left with {fold_every}", rows.len());
            }
        }
        // The same request gets the same answer, and an old base is a base.
        one.write(&mut server, &format!("u{EDITS}"), 1, &raw[&EDITS]);
        hear(&mut server, &mut one);
        assert_eq!(one.acknowledged[&format!("u{EDITS}")], EDITS);
    }
}

#[test]
fn a_level_1_client_merges_into_a_note_whose_rows_were_folded_since_it_read_it() {
    let mut server = start(2);
    let mut one = connected(&mut server, 1);
    let mut author = NoteDocument::new(PeerId(7));
    let ops = typed(&mut author, "last line");
    one.write(&mut server, "u0", 1, &ops);
    hear(&mut server, &mut one);

    let socket = server.core.connect(server.time());
    server.send(socket, &json!({"type": "auth", "token": "maria"}));
    let note_id = "00000001-0000-4000-8000-00000000000a";
    server.send(socket, &json!({"type": "join_note", "noteId": note_id}));
    let joined = server.take_all(socket).pop().unwrap();
    assert_eq!((&joined["type"], &joined["note"]["content"]), (&"note_joined".into(), &"last line".into()));
    // No more than the versions of a note that the server remembers having shown.
    for n in 0..12 {
        let ops = typed(&mut author, &format!("line {n}\n"));
        one.write(&mut server, &format!("u{}", n + 1), 1, &ops);
        hear(&mut server, &mut one);
    }
    // It is shown every change, and writes on what it read first.
    server.take_all(socket);
    let content = "last line, and one from level 1";
    server.send(socket, &json!({"type": "note_update", "noteId": note_id, "changes": {"content": content}}));
    let answer = server.take_all(socket).pop().unwrap();
    assert_eq!(answer["type"], "note_update_success", "{answer}");
    let merged = answer["updatedNote"]["content"].as_str().unwrap();
    assert_eq!(merged, author.body().replace("last line", content));
    hear(&mut server, &mut one);
    let (rows, _) = sync(&mut server, one.socket.unwrap(), &one, 0);
    assert_eq!(body(rows.into_values()), merged);
}

/// Rows a device without anything gets.
fn left(server: &mut Server<Sqlite>, number: u8) -> BTreeMap<u64, String> {
    let reader = connected(server, number);
    sync(server, reader.socket.unwrap(), &reader, 0).0
}

#[test]
fn what_was_written_is_folded_once_it_rests() {
    let mut server = start(500);
    let mut one = connected(&mut server, 1);
    let mut author = NoteDocument::new(PeerId(7));
    for seq in 1..=EDITS {
        server.now += 1_000;
        one.write(&mut server, &format!("u{seq}"), 1, &typed(&mut author, &format!("{seq} ")));
        hear(&mut server, &mut one);
        // So few that nobody gains anything.
        if seq <= 3 {
            one.write(&mut server, &format!("few{seq}"), 2, &typed(&mut NoteDocument::new(PeerId(8 + seq)), "few"));
            hear(&mut server, &mut one);
        }
    }
    let pass = |server: &mut Server<Sqlite>, ms: i64| {
        server.now += ms;
        // Folding takes a while, in which other things happen.
        (0..20).for_each(|_| server.core.handle(Happening::Timer, server.time()));
    };
    pass(&mut server, 19_000);
    assert_eq!(left(&mut server, 2).len() as u64, EDITS + 3, "it may go on any moment");
    let due = server.core.deadline().unwrap();
    assert!(due <= server.now + 1_000, "the server wakes for it");
    pass(&mut server, 1_000);
    let rows = left(&mut server, 3);
    assert_eq!(rows.len(), 1 + 3);
    assert_eq!(body([rows.into_values().next_back().unwrap()]), author.body());
}
