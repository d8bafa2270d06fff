//! The order in which tables came to be what they are: which migrations a file has, which it lacks, and that nobody
//! edited one after it was shipped. The statements themselves are in `crate::table`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};
use sha2::{Digest, Sha256};

use crate::backup;
use crate::error::OpenError;
use crate::open::Options;
use crate::table;

/// A change of the tables. Once shipped it never changes: a later one mends it.
pub(crate) struct Migration {
    /// Year, month, day, and a count within the day, as one number: the order in which they are applied.
    pub number: u32,
    pub name: &'static str,
    /// Rises only when programs that don't know this migration must refuse the file.
    pub generation: u32,
    pub sql: &'static str,
}

impl Migration {
    /// SHA-256 of the text in hex.
    pub(crate) fn checksum(&self) -> String {
        Sha256::digest(self.sql).iter().fold(String::new(), |mut hex, byte| {
            // Writing to a string can't fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

/// All migrations in order.
pub(crate) fn all() -> Vec<&'static Migration> {
    let mut all: Vec<_> = table::migrations().collect();
    all.sort_by_key(|migration| migration.number);
    all
}

/// Brings the tables of a file up to date, in one transaction. An existing file is copied beside itself first. Nothing
/// is locked when nothing is due.
pub(crate) fn run(
    connection: &mut Connection,
    path: &Path,
    options: &Options,
    migrations: &[&Migration],
) -> Result<(), OpenError> {
    let failed = |error: rusqlite::Error| OpenError::from_sqlite(path, &error);
    let blank = table::migration::is_blank(connection).map_err(failed)?;
    let supported = refuse_newer(connection, path, migrations)?;
    let due = due(connection, path, blank, migrations)?;
    let Some(last) = due.last() else { return Ok(()) };
    if !blank {
        backup::before_migration(connection, path, options, last.number)?;
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    table::migration::create(&transaction).map_err(failed)?;
    for migration in &due {
        table::migration::apply(&transaction, migration).map_err(|error| {
            match OpenError::from_sqlite(path, &error) {
                OpenError::Other { path, detail } => {
                    OpenError::Migration { path, name: migration.name.to_owned(), detail }
                }
                sorted => sorted,
            }
        })?;
    }
    transaction.pragma_update(None, "application_id", crate::open::APPLICATION_ID).map_err(failed)?;
    transaction.pragma_update(None, "user_version", supported).map_err(failed)?;
    transaction.commit().map_err(failed)
}

/// Refuses a file whose tables a newer version has changed beyond what this one can follow. Answers the generation
/// this version writes.
pub(crate) fn refuse_newer(connection: &Connection, path: &Path, migrations: &[&Migration]) -> Result<u32, OpenError> {
    let supported = migrations.iter().map(|migration| migration.generation).max().unwrap_or_default();
    let found: u32 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(|error| OpenError::from_sqlite(path, &error))?;
    if found > supported {
        return Err(OpenError::Newer { path: path.to_owned(), found, supported });
    }
    Ok(supported)
}

/// The migrations the file lacks. Those it has must be the same as ours.
fn due<'a>(
    connection: &Connection,
    path: &Path,
    blank: bool,
    migrations: &[&'a Migration],
) -> Result<Vec<&'a Migration>, OpenError> {
    if blank {
        return Ok(migrations.to_vec());
    }
    let applied = table::migration::applied(connection).map_err(|error| OpenError::from_sqlite(path, &error))?;
    let mut applied: BTreeMap<u32, table::migration::Applied> =
        applied.into_iter().map(|applied| (applied.number, applied)).collect();
    let mut due = Vec::new();
    for migration in migrations {
        match applied.remove(&migration.number) {
            None => due.push(*migration),
            Some(applied) if applied.checksum == migration.checksum() => {}
            Some(applied) => return Err(OpenError::EditedMigration { path: path.to_owned(), name: applied.name }),
        }
    }
    // What is left came from a newer version that let older ones go on with the file.
    Ok(due)
}

#[cfg(test)]
mod tests;
