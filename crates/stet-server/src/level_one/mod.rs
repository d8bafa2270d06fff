//! The façade for clients that know whole fields only: from what they send to operations, from documents to what they are
//! shown. Runs beside the hub, on its own reader, and may take seconds. Never sockets, and nothing is written here: what
//! is to be written is part of the answer.

mod authors;
mod compact;
mod folders;
mod note;
mod show;

use stet_model::id::{NoteId, PeerId, SpaceId, UserId};
use stet_protocol::bytes::Bytes;
use stet_protocol::message::ErrorCode;
use stet_protocol::message::level1::{Note, ServerMessage};
use stet_sync::server::{Change, LevelOne, Refusal};

pub use authors::{Authors, Writer};

use crate::core::SocketId;
use crate::database::{Access, Fold, Read, ReadError, StoredDocument};

/// Authors a request may need: the document's own, and one for each of title, body and fields.
pub const FRESH_PEERS: usize = 4;

/// A document and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NoteKey {
    /// Whose.
    pub user_id: UserId,
    /// In which space.
    pub space_id: SpaceId,
    /// Which document.
    pub note_id: NoteId,
}

impl NoteKey {
    fn access(&self) -> Access<'_> {
        Access { user_id: &self.user_id, space_id: self.space_id }
    }

    fn is_library(&self) -> bool {
        self.note_id == self.space_id.library()
    }
}

/// Work on one document.
#[derive(Clone, Debug, PartialEq)]
pub struct NoteJob {
    /// The document.
    pub key: NoteKey,
    /// New random authors for what is written.
    pub fresh: [PeerId; FRESH_PEERS],
    /// What is to be done.
    pub task: Task,
}

/// What is to be done with a document.
#[derive(Clone, Debug, PartialEq)]
pub enum Task {
    /// A level-1 client asks.
    Ask {
        /// Its socket.
        socket: SocketId,
        /// What it asks.
        request: LevelOne,
        /// What is known of the writer.
        writer: Writer,
        /// Bytes a note may have.
        note_bytes: u64,
    },
    /// Level-2 rows are to be shown to level 1.
    Show {
        /// The first of these rows.
        from: u64,
        /// Who wrote the last.
        author: UserId,
        /// When, epoch milliseconds.
        timestamp: i64,
        /// Whether the note begins with them.
        first: bool,
    },
    /// Small rows are to become one.
    Compact,
}

/// What came of it.
#[derive(Debug)]
pub struct NoteAnswer {
    /// The document.
    pub key: NoteKey,
    /// What came of it.
    pub done: Done,
}

/// What came of work on a document.
#[derive(Debug)]
pub enum Done {
    /// To [`Task::Ask`].
    Asked {
        /// The socket that asked.
        socket: SocketId,
        /// What it leads to.
        result: Result<Box<Worked>, Refusal>,
    },
    /// To [`Task::Show`].
    Shown(Shown),
    /// To [`Task::Compact`]: what is to be replaced.
    Compacted(Vec<Fold>),
}

/// What a level-1 request leads to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Worked {
    /// The row to append first: its `after` and its operations.
    pub row: Option<(u64, Change)>,
    /// The answer. Its time is set at the commit.
    pub reply: Option<ServerMessage>,
    /// What the user's other level-1 sockets are told. Its time is set at the commit.
    pub tell: Vec<ServerMessage>,
    /// The versions everybody has who is answered or told, and the one the writer made.
    pub seen: Vec<Vec<u8>>,
    /// What the writer's socket may have of the note from now on, and in whose name it writes.
    pub writer: Option<Writer>,
}

/// What level 1 is shown of level-2 rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    /// The messages.
    pub tell: Vec<ServerMessage>,
    /// The version they show.
    pub seen: Vec<Vec<u8>>,
}

/// Does work on a document. Whatever becomes of it, there is an answer: the note's queue waits for it.
pub fn run(job: NoteJob, database: &dyn Read, now: i64) -> NoteAnswer {
    let otherwise = undone(&job, broken_off(job.key.note_id));
    let work = std::panic::AssertUnwindSafe(|| NoteAnswer { key: job.key.clone(), done: work(job, database, now) });
    std::panic::catch_unwind(work).unwrap_or(otherwise)
}

