//! The first minutes of an installation: what is written while the store moves into an account is saved and sent.

use stet_client::api::note::View;
use stet_tests::device::Device;
use stet_tests::stage::{Ground, ServerProcess};

/// Enough for a write to be under way, somewhere, at the moment the account is entered.
const ROUNDS: u32 = 8;
const NOTES: u32 = 30;

#[tokio::test]
async fn what_is_written_while_a_new_store_moves_into_its_account_is_saved_and_sent() {
    let ground = Ground::shared("first-start");
    let server = ServerProcess::start(&ground).await;
    for round in 0..ROUNDS {
        let token = server.token(&format!("user-{round}"));
        let device = Device::start(&ground.folder(&format!("device-{round}")), "Desk", &server.url(), &token).await;
        for note in 0..NOTES {
            let made = device.create(&format!("Note {note}"), "first").await;
            device.append(made, ", second").await;
        }
        let saved = |status: &stet_client::api::status::Status| status.unsaved == 0 && status.unsent == 0;
        device.until(&format!("everything saved and sent in round {round}"), saved).await;

        let other = Device::start(&ground.folder(&format!("other-{round}")), "Phone", &server.url(), &token).await;
        for note in 0..NOTES {
            let found = other.finds(&format!("Note {note}")).await;
            other.sees_body(found, "first, second").await;
        }
        assert_eq!(other.total(View::All).await, NOTES + 1, "every note once, and the welcome note");
    }
}
