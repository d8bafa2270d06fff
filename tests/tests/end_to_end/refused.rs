//! A data folder that can't be used: a window says why and what to do, nothing is touched, and the next start is as good
//! as before.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use stet_tests::stage::Program;
use stet_tests::wait::{eventually, holds};

use super::One;

/// What the app calls its database.
const DATABASE: &str = "notes.sqlite";

/// Waits for the window with the reason.
async fn says_why(one: &One, app: &mut Program, words: &str) {
    eventually(&format!("a refusal that says: {words}"), async || {
        app.expect_alive();
        let said = app.errors();
        holds(said.contains("can't start") && said.contains(words), said)
    })
    .await;
    eventually("the window with the reason, and no other", async || {
        let all = one.stage.screen().windows(app.id());
        let reasons = one.stage.screen().windows_titled(app.id(), "can't start");
        holds(reasons.len() == 1 && all == reasons, all)
    })
    .await;
}

/// What the app ends with when it couldn't start.
const FAILED: i32 = 1;

/// Waits for the window with the reason, closes it, and waits for an orderly end.
async fn is_refused(one: &One, mut app: Program, words: &str) {
    says_why(one, &mut app, words).await;
    one.stage.screen().close_windows(app.id()).await;
    let end = eventually("the end", async || app.ended().ok_or("still running")).await;
    assert_eq!(end.code(), Some(FAILED), "it didn't end by itself: {end}");
}

/// Everything of the database but the file that readers share.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let ours = name.starts_with(DATABASE) && !name.ends_with("-shm");
            Some((name, fs::read(entry.path()).ok()?)).filter(|_| ours)
        })
        .collect();
    files.sort();
    files
}

#[tokio::test]
async fn a_database_that_is_locked_newer_or_something_else_is_named_and_left_as_it_is() {
    let mut one = One::start("refused").await;
    one.app.write_note("Kept", "through all of it").await;
    one.app.sees_on_disk("through all of it").await;
    one.app.kill().await;
    let path = one.app.data().join(DATABASE);

    let connection = Connection::open(&path).expect("the database opens");
    connection.execute_batch("BEGIN EXCLUSIVE").expect("nobody else has it");
    is_refused(&one, one.app.start_alone("locked.log", &[], &[]), "another program holds this file locked").await;
    connection.execute_batch("ROLLBACK").expect("it is let go");

    // Closing folds the log: everything is in one file, and can be put back.
    drop(connection);
    let whole = fs::read(&path).expect("the database");
    let connection = Connection::open(&path).expect("the database opens");
    connection.pragma_update(None, "user_version", 999).expect("a version");
    drop(connection);
    for (log, words, bytes) in [
        ("newer.log", "newer version", fs::read(&path).expect("the database")),
        ("other.log", "isn't a Stet database", b"Dear diary, this is a text file and no database at all.\n".repeat(40)),
    ] {
        fs::write(&path, bytes).expect("write the database");
        let before = files(&one.app.data());
        is_refused(&one, one.app.start_alone(log, &[], &[]), words).await;
        assert!(files(&one.app.data()) == before, "{words}: the file was touched");
    }

    fs::write(&path, whole).expect("put it back");
    one.app.restart().await;
    one.app.open_note("Kept").await;
    one.app.sees_body("through all of it").await;
}

#[tokio::test]
async fn a_database_that_was_cut_off_makes_way_is_kept_and_the_notes_come_back_from_the_server() {
    let mut one = One::start("cut").await;
    one.app.write_note("Kept", "all the same").await;
    one.app.sees_on_disk("all the same").await;
    one.app.is_synced().await;
    one.app.kill().await;
    let path = one.app.data().join(DATABASE);
    let connection = Connection::open(&path).expect("the database opens");
    // With the log folded, everything is in one file.
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("it is folded");
    drop(connection);
    let whole = fs::read(&path).expect("the database");
    let cut = &whole[..whole.len() / 2];
    fs::write(&path, cut).expect("cut it off");

    one.app.restart().await;
    let kept = one.app.data().join("notes.sqlite.damaged-1");
    assert!(fs::read(&kept).expect("it is kept").starts_with(cut), "and as it was");
    one.app.sees_row("Kept").await;
    one.app.open_note("Kept").await;
    one.app.sees_body("all the same").await;
    one.app.click("pill").await;
    eventually("the details say what became of it", async || {
        let said = one.app.text("popover").await;
        holds(said.contains("was damaged and is kept as notes.sqlite.damaged-1"), said)
    })
    .await;
}

#[tokio::test]
async fn a_second_process_that_can_not_reach_the_first_says_that_the_folder_is_in_use() {
    let one = One::start("in-use").await;
    one.app.write_note("First", "come").await;
    let mut second = one.app.start_alone("in-use.log", &[], &["DBUS_SESSION_BUS_ADDRESS"]);
    says_why(&one, &mut second, "in use by another Stet").await;
    second.kill();
    one.app.keys(" first served").await;
    one.app.sees_body("come first served").await;
}
