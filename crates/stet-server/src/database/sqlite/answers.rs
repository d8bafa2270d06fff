//! The table `answers`: the last request of each device for each document, so that the same bytes sent again get the same
//! answer and change nothing. Never the bytes.

use rusqlite::{OptionalExtension, Transaction, params};
use sha2::{Digest as _, Sha256};
use stet_model::id::{DeviceId, NoteId};
use stet_sync::server::Change;

use super::unsigned;

/// Which request of which device.
#[derive(Clone, Copy)]
pub(super) struct Request<'a> {
    pub(super) space: i64,
    pub(super) note_id: NoteId,
    pub(super) device_id: DeviceId,
    pub(super) id: &'a str,
}

/// A device's last request for a document, beside one that has come.
#[derive(Clone, Copy)]
pub(super) enum Last {
    /// There was none.
    None,
    /// Another one.
    Other,
    /// This one, with this answer.
    Same { seq: u64, timestamp: i64 },
    /// One of this id with other bytes.
    Misused,
}

pub(super) fn find(
    transaction: &Transaction<'_>,
    request: Request<'_>,
    change: &Change,
) -> Result<Last, rusqlite::Error> {
    let last = transaction
        .prepare_cached(
            "SELECT request = ?4, hash, seq, timestamp FROM answers \
             WHERE space = ?1 AND note_id = ?2 AND device_id = ?3",
        )?
        .query_row(
            params![request.space, request.note_id.as_bytes(), request.device_id.as_bytes(), request.id],
            |row| Ok((row.get(0)?, row.get::<_, [u8; 32]>(1)?, unsigned(row.get(2)?), row.get(3)?)),
        )
        .optional()?;
    Ok(match last {
        None => Last::None,
        Some((false, ..)) => Last::Other,
        Some((true, hash, seq, timestamp)) if hash == hash_of(change) => Last::Same { seq, timestamp },
        Some(_) => Last::Misused,
    })
}

/// Keeps a request's answer in the place of the device's last one.
pub(super) fn keep(
    transaction: &Transaction<'_>,
    (request, last): (Request<'_>, Last),
    change: &Change,
    (seq, timestamp): (u64, i64),
) -> Result<(), rusqlite::Error> {
    let sql = if matches!(last, Last::None) {
        "INSERT INTO answers (space, note_id, device_id, request, hash, seq, timestamp) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
    } else {
        "UPDATE answers SET request = ?4, hash = ?5, seq = ?6, timestamp = ?7 \
         WHERE space = ?1 AND note_id = ?2 AND device_id = ?3"
    };
    transaction
        .prepare_cached(sql)?
        .execute(params![
            request.space,
            request.note_id.as_bytes(),
            request.device_id.as_bytes(),
            request.id,
            hash_of(change),
            seq.cast_signed(),
            timestamp
        ])
        .map(drop)
}

/// SHA-256 over what a request does, each part with its length before it.
fn hash_of(change: &Change) -> [u8; 32] {
    let mut hash = Sha256::new();
    match change {
        Change::Purge => hash.update([1]),
        Change::Update(ops) => {
            hash.update([0]);
            for op in ops {
                hash.update(u64::try_from(op.0.len()).unwrap_or(u64::MAX).to_be_bytes());
                hash.update(&op.0);
            }
        }
    }
    hash.finalize().into()
}
