//! A damaged store: the file is kept, what is unsent and can be read is in a new one, and a crash in between loses nothing.

use std::fs::{self, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use stet_store::{OpenError, Options, Write, open, salvage};
use tempfile::TempDir;

use crate::stage::*;

const PAGE: u64 = 4_096;

/// A store with sent and unsent notes, closed: of ten, those with an even number are unsent.
fn closed() -> (TempDir, PathBuf) {
    let mut store = Store::new();
    store.commit([
        Write::Meta { key: "device".into(), value: Some("this one".to_owned()) },
        Write::Cursor { space: SPACE, cursor: cursor(40) },
    ]);
    for n in 1..=10 {
        let write = Write::Local {
            doc: doc(n),
            delta: vec![n; 9_000],
            head: vec![n],
            unsent: n % 2 == 0,
            row: Some(titled("title")),
            at: i64::from(n),
        };
        store.commit([write, index(n, n, "title", "text")]);
    }
    store.commit([
        Write::Snapshot { doc: doc(4), bytes: vec![44; 9_000], through: i64::MAX },
        local(4, 40, titled("t")),
    ]);
    store.commit([Write::Apart { doc: doc(6), apart: true }]);
    let Store { writer, reader, path, folder } = store;
    drop((reader, writer));
    (folder, path)
}

fn page(path: &Path, number: u64) -> Vec<u8> {
    let mut file = OpenOptions::new().read(true).open(path).unwrap();
    let mut bytes = vec![0; PAGE as usize];
    file.seek(SeekFrom::Start(number * PAGE)).unwrap();
    file.read_exact(&mut bytes).unwrap();
    bytes
}

fn overwrite(path: &Path, number: u64, bytes: &[u8]) {
    let mut file = OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(number * PAGE)).unwrap();
    file.write_all(bytes).unwrap();
}

/// The page a table or an index begins at.
fn root(path: &Path, name: &str) -> u64 {
    let store = Connection::open(path).unwrap();
    let root: u64 =
        store.query_row("SELECT rootpage FROM sqlite_schema WHERE name = ?1", [name], |row| row.get(0)).unwrap();
    root - 1
}

fn kept(path: &Path, number: u32) -> PathBuf {
    PathBuf::from(format!("{}.damaged-{number}", path.display()))
}

#[test]
fn what_is_unsent_is_in_the_new_store_and_the_damaged_file_is_kept() {
    let (_folder, path) = closed();
    // What only lists need: everything unsent can be read.
    overwrite(&path, root(&path, "points"), &[0xa5; PAGE as usize]);
    let before = fs::read(&path).unwrap();
    assert!(matches!(open(&path, &Options::default()).map(drop), Err(OpenError::Damaged { .. })));

    let salvaged = salvage(&path).unwrap();
    assert_eq!((salvaged.kept.clone(), salvaged.unreadable), (kept(&path, 1), 0));
    assert_eq!(salvaged.documents, [2, 4, 6, 8, 10].map(doc));
    assert!(fs::read(&salvaged.kept).unwrap() == before, "the damaged file is as it was");

    let (writer, reader) = open(&path, &Options::default()).unwrap();
    assert!(reader.check().unwrap().is_empty());
    let boot = writer.boot().unwrap();
    assert_eq!(
        (boot.meta["device"].as_str(), boot.cursors.len()),
        ("this one", 0),
        "the log is read from its beginning"
    );
    let unsent: Vec<_> = boot.unsent.iter().map(|unsent| unsent.doc).collect();
    assert_eq!((unsent, boot.apart), (salvaged.documents, vec![doc(6)]));
    let document = reader.document(doc(4)).unwrap().unwrap();
    let parts: Vec<_> = document.updates.iter().map(|update| (update.imported, update.ops.clone())).collect();
    assert_eq!(parts, [(true, vec![44; 9_000]), (true, vec![4, 40])]);
    assert_eq!((document.head, document.known, document.last_seq, document.at), (vec![40], vec![], 0, 40));
    assert_eq!(boot.unindexed.len(), 5, "their rows and their text are made again");
}

#[test]
fn a_note_that_was_removed_elsewhere_and_waits_for_an_answer_is_saved_too() {
    let (_folder, path) = closed();
    let (mut writer, reader) = open(&path, &Options::default()).unwrap();
    writer.commit(&[Write::Removed { doc: doc(3), seq: 50, held: held() }]).unwrap();
    drop((writer, reader));
    overwrite(&path, root(&path, "points"), &[0xa5; PAGE as usize]);
    assert_eq!(salvage(&path).unwrap().documents, [2, 3, 4, 6, 8, 10].map(doc));
    let (writer, reader) = open(&path, &Options::default()).unwrap();
    assert_eq!(reader.document(doc(3)).unwrap().unwrap().updates[0].ops, [3; 9_000]);
    assert_eq!(writer.boot().unwrap().unsent.len(), 6, "its removal meets what is unsent here");
}

