//! The data folder: where it is, and that one server at a time uses it. Never what is in the database.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

/// Held by the running server. `token` does without: it only writes one row to the database, and SQLite lets one writer
/// in after the other.
#[derive(Debug)]
pub struct DataLock(#[expect(dead_code, reason = "held, not used")] File);

/// Why the data folder can't be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// No folder was named and the system names none.
    #[error("this system names no folder for data: name one with --data or STET_SERVER_DATA")]
    Nowhere,
    /// Another server is at it.
    #[error("another server uses the data folder {0}: stop it, or name another folder with --data")]
    Locked(PathBuf),
    /// A copy is being made.
    #[error("a backup of the data folder {0} is being made: wait until it has ended, then try again")]
    Copying(PathBuf),
    /// What the system says.
    #[error("the data folder {path} can't be used: {source}")]
    Io {
        /// Which folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// The folder to use, whether it is there or not.
///
/// # Errors
/// When none is named and the system names none.
pub fn named(named: Option<&Path>) -> Result<PathBuf, DataError> {
    match named {
        Some(path) => Ok(path.to_path_buf()),
        None => Ok(dirs::data_dir().ok_or(DataError::Nowhere)?.join("stet-server")),
    }
}

/// The folder to use, made if it isn't there, for its owner only.
///
/// # Errors
/// When there is none, or it can't be made.
pub fn folder(named: Option<&Path>) -> Result<PathBuf, DataError> {
    let path = self::named(named)?;
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&path).map_err(|source| DataError::Io { path: path.clone(), source })?;
    Ok(path)
}

/// Where the database is.
pub fn database(folder: &Path) -> PathBuf {
    folder.join("server.db")
}

/// Waits for one's turn to open the database.
///
/// # Errors
/// When the folder can't be written.
pub fn opening(folder: &Path) -> Result<File, DataError> {
    let failed = |source| DataError::Io { path: folder.to_path_buf(), source };
    let file = file(folder, "opening")?;
    file.lock().map_err(failed)?;
    Ok(file)
}

/// Takes the turn to copy the database: of two backups to one file, neither may take the other's.
///
/// # Errors
/// When a copy is being made.
pub fn copying(folder: &Path) -> Result<File, DataError> {
    held(folder, "copying", DataError::Copying)
}

/// Takes the folder for this server.
///
/// # Errors
/// When another server has it.
pub fn lock(folder: &Path) -> Result<DataLock, DataError> {
    held(folder, "lock", DataError::Locked).map(DataLock)
}

fn held(folder: &Path, name: &str, by_another: fn(PathBuf) -> DataError) -> Result<File, DataError> {
    let file = file(folder, name)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(by_another(folder.to_path_buf())),
        Err(TryLockError::Error(source)) => Err(DataError::Io { path: folder.to_path_buf(), source }),
    }
}

fn file(folder: &Path, name: &str) -> Result<File, DataError> {
    let file = File::options().create(true).truncate(false).write(true).open(folder.join(name));
    file.map_err(|source| DataError::Io { path: folder.to_path_buf(), source })
}
