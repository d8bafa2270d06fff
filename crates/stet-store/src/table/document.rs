//! Table `documents`: one row per note and library, tombstones too: versions, place in the server's log, what is still
//! to be sent, why it can't go on. Neither content (see `log`) nor what lists show (see `note`).

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Result, Row};
use stet_model::id::NoteId;
use stet_model::mutant::{self, Mutant};

use crate::migration::Migration;
use crate::read::{LedgerRow, StoredDocument, UnsentDocument};
use crate::table::space;
use crate::write::{DocKey, Held};

pub(crate) const MIGRATIONS: &[Migration] = &[TABLE, APART, SINCE, REMOVED];

const TABLE: Migration = Migration {
    number: 2026112303,
    name: "documents",
    generation: 1,
    sql: "
CREATE TABLE documents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    space INTEGER NOT NULL REFERENCES spaces (id),
    note BLOB NOT NULL CHECK (length(note) = 16),
    head BLOB NOT NULL DEFAULT x'',
    known BLOB NOT NULL DEFAULT x'',
    last_seq INTEGER NOT NULL DEFAULT 0,
    unsent INTEGER NOT NULL DEFAULT 0 CHECK (unsent IN (0, 1)),
    purge_asked INTEGER NOT NULL DEFAULT 0 CHECK (purge_asked IN (0, 1)),
    purged INTEGER NOT NULL DEFAULT 0 CHECK (purged IN (0, 1)),
    stale INTEGER NOT NULL DEFAULT 0 CHECK (stale IN (0, 1)),
    held TEXT,
    updated_at INTEGER NOT NULL DEFAULT 0,
    -- the time that sorts it: local while unsent, the server's afterwards
    at INTEGER NOT NULL DEFAULT 0,
    UNIQUE (space, note)
) STRICT;

CREATE INDEX documents_to_send ON documents (id) WHERE unsent = 1 OR purge_asked = 1;
CREATE INDEX documents_to_index ON documents (id) WHERE stale = 1;
CREATE INDEX documents_held ON documents (id) WHERE held IS NOT NULL;

CREATE TRIGGER documents_counted AFTER INSERT ON documents WHEN NOT new.purged BEGIN
    UPDATE spaces SET documents = documents + 1 WHERE id = new.space;
END;

CREATE TRIGGER documents_purged AFTER UPDATE OF purged ON documents WHEN new.purged <> old.purged BEGIN
    UPDATE spaces SET documents = documents + old.purged - new.purged WHERE id = new.space;
END;",
};

const APART: Migration = Migration {
    number: 2026112501,
    name: "documents with a history of their own",
    generation: 1,
    sql: "
-- the server's document of this id has another history: this one came through level 1
ALTER TABLE documents ADD COLUMN apart INTEGER NOT NULL DEFAULT 0 CHECK (apart IN (0, 1));

CREATE INDEX documents_apart ON documents (id) WHERE apart = 1;",
};

const SINCE: Migration = Migration {
    number: 2026112904,
    name: "since when documents are unsent",
    generation: 1,
    sql: "
-- local time of the first edit the server hasn't confirmed, epoch milliseconds; null: nothing is unsent
ALTER TABLE documents ADD COLUMN unsent_since INTEGER;

UPDATE documents SET unsent_since = at WHERE unsent = 1;",
};

const REMOVED: Migration = Migration {
    number: 2026112905,
    name: "documents that are gone elsewhere",
    generation: 1,
    sql: "
-- gone for good in the log, and kept here until people decide
ALTER TABLE documents ADD COLUMN removed INTEGER NOT NULL DEFAULT 0 CHECK (removed IN (0, 1));",
};

/// A document's number in this file and what decides how a write treats it.
#[derive(Clone, Copy)]
pub(crate) struct Found {
    pub id: i64,
    pub purged: bool,
    /// Its place in the server's log, as of now.
    pub last_seq: u64,
    /// Gone for good in the log, and kept here.
    pub removed: bool,
}

pub(crate) fn find(connection: &Connection, doc: DocKey) -> Result<Option<Found>> {
    connection
        .prepare_cached(
            "SELECT d.id, d.purged, d.last_seq, d.removed FROM spaces s JOIN documents d ON d.space = s.id AND d.note = ?2
             WHERE s.uuid = ?1",
        )?
        .query_row((doc.space.as_bytes(), doc.note.as_bytes()), found_at)
        .optional()
}

/// The document unless it is missing or gone for good.
pub(crate) fn find_living(connection: &Connection, doc: DocKey) -> Result<Option<Found>> {
    Ok(find(connection, doc)?.filter(|found| !found.purged))
}

/// The document; it is made when it isn't there. A tombstone is answered as such.
pub(crate) fn find_or_make(connection: &Connection, doc: DocKey) -> Result<Found> {
    if let Some(found) = find(connection, doc)? {
        return Ok(found);
    }
    make(connection, space::find_or_make(connection, doc.space)?, doc.note)
}

