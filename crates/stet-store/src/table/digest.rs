//! What a space holds as two sums, in columns of `spaces`: of where each document stands in the server's log, and of what
//! each says. A change costs one subtraction and one addition. What a document says is known when it is indexed, so the
//! second sum holds only while nothing waits for that. Never here: what to do when a sum isn't the server's.

use rusqlite::types::Type;
use rusqlite::{Connection, Error, Result, Row};
use stet_model::digest::{ContentDigest, LogDigest};
use stet_model::id::NoteId;
use stet_model::mutant::{self, Mutant};

use crate::migration::Migration;
use crate::read::{Compared, Standing};
use crate::table::space;
use crate::write::DocKey;

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    number: 2026112901,
    name: "digests",
    generation: 1,
    sql: "
-- null: not counted yet
ALTER TABLE spaces ADD COLUMN log_digest BLOB CHECK (length(log_digest) = 16);
ALTER TABLE spaces ADD COLUMN content_digest BLOB CHECK (length(content_digest) = 16);
-- the last end of a catch-up, and whether the server's sum was the same
ALTER TABLE spaces ADD COLUMN compared_seq INTEGER;
ALTER TABLE spaces ADD COLUMN compared_at INTEGER;
ALTER TABLE spaces ADD COLUMN compared_same INTEGER NOT NULL DEFAULT 0 CHECK (compared_same IN (0, 1));
-- null: not known yet
ALTER TABLE documents ADD COLUMN content BLOB CHECK (length(content) = 16);

CREATE INDEX documents_undigested ON documents (space) WHERE content IS NULL AND purged = 0;

UPDATE documents SET stale = 1 WHERE id IN (SELECT doc FROM notes);",
}];

/// Where a document stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    space: i64,
    note: NoteId,
    seq: u64,
    purged: bool,
}

/// Where the document stands now; for [`moved`] after it was changed.
pub(crate) fn place(connection: &Connection, id: i64) -> Result<Place> {
    connection
        .prepare_cached("SELECT space, note, last_seq, purged OR removed FROM documents WHERE id = ?1")?
        .query_row([id], |row| {
            Ok(Place {
                space: row.get(0)?,
                note: NoteId::from_bytes(row.get(1)?),
                seq: row.get(2)?,
                purged: row.get(3)?,
            })
        })
}

/// The document may stand elsewhere than it did.
pub(crate) fn moved(connection: &Connection, id: i64, before: Place) -> Result<()> {
    let after = place(connection, id)?;
    if after == before {
        return Ok(());
    }
    // Without a sum there is nothing to keep: it is counted when it is asked for.
    let Some(mut digest) = kept_log(connection, after.space)? else { return Ok(()) };
    count(&mut digest, before, LogDigest::remove);
    count(&mut digest, after, LogDigest::add);
    keep_log(connection, after.space, digest)
}

/// Documents of a space stand further on than they did: their notes, places before and after, and whether they are gone.
pub(crate) fn moved_on(connection: &Connection, space: i64, moves: &[(NoteId, u64, u64, bool)]) -> Result<()> {
    // Without a sum there is nothing to keep: it is counted when it is asked for.
    let Some(mut digest) = kept_log(connection, space)? else { return Ok(()) };
    for (note, before, after, purged) in moves.iter().copied() {
        count(&mut digest, Place { space, note, seq: before, purged }, LogDigest::remove);
        count(&mut digest, Place { space, note, seq: after, purged }, LogDigest::add);
    }
    keep_log(connection, space, digest)
}

/// A document that never was in the log isn't part of it.
fn count(digest: &mut LogDigest, place: Place, step: fn(&mut LogDigest, NoteId, u64, bool)) {
    let left_out = place.purged && mutant::is(Mutant::DigestWithoutTombstones);
    if place.seq > 0 && !left_out {
        step(digest, place.note, place.seq, place.purged);
    }
}

fn kept_log(connection: &Connection, space: i64) -> Result<Option<LogDigest>> {
    connection
        .prepare_cached("SELECT log_digest FROM spaces WHERE id = ?1")?
        .query_row([space], |row| Ok(row.get::<_, Option<[u8; 16]>>(0)?.map(LogDigest::from_bytes)))
}

fn keep_log(connection: &Connection, space: i64, digest: LogDigest) -> Result<()> {
    connection
        .prepare_cached("UPDATE spaces SET log_digest = ?2 WHERE id = ?1")?
        .execute((space, digest.to_bytes()))?;
    Ok(())
}

/// The sum over every document, from the documents themselves, and the last place any of them has.
fn count_log(connection: &Connection, space: i64) -> Result<(LogDigest, u64)> {
    let (mut digest, mut last) = (LogDigest::default(), 0);
    let mut statement = connection
        .prepare_cached("SELECT note, last_seq, purged OR removed FROM documents WHERE space = ?1 AND last_seq > 0")?;
    let mut rows = statement.query([space])?;
    while let Some(row) = rows.next()? {
        let place = Place { space, note: NoteId::from_bytes(row.get(0)?), seq: row.get(1)?, purged: row.get(2)? };
        last = last.max(place.seq);
        count(&mut digest, place, LogDigest::add);
    }
    Ok((digest, last))
}

