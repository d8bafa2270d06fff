//! The table `users`, and signing in. Never a token.

use rusqlite::{OptionalExtension, Transaction, params};
use stet_model::id::UserId;

use super::super::{Opening, Random, Written};
use super::{Life, devices, spaces, uuid_bytes};

/// The account of this issuer's subject, made if there is none.
pub(super) fn make(
    transaction: &Transaction<'_>,
    (issuer, subject): (&str, &str),
    now: i64,
    random: &mut Random,
) -> Result<UserId, rusqlite::Error> {
    if let Some((_, user_id)) = find(transaction, issuer, subject)? {
        return Ok(user_id);
    }
    let user_id = UserId(uuid::Uuid::from_bytes(uuid_bytes(random)).to_string());
    let space_id = uuid_bytes(random);
    transaction.execute(
        "INSERT INTO users (user_id, issuer, subject, personal_space_id, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![user_id.0, issuer, subject, space_id, now],
    )?;
    let user = transaction.last_insert_rowid();
    spaces::make(transaction, space_id, user, random)?;
    Ok(user_id)
}

fn find(transaction: &Transaction<'_>, issuer: &str, subject: &str) -> Result<Option<(i64, UserId)>, rusqlite::Error> {
    transaction
        .prepare_cached("SELECT user, user_id FROM users WHERE issuer = ?1 AND subject = ?2")?
        .query_row([issuer, subject], |row| Ok((row.get(0)?, UserId(row.get(1)?))))
        .optional()
}

/// Signs a device in.
pub(super) fn open(
    transaction: &Transaction<'_>,
    opening: &Opening,
    now: i64,
    life: &mut Life<'_>,
) -> Result<Written, rusqlite::Error> {
    let Some((user, user_id)) = find(transaction, &opening.issuer, &opening.subject)? else {
        return Ok(Written::NoAccount);
    };
    if let Some(device) = &opening.device {
        devices::signed_in(transaction, user, device, now)?;
    }
    let spaces = spaces::of_user(transaction, user, life)?;
    Ok(Written::Opened { user_id, spaces })
}
