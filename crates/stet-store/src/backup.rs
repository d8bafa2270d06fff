//! Copies of a database through SQLite's backup API, which sees one moment of it; a copied file would miss the log.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use crate::error::OpenError;
use crate::open::Options;
use crate::table;

/// Copies kept from before migrations: the last one, and the one before in case the last already held the damage.
const KEPT: usize = 2;

/// The name of `path` with `suffix` behind it.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// Copies an existing database beside itself before its tables change, reads the copy back, and removes older ones.
pub(crate) fn before_migration(
    connection: &Connection,
    path: &Path,
    options: &Options,
    number: u32,
) -> Result<(), OpenError> {
    let target = beside(path, &format!(".before-{number}"));
    copy(connection, &target, options).map_err(|error| match error {
        CopyError::Io(error) => OpenError::from_io(path, &error),
        CopyError::Sqlite(error) => OpenError::from_sqlite(path, &error),
        CopyError::Damaged(detail) => OpenError::Damaged { path: path.to_owned(), detail },
    })?;
    if options.vfs.is_none() {
        // A copy too many is no reason not to start.
        drop(remove_older(path));
    }
    Ok(())
}

fn remove_older(path: &Path) -> io::Result<()> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Ok(());
    };
    let prefix = format!("{name}.before-");
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let mut copies: Vec<PathBuf> = fs::read_dir(folder)?
        .filter_map(Result::ok)
        .filter(|entry| {
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.strip_prefix(&prefix));
            number.is_some_and(|number| number.parse::<u32>().is_ok())
        })
        .map(|entry| entry.path())
        .collect();
    copies.sort();
    for old in copies.iter().rev().skip(KEPT) {
        fs::remove_file(old)?;
    }
    Ok(())
}

/// Why a copy wasn't made.
pub(crate) enum CopyError {
    Io(io::Error),
    Sqlite(rusqlite::Error),
    Damaged(String),
}

impl From<rusqlite::Error> for CopyError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// Copies the database to `target`, which appears only when the copy is whole and was read back.
pub(crate) fn copy(connection: &Connection, target: &Path, options: &Options) -> Result<(), CopyError> {
    // A simulated disk can't rename.
    if options.vfs.is_some() {
        return fill(connection, target, options);
    }
    let part = beside(target, ".part");
    remove_if_there(&part)?;
    let filled = fill(connection, &part, options);
    if filled.is_err() {
        // What can't be removed is overwritten by the next attempt.
        drop(fs::remove_file(&part));
        return filled;
    }
    fs::rename(&part, target).and_then(|()| sync_folder(target)).map_err(CopyError::Io)
}

fn remove_if_there(file: &Path) -> Result<(), CopyError> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(CopyError::Io(error)),
        _ => Ok(()),
    }
}

fn fill(connection: &Connection, target: &Path, options: &Options) -> Result<(), CopyError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut copy = match &options.vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(target, flags, vfs.as_str())?,
        None => Connection::open_with_flags(target, flags)?,
    };
    let backup = Backup::new(connection, &mut copy)?;
    // In one step: a step less than the whole begins anew whenever the writer commits in between.
    match backup.step(-1)? {
        StepResult::Done => {}
        _ => {
            return Err(
                rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY), None).into()
            );
        }
    }
    drop(backup);
    // Out of WAL mode, so that the copy is one file.
    copy.pragma_update(None, "journal_mode", "DELETE")?;
    match table::damage(&copy, true)?.pop() {
        Some(detail) => Err(CopyError::Damaged(detail)),
        None => Ok(()),
    }
}

/// Makes a renamed file last: the folder is written too.
pub(crate) fn sync_folder(file: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::File::open(folder)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}
