//! Table `notes`: what lists show of each note, and the keys they are sorted and counted by. A row exists once the
//! note's content was read at least once, or people have to see to it. Reading pages is in [`list`].

pub(crate) mod list;
pub(crate) mod tag;

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Result, named_params};
use stet_model::id::FolderId;

use crate::migration::Migration;
use crate::table::document;
use crate::write::RowFields;

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    number: 2026112307,
    name: "notes",
    generation: 1,
    sql: "
CREATE TABLE notes (
    doc INTEGER PRIMARY KEY REFERENCES documents (id),
    space INTEGER NOT NULL REFERENCES spaces (id),
    title TEXT NOT NULL,
    preview TEXT NOT NULL,
    -- as the note says, and its row in folders if that exists
    folder BLOB,
    shelf INTEGER,
    starred INTEGER NOT NULL,
    pinned INTEGER NOT NULL,
    archived INTEGER NOT NULL,
    hidden INTEGER NOT NULL,
    trashed INTEGER NOT NULL,
    -- kept for passages that both sides changed
    merged INTEGER NOT NULL DEFAULT 0,
    tags TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    -- mirrors of documents, for the keys below
    unsent INTEGER NOT NULL DEFAULT 0,
    held INTEGER NOT NULL DEFAULT 0,
    leaving INTEGER NOT NULL DEFAULT 0,
    at INTEGER NOT NULL DEFAULT 0,
    -- its row in the search index
    slot INTEGER,
    -- 0 in the ordinary lists, 1 archived, 2 in the trash, 3 about to be gone for good
    view INTEGER NOT NULL AS (CASE WHEN leaving THEN 3 WHEN trashed THEN 2 WHEN archived THEN 1 ELSE 0 END) VIRTUAL,
    rank INTEGER NOT NULL AS (pinned * 2 + unsent) VIRTUAL,
    waiting INTEGER NOT NULL AS (unsent OR held) VIRTUAL,
    -- a bit for each of the lists in counts
    lists INTEGER NOT NULL AS (
        CASE WHEN leaving THEN 0 WHEN trashed THEN 16 WHEN archived THEN 8
             ELSE 1 + (starred << 1) + ((shelf IS NULL) << 2) END
        + ((unsent OR held) << 5)
    ) VIRTUAL
) STRICT;

CREATE INDEX notes_by_view ON notes (space, view, rank, at);
CREATE INDEX notes_by_shelf ON notes (space, shelf, view, rank, at);
CREATE INDEX notes_starred ON notes (space, rank, at) WHERE starred = 1 AND view = 0;
CREATE INDEX notes_waiting ON notes (space, rank, at) WHERE waiting = 1;
-- everything a search asks of a hit
CREATE INDEX notes_by_slot ON notes (slot, space, view, rank, at, shelf, starred, waiting) WHERE slot IS NOT NULL;
CREATE INDEX notes_astray ON notes (space, folder) WHERE folder IS NOT NULL AND shelf IS NULL;

CREATE TRIGGER notes_counted AFTER INSERT ON notes BEGIN
    UPDATE counts SET notes = notes + ((new.lists >> list) & 1) WHERE space = new.space;
END;

CREATE TRIGGER notes_discounted AFTER DELETE ON notes BEGIN
    UPDATE counts SET notes = notes - ((old.lists >> list) & 1) WHERE space = old.space;
END;

CREATE TRIGGER notes_recounted AFTER UPDATE ON notes WHEN new.lists <> old.lists BEGIN
    UPDATE counts SET notes = notes + ((new.lists >> list) & 1) - ((old.lists >> list) & 1) WHERE space = new.space;
END;",
}];

