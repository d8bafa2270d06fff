//! Files of earlier versions, migrations that fail, and the promise that a shipped one never changes.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::write::Write;
use crate::{Reader, Writer, open};

/// Every shipped migration by the beginning of its checksum. Lines are only ever added: a store that a user has
/// refuses an edited one.
const SHIPPED: [(u32, &str, &str); 16] = [
    (2026112301, "named values", "df636a9d5b43c7de"),
    (2026112302, "spaces and counts", "74a8ba7d31d5629f"),
    (2026112303, "documents", "62d97e32ff2526ae"),
    (2026112304, "updates", "9d56fe580be0155e"),
    (2026112305, "snapshots", "d9a42daf6efae196"),
    (2026112306, "points", "5d2a076437475b88"),
    (2026112307, "notes", "f3e9e7630f3ff9f0"),
    (2026112308, "tags", "ce782d637f63eb74"),
    (2026112309, "folders", "23e1d8c2358ba824"),
    (2026112310, "devices", "eca3be823bad111f"),
    (2026112311, "search", "d78834e3b237516a"),
    (2026112312, "words", "231ffb0a7101c8b4"),
    (2026112501, "documents with a history of their own", "c1c2edb541445b31"),
    (2026112901, "digests", "0621871a763d7ce2"),
    (2026112904, "since when documents are unsent", "31775696e2d0c0cf"),
    (2026112905, "documents that are gone elsewhere", "4e67633e29d8b617"),
];

#[test]
fn no_shipped_migration_was_edited_or_taken_out() {
    let ours: Vec<_> = all().iter().map(|m| (m.number, m.name, m.checksum())).collect();
    for (number, name, checksum) in SHIPPED {
        let found = ours.iter().find(|(n, ..)| *n == number).expect("the migration is still there");
        assert_eq!((found.1, &found.2[..16]), (name, checksum), "mend it by a later migration");
    }
    assert_eq!(ours.len(), SHIPPED.len(), "add the new migration to the list");
}

#[test]
fn numbers_are_dates_that_rise_and_generations_never_fall() {
    for pair in all().windows(2) {
        assert!(pair[0].number < pair[1].number, "{} and {}", pair[0].name, pair[1].name);
        assert!(pair[0].generation <= pair[1].generation, "{} and {}", pair[0].name, pair[1].name);
    }
}

/// A store as this version leaves it, with one named value in it.
fn store() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stet.db");
    let (mut writer, _reader): (Writer, Reader) = open(&path, &Options::default()).unwrap();
    writer.commit(&[Write::Meta { key: "kept", value: Some("value".to_owned()) }]).unwrap();
    (folder, path)
}

fn later(number: u32, generation: u32, sql: &'static str) -> Migration {
    Migration { number, name: "later", generation, sql }
}

fn run_with(path: &Path, migration: &Migration) -> Result<(), OpenError> {
    let mut list = all();
    list.push(migration);
    run(&mut Connection::open(path).unwrap(), path, &Options::default(), &list)
}

fn names(folder: &TempDir) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with("-shm") && !name.ends_with("-wal"))
        .collect();
    names.sort();
    names
}

#[test]
fn an_existing_file_is_copied_before_it_is_migrated_and_keeps_its_content() {
    let (folder, path) = store();
    run_with(&path, &later(2099010101, 2, "ALTER TABLE meta ADD COLUMN extra TEXT")).unwrap();
    assert_eq!(names(&folder), ["stet.db", "stet.db.before-2099010101"]);
    let refused = open(&path, &Options::default()).map(drop).unwrap_err();
    assert!(matches!(refused, OpenError::Newer { found: 2, supported: 1, .. }), "{refused}");

    let copy = folder.path().join("stet.db.before-2099010101");
    let (_writer, reader) = open(&copy, &Options::default()).unwrap();
    assert_eq!(reader.meta("kept").unwrap().as_deref(), Some("value"), "this version still opens the copy");
}

#[test]
fn only_the_last_copies_are_kept() {
    let (folder, path) = store();
    for number in 2099010101..=2099010104 {
        let migration = later(number, 1, "CREATE TABLE IF NOT EXISTS more (x INTEGER) STRICT");
        run_with(&path, &migration).unwrap();
    }
    assert_eq!(names(&folder), ["stet.db", "stet.db.before-2099010103", "stet.db.before-2099010104"]);
}

#[test]
fn a_migration_that_fails_leaves_the_file_as_it_was() {
    let (folder, path) = store();
    let broken = later(2099010101, 2, "ALTER TABLE meta ADD COLUMN extra TEXT; SELECT * FROM nowhere;");
    let failed = run_with(&path, &broken).unwrap_err();
    assert!(matches!(&failed, OpenError::Migration { name, .. } if name == "later"), "{failed}");
    assert!(failed.to_string().contains("as it was"), "{failed}");
    let (_writer, reader) = open(&path, &Options::default()).unwrap();
    assert_eq!(reader.meta("kept").unwrap().as_deref(), Some("value"));
    let columns: i64 = Connection::open(&path)
        .unwrap()
        .query_row("SELECT count(*) FROM pragma_table_info('meta')", [], |row| row.get(0))
        .unwrap();
    assert_eq!(columns, 2);
    drop(folder);
}

#[test]
fn nothing_is_copied_or_locked_when_nothing_is_due() {
    let (folder, path) = store();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    run(&mut Connection::open(&path).unwrap(), &path, &Options::default(), &all()).unwrap();
    assert_eq!(names(&folder), ["stet.db"]);
}

/// The oldest schema there is. When a second generation comes, its ladder begins here.
#[test]
fn a_store_of_the_first_generation_opens_with_everything_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stet.db");
    let first: Vec<_> = all().into_iter().filter(|m| m.generation == 1).collect();
    run(&mut Connection::open(&path).unwrap(), &path, &Options::default(), &first).unwrap();
    let old = Connection::open(&path).unwrap();
    old.execute_batch(
        "INSERT INTO meta VALUES ('kept', 'value');
         INSERT INTO spaces (uuid) VALUES (zeroblob(16));
         INSERT INTO documents (space, note, head) VALUES (1, randomblob(16), x'01');
         INSERT INTO updates (doc, imported, ops) VALUES (1, 1, x'02');",
    )
    .unwrap();
    drop(old);
    let (writer, reader) = open(&path, &Options::default()).unwrap();
    let boot = writer.boot().unwrap();
    assert_eq!((boot.documents, boot.meta["kept"].as_str()), (1, "value"));
    assert!(reader.check().unwrap().is_empty());
}
