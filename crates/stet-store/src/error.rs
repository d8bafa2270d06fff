//! What can go wrong, told apart by what a person or the engine can do about it. Every message names the file and the
//! remedy; none holds note text.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use stet_model::id::{DocKey, SpaceId};

/// Why a store can't be opened. Nothing in the file was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another program holds the file.
    #[error("{path}: another program holds this file locked; close that program and try again")]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The file or its folder can't be written.
    #[error(
        "{path}: this file or its folder can't be written; give yourself write permission and free the disk from read-only mode"
    )]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// The file is cut off or its pages are damaged.
    #[error(
        "{path}: the file is damaged ({detail}); keep a copy of it, then restore a backup or move it away and sync again"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// The file is something else.
    #[error("{path}: this file isn't a Stet database ({detail}); move it away or choose another data folder")]
    NotAStore {
        /// The file.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// A newer version of the app has changed the tables in a way this one can't follow.
    #[error(
        "{path}: a newer version of Stet wrote this file (its tables are generation {found}, this version knows {supported}); update Stet"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The schema generation of the file.
        found: u32,
        /// The newest generation this version knows.
        supported: u32,
    },
    /// No room for the file, its log or the backup before a migration.
    #[error("{path}: the disk is full; free some space and start again")]
    DiskFull {
        /// The file.
        path: PathBuf,
    },
    /// A migration that was applied to the file isn't the one this version has under that number.
    #[error(
        "{path}: the migration {name:?} applied to this file differs from the one in this version; install the official version of Stet"
    )]
    EditedMigration {
        /// The file.
        path: PathBuf,
        /// The migration.
        name: String,
    },
    /// A migration failed; the file is as it was.
    #[error(
        "{path}: the change of the tables {name:?} failed ({detail}); the file is as it was, so the version of Stet used before still opens it"
    )]
    Migration {
        /// The file.
        path: PathBuf,
        /// The migration.
        name: String,
        /// What SQLite said.
        detail: String,
    },
    /// Something else.
    #[error("{path}: the database can't be opened: {detail}; check that the folder exists and the disk is healthy")]
    Other {
        /// The file.
        path: PathBuf,
        /// What the system or SQLite said.
        detail: String,
    },
}

impl OpenError {
    /// Sorts what SQLite said about the file at `path`.
    pub(crate) fn from_sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        let path = path.to_owned();
        match Kind::of(error) {
            Kind::Busy => Self::Locked { path },
            Kind::ReadOnly => Self::ReadOnly { path },
            Kind::Full => Self::DiskFull { path },
            Kind::Corrupt => Self::Damaged { path, detail: error.to_string() },
            Kind::Foreign => Self::NotAStore { path, detail: error.to_string() },
            Kind::Interrupted | Kind::Other => Self::Other { path, detail: error.to_string() },
        }
    }

    /// Sorts what the operating system said about the file at `path`.
    pub(crate) fn from_io(path: &Path, error: &io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            _ => Self::Other { path, detail: error.to_string() },
        }
    }
}

/// Why writes were not stored. Nothing of the transaction is on disk.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// No room.
    #[error("{path}: the disk is full; free some space, nothing else is needed")]
    DiskFull {
        /// The database.
        path: PathBuf,
    },
    /// The file can't be written any more.
    #[error("{path}: the file can't be written; give yourself write permission and free the disk from read-only mode")]
    ReadOnly {
        /// The database.
        path: PathBuf,
    },
    /// A page of the file is damaged.
    #[error(
        "{path}: the file is damaged ({detail}); end Stet and start it again: it keeps the file, saves what is unsent and can \
         be read, and fetches the rest from your server"
    )]
    Corrupt {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        detail: String,
    },
    /// Another program held the file for longer than the busy timeout.
    #[error("{path}: another program holds this file locked; close that program")]
    Locked {
        /// The database.
        path: PathBuf,
    },
    /// A local edit of a note that is gone for good.
    #[error("note {} was removed for good; its text can only go into a new note", doc.note)]
    Purged {
        /// The note.
        doc: DocKey,
    },
    /// A store can only move into a space that has no documents here.
    #[error("space {space} already has documents in this store; nothing can be moved into it")]
    Occupied {
        /// The space that should have been empty.
        space: SpaceId,
    },
    /// Something else.
    #[error("{path}: the change wasn't stored: {detail}; check that the disk is healthy and try again")]
    Other {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        detail: String,
    },
}