/// The same, of a space by its number: for many documents at once.
pub(crate) fn find_or_make_in(connection: &Connection, space: i64, note: NoteId) -> Result<Found> {
    let found = connection
        .prepare_cached("SELECT id, purged, last_seq, removed FROM documents WHERE space = ?1 AND note = ?2")?
        .query_row((space, note.as_bytes()), found_at)
        .optional()?;
    found.map_or_else(|| make(connection, space, note), Ok)
}

fn make(connection: &Connection, space: i64, note: NoteId) -> Result<Found> {
    connection
        .prepare_cached("INSERT INTO documents (space, note) VALUES (?1, ?2)")?
        .execute((space, note.as_bytes()))?;
    Ok(Found { id: connection.last_insert_rowid(), purged: false, last_seq: 0, removed: false })
}

fn found_at(row: &Row<'_>) -> Result<Found> {
    Ok(Found { id: row.get(0)?, purged: row.get(1)?, last_seq: row.get(2)?, removed: row.get(3)? })
}

/// What a local edit makes of a document.
pub(crate) struct Edit<'a> {
    pub head: &'a [u8],
    pub unsent: bool,
    pub at: i64,
    /// Whether the search index no longer has its text.
    pub stale: bool,
}

/// A local edit moved the head.
pub(crate) fn edited(connection: &Connection, id: i64, edit: &Edit<'_>) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE documents SET head = ?2, unsent = ?3, at = ?4, stale = ?5,
                 unsent_since = iif(?3, coalesce(unsent_since, ?4), NULL) WHERE id = ?1",
        )?
        .execute((id, edit.head, edit.unsent, edit.at, edit.stale))?;
    Ok(())
}

/// A row of the server's log was stored.
pub(crate) fn received(connection: &Connection, id: i64, seq: u64) -> Result<()> {
    connection
        .prepare_cached("UPDATE documents SET last_seq = ?2 WHERE id = ?1 AND last_seq < ?2")?
        .execute((id, seq))?;
    Ok(())
}

/// What the server is known to hold after an import or an acknowledgement.
pub(crate) struct Synced<'a> {
    pub known: &'a [u8],
    pub seq: u64,
    pub unsent: bool,
    pub updated_at: i64,
    /// An answer to what was sent: what is still unsent was written after that.
    pub acked: bool,
}

/// Moves *known*. The server's time is that of the document's newest row; an older row that comes late doesn't set it
/// back.
pub(crate) fn synced(connection: &Connection, id: i64, synced: &Synced<'_>) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE documents SET
                 known = ?2,
                 updated_at = iif(?3 >= last_seq, ?5, max(updated_at, ?5)),
                 at = iif(?4, at, iif(?3 >= last_seq, ?5, max(updated_at, ?5))),
                 unsent = ?4,
                 unsent_since = iif(?4, iif(?6, at, coalesce(unsent_since, at)), NULL),
                 last_seq = max(last_seq, ?3)
             WHERE id = ?1",
        )?
        .execute((id, synced.known, synced.seq, synced.unsent, synced.updated_at, synced.acked))?;
    Ok(())
}

pub(crate) fn set_head(connection: &Connection, id: i64, head: &[u8]) -> Result<()> {
    connection.prepare_cached("UPDATE documents SET head = ?2 WHERE id = ?1")?.execute((id, head))?;
    Ok(())
}

pub(crate) fn set_held(connection: &Connection, id: i64, held: Option<&Held>) -> Result<()> {
    let json = held
        .map(serde_json::to_string)
        .transpose()
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    connection.prepare_cached("UPDATE documents SET held = ?2 WHERE id = ?1")?.execute((id, json))?;
    Ok(())
}

pub(crate) fn set_purge_asked(connection: &Connection, id: i64, asked: bool) -> Result<()> {
    connection.prepare_cached("UPDATE documents SET purge_asked = ?2 WHERE id = ?1")?.execute((id, asked))?;
    Ok(())
}

pub(crate) fn set_apart(connection: &Connection, id: i64, apart: bool) -> Result<()> {
    connection.prepare_cached("UPDATE documents SET apart = ?2 WHERE id = ?1 AND apart <> ?2")?.execute((id, apart))?;
    Ok(())
}

/// Leaves a tombstone. A wish to purge stays until the server has given the tombstone its seq.
pub(crate) fn purge(connection: &Connection, id: i64, seq: u64) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE documents SET head = x'', known = x'', unsent = 0, unsent_since = NULL, stale = 0, apart = 0,
                 held = NULL, purged = 1, removed = 0, purge_asked = iif(?2 > 0, 0, purge_asked),
                 last_seq = max(last_seq, ?2)
             WHERE id = ?1",
        )?
        .execute((id, seq))?;
    Ok(())
}