/// The answer where the document is left alone: it ended the server before.
pub fn left_alone(job: &NoteJob) -> NoteAnswer {
    undone(job, Refusal::new(ErrorCode::Internal).about(job.key.note_id))
}

fn undone(job: &NoteJob, refusal: Refusal) -> NoteAnswer {
    let done = match &job.task {
        Task::Ask { socket, .. } => Done::Asked { socket: *socket, result: Err(refusal) },
        Task::Show { .. } => Done::Shown(Shown::default()),
        Task::Compact => Done::Compacted(Vec::new()),
    };
    NoteAnswer { key: job.key.clone(), done }
}

fn work(job: NoteJob, database: &dyn Read, now: i64) -> Done {
    let NoteJob { key, fresh, task } = job;
    match task {
        Task::Ask { socket, request, writer, note_bytes } => {
            let result = match &request {
                LevelOne::Folder(request) => folders::ask(&key, request, fresh, (database, now)),
                _ => note::ask(&key, request, note::Means { writer, fresh, note_bytes, now }, database),
            };
            Done::Asked { socket, result: result.map(Box::new) }
        }
        Task::Show { from, author, timestamp, first } => {
            let event = show::Event { from, author, timestamp, first };
            let shown = if key.is_library() {
                folders::show(&key, &event, fresh, database)
            } else {
                show::note(&key, &event, fresh, database)
            };
            Done::Shown(shown.unwrap_or_else(|why| {
                tracing::warn!(target: "level1", note = %key.note_id, why, "a note can't be shown to level 1");
                Shown::default()
            }))
        }
        Task::Compact => Done::Compacted(compact::folds(&key, fresh[0], database, now)),
    }
}

/// Sets the time of a commit in a message made before it.
pub fn stamp(message: &mut ServerMessage, at: i64) {
    let touch = |note: &mut Note| note.updated_at = at;
    match message {
        ServerMessage::NoteUpdateSuccess { updated_note, timestamp, .. }
        | ServerMessage::NoteSync { updated_note, timestamp, .. } => {
            touch(updated_note);
            *timestamp = at;
        }
        ServerMessage::NoteCreatedSync { note_data, timestamp, .. } => {
            touch(note_data);
            *timestamp = at;
        }
        ServerMessage::NoteDeletedSync { timestamp, .. }
        | ServerMessage::FolderCreatedSync { timestamp, .. }
        | ServerMessage::FolderUpdatedSync { timestamp, .. }
        | ServerMessage::FolderDeletedSync { timestamp, .. } => *timestamp = at,
        _ => {}
    }
}

/// Every blob of a document's rows.
fn blobs(document: &StoredDocument) -> Vec<&[u8]> {
    document.rows.iter().flat_map(|row| row.ops.iter().map(|op| op.0.as_slice())).collect()
}

fn unreadable(note_id: NoteId, why: &dyn std::fmt::Display) -> Refusal {
    tracing::error!(target: "level1", note = %note_id, %why, "a document can't be read");
    broken_off(note_id)
}

/// Operations to be written down; none at all is how a document says that its history can't be read.
fn exported(note_id: NoteId, ops: Vec<u8>) -> Result<Change, Refusal> {
    if ops.is_empty() {
        return Err(unreadable(note_id, &"its history can't be exported"));
    }
    Ok(Change::Update(vec![Bytes(ops)]))
}

fn broken_off(note_id: NoteId) -> Refusal {
    Refusal::new(ErrorCode::Internal).about(note_id).retry_after(5_000)
}

fn unread(note_id: NoteId, error: &ReadError) -> Refusal {
    match error {
        ReadError::NotFound | ReadError::Diverged => Refusal::new(ErrorCode::NotFound).about(note_id),
        ReadError::Failed(why) => unreadable(note_id, why),
    }
}
