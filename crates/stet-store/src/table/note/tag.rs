//! Tables `tags` (each tag of a space and how many notes of the ordinary lists have it) and `note_tags` (which notes,
//! with the keys their lists are sorted by).

use rusqlite::{Connection, OptionalExtension, Result};

use crate::migration::Migration;

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    number: 2026112308,
    name: "tags",
    generation: 1,
    sql: "
CREATE TABLE tags (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    space INTEGER NOT NULL REFERENCES spaces (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    notes INTEGER NOT NULL DEFAULT 0,
    UNIQUE (space, name)
) STRICT;

CREATE TABLE note_tags (
    doc INTEGER NOT NULL REFERENCES notes (doc),
    tag INTEGER NOT NULL REFERENCES tags (id),
    live INTEGER NOT NULL,
    rank INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (doc, tag)
) STRICT, WITHOUT ROWID;

CREATE INDEX note_tags_in_order ON note_tags (tag, live, rank, at, doc);

CREATE TRIGGER note_tags_follow AFTER UPDATE ON notes
WHEN new.tags <> '[]'
    AND (new.rank <> old.rank OR new.at <> old.at OR (new.view = 0) <> (old.view = 0))
BEGIN
    UPDATE note_tags SET live = (new.view = 0), rank = new.rank, at = new.at WHERE doc = new.doc;
END;

CREATE TRIGGER tags_counted AFTER INSERT ON note_tags WHEN new.live BEGIN
    UPDATE tags SET notes = notes + 1 WHERE id = new.tag;
END;

CREATE TRIGGER tags_recounted AFTER UPDATE OF live ON note_tags WHEN new.live <> old.live BEGIN
    UPDATE tags SET notes = notes + new.live - old.live WHERE id = new.tag;
END;

CREATE TRIGGER tags_discounted AFTER DELETE ON note_tags BEGIN
    UPDATE tags SET notes = notes - old.live WHERE id = old.tag;
    DELETE FROM tags WHERE id = old.tag AND NOT EXISTS (SELECT 1 FROM note_tags WHERE tag = old.tag);
END;",
}];

/// Replaces the tags of a note.
pub(crate) fn set(connection: &Connection, doc: i64, tags: &[String]) -> Result<()> {
    connection.prepare_cached("DELETE FROM note_tags WHERE doc = ?1")?.execute([doc])?;
    for tag in tags {
        connection
            .prepare_cached(
                "INSERT INTO tags (space, name) SELECT space, ?2 FROM notes WHERE doc = ?1 ON CONFLICT DO NOTHING",
            )?
            .execute((doc, tag))?;
        connection
            .prepare_cached(
                "INSERT INTO note_tags (doc, tag, live, rank, at)
                 SELECT n.doc, t.id, n.view = 0, n.rank, n.at
                 FROM notes n JOIN tags t ON t.space = n.space AND t.name = ?2 WHERE n.doc = ?1
                 ON CONFLICT DO NOTHING",
            )?
            .execute((doc, tag))?;
    }
    Ok(())
}

/// The tags of the ordinary lists by name, letter case aside, with the number of notes.
pub(crate) fn list(connection: &Connection, space: i64) -> Result<Vec<(String, u32)>> {
    connection
        .prepare_cached(
            "SELECT name, notes FROM tags WHERE space = ?1 AND notes > 0 ORDER BY name COLLATE NOCASE, name",
        )?
        .query_map([space], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// A tag's number in this file and how many notes of the ordinary lists have it.
pub(crate) fn find(connection: &Connection, space: i64, name: &str) -> Result<Option<(i64, u32)>> {
    connection
        .prepare_cached("SELECT id, notes FROM tags WHERE space = ?1 AND name = ?2")?
        .query_row((space, name), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}
