//! Everything that can be written, as values: a caller says what, one transaction does it. No decisions.

use std::borrow::Cow;

use stet_model::digest::LogDigest;
pub use stet_model::id::DocKey;
use stet_model::id::{DeviceId, FolderId, Lineage, NoteId, SpaceId};

/// One change to the store. A `Vec<Write>` is one transaction: all of it or nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// A local edit: the delta is appended to the document's log and the head moves.
    Local {
        /// The document; made when it isn't there.
        doc: DocKey,
        /// The delta, opaque.
        delta: Vec<u8>,
        /// The version after it, opaque.
        head: Vec<u8>,
        /// Whether the head holds something the server hasn't confirmed (always, unless local only).
        unsent: bool,
        /// The note's row; absent for the library, and where [`Write::Row`] follows.
        row: Option<RowFields>,
        /// Local time, epoch milliseconds: sorts unsent notes.
        at: i64,
    },
    /// The note's row, a moment after an edit that brought none. Until then, and after a crash before that, the row is the
    /// one before; the note is marked as one whose text isn't indexed. Nothing if the stored head is another one.
    Row {
        /// The note.
        doc: DocKey,
        /// The version the row is of.
        head: Vec<u8>,
        /// Its row.
        row: RowFields,
    },
    /// Rows of the server's log, raw, before any is imported, together with the cursor. A row whose (doc, seq) is
    /// already stored is skipped. The documents become *pending*.
    Remote {
        /// The space.
        space: SpaceId,
        /// The rows, in order.
        rows: Vec<RemoteRow>,
        /// Where the log was read up to; absent for rows sent ahead or fetched by name.
        cursor: Option<Cursor>,
    },
    /// Pending rows of a document up to `seq` went into it.
    Imported {
        /// The document.
        doc: DocKey,
        /// The last seq imported.
        seq: u64,
        /// The version of the document now.
        head: Vec<u8>,
        /// What the server is known to hold.
        known: Vec<u8>,
        /// Whether the head holds something the server hasn't confirmed.
        unsent: bool,
        /// The note's row; absent for the library.
        row: Option<RowFields>,
        /// Server time of the last row, epoch milliseconds.
        updated_at: i64,
    },
    /// The server confirmed an update.
    Acked {
        /// The document.
        doc: DocKey,
        /// What the server is known to hold now.
        known: Vec<u8>,
        /// The seq it got; raises the document's last seq.
        seq: u64,
        /// Whether something newer is still unsent.
        unsent: bool,
        /// Server time of the commit, epoch milliseconds.
        updated_at: i64,
        /// The space's cursor, when this ack was next in line.
        cursor: Option<Cursor>,
    },
    /// Moves the cursor alone (the end of a catch-up).
    Cursor {
        /// The space.
        space: SpaceId,
        /// Where the log was read up to.
        cursor: Cursor,
    },
    /// Holds what is here against the server's digest at the end of a catch-up.
    Compare {
        /// The space.
        space: SpaceId,
        /// Where the log ends.
        seq: u64,
        /// The server's digest there.
        digest: LogDigest,
        /// Where the server's log ends now, as far as it has said. What stands beyond that is of another log.
        end: u64,
        /// Local time, epoch milliseconds.
        at: i64,
    },
    /// Replaces the document's log up to `through` (an `n` of [`crate::StoredUpdate`]) by one snapshot.
    Snapshot {
        /// The document.
        doc: DocKey,
        /// The snapshot, opaque.
        bytes: Vec<u8>,
        /// The last log entry it covers.
        through: i64,
    },
    /// The document was made anew: this snapshot is all of it, in place of what was part of it before and of the points
    /// of that history.
    Replaced {
        /// The document.
        doc: DocKey,
        /// The snapshot, opaque.
        bytes: Vec<u8>,
    },
    /// Whether the document's history isn't the server's, so that the two can't simply be put together: it came through
    /// level 1, which knows no history.
    Apart {
        /// The document; made when it isn't there.
        doc: DocKey,
        /// It is its own.
        apart: bool,
    },
    /// Sets a document aside, or lets it go on.
    Held {
        /// The document.
        doc: DocKey,
        /// Why; `None` lets it go on.
        held: Option<Held>,
    },
    /// The document is gone for good. Its text goes, a tombstone stays. Pending rows are dropped.
    Purged {
        /// The document.
        doc: DocKey,
        /// The tombstone's seq on the server; 0 while the purge is only asked for (see `PurgeAsked`).
        seq: u64,
        /// The space's cursor, when it moves with it.
        cursor: Option<Cursor>,
    },
    /// The document is gone for good elsewhere, and what is here of it is kept until people decide. In the log's digest it
    /// counts as gone. Of a document that isn't here only the tombstone stays.
    Removed {
        /// The document.
        doc: DocKey,
        /// The tombstone's seq on the server.
        seq: u64,
        /// Why it is kept.
        held: Held,
    },
    /// The user asked to remove the note for good; kept until the server confirmed it.
    PurgeAsked {
        /// The note.
        doc: DocKey,
        /// `false` takes it back (the note changed elsewhere meanwhile).
        asked: bool,
    },
    /// Text for the search index; clears the document's mark. Nothing if the stored head is another one: that text is on
    /// its way or will be asked for.
    Index {
        /// The note.
        doc: DocKey,
        /// The version the text was taken at.
        head: Vec<u8>,
        /// The title.
        title: String,
        /// The body.
        body: String,
        /// The digest of what the note says, fields too.
        content: u128,
    },
    /// The folder rows of a space, all of them, for lists and counts.
    Folders {
        /// The space.
        space: SpaceId,
        /// In display order, parents first.
        folders: Vec<FolderFields>,
        /// The digest of what the library says.
        content: u128,
    },
    /// A point of a note's history.
    Point {
        /// The note.
        doc: DocKey,
        /// Frontiers, opaque.
        frontiers: Vec<u8>,
        /// Epoch milliseconds.
        at: i64,
        /// The device whose edits it ends.
        device: Option<DeviceId>,
    },
    /// How far another device is.
    Device {
        /// The space.
        space: SpaceId,
        /// The device's state; replaces the former one.
        device: DeviceRow,
    },
    /// A named value; `None` removes it.
    Meta {
        /// The name.
        key: Cow<'static, str>,
        /// The value, text or JSON.
        value: Option<String>,
    },
    /// Moves every document of one space to another: the local store moves into an account.
    MoveSpace {
        /// The space that was local only.
        from: SpaceId,
        /// The account's personal space. The library's document id changes with it.
        to: SpaceId,
    },
    /// The log this space followed is no more: nothing of it is known to be anywhere else, so that everything is unsent.
    /// Tombstones, reasons to hold documents back, and rows that couldn't be imported go.
    ForgetLog {
        /// The space.
        space: SpaceId,
    },
    /// Everything in the space goes, without tombstones.
    EmptySpace {
        /// The space.
        space: SpaceId,
    },
}

