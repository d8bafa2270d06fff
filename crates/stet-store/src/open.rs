//! Opening a file: is it there, is it ours, is it whole, may we write it, are its tables up to date. Nothing is decided
//! about a file that fails: it stays as it is, and the error says why.

pub(crate) mod salvage;

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use stet_model::mutant::{self, Mutant};

use crate::backup::{beside, sync_folder};
use crate::error::OpenError;
use crate::migration;
use crate::reader::Reader;
use crate::table;
use crate::writer::Writer;

/// Marks a SQLite file as a store: "Stet".
pub const APPLICATION_ID: i32 = 0x5374_6574;

/// Bytes of a SQLite file's header.
const HEADER: u64 = 100;

/// What a SQLite file begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Bytes of the smallest page SQLite has, and so of the smallest file.
const SMALLEST_PAGE: u64 = 512;

/// How long opening waits for another program's lock: long enough for a backup program's pass over the file, short
/// enough that somebody who starts the app learns why it doesn't open.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

/// How long a write waits for another program's lock.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Pages up to which opening reads the whole file: some milliseconds. Of a larger one it reads the edges of every table;
/// [`Reader::check`] reads the rest when there is time.
const SMALL: u32 = 2_048;

/// After a crash, how long opening looks for damage in a larger file too.
const CHECK_TIME: Duration = Duration::from_millis(25);

/// KiB of pages a reading connection keeps. The system keeps them all, a few microseconds away.
const READ_CACHE_KIB: i32 = 2 << 10;

/// Statements a connection keeps prepared: all there are.
const STATEMENTS: usize = 128;

/// Everything at its default is right for a user's store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The name of a registered SQLite VFS to open the file through, for simulated disks. Such a disk is asked nothing
    /// through the operating system: no file is renamed and no folder is listed.
    pub vfs: Option<String>,
    /// Bytes the database may grow to, for tests of a full disk: the next write beyond answers that the disk is full.
    pub max_bytes: Option<u64>,
}

/// Opens the store at `path`, or makes it. The caller has made sure that no other process uses the same data folder.
///
/// # Errors
/// [`OpenError`] tells apart what a person can do. The file is as it was.
pub fn open(path: &Path, options: &Options) -> Result<(Writer, Reader), OpenError> {
    if options.vfs.is_none() {
        salvage::finish(path)?;
    }
    let crashed = options.vfs.is_none() && make_if_missing(path, options)?;
    let mut connection = connect(path, options)?;
    make_ready(&mut connection, path, options)?;
    let suspected = options.vfs.is_none() && suspicion(path).exists();
    look_for_damage(&mut connection, path, crashed, suspected)?;
    if suspected {
        fs::remove_file(suspicion(path)).map_err(|error| OpenError::from_io(path, &error))?;
    }
    let failed = |error: rusqlite::Error| OpenError::from_sqlite(path, &error);
    connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
    let writer = Writer::new(connection, path).map_err(failed)?;
    Ok((writer, Reader::new(path, options)))
}

/// Damage was met while the file was in use: the next opening reads all of it.
pub(crate) fn suspect(path: &Path) {
    // A simulated disk has no such file. Where nothing can be written, opening does what it always does.
    if path.exists() && !suspicion(path).exists() {
        drop(fs::write(suspicion(path), []));
    }
}

fn suspicion(path: &Path) -> PathBuf {
    beside(path, ".suspect")
}

