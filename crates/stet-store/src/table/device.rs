//! Table `devices`: how far the user's other devices are, as the server last told.

use rusqlite::{Connection, Result, Row};
use stet_model::id::{DeviceId, SpaceId};

use crate::migration::Migration;
use crate::table::space;
use crate::write::DeviceRow;

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    number: 2026112310,
    name: "devices",
    generation: 1,
    sql: "
CREATE TABLE devices (
    space INTEGER NOT NULL REFERENCES spaces (id) ON DELETE CASCADE,
    device BLOB NOT NULL CHECK (length(device) = 16),
    name TEXT NOT NULL,
    seq INTEGER NOT NULL,
    unsent INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    PRIMARY KEY (space, device)
) STRICT, WITHOUT ROWID;",
}];

pub(crate) fn set(connection: &Connection, space: i64, device: &DeviceRow) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO devices (space, device, name, seq, unsent, last_seen) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (space, device) DO UPDATE SET
                 name = excluded.name, seq = excluded.seq, unsent = excluded.unsent, last_seen = excluded.last_seen",
        )?
        .execute((space, device.id.as_bytes(), &device.name, device.seq, device.unsent, device.last_seen))?;
    Ok(())
}

pub(crate) fn remove_all(connection: &Connection, space: i64) -> Result<()> {
    connection.prepare_cached("DELETE FROM devices WHERE space = ?1")?.execute([space])?;
    Ok(())
}

fn device(row: &Row<'_>) -> Result<(SpaceId, DeviceRow)> {
    let device = DeviceRow {
        id: DeviceId::from_bytes(row.get(1)?),
        name: row.get(2)?,
        seq: row.get(3)?,
        unsent: row.get(4)?,
        last_seen: row.get(5)?,
    };
    Ok((space::uuid_at(row, 0)?, device))
}

/// The devices of one space, or of all, by space and id.
pub(crate) fn list(connection: &Connection, of: Option<SpaceId>) -> Result<Vec<(SpaceId, DeviceRow)>> {
    connection
        .prepare_cached(
            "SELECT s.uuid, d.device, d.name, d.seq, d.unsent, d.last_seen
             FROM devices d JOIN spaces s ON s.id = d.space
             WHERE ?1 IS NULL OR s.uuid = ?1 ORDER BY d.space, d.device",
        )?
        .query_map([of.as_ref().map(SpaceId::as_bytes)], device)?
        .collect()
}
