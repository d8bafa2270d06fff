//! Files that are missing, locked, read-only, cut off, damaged, someone else's, or from another version.

use std::fs::{self, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use stet_store::{ListView, OpenError, Options, open};

use crate::stage::*;

fn refused(path: &Path) -> OpenError {
    let error = open(path, &Options::default()).map(drop).expect_err("the file can't be opened");
    assert!(error.to_string().contains(path.to_str().unwrap()), "names the file: {error}");
    error
}

/// A store with 200 notes, closed.
fn closed() -> (tempfile::TempDir, PathBuf) {
    let mut store = Store::new();
    for n in 0..200 {
        store.commit([local(n, n, titled("title")), index(n, n, "title", &format!("some text {n}"))]);
    }
    let Store { writer, reader, path, folder } = store;
    drop((reader, writer));
    assert!(!path.with_extension("db-wal").exists(), "a closed store is one file");
    (folder, path)
}

/// What is in the folder, with its bytes.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.to_str().unwrap().ends_with("-shm"))
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn a_missing_file_is_made_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stet.db");
    fs::write(folder.path().join("stet.db.new"), b"left over from a crash").unwrap();
    let (writer, reader) = open(&path, &Options::default()).unwrap();
    assert_eq!(writer.boot().unwrap().documents, 0);
    assert!(!folder.path().join("stet.db.new").exists());
    drop((writer, reader));
    open(&path, &Options::default()).map(drop).unwrap();
}

#[test]
fn a_missing_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = refused(&folder.path().join("none").join("stet.db"));
    assert!(matches!(error, OpenError::Other { .. }) && error.to_string().contains("folder"), "{error}");
}

#[test]
fn a_file_cut_off_anywhere_is_damaged_and_stays_as_it_is() {
    let (folder, path) = closed();
    let length = fs::metadata(&path).unwrap().len();
    for left in [length - 1, length - 4096, length / 2, 4097, 4096, 1000, 100, 50, 1, 0] {
        OpenOptions::new().write(true).open(&path).unwrap().set_len(left).unwrap();
        let before = contents(folder.path());
        let error = open(&path, &Options::default()).map(drop).expect_err(&format!("{left} bytes left"));
        assert!(matches!(error, OpenError::Damaged { .. }), "{left} bytes left: {error}");
        assert_eq!(contents(folder.path()), before, "{left} bytes left");
    }
}

#[test]
fn damage_in_the_middle_of_a_small_store_is_found() {
    let (_folder, path) = closed();
    let length = fs::metadata(&path).unwrap().len();
    let mut found = 0;
    let pages = length / 4096;
    for page in 1..pages {
        let mut file = OpenOptions::new().read(true).write(true).open(&path).unwrap();
        let mut whole = [0; 4096];
        file.seek(SeekFrom::Start(page * 4096)).unwrap();
        file.read_exact(&mut whole).unwrap();
        file.seek(SeekFrom::Start(page * 4096)).unwrap();
        file.write_all(&[0xa5; 4096]).unwrap();
        drop(file);
        found +=
            u64::from(open(&path, &Options::default()).is_err_and(|error| matches!(error, OpenError::Damaged { .. })));
        let mut file = OpenOptions::new().write(true).open(&path).unwrap();
        file.seek(SeekFrom::Start(page * 4096)).unwrap();
        file.write_all(&whole).unwrap();
    }
    // Pages that are free, or hold a middle part of a long value, have no structure to check.
    assert!(found * 10 >= pages * 8, "found {found} of {pages} damaged pages");
    open(&path, &Options::default()).map(drop).unwrap();
}

#[test]
fn a_file_that_is_no_database_or_another_programs_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stet.db");
    fs::write(
        &path,
        b"Dear diary, today I wrote a text file of more than a hundred bytes, so that it can't be too short to tell.",
    )
    .unwrap();
    let before = contents(folder.path());
    assert!(matches!(refused(&path), OpenError::NotAStore { .. }));
    assert_eq!(contents(folder.path()), before);

    fs::remove_file(&path).unwrap();
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    let before = contents(folder.path());
    assert!(matches!(refused(&path), OpenError::NotAStore { .. }));
    assert_eq!(contents(folder.path()), before);
}

