//! The control for a commit: rows of the same size in one transaction, WAL and `synchronous=FULL` where nothing else is
//! asked.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::samples::Round;

/// When a commit waits for the disk.
#[derive(Clone, Copy)]
pub enum Synchronous {
    /// Each.
    Full,
    /// None: only folding the log into the database does.
    Normal,
}

pub struct Disk {
    connection: Connection,
}

impl Disk {
    pub fn new(path: &Path) -> Self {
        Self::with(path, Synchronous::Full)
    }

    pub fn with(path: &Path, synchronous: Synchronous) -> Self {
        let synchronous = match synchronous {
            Synchronous::Full => "full",
            Synchronous::Normal => "normal",
        };
        let connection = Connection::open(path).expect("a database for the control");
        connection.pragma_update(None, "journal_mode", "wal").expect("WAL");
        connection.pragma_update(None, "synchronous", synchronous).expect("a durability");
        connection.execute_batch("CREATE TABLE log (seq INTEGER PRIMARY KEY, ops BLOB) STRICT").expect("a table");
        Self { connection }
    }

    pub fn round(&mut self, count: usize, bytes: usize, pause: Duration) -> Round {
        let blob = vec![7_u8; bytes];
        let once = |_| {
            let start = Instant::now();
            self.commit(&blob);
            let took = start.elapsed().as_secs_f64() * 1e6;
            std::thread::sleep(pause);
            took
        };
        Round((0..count).map(once).collect())
    }

    pub fn commit(&mut self, bytes: &[u8]) {
        let insert = self.connection.prepare_cached("INSERT INTO log (ops) VALUES (?1)");
        insert.expect("a statement").execute([bytes]).expect("a commit");
    }

    /// Many rows in one transaction.
    pub fn commit_group(&mut self, rows: &[Vec<u8>]) {
        self.connection.execute_batch("BEGIN IMMEDIATE").expect("it begins");
        rows.iter().for_each(|row| self.commit(row));
        self.connection.execute_batch("COMMIT").expect("a commit");
    }
}
