//! The table `log`: appending rows and reading stretches of it. What a document is, is in `documents`.

use std::collections::BTreeSet;

use rusqlite::{Connection, Row as SqlRow, Transaction, params};
use stet_model::id::{DeviceId, Lineage, NoteId};
use stet_model::mutant::{self, Mutant};
use stet_protocol::bytes::Bytes;
use stet_protocol::message::ErrorCode;
use stet_protocol::message::level2::Row;
use stet_sync::server::Change;

use super::super::{Access, Begun, LogPage, NewRow, ReadError, Written};
use super::answers::Last;
use super::documents::{self, Document};
use super::spaces::{self, Space};
use super::{Life, answers, seen, unsigned};

/// The seq's share of a place: 2^40 rows a space, 2^23 spaces.
const SEQ_BITS: u32 = 40;
/// Rows looked through for the newest notes.
const LATEST_OF: u32 = 50_000;
/// What a row weighs beside its operations, bytes.
const ROW_BYTES: usize = 96;

/// Where a row of a space stands in the table.
pub(super) fn place(space: i64, seq: u64) -> i64 {
    (space << SEQ_BITS) | (seq.cast_signed() & ((1 << SEQ_BITS) - 1))
}

pub(super) fn seq_of(place: i64) -> u64 {
    unsigned(place & ((1 << SEQ_BITS) - 1))
}

pub(super) const fn space_of(place: i64) -> i64 {
    place >> SEQ_BITS
}

/// Every place of a space lies between these.
pub(super) fn places(space: i64) -> (i64, i64) {
    (place(space, 0), place(space + 1, 0) - 1)
}

/// Gives a row the next place in its space's log.
pub(super) fn append(
    transaction: &Transaction<'_>,
    row: &NewRow,
    now: i64,
    life: &mut Life<'_>,
) -> Result<Written, rusqlite::Error> {
    let access = Access { user_id: &row.user_id, space_id: row.space_id };
    let Some(mut space) = spaces::with_right(transaction, access)? else {
        return Ok(Written::Refused(ErrorCode::NotFound));
    };
    let request = row.request.as_ref().map(|(device_id, id)| answers::Request {
        space: space.number,
        note_id: row.note_id,
        device_id: *device_id,
        id,
    });
    let last = request.map(|request| answers::find(transaction, request, &row.change)).transpose()?;
    match last {
        Some(Last::Same { seq, timestamp }) => return Ok(Written::Repeated { seq, timestamp }),
        Some(Last::Misused) => return Ok(Written::Refused(ErrorCode::Malformed)),
        Some(Last::Other | Last::None) | None => {}
    }
    let document = documents::find(transaction, space.number, row.note_id)?;
    if let Err(code) = check(row, document.as_ref()) {
        return Ok(Written::Refused(code));
    }
    spaces::new_life(transaction, space.number, space.seq, life)?;
    space.seq += 1;
    let purge = row.change == Change::Purge;
    if purge {
        space.rows -= documents::remove(transaction, space.number, row.note_id)?;
    }
    insert(transaction, &space, row, now)?;
    space.rows += 1;
    if let Some(document) = &document {
        space.digest.remove(row.note_id, document.seq, document.purged);
    }
    space.digest.add(row.note_id, space.seq, purge);
    let rows = documents::advance(transaction, &space, (row.note_id, document.as_ref()), (purge, now))?;
    spaces::advance(transaction, &space)?;
    if let (Some(request), Some(last)) = (request, last) {
        // A purge has taken every answer of the note away.
        let last = if purge { Last::None } else { last };
        answers::keep(transaction, (request, last), &row.change, (space.seq, now))?;
    }
    if !row.seen.is_empty() {
        seen::add(transaction, access, row.note_id, &row.seen, now)?;
    }
    Ok(Written::Stored { seq: space.seq, first: document.is_none(), rows })
}

/// Whether a row may follow what the document's log holds.
fn check(row: &NewRow, document: Option<&Document>) -> Result<(), ErrorCode> {
    let purge = row.change == Change::Purge;
    if purge && row.note_id == row.space_id.library() {
        return Err(ErrorCode::Forbidden);
    }
    match document {
        Some(document) if document.purged => Err(ErrorCode::Deleted),
        Some(document) if row.after > document.seq => Err(ErrorCode::UnknownBase),
        Some(document) if purge && row.after < document.seq && !mutant::is(Mutant::PurgeIgnoresNewer) => {
            Err(ErrorCode::Changed)
        }
        None if row.after > 0 => Err(ErrorCode::UnknownBase),
        _ => Ok(()),
    }
}

