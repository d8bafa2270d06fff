//! Opening the database file: what SQLite is told, and the tables. Never what is in them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use stet_model::mutant::{self, Mutant};

use super::copy::before_update;
use super::parts;

/// "stSv": marks the file as this program's.
pub(super) const APPLICATION_ID: i32 = 0x7374_5376;
/// What makes each layout of the one before it; the last is the newest this program knows.
pub(super) const STEPS: [&str; 3] = [TABLES, DOCUMENTS_BY_SEQ, PARTS_BY_FOLD];
const VERSION: i32 = STEPS.len() as i32;
/// The layout whose parts are brought over after its step: more than SQL can say.
const PARTS_BROUGHT_OVER: i32 = 3;
/// How long to wait for the other process: only `token` writes beside a running server, one row at a time.
pub(super) const BUSY: Duration = Duration::from_secs(10);
/// KiB of pages a reading connection keeps. The system keeps them all, a few microseconds away.
const READ_CACHE_KIB: i32 = 256;

/// A database that can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A file that is something else.
    #[error("{0} is not a database of this server: name another file or folder")]
    Foreign(String),
    /// Written by a newer server.
    #[error("the database is of version {found}, this server knows up to {VERSION}: start the newer server again")]
    Newer {
        /// The file's version.
        found: i32,
    },
    /// No copy could be made, and without one nothing is changed.
    #[error(
        "the database must be copied to {copy} before it is brought up to date, and that failed: {why}. Nothing was \
         changed: make room there or, if the database is damaged, restore a backup; then start the server again"
    )]
    NotCopied {
        /// Where the copy was to be.
        copy: PathBuf,
        /// What stood in the way.
        why: String,
    },
    /// The tables couldn't be changed.
    #[error(
        "{0} couldn't be brought up to date: {1}. It is as it was: mend that and start the server again, or start the \
         server before this one"
    )]
    NotUpdated(PathBuf, rusqlite::Error),
    /// SQLite's own words.
    #[error("the database can't be opened: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

/// The tables. `log.place` is the space's number in the upper bits and the seq in the lower 40, so that a space's log is
/// one stretch of one tree. `spaces.rows` counts the log's surviving rows, `documents.tail` those since the document was
/// last compacted.
const TABLES: &str = "
CREATE TABLE meta (key TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    user INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id TEXT NOT NULL UNIQUE,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    personal_space_id BLOB NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    UNIQUE (issuer, subject)
) STRICT;

CREATE TABLE spaces (
    space INTEGER PRIMARY KEY AUTOINCREMENT,
    space_id BLOB NOT NULL UNIQUE,
    owner INTEGER NOT NULL REFERENCES users (user),
    name TEXT NOT NULL,
    seq INTEGER NOT NULL DEFAULT 0,
    rows INTEGER NOT NULL DEFAULT 0,
    digest BLOB NOT NULL
) STRICT;
CREATE INDEX spaces_by_owner ON spaces (owner);

CREATE TABLE lineages (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    space INTEGER NOT NULL REFERENCES spaces (space),
    lineage BLOB NOT NULL,
    starts_after INTEGER NOT NULL,
    UNIQUE (space, lineage)
) STRICT;
CREATE INDEX lineages_by_space ON lineages (space, number);

CREATE TABLE log (
    place INTEGER PRIMARY KEY,
    note_id BLOB NOT NULL,
    ops BLOB NOT NULL,
    purged INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    device_id BLOB
) STRICT;
CREATE INDEX log_by_note ON log (note_id, place);

