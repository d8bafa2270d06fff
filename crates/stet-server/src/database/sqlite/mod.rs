//! The server's database in one SQLite file: one writer that commits in groups, readers beside it. Each table's SQL is in
//! a file of its own. Never a decision about sockets.

mod accounts;
mod answers;
pub mod copy;
mod devices;
mod documents;
mod log;
mod parts;
mod schema;
mod seen;
mod spaces;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use stet_model::id::{Lineage, NoteId, StoreId, UserId};
use stet_protocol::message::level2::Receipt;
use stet_sync::server::Cursor;

pub use schema::OpenError;

use super::{
    Access, Begun, Database, DocumentsPage, LogPage, Part, Random, Read, ReadError, SeenVersion, StoredDocument, Write,
    WriteError, Written,
};

impl From<rusqlite::Error> for ReadError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// The writer.
pub struct Sqlite {
    connection: Connection,
    path: Option<PathBuf>,
    random: Random,
    /// Spaces that have begun their lineage in this life of the server.
    begun: BTreeSet<i64>,
}

impl Sqlite {
    /// Opens the database in this file, and makes it if there is none.
    ///
    /// # Errors
    /// A file that is something else, a newer version, or what SQLite says.
    pub fn open(path: &Path, random: Random) -> Result<Self, OpenError> {
        Self::with(Some(path), None, random)
    }

    /// Opens the database through a VFS registered with SQLite under this name: for simulated disks. It has one
    /// connection.
    ///
    /// # Errors
    /// As [`Sqlite::open`].
    pub fn open_through(vfs: &str, path: &Path, random: Random) -> Result<Self, OpenError> {
        let opened = Self::with(Some(path), Some(vfs), random)?;
        Ok(Self { path: None, ..opened })
    }

    /// A database that lives as long as this value.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn in_memory(random: Random) -> Result<Self, OpenError> {
        Self::with(None, None, random)
    }

    fn with(path: Option<&Path>, vfs: Option<&str>, mut random: Random) -> Result<Self, OpenError> {
        let connection = schema::open(path, vfs, uuid_bytes(&mut random))?;
        Ok(Self { connection, path: path.map(Path::to_path_buf), random, begun: BTreeSet::new() })
    }

    fn group(&mut self, group: &[Write], now: i64) -> Result<Vec<Written>, WriteError> {
        let failed = |error: rusqlite::Error| WriteError::Failed(error.to_string());
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let mut begun = Vec::new();
        let written = group
            .iter()
            .map(|write| {
                write_one(
                    &transaction,
                    write,
                    now,
                    &mut Life { begun: &self.begun, new: &mut begun, random: &mut self.random },
                )
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(failed)?;
        transaction.commit().map_err(|error| WriteError::Unknown(error.to_string()))?;
        self.begun.extend(begun);
        Ok(written)
    }
}

/// The lineages of this life: those begun before, and those this transaction begins.
struct Life<'a> {
    begun: &'a BTreeSet<i64>,
    new: &'a mut Vec<i64>,
    random: &'a mut Random,
}

fn write_one(
    transaction: &Transaction<'_>,
    write: &Write,
    now: i64,
    life: &mut Life<'_>,
) -> Result<Written, rusqlite::Error> {
    match write {
        Write::Open(opening) => accounts::open(transaction, opening, now, life),
        Write::Row(row) => log::append(transaction, row, now, life),
        Write::Seen { user_id, space_id, note_id, points } => {
            let access = Access { user_id, space_id: *space_id };
            seen::add(transaction, access, *note_id, points, now)
        }
        Write::Receipt { user_id, device_id, received } => {
            devices::received(transaction, user_id, *device_id, received, now)
        }
        Write::Fold(fold) => documents::fold(transaction, fold),
    }
}

impl Database for Sqlite {
    fn begin_life(&mut self) {
        self.begun.clear();
    }

