//! A server that breaks off at each step, or says nothing more.

use std::time::Duration;

use serde_json::json;
use stet_tests::scripted::{PlainSocket, ScriptedServer};
use stet_tests::wait::eventually_within;

use super::{TEXT, Trial, USER};

/// A limit for what the protocol gives 30 s, on a busy machine.
const TIMEOUTS: Duration = Duration::from_secs(75);

/// Plays a session up to a step and then breaks off.
async fn breaks_off(server: &ScriptedServer, step: usize) {
    let stream = server.accept_bare().await;
    if step == 0 {
        return;
    }
    let Ok(stream) = tokio_tungstenite::accept_async(stream).await else {
        return;
    };
    let mut socket = PlainSocket::from(stream);
    if step == 1 {
        return socket.cut();
    }
    socket.send(json!({ "type": "connection_established", "message": "Please authenticate to continue" })).await;
    if step == 2 {
        return socket.cut();
    }
    socket.expect("auth").await;
    if step == 3 {
        return socket.cut();
    }
    socket.send(json!({ "type": "auth_success", "message": "Authentication successful", "userId": USER })).await;
    if step == 4 {
        return socket.cut();
    }
    socket.skip_to("note_update").await;
    match step {
        5 => socket.cut(),
        _ => socket.close().await,
    }
}

#[tokio::test]
async fn a_server_that_closes_at_each_step_is_tried_again_and_nothing_is_lost() {
    let trial = Trial::start("closing").await;
    for round in 0..2 {
        for step in 0..=6 {
            breaks_off(&trial.server, step).await;
            let text = trial.device.text(trial.note).await.map(|(_, body)| body);
            assert_eq!(text.as_deref(), Some(TEXT), "round {round}, step {step}");
        }
    }
    trial.named().await;
    trial.recovers().await;
}

#[tokio::test]
async fn a_server_that_never_answers_is_left_after_the_time_limit_at_every_step() {
    let (no_upgrade, no_greeting, no_answer, no_confirmation) = tokio::join!(
        Trial::start("no-upgrade"),
        Trial::start("no-greeting"),
        Trial::start("no-answer"),
        Trial::start("no-confirmation"),
    );
    let silent_stream = no_upgrade.server.accept_bare().await;
    let silent_socket = no_greeting.server.accept().await;
    let (deaf_socket, _) = no_answer.server.greet().await;
    let mut careless = no_confirmation.server.sign_in(USER).await;
    careless.skip_to("note_update").await;
    tokio::join!(
        comes_again(&no_upgrade, silent_stream),
        comes_again(&no_greeting, silent_socket),
        comes_again(&no_answer, deaf_socket),
        comes_again(&no_confirmation, careless),
    );
}

/// The client connects anew although the first connection stands, still takes text, says that something is wrong, and goes on
/// with a good server.
async fn comes_again<S>(trial: &Trial, first: S) {
    let again = eventually_within(TIMEOUTS, "a new connection", async || {
        let accepted = tokio::time::timeout(TIMEOUTS, trial.server.accept_bare()).await;
        accepted.map(drop).map_err(|late| late.to_string())
    });
    again.await;
    trial.named().await;
    trial.device.sees_body(trial.note, TEXT).await;
    drop(first);
    trial.recovers().await;
}
