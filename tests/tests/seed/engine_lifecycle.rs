//! The page's "Connection Lifecycle" 1 to 5, seen from a server that follows the page and knows nothing more.

use serde_json::json;
use stet_client::api::command::{JoinNote, LeaveNote};
use stet_client::api::status::ConnectionState;
use stet_client::config::TokenSource;
use stet_tests::scripted::ScriptedServer;
use stet_tests::stage::Ground;
use stet_tests::wait::eventually;

use super::level1_server::{Engine, USER, confirm, settle};

#[tokio::test]
async fn lifecycle_1_the_engine_waits_for_connection_established_and_sends_auth_with_its_token_first() {
    let engine = Engine::start("connect").await;
    let (_socket, auth) = engine.server.greet().await;
    assert_eq!(auth["type"], "auth");
    assert_eq!(auth["token"], engine.token());
    let status = engine.device.status().await;
    assert_eq!(status.state, ConnectionState::Connected, "connected is not yet signed in");
    assert!(status.is_connected && !status.is_authenticated);
}

#[tokio::test]
async fn lifecycle_2_auth_success_without_a_protocol_makes_it_a_level_1_session() {
    let engine = Engine::start("success").await;
    let _socket = engine.server.sign_in(USER).await;
    let status = engine.device.until("signed in", |status| status.is_authenticated).await;
    assert_eq!(status.state, ConnectionState::Authenticated);
    assert_eq!((status.level, status.user_id.map(|user| user.0).as_deref()), (Some(1), Some(USER)));
}

#[tokio::test]
async fn lifecycle_3_selecting_a_note_sends_join_note_and_leaves_the_one_before() {
    let engine = Engine::start("join").await;
    let mut socket = engine.signed_in().await;
    let first = engine.device.create("First", "").await;
    settle(&mut socket, &engine.device).await;
    let second = engine.device.create("Second", "").await;
    settle(&mut socket, &engine.device).await;

    engine.device.call(JoinNote { note_id: first }).await;
    assert_eq!(socket.skip_to("join_note").await["noteId"], json!(first.to_string()));
    socket.send(joined(&first.to_string())).await;
    engine.device.until("joined", |status| status.joined_notes == [first]).await;

    engine.device.call(JoinNote { note_id: second }).await;
    let (left, came) = (socket.next().await, socket.next().await);
    assert_eq!(left, json!({ "type": "leave_note", "noteId": first.to_string() }));
    assert_eq!(came, json!({ "type": "join_note", "noteId": second.to_string() }));
    socket.send(json!({ "type": "note_left", "noteId": first.to_string() })).await;
    socket.send(joined(&second.to_string())).await;
    engine.device.until("the other joined", |status| status.joined_notes == [second]).await;

    engine.device.call(LeaveNote { note_id: second }).await;
    assert_eq!(socket.expect("leave_note").await["noteId"], json!(second.to_string()));
    engine.device.until("none joined", |status| status.joined_notes.is_empty()).await;
}

fn joined(note_id: &str) -> serde_json::Value {
    json!({ "type": "note_joined", "noteId": note_id, "message": "Successfully joined note for real-time sync" })
}

#[tokio::test]
async fn lifecycle_4_a_change_is_sent_as_note_update_and_counts_as_unsent_until_note_update_success() {
    let engine = Engine::start("update").await;
    let mut socket = engine.signed_in().await;
    let note = engine.device.create("Glue", "Wheat").await;
    settle(&mut socket, &engine.device).await;

    engine.device.append(note, " paste").await;
    let update = socket.skip_to("note_update").await;
    assert_eq!(update["noteId"], json!(note.to_string()));
    assert_eq!(update["changes"]["content"], "Wheat paste");
    assert_eq!(engine.device.status().await.unsent, 1, "nobody confirmed it yet");
    confirm(&mut socket, &update).await;
    engine.device.until("sent", |status| status.unsent == 0).await;
}

#[tokio::test]
async fn lifecycle_5_a_cut_connection_comes_back_signs_in_rejoins_and_sends_what_was_typed_meanwhile() {
    let engine = Engine::start("reconnect").await;
    let mut socket = engine.signed_in().await;
    let note = engine.device.create("Press", "Overnight").await;
    settle(&mut socket, &engine.device).await;
    engine.device.call(JoinNote { note_id: note }).await;
    socket.skip_to("join_note").await;
    socket.send(joined(&note.to_string())).await;

    socket.cut();
    engine.device.until("noticed", |status| !status.is_connected).await;
    engine.device.append(note, ", under bricks").await;
    let (mut socket, auth) = engine.server.greet().await;
    assert_eq!(auth["token"], engine.token(), "who is signed in stays signed in");
    socket.send(json!({ "type": "auth_success", "message": "Authentication successful", "userId": USER })).await;
    assert_eq!(socket.skip_to("join_note").await["noteId"], json!(note.to_string()));
    socket.send(joined(&note.to_string())).await;
    let update = socket.skip_to("note_update").await;
    assert_eq!(update["changes"]["content"], "Overnight, under bricks");
    confirm(&mut socket, &update).await;
    engine.device.until("sent", |status| status.unsent == 0 && status.reconnect_attempts == 0).await;
}

#[tokio::test]
async fn a_token_that_ran_out_is_read_again_from_its_file() {
    let ground = Ground::shared("renewal");
    let server = ScriptedServer::bind().await;
    let file = ground.path().join("token");
    std::fs::write(&file, "the-first").expect("write a token");
    let folder = ground.folder("device");
    let source = TokenSource::File(file.clone());
    let device = stet_tests::device::Device::start_with(&folder, "laptop", &server.url(), source).await;
    let (mut socket, auth) = server.greet().await;
    assert_eq!(auth["token"], "the-first");
    std::fs::write(&file, "the-second").expect("write a token");
    socket.send(json!({ "type": "auth_failed", "message": "Authentication failed", "reason": "token-expired" })).await;
    socket.close().await;

    let mut socket = eventually("the new token", async || {
        let (socket, auth) = server.greet().await;
        if auth["token"] == "the-second" { Ok(socket) } else { Err(auth.to_string()) }
    })
    .await;
    socket.send(json!({ "type": "auth_success", "message": "Authentication successful", "userId": USER })).await;
    device.until("signed in", |status| status.is_authenticated).await;
}
