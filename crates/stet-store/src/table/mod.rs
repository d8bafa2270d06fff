//! One file per table: its migrations, its rows, its statements. SQL is here and nowhere else in the crate. Which
//! statements make up a write, and when a transaction begins and ends, is not decided here.
//!
//! House rules: strict tables; row ids are never used twice; not null with defaults; the meaning of a column never
//! changes; a column that is no longer used stays for some releases, so that an older program still opens the file.

pub(crate) mod device;
pub(crate) mod digest;
pub(crate) mod document;
pub(crate) mod folder;
pub(crate) mod log;
pub(crate) mod meta;
pub(crate) mod migration;
pub(crate) mod note;
pub(crate) mod salvage;
pub(crate) mod search;
pub(crate) mod space;

use rusqlite::{Connection, Result};

use crate::migration::Migration;

/// Every migration of every table, in no particular order.
pub(crate) fn migrations() -> impl Iterator<Item = &'static Migration> {
    [
        meta::MIGRATIONS,
        space::MIGRATIONS,
        document::MIGRATIONS,
        log::update::MIGRATIONS,
        log::snapshot::MIGRATIONS,
        log::point::MIGRATIONS,
        note::MIGRATIONS,
        note::tag::MIGRATIONS,
        folder::MIGRATIONS,
        device::MIGRATIONS,
        digest::MIGRATIONS,
        search::MIGRATIONS,
        search::word::MIGRATIONS,
    ]
    .into_iter()
    .flatten()
}

/// The tables that must be there and have row ids.
const BY_ROW: [&str; 14] = [
    "migrations",
    "spaces",
    "documents",
    "notes",
    "updates",
    "snapshots",
    "points",
    "folders",
    "tags",
    "words",
    "search_text_data",
    "search_text_docsize",
    "search_title_data",
    "word_parts_data",
];

/// Those that are sorted by a key of their own.
const BY_KEY: [&str; 4] = ["meta", "counts", "note_tags", "devices"];

/// Reads both edges of every table: a walk from the root to the first and the last row, whatever the size. In one
/// statement, because preparing many would take longer than reading.
pub(crate) fn touch(connection: &Connection) -> Result<()> {
    let by_row = BY_ROW.map(|table| format!("(SELECT min(rowid) FROM {table}), (SELECT max(rowid) FROM {table})"));
    let by_key = BY_KEY.map(|table| format!("EXISTS (SELECT 1 FROM {table})"));
    let sql = format!("SELECT {}, {}", by_row.join(", "), by_key.join(", "));
    connection.query_row(&sql, [], |_| Ok(()))
}

/// What is damaged, found by reading every page of every table; empty for nothing. With `quick`, up to the first finding
/// and without comparing indexes with their tables.
pub(crate) fn damage(connection: &Connection, quick: bool) -> Result<Vec<String>> {
    // In the order they were made, which begins with those whose loss would be worst. The tables of a file from another
    // version are checked too, so the list is the file's own.
    let tables: Vec<String> = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY rowid")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_>>()?;
    let mut found = Vec::new();
    for table in tables {
        let check = if quick { "quick_check" } else { "integrity_check" };
        connection.pragma(None, check, &table, |row| {
            let line: String = row.get(0)?;
            if line != "ok" {
                found.push(format!("{table}: {line}"));
            }
            Ok(())
        })?;
        if quick && !found.is_empty() {
            break;
        }
    }
    Ok(found)
}
