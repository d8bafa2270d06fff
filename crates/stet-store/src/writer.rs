//! The one writing connection: which statements make up each [`Write`], one transaction around all of them. No SQL, and
//! no decision what is written.

mod whole;

use std::collections::{BTreeSet, HashSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, TransactionBehavior};
use stet_model::id::SpaceId;
use stet_model::mutant::{self, Mutant};

use crate::error::{ReadError, WriteError};
use crate::open::{BUSY_TIMEOUT, suspect};
use crate::read::Boot;
use crate::table::log::{point, snapshot, update};
use crate::table::{device, digest, document, folder, meta, note, search, space};
use crate::words;
use crate::write::{Cursor, DocKey, Held, RemoteRow, Write};

/// Pages of the log (of 4 KiB) above which it is folded into the database when nobody waits: what SQLite itself uses.
const FOLD_WHEN_IDLE: u32 = 1_000;

/// Pages of the log above which it is folded even though somebody waits: during a long catch-up it must not grow on.
const FOLD_NOW: u32 = 4_096;

/// Pages of the log (64 MiB) above which its file is also cut, so that one big import doesn't take disk for ever.
const CUT: u32 = 16_384;

/// Bytes the log's file has from its first idle moment on: a little more than it takes until it is folded.
const LOG_BYTES: u64 = (FOLD_WHEN_IDLE as u64 + 64) * 4_120;

/// Words remembered as known, so that common ones cost no look-up: what most of a language's text is made of.
const KNOWN_WORDS: usize = 1 << 14;

/// The one writing connection of a store.
pub struct Writer {
    connection: Connection,
    path: PathBuf,
    /// Pages in the log after the last commit.
    log_pages: Arc<AtomicU32>,
    known_words: HashSet<String>,
    /// There was no room to make the log longer ahead of need.
    crowded: bool,
}

impl Writer {
    pub(crate) fn new(mut connection: Connection, path: &Path) -> rusqlite::Result<Self> {
        let log_pages = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&log_pages);
        // In place of SQLite's own hook, which folds the log inside whichever commit reaches the limit.
        connection.wal_hook(Some(move |_: &mut _, pages| {
            counter.store(u32::try_from(pages).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(Self { connection, path: path.to_owned(), log_pages, known_words: HashSet::new(), crowded: false })
    }

    /// One transaction: all of `writes`, in order, or nothing. On disk when it returns.
    ///
    /// # Errors
    /// [`WriteError`] says what a person can do, and whether trying again may help.
    pub fn commit(&mut self, writes: &[Write]) -> Result<(), WriteError> {
        self.commit_each(writes)
    }

    pub(crate) fn commit_each<'a>(&mut self, writes: impl IntoIterator<Item = &'a Write>) -> Result<(), WriteError> {
        let mut writes = writes.into_iter().peekable();
        if writes.peek().is_none() {
            return Ok(());
        }
        let result = self.transact(writes);
        if let Err(WriteError::Corrupt { .. }) = &result {
            suspect(&self.path);
        }
        if result.is_err() {
            // Some of them may have been added by what was rolled back.
            self.known_words.clear();
        } else if self.log_pages.load(Ordering::Relaxed) >= FOLD_NOW {
            // The commit itself stands whether or not the log can be folded now.
            drop(self.fold(CheckpointMode::PASSIVE));
        }
        result
    }

    fn transact<'a>(&mut self, writes: impl Iterator<Item = &'a Write>) -> Result<(), WriteError> {
        let path = &self.path;
        let failed = |failure: Failure| failure.into_error(path);
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| failed(error.into()))?;
        for write in writes {
            apply(&transaction, write, &mut self.known_words).map_err(failed)?;
        }
        transaction.commit().map_err(|error| failed(error.into()))
    }

    /// Everything the engine asks once, when it starts.
    ///
    /// # Errors
    /// [`ReadError`] when the file can't be read.
    pub fn boot(&self) -> Result<Boot, ReadError> {
        self.read_boot().map_err(|error| ReadError::from_sqlite(&self.path, &error))
    }

