//! The work a connection asks for and the answers it gets, as values. Never how the work is done.

use std::sync::Arc;

use stet_model::id::{DeviceId, Lineage, NoteId, SpaceId, StoreId, UserId};
use stet_protocol::codec::{Encoding, Frame};
use stet_protocol::message::level1::{Changes, NoteData, ServerMessage};
use stet_protocol::message::level2::Received;
use stet_protocol::message::{AuthFailure, Device, ErrorCode, ErrorMessage, SpaceInfo};

use super::event::Change;
use crate::folders::FolderRequest;

/// Work for the machine's owner. Every one but `Receipt` is answered by an input.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Verify a token and open a session; answered by `Input::Authenticated`.
    Authenticate(Login),
    /// Append to a log; answered by `Input::Committed` when it got a place, else by `Input::Outcome`.
    Commit(Commit),
    /// Read the log; answered by `Input::Read` with the same ticket.
    Read(ReadRequest),
    /// Do what a level-1 client asks; answered by `Input::LevelOne`.
    LevelOne(LevelOne),
    /// Remember how far this device is, and tell the user's other devices.
    Receipt(Received),
    /// Tell this device how far the user's other devices are.
    Receipts(SpaceId),
}

/// A token to verify and who brings it.
#[derive(Clone, PartialEq)]
pub struct Login {
    /// The token as it came.
    pub token: String,
    /// The device; level 2 only.
    pub device: Option<Device>,
    /// Whether the session is open already and this only renews the token.
    pub renewal: bool,
}

impl std::fmt::Debug for Login {
    // A token never reaches a log, not even through a dump of a value that holds one.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("device", &self.device).field("renewal", &self.renewal).finish_non_exhaustive()
    }
}

/// A good token's session.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// The server's id for the user.
    pub user_id: UserId,
    /// When the token runs out, server time in epoch milliseconds.
    pub expires_at: i64,
    /// The server's database.
    pub store_id: StoreId,
    /// The user's spaces, the personal one first.
    pub spaces: Vec<SpaceInfo>,
}

/// What a verdict on a token is.
pub type Verdict = Result<Session, AuthFailure>;

/// A row to append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Names exactly these bytes.
    pub id: String,
    /// The space.
    pub space_id: SpaceId,
    /// The document.
    pub note_id: NoteId,
    /// The last seq of the document the writer holds.
    pub after: u64,
    /// The writer.
    pub device_id: DeviceId,
    /// What it does.
    pub change: Change,
}

/// Why a commit got no new place in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitOutcome {
    /// The same bytes under the same id have this place already.
    Repeated {
        /// Place in the log.
        seq: u64,
        /// Server time of that commit, epoch milliseconds.
        timestamp: i64,
    },
    /// It can't be done.
    Refused(ErrorCode),
    /// Nobody knows whether it is on disk.
    Unknown,
}

/// Rows to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadRequest {
    /// The space.
    pub space_id: SpaceId,
    /// Comes back with the answer.
    pub ticket: u64,
    /// How the batch will be written.
    pub encoding: Encoding,
    /// Rows sent before this batch.
    pub done: u64,
    /// Rows to be sent in all.
    pub total: u64,
    /// Bytes of rows a batch holds; one row more is always allowed.
    pub batch_bytes: usize,
    /// Which rows.
    pub read: Read,
}

/// A place in a list of documents: the n-th one, after this seq.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// Index of the document.
    pub index: usize,
    /// Its last seq read so far.
    pub after: u64,
}

/// What to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// Whether the cursor is of this log, and how much there is to send.
    Begin {
        /// The client's cursor.
        since: u64,
        /// The lineage it belongs to.
        lineage: Option<Lineage>,
        /// Documents to send first.
        newest: u32,
    },
    /// A stretch of the log.
    Log {
        /// Rows after this.
        since: u64,
    },
    /// Documents, whole, in this order.
    Documents {
        /// Which.
        note_ids: Arc<[NoteId]>,
        /// Where the batch before ended.
        from: Cursor,
        /// What the batch says about the cursor.
        since: u64,
    },
}

/// The end of a space's log at the moment of a read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The last seq.
    pub seq: u64,
    /// The present lineage.
    pub lineage: Lineage,
    /// Digest over every document.
    pub digest: String,
}

