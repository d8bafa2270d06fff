//! A document in memory: its versions in memory, on the way to the disk, on the disk, and on the server.

use std::cell::RefCell;

use stet_model::document::{Document, DocumentError, Version};
use stet_model::id::DeviceId;
use stet_model::note::preview;
use stet_store::{Held, RowFields, StoredDocument, StoredUpdate};

use super::after::After;

/// Characters of a body shown in lists.
const PREVIEW_CHARS: usize = 160;

/// A document in memory.
pub(in crate::engine) struct Live {
    pub(in crate::engine) document: Document,
    /// What this disk holds for certain.
    pub(in crate::engine) on_disk: Version,
    /// What it will hold when every write under way is through.
    pub(in crate::engine) queued: Version,
    /// What the server is known to hold.
    pub(in crate::engine) known: Version,
    /// The last seq of the document here.
    pub(in crate::engine) last_seq: u64,
    /// Whether a server may hold something of it, confirmed or not: what was sent before a crash is not remembered.
    pub(in crate::engine) may_be_sent: bool,
    /// A local write is under way; the next one waits for it.
    pub(in crate::engine) writing: bool,
    /// Writes of any kind under way: such a document stays in memory.
    pub(in crate::engine) outstanding: u32,
    pub(in crate::engine) held: Option<Held>,
    pub(in crate::engine) purge_asked: bool,
    /// It was made anew from the server's document and isn't on disk as such.
    pub(in crate::engine) adopting: bool,
    /// Server time of the last change, epoch milliseconds.
    pub(in crate::engine) updated_at: i64,
    /// Local time of the last local edit, epoch milliseconds.
    pub(in crate::engine) local_at: i64,
    /// When an edit or an import last moved it in this process, epoch milliseconds.
    pub(in crate::engine) moved_at: Option<i64>,
    /// Entries of the stored log since the last snapshot.
    pub(in crate::engine) log_entries: usize,
    /// The disk refused the import of the rows up to this seq, which brought this: here they are part of the document, and
    /// on disk still wait to be.
    pub(in crate::engine) import_owed: Option<(u64, Version)>,
    /// Rows on disk that aren't part of the document yet.
    pub(in crate::engine) pending: Vec<PendingRow>,
    /// Whether this process has put its peer's device into the document.
    pub(in crate::engine) signed: bool,
    /// Its row in lists isn't on its way to the disk although its text is.
    pub(in crate::engine) row_owed: bool,
    /// Lists are to be read again with that row.
    pub(in crate::engine) lists_owed: bool,
    /// What follows the next local write.
    pub(in crate::engine) waiting: Vec<After>,
    /// When it was used last, monotonic milliseconds.
    pub(in crate::engine) used_at: u64,
    /// Open editors.
    pub(in crate::engine) editors: u32,
    /// What lists show of it, and the version that is of: told far more often than it changes.
    shown: RefCell<Option<(Version, RowFields)>>,
}

/// A raw row waiting to be imported.
#[derive(Clone, Debug)]
pub(in crate::engine) struct PendingRow {
    pub(in crate::engine) seq: u64,
    pub(in crate::engine) ops: Vec<Vec<u8>>,
    pub(in crate::engine) timestamp: i64,
    pub(in crate::engine) device: Option<DeviceId>,
    /// It came live, in this process.
    pub(in crate::engine) live: bool,
    /// The transaction it is on its way to the disk with, by its number among those; none once it is there.
    pub(in crate::engine) on_its_way: Option<u64>,
}

impl Live {
    pub(in crate::engine) fn new(document: Document, now: u64) -> Self {
        Self {
            document,
            on_disk: Version::default(),
            queued: Version::default(),
            known: Version::default(),
            last_seq: 0,
            may_be_sent: false,
            writing: false,
            outstanding: 0,
            held: None,
            purge_asked: false,
            adopting: false,
            updated_at: 0,
            local_at: 0,
            moved_at: None,
            log_entries: 0,
            import_owed: None,
            pending: Vec::new(),
            signed: false,
            // A new note is listed with its first words.
            row_owed: true,
            lists_owed: false,
            waiting: Vec::new(),
            used_at: now,
            editors: 0,
            shown: RefCell::default(),
        }
    }

