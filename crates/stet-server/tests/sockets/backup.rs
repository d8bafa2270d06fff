//! `backup` and `restore` by the program as built, a process of its own, beside a server with real files and sockets.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rusqlite::Connection;
use serde_json::json;
use stet_server::Config;
use tempfile::TempDir;

use crate::stage::{Client, Server, note_update, uuid};

pub fn program(arguments: &[&str], file: &Path, data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stet-server"));
    command.args(arguments).arg(file).arg("--data").arg(data).env_remove("STET_LOG");
    command
}

async fn run(arguments: &[&str], file: &Path, data: &Path) -> Output {
    let mut command = program(arguments, file, data);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

async fn does(arguments: &[&str], file: &Path, data: &Path) -> String {
    let output = run(arguments, file, data).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What it says when it refuses.
async fn refuses(arguments: &[&str], file: &Path, data: &Path) -> String {
    let output = run(arguments, file, data).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// Everything in a folder whose name begins like this, but what readers share.
pub fn files(folder: &Path, prefix: &str) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), entry.path()))
        .filter(|(name, _)| name.starts_with(prefix) && !name.ends_with("-shm"))
        .map(|(name, path)| (name, fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

pub fn names(folder: &Path, prefix: &str) -> Vec<String> {
    files(folder, prefix).into_iter().map(|(name, _)| name).collect()
}

async fn on_again(data: TempDir) -> Server {
    let config = Config { data: Some(data.path().to_path_buf()), ..Config::default() };
    Server::on(data, config).await
}

/// The seqs of everything in the log.
async fn seqs(client: &mut Client) -> Vec<u64> {
    let (rows, _) = client.sync(0).await;
    rows.iter().map(|row| row["seq"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn what_was_acknowledged_before_a_backup_began_is_in_it_while_others_go_on_writing() {
    let mut server = Server::start().await;
    let mut one = server.level2("maria", 1).await;
    for seq in 1..=40 {
        one.update(&format!("u{seq}"), 1, seq - 1, "before").await;
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("copy.db");
    let folder = server.data.as_ref().unwrap().path().to_path_buf();
    let backup = does(&["backup"], &file, &folder);
    tokio::pin!(backup);
    let mut seq = 40;
    let said = loop {
        let (id, after) = (format!("u{}", seq + 1), if seq == 40 { 0 } else { seq });
        tokio::select! {
            biased;
            said = &mut backup => break said,
            stored = one.update(&id, 2, after, "meanwhile") => seq = stored,
        }
    };
    assert!(seq > 40, "nothing was written meanwhile");
    assert!(said.contains("1 user,") && said.contains(" document") && said.contains("last change 20"), "{said}");
    assert_eq!(names(elsewhere.path(), ""), ["copy.db"], "one file, and no draft of it");
    drop(server.stop().await);

    let fresh = tempfile::tempdir().unwrap();
    let said = does(&["restore"], &file, fresh.path()).await;
    assert!(said.contains("no database was there before"), "{said}");
    let restored = on_again(fresh).await;
    let mut again = restored.level2("maria", 1).await;
    let seqs = seqs(&mut again).await;
    assert!(seqs.starts_with(&(1..=40).collect::<Vec<_>>()), "{seqs:?}");
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>(), "one moment of the log");
    assert_eq!(again.agreed["storeId"], one.agreed["storeId"], "the same store, older");
    assert_eq!(again.space(), one.space());
}

#[tokio::test]
async fn a_backup_of_a_server_that_does_not_run_holds_what_a_crash_left_in_its_log() {
    let mut server = Server::start().await;
    let mut one = server.level2("maria", 1).await;
    one.update("u1", 1, 0, "x").await;
    // As a crash leaves it: the database and the log beside it, which nobody has folded in.
    let folder = server.data.as_ref().unwrap().path().to_path_buf();
    let crashed = tempfile::tempdir().unwrap();
    for name in ["server.db", "server.db-wal"] {
        fs::copy(folder.join(name), crashed.path().join(name)).unwrap();
    }
    assert!(fs::metadata(crashed.path().join("server.db-wal")).unwrap().len() > 0);
    let file = folder.join("copy.db");
    let said = does(&["backup"], &file, crashed.path()).await;
    assert!(said.contains("1 document, 1 row,"), "{said}");
    server.data = Some(server.stop().await);
}

#[tokio::test]
async fn a_file_that_is_there_is_replaced_only_when_that_is_asked_for() {
    let server = Server::start().await;
    server.level2("maria", 1).await;
    let folder = server.data.as_ref().unwrap().path();
    let file = folder.join("copy.db");
    fs::write(&file, "the only photo of grandmother").unwrap();
    let said = refuses(&["backup"], &file, folder).await;
    assert!(said.contains("is there already") && said.contains("--overwrite"), "{said}");
    assert_eq!(fs::read(&file).unwrap(), b"the only photo of grandmother");
    does(&["backup", "--overwrite"], &file, folder).await;
    assert!(fs::read(&file).unwrap().starts_with(b"SQLite format 3"));
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions()) & 0o777, 0o600);
    assert_eq!(names(folder, "copy.db"), ["copy.db"]);
}

#[tokio::test]
async fn a_backup_of_nothing_says_so_and_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("nowhere");
    let said = refuses(&["backup"], &folder.path().join("copy.db"), &nowhere).await;
    assert!(said.contains("there is no file") && said.contains("--data"), "{said}");
    let said = refuses(&["restore"], &folder.path().join("copy.db"), &nowhere).await;
    assert!(said.contains("there is no file"), "{said}");
    assert_eq!(names(folder.path(), ""), Vec::<String>::new());
}

#[tokio::test]
async fn a_restore_is_refused_while_a_server_runs() {
    let server = Server::start().await;
    let mut one = server.level2("maria", 1).await;
    one.update("u1", 1, 0, "x").await;
    let folder = server.data.as_ref().unwrap().path();
    let file = folder.join("copy.db");
    does(&["backup"], &file, folder).await;
    let said = refuses(&["restore"], &file, folder).await;
    assert!(said.contains("another server uses the data folder") && said.contains("stop it"), "{said}");
    one.update("u2", 1, 1, "y").await;
    assert_eq!(seqs(&mut one).await, [1, 2]);
    assert_eq!(names(folder, "server.db"), ["server.db", "server.db-wal"]);
}

#[tokio::test]
async fn a_restore_is_refused_while_another_program_has_the_database_open() {
    let (data, file) = stopped_with_a_copy().await;
    let other = Connection::open(data.path().join("server.db")).unwrap();
    other.execute_batch("BEGIN; SELECT * FROM spaces").unwrap();
    let said = refuses(&["restore"], &file, data.path()).await;
    assert!(said.contains("another program has") && said.contains("open"), "{said}");
    drop(other);
    does(&["restore"], &file, data.path()).await;
}

/// A folder whose server has ended with two rows, and a copy with one.
async fn stopped_with_a_copy() -> (TempDir, PathBuf) {
    let mut server = Server::start().await;
    let mut one = server.level2("maria", 1).await;
    one.update("u1", 1, 0, "one").await;
    let folder = server.data.as_ref().unwrap().path().to_path_buf();
    let file = folder.join("copy.db");
    does(&["backup"], &file, &folder).await;
    one.update("u2", 1, 1, "two").await;
    (server.stop().await, file)
}

#[tokio::test]
async fn a_file_that_is_no_whole_database_of_a_known_server_is_refused_and_nothing_is_touched() {
    let (data, file) = stopped_with_a_copy().await;
    let whole = fs::read(&file).unwrap();
    let bad = data.path().join("bad.db");
    let before = files(data.path(), "server.db");
    let with = |sql: &'static str| {
        move |path: &Path| {
            let connection = Connection::open(path).unwrap();
            connection.pragma_update(None, "foreign_keys", false).unwrap();
            connection.execute_batch(sql).unwrap();
        }
    };
    let bytes = |change: fn(&mut Vec<u8>)| {
        move |path: &Path| {
            let mut bytes = fs::read(path).unwrap();
            change(&mut bytes);
            fs::write(path, bytes).unwrap();
        }
    };
    type Spoil<'a> = Box<dyn Fn(&Path) + 'a>;
    let cases: Vec<(&str, Spoil<'_>)> = vec![
        ("is not a database", Box::new(|path| fs::write(path, "Dear diary, no database. ".repeat(400)).unwrap())),
        ("is not a database", Box::new(|path| fs::write(path, "").unwrap())),
        ("is not a database", Box::new(with("PRAGMA application_id = 7"))),
        ("newer server", Box::new(with("PRAGMA user_version = 99"))),
        ("is damaged", Box::new(bytes(|bytes| bytes.truncate(bytes.len() / 2)))),
        ("is damaged", Box::new(bytes(|bytes| bytes[4096..].fill(0xab)))),
        ("is damaged", Box::new(with("UPDATE spaces SET seq = seq + 1"))),
        ("is damaged", Box::new(with("UPDATE spaces SET digest = zeroblob(16)"))),
        ("is damaged", Box::new(with("DELETE FROM log"))),
        ("is damaged", Box::new(with("UPDATE log SET purged = 1"))),
        ("is damaged", Box::new(with("UPDATE log SET ops = substr(ops, 1, length(ops) - 1)"))),
        ("is damaged", Box::new(with("UPDATE documents SET rows = 7"))),
        ("is damaged", Box::new(with("UPDATE lineages SET starts_after = 7"))),
        ("is damaged", Box::new(with("DELETE FROM users"))),
    ];
    for (number, (words, spoil)) in cases.iter().enumerate() {
        fs::write(&bad, &whole).unwrap();
        spoil(&bad);
        let said = refuses(&["restore"], &bad, data.path()).await;
        assert!(said.contains(words) && (said.contains("bad.db") || *words == "newer server"), "{number}: {said}");
        assert!(files(data.path(), "server.db") == before, "{number}: something was touched");
    }
    let served = on_again(data).await;
    assert_eq!(seqs(&mut served.level2("maria", 1).await).await, [1, 2]);
}

#[tokio::test]
async fn a_damaged_database_is_no_backup_and_is_kept_when_another_takes_its_place() {
    let (data, file) = stopped_with_a_copy().await;
    let database = data.path().join("server.db");
    let mut bytes = fs::read(&database).unwrap();
    bytes[4096..].fill(0xab);
    fs::write(&database, &bytes).unwrap();
    fs::write(data.path().join("server.db-wal"), "left by a crash").unwrap();
    let said = refuses(&["backup"], &data.path().join("second.db"), data.path()).await;
    assert!(said.contains("is damaged"), "{said}");
    assert_eq!(names(data.path(), "second"), Vec::<String>::new());

    let said = does(&["restore"], &file, data.path()).await;
    assert!(said.contains("is kept as"), "{said}");
    let kept = files(data.path(), "server.db.before-restore-20");
    assert!(kept.iter().any(|(_, kept)| kept[4096..] == bytes[4096..]), "the damaged one is there");
    let served = on_again(data).await;
    assert_eq!(seqs(&mut served.level2("maria", 1).await).await, [1]);
}

#[tokio::test]
async fn the_database_before_a_restore_can_be_restored_again() {
    let (data, file) = stopped_with_a_copy().await;
    does(&["restore"], &file, data.path()).await;
    let kept = names(data.path(), "server.db.before-restore-");
    assert_eq!(kept.len(), 1);
    let said = does(&["restore"], &data.path().join(&kept[0]), data.path()).await;
    assert!(said.contains("2 rows"), "{said}");
    assert_eq!(names(data.path(), "server.db.before-restore-").len(), 2, "nothing is thrown away");
    let served = on_again(data).await;
    assert_eq!(seqs(&mut served.level2("maria", 1).await).await, [1, 2]);
}

#[tokio::test]
async fn a_backup_of_an_earlier_layout_is_brought_up_to_date() {
    let (data, file) = stopped_with_a_copy().await;
    Connection::open(&file)
        .unwrap()
        .execute_batch(
            "CREATE INDEX documents_by_seq ON documents (space, purged, seq);
             DROP TABLE parts;
             CREATE TABLE parts (place INTEGER NOT NULL REFERENCES log (place) ON DELETE CASCADE, seq INTEGER NOT NULL,
                 timestamp INTEGER NOT NULL, device_id BLOB, PRIMARY KEY (place, seq)) STRICT, WITHOUT ROWID;
             PRAGMA user_version = 1",
        )
        .unwrap();
    does(&["restore"], &file, data.path()).await;
    let version = |path: &Path| {
        Connection::open(path).unwrap().query_row("PRAGMA user_version", [], |row| row.get::<_, i32>(0)).unwrap()
    };
    assert!(version(&data.path().join("server.db")) > 1);
    assert_eq!(version(&file), 1, "the backup itself stays as it was");
    let kept = names(data.path(), "server.db.");
    assert!(kept.iter().all(|name| !name.contains("before-3")), "a copy of a copy: {kept:?}");
    let served = on_again(data).await;
    assert_eq!(seqs(&mut served.level2("maria", 1).await).await, [1]);
}

#[tokio::test]
async fn a_device_that_had_received_more_than_the_backup_holds_is_told() {
    let (data, file) = stopped_with_a_copy().await;
    let server = on_again(data).await;
    // Two devices: one is at what the backup has, the other past it.
    let mut device = server.level2("maria", 1).await;
    let (behind, ahead) = ((1, device.lineage()), (2, device.lineage()));
    device.update("u3", 1, 2, "three").await;
    let far_ahead = (3, device.lineage());
    let mut server = server;
    let data = server.stop().await;
    does(&["restore"], &file, data.path()).await;
    let server = on_again(data).await;

    let sync = async |(since, lineage): &(u64, serde_json::Value), client: &mut Client| {
        client.send(json!({"type": "sync", "spaceId": client.space(), "since": since, "lineage": lineage})).await;
    };
    // The restored log is shorter than the cursors, then as long, then longer.
    let mut client = server.level2("maria", 2).await;
    for seq in 2..=5 {
        for cursor in [&ahead, &far_ahead] {
            let mut old = server.level2("maria", 1).await;
            sync(cursor, &mut old).await;
            old.refused("diverged-log").await;
        }
        assert_eq!(client.update(&format!("n{seq}"), 2, if seq == 2 { 0 } else { seq - 1 }, "new").await, seq);
    }
    // The lineage of `behind` began after the backup was made: that it isn't past its end can't be known.
    let mut old = server.level2("maria", 1).await;
    sync(&behind, &mut old).await;
    old.refused("diverged-log").await;
}

#[tokio::test]
async fn a_device_that_had_received_no_more_than_the_backup_holds_goes_on() {
    let mut server = Server::start().await;
    let mut device = server.level2("maria", 1).await;
    device.update("u1", 1, 0, "one").await;
    let (lineage, folder) = (device.lineage(), server.data.as_ref().unwrap().path().to_path_buf());
    let file = folder.join("copy.db");
    does(&["backup"], &file, &folder).await;
    device.update("u2", 1, 1, "two").await;
    let data = server.stop().await;
    does(&["restore"], &file, data.path()).await;
    let server = on_again(data).await;
    let mut writer = server.level2("maria", 2).await;
    assert_eq!(writer.update("n2", 2, 0, "new").await, 2);
    assert_eq!(writer.update("n3", 2, 2, "new").await, 3);

    let mut device = server.level2("maria", 1).await;
    device.send(json!({"type": "sync", "spaceId": device.space(), "since": 1, "lineage": lineage})).await;
    let (rows, end) = device.batches().await;
    assert_eq!(rows.iter().map(|row| row["seq"].clone()).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(end["lineage"], device.lineage());
    // The same lineage, but past the place where the backup ends it.
    let mut ahead = server.level2("maria", 1).await;
    ahead.send(json!({"type": "sync", "spaceId": ahead.space(), "since": 2, "lineage": lineage})).await;
    ahead.refused("diverged-log").await;
    // What the restored server lacks has an unknown base: the device sends the whole document.
    let update = note_update(&ahead.space(), "u3", 3, 9, "three");
    ahead.send(update).await;
    assert_eq!(ahead.refused("unknown-base").await["noteId"], uuid(3));
}
