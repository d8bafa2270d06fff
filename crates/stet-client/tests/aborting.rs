//! A process that aborts while it reads what the server has of a note: it opens again, and everything else goes on.

#![expect(clippy::expect_used, reason = "a test that can't go on says why and ends")]

mod alone;

use std::path::Path;
use std::process::{Command, ExitStatus};

use stet_client::Client;
use stet_client::api::command::{CreateNote, GetText, ListUnsent, OpenNote, RetryNote};
use stet_client::api::note::StoppedKind;
use stet_model::id::{DocKey, NoteId};
use stet_store::{Options, RemoteRow, Write, open};

use alone::start;

/// Tells a process of this test what it is to do, and where.
const TASK: &str = "STET_TEST_TASK";
const FOLDER: &str = "STET_TEST_FOLDER";

/// An update whose checksum is right and whose content makes no sense: the documents' library panics in it.
const FORGED: &[u8] = include_bytes!("../../stet-model/tests/forged-update.bin");

async fn create(client: &Client, title: &str) -> NoteId {
    let args = CreateNote { folder_id: None, title: title.to_owned(), body: "what was here before".to_owned() };
    client.call(args).await.expect("is made").note_id
}

/// The row is stored, and the process ended before it was read.
fn store(folder: &Path, note: NoteId) {
    let (mut writer, reader) = open(&folder.join("notes.sqlite"), &Options::default()).expect("opens");
    let space = reader.meta("space").expect("reads").expect("named").parse().expect("an id");
    let rows = vec![RemoteRow { note, seq: 1, ops: vec![FORGED.to_vec()], timestamp: 1, device: None }];
    writer.commit(&[Write::Remote { space, rows, cursor: None }]).expect("writes");
    assert_eq!(writer.boot().expect("reads").pending, [DocKey { space, note }]);
}

/// Another process over the folder.
fn process(folder: &Path, task: &str) -> ExitStatus {
    let this = std::env::current_exe().expect("a program");
    let mut command = Command::new(this);
    command.args(["--exact", "a_process_of_the_tests_below", "--nocapture"]).env(TASK, task).env(FOLDER, folder);
    command.status().expect("runs")
}

/// Does nothing but in a process that a test starts.
#[tokio::test]
async fn a_process_of_the_tests_below() {
    let (Ok(task), Ok(folder)) = (std::env::var(TASK), std::env::var(FOLDER)) else { return };
    // What a panic does that meets another one on its way out, which no wall holds.
    let say = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        say(panic);
        std::process::abort();
    }));
    let client = start(Path::new(&folder));
    let waiting = client.call(ListUnsent { after: None, limit: 50 }).await.expect("reads");
    let bad = waiting.notes.iter().find(|note| note.row.title == "Bad").expect("is listed").row.id;
    let good = waiting.notes.iter().find(|note| note.row.title == "Good").expect("is listed").row.id;
    if task == "retry" {
        client.call(RetryNote { note_id: bad }).await.expect("is taken");
    }
    // Behind what is read, and what is written, at the start.
    client.call(OpenNote { note_id: bad }).await.expect("opens");
    create(&client, "Written since").await;
    assert_eq!(client.call(GetText { note_id: good }).await.expect("reads").body, "what was here before");
    assert_eq!(client.call(GetText { note_id: bad }).await.expect("reads").body, "what was here before");
    let waiting = client.call(ListUnsent { after: None, limit: 50 }).await.expect("reads");
    let note = waiting.notes.iter().find(|note| note.row.id == bad).expect("is listed");
    assert!(note.row.dots.stopped.as_ref().is_some_and(|stopped| stopped.kind == StoppedKind::Unreadable), "{note:?}");
    client.shutdown().await;
}

#[cfg(unix)]
fn aborted(status: ExitStatus) -> bool {
    const SIGABRT: i32 = 6;
    std::os::unix::process::ExitStatusExt::signal(&status) == Some(SIGABRT)
}

#[cfg(not(unix))]
fn aborted(status: ExitStatus) -> bool {
    !status.success()
}

#[tokio::test]
async fn a_note_that_ends_the_process_twice_is_left_alone_and_everything_else_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let client = start(folder.path());
    let bad = create(&client, "Bad").await;
    create(&client, "Good").await;
    client.shutdown().await;
    drop(client);
    store(folder.path(), bad);

    assert!(aborted(process(folder.path(), "start")));
    assert!(aborted(process(folder.path(), "start")), "once may have been anything");
    assert!(process(folder.path(), "start").success());
    assert!(process(folder.path(), "start").success(), "and it stays so");
    assert!(aborted(process(folder.path(), "retry")), "people may try it again");
    assert!(process(folder.path(), "start").success(), "which ends the process once, not twice");
}