/// Writes the note's row, with what `documents` has of it.
pub(crate) fn set(connection: &Connection, doc: i64, row: &RowFields) -> Result<()> {
    let before: Option<String> = connection
        .prepare_cached("SELECT tags FROM notes WHERE doc = ?1")?
        .query_row([doc], |row| row.get(0))
        .optional()?;
    let tags =
        serde_json::to_string(&row.tags).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    let folder = row.folder.as_ref().map(FolderId::as_bytes);
    connection
        .prepare_cached(
            "INSERT INTO notes (doc, space, title, preview, folder, shelf, starred, pinned, archived, hidden,
                 trashed, merged, tags, created_at, bytes, unsent, held, leaving, at)
             SELECT d.id, d.space, :title, :preview, :folder, f.id, :starred, :pinned, :archived, :hidden,
                 :trashed, :merged, :tags, :created_at, :bytes, d.unsent OR d.purge_asked, d.held IS NOT NULL, d.purge_asked, d.at
             FROM documents d LEFT JOIN folders f ON f.space = d.space AND f.folder = :folder
             WHERE d.id = :doc
             ON CONFLICT (doc) DO UPDATE SET title = excluded.title, preview = excluded.preview,
                 folder = excluded.folder, shelf = excluded.shelf, starred = excluded.starred,
                 pinned = excluded.pinned, archived = excluded.archived, hidden = excluded.hidden,
                 trashed = excluded.trashed, merged = excluded.merged, tags = excluded.tags, created_at = excluded.created_at,
                 bytes = excluded.bytes, unsent = excluded.unsent, held = excluded.held,
                 leaving = excluded.leaving, at = excluded.at",
        )?
        .execute(named_params! {
            ":doc": doc, ":title": row.title, ":preview": row.preview, ":folder": folder, ":starred": row.starred,
            ":pinned": row.pinned, ":archived": row.archived, ":hidden": row.hidden, ":trashed": row.trashed, ":merged": row.merged,
            ":tags": tags, ":created_at": row.created_at, ":bytes": row.bytes,
        })?;
    if before.as_deref().unwrap_or("[]") != tags {
        tag::set(connection, doc, &row.tags)?;
    }
    Ok(())
}

/// Gives a document without a row an empty one, of when the last was received of it.
pub(crate) fn make(connection: &Connection, doc: i64) -> Result<()> {
    if indexed_at(connection, doc)?.is_none() {
        document::date(connection, doc)?;
        set(connection, doc, &RowFields::default())?;
    }
    Ok(())
}

/// Takes over what changed in `documents`; nothing for a document without a row.
pub(crate) fn mirror(connection: &Connection, doc: i64) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE notes SET unsent = d.unsent OR d.purge_asked, leaving = d.purge_asked, at = d.at,
                 held = coalesce(d.held ->> 'message', '') <> ''
             FROM documents d WHERE notes.doc = ?1 AND d.id = ?1",
        )?
        .execute([doc])?;
    Ok(())
}

/// [`mirror`] for every note of a space.
pub(crate) fn mirror_space(connection: &Connection, space: i64) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE notes SET unsent = d.unsent OR d.purge_asked, leaving = d.purge_asked, at = d.at,
                 held = coalesce(d.held ->> 'message', '') <> ''
             FROM documents d WHERE notes.space = ?1 AND d.id = notes.doc",
        )?
        .execute([space])?;
    Ok(())
}

pub(crate) fn remove(connection: &Connection, doc: i64) -> Result<()> {
    tag::set(connection, doc, &[])?;
    connection.prepare_cached("DELETE FROM notes WHERE doc = ?1")?.execute([doc])?;
    Ok(())
}

/// When the note changed and where its text is in the search index; nothing for a document without a row.
pub(crate) fn indexed_at(connection: &Connection, doc: i64) -> Result<Option<(i64, Option<i64>)>> {
    connection
        .prepare_cached("SELECT at, slot FROM notes WHERE doc = ?1")?
        .query_row([doc], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

pub(crate) fn set_slot(connection: &Connection, doc: i64, slot: i64) -> Result<()> {
    connection.prepare_cached("UPDATE notes SET slot = ?2 WHERE doc = ?1")?.execute((doc, slot))?;
    Ok(())
}

/// The slots in use from `first` to `last`, in descending order.
pub(crate) fn slots(connection: &Connection, first: i64, last: i64) -> Result<Vec<i64>> {
    connection
        .prepare_cached("SELECT slot FROM notes WHERE slot BETWEEN ?1 AND ?2 ORDER BY slot DESC")?
        .query_map([first, last], |row| row.get(0))?
        .collect()
}

/// The tags of a row, from the JSON in a column.
fn tags_from(json: &str, column: usize) -> Result<Vec<String>> {
    // Most notes have none.
    if json == "[]" {
        return Ok(Vec::new());
    }
    serde_json::from_str(json)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}
