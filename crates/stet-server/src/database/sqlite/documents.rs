//! The table `documents`: where each document stands, tombstones for ever, and reading whole documents. Never what their
//! operations say.

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use stet_model::id::{DeviceId, NoteId};
use stet_model::mutant::{self, Mutant};
use stet_protocol::bytes::Bytes;
use stet_protocol::message::ErrorCode;
use stet_sync::server::Cursor;

use super::super::{Access, DocumentsPage, Fold, OpsHash, Part, ReadError, StoredDocument, Written, hash_ops};
use super::log::{self, Full, Page};
use super::spaces::{self, Space};
use super::{parts, unsigned};

/// Where a document stands.
pub(super) struct Document {
    pub(super) seq: u64,
    pub(super) purged: bool,
    tail: u64,
    created_at: i64,
    updated_at: i64,
}

pub(super) fn find(connection: &Connection, space: i64, note_id: NoteId) -> Result<Option<Document>, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT seq, purged, tail, created_at, updated_at FROM documents WHERE space = ?1 AND note_id = ?2",
        )?
        .query_row(params![space, note_id.as_bytes()], |row| {
            Ok(Document {
                seq: unsigned(row.get(0)?),
                purged: row.get(1)?,
                tail: unsigned(row.get(2)?),
                created_at: row.get(3)?,
                updated_at: row.get(4)?,
            })
        })
        .optional()
}

/// A row more for what was found: the document now stands at the space's last seq. Answers how many rows it has since it was
/// compacted.
pub(super) fn advance(
    transaction: &Transaction<'_>,
    space: &Space,
    (note_id, found): (NoteId, Option<&Document>),
    (purged, now): (bool, i64),
) -> Result<u64, rusqlite::Error> {
    // Two statements for what an upsert does in one: SQLite keeps a copy of every page for statements that may fail half-way.
    let sql = match found {
        None => {
            "INSERT INTO documents (space, note_id, seq, purged, rows, tail, created_at, updated_at) \
             VALUES (?1, ?2, ?3, ?4, 1, 1, ?5, ?5)"
        }
        Some(_) if purged => {
            "UPDATE documents SET seq = ?3, purged = ?4, updated_at = ?5, rows = 1, tail = 1 \
             WHERE space = ?1 AND note_id = ?2"
        }
        Some(_) => {
            "UPDATE documents SET seq = ?3, purged = ?4, updated_at = ?5, rows = rows + 1, tail = tail + 1 \
             WHERE space = ?1 AND note_id = ?2"
        }
    };
    transaction.prepare_cached(sql)?.execute(params![
        space.number,
        note_id.as_bytes(),
        space.seq.cast_signed(),
        purged,
        now
    ])?;
    Ok(found.filter(|_| !purged).map_or(1, |document| document.tail + 1))
}

/// Takes a document's rows out of the log and everything kept beside them. Answers how many rows there were.
pub(super) fn remove(transaction: &Transaction<'_>, space: i64, note_id: NoteId) -> Result<u64, rusqlite::Error> {
    let (first, last) = log::places(space);
    let rows = transaction
        .prepare_cached("DELETE FROM log WHERE note_id = ?1 AND place BETWEEN ?2 AND ?3")?
        .execute(params![note_id.as_bytes(), first, last])?;
    for table in ["answers", "seen", "parts"] {
        transaction
            .prepare_cached(&format!("DELETE FROM {table} WHERE space = ?1 AND note_id = ?2"))?
            .execute(params![space, note_id.as_bytes()])?;
    }
    Ok(u64::try_from(rows).unwrap_or(u64::MAX))
}

/// The library and the newest notes, and how many rows they have. Nothing when nothing is asked for.
pub(super) fn newest(
    connection: &Connection,
    space: &Space,
    library: NoteId,
    count: u32,
) -> Result<(Vec<NoteId>, u64), rusqlite::Error> {
    if count == 0 {
        return Ok((Vec::new(), 0));
    }
    let mut note_ids = Vec::new();
    let mut rows = 0;
    let mut rows_of =
        connection.prepare_cached("SELECT rows FROM documents WHERE space = ?1 AND note_id = ?2 AND purged = 0")?;
    let mut add = |note_id: NoteId| {
        let found = rows_of.query_row(params![space.number, note_id.as_bytes()], |row| row.get(0).map(unsigned));
        if let Some(found) = found.optional()? {
            note_ids.push(note_id);
            rows += found;
        }
        Ok::<_, rusqlite::Error>(())
    };
    add(library)?;
    for note_id in log::latest(connection, space.number, (library, count))? {
        add(note_id)?;
    }
    Ok((note_ids, rows))
}

/// The rows of these documents from a place on, as many as fit.
pub(super) fn page(
    connection: &Connection,
    access: Access<'_>,
    note_ids: &[NoteId],
    (from, max_bytes): (Cursor, usize),
) -> Result<DocumentsPage, ReadError> {
    let space = spaces::readable(connection, access)?;
    let head = spaces::head(connection, &space)?;
    let mut page = Page::new(max_bytes);
    let mut after = from.after;
    for (index, note_id) in note_ids.iter().enumerate().skip(from.index) {
        if let Full::Yes = rows_of(connection, &space, (*note_id, after), &mut page)? {
            let after = page.rows.last().filter(|row| row.note_id == *note_id).map_or(after, |row| row.seq);
            return Ok(DocumentsPage { rows: page.rows, next: Some(Cursor { index, after }), head });
        }
        after = 0;
    }
    Ok(DocumentsPage { rows: page.rows, next: None, head })
}