/// Makes the database under another name and renames it, so that a file of this name is never half made: an empty one
/// is a damaged one. Answers whether the process that had it open before ended without closing it.
fn make_if_missing(path: &Path, options: &Options) -> Result<bool, OpenError> {
    let damaged = |detail: &str| Err(OpenError::Damaged { path: path.to_owned(), detail: detail.to_owned() });
    let failed = |error: io::Error| OpenError::from_io(path, &error);
    let logged = fs::metadata(beside(path, "-wal")).is_ok_and(|log| log.len() > 0);
    match fs::File::open(path) {
        Ok(mut file) => {
            let (length, expected) = lengths(&mut file).map_err(failed)?;
            return match length {
                0 => damaged("the file is empty"),
                // With a log beside it, the file may be shorter than it will be.
                _ if length < expected && !logged => damaged(&format!("it has {length} bytes of {expected}")),
                _ => Ok(logged),
            };
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    // SQLite would replay the log of a file that is gone into the new one.
    if logged {
        return damaged("its log is there, but the file itself is gone");
    }
    let new = beside(path, ".new");
    make_empty(&new).map_err(failed)?;
    let mut connection = connect(&new, options)?;
    set_durability(&connection).map_err(|error| OpenError::from_sqlite(path, &error))?;
    migration::run(&mut connection, &new, options, &migration::all())?;
    connection.close().map_err(|(_, error)| OpenError::from_sqlite(path, &error))?;
    fs::rename(&new, path).and_then(|()| sync_folder(path)).map_err(failed)?;
    Ok(false)
}

/// An empty file to make a database in, in place of what an earlier attempt left.
fn make_empty(new: &Path) -> io::Result<()> {
    for suffix in ["", "-journal", "-wal", "-shm"] {
        match fs::remove_file(beside(new, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fs::File::create_new(new).map(drop)
}

/// How many bytes the file has, and how many its own header says. SQLite overlooks a last page that is cut off.
fn lengths(file: &mut fs::File) -> io::Result<(u64, u64)> {
    let length = file.metadata()?.len();
    let mut header = Vec::new();
    file.take(HEADER).read_to_end(&mut header)?;
    if !MAGIC.starts_with(&header[..header.len().min(MAGIC.len())]) {
        return Ok((length, 0));
    }
    let number =
        |at: usize| header.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_be_bytes);
    // The page count is right when the file's change counter was the same when it was written.
    if number(24) != number(92) {
        return Ok((length, SMALLEST_PAGE));
    }
    let page_size = match number(14) & 0xffff {
        1 => 1 << 16,
        size => u64::from(size),
    };
    Ok((length, SMALLEST_PAGE.max(page_size * u64::from(number(28)))))
}

fn connect(path: &Path, options: &Options) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = match &options.vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(path, flags | OpenFlags::SQLITE_OPEN_CREATE, vfs.as_str()),
        None => Connection::open_with_flags(path, flags),
    };
    let connection = connection.map_err(|error| OpenError::from_sqlite(path, &error))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // SQLite falls back to reading only without a word.
    match connection.is_readonly("main") {
        Ok(false) => Ok(connection),
        Ok(true) => Err(OpenError::ReadOnly { path: path.to_owned() }),
        Err(error) => Err(OpenError::from_sqlite(path, &error)),
    }
}

fn make_ready(connection: &mut Connection, path: &Path, options: &Options) -> Result<(), OpenError> {
    let failed = |error: rusqlite::Error| OpenError::from_sqlite(path, &error);
    connection.busy_timeout(LOCK_PATIENCE).map_err(failed)?;
    // The first read: finds a file that isn't a database or ends before its own page count says.
    let id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(failed)?;
    let blank = table::migration::is_blank(connection).map_err(failed)?;
    if blank && options.vfs.is_none() {
        return Err(OpenError::Damaged { path: path.to_owned(), detail: "it has no tables".to_owned() });
    }
    if !blank && id != APPLICATION_ID {
        let detail = format!("it is a SQLite database with the application id {id}");
        return Err(OpenError::NotAStore { path: path.to_owned(), detail });
    }
    migration::refuse_newer(connection, path, &migration::all())?;
    set_durability(connection).map_err(failed)?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())).map_err(failed)?;
    if let Some(bytes) = options.max_bytes {
        let page_size: u64 = connection.pragma_query_value(None, "page_size", |row| row.get(0)).map_err(failed)?;
        connection.pragma_update_and_check(None, "max_page_count", bytes / page_size, |_| Ok(())).map_err(failed)?;
    }
    // Takes the write lock and lets it go: a file that another program locked or that can't be written says so now and
    // not at the first keystroke.
    connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .and_then(rusqlite::Transaction::rollback)
        .map_err(failed)?;
    migration::run(connection, path, options, &migration::all())
}

fn set_durability(connection: &Connection) -> rusqlite::Result<()> {
    let synchronous = if mutant::is(Mutant::DeviceSkipsSync) { "OFF" } else { "FULL" };
    connection.pragma_update(None, "synchronous", synchronous)?;
    // Only macOS tells "written" from "on the platter"; elsewhere these are without effect.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")
}

/// Reads both edges of every table; of a small file, or after a crash, as many whole tables as [`CHECK_TIME`] allows; of one
/// that is `suspected`, everything, whatever that takes.
fn look_for_damage(connection: &mut Connection, path: &Path, crashed: bool, suspected: bool) -> Result<(), OpenError> {
    let damaged = |detail: String| OpenError::Damaged { path: path.to_owned(), detail };
    table::touch(connection).map_err(|error| match OpenError::from_sqlite(path, &error) {
        OpenError::Other { detail, .. } => damaged(detail),
        sorted => sorted,
    })?;
    let failed = |error: rusqlite::Error| OpenError::from_sqlite(path, &error);
    let pages: u32 = connection.pragma_query_value(None, "page_count", |row| row.get(0)).map_err(failed)?;
    if pages > SMALL && !crashed && !suspected {
        return Ok(());
    }
    let end = Instant::now() + CHECK_TIME;
    connection.progress_handler(1000, Some(move || !suspected && Instant::now() > end)).map_err(failed)?;
    let found = table::damage(connection, !suspected);
    connection.progress_handler(0, None::<fn() -> bool>).map_err(failed)?;
    match found {
        Ok(mut found) => found.pop().map_or(Ok(()), |detail| Err(damaged(detail))),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

/// A connection that only reads.
pub(crate) fn connect_reading(path: &Path, options: &Options) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = match &options.vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs.as_str())?,
        None => Connection::open_with_flags(path, flags)?,
    };
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "cache_size", -READ_CACHE_KIB)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(connection)
}
