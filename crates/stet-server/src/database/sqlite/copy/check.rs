//! Whether a database file is whole: SQLite's own reading of it, then every space's log beside what the tables say of it.
//! Never a write.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _};
use stet_model::digest::LogDigest;
use stet_model::id::NoteId;

use super::super::log::{is_packed, places, seq_of};
use super::super::schema::{self, OpenError};
use super::super::unsigned;
use super::CopyError;

/// What a database holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Accounts.
    pub users: u64,
    /// Documents that aren't gone for good.
    pub documents: u64,
    /// Rows of all logs.
    pub rows: u64,
    /// When the last of them was written, server time in epoch milliseconds; absent without any.
    pub last_change: Option<i64>,
}

/// Why a database isn't taken.
enum Wrong {
    Sqlite(rusqlite::Error),
    Damaged(String),
}

impl From<rusqlite::Error> for Wrong {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// A space, as its row has it.
struct Space {
    number: i64,
    seq: u64,
    rows: u64,
    digest: LogDigest,
}

/// Where a document stands, as the log has it or as its own row does.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stands {
    seq: u64,
    purged: bool,
    rows: u64,
}

type Documents = BTreeMap<NoteId, Stands>;

impl Wrong {
    fn about(self, path: &Path) -> CopyError {
        match self {
            Self::Sqlite(error) => CopyError::of(path, error),
            Self::Damaged(what) => CopyError::Damaged { path: path.to_path_buf(), what },
        }
    }
}

pub(super) fn whole(connection: &Connection, path: &Path) -> Result<Contents, CopyError> {
    schema::check_kind(connection, &path.display().to_string()).map_err(|error| match error {
        OpenError::Sqlite(error) => CopyError::of(path, error),
        other => other.into(),
    })?;
    contents(connection).map_err(|wrong| wrong.about(path))
}

/// Only what SQLite can tell: whether the logs say what the tables do isn't asked.
pub(super) fn readable(connection: &Connection, path: &Path) -> Result<(), CopyError> {
    intact(connection).map_err(|wrong| wrong.about(path))
}

fn intact(connection: &Connection) -> Result<(), Wrong> {
    let said: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if said != "ok" {
        return Err(Wrong::Damaged(said));
    }
    let stray: Option<String> = connection.query_row("PRAGMA foreign_key_check", [], |row| row.get(0)).optional()?;
    stray.map_or(Ok(()), |table| Err(Wrong::Damaged(format!("a row of {table} belongs to nothing"))))
}

/// From one moment, also of a file in use.
fn contents(connection: &Connection) -> Result<Contents, Wrong> {
    let moment = connection.unchecked_transaction()?;
    intact(&moment)?;
    let users = moment.query_row("SELECT count(*) FROM users", [], |row| row.get(0).map(unsigned))?;
    let mut contents = Contents { users, ..Contents::default() };
    for space in spaces(&moment)? {
        let documents = log(&moment, &space, &mut contents)?;
        compare(&moment, &space, &documents)?;
        contents.documents += documents.values().map(|stands| u64::from(!stands.purged)).sum::<u64>();
    }
    Ok(contents)
}

fn spaces(connection: &Connection) -> Result<Vec<Space>, rusqlite::Error> {
    let mut statement = connection.prepare("SELECT space, seq, rows, digest FROM spaces ORDER BY space")?;
    let rows = statement.query_map([], |row| {
        Ok(Space {
            number: row.get(0)?,
            seq: unsigned(row.get(1)?),
            rows: unsigned(row.get(2)?),
            digest: LogDigest::from_bytes(row.get(3)?),
        })
    })?;
    rows.collect()
}

/// Reads every row of a log, and where each document stands by it.
fn log(connection: &Connection, space: &Space, contents: &mut Contents) -> Result<Documents, Wrong> {
    let mut documents = Documents::new();
    let mut statement = connection.prepare(
        "SELECT place, note_id, ops, purged, timestamp FROM log WHERE place BETWEEN ?1 AND ?2 ORDER BY place",
    )?;
    let (first, last) = places(space.number);
    let mut rows = statement.query([first, last])?;
    while let Some(row) = rows.next()? {
        let (seq, note_id, purged) = (seq_of(row.get(0)?), NoteId::from_bytes(row.get(1)?), row.get(3)?);
        let ops: Vec<u8> = row.get(2)?;
        let stands = documents.entry(note_id).or_insert(Stands { seq, purged: false, rows: 0 });
        // After a purge nothing comes, and nothing is left before it.
        if stands.purged || (purged && stands.rows > 0) || ops.is_empty() != purged || !is_packed(&ops) {
            return Err(space.damaged(&format!("row {seq} can't be right")));
        }
        *stands = Stands { seq, purged, rows: stands.rows + 1 };
        contents.rows += 1;
        contents.last_change = contents.last_change.max(row.get(4)?);
    }
    Ok(documents)
}

/// Holds what a log says against what is known of it.
fn compare(connection: &Connection, space: &Space, documents: &Documents) -> Result<(), Wrong> {
    let mut digest = LogDigest::default();
    for (note_id, stands) in documents {
        digest.add(*note_id, stands.seq, stands.purged);
    }
    let end = documents.values().map(|stands| stands.seq).max().unwrap_or(0);
    let rows: u64 = documents.values().map(|stands| stands.rows).sum();
    let late: Option<i64> = connection
        .query_row(
            "SELECT number FROM lineages WHERE space = ?1 AND starts_after > ?2",
            [space.number, space.seq.cast_signed()],
            |row| row.get(0),
        )
        .optional()?;
    if *documents != of_table(connection, space)? {
        return Err(space.damaged("its log has other documents than are known"));
    }
    if (end, rows) != (space.seq, space.rows) {
        return Err(space.damaged("its log ends elsewhere than is known"));
    }
    if digest != space.digest {
        return Err(space.damaged("its log has another digest than is known"));
    }
    late.map_or(Ok(()), |_| Err(space.damaged("a lineage begins after the end of its log")))
}

fn of_table(connection: &Connection, space: &Space) -> Result<Documents, rusqlite::Error> {
    let mut statement = connection.prepare("SELECT note_id, seq, purged, rows FROM documents WHERE space = ?1")?;
    let rows = statement.query_map([space.number], |row| {
        let stands = Stands { seq: unsigned(row.get(1)?), purged: row.get(2)?, rows: unsigned(row.get(3)?) };
        Ok((NoteId::from_bytes(row.get(0)?), stands))
    })?;
    rows.collect()
}

impl Space {
    fn damaged(&self, what: &str) -> Wrong {
        Wrong::Damaged(format!("space {}: {what}", self.number))
    }
}
