//! The page's "Connection Lifecycle" 1 to 5, seen from a client.

use serde_json::json;
use stet_tests::scripted::PlainSocket;
use stet_tests::wait::eventually;

use super::{Room, create, id, join, update};

#[tokio::test]
async fn lifecycle_1_the_server_sends_connection_established_before_anything_is_asked() {
    let room = Room::open("established").await;
    for path in ["/", "/ws"] {
        let mut socket = PlainSocket::connect_to(&room.server.address(), path).await;
        let greeting = socket.next().await;
        let wanted = json!({ "type": "connection_established", "message": "Please authenticate to continue" });
        assert_eq!(greeting, wanted, "at {path}");
    }
}

#[tokio::test]
async fn lifecycle_2_auth_is_answered_with_auth_success_and_the_user_id() {
    let room = Room::open("auth").await;
    let mut socket = PlainSocket::connect(&room.server.address()).await;
    socket.expect("connection_established").await;
    socket.send(json!({ "type": "auth", "token": room.server.token("maria") })).await;
    let success = socket.expect("auth_success").await;
    assert_eq!(success["message"], "Authentication successful");
    assert!(success["userId"].as_str().is_some_and(|user| !user.is_empty()), "{success}");
    let keys: Vec<&String> = success.as_object().expect("an object").keys().collect();
    assert_eq!(keys.len(), 3, "level 1 is told nothing else: {keys:?}");
}

#[tokio::test]
async fn lifecycle_2_a_bad_token_is_answered_with_auth_failed_and_the_socket_closes_with_4401() {
    let room = Room::open("bad-token").await;
    let good = room.server.token("maria");
    let (head, signature) = good.rsplit_once('.').expect("a token has three parts");
    let swapped: String = signature.chars().rev().collect();
    for token in [String::new(), "clerk_jwt_token_here".to_owned(), format!("{head}."), format!("{head}.{swapped}")] {
        let mut socket = PlainSocket::connect(&room.server.address()).await;
        socket.expect("connection_established").await;
        socket.send(json!({ "type": "auth", "token": token })).await;
        let failed = socket.expect("auth_failed").await;
        assert_eq!(failed["message"], "Authentication failed");
        assert_eq!(failed["reason"], "invalid-token");
        assert_eq!(socket.closed().await, Some(4401));
    }
}

#[tokio::test]
async fn lifecycle_2_a_token_that_ran_out_is_told_apart() {
    let room = Room::open("old-token").await;
    let token = room.server.token_for("maria", "1s");
    let failed = eventually("the token to run out", async || {
        let mut socket = PlainSocket::connect(&room.server.address()).await;
        socket.expect("connection_established").await;
        socket.send(json!({ "type": "auth", "token": token })).await;
        let answer = socket.next().await;
        if answer["type"] == "auth_failed" { Ok(answer) } else { Err(answer.to_string()) }
    })
    .await;
    assert_eq!(failed["reason"], "token-expired", "{failed}");
}

#[tokio::test]
async fn lifecycle_3_join_note_is_answered_with_note_joined_and_leave_note_with_note_left() {
    let room = Room::open("join").await;
    let (mut one, mut other, user) = room.two_sessions("maria").await;
    let note = id(1);
    create(&mut one, &mut other, json!({ "id": note, "title": "Glue", "content": "Wheat paste, one to four." })).await;

    other.send(json!({ "type": "join_note", "noteId": note })).await;
    let joined = other.expect("note_joined").await;
    assert_eq!(joined["noteId"], json!(note));
    assert_eq!(joined["message"], "Successfully joined note for real-time sync");
    let state = &joined["note"];
    assert_eq!((&state["id"], &state["userId"]), (&json!(note), &json!(user)));
    assert_eq!((&state["title"], &state["content"]), (&json!("Glue"), &json!("Wheat paste, one to four.")));

    other.send(json!({ "type": "leave_note", "noteId": note })).await;
    let left = other.expect("note_left").await;
    assert_eq!(left, json!({ "type": "note_left", "noteId": note }));
}

#[tokio::test]
async fn lifecycle_4_a_note_update_is_confirmed_to_its_sender_and_comes_to_the_others_as_note_sync() {
    let room = Room::open("update").await;
    let (mut one, mut other, user) = room.two_sessions("maria").await;
    let note = id(1);
    create(&mut one, &mut other, json!({ "id": note, "title": "", "content": "" })).await;
    join(&mut one, &note).await;
    join(&mut other, &note).await;

    let changes = json!({ "title": "New Title", "content": "New content" });
    let success = update(&mut one, &note, changes.clone()).await;
    assert_eq!(success["noteId"], json!(note));
    assert_eq!(success["updatedNote"]["title"], "New Title");
    assert!(success["timestamp"].is_i64() || success["timestamp"].is_u64(), "{success}");

    let sync = other.expect("note_sync").await;
    assert_eq!((&sync["noteId"], &sync["fromUserId"]), (&json!(note), &json!(user)));
    assert_eq!(sync["changes"], changes);
    assert_eq!(sync["updatedNote"], success["updatedNote"]);
    assert_eq!(sync["timestamp"], success["timestamp"]);
    one.expect_nothing_more().await;
}

#[tokio::test]
async fn lifecycle_5_after_a_cut_connection_the_same_token_signs_in_again_and_the_note_is_rejoined() {
    let room = Room::open("reconnect").await;
    let token = room.server.token("maria");
    let address = room.server.address();
    let (mut one, _) = PlainSocket::sign_in(&address, &token).await;
    let (mut other, _) = PlainSocket::sign_in(&address, &token).await;
    let note = id(1);
    create(&mut one, &mut other, json!({ "id": note, "title": "Press", "content": "Overnight." })).await;
    join(&mut other, &note).await;
    other.cut();
    update(&mut one, &note, json!({ "content": "Overnight, under two bricks." })).await;

    let (mut other, _) = PlainSocket::sign_in(&address, &token).await;
    let state = join(&mut other, &note).await;
    assert_eq!(state["content"], "Overnight, under two bricks.");
    update(&mut one, &note, json!({ "content": "Overnight, under three bricks." })).await;
    assert_eq!(other.expect("note_sync").await["changes"]["content"], "Overnight, under three bricks.");
}

#[tokio::test]
async fn lifecycle_5_what_was_confirmed_is_still_there_after_the_server_is_killed() {
    let mut room = Room::open("killed").await;
    let token = room.server.token("maria");
    let (mut one, _) = PlainSocket::sign_in(&room.server.address(), &token).await;
    let note = id(1);
    one.send(json!({ "type": "note_created", "noteData": { "id": note, "title": "Thread" } })).await;
    update(&mut one, &note, json!({ "content": "Linen 18/3, waxed." })).await;
    room.server.kill();
    assert_eq!(one.closed().await, None);

    room.server.restart().await;
    let (mut again, _) = PlainSocket::sign_in(&room.server.address(), &token).await;
    let state = join(&mut again, &note).await;
    assert_eq!((&state["title"], &state["content"]), (&json!("Thread"), &json!("Linen 18/3, waxed.")));
}

#[tokio::test]
async fn a_server_that_is_asked_to_end_closes_with_1012_and_starts_again_on_its_data() {
    let mut room = Room::open("restart").await;
    let token = room.server.token("maria");
    let (mut socket, user) = PlainSocket::sign_in(&room.server.address(), &token).await;
    let (closed, ()) = tokio::join!(socket.closed(), room.server.stop());
    assert_eq!(closed, Some(1012));
    room.server.restart().await;
    let (_, same) = PlainSocket::sign_in(&room.server.address(), &token).await;
    assert_eq!(user, same);
}
