//! A million edits to ten thousand notes: what memory the server takes meanwhile, and what disk.

use std::path::Path;
use std::time::{Duration, Instant};

use stet_model::document::{NoteDocument, NoteEdit};
use stet_model::id::{NoteId, PeerId, SpaceId};
use stet_model::text::TextChange;
use stet_protocol::bytes::Bytes as Ops;
use stet_protocol::codec::{Encoding, encode};
use stet_protocol::message::level2::{ClientMessage, NoteUpdate, ServerMessage};

use crate::server::{Server, message, read, sign_in};
use crate::wire::Wire;
use crate::{say, tree};

const EDITS: u64 = 1_000_000;
const NOTES: usize = 10_000;
/// Edits between two lines of output.
const STEP: u64 = 100_000;
/// Edits without an answer: the protocol's most is 64.
const OUTSTANDING: u64 = 60;
/// An allowance that the pace of this part doesn't run out of, bytes a minute.
const UPDATE_BYTES: &str = "100000000000";

/// Writes them, and says every so often where memory and disk are.
pub async fn long(folder: &Path) {
    say(&format!("\nlong: {EDITS} edits to {NOTES} notes, half of them to a quarter; a keystroke each"));
    let data = folder.join("long");
    let server = Server::start_with(&data, &["--update-bytes", UPDATE_BYTES]);
    let (mut wire, space) = sign_in(&server.url, &server.token("bench"), 1).await;
    let mut notes: Vec<NoteDocument> = (0..NOTES).map(|n| NoteDocument::new(PeerId(n as u64 + 1))).collect();
    let (start, mut acknowledged, mut text) = (Instant::now(), 0, 0);
    for count in 1..=EDITS {
        let place = place(count);
        wire.send(message(encode(&edit(&mut notes[place], space, (place, count)), Encoding::MessagePack))).await;
        text += 1;
        while count - acknowledged >= OUTSTANDING || (count % STEP == 0 && acknowledged < count) {
            acknowledged += answers(&mut wire).await;
        }
        if count % STEP == 0 {
            print(&server, &data, (count, text), start.elapsed());
        }
    }
}

/// Which note an edit goes to: the first are edited often, the last seldom.
fn place(count: u64) -> usize {
    let even = (count.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 11) as f64 / (1_u64 << 53) as f64;
    ((even * even * NOTES as f64) as usize).min(NOTES - 1)
}

fn edit(note: &mut NoteDocument, space_id: SpaceId, (place, count): (usize, u64)) -> ClientMessage {
    let before = note.head();
    let at = note.body().len() as u32;
    let change = TextChange::new(at, at, if at % 6 == 5 { " " } else { "x" });
    note.edit(&NoteEdit::Body(vec![change]), 1_800_000_000_000 + count as i64).expect("an edit");
    let mut note_id = [9; 16];
    note_id[..8].copy_from_slice(&(place as u64).to_be_bytes());
    let (id, note_id, ops) = (format!("long-{count}"), NoteId::from_bytes(note_id), vec![Ops(note.export(&before))]);
    ClientMessage::NoteUpdate(NoteUpdate { id, space_id, note_id, after: 0, ops })
}

async fn answers(wire: &mut Wire) -> u64 {
    fn count(message: &ServerMessage) -> u64 {
        match message {
            ServerMessage::Many { messages } => messages.iter().map(count).sum(),
            ServerMessage::NoteUpdateSuccess { .. } => 1,
            ServerMessage::Error(error) => panic!("the server refused an edit: {}", error.message),
            _ => 0,
        }
    }
    count(&read(wire.next().await))
}

fn print(server: &Server, data: &Path, (count, text): (u64, u64), took: Duration) {
    let bytes = |name: &str| std::fs::metadata(data.join(name)).map_or(0, |file| file.len()) as f64 / 1e6;
    say(&format!(
        "  {count:>9} edits, {:>6.0} a second: server {:>6.1} MB of memory, database {:>6.1} MB, its log {:>5.1} MB ({:.1} MB of text); \
         {:.0} s of the processor",
        count as f64 / took.as_secs_f64(),
        tree::resident(server.process()),
        bytes("server.db"),
        bytes("server.db-wal"),
        text as f64 / 1e6,
        tree::processor_time(server.process()).as_secs_f64(),
    ));
}
