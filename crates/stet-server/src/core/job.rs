//! Work the hub hands out and the answers it gets. Whoever holds a database does it: the threads of the server, or the
//! single thread of a simulation. Never sockets.

use std::sync::Arc;

use stet_model::id::{DeviceId, NoteId, SpaceId, UserId};
use stet_protocol::codec::encode;
use stet_protocol::message::level2::{Receipt, Received, ServerMessage, SyncBatch};
use stet_protocol::message::{AuthFailure, Device};
use stet_sync::server::{Change, Login, Origin, Read as LogRead, ReadAnswer, ReadRefusal, ReadRequest, Shared};

use super::SocketId;
use crate::database::{Access, Database, Read, ReadError, Write, WriteError, Written};
use crate::level_one::{NoteAnswer, NoteJob, NoteKey, Task};

/// What a good token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Who issued it.
    pub issuer: String,
    /// The issuer's name for the user.
    pub subject: String,
    /// When it runs out, epoch milliseconds.
    pub expires_at: i64,
}

/// Tells good tokens from bad ones.
pub trait Verify: Send + Sync {
    /// What a token says at this moment, epoch milliseconds.
    ///
    /// # Errors
    /// Why it isn't good.
    fn verify(&self, token: &str, now: i64) -> Result<Claims, AuthFailure>;
}

/// Why something is written, and what to do when it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Purpose {
    /// To sign a socket in.
    Open {
        /// Which.
        socket: SocketId,
        /// When its token runs out.
        expires_at: i64,
    },
    /// A level-2 request.
    Request {
        /// The socket that asked.
        socket: SocketId,
        /// The request.
        origin: Origin,
        /// The row's space, document and writer.
        row: RowKey,
        /// What it does.
        change: Change,
    },
    /// A level-1 request, or what level 1 is shown.
    Note {
        /// The note.
        key: NoteKey,
        /// What the row does; absent when only what was seen is noted.
        change: Option<Change>,
    },
    /// To remember how far a device is; others are told.
    Receipt {
        /// The socket of that device.
        socket: SocketId,
        /// The space.
        space_id: SpaceId,
    },
    /// Nobody waits for it.
    Upkeep,
}

/// The space, document and writer of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowKey {
    /// The space.
    pub space_id: SpaceId,
    /// The document.
    pub note_id: NoteId,
    /// Who writes.
    pub user_id: UserId,
    /// On which device; absent for a level-1 writer.
    pub device_id: Option<DeviceId>,
}

/// Something to write.
#[derive(Clone, Debug, PartialEq)]
pub struct WriteJob {
    /// Why.
    pub purpose: Purpose,
    /// What.
    pub write: Write,
}

impl WriteJob {
    /// Roughly what it weighs, bytes.
    pub fn weight(&self) -> usize {
        match &self.write {
            Write::Row(row) => match &row.change {
                Change::Update(ops) => 256 + ops.iter().map(|op| op.0.len()).sum::<usize>(),
                Change::Purge => 256,
            },
            Write::Fold(fold) => 256 + fold.ops.len(),
            _ => 256,
        }
    }
}

/// Work that only reads. Every one is answered.
#[derive(Clone, Debug, PartialEq)]
pub enum ReadJob {
    /// Is this token good?
    Verify(SocketId, Login),
    /// Rows of a log.
    Log(SocketId, UserId, ReadRequest),
    /// How far the user's devices are.
    Receipts {
        /// Whose devices.
        user_id: UserId,
        /// In which space.
        space_id: SpaceId,
        /// Who is told.
        audience: Audience,
    },
    /// Work on a note's text, for level 1 or for compaction. May take seconds.
    Note(NoteJob),
}

impl ReadJob {
    /// Whether nobody waits for it: folding, which may as well be done another time.
    pub fn can_wait(&self) -> bool {
        matches!(self, Self::Note(job) if job.task == Task::Compact)
    }
}

/// Who is told about receipts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// This socket, about all others.
    Socket(SocketId, Option<DeviceId>),
    /// All others, about this device.
    Others(DeviceId),
}

