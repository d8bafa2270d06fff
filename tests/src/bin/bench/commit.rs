//! The control for a commit: one row of the same size in one transaction, WAL and `synchronous=FULL`.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::samples::Round;

pub struct Disk {
    connection: Connection,
}

impl Disk {
    pub fn new(path: &Path) -> Self {
        let connection = Connection::open(path).expect("a database for the control");
        connection.pragma_update(None, "journal_mode", "wal").expect("WAL");
        connection.pragma_update(None, "synchronous", "full").expect("FULL");
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
}
