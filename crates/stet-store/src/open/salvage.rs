//! A damaged store makes way for a new one: what can still be read of unsent documents goes into it, the damaged file is
//! kept under another name, and everything else is fetched from the server again. Never here: to guess at what can't be
//! read, or to throw anything away.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, TransactionBehavior};

use super::{Options, connect, connect_reading, set_durability, suspicion};
use crate::backup::{beside, sync_folder};
use crate::error::OpenError;
use crate::migration;
use crate::table::log::update;
use crate::table::salvage::{Leftovers, Wanted, read};
use crate::table::{document, meta};
use crate::write::DocKey;

/// Damaged files kept, each with its log. With more, the disk is what has to be seen to.
const KEPT: u32 = 9;

/// What a damaged store had that could be saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Salvaged {
    /// Where the damaged file is now.
    pub kept: PathBuf,
    /// The unsent documents that are in the new store, unsent.
    pub documents: Vec<DocKey>,
    /// Rows that couldn't be read; whose they were isn't known.
    pub unreadable: u64,
}

/// Puts a new store in the place of a damaged one, with the unsent documents that can still be read and what the store
/// knew of itself. The damaged file stays beside it, its log too. A crash at any moment loses nothing: the next
/// [`super::open`] either finds the damaged file as it was, or finishes what was begun.
///
/// # Errors
/// [`OpenError`] when the new store can't be made, or too many damaged ones are kept already. The damaged file is then
/// where it was.
pub fn salvage(path: &Path) -> Result<Salvaged, OpenError> {
    let failed = |error: io::Error| OpenError::from_io(path, &error);
    let kept = (1..=KEPT).map(|number| beside(path, &format!(".damaged-{number}"))).find(|kept| !kept.exists());
    let Some(kept) = kept else {
        let detail = format!("{KEPT} damaged files are kept beside it; the disk may be failing");
        return Err(OpenError::Damaged { path: path.to_owned(), detail });
    };
    let left =
        connect_reading(path, &Options::default()).map(|damaged| read(&damaged, Wanted::Unsent)).unwrap_or_default();
    make_new(path, &left)?;
    for suffix in ["", "-wal"] {
        keep(&beside(path, suffix), &beside(&kept, suffix)).map_err(failed)?;
    }
    fs::rename(unfinished(path), finished(path)).and_then(|()| sync_folder(path)).map_err(failed)?;
    finish(path)?;
    if let Err(error) = fs::remove_file(suspicion(path))
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(failed(error));
    }
    let documents = left.unsent.iter().map(|unsent| unsent.doc).collect();
    Ok(Salvaged { kept, documents, unreadable: left.unreadable })
}

/// A document as it was read from a store that can't be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegibleDocument {
    /// Which.
    pub doc: DocKey,
    /// Its snapshot and the entries of its log, in order; what can't be read is left out.
    pub parts: Vec<Vec<u8>>,
}

/// The documents of a store that can't be opened, as far as they can be read, whatever version its tables are of. Nothing is
/// written.
///
/// # Errors
/// [`OpenError`] when not even that is possible.
pub fn read_only(path: &Path) -> Result<Vec<LegibleDocument>, OpenError> {
    let connection =
        connect_reading(path, &Options::default()).map_err(|error| OpenError::from_sqlite(path, &error))?;
    let all = read(&connection, Wanted::All).unsent;
    Ok(all.into_iter().map(|found| LegibleDocument { doc: found.doc, parts: found.parts }).collect())
}

/// Puts a new store in place that was made whole. Nothing to do when there is none.
pub(super) fn finish(path: &Path) -> Result<(), OpenError> {
    if !finished(path).exists() {
        return Ok(());
    }
    // The damaged file's log would be replayed into the new one.
    let remove = |suffix: &str| match fs::remove_file(beside(path, suffix)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    };
    ["-wal", "-shm"]
        .into_iter()
        .try_for_each(remove)
        .and_then(|()| sync_folder(path))
        .and_then(|()| fs::rename(finished(path), path))
        .and_then(|()| sync_folder(path))
        .map_err(|error| OpenError::from_io(path, &error))
}

fn unfinished(path: &Path) -> PathBuf {
    beside(path, ".salvaging")
}

fn finished(path: &Path) -> PathBuf {
    beside(path, ".salvaged")
}

/// Gives a file a second name, so that it has one whatever happens to the first. A copy where that can't be.
fn keep(file: &Path, kept: &Path) -> io::Result<()> {
    match fs::hard_link(file, kept) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(_) => fs::copy(file, kept).and_then(|_| fs::File::open(kept)?.sync_all()),
        Ok(()) => Ok(()),
    }
}

fn make_new(path: &Path, left: &Leftovers) -> Result<(), OpenError> {
    let new = unfinished(path);
    let failed = |error: rusqlite::Error| OpenError::from_sqlite(path, &error);
    super::make_empty(&new).map_err(|error| OpenError::from_io(path, &error))?;
    let mut connection = connect(&new, &Options::default())?;
    set_durability(&connection).map_err(failed)?;
    migration::run(&mut connection, &new, &Options::default(), &migration::all())?;
    fill(&mut connection, left).map_err(failed)?;
    connection.close().map_err(|(_, error)| failed(error))
}

fn fill(connection: &mut Connection, left: &Leftovers) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (key, value) in &left.meta {
        meta::set(&transaction, key, Some(value))?;
    }
    for unsent in &left.unsent {
        let found = document::find_or_make(&transaction, unsent.doc)?;
        for part in &unsent.parts {
            update::append(&transaction, found.id, part)?;
        }
        let stale = !unsent.doc.is_library();
        let edit = document::Edit { head: &unsent.head, unsent: true, at: unsent.at, stale };
        document::edited(&transaction, found.id, &edit)?;
        document::set_apart(&transaction, found.id, unsent.apart)?;
    }
    transaction.commit()
}
