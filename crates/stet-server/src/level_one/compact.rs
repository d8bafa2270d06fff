//! Folding a document's small rows into one: a base of what every device has, and one range after it. What is folded is
//! read back and compared before it may replace anything. Never a write.

use stet_model::document::{Document, DocumentError, LibraryDocument, NoteDocument, Version};
use stet_model::id::PeerId;
use stet_protocol::limits::FOLDED_ROW_BYTES;
use stet_protocol::message::level2::Row;

use super::NoteKey;
use crate::database::{Fold, Read, hash_ops};

/// Rows of this age go into the base whoever has them, milliseconds.
const BASE_AGE_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// What of a document may be replaced. Nothing, when it can't be read: the rows stay as they are.
pub(super) fn folds(key: &NoteKey, peer: PeerId, database: &dyn Read, now: i64) -> Vec<Fold> {
    let Ok(Some(stored)) = database.document(key.access(), key.note_id) else { return Vec::new() };
    if stored.purged {
        return Vec::new();
    }
    let everybody_has = database
        .receipts(key.access())
        .ok()
        .and_then(|devices| {
            devices.iter().filter(|device| device.last_seen > now - BASE_AGE_MS).map(|device| device.seq).min()
        })
        .unwrap_or(0);
    let in_base = |row: &&Row| row.seq <= everybody_has || row.timestamp < now - BASE_AGE_MS;
    let base = stored.rows.iter().take_while(in_base).count();
    let mut folder = Folder { key, peer, before: Vec::new() };
    [&stored.rows[..base], &stored.rows[base..]].into_iter().filter_map(|rows| folder.fold(rows)).collect()
}

struct Folder<'a> {
    key: &'a NoteKey,
    peer: PeerId,
    /// The blobs of every row before the ones to fold.
    before: Vec<Vec<u8>>,
}

impl Folder<'_> {
    fn fold(&mut self, rows: &[Row]) -> Option<Fold> {
        let blobs: Vec<Vec<u8>> = rows.iter().flat_map(|row| row.ops.iter().map(|op| op.0.clone())).collect();
        let folded = if rows.len() > 1 { self.folded(&blobs) } else { None };
        self.before.extend(blobs);
        let NoteKey { user_id, space_id, note_id } = self.key.clone();
        let rows = rows.iter().map(|row| (row.seq, hash_ops(&row.ops))).collect();
        folded.map(|ops| Fold { user_id, space_id, note_id, rows, ops })
    }

    fn folded(&self, blobs: &[Vec<u8>]) -> Option<Vec<u8>> {
        let from = if self.before.is_empty() { Version::new() } else { self.load(&self.before).ok()?.head() };
        let all: Vec<Vec<u8>> = self.before.iter().chain(blobs).cloned().collect();
        let whole = self.load(&all).ok()?;
        let folded = whole.export(&from);
        let again: Vec<Vec<u8>> = self.before.iter().cloned().chain([folded.clone()]).collect();
        let same = self.load(&again).is_ok_and(|again| same(&whole, &again));
        let fits = u64::try_from(folded.len()).is_ok_and(|bytes| bytes <= FOLDED_ROW_BYTES);
        (same && fits && !folded.is_empty()).then_some(folded)
    }

    fn load(&self, blobs: &[Vec<u8>]) -> Result<Document, DocumentError> {
        let parts: Vec<&[u8]> = blobs.iter().map(Vec::as_slice).collect();
        if self.key.is_library() {
            LibraryDocument::load(&parts, self.peer).map(Document::Library)
        } else {
            NoteDocument::load(&parts, self.peer).map(Document::Note)
        }
    }
}

fn same(one: &Document, other: &Document) -> bool {
    let content = match (one, other) {
        (Document::Note(one), Document::Note(other)) => {
            (one.title(), one.body(), one.fields()) == (other.title(), other.body(), other.fields())
        }
        (Document::Library(one), Document::Library(other)) => one.folders() == other.folders(),
        _ => false,
    };
    content && one.head() == other.head()
}
