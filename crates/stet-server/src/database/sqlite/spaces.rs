//! The tables `spaces`, `lineages` and `meta`: whose a space is, where its log ends, and which history that is. Never its
//! rows.

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use stet_model::digest::LogDigest;
use stet_model::id::{Lineage, SpaceId, StoreId};
use stet_model::mutant::{self, Mutant};
use stet_protocol::message::SpaceInfo;
use stet_sync::server::Head;

use super::super::{Access, Random, ReadError};
use super::{Life, unsigned, uuid_bytes};

/// What people call the space every user has.
const PERSONAL: &str = "Personal";

/// A space's row, as its user may see it.
pub(super) struct Space {
    pub(super) number: i64,
    pub(super) user: i64,
    pub(super) seq: u64,
    pub(super) rows: u64,
    pub(super) digest: LogDigest,
}

pub(super) fn store_id(connection: &Connection) -> Result<StoreId, rusqlite::Error> {
    connection.query_row("SELECT value FROM meta WHERE key = 'store_id'", [], |row| row.get(0).map(StoreId::from_bytes))
}

/// The one place where a user's right to a space is looked up: a space of somebody else is `None` like a missing one.
pub(super) fn with_right(connection: &Connection, access: Access<'_>) -> Result<Option<Space>, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT space, user, seq, rows, digest FROM spaces JOIN users ON user = owner \
             WHERE space_id = ?1 AND user_id = ?2",
        )?
        .query_row(params![access.space_id.as_bytes(), access.user_id.0], |row| {
            Ok(Space {
                number: row.get(0)?,
                user: row.get(1)?,
                seq: unsigned(row.get(2)?),
                rows: unsigned(row.get(3)?),
                digest: LogDigest::from_bytes(row.get(4)?),
            })
        })
        .optional()
}

/// The same for readers, who have an error for it.
pub(super) fn readable(connection: &Connection, access: Access<'_>) -> Result<Space, ReadError> {
    with_right(connection, access)?.ok_or(ReadError::NotFound)
}

pub(super) fn make(
    transaction: &Transaction<'_>,
    space_id: [u8; 16],
    owner: i64,
    random: &mut Random,
) -> Result<(), rusqlite::Error> {
    transaction.execute(
        "INSERT INTO spaces (space_id, owner, name, digest) VALUES (?1, ?2, ?3, ?4)",
        params![space_id, owner, PERSONAL, LogDigest::default().to_bytes()],
    )?;
    begin_lineage(transaction, transaction.last_insert_rowid(), 0, random)
}

/// Writes where the log ends after a commit.
pub(super) fn advance(transaction: &Transaction<'_>, space: &Space) -> Result<(), rusqlite::Error> {
    transaction
        .prepare_cached("UPDATE spaces SET seq = ?2, rows = ?3, digest = ?4 WHERE space = ?1")?
        .execute(params![space.number, space.seq.cast_signed(), space.rows.cast_signed(), space.digest.to_bytes()])
        .map(drop)
}

pub(super) fn of_user(
    transaction: &Transaction<'_>,
    user: i64,
    life: &mut Life<'_>,
) -> Result<Vec<SpaceInfo>, rusqlite::Error> {
    let mut statement =
        transaction.prepare_cached("SELECT space, space_id, name, seq FROM spaces WHERE owner = ?1 ORDER BY space")?;
    let found = statement
        .query_map([user], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<Result<Vec<(i64, [u8; 16], String, i64)>, _>>()?;
    let mut spaces = Vec::with_capacity(found.len());
    for (space, id, name, seq) in found {
        new_life(transaction, space, unsigned(seq), life)?;
        spaces.push(SpaceInfo {
            id: SpaceId::from_bytes(id),
            name,
            role: "owner".to_owned(),
            encrypted: false,
            seq: unsigned(seq),
            lineage: present_lineage(transaction, space)?,
        });
    }
    Ok(spaces)
}

/// The first who opens a space or commits to it after a start of the server begins a new lineage. It begins before the
/// first row and not with it, so that it never changes under a socket.
pub(super) fn new_life(
    transaction: &Transaction<'_>,
    space: i64,
    seq: u64,
    life: &mut Life<'_>,
) -> Result<(), rusqlite::Error> {
    if life.begun.contains(&space) || life.new.contains(&space) {
        return Ok(());
    }
    begin_lineage(transaction, space, seq, life.random)?;
    life.new.push(space);
    Ok(())
}

fn begin_lineage(
    transaction: &Transaction<'_>,
    space: i64,
    starts_after: u64,
    random: &mut Random,
) -> Result<(), rusqlite::Error> {
    transaction
        .prepare_cached("INSERT INTO lineages (space, lineage, starts_after) VALUES (?1, ?2, ?3)")?
        .execute(params![space, uuid_bytes(random), starts_after.cast_signed()])
        .map(drop)
}

fn present_lineage(connection: &Connection, space: i64) -> Result<Lineage, rusqlite::Error> {
    connection
        .prepare_cached("SELECT lineage FROM lineages WHERE space = ?1 ORDER BY number DESC LIMIT 1")?
        .query_row([space], |row| row.get(0).map(Lineage::from_bytes))
}

pub(super) fn head(connection: &Connection, space: &Space) -> Result<Head, rusqlite::Error> {
    let lineage = present_lineage(connection, space.number)?;
    Ok(Head { seq: space.seq, lineage, digest: space.digest.to_string() })
}

/// Whether a cursor is of this log: its lineage is known here, and its seq not past that lineage's end.
pub(super) fn check_cursor(
    connection: &Connection,
    space: &Space,
    (since, lineage): (u64, Option<Lineage>),
) -> Result<(), ReadError> {
    let end = match lineage {
        None => Some(space.seq),
        Some(lineage) => connection
            .prepare_cached(
                "SELECT coalesce((SELECT min(later.starts_after) FROM lineages later \
                 WHERE later.space = mine.space AND later.number > mine.number), ?3) \
                 FROM lineages mine WHERE mine.space = ?1 AND mine.lineage = ?2",
            )?
            .query_row(params![space.number, lineage.as_bytes(), space.seq.cast_signed()], |row| row.get(0))
            .optional()?
            .map(unsigned),
    };
    match end {
        Some(end) if since <= end => Ok(()),
        _ if mutant::is(Mutant::LineageIgnored) => Ok(()),
        _ => Err(ReadError::Diverged),
    }
}
