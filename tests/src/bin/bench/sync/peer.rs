//! A level-2 socket that fills a server's log, and takes the bytes a device would get out of it. It keeps no notes.

use std::collections::BTreeSet;

use stet_model::document::{NoteDocument, NoteEdit, Version};
use stet_model::id::{NoteId, PeerId, SpaceId};
use stet_model::text::TextChange;
use stet_protocol::bytes::Bytes as Ops;
use stet_protocol::codec::{Encoding, encode};
use stet_protocol::message::level2::{ClientMessage, NoteUpdate, ServerMessage, Sync};
use stet_tests::world::random::Dice;
use tokio_tungstenite::tungstenite::Message;

use crate::server::{Server, message, read, sign_in};
use crate::wire::Wire;

/// Updates without an answer, as many as the protocol allows.
pub const IN_FLIGHT: usize = 64;
/// Epoch milliseconds of the first edit.
const BEGAN: i64 = 1_790_000_000_000;
/// The notes written last say so in their titles: a list that shows one has the newest.
pub const NEWEST: &str = "(newest)";
/// How many do.
const NEWEST_NOTES: usize = 64;

/// An update: its note and its operations.
pub type Update = (NoteId, Vec<u8>);

/// A batch of rows as it goes over the wire.
#[derive(Clone)]
pub struct Batch {
    pub bytes: Vec<u8>,
    pub rows: usize,
}

impl Batch {
    /// Batches that are as many bytes and rows together.
    pub fn like(bytes: usize, rows: usize, rows_of_one: usize) -> Vec<Self> {
        let rows_of_one = rows_of_one.min(rows).max(1);
        let count = rows.div_ceil(rows_of_one).max(1);
        let batch = Self { bytes: vec![7; bytes.div_ceil(count)], rows: rows_of_one };
        vec![batch; count]
    }
}

pub struct Peer {
    wire: Wire,
    space: SpaceId,
    name: String,
    count: u64,
}

impl Peer {
    pub async fn sign_in(server: &Server, token: &str, device: u8) -> Self {
        let (wire, space) = sign_in(&server.url, token, device).await;
        Self { wire, space, name: format!("peer-{device}"), count: 0 }
    }

    /// Sends updates and waits until each has its place.
    pub async fn write(&mut self, updates: impl IntoIterator<Item = Update>) {
        let mut waiting = BTreeSet::new();
        for (note_id, ops) in updates {
            self.count += 1;
            let id = format!("{}-{}", self.name, self.count);
            waiting.insert(id.clone());
            let update = NoteUpdate { id, space_id: self.space, note_id, after: 0, ops: vec![Ops(ops)] };
            self.wire.send(message(encode(&ClientMessage::NoteUpdate(update), Encoding::MessagePack))).await;
            while waiting.len() >= IN_FLIGHT {
                self.answer(&mut waiting).await;
            }
        }
        while !waiting.is_empty() {
            self.answer(&mut waiting).await;
        }
    }

    async fn answer(&mut self, waiting: &mut BTreeSet<String>) {
        let mut messages = vec![read(self.wire.next().await)];
        while let Some(message) = messages.pop() {
            match message {
                ServerMessage::NoteUpdateSuccess { id, .. } => drop(waiting.remove(&id)),
                ServerMessage::Many { messages: several } => messages.extend(several),
                ServerMessage::Error(error) => panic!("the server refused an update: {}", error.message),
                _ => {}
            }
        }
    }

    /// Every batch a device gets that has nothing.
    pub async fn batches(&mut self) -> Vec<Batch> {
        let sync = Sync { space_id: self.space, since: 0, lineage: None, newest: None, note_ids: None };
        self.wire.send(message(encode(&ClientMessage::Sync(sync), Encoding::MessagePack))).await;
        let mut batches = Vec::new();
        loop {
            let frame = self.wire.next().await;
            let bytes = match &frame {
                Message::Binary(bytes) => bytes.to_vec(),
                _ => Vec::new(),
            };
            let messages = match read(frame) {
                ServerMessage::Many { messages } => messages,
                message => vec![message],
            };
            let rows = messages.iter().map(|message| match message {
                ServerMessage::SyncBatch(batch) => batch.rows.len(),
                _ => 0,
            });
            let rows = rows.sum();
            if rows > 0 {
                batches.push(Batch { bytes, rows });
            }
            if messages.iter().any(|message| matches!(message, ServerMessage::SyncComplete(_))) {
                return batches;
            }
        }
    }
}

/// The id of a note by its number.
pub fn note_id(number: usize) -> NoteId {
    let mut bytes = [0x40; 16];
    bytes[..8].copy_from_slice(&(number as u64).to_be_bytes());
    NoteId::from_bytes(bytes)
}

/// Text of about so many bytes, in words a language might have: common ones often, rare ones seldom.
pub fn prose(dice: &mut Dice, bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + 16);
    let mut line = 0;
    while text.len() < bytes {
        let rarity = 1 + dice.below(12);
        text.push_str(&word(dice.below(4 << rarity)));
        line += 1;
        text.push(if line % 14 == 0 { '\n' } else { ' ' });
    }
    text
}

fn word(mut number: u64) -> String {
    const SYLLABLES: [&str; 16] =
        ["an", "be", "cor", "da", "el", "fin", "go", "ha", "in", "ka", "lo", "men", "no", "ra", "ste", "tu"];
    let mut word = String::new();
    while word.is_empty() || number > 0 {
        word.push_str(SYLLABLES[(number % 16) as usize]);
        number /= 16;
    }
    word
}

/// A note of about 1 KB, as one update.
pub fn note(number: usize, of: usize, dice: &mut Dice) -> Update {
    let mut document = NoteDocument::new(PeerId(1 + number as u64));
    let newest = if number + NEWEST_NOTES >= of { NEWEST } else { "" };
    let title = format!("{} {newest}", prose(dice, 20).trim());
    let edits = [NoteEdit::CreatedAt(BEGAN), NoteEdit::SetTitle(title), NoteEdit::SetBody(prose(dice, 1_000))];
    document.edit_all(&edits, BEGAN + number as i64).expect("a note");
    (note_id(number), document.export(&Version::new()))
}

/// Keystrokes of another device, in turn on these notes, each an update of its own. The notes are those of [`note`],
/// which this device has.
pub struct Typist {
    notes: Vec<(NoteId, NoteDocument)>,
    /// What is typed, over and over.
    text: Vec<char>,
    typed: usize,
}

impl Typist {
    pub fn new(notes: impl IntoIterator<Item = Update>) -> Self {
        let open = |(note_id, ops): Update| {
            (note_id, NoteDocument::load(&[&ops], PeerId(1 << 40)).expect("a note that was just made"))
        };
        let text = prose(&mut Dice::new(10_000, 4), 10_000).chars().collect();
        Self { notes: notes.into_iter().map(open).collect(), text, typed: 0 }
    }

    /// The next keystrokes.
    pub fn keystrokes(&mut self, count: usize) -> Vec<Update> {
        (0..count).map(|_| self.keystroke()).collect()
    }

    fn keystroke(&mut self) -> Update {
        let turn = self.typed % self.notes.len();
        let stroke = self.typed / self.notes.len();
        self.typed += 1;
        let (note_id, document) = &mut self.notes[turn];
        let before = document.head();
        let at = stet_model::text::utf16_length(&document.body());
        let insert = self.text[stroke % self.text.len()].to_string();
        let edit = NoteEdit::Body(vec![TextChange { from: at, to: at, insert }]);
        document.edit(&edit, BEGAN + 1_000 * self.typed as i64).expect("a keystroke");
        (*note_id, document.export(&before))
    }
}