/// A tombstone that the log has never heard of gives way to what the log holds: a copy of this store has sent it.
pub(crate) fn revive(connection: &Connection, id: i64) -> Result<bool> {
    connection
        .prepare_cached(
            "UPDATE documents SET purged = 0 WHERE id = ?1 AND purged AND last_seq = 0 AND NOT purge_asked",
        )?
        .execute([id])
        .map(|revived| revived > 0)
}

/// A document nothing is part of is of when the last was received of it.
pub(crate) fn date(connection: &Connection, id: i64) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE documents SET at = coalesce((SELECT max(timestamp) FROM updates WHERE doc = ?1), 0)
             WHERE id = ?1 AND at = 0",
        )?
        .execute([id])?;
    Ok(())
}

/// The document is gone for good in the log, and stays here.
pub(crate) fn removed(connection: &Connection, id: i64, seq: u64) -> Result<()> {
    connection
        .prepare_cached("UPDATE documents SET removed = 1, last_seq = max(last_seq, ?2) WHERE id = ?1")?
        .execute((id, seq))?;
    Ok(())
}

pub(crate) fn has_content(connection: &Connection, id: i64) -> Result<bool> {
    connection.prepare_cached("SELECT head <> x'' FROM documents WHERE id = ?1")?.query_row([id], |row| row.get(0))
}

/// The search index no longer has the note's newest text.
pub(crate) fn set_stale(connection: &Connection, id: i64) -> Result<()> {
    connection.prepare_cached("UPDATE documents SET stale = 1 WHERE id = ?1 AND stale = 0")?.execute([id])?;
    Ok(())
}

/// Whether the document stands at this version.
pub(crate) fn is_at(connection: &Connection, id: i64, head: &[u8]) -> Result<bool> {
    connection.prepare_cached("SELECT head = ?2 FROM documents WHERE id = ?1")?.query_row((id, head), |row| row.get(0))
}

/// The search index has the document's text.
pub(crate) fn indexed(connection: &Connection, id: i64) -> Result<()> {
    connection.prepare_cached("UPDATE documents SET stale = 0 WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// Every document of a space whose head isn't what the server is known to hold has something to send. The library's
/// document is renamed with the space.
pub(crate) fn moved(connection: &Connection, space: i64, library: (NoteId, NoteId)) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE documents SET unsent = 1, unsent_since = coalesce(unsent_since, at)
             WHERE space = ?1 AND NOT purged AND head <> known",
        )?
        .execute([space])?;
    connection.prepare_cached("UPDATE documents SET note = ?3 WHERE space = ?1 AND note = ?2")?.execute((
        space,
        library.0.as_bytes(),
        library.1.as_bytes(),
    ))?;
    Ok(())
}

/// The documents of a space have no place in a log, and nothing of them is known to be elsewhere.
pub(crate) fn forget_log(connection: &Connection, space: i64) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE documents SET known = iif(?2, known, x''), unsent = iif(?2, unsent, 1), last_seq = 0,
                 unsent_since = coalesce(unsent_since, at), purge_asked = 0, removed = 0, held = NULL
             WHERE space = ?1",
        )?
        .execute((space, mutant::is(Mutant::RejoinKeepsKnown)))?;
    Ok(())
}

/// Every document of a space, tombstones too.
pub(crate) fn all(connection: &Connection, space: i64) -> Result<Vec<i64>> {
    let mut statement = connection.prepare_cached("SELECT id FROM documents WHERE space = ?1")?;
    statement.query_map([space], |row| row.get(0))?.collect()
}

/// Documents nothing is part of so far.
pub(crate) fn without_content(connection: &Connection, space: i64) -> Result<Vec<i64>> {
    let mut statement =
        connection.prepare_cached("SELECT id FROM documents WHERE space = ?1 AND NOT purged AND head = x''")?;
    statement.query_map([space], |row| row.get(0))?.collect()
}

pub(crate) fn remove_tombstones(connection: &Connection, space: i64) -> Result<()> {
    connection.prepare_cached("DELETE FROM documents WHERE space = ?1 AND purged")?.execute([space])?;
    Ok(())
}

pub(crate) fn any_in_space(connection: &Connection, space: i64) -> Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM documents WHERE space = ?1)")?
        .query_row([space], |row| row.get(0))
}

