//! Table `points`: the points of each note's history, by which it is shown and restored. Never trimmed.

use rusqlite::{Connection, Result};
use stet_model::id::DeviceId;

use crate::migration::Migration;
use crate::read::StoredPoint;

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    number: 2026112306,
    name: "points",
    generation: 1,
    sql: "
CREATE TABLE points (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    doc INTEGER NOT NULL REFERENCES documents (id),
    at INTEGER NOT NULL,
    device BLOB,
    frontiers BLOB NOT NULL
) STRICT;

CREATE INDEX points_in_order ON points (doc, id);",
}];

/// Adds a point, unless nothing happened since the last one.
pub(crate) fn add(
    connection: &Connection,
    doc: i64,
    frontiers: &[u8],
    at: i64,
    device: Option<DeviceId>,
) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO points (doc, at, device, frontiers) SELECT ?1, ?2, ?3, ?4
             WHERE ?4 IS NOT (SELECT frontiers FROM points WHERE doc = ?1 ORDER BY id DESC LIMIT 1)",
        )?
        .execute((doc, at, device.as_ref().map(DeviceId::as_bytes), frontiers))?;
    Ok(())
}

pub(crate) fn remove_all(connection: &Connection, doc: i64) -> Result<()> {
    connection.prepare_cached("DELETE FROM points WHERE doc = ?1")?.execute([doc])?;
    Ok(())
}

/// The points of a note, oldest first.
pub(crate) fn load(connection: &Connection, doc: i64) -> Result<Vec<StoredPoint>> {
    connection
        .prepare_cached("SELECT id, frontiers, at, device FROM points WHERE doc = ?1 ORDER BY id")?
        .query_map([doc], |row| {
            Ok(StoredPoint {
                id: row.get(0)?,
                frontiers: row.get(1)?,
                at: row.get(2)?,
                device: row.get::<_, Option<[u8; 16]>>(3)?.map(DeviceId::from_bytes),
            })
        })?
        .collect()
}
