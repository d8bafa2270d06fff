//! `backup` and `restore`: a verified copy of the database beside a running server, and putting one in place. Nothing that was
//! there is ever lost: each step leaves either the old state or the new one, and what is replaced stays under another name.

use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::config::{BackupConfig, RestoreConfig};
use crate::data::{self, DataError};
use crate::database::sqlite::copy::{self, Contents, CopyError};
use crate::draft::{Draft, FileError, SIDES, remove, sync_folder, with};
use crate::shell::Clock;

/// Why there is no backup, or nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The data folder.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The database or the copy.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// There is nothing to copy.
    #[error("there is no file {0}: name {1}")]
    Missing(PathBuf, &'static str),
    /// Something has that name.
    #[error("{0} is there already: name another file, or replace it with --overwrite")]
    Exists(PathBuf),
    /// A file of ours.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Copies the database into a new file, also while the server runs. Answers what to tell the user.
///
/// # Errors
/// When there is none, it is damaged, or the file can't be written.
pub fn backup(config: &BackupConfig) -> Result<String, BackupError> {
    let folder = data::named(config.data.as_deref())?;
    let database = data::database(&folder);
    if !database.exists() {
        return Err(BackupError::Missing(database, "the server's data folder with --data"));
    }
    let target = &config.file;
    if target.exists() && !config.overwrite {
        return Err(BackupError::Exists(target.clone()));
    }
    let _turn = data::copying(&folder)?;
    let draft = Draft::beside(target)?;
    let contents = copied(&database, &draft)?;
    if config.overwrite {
        draft.replace(target)?
    } else if !draft.appear(target)? {
        return Err(BackupError::Exists(target.clone()));
    }
    Ok(format!("backed up to {}: {}", target.display(), Told(contents)))
}

/// Puts a backup in the place of the database, which stays beside it under another name. Answers what to tell the user.
///
/// # Errors
/// When a server runs, the backup isn't one or is damaged, or files can't be written. Then everything is as before.
pub fn restore(config: &RestoreConfig) -> Result<String, BackupError> {
    let file = &config.file;
    if !file.exists() {
        return Err(BackupError::Missing(file.clone(), "a file that `stet-server backup` made"));
    }
    let folder = data::folder(config.data.as_deref())?;
    let _lock = data::lock(&folder)?;
    let _turn = data::opening(&folder)?;
    let target = data::database(&folder);
    let draft = Draft::beside(&target)?;
    let contents = copied(file, &draft)?;
    copy::upgrade(draft.path())?;
    let aside = set_aside(&target)?;
    draft.replace(&target)?;
    let before = aside.map_or_else(
        || "no database was there before".to_owned(),
        |aside| format!("the database that was there is kept as {}", aside.display()),
    );
    Ok(format!(
        "restored {}: {}; {before}. Start the server again: devices that had received more than this stop, say so, and lose \
         nothing",
        file.display(),
        Told(contents)
    ))
}

/// Copies a database and reads the copy back. Damage is the original's.
fn copied(database: &Path, draft: &Draft) -> Result<Contents, CopyError> {
    copy::copy(database, draft.path()).and_then(|()| copy::check(draft.path())).map_err(|error| error.about(database))
}

/// Gives the database that is there a second name, with everything beside it, and leaves nothing beside its first one. The
/// database itself stays: were this the last thing that ever happened, the server would start with it.
fn set_aside(database: &Path) -> Result<Option<PathBuf>, BackupError> {
    if !database.exists() {
        return Ok(None);
    }
    match copy::settle(database) {
        Ok(()) => {}
        Err(error @ CopyError::Busy(_)) => return Err(error.into()),
        // Damaged, perhaps: the reason to restore. Its log goes with it.
        Err(error) => tracing::warn!(target: "server", %error, "the database is kept as it is"),
    }
    let aside = aside(database)?;
    for side in SIDES {
        let (from, to) = (with(database, side), with(&aside, side));
        if from.exists() {
            second_name(&from, &to)?;
        }
    }
    second_name(database, &aside)?;
    sync_folder(database)?;
    for side in SIDES {
        remove(&with(database, side))?;
    }
    Ok(Some(aside))
}

/// A name that says when, and that nothing has.
fn aside(database: &Path) -> Result<PathBuf, BackupError> {
    let failed = |source| CopyError::Sqlite { path: database.to_path_buf(), source };
    let moment = copy::moment(Clock::default().wall()).map_err(failed)?;
    let plain = with(database, &format!(".before-restore-{moment}"));
    let numbered = (2..).map(|number| with(&plain, &format!("-{number}")));
    let free = |path: &PathBuf| !path.exists() && SIDES.iter().all(|side| !with(path, side).exists());
    Ok(std::iter::once(plain.clone()).chain(numbered).find(free).unwrap_or(plain))
}

/// A second name for a file; a second file where the file system gives none.
fn second_name(from: &Path, to: &Path) -> Result<(), FileError> {
    let linked = fs::hard_link(from, to);
    linked
        .or_else(|_| fs::copy(from, to).and_then(|_| File::open(to)?.sync_all()))
        .map_err(|source| FileError::of(to, source))
}

/// What a database holds, in words.
struct Told(Contents);

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Contents { users, documents, rows, last_change } = self.0;
        let count = |number, noun| format!("{number} {noun}{}", if number == 1 { "" } else { "s" });
        write!(f, "{}, {}, {}", count(users, "user"), count(documents, "document"), count(rows, "row"))?;
        match last_change.map(copy::moment) {
            Some(Ok(moment)) => write!(f, ", last change {moment}"),
            _ => Ok(()),
        }
    }
}
