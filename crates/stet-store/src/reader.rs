//! Read-only connections beside the writer. Each call sees one moment of the store, blocks its caller, and holds that
//! moment for a bounded time. Nothing is written.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use stet_model::id::SpaceId;

use crate::backup::{self, CopyError};
use crate::error::ReadError;
use crate::open::{Options, connect_reading, suspect};
use crate::page;
use crate::read::{
    LedgerRow, ListPage, ListQuery, ListRow, SidebarRows, Standing, StoredDocument, StoredPoint, Waiting,
};
use crate::table::log::{point, snapshot, update};
use crate::table::note::{list, tag};
use crate::table::{self, device, digest, document, folder, meta, space};
use crate::write::{DeviceRow, DocKey};

pub use crate::page::MAX_PAGE;

/// The longest a reader holds a snapshot: the log can't be folded past it.
pub const SNAPSHOT_LIMIT: Duration = Duration::from_secs(5);

/// Connections at the same time: the engine, the list, a search, and one that happens to be slow.
const CONNECTIONS: usize = 4;

/// Steps of SQLite's machine between two looks at the clock: some tens of microseconds.
const STEPS_BETWEEN_LOOKS: i32 = 10_000;

/// A pool of read-only connections, opened as needed. Clones share it.
#[derive(Clone)]
pub struct Reader {
    pool: Arc<Pool>,
}

impl Reader {
    pub(crate) fn new(path: &Path, options: &Options) -> Self {
        let pool = Pool {
            path: path.to_owned(),
            options: options.clone(),
            began: Instant::now(),
            idle: Mutex::new(Idle { connections: Vec::new(), unopened: CONNECTIONS }),
            given_back: Condvar::new(),
        };
        Self { pool: Arc::new(pool) }
    }

    /// A document with its log; a tombstone too. `None` for one that was never here.
    ///
    /// # Errors
    /// [`ReadError`] when the file can't be read.
    pub fn document(&self, doc: DocKey) -> Result<Option<StoredDocument>, ReadError> {
        self.read(|connection| {
            let Some((id, mut stored)) = document::load(connection, doc)? else { return Ok(None) };
            stored.snapshot = snapshot::load(connection, id)?;
            stored.updates = update::load(connection, id)?;
            Ok(Some(stored))
        })
    }

    /// A page of a list or of a search, of at most [`MAX_PAGE`] rows.
    ///
    /// # Errors
    /// [`ReadError::PageKey`] when `after` isn't a key this store gave; others when the file can't be read.
    pub fn list(&self, query: &ListQuery) -> Result<ListPage, ReadError> {
        let after = query.after.as_deref().map(page::Key::parse).transpose()?;
        self.read(|connection| page::read(connection, query, after))
    }

    /// One note of the lists, whichever list it is in.
    ///
    /// # Errors
    /// [`ReadError`] when the file can't be read.
    pub fn row(&self, doc: DocKey) -> Result<Option<ListRow>, ReadError> {
        self.read(|connection| list::row(connection, doc))
    }

    /// At most `limit` notes that can't go on.
    ///
    /// # Errors
    /// [`ReadError`] when the file can't be read.
    pub fn held(&self, space: SpaceId, limit: u32) -> Result<Vec<ListRow>, ReadError> {
        self.read(|connection| {
            let Some(space) = space::find(connection, space)? else { return Ok(Vec::new()) };
            list::rows_of(connection, &document::held_in(connection, space, limit)?)
        })
    }

    /// Counts, folders and tags. Costs the same for any number of notes.
    ///
    /// # Errors
    /// [`ReadError`] when the file can't be read.
    pub fn sidebar(&self, space: SpaceId) -> Result<SidebarRows, ReadError> {
        self.read(|connection| {
            let Some(space) = space::find(connection, space)? else { return Ok(SidebarRows::default()) };
            Ok(SidebarRows {
                counts: space::counts(connection, space)?,
                folders: folder::list(connection, space)?,
                tags: tag::list(connection, space)?,
            })
        })
    }

    /// A named value.
    ///
    /// # Errors
    /// [`ReadError`] when the file can't be read.
    pub fn meta(&self, key: &str) -> Result<Option<String>, ReadError> {
        self.read(|connection| meta::get(connection, key))
    }

    /// The points of a note's history, oldest first.
    ///
    /// # Errors
    /// [`ReadError`] when the file can't be read.
    pub fn points(&self, doc: DocKey) -> Result<Vec<StoredPoint>, ReadError> {
        self.read(|connection| match document::find(connection, doc)? {
            Some(found) => point::load(connection, found.id),
            None => Ok(Vec::new()),
        })
    }

    /// At most `limit` notes whose search text is stale, the newest first.
    ///
    /// # Errors
    /// [`ReadError`] when the file can't be read.
    pub fn unindexed(&self, limit: u32) -> Result<Vec<DocKey>, ReadError> {
        self.read(|connection| document::to_index(connection, limit))
    }

    /// At most `limit` documents with rows not yet imported.
    ///
    /// # Errors
    /// [`ReadError`] when the file can't be read.
    pub fn pending(&self, limit: u32) -> Result<Vec<DocKey>, ReadError> {
        self.read(|connection| document::pending(connection, limit))
    }

    /// The other devices of a space.
    ///
    /// # Errors
    /// [`ReadError`] when the file can't be read.
    pub fn devices(&self, space: SpaceId) -> Result<Vec<DeviceRow>, ReadError> {
        self.read(|connection| {
            Ok(device::list(connection, Some(space))?.into_iter().map(|(_, device)| device).collect())
        })
    }

