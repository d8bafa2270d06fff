//! Table `migrations`: what was applied to this file, with its text. When and whether is decided in `crate::migration`.

use rusqlite::{Connection, Result};

use crate::migration::Migration;

/// An applied migration.
pub(crate) struct Applied {
    pub number: u32,
    pub name: String,
    pub checksum: String,
}

/// Whether the file has anything in it at all.
pub(crate) fn is_blank(connection: &Connection) -> Result<bool> {
    connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))
}

pub(crate) fn create(connection: &Connection) -> Result<()> {
    connection.execute_batch(
        "
CREATE TABLE IF NOT EXISTS migrations (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    generation INTEGER NOT NULL,
    checksum TEXT NOT NULL,
    sql TEXT NOT NULL
) STRICT;",
    )
}

pub(crate) fn applied(connection: &Connection) -> Result<Vec<Applied>> {
    connection
        .prepare("SELECT number, name, checksum FROM migrations ORDER BY number")?
        .query_map([], |row| Ok(Applied { number: row.get(0)?, name: row.get(1)?, checksum: row.get(2)? }))?
        .collect()
}

/// Runs a migration and notes it down.
pub(crate) fn apply(connection: &Connection, migration: &Migration) -> Result<()> {
    connection.execute_batch(migration.sql)?;
    connection
        .prepare("INSERT INTO migrations (number, name, generation, checksum, sql) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute((migration.number, migration.name, migration.generation, migration.checksum(), migration.sql))?;
    Ok(())
}
