//! What the server needs of a database, as two small traits, and the values that cross them. One implementation stands
//! in each folder beside; the contract every one keeps is in `contract`. No SQL here, and no decision about sockets.

#[cfg(test)]
mod contract;
pub mod sqlite;

use sha2::{Digest as _, Sha256};
use stet_model::id::{DeviceId, Lineage, NoteId, SpaceId, StoreId, UserId};
use stet_protocol::bytes::Bytes;
use stet_protocol::message::level2::{Receipt, Received, Row};
use stet_protocol::message::{Device, ErrorCode, SpaceInfo};
use stet_sync::server::{Change, Cursor, Head};

/// A user's right to a space: every call names both, and a space of somebody else is answered like a missing one.
#[derive(Clone, Copy, Debug)]
pub struct Access<'a> {
    /// Who asks.
    pub user_id: &'a UserId,
    /// Of which space.
    pub space_id: SpaceId,
}

/// Fills a buffer with random bytes: the operating system's outside of tests.
pub type Random = Box<dyn FnMut(&mut [u8]) + Send>;

/// An account as it signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Who issued the token.
    pub issuer: String,
    /// The issuer's name for the user.
    pub subject: String,
    /// The device that signs in; level 2 only.
    pub device: Option<Device>,
}

/// A row to append to a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRow {
    /// Who writes.
    pub user_id: UserId,
    /// In which space.
    pub space_id: SpaceId,
    /// To which document.
    pub note_id: NoteId,
    /// The last seq of the document the writer holds.
    pub after: u64,
    /// The device and its name for exactly these bytes; absent for a level-1 writer.
    pub request: Option<(DeviceId, String)>,
    /// What it does.
    pub change: Change,
    /// Versions the user's level-1 sockets have seen with it.
    pub seen: Vec<Vec<u8>>,
}

/// Rows of one document to be replaced by one that says the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// Who may.
    pub user_id: UserId,
    /// In which space.
    pub space_id: SpaceId,
    /// Which document.
    pub note_id: NoteId,
    /// The seqs of the document's rows before those, ascending: the new row builds on what they hold together. Each fold leaves
    /// fewer rows, so the same seqs are the same rows.
    pub before: Vec<u64>,
    /// Exactly the rows that are replaced, ascending, as they were read: when one is gone or holds something else, another
    /// fold came first, and nothing is done.
    pub rows: Vec<(u64, OpsHash)>,
    /// The operations that replace theirs, at the last of these rows.
    pub ops: Vec<u8>,
}

/// What tells the operations of one row from others.
pub type OpsHash = [u8; 32];

/// SHA-256 over a row's operations, each with its length before it.
pub fn hash_ops(ops: &[Bytes]) -> OpsHash {
    let mut hash = Sha256::new();
    for op in ops {
        hash.update(u64::try_from(op.0.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(&op.0);
    }
    hash.finalize().into()
}

/// One thing to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Sign in: notes the device, begins a lineage for the first comer of this server's life.
    Open(Opening),
    /// Append a row.
    Row(NewRow),
    /// Note the versions of a note the user's level-1 sockets have seen.
    Seen {
        /// Whose sockets.
        user_id: UserId,
        /// In which space.
        space_id: SpaceId,
        /// Which note.
        note_id: NoteId,
        /// The versions, oldest first.
        points: Vec<Vec<u8>>,
    },
    /// Note how far a device is.
    Receipt {
        /// Whose device.
        user_id: UserId,
        /// Which.
        device_id: DeviceId,
        /// What it says.
        received: Received,
    },
    /// Compact a document.
    Fold(Fold),
}

/// What became of one write.
#[derive(Clone, Debug, PartialEq)]
pub enum Written {
    /// Signed in.
    Opened {
        /// The server's id for the user.
        user_id: UserId,
        /// The user's spaces, the personal one first.
        spaces: Vec<SpaceInfo>,
    },
    /// No such account.
    NoAccount,
    /// A row got its place.
    Stored {
        /// Place in the log.
        seq: u64,
        /// Whether it is the document's first row.
        first: bool,
        /// Rows of the document since it was last compacted.
        rows: u64,
    },
    /// The same bytes under the same id have this place already.
    Repeated {
        /// Place in the log.
        seq: u64,
        /// When, server time in epoch milliseconds.
        timestamp: i64,
    },
    /// It can't be done.
    Refused(ErrorCode),
    /// Done, nothing to say.
    Noted,
}

/// A write that the database couldn't do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Nothing of it is on disk.
    #[error("the database refused to write: {0}")]
    Failed(String),
    /// It may be on disk or not.
    #[error("the database doesn't know whether it wrote: {0}")]
    Unknown(String),
}