/// Whether a transaction only brings search text, and rows beside it: such ones come once no others wait.
#[must_use]
pub fn only_indexes(writes: &[Write]) -> bool {
    writes.iter().any(|write| matches!(write, Write::Index { .. }))
        && writes.iter().all(|write| matches!(write, Write::Index { .. } | Write::Row { .. }))
}

/// Whether documents have another name after a transaction: what came before must be written before.
#[must_use]
pub fn renames(writes: &[Write]) -> bool {
    writes.iter().any(|write| matches!(write, Write::MoveSpace { .. }))
}

impl Write {
    /// Whether nobody waits for it: without it, the same comes again out of what is on disk or from the server.
    pub(crate) const fn can_wait(&self) -> bool {
        matches!(
            self,
            Self::Row { .. }
                | Self::Imported { .. }
                | Self::Acked { .. }
                | Self::Cursor { .. }
                | Self::Compare { .. }
                | Self::Snapshot { .. }
                | Self::Index { .. }
                | Self::Device { .. }
        )
    }

    /// About how many bytes of memory and disk it takes, for the bounds of queues.
    pub(crate) fn weight(&self) -> usize {
        const ROW: usize = 512;
        ROW + match self {
            Self::Local { delta, head, .. } => delta.len() + head.len(),
            Self::Remote { rows, .. } => rows.iter().flat_map(|row| &row.ops).map(|ops| ROW + ops.len()).sum(),
            Self::Row { head, .. } => head.len(),
            Self::Imported { head, known, .. } => head.len() + known.len(),
            Self::Acked { known, .. } => known.len(),
            Self::Snapshot { bytes, .. } | Self::Replaced { bytes, .. } => bytes.len(),
            Self::Index { head, title, body, .. } => head.len() + title.len() + body.len(),
            Self::Folders { folders, .. } => folders.len() * ROW,
            Self::Point { frontiers, .. } => frontiers.len(),
            Self::Meta { value, .. } => value.as_ref().map_or(0, String::len),
            Self::Cursor { .. }
            | Self::Compare { .. }
            | Self::Apart { .. }
            | Self::Held { .. }
            | Self::Purged { .. }
            | Self::Removed { .. }
            | Self::PurgeAsked { .. }
            | Self::Device { .. }
            | Self::MoveSpace { .. }
            | Self::ForgetLog { .. }
            | Self::EmptySpace { .. } => 0,
        }
    }
}

