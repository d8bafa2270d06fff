//! Stores as earlier versions left them: the tables of the first migrations, with as much of the content as they had
//! columns for. Made from a store of this version, whose own table of migrations has the text of each.

use std::fs;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Result};

/// The last migration of the first version that was ever landed.
const FIRST: u32 = 2026112312;

/// Tables whose rows aren't carried over: what they hold is made anew, or isn't a table of rows.
const LEFT_OUT: [&str; 3] = ["migrations", "sqlite_sequence", "words"];

/// The versions of the tables before the newest, each by its last migration.
pub fn older_versions(store: &Path) -> Vec<u32> {
    let store = Connection::open(store).expect("open a store");
    let mut versions = numbers(&store).expect("its migrations");
    versions.retain(|number| *number >= FIRST);
    versions.pop();
    versions
}

/// The last migration a store has; nothing for one that can't be read.
pub fn version(store: &Path) -> Option<u32> {
    numbers(&Connection::open(store).ok()?).ok()?.pop()
}

fn numbers(store: &Connection) -> Result<Vec<u32>> {
    store.prepare("SELECT number FROM migrations ORDER BY number")?.query_map([], |row| row.get(0))?.collect()
}

/// Makes a closed store one of an earlier version.
pub fn make_older(store: &Path, version: u32) {
    let older = store.with_extension("older");
    // A leftover of a run that broke off.
    let _ = fs::remove_file(&older);
    copy_into(&older, store, version).expect("make an older store");
    fs::rename(&older, store).expect("put the older store in place");
    for suffix in ["-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{suffix}", store.display()));
    }
}

fn copy_into(older: &Path, store: &Path, version: u32) -> Result<()> {
    let to = Connection::open(older)?;
    to.execute_batch("PRAGMA journal_mode = WAL; PRAGMA foreign_keys = OFF")?;
    to.execute("ATTACH ?1 AS newer", [store.to_string_lossy()])?;
    let table: String =
        to.query_row("SELECT sql FROM newer.sqlite_schema WHERE name = 'migrations'", [], |row| row.get(0))?;
    to.execute_batch(&table)?;
    let migrations: Vec<String> = to
        .prepare("SELECT sql FROM newer.migrations WHERE number <= ?1 ORDER BY number")?
        .query_map([version], |row| row.get(0))?
        .collect::<Result<_>>()?;
    migrations.iter().try_for_each(|sql| to.execute_batch(sql))?;
    to.execute("INSERT INTO migrations SELECT * FROM newer.migrations WHERE number <= ?1", [version])?;
    copy_rows(&to)?;
    let generation: u32 = to.query_row("SELECT max(generation) FROM migrations", [], |row| row.get(0))?;
    let id: i32 = to.query_row("PRAGMA newer.application_id", [], |row| row.get(0))?;
    to.pragma_update(None, "application_id", id)?;
    to.pragma_update(None, "user_version", generation)?;
    to.execute("DETACH newer", [])?;
    to.close().map_err(|(_, error)| error)
}

/// Every row of every table both have, with the columns both have. The search index is made anew.
fn copy_rows(to: &Connection) -> Result<()> {
    let triggers: Vec<(String, String)> = to
        .prepare("SELECT name, sql FROM main.sqlite_schema WHERE type = 'trigger'")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_>>()?;
    // What triggers count is copied, too.
    triggers.iter().try_for_each(|(name, _)| to.execute_batch(&format!("DROP TRIGGER {name}")))?;
    let tables: Vec<String> = to
        .prepare(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%'",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_>>()?;
    for table in tables.iter().filter(|table| !LEFT_OUT.contains(&table.as_str())) {
        let there = to
            .query_row("SELECT 1 FROM newer.sqlite_schema WHERE name = ?1", [table], |_| Ok(()))
            .optional()?
            .is_some();
        if there {
            let columns: String = to.query_row(
                "SELECT group_concat(name) FROM pragma_table_xinfo(?1) WHERE hidden = 0
                 AND name IN (SELECT name FROM pragma_table_xinfo(?1, 'newer') WHERE hidden = 0)",
                [table],
                |row| row.get(0),
            )?;
            to.execute_batch(&format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM newer.{table}"))?;
        }
    }
    triggers.iter().try_for_each(|(_, sql)| to.execute_batch(sql))?;
    to.execute_batch("UPDATE documents SET stale = 1 WHERE id IN (SELECT doc FROM notes); UPDATE notes SET slot = NULL")
}
