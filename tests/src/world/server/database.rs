//! The server's real database with a disk that fails when it is told to. It decides nothing else.

use stet_model::id::{Lineage, NoteId, StoreId, UserId};
use stet_protocol::message::level2::Receipt;
use stet_server::database::sqlite::Sqlite;
use stet_server::database::{
    Access, Begun, Database, DocumentsPage, LogPage, Read, ReadError, SeenVersion, StoredDocument, Write, WriteError,
    Written,
};
use stet_sync::server::Cursor;

/// A database on a disk that may fail.
pub struct Frail {
    inner: Sqlite,
    /// So many of the next groups fail.
    pub failing: u32,
    /// What fails is on disk all the same.
    pub written: bool,
}

impl Frail {
    /// A database whose disk works.
    pub const fn new(inner: Sqlite) -> Self {
        Self { inner, failing: 0, written: false }
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
        if self.failing == 0 {
            return self.inner.write(group, now);
        }
        self.failing -= 1;
        if self.written {
            self.inner.write(group, now);
        }
        let error = |_| match self.written {
            true => Err(WriteError::Unknown("the simulated disk said nothing".to_owned())),
            false => Err(WriteError::Failed("the simulated disk is full".to_owned())),
        };
        group.iter().map(error).collect()
    }

    fn make_account(&mut self, issuer: &str, subject: &str, now: i64) -> Result<UserId, WriteError> {
        self.inner.make_account(issuer, subject, now)
    }

    fn reader(&self) -> Result<Box<dyn Read>, ReadError> {
        self.inner.reader()
    }
}
