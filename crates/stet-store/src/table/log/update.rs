//! Table `updates`: the log of each document after its snapshot. Local edits have no seq and are part of the head at
//! once; rows of the server are stored raw and become part of it when they were imported.

use rusqlite::{Connection, Result};
use stet_model::id::DeviceId;
use stet_model::mutant::{self, Mutant};

use crate::migration::Migration;
use crate::read::StoredUpdate;
use crate::write::RemoteRow;

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    number: 2026112304,
    name: "updates",
    generation: 1,
    sql: "
CREATE TABLE updates (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    doc INTEGER NOT NULL REFERENCES documents (id),
    -- of the server's row; null for a local edit
    seq INTEGER,
    -- which of the row's updates
    part INTEGER NOT NULL DEFAULT 0,
    imported INTEGER NOT NULL CHECK (imported IN (0, 1)),
    timestamp INTEGER NOT NULL DEFAULT 0,
    device BLOB,
    ops BLOB NOT NULL
) STRICT;

CREATE INDEX updates_in_order ON updates (doc, n);
CREATE UNIQUE INDEX updates_once ON updates (doc, seq, part) WHERE seq IS NOT NULL;
CREATE INDEX updates_pending ON updates (doc) WHERE imported = 0;",
}];

/// Appends a local edit.
pub(crate) fn append(connection: &Connection, doc: i64, delta: &[u8]) -> Result<()> {
    connection.prepare_cached("INSERT INTO updates (doc, imported, ops) VALUES (?1, 1, ?2)")?.execute((doc, delta))?;
    Ok(())
}

/// Stores the updates of a server row, raw. What is already there stays, except that bytes which couldn't be imported
/// give way to other bytes fetched under the same place in the log. Other bytes in the place of what was imported come
/// beside it: the server has folded rows before it into it, which may be what the log is read anew for.
pub(crate) fn store(connection: &Connection, doc: i64, row: &RemoteRow) -> Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO updates (doc, seq, part, imported, timestamp, device, ops) VALUES (?1, ?2, ?3, 0, ?4, ?5, ?6)
         ON CONFLICT (doc, seq, part) WHERE seq IS NOT NULL
         DO UPDATE SET ops = excluded.ops WHERE imported = 0 AND ops <> excluded.ops",
    )?;
    let device = row.device.as_ref().map(DeviceId::as_bytes);
    let mut there = Vec::new();
    for (part, ops) in row.ops.iter().enumerate() {
        if insert.execute((doc, row.seq, part, row.timestamp, device, ops))? == 0 {
            there.push(ops);
        }
    }
    for ops in there {
        connection
            .prepare_cached(
                "INSERT INTO updates (doc, seq, part, imported, timestamp, device, ops)
                     SELECT doc, seq, max(part) + 1, 0, ?3, ?4, ?5 FROM updates WHERE doc = ?1 AND seq = ?2
                     HAVING NOT EXISTS (SELECT 1 FROM updates WHERE doc = ?1 AND seq = ?2 AND ops = ?5)",
            )?
            .execute((doc, row.seq, row.timestamp, device, ops))?;
    }
    Ok(())
}

/// The pending rows up to `seq` went into the document.
pub(crate) fn imported(connection: &Connection, doc: i64, seq: u64) -> Result<()> {
    connection
        .prepare_cached("UPDATE updates SET imported = 1 WHERE doc = ?1 AND imported = 0 AND seq <= ?2")?
        .execute((doc, seq))?;
    Ok(())
}

/// Removes what a snapshot covers: the entries up to `through` that are part of the document.
pub(crate) fn fold(connection: &Connection, doc: i64, through: i64) -> Result<()> {
    let sql = match mutant::is(Mutant::SnapshotBeforeWrites) {
        true => "DELETE FROM updates WHERE doc = ?1 AND n <= ?2",
        false => "DELETE FROM updates WHERE doc = ?1 AND n <= ?2 AND imported = 1",
    };
    connection.prepare_cached(sql)?.execute((doc, through))?;
    Ok(())
}

/// What is part of the documents of a space has no place in a log any more; what isn't goes.
pub(crate) fn forget_log(connection: &Connection, space: i64) -> Result<()> {
    for sql in [
        "DELETE FROM updates WHERE imported = 0 AND doc IN (SELECT id FROM documents WHERE space = ?1)",
        "UPDATE updates SET seq = NULL WHERE seq IS NOT NULL AND doc IN (SELECT id FROM documents WHERE space = ?1)",
    ] {
        connection.prepare_cached(sql)?.execute([space])?;
    }
    Ok(())
}

pub(crate) fn remove_all(connection: &Connection, doc: i64) -> Result<()> {
    connection.prepare_cached("DELETE FROM updates WHERE doc = ?1")?.execute([doc])?;
    Ok(())
}

/// The log of a document in order.
pub(crate) fn load(connection: &Connection, doc: i64) -> Result<Vec<StoredUpdate>> {
    connection
        .prepare_cached("SELECT n, ops, seq, imported, timestamp, device FROM updates WHERE doc = ?1 ORDER BY n")?
        .query_map([doc], |row| {
            Ok(StoredUpdate {
                n: row.get(0)?,
                ops: row.get(1)?,
                seq: row.get(2)?,
                imported: row.get(3)?,
                timestamp: row.get(4)?,
                device: row.get::<_, Option<[u8; 16]>>(5)?.map(DeviceId::from_bytes),
            })
        })?
        .collect()
}
