//! A file in the making: beside the one it is to become, whose name it gets once it is whole and on disk. Never what is in
//! it.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// What SQLite keeps beside a database's file. One of them beside another file would be taken for that one's.
pub(crate) const SIDES: [&str; 3] = ["-wal", "-shm", "-journal"];

/// A file that can't be written.
#[derive(Debug, thiserror::Error)]
#[error("{path} can't be written: {source}")]
pub struct FileError {
    /// Which.
    pub path: PathBuf,
    /// What the system says.
    pub source: io::Error,
}

impl FileError {
    pub(crate) fn of(path: &Path, source: io::Error) -> Self {
        Self { path: path.to_path_buf(), source }
    }
}

/// A file in the making, for its owner only. Gone when it is dropped before it has got its name.
pub(crate) struct Draft {
    path: PathBuf,
}

impl Draft {
    /// An empty file where `target` is to appear. What an earlier attempt left there goes.
    pub(crate) fn beside(target: &Path) -> Result<Self, FileError> {
        let path = with(target, ".part");
        remove(&path)?;
        for side in SIDES {
            remove(&with(&path, side))?;
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&path).map_err(|source| FileError::of(&path, source))?;
        Ok(Self { path })
    }

    /// Where it is made.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Takes the name, whoever has it.
    pub(crate) fn replace(self, target: &Path) -> Result<(), FileError> {
        self.synced().and_then(|()| fs::rename(&self.path, target)).map_err(|source| FileError::of(target, source))?;
        sync_folder(target)
    }

    /// Takes the name, if nothing has it; answers whether it did.
    pub(crate) fn appear(self, target: &Path) -> Result<bool, FileError> {
        self.synced().map_err(|source| FileError::of(&self.path, source))?;
        match fs::hard_link(&self.path, target) {
            Ok(()) => sync_folder(target).map(|()| true),
            Err(_) if target.exists() => Ok(false),
            // A file system without links.
            Err(_) => self.replace(target).map(|()| true),
        }
    }

    fn synced(&self) -> io::Result<()> {
        OpenOptions::new().write(true).open(&self.path)?.sync_all()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        for path in SIDES.iter().map(|side| with(&self.path, side)).chain([self.path.clone()]) {
            if let Err(error) = remove(&path) {
                tracing::warn!(target: "server", %error, "what isn't needed any more is left");
            }
        }
    }
}

/// Removes a file, if there is one.
pub(crate) fn remove(path: &Path) -> Result<(), FileError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != ErrorKind::NotFound => Err(FileError::of(path, source)),
        _ => Ok(()),
    }
}

/// A name with something behind it.
pub(crate) fn with(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// The folder of a file.
pub(crate) fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes new names in a file's folder last.
pub(crate) fn sync_folder(file: &Path) -> Result<(), FileError> {
    #[cfg(unix)]
    {
        let folder = folder(file);
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|source| FileError::of(folder, source))?;
    }
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}