    fn write(&mut self, group: &[Write], now: i64) -> Vec<Result<Written, WriteError>> {
        match self.group(group, now) {
            Ok(written) => written.into_iter().map(Ok).collect(),
            // Alone, only the one that can't be written fails.
            Err(WriteError::Failed(_)) if group.len() > 1 => {
                group.iter().map(|write| self.group(std::slice::from_ref(write), now).and_then(only)).collect()
            }
            Err(error) => group.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    fn make_account(&mut self, issuer: &str, subject: &str, now: i64) -> Result<UserId, WriteError> {
        let failed = |error: rusqlite::Error| WriteError::Failed(error.to_string());
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let user_id = accounts::make(&transaction, (issuer, subject), now, &mut self.random).map_err(failed)?;
        transaction.commit().map_err(|error| WriteError::Unknown(error.to_string()))?;
        Ok(user_id)
    }

    fn reader(&self) -> Result<Box<dyn Read>, ReadError> {
        let path = self.path.as_deref();
        let path = path.ok_or_else(|| ReadError::Failed("a database in memory has one connection".to_owned()))?;
        Ok(Box::new(SqliteReader(schema::open_reader(path)?)))
    }
}

fn only(mut written: Vec<Written>) -> Result<Written, WriteError> {
    written.pop().ok_or_else(|| WriteError::Failed("no answer".to_owned()))
}

/// A reader beside the writer.
pub struct SqliteReader(Connection);

/// Whatever holds a connection can read.
trait Connected: Send {
    fn connection(&self) -> &Connection;
}

impl Connected for Sqlite {
    fn connection(&self) -> &Connection {
        &self.connection
    }
}

impl Connected for SqliteReader {
    fn connection(&self) -> &Connection {
        &self.0
    }
}

impl<C: Connected> Read for C {
    fn store_id(&self) -> Result<StoreId, ReadError> {
        Ok(spaces::store_id(self.connection())?)
    }

    fn begin(&self, access: Access<'_>, cursor: (u64, Option<Lineage>), newest: u32) -> Result<Begun, ReadError> {
        let moment = self.connection().unchecked_transaction()?;
        log::begin(&moment, access, cursor, newest)
    }

    fn log(&self, access: Access<'_>, since: u64, max_bytes: usize) -> Result<LogPage, ReadError> {
        let moment = self.connection().unchecked_transaction()?;
        log::page(&moment, access, since, max_bytes)
    }

    fn documents(
        &self,
        access: Access<'_>,
        note_ids: &[NoteId],
        from: Cursor,
        max_bytes: usize,
    ) -> Result<DocumentsPage, ReadError> {
        let moment = self.connection().unchecked_transaction()?;
        documents::page(&moment, access, note_ids, (from, max_bytes))
    }

    fn document(&self, access: Access<'_>, note_id: NoteId) -> Result<Option<StoredDocument>, ReadError> {
        let moment = self.connection().unchecked_transaction()?;
        documents::whole(&moment, access, note_id)
    }

    fn parts(&self, access: Access<'_>, note_id: NoteId) -> Result<Vec<Part>, ReadError> {
        let moment = self.connection().unchecked_transaction()?;
        parts::list(&moment, access, note_id)
    }

    fn seen(&self, access: Access<'_>, note_id: NoteId) -> Result<Vec<SeenVersion>, ReadError> {
        let moment = self.connection().unchecked_transaction()?;
        seen::list(&moment, access, note_id)
    }

    fn receipts(&self, access: Access<'_>) -> Result<Vec<Receipt>, ReadError> {
        let moment = self.connection().unchecked_transaction()?;
        devices::receipts(&moment, access)
    }
}

/// Sixteen random bytes in the form of a UUID v4.
fn uuid_bytes(random: &mut Random) -> [u8; 16] {
    let mut bytes = [0; 16];
    random(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid().into_bytes()
}

/// SQLite counts in signed numbers; what this server stores is never negative.
fn unsigned(number: i64) -> u64 {
    number.max(0).unsigned_abs()
}
