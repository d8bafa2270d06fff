//! The simulated disk forgets what wasn't synced and nothing else: SQLite with the store's settings loses nothing on it,
//! and with weaker ones it does. Should that change, the disk has gone soft.

use rusqlite::{Connection, OpenFlags};
use stet_tests::disk::{Broken, Disk, VFS};
use stet_tests::world::Dice;

const SEEDS: u64 = 200;

fn open(disk: &Disk, synchronous: &str) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags_and_vfs(disk.path("it"), OpenFlags::default(), VFS)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", synchronous)?;
    Ok(connection)
}

/// Rows that were committed, and are there after a power cut; none in a file that is damaged.
fn survived(seed: u64, synchronous: &str, prepare: impl Fn(&Disk)) -> rusqlite::Result<(i64, i64)> {
    let mut dice = Dice::new(seed, 1);
    let disk = Disk::new();
    let connection = open(&disk, "FULL")?;
    connection
        .execute_batch("CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT) STRICT; PRAGMA wal_checkpoint(TRUNCATE)")?;
    drop(connection);
    prepare(&disk);
    let connection = open(&disk, synchronous)?;
    let commits = 1 + dice.below(30) as i64;
    for n in 0..commits {
        let text = "x".repeat(dice.below(6_000) as usize);
        connection.execute("INSERT INTO t VALUES (?1, ?2)", (n, text))?;
        if dice.below(8) == 0 {
            connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
        }
    }
    disk.cut(&mut |below| dice.below(below));
    drop(connection);
    let connection = open(&disk, "FULL")?;
    let whole: String = connection.pragma_query_value(None, "integrity_check", |row| row.get(0))?;
    if whole != "ok" {
        return Ok((commits, 0));
    }
    Ok((commits, connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0))?))
}

/// Seeds that lost a commit.
fn losses(synchronous: &str, prepare: impl Fn(&Disk)) -> usize {
    let lost = |seed: &u64| survived(*seed, synchronous, &prepare).map_or(true, |(committed, there)| there < committed);
    (0..SEEDS).filter(lost).count()
}

#[test]
fn what_was_committed_in_full_is_there_after_a_power_cut() {
    assert_eq!(losses("FULL", |_| {}), 0);
}

#[test]
fn what_was_committed_without_waiting_for_the_disk_is_lost_at_times() {
    assert!(losses("NORMAL", |_| {}) > 0);
}

#[test]
fn on_a_disk_that_only_says_it_synced_commits_are_lost() {
    assert!(losses("FULL", Disk::lies) > 0);
}

#[test]
fn the_end_of_a_process_loses_nothing_that_was_written() {
    let disk = Disk::new();
    let connection = open(&disk, "NORMAL").unwrap();
    connection.execute_batch("CREATE TABLE t (n) ; INSERT INTO t VALUES (1)").unwrap();
    disk.abandon();
    assert!(connection.execute("INSERT INTO t VALUES (2)", []).is_err(), "a process that is gone writes nothing");
    drop(connection);
    let connection = open(&disk, "FULL").unwrap();
    let there: i64 = connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
    assert_eq!(there, 1);
}

#[test]
fn readers_see_what_a_writer_committed_while_both_are_open() {
    let disk = Disk::new();
    let writer = open(&disk, "FULL").unwrap();
    writer.execute_batch("CREATE TABLE t (n)").unwrap();
    let reader = open(&disk, "FULL").unwrap();
    let count = || reader.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count(), 0);
    writer.execute("INSERT INTO t VALUES (1)", []).unwrap();
    assert_eq!(count(), 1);
}

#[test]
fn a_broken_disk_refuses_with_its_own_error_until_it_is_mended() {
    let disk = Disk::new();
    let connection = open(&disk, "FULL").unwrap();
    connection.execute_batch("CREATE TABLE t (n)").unwrap();
    let cases = [
        (Broken::Full, rusqlite::ErrorCode::DiskFull),
        (Broken::Write, rusqlite::ErrorCode::SystemIoFailure),
        (Broken::Sync, rusqlite::ErrorCode::SystemIoFailure),
    ];
    for (broken, code) in cases {
        disk.breaks(Some(broken), 0);
        let error = connection.execute("INSERT INTO t VALUES (1)", []).unwrap_err();
        assert_eq!(error.sqlite_error_code(), Some(code), "{broken:?}: {error}");
        disk.breaks(None, 0);
        connection.execute("INSERT INTO t VALUES (2)", []).unwrap();
    }
    let (wrong, right): (i64, i64) = connection
        .query_row("SELECT count(*) FILTER (WHERE n = 1), count(*) FILTER (WHERE n = 2) FROM t", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!((wrong, right), (0, 3));
}

#[test]
fn a_disk_restored_from_a_copy_has_what_the_copy_had() {
    let disk = Disk::new();
    let connection = open(&disk, "FULL").unwrap();
    connection.execute_batch("CREATE TABLE t (n); INSERT INTO t VALUES (1)").unwrap();
    let backup = disk.copy();
    connection.execute("INSERT INTO t VALUES (2)", []).unwrap();
    disk.restore(&backup);
    drop(connection);
    let connection = open(&disk, "FULL").unwrap();
    let there: i64 = connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
    assert_eq!(there, 1);
}