    /// What a space holds; nothing for one that isn't here.
    ///
    /// # Errors
    /// [`ReadError`] when the file can't be read.
    pub fn standing(&self, space: SpaceId) -> Result<Standing, ReadError> {
        self.read(|connection| match space::find(connection, space)? {
            Some(space) => digest::standing(connection, space),
            None => Ok(Standing::default()),
        })
    }

    /// Every document of a space with its last seq, tombstones and library too, by id.
    ///
    /// # Errors
    /// [`ReadError`] when the file can't be read.
    pub fn ledger(&self, space: SpaceId) -> Result<Vec<LedgerRow>, ReadError> {
        self.read(|connection| match space::find(connection, space)? {
            Some(space) => document::ledger(connection, space),
            None => Ok(Vec::new()),
        })
    }

    /// What waits for the server or for people, in all spaces.
    ///
    /// # Errors
    /// [`ReadError`] when the file can't be read.
    pub fn waiting(&self) -> Result<Waiting, ReadError> {
        self.read(|connection| {
            Ok(Waiting {
                unsent: document::to_send(connection)?,
                held: document::held(connection)?,
                documents: space::documents(connection)?,
            })
        })
    }

    /// Copies the database to a new file `to`, through SQLite's backup API. The file appears when it is whole and was
    /// read back. May take seconds.
    ///
    /// # Errors
    /// [`ReadError`] when the store can't be read or the copy can't be written; it names the file it is about.
    pub fn backup(&self, to: &Path) -> Result<(), ReadError> {
        let pool = &self.pool;
        let source = connect_reading(&pool.path, &pool.options).map_err(|error| pool.failed(&error))?;
        backup::copy(&source, to, &pool.options).map_err(|error| match error {
            CopyError::Io(error) => ReadError::Other { path: to.to_owned(), detail: error.to_string() },
            CopyError::Sqlite(error) => ReadError::from_sqlite(to, &error),
            CopyError::Damaged(detail) => ReadError::Corrupt { path: pool.path.clone(), detail },
        })
    }

    /// Reads the whole file and says what is damaged; nothing when it is whole. May take seconds.
    ///
    /// # Errors
    /// [`ReadError`] when the file can't be read at all.
    pub fn check(&self) -> Result<Vec<String>, ReadError> {
        let pool = &self.pool;
        let connection = connect_reading(&pool.path, &pool.options).map_err(|error| pool.failed(&error))?;
        table::damage(&connection, false).map_err(|error| pool.failed(&error))
    }

    /// Closes what nobody uses now, with the pages it keeps. The next question opens it again.
    pub fn rest(&self) {
        let mut idle = self.pool.lock();
        let closing = std::mem::take(&mut idle.connections);
        idle.unopened += closing.len();
        drop(idle);
        drop(closing);
    }

    /// Runs `question` on one moment of the store.
    fn read<T>(&self, question: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, ReadError> {
        let pooled = self.pool.lend()?;
        let answer = pooled.connection.unchecked_transaction().and_then(|snapshot| question(&snapshot));
        self.pool.give_back(pooled);
        answer.map_err(|error| self.pool.failed(&error))
    }
}

struct Pool {
    path: PathBuf,
    options: Options,
    began: Instant,
    idle: Mutex<Idle>,
    given_back: Condvar,
}

struct Idle {
    connections: Vec<Pooled>,
    /// How many more may be opened.
    unopened: usize,
}

struct Pooled {
    connection: Connection,
    /// When the question on it must end, in milliseconds since the pool began.
    end: Arc<AtomicU64>,
}

impl Pool {
    // What it guards is whole between any two statements, so a panic elsewhere can't have torn it.
    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, error: &rusqlite::Error) -> ReadError {
        let error = ReadError::from_sqlite(&self.path, error);
        if let ReadError::Corrupt { .. } = &error {
            suspect(&self.path);
        }
        error
    }

    fn lend(&self) -> Result<Pooled, ReadError> {
        let patience = Instant::now() + SNAPSHOT_LIMIT;
        let mut idle = self.lock();
        let pooled = loop {
            if let Some(pooled) = idle.connections.pop() {
                break pooled;
            }
            if idle.unopened > 0 {
                idle.unopened -= 1;
                drop(idle);
                break self.open().inspect_err(|_| self.not_opened())?;
            }
            let left = patience.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ReadError::TooLong { path: self.path.clone() });
            }
            idle = self.given_back.wait_timeout(idle, left).unwrap_or_else(PoisonError::into_inner).0;
        };
        pooled.end.store(millis(self.began.elapsed() + SNAPSHOT_LIMIT), Ordering::Relaxed);
        Ok(pooled)
    }

    fn open(&self) -> Result<Pooled, ReadError> {
        let failed = |error: rusqlite::Error| self.failed(&error);
        let mut connection = connect_reading(&self.path, &self.options).map_err(failed)?;
        let end = Arc::new(AtomicU64::new(u64::MAX));
        let (began, limit) = (self.began, Arc::clone(&end));
        let late = move || millis(began.elapsed()) > limit.load(Ordering::Relaxed);
        connection.progress_handler(STEPS_BETWEEN_LOOKS, Some(late)).map_err(failed)?;
        Ok(Pooled { connection, end })
    }

    fn give_back(&self, pooled: Pooled) {
        self.lock().connections.push(pooled);
        self.given_back.notify_one();
    }

    fn not_opened(&self) {
        self.lock().unopened += 1;
        self.given_back.notify_one();
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
