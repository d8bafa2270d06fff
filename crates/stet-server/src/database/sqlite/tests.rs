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
        drop(earlier(folder.path(), steps));
        let database = open(folder.path());
        assert_eq!(database.store_id().unwrap(), StoreId::from_bytes([7; 16]));
        assert_eq!(layout(&database.connection), schema::STEPS.len());
        contract::the_newest_notes_follow_the_library(database);
    }
}

/// A file as an earlier server left it, with a layout of this many steps.
fn earlier(folder: &Path, steps: usize) -> Connection {
    let file = Connection::open(folder.join("server.db")).unwrap();
    schema::STEPS[..steps].iter().for_each(|step| file.execute_batch(step).unwrap());
    file.execute("INSERT INTO meta (key, value) VALUES ('store_id', ?1)", [[7; 16]]).unwrap();
    file.pragma_update(None, "application_id", schema::APPLICATION_ID).unwrap();
    file.pragma_update(None, "user_version", steps as i32).unwrap();
    file
}

fn layout(connection: &Connection) -> usize {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
}

/// The layout of the file as it is, opened by nobody.
fn layout_of(file: &Path) -> usize {
    layout(&Connection::open(file).unwrap())
}

fn names(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| !name.ends_with("-shm") && !name.ends_with("-wal")).collect();
    names.sort();
    names
}

fn not_opened(folder: &Path) -> OpenError {
    Sqlite::open(&folder.join("server.db"), contract::random()).map(drop).unwrap_err()
}

#[test]
fn an_existing_file_is_copied_before_it_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    // What is still in the log beside the file when it is opened belongs to it.
    let crashed = earlier(folder.path(), 2);
    crashed.pragma_update(None, "journal_mode", "WAL").unwrap();
    crashed.execute("INSERT INTO users VALUES (1, 'u', 'i', 'maria', zeroblob(16), 0)", []).unwrap();
    drop(open(folder.path()));
    assert_eq!(names(folder.path()), ["server.db", "server.db.before-3"]);
    let copy = folder.path().join("server.db.before-3");
    assert_eq!((layout_of(&copy), layout_of(&folder.path().join("server.db"))), (2, 3));
    assert_eq!(copy::check(&copy).unwrap().users, 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(copy.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn nothing_is_copied_where_nothing_is_due_or_nothing_was_there() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    drop(open(folder.path()));
    assert_eq!(names(folder.path()), ["server.db"]);
}

#[test]
fn only_the_last_copies_from_before_an_update_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    drop(earlier(folder.path(), 1));
    let others = ["server.db.before-1", "server.db.before-2", "server.db.before-restore-1", "other.before-1"];
    others.iter().for_each(|name| std::fs::write(folder.path().join(name), "x").unwrap());
    drop(open(folder.path()));
    let kept = [others[3], "server.db", others[1], "server.db.before-3", others[2]];
    assert_eq!(names(folder.path()), kept);
}

#[test]
fn a_file_that_cannot_be_copied_is_not_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    drop(earlier(folder.path(), 2));
    let part = folder.path().join("server.db.before-3.part");
    std::fs::create_dir(&part).unwrap();
    let said = not_opened(folder.path()).to_string();
    assert!(said.contains("server.db.before-3") && said.contains("make room"), "{said}");
    assert_eq!(layout_of(&folder.path().join("server.db")), 2);
    std::fs::remove_dir(part).unwrap();
    drop(open(folder.path()));
}

#[test]
fn a_damaged_file_is_not_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let file = earlier(folder.path(), 2);
    file.pragma_update(None, "foreign_keys", false).unwrap();
    file.execute("INSERT INTO documents VALUES (1, zeroblob(16), 1, 0, 1, 1, 0, 0)", []).unwrap();
    drop(file);
    let said = not_opened(folder.path()).to_string();
    assert!(said.contains("is damaged") && said.contains("restore"), "{said}");
    assert_eq!(layout_of(&folder.path().join("server.db")), 2);
    assert_eq!(names(folder.path()), ["server.db"]);
}

#[test]
fn an_update_that_fails_leaves_the_file_as_it_was_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    drop(earlier(folder.path(), 1));
    let database = folder.path().join("server.db");
    // Fails in the last step, when the ones before it are made.
    Connection::open(&database).unwrap().execute_batch("CREATE TABLE parts_by_row (x INTEGER) STRICT").unwrap();
    let tables = |file: &Path| -> Vec<String> {
        let connection = Connection::open(file).unwrap();
        let mut names = connection.prepare("SELECT name FROM sqlite_schema ORDER BY name").unwrap();
        names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let before = tables(&database);
    let said = not_opened(folder.path()).to_string();
    assert!(said.contains("as it was") && said.contains("server.db"), "{said}");
    assert_eq!((layout_of(&database), tables(&database)), (1, before.clone()));
    assert_eq!(tables(&folder.path().join("server.db.before-3")), before);
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