    fn read_boot(&self) -> rusqlite::Result<Boot> {
        let snapshot = self.connection.unchecked_transaction()?;
        Ok(Boot {
            meta: meta::all(&snapshot)?,
            cursors: space::cursors(&snapshot)?,
            unsent: document::to_send(&snapshot)?,
            held: document::held(&snapshot)?,
            pending: document::pending(&snapshot, u32::MAX)?,
            unindexed: document::to_index(&snapshot, u32::MAX)?,
            undigested: digest::undigested(&snapshot)?,
            apart: document::apart(&snapshot)?,
            devices: device::list(&snapshot, None)?,
            documents: space::documents(&snapshot)?,
        })
    }

    /// Folds the log into the database if it has grown, and cuts its file if it is very large. Call it when idle;
    /// [`crate::DiskThread`] does. What is committed is safe either way.
    ///
    /// # Errors
    /// [`WriteError`] when the database file can't be written.
    pub fn checkpoint_if_large(&mut self) -> Result<(), WriteError> {
        let pages = self.log_pages.load(Ordering::Relaxed);
        if pages < FOLD_WHEN_IDLE {
            return Ok(());
        }
        let mode = if pages >= CUT { CheckpointMode::TRUNCATE } else { CheckpointMode::PASSIVE };
        self.fold(mode).map_err(|error| WriteError::from_sqlite(&self.path, &error))
    }

    /// Gives the log's file its length ahead of need: a commit that makes the file longer has the disk write where the file
    /// lies, too, and takes several times as long. Call it when idle; [`crate::DiskThread`] does.
    ///
    /// What is added is no frame of the log and is never read; SQLite keeps the file's length when it begins the log anew.
    ///
    /// # Errors
    /// When the disk gives no room. The log then grows commit by commit.
    pub(crate) fn lengthen_log(&mut self) -> std::io::Result<()> {
        if self.crowded {
            return Ok(());
        }
        let mut name = self.path.clone().into_os_string();
        name.push("-wal");
        let mut log = std::fs::OpenOptions::new().append(true).open(name)?;
        let length = log.metadata()?.len();
        if length < LOG_BYTES {
            let zeros = &mut std::io::repeat(0).take(LOG_BYTES - length);
            if let Err(error) = std::io::copy(zeros, &mut log).and_then(|_| log.sync_data()) {
                // The last room is for what people write. Nothing was committed meanwhile: commits are this thread's.
                self.crowded = true;
                log.set_len(length)?;
                return Err(error);
            }
        }
        Ok(())
    }