#[test]
fn whichever_page_is_broken_the_rest_is_saved() {
    let (folder, path) = closed();
    let pages = fs::metadata(&path).unwrap().len() / PAGE;
    let mut saved = 0;
    let mut damaged = 0;
    for number in 1..pages {
        let whole = page(&path, number);
        overwrite(&path, number, &[0xa5; PAGE as usize]);
        if matches!(open(&path, &Options::default()).map(drop), Err(OpenError::Damaged { .. })) {
            damaged += 1;
            let salvaged = salvage(&path).unwrap();
            let (writer, reader) = open(&path, &Options::default()).unwrap();
            assert!(reader.check().unwrap().is_empty());
            assert_eq!(writer.boot().unwrap().unsent.len(), salvaged.documents.len());
            let intact = |doc: &stet_store::DocKey| {
                let stored = reader.document(*doc).unwrap().unwrap();
                let bytes: usize = stored.updates.iter().map(|update| update.ops.len()).sum();
                bytes >= 9_000 && stored.updates.iter().all(|update| !update.ops.contains(&0xa5))
            };
            saved += salvaged.documents.iter().filter(|doc| intact(doc)).count();
            drop((writer, reader));
            fs::rename(salvaged.kept, &path).unwrap();
        }
        overwrite(&path, number, &whole);
    }
    assert!(damaged > 20, "{damaged} of {pages} pages are found damaged");
    // A broken page takes the documents on it with it, or a table's way in: not much else.
    assert!(saved * 10 >= damaged * 5 * 8, "{saved} documents of {} were saved", damaged * 5);
    drop(folder);
}

#[test]
fn damage_that_is_met_later_in_a_large_file_is_found_by_the_next_opening() {
    let mut store = Store::new();
    for n in 1..=250 {
        store.commit([Write::Local {
            doc: doc(n),
            delta: vec![n; 60_000],
            head: vec![n],
            unsent: n % 2 == 0,
            row: Some(titled("title")),
            at: i64::from(n),
        }]);
    }
    let Store { writer, reader, path, folder: _folder } = store;
    drop((reader, writer));
    let pages = fs::metadata(&path).unwrap().len() / PAGE;
    assert!(pages > 3_000);
    overwrite(&path, pages / 2, &[0xa5; PAGE as usize]);

    let (writer, reader) = open(&path, &Options::default()).expect("nothing looks at the middle of a large file");
    let found = (1..=250).filter(|n| matches!(reader.document(doc(*n)), Err(stet_store::ReadError::Corrupt { .. })));
    assert!(found.count() > 0);
    drop((writer, reader));
    assert!(matches!(open(&path, &Options::default()).map(drop), Err(OpenError::Damaged { .. })));
    assert!(salvage(&path).unwrap().documents.len() >= 124);
    open(&path, &Options::default()).map(drop).unwrap();
    assert!(!PathBuf::from(format!("{}.suspect", path.display())).exists(), "that is over");
}

#[test]
fn a_log_that_was_not_folded_yet_is_read_and_kept_too() {
    let (folder, path) = closed();
    let (mut writer, reader) = open(&path, &Options::default()).unwrap();
    writer.commit(&[local(12, 12, titled("last words"))]).unwrap();
    // As a crash leaves them.
    let (database, log) = (fs::read(&path).unwrap(), fs::read(folder.path().join("stet.db-wal")).unwrap());
    let root = root(&path, "points");
    drop((writer, reader));
    fs::write(&path, database).unwrap();
    fs::write(folder.path().join("stet.db-wal"), log).unwrap();
    overwrite(&path, root, &[0xa5; PAGE as usize]);

    let salvaged = salvage(&path).unwrap();
    assert!(salvaged.documents.contains(&doc(12)), "{:?}", salvaged.documents);
    assert!(folder.path().join("stet.db.damaged-1-wal").exists());
    assert!(!folder.path().join("stet.db-wal").exists(), "it isn't replayed into the new store");
    let (writer, _reader) = open(&path, &Options::default()).unwrap();
    assert_eq!(writer.boot().unwrap().unsent.len(), 6);
}

#[test]
fn a_file_of_which_nothing_is_left_makes_way_as_well() {
    let (_folder, path) = closed();
    OpenOptions::new().write(true).open(&path).unwrap().set_len(0).unwrap();
    assert!(salvage(&path).unwrap().documents.is_empty());
    let (writer, _reader) = open(&path, &Options::default()).unwrap();
    assert_eq!(writer.boot().unwrap(), stet_store::Boot::default());
}

#[test]
fn a_crash_before_the_new_store_is_in_its_place_loses_nothing() {
    let (folder, path) = closed();
    overwrite(&path, root(&path, "points"), &[0xa5; PAGE as usize]);
    let before = fs::read(&path).unwrap();
    salvage(&path).unwrap();
    let new = fs::read(&path).unwrap();
    // The new store was whole, and not yet in place; the damaged one still had a log.
    fs::write(folder.path().join("stet.db.salvaged"), &new).unwrap();
    fs::write(&path, &before).unwrap();
    fs::write(folder.path().join("stet.db-wal"), b"of the damaged one").unwrap();
    let (writer, _reader) = open(&path, &Options::default()).unwrap();
    assert_eq!(writer.boot().unwrap().unsent.len(), 5);
    assert!(!folder.path().join("stet.db.salvaged").exists());
}

#[test]
fn a_disk_that_damages_one_store_after_the_other_is_told_of() {
    let (_folder, path) = closed();
    for number in 1..=9 {
        overwrite(&path, 2, &[0xa5; PAGE as usize]);
        assert_eq!(salvage(&path).unwrap().kept, kept(&path, number));
    }
    let error = salvage(&path).unwrap_err();
    assert!(matches!(&error, OpenError::Damaged { detail, .. } if detail.contains("disk")), "{error}");
    assert!(path.exists());
}
