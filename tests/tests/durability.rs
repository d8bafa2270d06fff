//! A few kills of the real engine with every run of the tests (`cargo xtask durability` does the many), and a damaged
//! store between a real engine and a real server.

#![expect(clippy::expect_used, reason = "a test that can't go on says why and ends")]

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;

use rusqlite::Connection;
use stet_client::api::command::ClearError;
use stet_client::client::DATABASE;
use stet_tests::device::Device;
use stet_tests::durability::{Options, run};
use stet_tests::stage::{Ground, ServerProcess};

/// Enough to hit most phases; some seconds.
const KILLS: u64 = 15;

#[test]
fn nothing_called_saved_is_lost_when_the_engine_is_killed() {
    let options = Options { kills: KILLS, seed: 1, lanes: 2, mutant: None };
    let outcome = run(&options, |_| {});
    assert!(outcome.failed.is_empty(), "{}\n{}", outcome.report, outcome.failed.join("\n"));
    assert_eq!((outcome.report.kills(), outcome.report.lost), (KILLS, 0));
    assert!(outcome.report.saved > 0 && outcome.report.agreements > 0, "{}", outcome.report);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn out_of_a_damaged_store_comes_what_is_unsent_and_the_rest_from_the_server() {
    let ground = Ground::shared("a damaged store");
    let mut server = ServerProcess::start(&ground).await;
    let token = server.token("anna");
    let folder = ground.folder("device");
    let start = async |server: &ServerProcess| Device::start(&folder, "Desk", &server.url(), &token).await;
    let device = start(&server).await;
    let sent = device.create("Sent", "on the server").await;
    device.is_synced().await;
    server.stop().await;
    let unsent = device.create("Unsent", "only here").await;
    device.append(sent, ", and more only here").await;
    assert_eq!(device.stop().await, 2);
    damage(&folder.join(DATABASE));

    server.restart().await;
    let device = start(&server).await;
    device.sees_body(unsent, "only here").await;
    device.sees_body(sent, "on the server, and more only here").await;
    device.until("verified", |status| status.is_synced && status.verified.is_some()).await;
    let told = device.until("the user is told", |status| status.error.is_some()).await.error.expect("an error");
    assert!(told.message.contains("damaged-1") && told.message.contains("2 notes"), "{told:?}");
    assert!(folder.join(format!("{DATABASE}.damaged-1")).exists());

    // It is told until it was read, also by the next start.
    device.stop().await;
    let device = start(&server).await;
    device.until("told again", |status| status.error.as_ref() == Some(&told)).await;
    device.call(ClearError {}).await;
    device.stop().await;
    let device = start(&server).await;
    assert_eq!(device.status().await.error, None);

    let other = Device::start(&ground.folder("other"), "Laptop", &server.url(), &token).await;
    other.sees_body(unsent, "only here").await;
    other.sees_body(sent, "on the server, and more only here").await;
    other.stop().await;
    device.stop().await;
}

/// Breaks a page that no note is on.
fn damage(database: &Path) {
    let store = Connection::open(database).expect("a store");
    let page: u64 = store
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'points'", [], |row| row.get(0))
        .expect("a table");
    store.close().expect("it closes");
    let mut file = File::options().write(true).open(database).expect("a file");
    file.seek(SeekFrom::Start((page - 1) * 4_096)).expect("a page");
    file.write_all(&[0xa5; 4_096]).expect("it is written");
}
