//! The contract on SQLite, and what only a file can do.

use std::path::Path;

use super::super::contract;
use super::*;

macro_rules! keeps {
    ($($name:ident)*) => {
        $(#[test] fn $name() {
            contract::$name(Sqlite::in_memory(contract::random()).unwrap());
            let folder = tempfile::tempdir().unwrap();
            contract::$name(open(folder.path()));
        })*
    };
}

keeps! {
    rows_get_places_in_order_and_come_back_as_they_were
    a_page_ends_at_its_weight_and_goes_on_where_it_ended
    a_request_is_known_again_by_its_bytes
    an_update_builds_on_what_is_there
    a_purge_is_for_ever
    the_library_is_never_purged
    a_space_of_somebody_else_is_like_none
    a_refused_write_leaves_the_others_of_its_group
    a_cursor_is_good_within_its_lineage
    the_digest_is_a_sum_over_documents
    folding_replaces_rows_and_changes_nothing_else
    folding_keeps_who_wrote_each_part_and_when
    a_fold_that_misses_a_row_or_meets_a_removal_is_refused
    the_newest_notes_follow_the_library
    the_last_versions_seen_are_kept_for_a_while
    receipts_say_how_far_each_device_is
    an_account_is_made_once
}

fn open(folder: &Path) -> Sqlite {
    Sqlite::open(&folder.join("server.db"), contract::random()).unwrap()
}

#[test]
fn the_store_id_is_made_once_and_what_was_written_is_there_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut database = open(folder.path());
    let store = database.store_id().unwrap();
    let user = database.make_account("i", "maria", 0).unwrap();
    drop(database);
    let mut again = open(folder.path());
    assert_eq!(again.store_id().unwrap(), store);
    assert_eq!(again.make_account("i", "maria", 0).unwrap(), user);
    assert_eq!(again.reader().unwrap().store_id().unwrap(), store);
}

#[test]
fn an_account_can_be_made_beside_a_running_server() {
    let folder = tempfile::tempdir().unwrap();
    let mut serving = open(folder.path());
    let mut beside = open(folder.path());
    let user = beside.make_account("i", "maria", 0).unwrap();
    let opening = super::super::Opening { issuer: "i".to_owned(), subject: "maria".to_owned(), device: None };
    let written = serving.write(&[Write::Open(opening)], 0).remove(0).unwrap();
    assert!(matches!(written, Written::Opened { user_id, .. } if user_id == user));
}

#[test]
fn a_write_that_cannot_be_done_fails_alone() {
    let mut database = Sqlite::in_memory(contract::random()).unwrap();
    let user_id = database.make_account("i", "maria", 0).unwrap();
    let opening = super::super::Opening { issuer: "i".to_owned(), subject: "maria".to_owned(), device: None };
    let Written::Opened { spaces, .. } = database.write(&[Write::Open(opening)], 0).remove(0).unwrap() else {
        panic!("not opened")
    };
    // A row of this size is above what the connection takes, as a full disk would be.
    database.connection.set_limit(rusqlite::limits::Limit::SQLITE_LIMIT_LENGTH, 100_000).unwrap();
    let row = |n: u8, bytes: usize| {
        Write::Row(super::super::NewRow {
            user_id: user_id.clone(),
            space_id: spaces[0].id,
            note_id: NoteId::from_bytes([n; 16]),
            after: 0,
            request: None,
            change: stet_sync::server::Change::Update(vec![stet_protocol::bytes::Bytes(vec![1; bytes])]),
            seen: Vec::new(),
        })
    };
    let written = database.write(&[row(1, 10), row(2, 200_000), row(3, 10)], 0);
    assert!(matches!(written[0], Ok(Written::Stored { seq: 1, .. })));
    assert!(matches!(written[1], Err(WriteError::Failed(_))));
    assert!(matches!(written[2], Ok(Written::Stored { seq: 2, .. })));
}

#[test]
fn a_file_that_is_something_else_or_newer_is_refused_with_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server.db");
    std::fs::write(&path, "not a database, but long enough to be looked at as one".repeat(100)).unwrap();
    let Err(error) = Sqlite::open(&path, contract::random()) else { panic!("opened") };
    assert!(matches!(error, OpenError::Foreign(_)), "{error}");
    std::fs::remove_file(&path).unwrap();
    drop(open(folder.path()));
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let Err(error) = Sqlite::open(&path, contract::random()) else { panic!("opened") };
    assert!(error.to_string().contains("newer server"), "{error}");
}

#[test]
fn a_file_of_every_earlier_layout_is_brought_up_to_date() {
    for steps in 1..=schema::STEPS.len() {
        let folder = tempfile::tempdir().unwrap();
        let file = Connection::open(folder.path().join("server.db")).unwrap();
        schema::STEPS[..steps].iter().for_each(|step| file.execute_batch(step).unwrap());
        file.execute("INSERT INTO meta (key, value) VALUES ('store_id', ?1)", [[7; 16]]).unwrap();
        file.pragma_update(None, "application_id", schema::APPLICATION_ID).unwrap();
        file.pragma_update(None, "user_version", steps as i32).unwrap();
        drop(file);
        let database = open(folder.path());
        assert_eq!(database.store_id().unwrap(), StoreId::from_bytes([7; 16]));
        let version: usize = database.connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
        assert_eq!(version, schema::STEPS.len());
        contract::the_newest_notes_follow_the_library(database);
    }
}

#[test]
fn the_parts_of_folds_made_in_an_earlier_layout_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut database = open(folder.path());
    let user_id = database.make_account("i", "maria", 0).unwrap();
    let opening = super::super::Opening { issuer: "i".to_owned(), subject: "maria".to_owned(), device: None };
    let Ok(Written::Opened { spaces, .. }) = database.write(&[Write::Open(opening)], 0).remove(0) else {
        panic!("not opened")
    };
    let note_id = NoteId::from_bytes([1; 16]);
    database
        .connection
        .execute_batch(
            "DROP TABLE parts;
             CREATE TABLE parts (place INTEGER NOT NULL REFERENCES log (place) ON DELETE CASCADE, seq INTEGER NOT NULL,
                 timestamp INTEGER NOT NULL, device_id BLOB, PRIMARY KEY (place, seq)) STRICT, WITHOUT ROWID;
             INSERT INTO log SELECT (space << 40) | 7, zeroblob(16), x'0000000101', 0, 70, NULL FROM spaces;
             UPDATE log SET note_id = x'01010101010101010101010101010101';
             INSERT INTO parts SELECT place, 5, 50, x'02020202020202020202020202020202' FROM log;
             INSERT INTO parts SELECT place, 7, 70, NULL FROM log;
             PRAGMA user_version = 2;",
        )
        .unwrap();
    drop(database);
    let database = open(folder.path());
    let access = Access { user_id: &user_id, space_id: spaces[0].id };
    let device_id = Some(stet_model::id::DeviceId::from_bytes([2; 16]));
    let parts = [Part { seq: 5, timestamp: 50, device_id }, Part { seq: 7, timestamp: 70, device_id: None }];
    assert_eq!(database.parts(access, note_id).unwrap(), parts);
}
