//! The page's "Error Handling" and the frames it doesn't speak of, seen from a client: each is answered, and the server
//! goes on.

use serde_json::{Value, json};
use stet_tests::scripted::PlainSocket;

use super::{Room, create, id, join, update};

async fn refused(socket: &mut PlainSocket, text: &str) -> Value {
    socket.send_text(text).await;
    let error = socket.expect("error").await;
    let message = error["message"].as_str().unwrap_or_default();
    assert!(!message.is_empty(), "an error says what happened: {error}");
    error
}

#[tokio::test]
async fn what_is_no_message_gets_error_malformed_and_the_socket_goes_on() {
    let room = Room::open("malformed").await;
    let (mut socket, _) = room.sign_in("maria").await;
    let frames = [
        "",
        "{",
        "null",
        "[]",
        "17",
        "\"ping\"",
        "{}",
        r#"{"type":null}"#,
        r#"{"type":"dance"}"#,
        r#"{"type":"join_note"}"#,
        r#"{"type":"join_note","noteId":7}"#,
        r#"{"type":"join_note","noteId":"not-a-uuid"}"#,
        r#"{"type":"note_update","noteId":"7c0ffee0-5eed-4000-8000-000000000001"}"#,
        r#"{"type":"note_created","noteData":{}}"#,
    ];
    for frame in frames {
        assert_eq!(refused(&mut socket, frame).await["code"], "malformed", "{frame}");
    }
    socket.send_bytes(vec![0xc1, 0xff, 0x00]).await;
    assert_eq!(socket.expect("error").await["code"], "malformed");
    socket.expect_nothing_more().await;
}

#[tokio::test]
async fn twenty_frames_that_are_no_messages_are_put_up_with_and_the_next_closes_with_4400() {
    let room = Room::open("patience").await;
    let (mut socket, _) = room.sign_in("maria").await;
    for _ in 0..20 {
        refused(&mut socket, "{").await;
    }
    socket.send_text("{").await;
    assert_eq!(socket.closed().await, Some(4400));
}

#[tokio::test]
async fn deeply_nested_json_is_refused_and_breaks_nothing() {
    let room = Room::open("nested").await;
    let (mut socket, _) = room.sign_in("maria").await;
    let deep = format!(r#"{{"type":"note_created","noteData":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(refused(&mut socket, &deep).await["code"], "malformed");
    socket.expect_nothing_more().await;
}

#[tokio::test]
async fn before_auth_every_message_is_refused_as_unauthenticated() {
    let room = Room::open("unauthenticated").await;
    let mut socket = PlainSocket::connect(&room.server.address()).await;
    socket.expect("connection_established").await;
    for message in [
        json!({ "type": "join_note", "noteId": id(1) }),
        json!({ "type": "note_update", "noteId": id(1), "changes": { "title": "x" } }),
        json!({ "type": "note_created", "noteData": { "id": id(1) } }),
    ] {
        assert_eq!(refused(&mut socket, &message.to_string()).await["code"], "unauthenticated", "{message}");
    }
    socket.send(json!({ "type": "auth", "token": room.server.token("maria") })).await;
    socket.expect("auth_success").await;
    socket.send(json!({ "type": "join_note", "noteId": id(1) })).await;
    assert_eq!(socket.expect("error").await["code"], "not-found", "nothing was done before auth");
}

#[tokio::test]
async fn a_note_that_does_not_exist_is_refused_by_its_id() {
    let room = Room::open("unknown").await;
    let (mut socket, _) = room.sign_in("maria").await;
    for message in [
        json!({ "type": "join_note", "noteId": id(1) }),
        json!({ "type": "note_update", "noteId": id(1), "changes": { "title": "x" } }),
        json!({ "type": "note_deleted", "noteId": id(1) }),
    ] {
        let error = refused(&mut socket, &message.to_string()).await;
        assert_eq!((&error["code"], &error["noteId"]), (&json!("not-found"), &json!(id(1))), "{message}");
    }
}

#[tokio::test]
async fn a_field_the_server_does_not_know_is_refused_in_changes_and_ignored_elsewhere() {
    let room = Room::open("fields").await;
    let (mut one, mut other, _) = room.two_sessions("maria").await;
    create(&mut one, &mut other, json!({ "id": id(1), "title": "a", "mood": "calm" })).await;
    let message = json!({ "type": "note_update", "noteId": id(1), "changes": { "title": "b", "mood": "calm" } });
    assert_eq!(refused(&mut one, &message.to_string()).await["code"], "malformed");
    assert_eq!(join(&mut one, &id(1)).await["title"], "a", "nothing of a refused update is applied");
}

#[tokio::test]
async fn the_other_levels_messages_are_malformed_at_level_1() {
    let room = Room::open("levels").await;
    let (mut socket, _) = room.sign_in("maria").await;
    for message in [
        json!({ "type": "sync", "spaceId": id(1), "since": 0, "lineage": id(2) }),
        json!({ "type": "note_update", "id": "1", "spaceId": id(1), "noteId": id(3), "after": 0, "ops": [] }),
        json!({ "type": "many", "messages": [{ "type": "ping" }] }),
    ] {
        assert_eq!(refused(&mut socket, &message.to_string()).await["code"], "malformed", "{message}");
    }
}

#[tokio::test]
async fn a_message_above_the_limit_is_refused_and_the_note_stays_as_it_was() {
    let room = Room::open("large").await;
    let (mut one, mut other, _) = room.two_sessions("maria").await;
    create(&mut one, &mut other, json!({ "id": id(1), "title": "small" })).await;
    let large = "x".repeat(1024 * 1024);
    let message = json!({ "type": "note_update", "noteId": id(1), "changes": { "content": large } });
    let error = refused(&mut one, &message.to_string()).await;
    assert_eq!(error["code"], "too-large");
    assert_eq!(join(&mut one, &id(1)).await["content"], "");
    other.expect_nothing_more().await;
}

#[tokio::test]
async fn more_messages_than_the_limit_are_refused_with_a_time_to_wait() {
    let room = Room::open("rate").await;
    let (mut socket, _) = room.sign_in("maria").await;
    for _ in 0..400 {
        socket.send(json!({ "type": "ping" })).await;
    }
    let mut answers = Vec::new();
    while answers.len() < 400 {
        answers.push(socket.next().await);
    }
    let limited =
        answers.iter().find(|answer| answer["type"] == "error").expect("400 messages in a moment are too many");
    assert_eq!(limited["code"], "rate-limited");
    assert!(limited["retryAfterMs"].as_u64().is_some_and(|wait| wait > 0), "{limited}");
    let answered = answers.iter().filter(|answer| answer["type"] == "pong").count();
    assert!((250..400).contains(&answered), "{answered} of 400 were answered");
}

#[tokio::test]
async fn one_bad_client_disturbs_no_other() {
    let room = Room::open("bad-client").await;
    let (mut good, _) = room.sign_in("maria").await;
    good.send(json!({ "type": "note_created", "noteData": { "id": id(1), "title": "Steady" } })).await;
    for _ in 0..5 {
        let (mut bad, _) = room.sign_in("jonas").await;
        bad.send_bytes(vec![0; 4096]).await;
        bad.send_text("}{").await;
        bad.cut();
    }
    let success = update(&mut good, &id(1), json!({ "content": "as ever" })).await;
    assert_eq!(success["updatedNote"]["content"], "as ever");
}
