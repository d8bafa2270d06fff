//! The copy of a database from before its tables were brought up to date: beside it, whole and looked at, or none. Never the
//! tables.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{CopyError, copy, is_readable};
use crate::draft::{Draft, FileError, folder, with};

/// How many are kept: the last, and the one before in case the last already held the damage.
const KEPT: usize = 2;

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
enum NoCopy {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Copy(#[from] CopyError),
}

/// Copies a database, as it stands before it gets this layout; copies from before earlier ones go.
///
/// # Errors
/// Where the copy was to be, and why there is none.
pub(in super::super) fn before_update(database: &Path, layout: i32) -> Result<(), (PathBuf, String)> {
    let target = with(database, &format!(".before-{layout}"));
    make(database, &target).map_err(|error| (target.clone(), error.to_string()))?;
    tracing::info!(target: "server", copy = %target.display(), "the database is brought up to date; a copy is kept");
    if let Err(error) = remove_older(database) {
        // A copy too many is no reason not to start.
        tracing::warn!(target: "server", %error, "a copy that isn't needed any more is left");
    }
    Ok(())
}

fn make(database: &Path, target: &Path) -> Result<(), NoCopy> {
    let draft = Draft::beside(target)?;
    // Damage is the original's.
    copy(database, draft.path()).and_then(|()| is_readable(draft.path())).map_err(|error| error.about(database))?;
    Ok(draft.replace(target)?)
}

fn remove_older(database: &Path) -> io::Result<()> {
    let Some(prefix) = database.file_name().and_then(|name| name.to_str()).map(|name| format!("{name}.before-")) else {
        return Ok(());
    };
    let layout = |name: &str| name.strip_prefix(&prefix)?.parse::<u32>().ok();
    let mut copies: Vec<(u32, PathBuf)> = fs::read_dir(folder(database))?
        .filter_map(Result::ok)
        .filter_map(|entry| Some((layout(entry.file_name().to_str()?)?, entry.path())))
        .collect();
    copies.sort();
    copies.iter().rev().skip(KEPT).try_for_each(|(_, copy)| fs::remove_file(copy))
}
