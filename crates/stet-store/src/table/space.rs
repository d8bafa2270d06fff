//! Tables `spaces` (a short number for each space, its cursor, how many documents it has) and `counts` (how many notes
//! each fixed list has, kept by triggers of `notes`). No documents.

use rusqlite::{Connection, OptionalExtension, Result, Row};
use stet_model::id::{Lineage, SpaceId};

use crate::migration::Migration;
use crate::write::Cursor;

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    number: 2026112302,
    name: "spaces and counts",
    generation: 1,
    sql: "
CREATE TABLE spaces (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid BLOB NOT NULL UNIQUE CHECK (length(uuid) = 16),
    cursor_seq INTEGER,
    cursor_lineage BLOB,
    documents INTEGER NOT NULL DEFAULT 0
) STRICT;

-- list: 0 all, 1 starred, 2 unfiled, 3 archived, 4 trash, 5 unsent
CREATE TABLE counts (
    space INTEGER NOT NULL REFERENCES spaces (id) ON DELETE CASCADE,
    list INTEGER NOT NULL,
    notes INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (space, list)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER spaces_begin_counting AFTER INSERT ON spaces BEGIN
    INSERT INTO counts (space, list) VALUES
        (new.id, 0), (new.id, 1), (new.id, 2), (new.id, 3), (new.id, 4), (new.id, 5);
END;",
}];

/// The id in column `at` of a row.
pub(crate) fn uuid_at(row: &Row<'_>, at: usize) -> Result<SpaceId> {
    row.get(at).map(SpaceId::from_bytes)
}

/// The space's number in this file.
pub(crate) fn find(connection: &Connection, space: SpaceId) -> Result<Option<i64>> {
    connection
        .prepare_cached("SELECT id FROM spaces WHERE uuid = ?1")?
        .query_row([space.as_bytes()], |row| row.get(0))
        .optional()
}

/// The space's number in this file; it is made when it isn't there.
pub(crate) fn find_or_make(connection: &Connection, space: SpaceId) -> Result<i64> {
    if let Some(id) = find(connection, space)? {
        return Ok(id);
    }
    connection
        .prepare_cached("INSERT INTO spaces (uuid) VALUES (?1) RETURNING id")?
        .query_row([space.as_bytes()], |row| row.get(0))
}

pub(crate) fn set_cursor(connection: &Connection, space: i64, cursor: &Cursor) -> Result<()> {
    connection.prepare_cached("UPDATE spaces SET cursor_seq = ?2, cursor_lineage = ?3 WHERE id = ?1")?.execute((
        space,
        cursor.seq,
        cursor.lineage.as_bytes(),
    ))?;
    Ok(())
}

pub(crate) fn cursors(connection: &Connection) -> Result<Vec<(SpaceId, Cursor)>> {
    connection
        .prepare_cached("SELECT uuid, cursor_seq, cursor_lineage FROM spaces WHERE cursor_seq IS NOT NULL ORDER BY id")?
        .query_map([], |row| {
            let lineage = Lineage::from_bytes(row.get(2)?);
            Ok((uuid_at(row, 0)?, Cursor { seq: row.get(1)?, lineage }))
        })?
        .collect()
}

/// Documents of all spaces, tombstones not counted.
pub(crate) fn documents(connection: &Connection) -> Result<u64> {
    connection.prepare_cached("SELECT coalesce(sum(documents), 0) FROM spaces")?.query_row([], |row| row.get(0))
}

/// Notes in each of the fixed lists.
pub(crate) fn counts(connection: &Connection, space: i64) -> Result<[u32; 6]> {
    let mut counts = [0; 6];
    let mut statement = connection.prepare_cached("SELECT notes FROM counts WHERE space = ?1 ORDER BY list")?;
    for (count, row) in counts.iter_mut().zip(statement.query_map([space], |row| row.get(0))?) {
        *count = row?;
    }
    Ok(counts)
}

pub(crate) fn forget_cursor(connection: &Connection, space: i64) -> Result<()> {
    connection
        .prepare_cached("UPDATE spaces SET cursor_seq = NULL, cursor_lineage = NULL WHERE id = ?1")?
        .execute([space])?;
    Ok(())
}

/// Gives the space another id, without its cursor. A space of that id that holds no documents gives way.
pub(crate) fn rename(connection: &Connection, space: i64, to: SpaceId) -> Result<()> {
    connection.prepare_cached("DELETE FROM spaces WHERE uuid = ?1 AND id <> ?2")?.execute((to.as_bytes(), space))?;
    connection
        .prepare_cached("UPDATE spaces SET uuid = ?2, cursor_seq = NULL, cursor_lineage = NULL WHERE id = ?1")?
        .execute((space, to.as_bytes()))?;
    Ok(())
}
