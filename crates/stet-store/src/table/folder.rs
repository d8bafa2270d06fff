//! Table `folders`: the folder tree of each space as the library last said, for lists and counts. The tree itself is the
//! library document.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, Result};
use stet_model::id::FolderId;

use crate::migration::Migration;
use crate::write::FolderFields;

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    number: 2026112309,
    name: "folders",
    generation: 1,
    sql: "
CREATE TABLE folders (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    space INTEGER NOT NULL REFERENCES spaces (id) ON DELETE CASCADE,
    folder BLOB NOT NULL CHECK (length(folder) = 16),
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    color TEXT,
    parent BLOB,
    depth INTEGER NOT NULL,
    notes INTEGER NOT NULL DEFAULT 0,
    UNIQUE (space, folder)
) STRICT;

-- A note whose folder is gone shows under no folder, and is back in it when the folder is.
CREATE TRIGGER folders_appear AFTER INSERT ON folders BEGIN
    UPDATE notes SET shelf = new.id WHERE space = new.space AND folder = new.folder AND shelf IS NULL;
END;

CREATE TRIGGER folders_vanish AFTER DELETE ON folders BEGIN
    UPDATE notes SET shelf = NULL WHERE space = old.space AND shelf = old.id;
END;

CREATE TRIGGER folders_filed AFTER INSERT ON notes WHEN new.view = 0 AND new.shelf IS NOT NULL BEGIN
    UPDATE folders SET notes = notes + 1 WHERE id = new.shelf;
END;

CREATE TRIGGER folders_removed AFTER DELETE ON notes WHEN old.view = 0 AND old.shelf IS NOT NULL BEGIN
    UPDATE folders SET notes = notes - 1 WHERE id = old.shelf;
END;

CREATE TRIGGER folders_refiled AFTER UPDATE ON notes
WHEN new.shelf IS NOT old.shelf OR (new.view = 0) <> (old.view = 0) BEGIN
    UPDATE folders SET notes = notes - 1 WHERE old.view = 0 AND id = old.shelf;
    UPDATE folders SET notes = notes + 1 WHERE new.view = 0 AND id = new.shelf;
END;",
}];

/// Replaces the rows of a space; of two rows with one id the first counts. What didn't change isn't touched.
pub(crate) fn replace(connection: &Connection, space: i64, folders: &[FolderFields]) -> Result<()> {
    let mut seen = BTreeSet::new();
    let mut insert = connection.prepare_cached(
        "INSERT INTO folders (space, folder, position, name, color, parent, depth) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (space, folder) DO UPDATE SET
             position = excluded.position, name = excluded.name, color = excluded.color, parent = excluded.parent,
             depth = excluded.depth",
    )?;
    for folder in folders {
        if seen.insert(folder.id) {
            let position = seen.len();
            let parent = folder.parent.as_ref().map(FolderId::as_bytes);
            insert.execute((
                space,
                folder.id.as_bytes(),
                position,
                &folder.name,
                &folder.color,
                parent,
                folder.depth,
            ))?;
        }
    }
    let mut remove = connection.prepare_cached("DELETE FROM folders WHERE space = ?1 AND folder = ?2")?;
    for (folder, _) in list(connection, space)? {
        if !seen.contains(&folder.id) {
            remove.execute((space, folder.id.as_bytes()))?;
        }
    }
    Ok(())
}

/// The folders of a space in display order, each with the notes directly in it.
pub(crate) fn list(connection: &Connection, space: i64) -> Result<Vec<(FolderFields, u32)>> {
    connection
        .prepare_cached(
            "SELECT folder, name, color, parent, depth, notes FROM folders WHERE space = ?1 ORDER BY position, folder",
        )?
        .query_map([space], |row| {
            let folder = FolderFields {
                id: FolderId::from_bytes(row.get(0)?),
                name: row.get(1)?,
                color: row.get(2)?,
                parent: row.get::<_, Option<[u8; 16]>>(3)?.map(FolderId::from_bytes),
                depth: row.get(4)?,
            };
            Ok((folder, row.get(5)?))
        })?
        .collect()
}

/// A folder's number in this file and the notes directly in it.
pub(crate) fn find(connection: &Connection, space: i64, folder: FolderId) -> Result<Option<(i64, u32)>> {
    connection
        .prepare_cached("SELECT id, notes FROM folders WHERE space = ?1 AND folder = ?2")?
        .query_row((space, folder.as_bytes()), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}
