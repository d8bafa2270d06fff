//! Level 2: small mergeable deltas, a place in a log for every change, and catching up.

use serde::{Deserialize, Serialize};
use stet_model::id::{ConnectionId, DeviceId, Lineage, NoteId, SpaceId, UserId};

use super::{Auth, AuthFailure, AuthSuccess, ErrorMessage, tolerant};
use crate::bytes::Bytes;

/// What a level-2 client sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
#[expect(missing_docs, reason = "the protocol page describes every message and field")]
pub enum ClientMessage {
    Auth(Auth),
    Sync(Sync),
    NoteUpdate(NoteUpdate),
    NotePurge(NotePurge),
    Received(Received),
    JoinNote {
        space_id: SpaceId,
        note_id: NoteId,
    },
    LeaveNote {
        space_id: SpaceId,
        note_id: NoteId,
    },
    /// Reserved until presence is built.
    Presence {
        space_id: SpaceId,
        note_id: NoteId,
        state: Option<serde_json::Value>,
    },
    Ping {},
    /// Handled as if the messages came one by one in this order.
    Many {
        messages: Vec<ClientMessage>,
    },
}

/// What a server sends to a level-2 client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
#[expect(missing_docs, reason = "the protocol page describes every message and field")]
pub enum ServerMessage {
    ConnectionEstablished {
        #[serde(default, deserialize_with = "tolerant::null_as_default")]
        message: String,
    },
    AuthSuccess(AuthSuccess),
    AuthFailed {
        #[serde(default, deserialize_with = "tolerant::null_as_default")]
        message: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<AuthFailure>,
    },
    SyncBatch(SyncBatch),
    SyncComplete(SyncComplete),
    NoteUpdateSuccess {
        id: String,
        space_id: SpaceId,
        note_id: NoteId,
        seq: u64,
        timestamp: i64,
    },
    NoteSync(NoteSync),
    NotePurgeSync {
        space_id: SpaceId,
        note_id: NoteId,
        seq: u64,
        timestamp: i64,
        from_user_id: UserId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from_device_id: Option<DeviceId>,
    },
    Receipts {
        space_id: SpaceId,
        devices: Vec<Receipt>,
    },
    NoteJoined {
        space_id: SpaceId,
        note_id: NoteId,
        message: String,
    },
    NoteLeft {
        space_id: SpaceId,
        note_id: NoteId,
    },
    /// Reserved until presence is built.
    PresenceSync {
        space_id: SpaceId,
        note_id: NoteId,
        connection_id: ConnectionId,
        user_id: UserId,
        device_id: DeviceId,
        state: Option<serde_json::Value>,
    },
    Pong {
        timestamp: i64,
        #[serde(default, deserialize_with = "tolerant::null_as_default")]
        seqs: std::collections::BTreeMap<SpaceId, u64>,
    },
    /// The socket fell behind: only acks come until the next `sync`.
    Behind {
        space_id: SpaceId,
    },
    /// The server goes down; come back after this long.
    Draining {
        retry_after_ms: u64,
    },
    Error(ErrorMessage),
    /// Handled as if the messages came one by one in this order.
    Many {
        messages: Vec<ServerMessage>,
    },
}

/// Asks for every row after a cursor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sync {
    /// The space.
    pub space_id: SpaceId,
    /// The last seq this device holds; 0 for none.
    pub since: u64,
    /// The lineage `since` belongs to; absent with `since` 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lineage: Option<Lineage>,
    /// Send the library and this many of the latest notes first, whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<u32>,
    /// Only the rows of these documents; moves no cursor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note_ids: Option<Vec<NoteId>>,
}

/// One surviving row of a space's log: an update, or a tombstone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// Place in the log.
    pub seq: u64,
    /// The document.
    pub note_id: NoteId,
    /// The updates; empty for a tombstone.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "tolerant::null_as_default")]
    pub ops: Vec<Bytes>,
    /// Whether the document is gone for good.
    #[serde(default, skip_serializing_if = "std::ops::Not::not", deserialize_with = "tolerant::null_as_default")]
    pub purged: bool,
    /// Server time of the commit, epoch milliseconds.
    #[serde(default)]
    pub timestamp: i64,
    /// Who sent it; absent for level-1 writers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<DeviceId>,
}

/// A stretch of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncBatch {
    /// The space.
    pub space_id: SpaceId,
    /// Every surviving row up to `up_to`, in order.
    pub rows: Vec<Row>,
    /// What `since` becomes once the rows are stored.
    pub up_to: u64,
    /// Rows sent ahead of their turn: they don't move `since`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not", deserialize_with = "tolerant::null_as_default")]
    pub early: bool,
    /// Rows sent so far in this catch-up.
    pub done: u64,
    /// Rows this catch-up will send in all, as known now.
    pub total: u64,
}

/// The end of a catch-up: live begins at `seq` + 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncComplete {
    /// The space.
    pub space_id: SpaceId,
    /// The last seq of the log.
    pub seq: u64,
    /// The lineage it belongs to.
    pub lineage: Lineage,
    /// Digest over every document, as 32 hexadecimal digits; see [`stet_model::digest`].
    pub digest: String,
    /// The documents asked for, when the request named some; the cursor doesn't move then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note_ids: Option<Vec<NoteId>>,
}

/// Operations of one document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NoteUpdate {
    /// Names exactly these bytes, for ever.
    pub id: String,
    /// The space.
    pub space_id: SpaceId,
    /// The document.
    pub note_id: NoteId,
    /// The last seq of the document this device holds; 0 for none.
    pub after: u64,
    /// The operations.
    pub ops: Vec<Bytes>,
}

/// Removes a note for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NotePurge {
    /// Names this request.
    pub id: String,
    /// The space.
    pub space_id: SpaceId,
    /// The note.
    pub note_id: NoteId,
    /// The last seq of the note this device holds.
    pub after: u64,
}

/// Everything up to `seq` is on this device's disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Received {
    /// The space.
    pub space_id: SpaceId,
    /// The device's cursor.
    pub seq: u64,
    /// How many documents it has still to send.
    pub unsent: u64,
    /// Digest of the content, when nothing is unsent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
}

/// An update of another device, live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NoteSync {
    /// The space.
    pub space_id: SpaceId,
    /// The document.
    pub note_id: NoteId,
    /// Its place in the log.
    pub seq: u64,
    /// The operations.
    pub ops: Vec<Bytes>,
    /// Server time of the commit, epoch milliseconds.
    pub timestamp: i64,
    /// Who wrote it.
    pub from_user_id: UserId,
    /// On which device; absent for level-1 writers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_device_id: Option<DeviceId>,
}

/// How far another device of the same user is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// The device.
    pub device_id: DeviceId,
    /// What people call it.
    pub name: String,
    /// Everything up to here is on its disk.
    pub seq: u64,
    /// How many documents it had still to send.
    pub unsent: u64,
    /// Digest of its content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// When it last said so, server time in epoch milliseconds.
    pub last_seen: i64,
}