/// Answers to jobs.
#[derive(Debug)]
pub enum Answer {
    /// To [`ReadJob::Verify`].
    Verified(SocketId, Option<Device>, Result<Claims, AuthFailure>),
    /// To [`ReadJob::Log`], with its ticket.
    Log(SocketId, u64, ReadAnswer),
    /// To [`ReadJob::Receipts`].
    Receipts {
        /// Whose devices.
        user_id: UserId,
        /// In which space.
        space_id: SpaceId,
        /// Who is told.
        audience: Audience,
        /// What.
        devices: Vec<Receipt>,
    },
    /// To [`ReadJob::Note`].
    Note(Box<NoteAnswer>),
}

/// Does work that only reads.
pub fn answer(job: ReadJob, database: &dyn Read, verify: &dyn Verify, now: i64) -> Answer {
    match job {
        ReadJob::Verify(socket, login) => Answer::Verified(socket, login.device, verify.verify(&login.token, now)),
        ReadJob::Log(socket, user_id, request) => {
            let ticket = request.ticket;
            let answer = read_log(&request, &user_id, database).unwrap_or_else(|error| {
                if let ReadError::Failed(why) = &error {
                    tracing::error!(target: "database", why, "a log couldn't be read");
                }
                ReadAnswer::Refused(match error {
                    ReadError::NotFound => ReadRefusal::NotFound,
                    ReadError::Diverged => ReadRefusal::Diverged,
                    ReadError::Failed(_) => ReadRefusal::Failed,
                })
            });
            Answer::Log(socket, ticket, answer)
        }
        ReadJob::Receipts { user_id, space_id, audience } => {
            let devices = database.receipts(Access { user_id: &user_id, space_id }).unwrap_or_default();
            Answer::Receipts { user_id, space_id, audience, devices }
        }
        ReadJob::Note(job) => Answer::Note(Box::new(crate::level_one::run(job, database, now))),
    }
}

fn read_log(request: &ReadRequest, user_id: &UserId, database: &dyn Read) -> Result<ReadAnswer, ReadError> {
    let access = Access { user_id, space_id: request.space_id };
    let batch = |rows: Vec<_>, up_to, early| {
        let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let done = request.done + count;
        let (space_id, total) = (request.space_id, request.total.max(done));
        (count > 0).then(|| {
            let message = ServerMessage::SyncBatch(SyncBatch { space_id, rows, up_to, early, done, total });
            (Arc::new(encode(&message, request.encoding)), count)
        })
    };
    match &request.read {
        LogRead::Begin { since, lineage, newest } => {
            let begun = database.begin(access, (*since, *lineage), *newest)?;
            Ok(ReadAnswer::Begun { rows: begun.rows, early: begun.early, early_rows: begun.early_rows })
        }
        LogRead::Log { since } => {
            let page = database.log(access, *since, request.batch_bytes)?;
            Ok(ReadAnswer::Log { batch: batch(page.rows, page.up_to, false), up_to: page.up_to, end: page.end })
        }
        LogRead::Documents { note_ids, from, since } => {
            let page = database.documents(access, note_ids, *from, request.batch_bytes)?;
            Ok(ReadAnswer::Documents { batch: batch(page.rows, *since, true), next: page.next, head: page.head })
        }
    }
}

/// Writes a group and pairs every purpose with what became of it.
pub fn write(
    group: Vec<WriteJob>,
    database: &mut dyn Database,
    now: i64,
) -> Vec<(Purpose, Result<Written, WriteError>)> {
    let (purposes, writes): (Vec<_>, Vec<_>) = group.into_iter().map(|job| (job.purpose, job.write)).unzip();
    let results = database.write(&writes, now);
    for error in results.iter().filter_map(|result| result.as_ref().err()) {
        tracing::error!(target: "database", %error, "a write failed");
    }
    purposes.into_iter().zip(results).collect()
}

/// What other devices are told about how far some are.
pub fn receipts_message(space_id: SpaceId, devices: Vec<Receipt>) -> Shared<ServerMessage> {
    Shared::new(ServerMessage::Receipts { space_id, devices })
}

/// The write that remembers a receipt.
pub fn receipt_write(user_id: UserId, device_id: DeviceId, received: Received) -> Write {
    Write::Receipt { user_id, device_id, received }
}