#[test]
fn a_log_without_its_file_is_not_replayed_into_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stet.db");
    fs::write(folder.path().join("stet.db-wal"), b"frames").unwrap();
    assert!(matches!(refused(&path), OpenError::Damaged { .. }));
    assert!(!path.exists());
}

#[test]
fn a_file_locked_by_another_program_says_so() {
    let (_folder, path) = closed();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(matches!(refused(&path), OpenError::Locked { .. }), "somebody writes");
    other.execute_batch("COMMIT; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").unwrap();
    assert!(matches!(refused(&path), OpenError::Locked { .. }), "somebody has it for himself");
    drop(other);
    open(&path, &Options::default()).map(drop).unwrap();
}

#[test]
#[cfg(unix)]
fn a_file_or_folder_that_cannot_be_written_says_so() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, path) = closed();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    if OpenOptions::new().write(true).open(&path).is_ok() {
        // The administrator may write everything; a file system that nobody can write stands in for the permission.
        let system = Path::new("/proc/self/stet.db");
        assert!(open(system, &Options::default()).is_err());
        return;
    }
    assert!(matches!(refused(&path), OpenError::ReadOnly { .. }));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    assert!(matches!(refused(&folder.path().join("new.db")), OpenError::ReadOnly { .. }));
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_file_from_a_newer_version_names_both_versions_and_stays_as_it_is() {
    let (folder, path) = closed();
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = contents(folder.path());
    let error = refused(&path);
    assert!(matches!(error, OpenError::Newer { found: 99, supported: 1, .. }), "{error}");
    assert!(error.to_string().contains("99") && error.to_string().contains("update Stet"), "{error}");
    assert_eq!(contents(folder.path()), before);
}

#[test]
fn a_migration_edited_after_it_was_applied_is_refused_by_name() {
    let (_folder, path) = closed();
    let other = Connection::open(&path).unwrap();
    other.execute("UPDATE migrations SET checksum = 'other' WHERE name = 'folders'", []).unwrap();
    drop(other);
    assert_eq!(refused(&path), OpenError::EditedMigration { path, name: "folders".to_owned() });
}

#[test]
fn a_migration_of_a_newer_version_that_lets_older_ones_go_on_does_not_hinder() {
    let (_folder, path) = closed();
    let other = Connection::open(&path).unwrap();
    other
        .execute_batch(
            "ALTER TABLE meta ADD COLUMN later TEXT;
             INSERT INTO migrations VALUES (2099010101, 'later', 1, 'c', 'ALTER …')",
        )
        .unwrap();
    drop(other);
    open(&path, &Options::default()).map(drop).unwrap();
}

#[test]
fn a_table_that_is_gone_is_damage() {
    let (_folder, path) = closed();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("PRAGMA foreign_keys = OFF; DROP TABLE points").unwrap();
    drop(other);
    assert!(matches!(refused(&path), OpenError::Damaged { .. }));
}

#[test]
fn durability_is_what_it_says() {
    let store = Store::new();
    let other = Connection::open(&store.path).unwrap();
    let mode: String = other.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    let id: i32 = other.pragma_query_value(None, "application_id", |row| row.get(0)).unwrap();
    assert_eq!((mode.as_str(), id), ("wal", stet_store::APPLICATION_ID));
    let loose: Vec<String> = other
        .prepare("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND NOT strict AND name NOT LIKE 'sqlite_%'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(loose, Vec::<String>::new(), "every table of ours is strict");
}

#[test]
fn what_another_program_writes_beside_us_waits_for_nobody() {
    let mut store = Store::new();
    store.commit([local(1, 1, titled("a"))]);
    let other = Connection::open(&store.path).unwrap();
    other.execute_batch("BEGIN; SELECT * FROM notes").unwrap();
    store.commit([local(2, 2, titled("b"))]);
    assert_eq!(store.notes(ListView::All), [2, 1]);
}