/// A raw row of the server's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteRow {
    /// The document.
    pub note: NoteId,
    /// Place in the log.
    pub seq: u64,
    /// The updates, opaque, each one stored entry.
    pub ops: Vec<Vec<u8>>,
    /// Server time, epoch milliseconds.
    pub timestamp: i64,
    /// Who sent it.
    pub device: Option<DeviceId>,
}

/// A place in a space's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Every row up to here is stored.
    pub seq: u64,
    /// The lineage `seq` belongs to.
    pub lineage: Lineage,
}

/// Why a document can't go on.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Held {
    /// `push` (it can't be sent) or `import` (a row can't be read).
    pub at: HeldAt,
    /// The protocol's code, in words.
    pub code: String,
    /// For people; empty while nobody is to be told.
    pub message: String,
}

/// Which way a document is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HeldAt {
    /// It can't be sent.
    Push,
    /// A row of it can't be read.
    Import,
}

/// What a list shows of a note.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowFields {
    /// One line.
    pub title: String,
    /// The first words of the body.
    pub preview: String,
    /// As the note says, whether or not the folder exists.
    pub folder: Option<FolderId>,
    /// Starred.
    pub starred: bool,
    /// Kept at the top.
    pub pinned: bool,
    /// Put away.
    pub archived: bool,
    /// Hidden (level 1's flag).
    pub hidden: bool,
    /// In the trash, as derived.
    pub trashed: bool,
    /// How many marks it has on passages that two sides changed.
    pub merged: u32,
    /// Sorted.
    pub tags: Vec<String>,
    /// Epoch milliseconds.
    pub created_at: i64,
    /// UTF-8 bytes of title and body.
    pub bytes: u64,
}

/// A folder row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderFields {
    /// The folder.
    pub id: FolderId,
    /// Its name.
    pub name: String,
    /// Its colour.
    pub color: Option<String>,
    /// The folder it is in.
    pub parent: Option<FolderId>,
    /// 0 at the top.
    pub depth: u32,
}

/// How far another device is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceRow {
    /// The device.
    pub id: DeviceId,
    /// What people call it.
    pub name: String,
    /// Everything up to here is on its disk.
    pub seq: u64,
    /// How many documents it had still to send.
    pub unsent: u64,
    /// Server time, epoch milliseconds.
    pub last_seen: i64,
}
