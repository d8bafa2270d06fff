//! Table `meta`: named values, text or JSON. What they mean is the engine's affair.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Result};

use crate::migration::Migration;

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    number: 2026112301,
    name: "named values",
    generation: 1,
    sql: "
CREATE TABLE meta (
    key TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;",
}];

pub(crate) fn set(connection: &Connection, key: &str, value: Option<&str>) -> Result<()> {
    match value {
        Some(value) => connection
            .prepare_cached(
                "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            )?
            .execute((key, value))?,
        None => connection.prepare_cached("DELETE FROM meta WHERE key = ?1")?.execute([key])?,
    };
    Ok(())
}

pub(crate) fn get(connection: &Connection, key: &str) -> Result<Option<String>> {
    connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?.query_row([key], |row| row.get(0)).optional()
}

pub(crate) fn all(connection: &Connection) -> Result<BTreeMap<String, String>> {
    connection
        .prepare_cached("SELECT key, value FROM meta")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}
