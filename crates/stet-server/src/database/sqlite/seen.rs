//! The table `seen`: versions of a note that a user's level-1 sockets have seen, the candidates for the base of what they
//! send. Never their text.

use rusqlite::{Connection, Transaction, params};
use stet_model::id::NoteId;
use stet_protocol::limits::{MERGE_BASE_AGE_MS, MERGE_BASES};
use stet_protocol::message::ErrorCode;

use super::super::{Access, ReadError, SeenVersion, Written};
use super::spaces;

pub(super) fn add(
    transaction: &Transaction<'_>,
    access: Access<'_>,
    note_id: NoteId,
    points: &[Vec<u8>],
    now: i64,
) -> Result<Written, rusqlite::Error> {
    let Some(space) = spaces::with_right(transaction, access)? else {
        return Ok(Written::Refused(ErrorCode::NotFound));
    };
    for point in points {
        // One seen again is the youngest again.
        transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO seen (space, user, note_id, point, seen_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![space.number, space.user, note_id.as_bytes(), point, now])?;
    }
    transaction
        .prepare_cached(
            "DELETE FROM seen WHERE space = ?1 AND user = ?2 AND note_id = ?3 AND (seen_at < ?4 OR number NOT IN \
             (SELECT number FROM seen WHERE space = ?1 AND user = ?2 AND note_id = ?3 ORDER BY number DESC LIMIT ?5))",
        )?
        .execute(params![
            space.number,
            space.user,
            note_id.as_bytes(),
            now.saturating_sub(MERGE_BASE_AGE_MS.cast_signed()),
            i64::try_from(MERGE_BASES).unwrap_or(i64::MAX)
        ])?;
    Ok(Written::Noted)
}

pub(super) fn list(
    connection: &Connection,
    access: Access<'_>,
    note_id: NoteId,
) -> Result<Vec<SeenVersion>, ReadError> {
    let space = spaces::readable(connection, access)?;
    let mut statement = connection.prepare_cached(
        "SELECT point, seen_at FROM seen WHERE space = ?1 AND user = ?2 AND note_id = ?3 ORDER BY number",
    )?;
    let seen = statement
        .query_map(params![space.number, space.user, note_id.as_bytes()], |row| {
            Ok(SeenVersion { point: row.get(0)?, at: row.get(1)? })
        })?
        .collect::<Result<_, _>>()?;
    Ok(seen)
}
