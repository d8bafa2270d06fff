//! Reading connections.
use std::time::Duration;
use std::path::{Path, PathBuf};
use crate::error::ReadError;
use crate::read::{LedgerRow, ListPage, ListQuery, ListRow, SidebarRows, StoredDocument, StoredPoint};
use crate::write::{DeviceRow, DocKey};
use stet_model::id::SpaceId;
/// Rows a page has at most.
pub const MAX_PAGE: u32 = 500;
/// The longest a reader holds a snapshot.
pub const SNAPSHOT_LIMIT: Duration = Duration::from_secs(5);
/// A pool of read-only connections.
#[derive(Clone)]
pub struct Reader { path: PathBuf }
macro_rules! surface { ($($(#[$d:meta])* fn $n:ident($($a:ident: $t:ty),*) -> $r:ty;)*) => { impl Reader { $($(#[$d])*
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn $n(&self, $($a: $t),*) -> Result<$r, ReadError> { $(let _ = $a;)* Err(ReadError::TooLong { path: self.path.clone() }) })* } } }
surface! {
    /// A document with its log; a tombstone too.
    fn document(doc: DocKey) -> Option<StoredDocument>;
    /// A page of a list.
    fn list(query: &ListQuery) -> ListPage;
    /// One note of the lists.
    fn row(doc: DocKey) -> Option<ListRow>;
    /// Counts, folders and tags.
    fn sidebar(space: SpaceId) -> SidebarRows;
    /// A named value.
    fn meta(key: &str) -> Option<String>;
    /// The points of a note's history, oldest first.
    fn points(doc: DocKey) -> Vec<StoredPoint>;
    /// At most `limit` notes whose search text is stale, the newest first.
    fn unindexed(limit: u32) -> Vec<DocKey>;
    /// At most `limit` documents with rows not yet imported.
    fn pending(limit: u32) -> Vec<DocKey>;
    /// The other devices of a space.
    fn devices(space: SpaceId) -> Vec<DeviceRow>;
    /// Every document of a space with its last seq, by id.
    fn ledger(space: SpaceId) -> Vec<LedgerRow>;
    /// Copies the database to a new file through SQLite's backup API.
    fn backup(to: &Path) -> ();
    /// Checks the whole file; says what is damaged. Takes seconds on large stores.
    fn check() -> Vec<String>;
}
