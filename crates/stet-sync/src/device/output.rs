//! What the machine asks of the engine, as values.

use stet_model::id::{ConnectionId, DocKey, Lineage, NoteId, SpaceId, StoreId, UserId};
use stet_protocol::codec::Frame;
use stet_protocol::message::{AuthFailure, ErrorCode, SpaceInfo, level1, level2};

use crate::folders::FolderRequest;

/// One thing to do. They are to be done in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Open a socket to the server.
    Open,
    /// Close the socket with this code (and forget it, however long closing takes).
    Close {
        /// WebSocket close code.
        code: u16,
    },
    /// Send a frame.
    Send(Frame),
    /// Send a WebSocket Ping; its Pong, like every frame, is for [`super::Device::alive`].
    Ping,
    /// Get a token and answer with [`super::Device::token`].
    NeedToken {
        /// The one at hand was refused or runs out: read the source again.
        fresh: bool,
    },
    /// The server took the token at level 2. Check the binding, then call [`super::Device::enter`] or
    /// [`super::Device::refuse`].
    Agreed(Box<Agreed>),
    /// The server took the token at level 1. Call [`super::Device::enter_level1`] or [`super::Device::refuse`].
    AgreedLevel1 {
        /// Who we are there.
        user_id: UserId,
    },
    /// Store these rows raw, with the cursor in the same transaction, then call [`super::Device::stored`].
    Rows(Rows),
    /// The catch-up is complete: move the cursor.
    CaughtUp {
        /// The space.
        space: SpaceId,
        /// Where the log ends.
        cursor: Place,
        /// The server's digest there, if it is known.
        digest: Option<String>,
    },
    /// Every row of these documents came, after [`super::Device::fetch`].
    Fetched {
        /// The space.
        space: SpaceId,
        /// The documents.
        notes: Vec<NoteId>,
    },
    /// The server says that its log ends where ours does.
    InStep {
        /// The space.
        space: SpaceId,
    },
    /// Give the next operations of this document with [`super::Device::prepared`], or say there are none.
    Prepare {
        /// The document.
        doc: DocKey,
    },
    /// The server confirmed an update of ours.
    Acked(Acked),
    /// The server confirmed a removal for good.
    PurgeAcked {
        /// The note.
        doc: DocKey,
        /// Its tombstone's place.
        seq: u64,
        /// The space's cursor, when it moves with it.
        cursor: Option<Place>,
    },
    /// The server refused an update or purge; its document is held back until the engine marks it dirty again.
    Refused(Refused),
    /// How far the user's other devices are.
    Receipts {
        /// The space.
        space: SpaceId,
        /// Each device.
        devices: Vec<level2::Receipt>,
    },
    /// A level-1 server's state of a note: the answer to our update (then `end` is the version that was sent), or news.
    Level1Note {
        /// The note.
        doc: DocKey,
        /// The version sent, when this answers our update.
        end: Option<Vec<u8>>,
        /// The note there.
        note: Box<level1::Note>,
        /// Server time, epoch milliseconds.
        timestamp: i64,
        /// It came unasked, from another session of the user's.
        news: bool,
    },
    /// A level-1 server says that a note was deleted elsewhere.
    Level1Deleted {
        /// The note.
        doc: DocKey,
        /// Server time, epoch milliseconds.
        timestamp: i64,
    },
    /// A level-1 server says that the folder tree was changed elsewhere.
    Level1Folder(FolderRequest),
    /// A level-1 server has handled the change given with [`super::Device::prepared_folder`].
    FolderTold {
        /// The library.
        doc: DocKey,
    },
    /// Something went wrong that people should know.
    Problem(Problem),
}

/// What a level-2 sign-in agreed on.
#[derive(Clone, Debug, PartialEq)]
pub struct Agreed {
    /// Who we are.
    pub user_id: UserId,
    /// The server's database.
    pub store_id: StoreId,
    /// This socket.
    pub connection_id: ConnectionId,
    /// Server time, epoch milliseconds.
    pub timestamp: i64,
    /// Largest note the server takes, UTF-8 bytes.
    pub note_bytes: u64,
    /// The user's spaces.
    pub spaces: Vec<SpaceInfo>,
}

/// Rows of the server's log.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// The space.
    pub space: SpaceId,
    /// The rows, in order.
    pub rows: Vec<level2::Row>,
    /// Where the log was read up to; absent for rows out of turn.
    pub cursor: Option<Place>,
    /// They came live, not in a catch-up.
    pub live: bool,
}

/// A place in a space's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Everything up to here was received.
    pub seq: u64,
    /// The lineage `seq` belongs to.
    pub lineage: Lineage,
}

/// What the documents of a space say together, when everything up to a place is part of them and nothing else is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The space.
    pub space: SpaceId,
    /// Where its log ended.
    pub seq: u64,
    /// The digest, as 32 hexadecimal digits.
    pub digest: String,
}

/// A confirmed update.
#[derive(Clone, Debug, PartialEq)]
pub struct Acked {
    /// The document.
    pub doc: DocKey,
    /// The end version given with the operations: *known* moves there, never to the head.
    pub end: Vec<u8>,
    /// Its place in the log.
    pub seq: u64,
    /// Server time of the commit, epoch milliseconds.
    pub timestamp: i64,
    /// The space's cursor, when this was the next in line.
    pub cursor: Option<Place>,
}

/// A refused update or purge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The document.
    pub doc: DocKey,
    /// Why.
    pub code: ErrorCode,
    /// In the server's words.
    pub message: String,
    /// It was a removal for good.
    pub purge: bool,
}

/// What went wrong with the connection or a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The socket couldn't be opened or broke; in words.
    Unreachable(String),
    /// The server took the socket and said nothing in time.
    Silent,
    /// What came is not this protocol; in words.
    NotTheProtocol(String),
    /// The token was refused.
    Refused(AuthFailure, String),
    /// There is no token; in words.
    NoToken(String),
    /// The server's log is not the one this device synced with.
    DivergedLog,
    /// The server reported an error about no document; in its words.
    Server(ErrorCode, String),
    /// The engine refused what the server agreed on; in words.
    Binding(String),
}
