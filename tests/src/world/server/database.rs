//! The server's real database with a disk that fails when it is told to. It decides nothing else.

use stet_model::id::{Lineage, NoteId, StoreId, UserId};
use stet_protocol::message::level2::Receipt;
use stet_server::database::sqlite::Sqlite;
use stet_server::database::{
    Access, Begun, Database, DocumentsPage, LogPage, Part, Read, ReadError, SeenVersion, StoredDocument, Write,
    WriteError, Written,
};
use stet_sync::server::Cursor;

use crate::disk::{Broken, Disk};

/// A database on a disk that may fail.
pub struct Frail {
    inner: Sqlite,
    disk: Disk,
    /// So many groups were handed over.
    pub groups: u64,
    /// So many of the next groups fail.
    pub failing: u32,
    /// One of them did.
    pub failed: bool,
    /// What the disk refuses then, after so many operations; `None`: it only says so.
    pub broken: Option<(Broken, u32)>,
}

impl Frail {
    /// A database whose disk works.
    pub const fn new(inner: Sqlite, disk: Disk) -> Self {
        Self { inner, disk, groups: 0, failing: 0, failed: false, broken: None }
    }

    fn fail(&mut self, group: &[Write], now: i64) -> Vec<Result<Written, WriteError>> {
        let Some((broken, works)) = self.broken else {
            self.inner.write(group, now);
            let said_nothing = |_| Err(WriteError::Unknown("the simulated disk said nothing".to_owned()));
            return group.iter().map(said_nothing).collect();
        };
        self.disk.breaks(Some(broken), works);
        let answers = self.inner.write(group, now);
        self.disk.breaks(None, 0);
        answers
    }
}

impl Read for Frail {
    fn store_id(&self) -> Result<StoreId, ReadError> {
        self.inner.store_id()
    }

    fn begin(&self, access: Access<'_>, cursor: (u64, Option<Lineage>), newest: u32) -> Result<Begun, ReadError> {
        self.inner.begin(access, cursor, newest)
    }

    fn log(&self, access: Access<'_>, since: u64, max_bytes: usize) -> Result<LogPage, ReadError> {
        self.inner.log(access, since, max_bytes)
    }

    fn documents(
        &self,
        access: Access<'_>,
        note_ids: &[NoteId],
        from: Cursor,
        max_bytes: usize,
    ) -> Result<DocumentsPage, ReadError> {
        self.inner.documents(access, note_ids, from, max_bytes)
    }

    fn document(&self, access: Access<'_>, note_id: NoteId) -> Result<Option<StoredDocument>, ReadError> {
        self.inner.document(access, note_id)
    }

    fn parts(&self, access: Access<'_>, note_id: NoteId) -> Result<Vec<Part>, ReadError> {
        self.inner.parts(access, note_id)
    }

    fn seen(&self, access: Access<'_>, note_id: NoteId) -> Result<Vec<SeenVersion>, ReadError> {
        self.inner.seen(access, note_id)
    }

    fn receipts(&self, access: Access<'_>) -> Result<Vec<Receipt>, ReadError> {
        self.inner.receipts(access)
    }
}

impl Database for Frail {
    fn begin_life(&mut self) {
        self.inner.begin_life();
    }

    fn write(&mut self, group: &[Write], now: i64) -> Vec<Result<Written, WriteError>> {
        self.groups += 1;
        if self.failing == 0 {
            return self.inner.write(group, now);
        }
        self.failing -= 1;
        let answers = self.fail(group, now);
        self.failed |= answers.iter().any(Result::is_err);
        answers
    }

    fn make_account(&mut self, issuer: &str, subject: &str, now: i64) -> Result<UserId, WriteError> {
        self.inner.make_account(issuer, subject, now)
    }

    fn reader(&self) -> Result<Box<dyn Read>, ReadError> {
        self.inner.reader()
    }
}
