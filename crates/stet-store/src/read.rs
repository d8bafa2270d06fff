//! Everything that can be read, as values. No decisions.

use stet_model::digest::{ContentDigest, LogDigest};
use stet_model::id::{DeviceId, FolderId, NoteId, SpaceId};

use crate::write::{DeviceRow, DocKey, FolderFields, Held, RowFields};

/// A document as stored. Its content is the snapshot plus every imported update, in order of `n`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoredDocument {
    /// The last snapshot.
    pub snapshot: Option<Vec<u8>>,
    /// The log after it.
    pub updates: Vec<StoredUpdate>,
    /// The version of snapshot and imported updates together, opaque.
    pub head: Vec<u8>,
    /// What the server is known to hold, opaque.
    pub known: Vec<u8>,
    /// The last seq of this document that is stored here.
    pub last_seq: u64,
    /// Whether the head holds something the server hasn't confirmed.
    pub unsent: bool,
    /// The user asked to remove it for good.
    pub purge_asked: bool,
    /// It is gone for good.
    pub purged: bool,
    /// Why it can't go on.
    pub held: Option<Held>,
    /// Server time of the last change, epoch milliseconds; 0 for none.
    pub updated_at: i64,
    /// The time lists sort it by: local while unsent, the server's afterwards; epoch milliseconds.
    pub at: i64,
}

/// An entry of a document's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredUpdate {
    /// Its place in this device's log.
    pub n: i64,
    /// The operations, opaque.
    pub ops: Vec<u8>,
    /// The server's seq; absent for local edits.
    pub seq: Option<u64>,
    /// Whether it is part of `head`; a pending one is not.
    pub imported: bool,
    /// Server time, epoch milliseconds; 0 for local edits.
    pub timestamp: i64,
    /// Who sent it; absent for local edits and level-1 writers.
    pub device: Option<DeviceId>,
}

/// What must be known of a document to send it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsentDocument {
    /// The document.
    pub doc: DocKey,
    /// The last seq of it this device holds.
    pub last_seq: u64,
    /// A purge waits to be sent.
    pub purge_asked: bool,
    /// It can't go on; [`Boot::held`] says why.
    pub held: bool,
}

/// Which notes a list has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListView {
    /// Neither archived nor in the trash.
    All,
    /// Starred, neither archived nor in the trash.
    Starred,
    /// In no folder that exists, neither archived nor in the trash.
    Unfiled,
    /// Archived, not in the trash.
    Archived,
    /// In the trash.
    Trash,
    /// Unsent or held.
    Unsent,
    /// In this folder, neither archived nor in the trash.
    Folder(FolderId),
    /// With this tag, neither archived nor in the trash.
    Tag(String),
}

/// A question for a page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListQuery {
    /// The space.
    pub space: SpaceId,
    /// Which notes.
    pub view: ListView,
    /// Words to look for; empty for none.
    pub search: String,
    /// `next` of the page before.
    pub after: Option<String>,
    /// Rows wanted.
    pub limit: u32,
}

/// A page. Order: pinned first, then unsent by local time, then by server time, newest first; of two notes of the same
/// millisecond the one this store met later comes first. In a search: titles that match first, then the same order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListPage {
    /// The rows.
    pub rows: Vec<ListRow>,
    /// The key after the last row; `None` at the end.
    pub next: Option<String>,
    /// How many there are in all; a search counts at most 1,000.
    pub total: u32,
}

/// A note in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListRow {
    /// The note.
    pub note: NoteId,
    /// What the list shows. `folder` is `None` when that folder doesn't exist.
    pub fields: RowFields,
    /// Server time of the last change, or local time while unsent; epoch milliseconds.
    pub updated_at: i64,
    /// Whether the server hasn't confirmed something of it.
    pub unsent: bool,
    /// The last seq of it this device holds; 0 for none.
    pub last_seq: u64,
    /// Why it can't go on.
    pub held: Option<Held>,
    /// Local time of the first edit the server hasn't confirmed, epoch milliseconds.
    pub unsent_since: Option<i64>,
    /// It is about to be removed for good.
    pub leaving: bool,
}

/// Counts, folders and tags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SidebarRows {
    /// Notes in [`ListView::All`], `Starred`, `Unfiled`, `Archived`, `Trash` and `Unsent`, in this order.
    pub counts: [u32; 6],
    /// In display order, each with the number of notes directly in it.
    pub folders: Vec<(FolderFields, u32)>,
    /// By name, with the number of notes.
    pub tags: Vec<(String, u32)>,
}

/// Everything the engine asks once, when it starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Boot {
    /// Every named value.
    pub meta: std::collections::BTreeMap<String, String>,
    /// The cursor of every space.
    pub cursors: Vec<(SpaceId, crate::write::Cursor)>,
    /// Every document with something unsent or a purge asked for.
    pub unsent: Vec<UnsentDocument>,
    /// Every document that can't go on, with the reason.
    pub held: Vec<(DocKey, Held)>,
    /// Documents with rows not yet imported.
    pub pending: Vec<DocKey>,
    /// Notes whose search text is stale.
    pub unindexed: Vec<DocKey>,
    /// Documents whose history isn't the server's.
    pub apart: Vec<DocKey>,
    /// Documents whose content isn't part of the space's digest and that aren't about to be indexed.
    pub undigested: Vec<DocKey>,
    /// Other devices.
    pub devices: Vec<(SpaceId, DeviceRow)>,
    /// How many documents there are, tombstones not counted.
    pub documents: u64,
}

/// What a space holds, to be held against what the server and other devices say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The cursor.
    pub seq: u64,
    /// Where its documents stand in the server's log; `None` before that was ever compared.
    pub log: Option<LogDigest>,
    /// What its documents say together; `None` while a text waits to be indexed.
    pub content: Option<ContentDigest>,
    /// The last time the log was held against the server's.
    pub compared: Option<Compared>,
}

/// A log held against the server's at the end of a catch-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compared {
    /// Where both ended.
    pub seq: u64,
    /// Local time, epoch milliseconds.
    pub at: i64,
    /// Whether every document stood at the same place in both.
    pub same: bool,
}

/// A point of a note's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPoint {
    /// Its place among all points of this store; larger is later.
    pub id: i64,
    /// Frontiers, opaque.
    pub frontiers: Vec<u8>,
    /// Epoch milliseconds.
    pub at: i64,
    /// The device whose edits it ends.
    pub device: Option<DeviceId>,
}

/// What the log's digest is made of: every document of a space, tombstones and the library too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerRow {
    /// The document.
    pub note: NoteId,
    /// The last seq of it this device holds.
    pub last_seq: u64,
    /// It is gone for good, as far as the log goes.
    pub purged: bool,
}

/// What of a space waits: for the server, or for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Documents with something to send or a purge to confirm.
    pub unsent: Vec<UnsentDocument>,
    /// Documents that can't go on, with the reason.
    pub held: Vec<(DocKey, Held)>,
    /// How many documents there are, tombstones not counted.
    pub documents: u64,
}
