//! Reads what can be read of a damaged file's unsent documents: row by row, without indexes, around whatever is broken.
//! Nothing is written. What becomes of it is decided in `crate::open::salvage`.

use std::collections::BTreeMap;

use rusqlite::{Connection, Result, Row};
use stet_model::id::{DocKey, NoteId};

use crate::table::{meta, space};

/// Rows read in one go while nothing is broken.
const STRIDE: i64 = 1_024;

/// Row ids looked at when neither the file's own count nor its last row can be read.
const BLIND: i64 = 1 << 16;

/// A document with something that is nowhere else.
pub(crate) struct Unsent {
    pub doc: DocKey,
    pub head: Vec<u8>,
    pub at: i64,
    /// Its history isn't the one in the server's log.
    pub apart: bool,
    /// Snapshot and entries of its log, in order; what can't be read is left out.
    pub parts: Vec<Vec<u8>>,
}

/// What could be read.
#[derive(Default)]
pub(crate) struct Leftovers {
    pub meta: BTreeMap<String, String>,
    pub unsent: Vec<Unsent>,
    /// Rows that couldn't be read; whose they were isn't known.
    pub unreadable: u64,
}

/// Which documents are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Those with something that is nowhere else.
    Unsent,
    /// All there are.
    All,
}

/// Everything of these documents that can be read.
pub(crate) fn read(connection: &Connection, wanted: Wanted) -> Leftovers {
    let mut left = Leftovers { meta: meta::all(connection).unwrap_or_default(), ..Leftovers::default() };
    let mut spaces = BTreeMap::new();
    left.unreadable += each(connection, "spaces", "id, uuid", |row| {
        spaces.insert(row.get::<_, i64>(0)?, space::uuid_at(row, 1)?);
        Ok(())
    });
    let mut unsent = BTreeMap::new();
    // A file that is older than a column has no such documents.
    let has = |column| connection.prepare(&format!("SELECT {column} FROM documents LIMIT 0")).is_ok();
    let [apart, removed] = ["apart", "removed"].map(|column| if has(column) { column } else { "0" });
    // Removed elsewhere, and somebody still has to say whether it goes: the server has only the tombstone.
    let wanted = if wanted == Wanted::All { "1".to_owned() } else { format!("(unsent OR {removed})") };
    let columns = format!("id, {wanted} AND NOT purged, space, note, head, at, {apart}");
    left.unreadable += each(connection, "documents", &columns, |row| {
        if row.get(1)?
            && let Some(space) = spaces.get(&row.get(2)?)
        {
            let doc = DocKey { space: *space, note: NoteId::from_bytes(row.get(3)?) };
            let parts = Vec::new();
            let found = Unsent { doc, head: row.get(4)?, at: row.get(5)?, apart: row.get(6)?, parts };
            unsent.insert(row.get::<_, i64>(0)?, found);
        }
        Ok(())
    });
    // By row id, so that a range that is read again in halves gives each entry once.
    let mut parts: BTreeMap<(i64, i64), Vec<u8>> = BTreeMap::new();
    left.unreadable += each(connection, "snapshots", "doc, bytes", |row| {
        let doc = row.get(0)?;
        if unsent.contains_key(&doc) {
            parts.insert((doc, 0), row.get(1)?);
        }
        Ok(())
    });
    left.unreadable += each(connection, "updates", "n, doc, imported, ops", |row| {
        let doc = row.get(1)?;
        if unsent.contains_key(&doc) && row.get(2)? {
            parts.insert((doc, row.get(0)?), row.get(3)?);
        }
        Ok(())
    });
    for ((doc, _), part) in parts {
        if let Some(found) = unsent.get_mut(&doc) {
            found.parts.push(part);
        }
    }
    left.unsent = unsent.into_values().filter(|found| !found.parts.is_empty()).collect();
    left
}

/// Takes every row of a table that can be read, by row id; answers how many ids couldn't. A row may be taken twice.
fn each(connection: &Connection, table: &str, columns: &str, mut take: impl FnMut(&Row<'_>) -> Result<()>) -> u64 {
    let sql = format!("SELECT {columns} FROM {table} NOT INDEXED WHERE rowid BETWEEN ?1 AND ?2 ORDER BY rowid");
    let last = last_row(connection, table);
    // Ranges still to be read, the first one last.
    let mut ranges: Vec<(i64, i64)> = Vec::new();
    let mut next = 1;
    let mut unreadable = 0;
    while let Some((from, to)) = ranges.pop().or_else(|| (next <= last).then(|| (next, last.min(next + STRIDE - 1)))) {
        next = next.max(to + 1);
        let read = connection.prepare_cached(&sql).and_then(|mut statement| {
            let mut rows = statement.query([from, to])?;
            while let Some(row) = rows.next()? {
                take(row)?;
            }
            Ok(())
        });
        match read {
            Ok(()) => {}
            Err(_) if from == to => unreadable += 1,
            Err(_) => {
                let middle = from + (to - from) / 2;
                ranges.extend([(middle + 1, to), (from, middle)]);
            }
        }
    }
    unreadable
}

/// The largest row id a table has had, as far as anything in the file still says it.
fn last_row(connection: &Connection, table: &str) -> i64 {
    let ask = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, Option<i64>>(0));
    let counted = ask(&format!("SELECT seq FROM sqlite_sequence WHERE name = '{table}'")).ok().flatten();
    match ask(&format!("SELECT max(rowid) FROM {table}")) {
        Ok(last) => last.max(counted).unwrap_or(0),
        Err(_) => counted.unwrap_or(BLIND),
    }
}