/// Something the database couldn't read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// No such space, or not this user's.
    #[error("no such space")]
    NotFound,
    /// The cursor isn't of this log.
    #[error("the cursor is of another history than this database holds")]
    Diverged,
    /// The database failed.
    #[error("the database couldn't be read: {0}")]
    Failed(String),
}

/// What a catch-up will send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// Rows after the cursor.
    pub rows: u64,
    /// The library, then the newest notes.
    pub early: Vec<NoteId>,
    /// Rows of these.
    pub early_rows: u64,
}

/// A stretch of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPage {
    /// Its surviving rows.
    pub rows: Vec<Row>,
    /// The cursor after it.
    pub up_to: u64,
    /// The end of the log, when this stretch reaches it.
    pub end: Option<Head>,
}

/// Rows of some documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentsPage {
    /// The rows.
    pub rows: Vec<Row>,
    /// Where to go on; `None` when all is read.
    pub next: Option<Cursor>,
    /// The end of the log.
    pub head: Head,
}

/// A document as its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDocument {
    /// Its last seq.
    pub seq: u64,
    /// Whether it is gone for good.
    pub purged: bool,
    /// When its first row was committed, server time in epoch milliseconds.
    pub created_at: i64,
    /// When its last row was committed.
    pub updated_at: i64,
    /// Its rows in order.
    pub rows: Vec<Row>,
}

/// A row a document has or once had, before it was folded into another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its place in the log.
    pub seq: u64,
    /// When it was committed, server time in epoch milliseconds.
    pub timestamp: i64,
    /// The device that wrote it; absent where a level-1 client did.
    pub device_id: Option<DeviceId>,
}

/// A version of a note that a user's level-1 sockets have seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenVersion {
    /// The version, as the model encodes it.
    pub point: Vec<u8>,
    /// When, server time in epoch milliseconds.
    pub at: i64,
}

/// Reading, each call from one moment of the database.
pub trait Read: Send {
    /// The database's own id.
    ///
    /// # Errors
    /// When the database fails.
    fn store_id(&self) -> Result<StoreId, ReadError>;

    /// Checks a cursor and counts what follows it.
    ///
    /// # Errors
    /// No such space, a cursor of another history, or a failure.
    fn begin(&self, access: Access<'_>, cursor: (u64, Option<Lineage>), newest: u32) -> Result<Begun, ReadError>;

    /// The rows after `since`, at least one and otherwise up to `max_bytes` of operations.
    ///
    /// # Errors
    /// No such space, or a failure.
    fn log(&self, access: Access<'_>, since: u64, max_bytes: usize) -> Result<LogPage, ReadError>;

    /// The rows of these documents in this order, at least one and otherwise up to `max_bytes` of operations.
    ///
    /// # Errors
    /// No such space, or a failure.
    fn documents(
        &self,
        access: Access<'_>,
        note_ids: &[NoteId],
        from: Cursor,
        max_bytes: usize,
    ) -> Result<DocumentsPage, ReadError>;

    /// A whole document, also one that is gone for good; `None` for one that never was.
    ///
    /// # Errors
    /// No such space, or a failure.
    fn document(&self, access: Access<'_>, note_id: NoteId) -> Result<Option<StoredDocument>, ReadError>;

    /// Who wrote a document's rows and when, in order, also of those that were folded since. Of one that is gone for good,
    /// its tombstone.
    ///
    /// # Errors
    /// No such space, or a failure.
    fn parts(&self, access: Access<'_>, note_id: NoteId) -> Result<Vec<Part>, ReadError>;

    /// The versions of a note the user's level-1 sockets have seen, oldest first.
    ///
    /// # Errors
    /// No such space, or a failure.
    fn seen(&self, access: Access<'_>, note_id: NoteId) -> Result<Vec<SeenVersion>, ReadError>;

    /// How far the user's devices are.
    ///
    /// # Errors
    /// No such space, or a failure.
    fn receipts(&self, access: Access<'_>) -> Result<Vec<Receipt>, ReadError>;
}

/// Writing, by one owner.
pub trait Database: Read {
    /// Begins a new life of the server: from here every space's first comer begins a new lineage.
    fn begin_life(&mut self);

    /// Writes a group as one transaction and answers each. A write that is refused or fails doesn't touch the others;
    /// after an answer other than an error the write is on disk.
    fn write(&mut self, group: &[Write], now: i64) -> Vec<Result<Written, WriteError>>;

    /// The account of this issuer's subject; makes it, with its personal space, if it doesn't exist.
    ///
    /// # Errors
    /// When the database can't be written.
    fn make_account(&mut self, issuer: &str, subject: &str, now: i64) -> Result<UserId, WriteError>;

    /// Another reader beside this one, for another thread.
    ///
    /// # Errors
    /// When it can't be opened.
    fn reader(&self) -> Result<Box<dyn Read>, ReadError>;
}
