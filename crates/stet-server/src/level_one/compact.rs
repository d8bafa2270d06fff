//! Folding a document's small rows into few: a base of what every device has, and a range after it. What is folded is read
//! back and compared before it may replace anything. Never a write.

#[cfg(test)]
mod tests;

use stet_model::document::{Document, DocumentError, LibraryDocument, NoteDocument, Version, packed, plain_len};
use stet_model::id::PeerId;
use stet_protocol::limits::FOLDED_ROW_BYTES;
use stet_protocol::message::level2::Row;

use super::NoteKey;
use crate::database::{Fold, Read, hash_ops};

/// Rows of this age go into the base whoever has them, milliseconds.
const BASE_AGE_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// What of a document may be replaced. What can't be read stays as it is.
pub(super) fn folds(key: &NoteKey, peer: PeerId, database: &dyn Read, now: i64) -> Vec<Fold> {
    folds_up_to(FOLDED_ROW_BYTES, key, peer, (database, now))
}

fn folds_up_to(limit: u64, key: &NoteKey, peer: PeerId, (database, now): (&dyn Read, i64)) -> Vec<Fold> {
    let Ok(Some(stored)) = database.document(key.access(), key.note_id) else { return Vec::new() };
    if stored.purged {
        return Vec::new();
    }
    let receipts = database.receipts(key.access()).unwrap_or_default();
    let everybody_has = receipts.iter().map(|device| device.seq).min().unwrap_or(0);
    let in_base = |row: &&Row| row.seq <= everybody_has || row.timestamp < now - BASE_AGE_MS;
    let (base, range) = stored.rows.split_at(stored.rows.iter().take_while(in_base).count());
    let (raw, folded) = (empty(key, peer), empty(key, peer));
    let mut folder = Folder { key, limit, raw, folded, standing: Vec::new(), folds: Vec::new() };
    // Where one can't go on, what it has folded so far is good all the same.
    if let Err(Stuck) =
        groups(base, limit).into_iter().chain(groups(range, limit)).try_for_each(|rows| folder.fold(rows))
    {
        tracing::warn!(target: "database", note = %key.note_id, "some of a document's rows can't be folded");
    }
    folder.folds
}

/// Rows that make at most one large row together, in order: a row that is as large as rows get is left alone for good.
fn groups(mut rows: &[Row], limit: u64) -> Vec<&[Row]> {
    let mut groups = Vec::new();
    while !rows.is_empty() {
        let mut left = limit;
        let fits = |row: &&Row| {
            let bytes: usize = row.ops.iter().map(|op| plain_len(&op.0)).sum();
            let room = u64::try_from(bytes).ok().and_then(|bytes| left.checked_sub(bytes));
            left = room.unwrap_or(0);
            room.is_some()
        };
        let (group, others) = rows.split_at(rows.iter().take_while(fits).count().max(1));
        groups.push(group);
        rows = others;
    }
    groups
}

fn empty(key: &NoteKey, peer: PeerId) -> Document {
    if key.is_library() {
        Document::Library(LibraryDocument::new(peer))
    } else {
        Document::Note(NoteDocument::new(peer))
    }
}

/// Nothing of the document can be folded from here on: something in it waits for what isn't there.
struct Stuck;

struct Folder<'a> {
    key: &'a NoteKey,
    /// Bytes of a row before it is packed.
    limit: u64,
    /// Made of the rows as they are.
    raw: Document,
    /// Made of what is to be there instead.
    folded: Document,
    /// Where that stands.
    standing: Vec<u64>,
    folds: Vec<Fold>,
}

impl Folder<'_> {
    /// Folds these rows into one. One that can't be read stays where it is, between what is folded before and after it.
    fn fold(&mut self, mut rows: &[Row]) -> Result<(), Stuck> {
        loop {
            let from = self.raw.head();
            let good = take_in(&mut self.raw, rows)?;
            self.replace(&rows[..good], &from)?;
            let Some((unreadable, others)) = rows[good..].split_first() else { return Ok(()) };
            self.standing.push(unreadable.seq);
            rows = others;
        }
    }

    fn replace(&mut self, rows: &[Row], from: &Version) -> Result<(), Stuck> {
        if rows.len() > 1 {
            let ops = self.raw.export(from);
            let fits = u64::try_from(ops.len()).is_ok_and(|bytes| bytes <= self.limit);
            // Rows that bring nothing new leave nothing to put in their place.
            if fits && self.raw.head() != *from {
                let ops = packed(ops);
                let pending = self.folded.absorb(&[&ops]).map_err(|_| Stuck)?;
                if pending || !same(&self.raw, &self.folded) {
                    return Err(Stuck);
                }
                let NoteKey { user_id, space_id, note_id } = self.key.clone();
                let before = self.standing.clone();
                self.standing.extend(rows.last().map(|row| row.seq));
                let rows = rows.iter().map(|row| (row.seq, hash_ops(&row.ops))).collect();
                self.folds.push(Fold { user_id, space_id, note_id, before, rows, ops });
                return Ok(());
            }
        }
        self.standing.extend(rows.iter().map(|row| row.seq));
        take_in(&mut self.folded, rows).map(drop)
    }
}

/// Imports rows up to the first that can't be read, and says how many those are.
fn take_in(document: &mut Document, rows: &[Row]) -> Result<usize, Stuck> {
    if import(document, rows)? {
        return Ok(rows.len());
    }
    for (index, row) in rows.iter().enumerate() {
        if !import(document, std::slice::from_ref(row))? {
            return Ok(index);
        }
    }
    Ok(rows.len())
}

/// Whether these rows could be read.
fn import(document: &mut Document, rows: &[Row]) -> Result<bool, Stuck> {
    let parts: Vec<&[u8]> = rows.iter().flat_map(|row| row.ops.iter().map(|op| op.0.as_slice())).collect();
    match document.absorb(&parts) {
        Ok(true) => Err(Stuck),
        Ok(false) => Ok(true),
        Err(DocumentError::Lost) => Err(Stuck),
        Err(_) => Ok(false),
    }
}

fn same(one: &Document, other: &Document) -> bool {
    let content = match (one, other) {
        (Document::Note(one), Document::Note(other)) => {
            (one.title(), one.body(), one.fields(), one.merged())
                == (other.title(), other.body(), other.fields(), other.merged())
        }
        (Document::Library(one), Document::Library(other)) => one.folders() == other.folders(),
        _ => false,
    };
    content && one.head() == other.head()
}
