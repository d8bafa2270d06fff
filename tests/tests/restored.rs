//! A server that goes back to a backup: devices that know more stop, say so, and keep what they have.

use stet_client::api::error::ErrorCode;
use stet_client::api::note::View;
use stet_tests::device::Device;
use stet_tests::stage::{Ground, ServerProcess};

#[tokio::test]
async fn a_device_that_knows_more_than_a_restored_server_says_so_and_keeps_everything() {
    let ground = Ground::shared("restored");
    let mut server = ServerProcess::start(&ground).await;
    let token = server.token("maria");
    let desk = Device::start(&ground.folder("desk"), "Desk", &server.url(), &token).await;
    let early = desk.create("Early", "in the backup").await;
    desk.is_synced().await;
    let copy = ground.path().join("copy.db");
    server.backup(&copy);
    let late = desk.create("Late", "written after it").await;
    desk.is_synced().await;
    server.stop().await;
    server.restore(&copy);
    server.restart().await;

    // The log grows past everything the desk has.
    let other = Device::start(&ground.folder("other"), "Phone", &server.url(), &token).await;
    for note in 0..20 {
        other.create(&format!("New {note}"), "after the restore").await;
    }
    other.is_synced().await;
    other.finds("Early").await;
    desk.until("the difference", |status| {
        status.error.as_ref().is_some_and(|error| error.code == ErrorCode::DivergedLog)
    })
    .await;
    desk.sees_body(early, "in the backup").await;
    desk.sees_body(late, "written after it").await;
    assert!(desk.total(View::All).await >= 2, "nothing is removed");
}
