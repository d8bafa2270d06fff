//! Table `snapshots`: the folded beginning of each document.

use rusqlite::{Connection, OptionalExtension, Result};

use crate::migration::Migration;

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    number: 2026112305,
    name: "snapshots",
    generation: 1,
    sql: "
CREATE TABLE snapshots (
    doc INTEGER PRIMARY KEY REFERENCES documents (id),
    bytes BLOB NOT NULL
) STRICT;",
}];

pub(crate) fn set(connection: &Connection, doc: i64, bytes: &[u8]) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO snapshots (doc, bytes) VALUES (?1, ?2) ON CONFLICT (doc) DO UPDATE SET bytes = excluded.bytes",
        )?
        .execute((doc, bytes))?;
    Ok(())
}

pub(crate) fn remove(connection: &Connection, doc: i64) -> Result<()> {
    connection.prepare_cached("DELETE FROM snapshots WHERE doc = ?1")?.execute([doc])?;
    Ok(())
}

pub(crate) fn load(connection: &Connection, doc: i64) -> Result<Option<Vec<u8>>> {
    connection
        .prepare_cached("SELECT bytes FROM snapshots WHERE doc = ?1")?
        .query_row([doc], |row| row.get(0))
        .optional()
}
