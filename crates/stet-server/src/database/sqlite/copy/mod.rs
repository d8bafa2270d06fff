//! Copies of the database file through SQLite's backup API, which sees one moment of it; a copied file would miss what is
//! in the log beside it. Names and folders are the caller's, but for the copy from before an update.

mod before;
mod check;

use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::schema::{self, OpenError};

pub(super) use before::before_update;
pub use check::Contents;

/// Why a database can't be copied, or isn't what it should be.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// A file that is something else, or a newer server's.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// What is in it can't be right.
    #[error("{path} is damaged: {what}")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// Another program is at it.
    #[error("another program has {0} open: wait until it has ended (a backup, perhaps), then try again")]
    Busy(PathBuf),
    /// SQLite's own words.
    #[error("{path} can't be read or written: {source}")]
    Sqlite {
        /// Which file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
}

impl CopyError {
    fn of(path: &Path, error: rusqlite::Error) -> Self {
        let path = path.to_path_buf();
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => OpenError::Foreign(path.display().to_string()).into(),
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { path, what: error.to_string() },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy(path),
            _ => Self::Sqlite { path, source: error },
        }
    }

    /// The same about another file, of which the one it speaks of is a copy.
    pub fn about(self, path: &Path) -> Self {
        let path = path.to_path_buf();
        match self {
            Self::Open(OpenError::Foreign(_)) => OpenError::Foreign(path.display().to_string()).into(),
            Self::Damaged { what, .. } => Self::Damaged { path, what },
            other => other,
        }
    }
}

/// Copies the database at `from`, as it is at one moment, into the empty file `to`. May be called while a server writes.
/// The copy is one file and on disk; nobody has looked at it yet.
///
/// # Errors
/// What SQLite says of either.
pub fn copy(from: &Path, to: &Path) -> Result<(), CopyError> {
    let source = schema::open_reader(from).map_err(|error| CopyError::of(from, error))?;
    let mut target = Connection::open_with_flags(to, rw()).map_err(|error| CopyError::of(to, error))?;
    let step = Backup::new(&source, &mut target)
        // In one step: a step less than the whole begins anew whenever the server commits in between.
        .and_then(|backup| backup.step(-1))
        .map_err(|error| CopyError::of(if is_full(&error) { to } else { from }, error))?;
    if step != StepResult::Done {
        return Err(CopyError::Busy(from.to_path_buf()));
    }
    one_file(&target, to)
}

/// Reads a database whole, and answers what it holds.
///
/// # Errors
/// A file that is something else, a newer server's, or damaged.
pub fn check(path: &Path) -> Result<Contents, CopyError> {
    let connection = schema::open_reader(path).map_err(|error| CopyError::of(path, error))?;
    check::whole(&connection, path)
}

/// Reads a database's file whole, and answers whether SQLite finds it sound. What a server lives with is no reason for
/// it not to start.
fn is_readable(path: &Path) -> Result<(), CopyError> {
    let connection = schema::open_reader(path).map_err(|error| CopyError::of(path, error))?;
    check::readable(&connection, path)
}

/// Brings a copy's tables up to date, without a copy of it. It stays one file.
///
/// # Errors
/// What SQLite says.
pub fn upgrade(path: &Path) -> Result<(), CopyError> {
    let connection = schema::upgrade(path)?;
    one_file(&connection, path)
}

/// Makes one file of a database that nobody has open, with everything in it that is in the log beside it.
///
/// # Errors
/// When somebody has it open, or what SQLite says.
pub fn settle(path: &Path) -> Result<(), CopyError> {
    let connection = Connection::open_with_flags(path, rw()).map_err(|error| CopyError::of(path, error))?;
    one_file(&connection, path)
}

/// The moment in a form that suits a file's name: 2026-02-28T134501Z.
///
/// # Errors
/// What SQLite says.
pub fn moment(now: i64) -> Result<String, rusqlite::Error> {
    let sql = "SELECT strftime('%Y-%m-%dT%H%M%SZ', ?1, 'unixepoch')";
    Connection::open_in_memory()?.query_row(sql, [now.div_euclid(1000)], |row| row.get(0))
}

fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

fn rw() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

/// Out of the mode with a log beside the file: only the last who has it open can do that.
fn one_file(connection: &Connection, path: &Path) -> Result<(), CopyError> {
    let failed = |error| CopyError::of(path, error);
    connection.busy_timeout(schema::BUSY).map_err(failed)?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "DELETE", |row| row.get(0)).map_err(failed)?;
    if mode == "delete" { Ok(()) } else { Err(CopyError::Busy(path.to_path_buf())) }
}
