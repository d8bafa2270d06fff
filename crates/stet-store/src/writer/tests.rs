//! A process that dies inside a transaction: what the disk has at that moment is copied and opened. And how SQLite is
//! compiled, where that is seen in no other way.

use std::fs;

use rusqlite::StatementStatus;
use stet_model::id::NoteId;

use super::*;
use crate::RowFields;
use crate::{Options, open};

const SPACE: SpaceId = SpaceId::from_bytes([1; 16]);

fn local(n: u8, bytes: usize) -> Write {
    let doc = DocKey { space: SPACE, note: NoteId::from_bytes([n + 2; 16]) };
    let delta = vec![n; bytes];
    Write::Local { doc, delta, head: vec![n], unsent: true, row: Some(RowFields::default()), at: 1 }
}

#[test]
fn killed_inside_a_transaction_nothing_of_it_is_there_and_everything_before_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stet.db");
    let (mut writer, _reader) = open(&path, &Options::default()).unwrap();
    writer.commit(&[local(1, 10)]).unwrap();

    // So small a cache that what isn't committed is already in the log's file.
    writer.connection.pragma_update(None, "cache_size", 1).unwrap();
    let transaction = writer.connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    for n in 2..40 {
        assert!(apply(&transaction, &local(n, 20_000), &mut writer.known_words).is_ok());
    }
    let log = fs::metadata(folder.path().join("stet.db-wal")).unwrap().len();
    assert!(log > 500_000, "the log has only {log} bytes, so this shows nothing");

    let after = tempfile::tempdir().unwrap();
    for name in ["stet.db", "stet.db-wal"] {
        fs::copy(folder.path().join(name), after.path().join(name)).unwrap();
    }
    drop(transaction);
    let (survivor, reader) = open(&after.path().join("stet.db"), &Options::default()).unwrap();
    let unsent = survivor.boot().unwrap().unsent;
    assert_eq!(unsent.len(), 1);
    assert_eq!(unsent[0].doc.note, NoteId::from_bytes([3; 16]), "the first");
    assert!(reader.check().unwrap().is_empty());
}

#[test]
fn a_statement_that_is_kept_is_not_prepared_anew_for_other_values() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, _reader) = open(&folder.path().join("stet.db"), &Options::default()).unwrap();
    let sql = "SELECT d.id FROM documents d JOIN spaces s ON s.id = d.space WHERE s.uuid = ?1 AND d.note = ?2";
    for n in 1..4 {
        writer.commit(&[local(n, 10)]).unwrap();
        let mut kept = writer.connection.prepare_cached(sql).unwrap();
        let found = kept.exists((SPACE.as_bytes(), [n + 2; 16])).unwrap();
        assert!(found);
        let anew = kept.get_status(StatementStatus::RePrepare);
        assert_eq!(anew, 0, "SQLite isn't compiled as .cargo/config.toml says");
    }
}

#[test]
fn a_log_cut_off_inside_its_last_transaction_loses_that_one_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stet.db");
    let (mut writer, _reader) = open(&path, &Options::default()).unwrap();
    writer.commit(&[local(1, 10)]).unwrap();
    let log = folder.path().join("stet.db-wal");
    let first = fs::metadata(&log).unwrap().len();
    writer.commit(&[local(2, 50_000)]).unwrap();
    let second = fs::metadata(&log).unwrap().len();
    assert!(second > first + 4096);

    for length in [first, first + 100, second - 4096, second - 1] {
        let after = tempfile::tempdir().unwrap();
        for name in ["stet.db", "stet.db-wal"] {
            fs::copy(folder.path().join(name), after.path().join(name)).unwrap();
        }
        let cut = fs::OpenOptions::new().write(true).open(after.path().join("stet.db-wal")).unwrap();
        cut.set_len(length).unwrap();
        let (survivor, _reader) = open(&after.path().join("stet.db"), &Options::default()).unwrap();
        assert_eq!(survivor.boot().unwrap().unsent.len(), 1, "{length} bytes of the log");
    }
}

#[test]
fn the_log_does_not_grow_without_end_while_nobody_is_idle() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stet.db");
    let (mut writer, _reader) = open(&path, &Options::default()).unwrap();
    for n in 0..60 {
        writer.commit(&[local(n, 1 << 20)]).unwrap();
    }
    let log = fs::metadata(folder.path().join("stet.db-wal")).unwrap().len();
    assert!(log < u64::from(FOLD_NOW) * 4096 + (4 << 20), "the log has {log} bytes");
}

#[test]
fn a_very_large_log_is_cut_when_idle() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stet.db");
    let (mut writer, _reader) = open(&path, &Options::default()).unwrap();
    let large: Vec<Write> = (0..70).map(|n| local(n, 1 << 20)).collect();
    // A reader that began before keeps the log from being folded inside the commit.
    let watcher = Connection::open(&path).unwrap();
    watcher.execute_batch("BEGIN; SELECT count(*) FROM documents").unwrap();
    writer.commit(&large).unwrap();
    drop(watcher);
    writer.checkpoint_if_large().unwrap();
    assert_eq!(fs::metadata(folder.path().join("stet.db-wal")).unwrap().len(), 0);
    assert_eq!(writer.boot().unwrap().unsent.len(), 70);
}

#[test]
fn words_added_by_a_transaction_that_failed_are_added_again() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, reader) = open(&folder.path().join("stet.db"), &Options::default()).unwrap();
    let note = NoteId::from_bytes([3; 16]);
    let doc = DocKey { space: SPACE, note };
    let index = Write::Index { doc, head: vec![1], title: String::new(), body: "Heidelberg".to_owned(), content: 0 };
    writer.commit(&[local(1, 1)]).unwrap();
    let gone = DocKey { space: SPACE, note: NoteId::from_bytes([9; 16]) };
    writer.commit(&[Write::Purged { doc: gone, seq: 1, cursor: None }]).unwrap();
    assert!(writer.commit(&[index.clone(), local(7, 1)]).is_err());
    writer.commit(&[index]).unwrap();
    let query = crate::ListQuery {
        space: SPACE,
        view: crate::ListView::All,
        search: "delberg".to_owned(),
        after: None,
        limit: 9,
    };
    assert_eq!(reader.list(&query).unwrap().total, 1);
}