/// Holds the sum against the server's, at the end of a catch-up, and remembers what came of it.
pub(crate) fn compare(
    connection: &Connection,
    space: i64,
    server: LogDigest,
    (seq, end): (u64, u64),
    at: i64,
) -> Result<()> {
    let mut same = kept_log(connection, space)? == Some(server);
    if !same {
        // Counted anew before anything is made of it: a program that doesn't know the sum may have written, too.
        let (counted, last) = count_log(connection, space)?;
        keep_log(connection, space, counted)?;
        same = counted == server;
        if !same && (seq + 1..=end).contains(&last) {
            // Something is here already that comes after: the two aren't of one moment. What is beyond the end of the log is no
            // such thing: the server has lost it.
            return Ok(());
        }
    }
    connection
        .prepare_cached("UPDATE spaces SET compared_seq = ?2, compared_at = ?3, compared_same = ?4 WHERE id = ?1")?
        .execute((space, seq, at, same))?;
    Ok(())
}

/// What a document says, as its digest; `None` once it says nothing any more.
pub(crate) fn set_content(connection: &Connection, id: i64, content: Option<u128>) -> Result<()> {
    let (space, before): (i64, Option<[u8; 16]>) = connection
        .prepare_cached("SELECT space, content FROM documents WHERE id = ?1")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let after = content.map(u128::to_be_bytes);
    if before == after {
        return Ok(());
    }
    connection.prepare_cached("UPDATE documents SET content = ?2 WHERE id = ?1")?.execute((id, after))?;
    let mut digest: ContentDigest = connection
        .prepare_cached("SELECT content_digest FROM spaces WHERE id = ?1")?
        .query_row([space], |row| Ok(row.get::<_, Option<[u8; 16]>>(0)?.map(ContentDigest::from_bytes)))?
        .unwrap_or_default();
    if let Some(before) = before {
        digest.remove(u128::from_be_bytes(before));
    }
    if let Some(content) = content {
        digest.add(content);
    }
    connection
        .prepare_cached("UPDATE spaces SET content_digest = ?2 WHERE id = ?1")?
        .execute((space, digest.to_bytes()))?;
    Ok(())
}

/// Documents whose content nobody has digested and that no index waits for: libraries of a file that is older than this.
pub(crate) fn undigested(connection: &Connection) -> Result<Vec<DocKey>> {
    connection
        .prepare_cached(
            "SELECT s.uuid, d.note FROM documents d INDEXED BY documents_undigested JOIN spaces s ON s.id = d.space
             WHERE d.content IS NULL AND d.purged = 0 AND d.stale = 0 AND d.head <> x'' ORDER BY d.id",
        )?
        .query_map([], |row| Ok(DocKey { space: space::uuid_at(row, 0)?, note: NoteId::from_bytes(row.get(1)?) }))?
        .collect()
}

/// The space has another id, and its documents no place in the log they move to.
pub(crate) fn forget(connection: &Connection, space: i64) -> Result<()> {
    connection
        .prepare_cached("UPDATE spaces SET log_digest = NULL, compared_seq = NULL, compared_at = NULL WHERE id = ?1")?
        .execute([space])?;
    Ok(())
}

pub(crate) fn standing(connection: &Connection, space: i64) -> Result<Standing> {
    connection
        .prepare_cached(
            "SELECT cursor_seq, content_digest, compared_seq, compared_at, compared_same, log_digest,
                 EXISTS (SELECT 1 FROM documents d INDEXED BY documents_to_index WHERE d.stale = 1 AND d.space = s.id)
                 OR EXISTS (SELECT 1 FROM documents d INDEXED BY documents_undigested
                            WHERE d.space = s.id AND d.content IS NULL AND d.purged = 0)
             FROM spaces s WHERE id = ?1",
        )?
        .query_row([space], |row| {
            let waits: bool = row.get(6)?;
            let content: Option<[u8; 16]> = row.get(1)?;
            Ok(Standing {
                seq: row.get::<_, Option<u64>>(0)?.unwrap_or(0),
                log: row.get::<_, Option<[u8; 16]>>(5)?.map(LogDigest::from_bytes),
                content: Some(content.map_or_else(ContentDigest::default, ContentDigest::from_bytes))
                    .filter(|_| !waits),
                compared: compared_at(row)?,
            })
        })
}

fn compared_at(row: &Row<'_>) -> Result<Option<Compared>> {
    let (Some(seq), at) = (row.get::<_, Option<u64>>(2)?, row.get::<_, Option<i64>>(3)?) else { return Ok(None) };
    let at = at.ok_or(Error::InvalidColumnType(3, "compared_at".to_owned(), Type::Null))?;
    Ok(Some(Compared { seq, at, same: row.get(4)? }))
}