    fn fold(&mut self, mode: CheckpointMode) -> rusqlite::Result<()> {
        // Cutting waits for readers, and nobody should wait for that.
        self.connection.busy_timeout(Duration::ZERO)?;
        let folded = self.connection.wal_checkpoint_v2(None::<&str>, mode);
        self.connection.busy_timeout(BUSY_TIMEOUT)?;
        let (log, done) = folded?;
        if log == done {
            self.log_pages.store(0, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// Why a write can't be applied.
enum Failure {
    Sqlite(rusqlite::Error),
    Purged(DocKey),
    Occupied(SpaceId),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl Failure {
    fn into_error(self, path: &Path) -> WriteError {
        match self {
            Self::Sqlite(error) => WriteError::from_sqlite(path, &error),
            Self::Purged(doc) => WriteError::Purged { doc },
            Self::Occupied(space) => WriteError::Occupied { space },
        }
    }
}

fn apply(connection: &Connection, write: &Write, known_words: &mut HashSet<String>) -> Result<(), Failure> {
    match write {
        Write::Local { doc, delta, head, unsent, row, at } => {
            let found = document::find_or_make(connection, *doc)?;
            if found.purged {
                return Err(Failure::Purged(*doc));
            }
            update::append(connection, found.id, delta)?;
            let edit = document::Edit { head, unsent: *unsent, at: *at, stale: !doc.is_library() };
            document::edited(connection, found.id, &edit)?;
            if let Some(row) = row {
                note::set(connection, found.id, row)?;
            }
        }
        Write::Remote { space, rows, cursor } => receive(connection, *space, rows, cursor.as_ref())?,
        Write::Row { doc, .. }
        | Write::Imported { doc, .. }
        | Write::Snapshot { doc, .. }
        | Write::Replaced { doc, .. }
        | Write::Held { doc, .. }
        | Write::Index { doc, .. }
        | Write::Point { doc, .. } => {
            if let Some(found) = document::find_living(connection, *doc)? {
                apply_to_living(connection, found.id, write, known_words)?;
            }
        }
        Write::Acked { doc, known, seq, unsent, updated_at, cursor } => {
            if let Some(found) = document::find_living(connection, *doc)? {
                let (seq, unsent, updated_at) = (*seq, *unsent, *updated_at);
                let synced = document::Synced { known, seq, unsent, updated_at, acked: true };
                let step = || document::synced(connection, found.id, &synced);
                if mutant::is(Mutant::DigestForgetsAcks) { step() } else { moving(connection, found.id, step) }?;
                note::mirror(connection, found.id)?;
            }
            set_cursor(connection, doc.space, cursor.as_ref())?;
        }
        Write::Cursor { space, cursor } => set_cursor(connection, *space, Some(cursor))?,
        Write::Compare { space, seq, digest, end, at } => {
            let space = space::find_or_make(connection, *space)?;
            digest::compare(connection, space, *digest, (*seq, *end), *at)?;
        }
        Write::Apart { doc, apart } => {
            let found = document::find_or_make(connection, *doc)?;
            document::set_apart(connection, found.id, *apart && !found.purged)?;
        }
        Write::Purged { doc, seq, cursor } => {
            purge(connection, *doc, *seq)?;
            set_cursor(connection, doc.space, cursor.as_ref())?;
        }
        Write::PurgeAsked { doc, asked } => {
            let Some(found) = document::find(connection, *doc)? else { return Ok(()) };
            document::set_purge_asked(connection, found.id, *asked)?;
            note::mirror(connection, found.id)?;
        }
        Write::Folders { space, folders, content } => {
            folder::replace(connection, space::find_or_make(connection, *space)?, folders)?;
            if let Some(library) = document::find_living(connection, DocKey { space: *space, note: space.library() })? {
                digest::set_content(connection, library.id, Some(*content))?;
            }
        }
        Write::Device { space, device } => {
            device::set(connection, space::find_or_make(connection, *space)?, device)?;
        }
        Write::Meta { key, value } => meta::set(connection, key, value.as_deref())?,
        Write::Removed { doc, seq, held } => removed(connection, *doc, *seq, held)?,
        Write::MoveSpace { from, to } => whole::rename(connection, *from, *to)?,
        Write::ForgetLog { space } => whole::forget_log(connection, *space)?,
        Write::EmptySpace { space } => whole::empty(connection, *space)?,
    }
    Ok(())
}

/// What changes nothing where there is no document, or only its tombstone.
fn apply_to_living(
    connection: &Connection,
    id: i64,
    write: &Write,
    known_words: &mut HashSet<String>,
) -> rusqlite::Result<()> {
    match write {
        // Jobs of this kind come after others of their group: the document may have gone on.
        Write::Row { head, .. } | Write::Index { head, .. } if !document::is_at(connection, id, head)? => Ok(()),
        Write::Row { row, .. } => note::set(connection, id, row),
        Write::Imported { doc, seq, head, known, unsent, row, updated_at } => {
            update::imported(connection, id, *seq)?;
            document::set_head(connection, id, head)?;
            let (seq, unsent, updated_at) = (*seq, *unsent, *updated_at);
            let synced = document::Synced { known, seq, unsent, updated_at, acked: false };
            moving(connection, id, || document::synced(connection, id, &synced))?;
            if let Some(row) = row {
                note::set(connection, id, row)?;
            }
            if doc.is_library() { Ok(()) } else { document::set_stale(connection, id) }
        }
        Write::Snapshot { bytes, through, .. } => {
            snapshot::set(connection, id, bytes)?;
            update::fold(connection, id, *through)
        }
        Write::Replaced { bytes, .. } => {
            snapshot::set(connection, id, bytes)?;
            update::fold(connection, id, i64::MAX)?;
            point::remove_all(connection, id)
        }
        Write::Held { doc, held } => {
            document::set_held(connection, id, held.as_ref())?;
            // What people have to see to must be on a list, also when nothing of it could be read.
            if held.as_ref().is_some_and(|held| !held.message.is_empty()) && !doc.is_library() {
                note::make(connection, id)?;
            }
            note::mirror(connection, id)
        }
        Write::Index { title, body, content, .. } => {
            index(connection, id, (title, body), known_words)?;
            digest::set_content(connection, id, Some(*content))?;
            document::indexed(connection, id)
        }
        Write::Point { frontiers, at, device, .. } => point::add(connection, id, frontiers, *at, *device),
        _ => Ok(()),
    }
}

fn set_cursor(connection: &Connection, space: SpaceId, cursor: Option<&Cursor>) -> rusqlite::Result<()> {
    let Some(cursor) = cursor else { return Ok(()) };
    space::set_cursor(connection, space::find_or_make(connection, space)?, cursor)
}

fn receive(
    connection: &Connection,
    space: SpaceId,
    rows: &[RemoteRow],
    cursor: Option<&Cursor>,
) -> rusqlite::Result<()> {
    if rows.is_empty() {
        return set_cursor(connection, space, cursor);
    }
    let number = space::find_or_make(connection, space)?;
    let mut moves = Vec::with_capacity(rows.len());
    for row in rows {
        let found = document::find_or_make_in(connection, number, row.note)?;
        if !found.purged || document::revive(connection, found.id)? {
            update::store(connection, found.id, row)?;
            if row.seq > found.last_seq {
                document::received(connection, found.id, row.seq)?;
                moves.push((row.note, found.last_seq, row.seq, found.removed));
            }
        }
    }
    digest::moved_on(connection, number, &moves)?;
    set_cursor(connection, space, cursor)
}

fn purge(connection: &Connection, doc: DocKey, seq: u64) -> rusqlite::Result<()> {
    let found = document::find_or_make(connection, doc)?;
    purge_found(connection, found.id, seq)
}

fn purge_found(connection: &Connection, id: i64, seq: u64) -> rusqlite::Result<()> {
    update::remove_all(connection, id)?;
    snapshot::remove(connection, id)?;
    point::remove_all(connection, id)?;
    if let Some((_, slot)) = note::indexed_at(connection, id)? {
        if let Some(slot) = slot {
            search::remove(connection, slot)?;
        }
        note::remove(connection, id)?;
    }
    digest::set_content(connection, id, None)?;
    moving(connection, id, || document::purge(connection, id, seq))
}

fn removed(connection: &Connection, doc: DocKey, seq: u64, held: &Held) -> rusqlite::Result<()> {
    match document::find(connection, doc)? {
        Some(found) if !found.purged && document::has_content(connection, found.id)? => {
            moving(connection, found.id, || document::removed(connection, found.id, seq))?;
            document::set_held(connection, found.id, Some(held))?;
            note::mirror(connection, found.id)
        }
        _ => purge(connection, doc, seq),
    }
}

/// Does what may move a document in the log, and keeps the log's digest.
fn moving(connection: &Connection, id: i64, step: impl FnOnce() -> rusqlite::Result<()>) -> rusqlite::Result<()> {
    let before = digest::place(connection, id)?;
    step()?;
    digest::moved(connection, id, before)
}

fn index(
    connection: &Connection,
    doc: i64,
    (title, body): (&str, &str),
    known_words: &mut HashSet<String>,
) -> rusqlite::Result<()> {
    let title = words::index(title);
    let mut all = words::index(body);
    all.extend(title.iter().cloned());
    let join = |words: &BTreeSet<String>| words.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    search::set(connection, doc, &join(&title), &join(&all))?;
    for word in all.into_iter().filter(|word| words::has_parts(word)) {
        if !known_words.contains(&word) {
            search::word::add(connection, &word)?;
            if known_words.len() >= KNOWN_WORDS {
                known_words.clear();
            }
            known_words.insert(word);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