fn rows_of(
    connection: &Connection,
    space: &Space,
    (note_id, after): (NoteId, u64),
    page: &mut Page,
) -> Result<Full, ReadError> {
    let mut statement = connection.prepare_cached(
        "SELECT place, note_id, ops, purged, timestamp, device_id FROM log \
         WHERE note_id = ?1 AND place > ?2 AND place <= ?3 ORDER BY place",
    )?;
    let last = log::places(space.number).1;
    let mut found = statement.query(params![note_id.as_bytes(), log::place(space.number, after), last])?;
    while let Some(row) = found.next()? {
        if let Full::Yes = page.add(row)? {
            return Ok(Full::Yes);
        }
    }
    Ok(Full::No)
}

/// A document with all its rows.
pub(super) fn whole(
    connection: &Connection,
    access: Access<'_>,
    note_id: NoteId,
) -> Result<Option<StoredDocument>, ReadError> {
    let space = spaces::readable(connection, access)?;
    let Some(document) = find(connection, space.number, note_id)? else { return Ok(None) };
    let mut page = Page::new(usize::MAX);
    rows_of(connection, &space, (note_id, 0), &mut page)?;
    let Document { seq, purged, created_at, updated_at, .. } = document;
    Ok(Some(StoredDocument { seq, purged, created_at, updated_at, rows: page.rows }))
}

/// Replaces rows by one at the last one's place, if all of them are still what they were. Whoever asks for rows gets the same
/// operations, and every part's time and device is kept.
pub(super) fn fold(transaction: &Transaction<'_>, fold: &Fold) -> Result<Written, rusqlite::Error> {
    let access = Access { user_id: &fold.user_id, space_id: fold.space_id };
    let Some(mut space) = spaces::with_right(transaction, access)? else {
        return Ok(Written::Refused(ErrorCode::NotFound));
    };
    let (Some((first, _)), Some((last, _))) = (fold.rows.first(), fold.rows.last()) else { return Ok(Written::Noted) };
    let (document, note_id) = ((space.number, fold.note_id), fold.note_id.as_bytes());
    let (first, target) = (log::place(space.number, *first), log::place(space.number, *last));
    let found = stretch(transaction, document, (first, target))?;
    let unchanged = found.iter().map(|row| (row.part.seq, row.hash)).eq(fold.rows.iter().copied())
        && before(transaction, document, first)? == fold.before;
    if !unchanged && !mutant::is(Mutant::FoldIgnoresChange) {
        return Ok(Written::Refused(ErrorCode::Changed));
    }
    let raw: Vec<Part> = found.iter().filter(|row| !row.folded).map(|row| row.part).collect();
    parts::keep(transaction, document, &raw)?;
    let ops = log::pack(&[Bytes(fold.ops.clone())]);
    let stands = if mutant::is(Mutant::FoldStandsFirst) { first } else { target };
    transaction.prepare_cached("UPDATE log SET ops = ?2 WHERE place = ?1")?.execute(params![stands, ops])?;
    if unchanged {
        // Read back before anything is removed: without it the transaction fails, and the rows stay.
        transaction
            .prepare_cached("SELECT 1 FROM log WHERE place = ?1 AND ops = ?2")?
            .query_row(params![stands, ops], |_| Ok(()))?;
    }
    let gone = transaction
        .prepare_cached("DELETE FROM log WHERE note_id = ?1 AND place BETWEEN ?2 AND ?3 AND place <> ?4")?
        .execute(params![note_id, first, target, stands])?;
    space.rows -= u64::try_from(gone).unwrap_or(u64::MAX);
    spaces::advance(transaction, &space)?;
    transaction
        .prepare_cached(
            "UPDATE documents SET rows = rows - ?3, tail = (SELECT count(*) FROM log WHERE note_id = ?2 \
             AND place > ?4 AND place <= ?5) WHERE space = ?1 AND note_id = ?2",
        )?
        .execute(params![space.number, note_id, gone, target, log::places(space.number).1])?;
    Ok(Written::Noted)
}

/// The seqs of a document's rows before a place.
fn before(connection: &Connection, (space, note_id): (i64, NoteId), place: i64) -> Result<Vec<u64>, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT place FROM log WHERE note_id = ?1 AND place >= ?2 AND place < ?3 AND purged = 0 ORDER BY place",
        )?
        .query_map(params![note_id.as_bytes(), log::places(space).0, place], |row| row.get(0).map(log::seq_of))?
        .collect()
}

/// A row that is to be folded.
struct Standing {
    part: Part,
    hash: OpsHash,
    folded: bool,
}

/// The rows of a document from one place to another.
fn stretch(
    connection: &Connection,
    (space, note_id): (i64, NoteId),
    (first, last): (i64, i64),
) -> Result<Vec<Standing>, rusqlite::Error> {
    let mut statement = connection.prepare_cached(
        "SELECT place, ops, timestamp, device_id FROM log \
         WHERE note_id = ?1 AND place BETWEEN ?2 AND ?3 AND purged = 0 ORDER BY place",
    )?;
    let mut rows = statement.query(params![note_id.as_bytes(), first, last])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let seq = log::seq_of(row.get(0)?);
        let hash = hash_ops(&log::unpack(row.get_ref(1)?.as_bytes().unwrap_or_default()));
        let device_id = row.get::<_, Option<[u8; 16]>>(3)?.map(DeviceId::from_bytes);
        let part = Part { seq, timestamp: row.get(2)?, device_id };
        found.push(Standing { part, hash, folded: parts::has(connection, (space, note_id), seq)? });
    }
    Ok(found)
}