    /// What the store had. The versions come from the document itself: a stored head may claim more than the log holds
    /// after a failed write.
    pub(in crate::engine) fn from_stored(document: Document, stored: StoredDocument, now: u64) -> Self {
        let head = document.head();
        let known = Version::decode(&stored.known).unwrap_or_default();
        let log_entries = stored.updates.len();
        let pending = stored.updates.into_iter().filter(|update| !update.imported);
        Self {
            on_disk: head.clone(),
            queued: head,
            known,
            last_seq: stored.last_seq,
            may_be_sent: true,
            held: stored.held,
            purge_asked: stored.purge_asked,
            updated_at: stored.updated_at,
            local_at: stored.at,
            log_entries,
            row_owed: false,
            pending: pending.fold(Vec::new(), join_row),
            ..Self::new(document, now)
        }
    }

    /// Whether something in memory isn't on its way to the disk.
    pub(in crate::engine) fn is_dirty(&self) -> bool {
        !self.queued.includes(&self.document.head())
    }

    /// Whether everything is on disk.
    pub(in crate::engine) fn is_saved(&self) -> bool {
        !self.writing && self.on_disk.includes(&self.document.head())
    }

    /// Whether something isn't confirmed by the server.
    pub(in crate::engine) fn is_unsent(&self) -> bool {
        !self.known.includes(&self.document.head())
    }

    /// Whether that is to be sent; what is to be removed for good isn't.
    pub(in crate::engine) fn is_to_be_sent(&self) -> bool {
        self.is_unsent() && !self.purge_asked
    }

    /// It is made anew from the server's: even at the same version, nothing of what was seen in the former one counts.
    pub(in crate::engine) fn replace(&mut self, document: Document) {
        self.document = document;
        self.shown = RefCell::default();
    }

    /// What lists show of the note; nothing for a library.
    pub(in crate::engine) fn row(&self) -> Option<RowFields> {
        let Document::Note(note) = &self.document else {
            return None;
        };
        let head = note.head();
        let mut shown = self.shown.borrow_mut();
        if let Some((_, row)) = shown.as_ref().filter(|(of, _)| *of == head) {
            return Some(row.clone());
        }
        let (title, body, fields) = (note.title(), note.body(), note.fields());
        let row = RowFields {
            preview: preview(&body, PREVIEW_CHARS),
            folder: fields.folder,
            starred: fields.starred,
            pinned: fields.pinned,
            archived: fields.archived,
            hidden: fields.hidden,
            trashed: fields.trashed,
            merged: note.merged().len() as u32,
            tags: fields.tags,
            created_at: fields.created_at,
            bytes: (title.len() + body.len()) as u64,
            title,
        };
        *shown = Some((head, row.clone()));
        Some(row)
    }

    /// When the note was changed last, as lists show it.
    pub(in crate::engine) fn changed_at(&self) -> i64 {
        if self.is_unsent() || self.updated_at == 0 { self.local_at } else { self.updated_at }
    }
}

/// Puts the entries of one row together again.
fn join_row(mut rows: Vec<PendingRow>, update: StoredUpdate) -> Vec<PendingRow> {
    let seq = update.seq.unwrap_or_default();
    match rows.last_mut().filter(|row| row.seq == seq) {
        Some(row) => row.ops.push(update.ops),
        None => rows.push(PendingRow {
            seq,
            ops: vec![update.ops],
            timestamp: update.timestamp,
            device: update.device,
            live: false,
            on_its_way: None,
        }),
    }
    rows
}

/// Reads a stored document; `load` is told whether rows that were never read are among the parts.
///
/// What people write may be on disk although the import it builds on was refused: then the rows that wait are read, too,
/// unless they are to be left alone.
///
/// # Errors
/// Why it can't be read.
pub(in crate::engine) fn read_stored<D>(
    stored: &StoredDocument,
    left_alone: bool,
    mut load: impl FnMut(&[&[u8]], bool) -> Result<D, DocumentError>,
) -> Result<D, DocumentError> {
    let parts = |all: bool| {
        let updates = stored.updates.iter().filter(move |update| update.imported || all);
        let parts = stored.snapshot.as_deref().into_iter().chain(updates.map(|update| update.ops.as_slice()));
        parts.collect::<Vec<_>>()
    };
    match load(&parts(false), false) {
        Err(DocumentError::Pending) if !left_alone => load(&parts(true), true),
        read => read,
    }
}
