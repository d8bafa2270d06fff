//! The tables `devices` and `receipts`: who signs in, and how far each device is. Never sockets.

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use stet_model::id::{DeviceId, UserId};
use stet_protocol::message::level2::{Receipt, Received};
use stet_protocol::message::{Device, ErrorCode};

use super::super::{Access, ReadError, Written};
use super::{spaces, unsigned};

/// Devices remembered a user; beyond it the one silent longest is forgotten, so that made-up ids can't fill the disk.
const DEVICES: i64 = 200;
/// A name longer than this is cut, characters.
const NAME: usize = 100;

pub(super) fn signed_in(
    transaction: &Transaction<'_>,
    user: i64,
    device: &Device,
    now: i64,
) -> Result<(), rusqlite::Error> {
    let cut = |text: &str| text.chars().take(NAME).collect::<String>();
    transaction
        .prepare_cached(
            "INSERT INTO devices (user, device_id, name, platform, app_version, seen_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (user, device_id) DO UPDATE SET \
             name = ?3, platform = ?4, app_version = ?5, seen_at = ?6",
        )?
        .execute(params![
            user,
            device.id.as_bytes(),
            cut(&device.name),
            cut(&device.platform),
            cut(&device.app_version),
            now
        ])?;
    transaction
        .prepare_cached(
            "DELETE FROM devices WHERE user = ?1 AND device_id IN \
             (SELECT device_id FROM devices WHERE user = ?1 ORDER BY seen_at DESC LIMIT -1 OFFSET ?2)",
        )?
        .execute([user, DEVICES])?;
    Ok(())
}

pub(super) fn received(
    transaction: &Transaction<'_>,
    user_id: &UserId,
    device_id: DeviceId,
    received: &Received,
    now: i64,
) -> Result<Written, rusqlite::Error> {
    let access = Access { user_id, space_id: received.space_id };
    let Some(space) = spaces::with_right(transaction, access)? else {
        return Ok(Written::Refused(ErrorCode::NotFound));
    };
    let known = transaction
        .prepare_cached("SELECT 1 FROM devices WHERE user = ?1 AND device_id = ?2")?
        .query_row(params![space.user, device_id.as_bytes()], |_| Ok(()))
        .optional()?;
    if known.is_none() {
        return Ok(Written::Noted);
    }
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO receipts (space, user, device_id, seq, unsent, content, seen_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            space.number,
            space.user,
            device_id.as_bytes(),
            // Nobody has more than there is.
            received.seq.min(space.seq).cast_signed(),
            received.unsent.min(i64::MAX.unsigned_abs()).cast_signed(),
            received.content.as_ref().map(|content| content.chars().take(NAME).collect::<String>()),
            now
        ])?;
    Ok(Written::Noted)
}

pub(super) fn receipts(connection: &Connection, access: Access<'_>) -> Result<Vec<Receipt>, ReadError> {
    let space = spaces::readable(connection, access)?;
    let mut statement = connection.prepare_cached(
        "SELECT device_id, name, seq, unsent, content, receipts.seen_at FROM receipts JOIN devices \
         USING (user, device_id) WHERE space = ?1 AND user = ?2 ORDER BY device_id",
    )?;
    let receipts = statement
        .query_map([space.number, space.user], |row| {
            Ok(Receipt {
                device_id: DeviceId::from_bytes(row.get(0)?),
                name: row.get(1)?,
                seq: unsigned(row.get(2)?),
                unsent: unsigned(row.get(3)?),
                content: row.get(4)?,
                last_seen: row.get(5)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(receipts)
}
