//! The page's "Error Handling", seen from a server: the engine shows what went wrong, goes on, and loses nothing.

use serde_json::json;
use stet_client::api::command::{ClearError, Reconnect};
use stet_client::api::status::ConnectionState;
use stet_client::api::{ErrorCode, Event};

use super::level1_server::{Engine, USER, confirm, settle};

#[tokio::test]
async fn auth_failed_is_shown_in_plain_words_and_keeps_what_is_unsent() {
    let engine = Engine::start("auth-failed").await;
    let made = engine.device.create("Kept", "typed before").await;
    let unsent = engine.device.status().await.unsent;
    let (mut socket, _) = engine.server.greet().await;
    socket.send(json!({ "type": "auth_failed", "message": "Authentication failed" })).await;
    socket.close().await;
    let status = engine.device.until("signed out", |status| status.error.is_some()).await;
    let error = status.error.expect("an error");
    assert_eq!(error.code, ErrorCode::SignedOut, "{error:?}");
    assert!(error.message.contains(' '), "a sentence for people: {:?}", error.message);
    assert!(!status.is_authenticated);
    engine.device.sees_body(made, "typed before").await;
    assert_eq!(engine.device.status().await.unsent, unsent);

    engine.device.call(Reconnect {}).await;
    let mut socket = engine.server.sign_in(USER).await;
    settle(&mut socket, &engine.device).await;
    let status = engine.device.status().await;
    assert!(status.error.is_none(), "overcome: {:?}", status.error);
}

#[tokio::test]
async fn a_server_error_is_shown_with_its_words_and_can_be_dismissed() {
    let engine = Engine::start("error").await;
    let mut socket = engine.signed_in().await;
    socket.send(json!({ "type": "error", "message": "Error description" })).await;
    let status = engine.device.until("an error", |status| status.error.is_some()).await;
    let error = status.error.expect("an error");
    assert!(error.message.contains("Error description"), "{error:?}");
    engine.device.hears("error", |event| matches!(event, Event::Error(_))).await;
    assert!(status.is_authenticated, "one error ends no session");
    engine.device.call(ClearError {}).await;
    engine.device.until("no error", |status| status.error.is_none()).await;
}

#[tokio::test]
async fn frames_that_are_no_messages_are_passed_over_and_the_session_goes_on() {
    let engine = Engine::start("invalid").await;
    let mut socket = engine.signed_in().await;
    for frame in ["", "{", "[]", r#"{"type":"note_sync"}"#, r#"{"type":"celebrate","at":1}"#, r#"{"noType":true}"#] {
        socket.send_text(frame).await;
    }
    socket.send_bytes(vec![0xff, 0x00, 0xc1]).await;
    let made = engine.device.create("Undisturbed", "").await;
    let update = socket.skip_to("note_update").await;
    assert_eq!(update["noteId"], json!(made.to_string()), "the same socket still serves");
    confirm(&mut socket, &update).await;
    engine.device.until("sent", |status| status.unsent == 0).await;
}

#[tokio::test]
async fn an_error_about_one_note_holds_back_that_note_alone() {
    let engine = Engine::start("one-note").await;
    let mut socket = engine.signed_in().await;
    let bad = engine.device.create("Refused", "").await;
    let refused = socket.skip_to("note_update").await;
    let message = json!({
        "type": "error", "message": "This note is too large", "code": "too-large", "noteId": refused["noteId"],
    });
    socket.send(message).await;
    engine.device.until("held", |status| status.held == 1).await;
    let row = engine.device.row(bad).await.expect("the note is here");
    assert!(row.dots.stopped.is_some(), "the row says why: {row:?}");

    let good = engine.device.create("Taken", "").await;
    let update = socket.skip_to("note_update").await;
    assert_eq!(update["noteId"], json!(good.to_string()));
    confirm(&mut socket, &update).await;
    engine.device.until("only the refused one waits", |status| status.unsent == 1).await;
}

#[tokio::test]
async fn after_the_most_attempts_the_state_is_error_and_reconnect_tries_at_once() {
    let engine = Engine::start("attempts").await;
    engine
        .device
        .set(|settings| {
            settings.max_attempts = 3;
            settings.backoff_base_ms = 10;
            settings.backoff_cap_ms = 40;
        })
        .await;
    let refused = async {
        loop {
            drop(engine.server.accept_bare().await);
        }
    };
    let failed = engine.device.until("given up hurrying", |status| status.state == ConnectionState::Error);
    let status = tokio::select! {
        status = failed => status,
        () = refused => unreachable!("it refuses for ever"),
    };
    assert!(status.reconnect_attempts >= 3, "{status:?}");
    assert!(status.next_retry_at.is_some(), "attempts never stop: {status:?}");
    assert!(status.error.is_some(), "{status:?}");

    engine.device.call(Reconnect {}).await;
    let _socket = engine.server.sign_in(USER).await;
    let status = engine.device.until("signed in", |status| status.is_authenticated).await;
    assert_eq!(status.reconnect_attempts, 0);
}