fn insert(transaction: &Transaction<'_>, space: &Space, row: &NewRow, now: i64) -> Result<(), rusqlite::Error> {
    let (ops, purged) = match &row.change {
        Change::Update(ops) => (pack(ops), false),
        Change::Purge => (Vec::new(), true),
    };
    let device_id = row.request.as_ref().map(|(device_id, _)| device_id.as_bytes());
    transaction
        .prepare_cached(
            "INSERT INTO log (place, note_id, ops, purged, timestamp, device_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![place(space.number, space.seq), row.note_id.as_bytes(), ops, purged, now, device_id])
        .map(drop)
}

/// Checks a cursor and counts what follows it.
pub(super) fn begin(
    connection: &Connection,
    access: Access<'_>,
    cursor: (u64, Option<Lineage>),
    newest: u32,
) -> Result<Begun, ReadError> {
    let space = spaces::readable(connection, access)?;
    spaces::check_cursor(connection, &space, cursor)?;
    let rows = match cursor.0 {
        0 => space.rows,
        since => connection
            .prepare_cached("SELECT count(*) FROM log WHERE place > ?1 AND place <= ?2")?
            .query_row([place(space.number, since), places(space.number).1], |row| row.get(0).map(unsigned))?,
    };
    let (early, early_rows) = documents::newest(connection, &space, access.space_id.library(), newest)?;
    Ok(Begun { rows, early, early_rows })
}

/// The notes of the last rows, the latest first. Fewer where many rows are of few notes: the others come with the log.
pub(super) fn latest(
    connection: &Connection,
    space: i64,
    (library, count): (NoteId, u32),
) -> Result<Vec<NoteId>, rusqlite::Error> {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let mut statement = connection
        .prepare_cached("SELECT note_id FROM log WHERE place BETWEEN ?1 AND ?2 AND purged = 0 ORDER BY place DESC")?;
    let (first, last) = places(space);
    let mut rows = statement.query([first, last])?;
    let (mut found, mut latest) = (BTreeSet::from([library]), Vec::new());
    let mut looked_at = 0;
    while latest.len() < count
        && looked_at < LATEST_OF
        && let Some(row) = rows.next()?
    {
        looked_at += 1;
        let note_id = NoteId::from_bytes(row.get(0)?);
        if found.insert(note_id) {
            latest.push(note_id);
        }
    }
    Ok(latest)
}

/// The rows after a seq, as many as fit.
pub(super) fn page(
    connection: &Connection,
    access: Access<'_>,
    since: u64,
    max_bytes: usize,
) -> Result<LogPage, ReadError> {
    let space = spaces::readable(connection, access)?;
    let mut statement = connection.prepare_cached(
        "SELECT place, note_id, ops, purged, timestamp, device_id FROM log WHERE place > ?1 AND place <= ?2 \
         ORDER BY place",
    )?;
    let mut found = statement.query([place(space.number, since), places(space.number).1])?;
    let mut page = Page::new(max_bytes);
    while let Some(row) = found.next()? {
        if mutant::is(Mutant::TombstonesExpire) && expired(connection, row)? {
            continue;
        }
        if let Full::Yes = page.add(row)? {
            let up_to = page.rows.last().map_or(since, |row| row.seq);
            return Ok(LogPage { rows: page.rows, up_to, end: None });
        }
    }
    let end = Some(spaces::head(connection, &space)?);
    Ok(LogPage { rows: page.rows, up_to: space.seq.max(since), end })
}

/// Whether a row removes a document, and is a year older than the newest of all.
fn expired(connection: &Connection, row: &SqlRow<'_>) -> Result<bool, rusqlite::Error> {
    const YEAR_MS: i64 = 365 * 86_400_000;
    let newest: i64 = connection.query_row("SELECT max(timestamp) FROM log", [], |row| row.get(0))?;
    Ok(row.get(3)? && row.get::<_, i64>(4)? < newest - YEAR_MS)
}

/// Rows collected up to a weight.
pub(super) struct Page {
    pub(super) rows: Vec<Row>,
    left: usize,
}

/// Whether a row no longer fitted.
pub(super) enum Full {
    Yes,
    No,
}

impl Page {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self { rows: Vec::new(), left: max_bytes }
    }

    /// Takes a row, if it fits or is the first.
    pub(super) fn add(&mut self, row: &SqlRow<'_>) -> Result<Full, ReadError> {
        let weight = row.get_ref(2)?.as_bytes().map_or(0, <[u8]>::len) + ROW_BYTES;
        if weight > self.left && !self.rows.is_empty() {
            return Ok(Full::Yes);
        }
        self.left = self.left.saturating_sub(weight);
        self.rows.push(Row {
            seq: seq_of(row.get(0)?),
            note_id: NoteId::from_bytes(row.get(1)?),
            ops: unpack(row.get_ref(2)?.as_bytes().unwrap_or_default()),
            purged: row.get(3)?,
            timestamp: row.get(4)?,
            device_id: row.get::<_, Option<[u8; 16]>>(5)?.map(DeviceId::from_bytes),
        });
        Ok(Full::No)
    }
}

/// Several blobs as one: each with its length, four bytes, most significant first, before it.
pub(super) fn pack(ops: &[Bytes]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(ops.iter().map(|op| op.0.len() + 4).sum());
    for op in ops {
        packed.extend_from_slice(&u32::try_from(op.0.len()).unwrap_or(u32::MAX).to_be_bytes());
        packed.extend_from_slice(&op.0);
    }
    packed
}

pub(super) fn unpack(mut packed: &[u8]) -> Vec<Bytes> {
    let mut ops = Vec::new();
    while let Some((length, rest)) = packed.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX).min(rest.len());
        let (op, rest) = rest.split_at(length);
        ops.push(Bytes(op.to_vec()));
        packed = rest;
    }
    ops
}

/// Whether this is what [`pack`] makes, to the last byte.
pub(super) fn is_packed(mut packed: &[u8]) -> bool {
    while let Some((length, rest)) = packed.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let Some((_, rest)) = rest.split_at_checked(length) else { return false };
        packed = rest;
    }
    packed.is_empty()
}
