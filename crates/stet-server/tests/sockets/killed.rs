//! `backup`, `restore` and a start that brings the database up to date, killed on their way as `kill -9` does, once as far
//! as each step.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rusqlite::Connection;
use stet_model::id::NoteId;
use stet_protocol::bytes::Bytes;
use stet_server::database::sqlite::Sqlite;
use stet_server::database::{Database, NewRow, Opening, Write, Written};
use stet_sync::server::Change;

use crate::backup::{files, names, program};

/// Rows of a database that takes a while to copy.
const MANY: u64 = 1_500;
const LARGE: usize = 8_000;

/// A database with this many rows.
fn fill(folder: &Path, rows: u64) {
    let mut count = 0_u8;
    let random = Box::new(move |bytes: &mut [u8]| {
        count += 1;
        bytes.fill(count);
    });
    let mut database = Sqlite::open(&folder.join("server.db"), random).unwrap();
    let user_id = database.make_account("i", "maria", 1).unwrap();
    let opening = Opening { issuer: "i".to_owned(), subject: "maria".to_owned(), device: None };
    let Ok(Written::Opened { spaces, .. }) = database.write(&[Write::Open(opening)], 1).remove(0) else {
        panic!("not opened")
    };
    let row = |n: u64| {
        let mut note_id = [7; 16];
        note_id[..8].copy_from_slice(&n.to_be_bytes());
        Write::Row(NewRow {
            user_id: user_id.clone(),
            space_id: spaces[0].id,
            note_id: NoteId::from_bytes(note_id),
            after: 0,
            request: None,
            change: Change::Update(vec![Bytes(vec![1; LARGE])]),
            seen: Vec::new(),
        })
    };
    let rows: Vec<Write> = (0..rows).map(row).collect();
    assert!(database.write(&rows, 1).iter().all(Result::is_ok));
}

/// How many rows the server would start with; a database that isn't whole fails the test.
fn rows(database: &Path) -> u64 {
    let connection = Connection::open(database).unwrap();
    let said: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(said, "ok");
    connection.query_row("SELECT count(*) FROM log", [], |row| row.get(0)).unwrap()
}

/// Starts it and kills it as `kill -9` does as soon as a condition holds. Answers whether it was killed on its way.
fn killed_when(mut command: Command, reached: &dyn Fn() -> bool) -> bool {
    let mut child: Child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let ended = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if reached() {
            child.kill().unwrap();
            break child.wait().unwrap();
        }
        std::thread::yield_now();
    };
    assert!(ended.success() || ended.code().is_none(), "{ended}");
    ended.code().is_none()
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

#[test]
fn a_backup_killed_on_its_way_leaves_no_file_and_the_next_one_is_whole() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fill(folder.path(), MANY);
    let (file, part) = (elsewhere.path().join("copy.db"), elsewhere.path().join("copy.db.part"));
    let whole = MANY * LARGE as u64;
    let mut killed = 0;
    for tenth in 0..=10 {
        let reached = || part.exists() && size(&part) >= whole / 10 * tenth;
        if killed_when(program(&["backup"], &file, folder.path()), &reached) {
            killed += 1;
            assert!(!file.exists() || rows(&file) == MANY, "a file that isn't whole has the name of one that is");
        }
        if file.exists() {
            assert_eq!(rows(&file), MANY);
            fs::remove_file(&file).unwrap();
        }
        assert_eq!(rows(&folder.path().join("server.db")), MANY);
    }
    assert!(killed > 0, "it was never killed on its way");
    assert!(program(&["backup"], &file, folder.path()).output().unwrap().status.success());
    assert_eq!((names(elsewhere.path(), ""), rows(&file)), (vec!["copy.db".to_owned()], MANY));
}

#[test]
fn a_restore_killed_on_its_way_leaves_the_old_database_or_the_new_one() {
    let (copies, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fill(copies.path(), MANY);
    fill(folder.path(), 5);
    let (file, database) = (copies.path().join("server.db"), folder.path().join("server.db"));
    let part = folder.path().join("server.db.part");
    let whole = MANY * LARGE as u64;
    let aside = || !names(folder.path(), "server.db.before-restore-").is_empty();
    let grown = |share: u64| move |part: &Path| part.exists() && size(part) >= whole / 4 * share;
    let steps: Vec<Box<dyn Fn() -> bool + '_>> = vec![
        Box::new(|| grown(0)(&part)),
        Box::new(|| grown(1)(&part)),
        Box::new(|| grown(2)(&part)),
        Box::new(|| grown(4)(&part)),
        Box::new(aside),
        Box::new(|| aside() && !part.exists()),
    ];
    let mut killed = 0;
    for reached in &steps {
        killed += u32::from(killed_when(program(&["restore"], &file, folder.path()), reached));
        let now = rows(&database);
        assert!(now == 5 || now == MANY, "{now} rows");
        let kept: Vec<u64> =
            names(folder.path(), "server.db.before").iter().map(|name| rows(&folder.path().join(name))).collect();
        assert!(now == 5 || kept.contains(&5), "the old one is nowhere");
        // From the start again, for the next step.
        for (name, _) in files(folder.path(), "server.db") {
            fs::remove_file(folder.path().join(name)).unwrap();
        }
        fill(folder.path(), 5);
    }
    assert!(killed > 0, "it was never killed on its way");
    assert!(program(&["restore"], &file, folder.path()).output().unwrap().status.success());
    assert_eq!(rows(&database), MANY);
    assert!(!part.exists());
}

/// Makes a database one of the layout before the newest.
fn age(database: &Path) {
    Connection::open(database)
        .unwrap()
        .execute_batch(
            "DROP TABLE parts;
             CREATE TABLE parts (place INTEGER NOT NULL REFERENCES log (place) ON DELETE CASCADE, seq INTEGER NOT NULL,
                 timestamp INTEGER NOT NULL, device_id BLOB, PRIMARY KEY (place, seq)) STRICT, WITHOUT ROWID;
             PRAGMA user_version = 2",
        )
        .unwrap();
}

fn layout(database: &Path) -> i32 {
    Connection::open(database).unwrap().query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
}

#[test]
fn a_start_killed_while_it_brings_the_database_up_to_date_leaves_it_whole_and_no_copy_that_is_not() {
    let (aged, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (old, database) = (aged.path().join("server.db"), folder.path().join("server.db"));
    fill(aged.path(), MANY);
    age(&old);
    let (copy, part) = (folder.path().join("server.db.before-3"), folder.path().join("server.db.before-3.part"));
    let serve = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stet-server"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(folder.path()).env_remove("STET_LOG");
        command
    };
    let whole = MANY * LARGE as u64;
    let grown = |quarters: u64| part.exists() && size(&part) >= whole / 4 * quarters;
    for quarters in 0..=5 {
        fs::copy(&old, &database).unwrap();
        let reached = || if quarters == 5 { copy.exists() } else { copy.exists() || grown(quarters) };
        assert!(killed_when(serve(), &reached));
        assert_eq!(rows(&database), MANY);
        assert!(layout(&database) == 2 || copy.exists(), "changed without a copy");
        assert!(!copy.exists() || (rows(&copy), layout(&copy)) == (MANY, 2), "a copy that isn't whole has its name");
        // What a start that isn't killed makes of it.
        drop(Sqlite::open(&database, Box::new(|bytes| bytes.fill(1))).unwrap());
        assert_eq!((layout(&database), rows(&database), rows(&copy)), (3, MANY, MANY));
        assert!(!part.exists());
        for (name, _) in files(folder.path(), "server.db") {
            fs::remove_file(folder.path().join(name)).unwrap();
        }
    }
}