CREATE TABLE documents (
    space INTEGER NOT NULL REFERENCES spaces (space),
    note_id BLOB NOT NULL,
    seq INTEGER NOT NULL,
    purged INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    tail INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (space, note_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX documents_by_seq ON documents (space, purged, seq);

CREATE TABLE answers (
    space INTEGER NOT NULL REFERENCES spaces (space),
    note_id BLOB NOT NULL,
    device_id BLOB NOT NULL,
    request TEXT NOT NULL,
    hash BLOB NOT NULL,
    seq INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    PRIMARY KEY (space, note_id, device_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE parts (
    place INTEGER NOT NULL REFERENCES log (place) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    device_id BLOB,
    PRIMARY KEY (place, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE devices (
    user INTEGER NOT NULL REFERENCES users (user),
    device_id BLOB NOT NULL,
    name TEXT NOT NULL,
    platform TEXT NOT NULL,
    app_version TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (user, device_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE receipts (
    space INTEGER NOT NULL REFERENCES spaces (space),
    user INTEGER NOT NULL,
    device_id BLOB NOT NULL,
    seq INTEGER NOT NULL,
    unsent INTEGER NOT NULL,
    content TEXT,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (space, user, device_id),
    FOREIGN KEY (user, device_id) REFERENCES devices (user, device_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE seen (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    space INTEGER NOT NULL REFERENCES spaces (space),
    user INTEGER NOT NULL REFERENCES users (user),
    note_id BLOB NOT NULL,
    point BLOB NOT NULL,
    seen_at INTEGER NOT NULL,
    UNIQUE (space, user, note_id, point)
) STRICT;
";

/// The log itself knows which notes are the newest: an index that moves with every keystroke is one page more to write.
const DOCUMENTS_BY_SEQ: &str = "DROP INDEX documents_by_seq;";

/// A row a fold in place of one a part, which each fold had to write anew.
const PARTS_BY_FOLD: &str = "
ALTER TABLE parts RENAME TO parts_by_row;
CREATE TABLE parts (
    space INTEGER NOT NULL REFERENCES spaces (space),
    note_id BLOB NOT NULL,
    seq INTEGER NOT NULL,
    parts BLOB NOT NULL,
    PRIMARY KEY (space, note_id, seq)
) STRICT, WITHOUT ROWID;
";

/// Opens the file for writing and brings its tables up to date, an existing one's after it was copied; without a path, a
/// database in memory.
pub(super) fn open(path: Option<&Path>, vfs: Option<&str>, store_id: [u8; 16]) -> Result<Connection, OpenError> {
    let mut connection = connect(path, vfs)?;
    // Files of a simulated disk can't be copied.
    let copied = path.filter(|_| vfs.is_none());
    migrate(&mut connection, store_id, copied)?;
    Ok(connection)
}

/// Opens a file that is itself a copy, and brings its tables up to date.
pub(super) fn upgrade(path: &Path) -> Result<Connection, OpenError> {
    let mut connection = connect(Some(path), None)?;
    // The id is for a file without tables, which this isn't.
    migrate(&mut connection, [0; 16], None)?;
    Ok(connection)
}

fn connect(path: Option<&Path>, vfs: Option<&str>) -> Result<Connection, OpenError> {
    let connection = match (path, vfs) {
        (Some(path), Some(vfs)) => Connection::open_with_flags_and_vfs(path, OpenFlags::default(), vfs)?,
        (Some(path), None) => Connection::open(path)?,
        (None, _) => Connection::open_in_memory()?,
    };
    connection.busy_timeout(BUSY)?;
    kind(&connection, &path.map_or_else(|| "the database in memory".to_owned(), |path| path.display().to_string()))?;
    settings(&connection)?;
    Ok(connection)
}

/// The layout's version; 0 for a file without tables. Refuses what isn't this server's, or a newer one's.
fn kind(connection: &Connection, name: &str) -> Result<i32, OpenError> {
    let number = |pragma: &str| connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, i32>(0));
    let (application, version) = match (number("application_id"), number("user_version")) {
        (Ok(application), Ok(version)) => (application, version),
        (Err(rusqlite::Error::SqliteFailure(error, _)), _) if error.code == rusqlite::ErrorCode::NotADatabase => {
            return Err(OpenError::Foreign(name.to_owned()));
        }
        (Err(error), _) | (_, Err(error)) => return Err(error.into()),
    };
    if version > VERSION {
        return Err(OpenError::Newer { found: version });
    }
    if version > 0 && application != APPLICATION_ID {
        return Err(OpenError::Foreign(name.to_owned()));
    }
    Ok(version)
}

/// Refuses every file but a database of this server, of a layout it knows.
pub(super) fn check_kind(connection: &Connection, name: &str) -> Result<(), OpenError> {
    match kind(connection, name)? {
        1.. => Ok(()),
        _ => Err(OpenError::Foreign(name.to_owned())),
    }
}

/// Opens the file for reading beside the writer.
pub(super) fn open_reader(path: &Path) -> Result<Connection, rusqlite::Error> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "cache_size", -READ_CACHE_KIB)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn settings(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // What is acknowledged is on disk: also after a power cut, also on macOS.
    let synchronous = if mutant::is(Mutant::ServerSkipsSync) { "OFF" } else { "FULL" };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

fn migrate(connection: &mut Connection, store_id: [u8; 16], path: Option<&Path>) -> Result<(), OpenError> {
    // Another process may be at it: whoever comes second finds the work done.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i32 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if let (1..VERSION, Some(path)) = (version, path) {
        // Nobody else can write by now: the copy lacks nothing.
        before_update(path, VERSION).map_err(|(copy, why)| OpenError::NotCopied { copy, why })?;
    }
    update(&transaction, version, store_id).and_then(|()| transaction.commit()).map_err(|error| match path {
        Some(path) if (1..VERSION).contains(&version) => OpenError::NotUpdated(path.to_path_buf(), error),
        _ => error.into(),
    })
}

/// Makes the newest layout of the one of this version.
fn update(transaction: &Transaction<'_>, version: i32, store_id: [u8; 16]) -> Result<(), rusqlite::Error> {
    for step in STEPS.iter().skip(version.max(0).unsigned_abs() as usize) {
        transaction.execute_batch(step)?;
    }
    if version < PARTS_BROUGHT_OVER {
        parts::bring_over(transaction)?;
    }
    if version == 0 {
        transaction.execute("INSERT INTO meta (key, value) VALUES ('store_id', ?1)", [store_id.as_slice()])?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    if version < VERSION {
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    Ok(())
}