impl WriteError {
    /// Whether the same writes may succeed later without anybody changing them.
    pub const fn retryable(&self) -> bool {
        matches!(self, Self::DiskFull { .. } | Self::ReadOnly { .. } | Self::Locked { .. } | Self::Other { .. })
    }

    /// Sorts what SQLite said about the file at `path`.
    pub(crate) fn from_sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        let path = path.to_owned();
        match Kind::of(error) {
            Kind::Busy => Self::Locked { path },
            Kind::ReadOnly => Self::ReadOnly { path },
            Kind::Full => Self::DiskFull { path },
            Kind::Corrupt | Kind::Foreign => Self::Corrupt { path, detail: error.to_string() },
            Kind::Interrupted | Kind::Other => Self::Other { path, detail: error.to_string() },
        }
    }
}

/// Why something couldn't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It took longer than a snapshot may be held ([`crate::SNAPSHOT_LIMIT`]), or every reader was busy that long.
    #[error("{path}: reading took too long; try again")]
    TooLong {
        /// The database.
        path: PathBuf,
    },
    /// A page of the file is damaged.
    #[error(
        "{path}: the file is damaged ({detail}); end Stet and start it again: it keeps the file, saves what is unsent and can \
         be read, and fetches the rest from your server"
    )]
    Corrupt {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        detail: String,
    },
    /// `ListQuery::after` isn't a key this store gave.
    #[error("{key:?} isn't the key of a page; start from the first page")]
    PageKey {
        /// What was given, cut to 80 characters.
        key: String,
    },
    /// Something else.
    #[error("{path}: can't be read: {detail}; check that the disk is healthy and try again")]
    Other {
        /// The database.
        path: PathBuf,
        /// What the system or SQLite said.
        detail: String,
    },
}

impl ReadError {
    /// Sorts what SQLite said about the file at `path`.
    pub(crate) fn from_sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        let path = path.to_owned();
        match Kind::of(error) {
            Kind::Interrupted | Kind::Busy => Self::TooLong { path },
            Kind::Corrupt | Kind::Foreign => Self::Corrupt { path, detail: error.to_string() },
            Kind::ReadOnly | Kind::Full | Kind::Other => Self::Other { path, detail: error.to_string() },
        }
    }
}

/// The kinds of failure that call for different remedies.
enum Kind {
    Busy,
    ReadOnly,
    Full,
    Corrupt,
    Foreign,
    Interrupted,
    Other,
}

impl Kind {
    fn of(error: &rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly,
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseCorrupt) => Self::Corrupt,
            Some(ErrorCode::NotADatabase) => Self::Foreign,
            Some(ErrorCode::OperationInterrupted) => Self::Interrupted,
            // A file that ends inside a page is reported as an I/O error of its own kind.
            Some(ErrorCode::SystemIoFailure)
                if error.sqlite_error().is_some_and(|e| {
                    [rusqlite::ffi::SQLITE_IOERR_SHORT_READ, rusqlite::ffi::SQLITE_IOERR_CORRUPTFS]
                        .contains(&e.extended_code)
                }) =>
            {
                Self::Corrupt
            }
            Some(_) => Self::Other,
            // A value of a type or shape the code never writes.
            None => match error {
                rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::IntegralValueOutOfRange(..) => Self::Corrupt,
                _ => Self::Other,
            },
        }
    }
}