/// What a read found.
#[derive(Clone, Debug, PartialEq)]
pub enum ReadAnswer {
    /// The catch-up may begin.
    Begun {
        /// Rows after the cursor.
        rows: u64,
        /// Documents to send first: the library, then the newest.
        early: Vec<NoteId>,
        /// Rows of these.
        early_rows: u64,
    },
    /// A stretch of the log.
    Log {
        /// The batch and how many rows it holds; `None` when there were none.
        batch: Option<(Arc<Frame>, u64)>,
        /// The cursor after it.
        up_to: u64,
        /// The end of the log, when this stretch reaches it.
        end: Option<Head>,
    },
    /// Some documents' rows.
    Documents {
        /// The batch and how many rows it holds; `None` when there were none.
        batch: Option<(Arc<Frame>, u64)>,
        /// Where to go on; `None` when all is read.
        next: Option<Cursor>,
        /// The end of the log.
        head: Head,
    },
    /// It can't be read.
    Refused(ReadRefusal),
}

/// Why a read was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadRefusal {
    /// No such space, or not this user's.
    NotFound,
    /// The cursor isn't of this log.
    Diverged,
    /// The database failed.
    Failed,
}

/// What a level-1 client asks.
#[derive(Clone, Debug, PartialEq)]
pub enum LevelOne {
    /// Show a note.
    Join(NoteId),
    /// Set fields of a note.
    Update(NoteId, Changes),
    /// Make a note, or set all fields of a known one.
    Create(NoteId, NoteData),
    /// Put a note in the trash.
    Delete(NoteId),
    /// Change the folder tree.
    Folder(FolderRequest),
}

/// How a level-1 request ended.
#[derive(Clone, Debug, PartialEq)]
pub enum LevelOneOutcome {
    /// Done; the table of the protocol has an answer for some.
    Done(Option<Box<ServerMessage>>),
    /// It can't be done.
    Refused(Refusal),
    /// Nobody knows whether it is on disk.
    Unknown,
}

/// An `error` in the making: its code and what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// For programs.
    pub code: ErrorCode,
    /// The document.
    pub note_id: Option<NoteId>,
    /// The request.
    pub id: Option<String>,
    /// When to try again, milliseconds.
    pub retry_after_ms: Option<u64>,
    /// What exactly was wrong, when the code's own words don't say it.
    pub detail: Option<String>,
}

impl Refusal {
    /// A refusal about nothing in particular.
    pub fn new(code: ErrorCode) -> Self {
        Self { code, note_id: None, id: None, retry_after_ms: None, detail: None }
    }

    /// Names the document.
    pub fn about(mut self, note_id: NoteId) -> Self {
        self.note_id = Some(note_id);
        self
    }

    /// Names the request.
    pub fn answering(mut self, id: &str) -> Self {
        self.id = Some(id.to_owned());
        self
    }

    /// Says when to try again, milliseconds.
    pub fn retry_after(mut self, ms: u64) -> Self {
        self.retry_after_ms = Some(ms);
        self
    }

    /// Says what exactly was wrong.
    pub fn because(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The message. The words depend on the code alone, so that a foreign id reads like a missing one.
    pub fn into_message(self) -> ErrorMessage {
        let words = words(self.code);
        let message = self.detail.map_or_else(|| words.to_owned(), |detail| format!("{words}: {detail}"));
        ErrorMessage {
            message,
            code: self.code,
            note_id: self.note_id,
            id: self.id,
            retry_after_ms: self.retry_after_ms,
        }
    }
}

fn words(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::Malformed => "Not a message of this protocol",
        ErrorCode::Unauthenticated => "Please authenticate to continue",
        ErrorCode::NotFound => "Not found",
        ErrorCode::Forbidden => "You may read this, but not change it",
        ErrorCode::TooLarge => "Too large: split it, or make the note smaller",
        ErrorCode::QuotaExceeded => "The account is full",
        ErrorCode::RateLimited => "Too much in a short time: wait, then go on",
        ErrorCode::Deleted => "The note was deleted for good",
        ErrorCode::Changed => "The note has newer changes: look at them first",
        ErrorCode::UnknownBase => "The update builds on changes this server doesn't hold: send the whole note",
        ErrorCode::DivergedLog => "This device has seen another history of this space than the server holds",
        ErrorCode::TooManySockets => "Too many connections of this user: the one silent longest was closed",
        ErrorCode::Internal => "The server couldn't do it: try again later",
        ErrorCode::Unknown => "Unknown error",
    }
}
