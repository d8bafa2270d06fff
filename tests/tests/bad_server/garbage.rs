//! A WebSocket server whose words make no sense.

use serde_json::json;
use stet_client::api::ErrorCode;
use stet_tests::wait::{eventually, holds};
use tokio::io::AsyncWriteExt as _;

use super::{TEXT, Trial, USER, confirm};

/// Noise without a pattern, the same in every run.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    std::iter::repeat_with(next).take(length).collect()
}

#[tokio::test]
async fn a_server_that_speaks_garbage_instead_of_a_greeting_is_named_and_left() {
    let trial = Trial::start("garbage").await;
    let mut socket = trial.server.accept().await;
    for length in [0, 1, 17, 4096] {
        socket.send_bytes(noise(length)).await;
        socket.send_text(&String::from_utf8_lossy(&noise(length))).await;
    }
    socket.send(json!({ "type": "party", "message": "Hello" })).await;
    let error = trial.named().await;
    assert_eq!(error.code, ErrorCode::Protocol, "{error:?}");
    socket.cut();
    trial.recovers().await;
}

#[tokio::test]
async fn bytes_that_are_no_websocket_frames_are_named_and_the_engine_tries_again() {
    let trial = Trial::start("no-frames").await;
    let stream = trial.server.accept_bare().await;
    let mut upgraded = tokio_tungstenite::accept_async(stream).await.expect("open a WebSocket");
    upgraded.get_mut().write_all(&noise(65_536)).await.expect("write noise");
    trial.named().await;
    drop(upgraded);
    trial.recovers().await;
}

#[tokio::test]
async fn a_message_larger_than_any_limit_is_not_taken_in() {
    let trial = Trial::start("giant").await;
    let stream = trial.server.accept_bare().await;
    let mut socket = tokio_tungstenite::accept_async(stream).await.expect("open a WebSocket");
    // A text frame that announces 2^40 bytes.
    let head = [0x81, 127, 0, 0, 1, 0, 0, 0, 0, 0];
    socket.get_mut().write_all(&head).await.expect("write a head");
    // The engine may hang up before it has all of this; that is what is wanted.
    let _ = socket.get_mut().write_all(&vec![b'x'; 20 * 1024 * 1024]).await;
    trial.named().await;
    drop(socket);
    trial.recovers().await;
}

#[tokio::test]
async fn an_auth_success_with_fields_of_the_wrong_kind_is_named_and_nothing_is_sent_into_it() {
    let trial = Trial::start("wrong-kind").await;
    let answers = [
        json!({ "type": "auth_success" }),
        json!({ "type": "auth_success", "message": 7, "userId": 7 }),
        json!({ "type": "auth_success", "message": "", "userId": USER, "protocol": 2 }),
        json!({ "type": "auth_success", "message": "", "userId": USER, "protocol": 2, "spaces": "all" }),
    ];
    for answer in answers {
        let (mut socket, _) = trial.server.greet().await;
        socket.send(answer.clone()).await;
        socket.send(json!({ "type": "pong", "timestamp": 1 })).await;
        trial.named().await;
        let status = trial.device.status().await;
        assert!(!status.is_authenticated, "{answer}");
        socket.cut();
    }
    trial.recovers().await;
}

#[tokio::test]
async fn answers_nobody_asked_for_change_nothing() {
    let trial = Trial::start("unasked").await;
    let mut socket = trial.server.sign_in(USER).await;
    let update = socket.skip_to("note_update").await;
    let stranger = json!({ "noteId": "7c0ffee0-5eed-4000-8000-000000000001", "changes": { "content": "planted" } });
    confirm(&mut socket, &stranger).await;
    socket.send(json!({ "type": "note_left", "noteId": update["noteId"] })).await;
    socket
        .send(json!({ "type": "note_deleted_sync", "noteId": stranger["noteId"], "timestamp": 1, "fromUserId": USER }))
        .await;
    socket.send(json!({ "type": "auth_success", "message": "", "userId": "somebody_else" })).await;
    eventually("still there, still unsent", async || {
        let status = trial.device.status().await;
        holds(status.unsent > 0, status)
    })
    .await;
    trial.device.sees_body(trial.note, TEXT).await;
    socket.cut();
    trial.recovers().await;
}
