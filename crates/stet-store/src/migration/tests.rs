//! Files of earlier versions, migrations that fail, and the promise that a shipped one never changes.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use stet_model::id::{NoteId, SpaceId};

use crate::write::{DocKey, Write};
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
    writer.commit(&[Write::Meta { key: "kept".into(), value: Some("value".to_owned()) }]).unwrap();
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

/// The last migration of the first version that was landed. Every one after it may have been some version's last.
const FIRST_LANDED: u32 = 2026112312;

/// What a store of any version has: a note with a row in lists, tagged, in a folder, unsent; a received one; a tombstone.
const CONTENT: &str = "
    INSERT INTO meta VALUES ('kept', 'value');
    INSERT INTO spaces (uuid, cursor_seq, cursor_lineage) VALUES (zeroblob(16), 7, zeroblob(16));
    INSERT INTO documents (space, note, head, unsent, at) VALUES (1, x'01010101010101010101010101010101', x'01', 1, 5);
    INSERT INTO documents (space, note, head, known, last_seq, at)
        VALUES (1, x'02020202020202020202020202020202', x'02', x'02', 7, 4);
    INSERT INTO documents (space, note, last_seq, purged) VALUES (1, x'03030303030303030303030303030303', 6, 1);
    INSERT INTO snapshots VALUES (1, x'05');
    INSERT INTO updates (doc, imported, ops) VALUES (1, 1, x'06');
    INSERT INTO updates (doc, seq, imported, ops) VALUES (2, 7, 1, x'07');
    INSERT INTO folders (space, folder, name, position, depth) VALUES (1, zeroblob(16), 'Garden', 0, 0);
    INSERT INTO notes (doc, space, title, preview, starred, pinned, archived, hidden, trashed, tags, created_at, bytes,
                       unsent, at)
        VALUES (1, 1, 'Beans', 'in rows', 1, 0, 0, 0, 0, '[]', 1, 2, 1, 5), (2, 1, 'Peas', '', 0, 0, 0, 0, 0, '[]', 1, 2, 0, 4);";

#[test]
fn a_store_of_every_version_ever_landed_opens_with_everything_in_it() {
    let landed: Vec<u32> =
        SHIPPED.iter().map(|(number, ..)| *number).filter(|number| *number >= FIRST_LANDED).collect();
    assert!(landed.len() > 2);
    for last in landed {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stet.db");
        let first: Vec<_> = all().into_iter().filter(|migration| migration.number <= last).collect();
        run(&mut Connection::open(&path).unwrap(), &path, &Options::default(), &first).unwrap();
        let old = Connection::open(&path).unwrap();
        old.execute_batch(CONTENT).unwrap();
        drop(old);
        let before = fs::read(&path).unwrap();
        // Should a migration fail, what is in it can be read all the same.
        let legible: Vec<_> = crate::read_only(&path).unwrap().into_iter().map(|found| found.parts).collect();
        assert_eq!(legible, [vec![vec![5], vec![6]], vec![vec![7]]], "{last}");
        assert!(fs::read(&path).unwrap() == before, "{last}");

        let (mut writer, reader) = open(&path, &Options::default()).unwrap();
        let boot = writer.boot().unwrap();
        assert_eq!((boot.documents, boot.unsent.len(), boot.meta["kept"].as_str()), (2, 1, "value"), "{last}");
        assert_eq!(boot.cursors[0].1.seq, 7, "{last}");
        let [beans, peas, gone] = [1, 2, 3].map(|n| {
            let doc = DocKey { space: SpaceId::from_bytes([0; 16]), note: NoteId::from_bytes([n; 16]) };
            reader.document(doc).unwrap().unwrap()
        });
        assert_eq!((beans.snapshot, beans.updates[0].ops.as_slice()), (Some(vec![5]), [6].as_slice()), "{last}");
        assert_eq!((peas.last_seq, peas.updates[0].seq, gone.purged), (7, Some(7), true), "{last}");
        let sidebar = reader.sidebar(SpaceId::from_bytes([0; 16])).unwrap();
        assert_eq!((sidebar.counts, sidebar.folders.len()), ([2, 1, 2, 0, 0, 1], 1), "{last}");
        assert!(reader.check().unwrap().is_empty(), "{last}");
        writer.commit(&[Write::Meta { key: "more".into(), value: Some("value".to_owned()) }]).unwrap();
        // The copy from before is that version's, as it was.
        let newest = all().last().map(|migration| migration.number).unwrap();
        let copy = folder.path().join(format!("stet.db.before-{newest}"));
        assert_eq!(copy.exists(), last != newest, "{last}");
        if copy.exists() {
            let numbers = |path: &Path| -> Vec<u32> {
                let file = Connection::open(path).unwrap();
                table::migration::applied(&file).unwrap().into_iter().map(|applied| applied.number).collect()
            };
            assert_eq!(numbers(&copy).last(), Some(&last));
            assert_eq!(fs::read(&copy).unwrap().len(), before.len());
        }
    }
}