/// The document without snapshot and log, with its number.
pub(crate) fn load(connection: &Connection, doc: DocKey) -> Result<Option<(i64, StoredDocument)>> {
    connection
        .prepare_cached(
            "SELECT d.id, d.head, d.known, d.last_seq, d.unsent, d.purge_asked, d.purged, d.updated_at, d.held, d.at
             FROM spaces s JOIN documents d ON d.space = s.id AND d.note = ?2 WHERE s.uuid = ?1",
        )?
        .query_row((doc.space.as_bytes(), doc.note.as_bytes()), |row| {
            let stored = StoredDocument {
                head: row.get(1)?,
                known: row.get(2)?,
                last_seq: row.get(3)?,
                unsent: row.get(4)?,
                purge_asked: row.get(5)?,
                purged: row.get(6)?,
                updated_at: row.get(7)?,
                held: held_at(row, 8)?,
                at: row.get(9)?,
                ..StoredDocument::default()
            };
            Ok((row.get(0)?, stored))
        })
        .optional()
}

/// The reason in column `at` of a row.
pub(crate) fn held_at(row: &Row<'_>, at: usize) -> Result<Option<Held>> {
    row.get::<_, Option<String>>(at)?
        .map(|json| serde_json::from_str(&json))
        .transpose()
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(at, Type::Text, Box::new(error)))
}

fn key_at(row: &Row<'_>) -> Result<DocKey> {
    Ok(DocKey { space: space::uuid_at(row, 0)?, note: NoteId::from_bytes(row.get(1)?) })
}

pub(crate) fn to_send(connection: &Connection) -> Result<Vec<UnsentDocument>> {
    connection
        .prepare_cached(
            "SELECT s.uuid, d.note, d.last_seq, d.purge_asked, d.held IS NOT NULL
             FROM documents d INDEXED BY documents_to_send JOIN spaces s ON s.id = d.space
             WHERE d.unsent = 1 OR d.purge_asked = 1 ORDER BY d.id",
        )?
        .query_map([], |row| {
            Ok(UnsentDocument { doc: key_at(row)?, last_seq: row.get(2)?, purge_asked: row.get(3)?, held: row.get(4)? })
        })?
        .collect()
}

/// Documents that can't go on, with the reason.
pub(crate) fn held(connection: &Connection) -> Result<Vec<(DocKey, Held)>> {
    let rows = connection
        .prepare_cached(
            "SELECT s.uuid, d.note, d.held FROM documents d INDEXED BY documents_held JOIN spaces s ON s.id = d.space
             WHERE d.held IS NOT NULL ORDER BY d.id",
        )?
        .query_map([], |row| Ok((key_at(row)?, held_at(row, 2)?)))?
        .collect::<Result<Vec<_>>>()?;
    Ok(rows.into_iter().filter_map(|(doc, held)| Some((doc, held?))).collect())
}

/// The numbers of a space's documents that can't go on, those met first, first.
pub(crate) fn held_in(connection: &Connection, space: i64, limit: u32) -> Result<Vec<i64>> {
    connection
        .prepare_cached(
            "SELECT id FROM documents INDEXED BY documents_held
             WHERE held IS NOT NULL AND held ->> 'message' <> '' AND space = ?1 ORDER BY id LIMIT ?2",
        )?
        .query_map((space, limit), |row| row.get(0))?
        .collect()
}

/// Documents whose history isn't the server's.
pub(crate) fn apart(connection: &Connection) -> Result<Vec<DocKey>> {
    connection
        .prepare_cached(
            "SELECT s.uuid, d.note FROM documents d INDEXED BY documents_apart JOIN spaces s ON s.id = d.space
             WHERE d.apart = 1 ORDER BY d.id",
        )?
        .query_map([], key_at)?
        .collect()
}

/// Documents with rows not yet imported.
pub(crate) fn pending(connection: &Connection, limit: u32) -> Result<Vec<DocKey>> {
    connection
        .prepare_cached(
            "SELECT s.uuid, d.note FROM (SELECT DISTINCT doc FROM updates WHERE imported = 0 ORDER BY doc LIMIT ?1) u
             JOIN documents d ON d.id = u.doc JOIN spaces s ON s.id = d.space ORDER BY d.id",
        )?
        .query_map([limit], key_at)?
        .collect()
}

/// Notes whose search text is stale, the newest first.
pub(crate) fn to_index(connection: &Connection, limit: u32) -> Result<Vec<DocKey>> {
    connection
        .prepare_cached(
            "SELECT s.uuid, d.note FROM documents d JOIN spaces s ON s.id = d.space
             WHERE d.stale = 1 ORDER BY d.at DESC, d.id DESC LIMIT ?1",
        )?
        .query_map([limit], key_at)?
        .collect()
}

/// Every document of a space, by id.
pub(crate) fn ledger(connection: &Connection, space: i64) -> Result<Vec<LedgerRow>> {
    connection
        .prepare_cached("SELECT note, last_seq, purged OR removed FROM documents WHERE space = ?1 ORDER BY note")?
        .query_map([space], |row| {
            Ok(LedgerRow { note: NoteId::from_bytes(row.get(0)?), last_seq: row.get(1)?, purged: row.get(2)? })
        })?
        .collect()
}
