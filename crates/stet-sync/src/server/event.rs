//! What the log tells everybody after a commit, encoded once however many sockets it goes to. Never who gets it.

use std::sync::{Arc, OnceLock};

use stet_model::id::{ConnectionId, DeviceId, NoteId, SpaceId, UserId};
use stet_protocol::bytes::Bytes;
use stet_protocol::codec::{Encoding, Frame, encode};
use stet_protocol::message::level2::{NoteSync, ServerMessage};

/// A message for many sockets: each encoding is made at its first use.
#[derive(Debug)]
pub struct Shared<M> {
    message: M,
    json: OnceLock<Arc<Frame>>,
    packed: OnceLock<Arc<Frame>>,
}

impl<M: serde::Serialize> Shared<M> {
    /// Nothing is encoded yet.
    pub fn new(message: M) -> Self {
        Self { message, json: OnceLock::new(), packed: OnceLock::new() }
    }

    /// The message itself.
    pub fn message(&self) -> &M {
        &self.message
    }

    /// The message in this encoding.
    pub fn frame(&self, encoding: Encoding) -> Arc<Frame> {
        let slot = match encoding {
            Encoding::Json => &self.json,
            Encoding::MessagePack => &self.packed,
        };
        Arc::clone(slot.get_or_init(|| Arc::new(encode(&self.message, encoding))))
    }
}

/// The request a row came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The socket.
    pub connection_id: ConnectionId,
    /// The request's id; absent for a level-1 writer, whose answer the façade makes.
    pub id: Option<String>,
}

/// What a row does to its document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Brings operations.
    Update(Vec<Bytes>),
    /// Removes the note for good.
    Purge,
}

/// One committed row on its way to the sockets of its space. Each space's come in the order of `seq`.
#[derive(Debug)]
pub struct Committed {
    /// The space.
    pub space_id: SpaceId,
    /// The document.
    pub note_id: NoteId,
    /// Its place in the log.
    pub seq: u64,
    /// Server time of the commit, epoch milliseconds.
    pub timestamp: i64,
    /// Whether it is the document's first row.
    pub first: bool,
    /// Whether the document is gone with it.
    pub purged: bool,
    /// The request it came from.
    pub origin: Option<Origin>,
    /// Who wrote it.
    pub user_id: UserId,
    shared: Shared<ServerMessage>,
}

/// Where and when a row was committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The space.
    pub space_id: SpaceId,
    /// The document.
    pub note_id: NoteId,
    /// Its place in the log.
    pub seq: u64,
    /// Server time, epoch milliseconds.
    pub timestamp: i64,
    /// Whether it is the document's first row.
    pub first: bool,
}

impl Committed {
    /// A row at its place; `change` becomes the message other sockets get.
    pub fn new(place: Place, change: Change, author: (UserId, Option<DeviceId>), origin: Option<Origin>) -> Self {
        let Place { space_id, note_id, seq, timestamp, first } = place;
        let (user_id, from_device_id) = author;
        let from_user_id = user_id.clone();
        let purged = change == Change::Purge;
        let message = match change {
            Change::Update(ops) => ServerMessage::NoteSync(NoteSync {
                space_id,
                note_id,
                seq,
                ops,
                timestamp,
                from_user_id,
                from_device_id,
            }),
            Change::Purge => {
                ServerMessage::NotePurgeSync { space_id, note_id, seq, timestamp, from_user_id, from_device_id }
            }
        };
        Self { space_id, note_id, seq, timestamp, first, purged, origin, user_id, shared: Shared::new(message) }
    }

    /// What the other sockets of the space get.
    pub fn message(&self) -> &ServerMessage {
        self.shared.message()
    }

    /// The same, encoded.
    pub fn frame(&self, encoding: Encoding) -> Arc<Frame> {
        self.shared.frame(encoding)
    }

    /// Roughly what it weighs in a queue, bytes.
    pub(super) fn weight(&self) -> usize {
        match self.message() {
            ServerMessage::NoteSync(sync) => 128 + sync.ops.iter().map(|op| op.0.len()).sum::<usize>(),
            _ => 128,
        }
    }
}
