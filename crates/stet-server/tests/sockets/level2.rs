//! Level 2: the log, its acknowledgements and live updates.

use serde_json::{Value, json};

use crate::stage::{Server, note_update, ops, uuid};

#[tokio::test]
async fn what_one_device_writes_the_other_gets_live_and_in_catch_up() {
    let server = Server::start().await;
    let mut a = server.level2("maria", 1).await;
    let mut b = server.level2("maria", 2).await;
    assert_eq!(a.agreed["protocol"], 2);
    assert_eq!(a.agreed["storeId"], b.agreed["storeId"]);
    let (rows, complete) = a.sync(0).await;
    assert_eq!((rows.len(), complete["seq"].as_u64()), (0, Some(0)));
    b.sync(0).await;

    assert_eq!(a.update("u1", 1, 0, "hello").await, 1);
    let live = b.expect("note_sync").await;
    assert_eq!((live["seq"].as_u64(), &live["ops"]), (Some(1), &ops("hello")));
    assert_eq!(live["fromDeviceId"], uuid(1));

    let mut c = server.level2("maria", 3).await;
    let (rows, complete) = c.sync(0).await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["ops"], ops("hello"));
    assert_eq!(complete["seq"], 1);
    assert_ne!(complete["digest"], json!("0".repeat(32)));
}

#[tokio::test]
async fn the_same_request_again_gets_the_same_answer_and_other_bytes_are_malformed() {
    let server = Server::start().await;
    let mut a = server.level2("maria", 1).await;
    let space = a.space();
    let seq = a.update("u1", 1, 0, "one").await;
    assert_eq!(a.update("u1", 1, 0, "one").await, seq);
    a.send(note_update(&space, "u1", 1, 0, "other")).await;
    let refusal = a.refused("malformed").await;
    assert_eq!((&refusal["id"], &refusal["noteId"]), (&json!("u1"), &json!(uuid(1))));
    let (rows, _) = a.sync(0).await;
    assert_eq!(rows.len(), 1);
}

#[tokio::test]
async fn an_update_must_build_on_rows_the_log_holds() {
    let server = Server::start().await;
    let mut a = server.level2("maria", 1).await;
    let space = a.space();
    a.send(note_update(&space, "u1", 1, 5, "x")).await;
    a.refused("unknown-base").await;
    let seq = a.update("u2", 1, 0, "x").await;
    a.send(note_update(&space, "u3", 1, seq + 1, "x")).await;
    a.refused("unknown-base").await;
    a.update("u4", 1, seq, "y").await;
}

#[tokio::test]
async fn a_purge_needs_the_newest_row_and_leaves_a_tombstone() {
    let server = Server::start().await;
    let mut a = server.level2("maria", 1).await;
    let mut b = server.level2("maria", 2).await;
    let space = a.space();
    b.sync(0).await;
    a.update("u1", 1, 0, "x").await;
    let seq = a.update("u2", 1, 1, "y").await;
    let purge = |id: &str, after: u64| json!({"type": "note_purge", "id": id, "spaceId": space, "noteId": uuid(1), "after": after});
    a.send(purge("p1", seq - 1)).await;
    a.refused("changed").await;
    a.send(purge("p2", seq)).await;
    assert_eq!(a.expect("note_update_success").await["seq"], seq + 1);
    b.expect("note_sync").await;
    b.expect("note_sync").await;
    assert_eq!(b.expect("note_purge_sync").await["noteId"], uuid(1));
    a.send(note_update(&space, "u3", 1, 0, "back?")).await;
    a.refused("deleted").await;
    let (rows, _) = a.sync(0).await;
    assert_eq!(rows.len(), 1);
    assert_eq!((&rows[0]["purged"], &rows[0]["noteId"]), (&json!(true), &json!(uuid(1))));
    a.send(json!({"type": "note_purge", "id": "p3", "spaceId": space, "noteId": space, "after": 0})).await;
    a.refused("forbidden").await;
}

#[tokio::test]
async fn a_cursor_of_another_history_is_told_so() {
    let server = Server::start().await;
    let mut a = server.level2("maria", 1).await;
    a.update("u1", 1, 0, "x").await;
    let space = a.space();
    let sync =
        |since: u64, lineage: Value| json!({"type": "sync", "spaceId": space, "since": since, "lineage": lineage});
    a.send(sync(2, a.lineage())).await;
    a.refused("diverged-log").await;
    a.send(sync(1, json!(uuid(77)))).await;
    a.refused("diverged-log").await;
    a.send(sync(1, Value::Null)).await;
    a.refused("malformed").await;
    let (rows, _) = a.sync(1).await;
    assert!(rows.is_empty());
}

#[tokio::test]
async fn a_cursor_stays_good_over_restarts_of_the_server() {
    let server = Server::start().await;
    let mut a = server.level2("maria", 1).await;
    let store = a.agreed["storeId"].clone();
    a.update("u1", 1, 0, "x").await;
    let (_, complete) = a.sync(0).await;
    let server = server.restart().await;
    let mut b = server.level2("maria", 2).await;
    assert_eq!(b.agreed["storeId"], store);
    assert_ne!(b.lineage(), complete["lineage"], "every life of the server begins a lineage");
    b.update("u2", 2, 0, "y").await;
    b.send(json!({"type": "sync", "spaceId": b.space(), "since": 1, "lineage": complete["lineage"]})).await;
    let (rows, _) = b.batches().await;
    assert_eq!(rows.len(), 1);
    // A cursor past the old lineage's end is of a history this database never had.
    b.send(json!({"type": "sync", "spaceId": b.space(), "since": 2, "lineage": complete["lineage"]})).await;
    b.refused("diverged-log").await;
}

#[tokio::test]
async fn the_newest_notes_come_first_and_named_ones_alone() {
    let server = Server::start().await;
    let mut a = server.level2("maria", 1).await;
    let space = a.space();
    let library =
        json!({"type": "note_update", "id": "l", "spaceId": space, "noteId": space, "after": 0, "ops": ops("l")});
    a.send(library).await;
    a.expect("note_update_success").await;
    for note in 1..=4 {
        a.update(&format!("u{note}"), note, 0, "x").await;
    }
    a.send(json!({"type": "sync", "spaceId": space, "since": 0, "newest": 2})).await;
    let early = a.expect("sync_batch").await;
    assert_eq!(early["early"], true);
    assert_eq!(early["upTo"], 0);
    let notes: Vec<&str> =
        early["rows"].as_array().unwrap().iter().map(|row| row["noteId"].as_str().unwrap()).collect();
    assert_eq!(notes, [space.as_str(), &uuid(4), &uuid(3)]);
    assert_eq!((&early["done"], &early["total"]), (&json!(3), &json!(8)));
    let (rows, _) = a.batches().await;
    assert_eq!(rows.len(), 5);

    a.send(json!({"type": "sync", "spaceId": space, "since": 0, "noteIds": [uuid(2)]})).await;
    let (rows, complete) = a.batches().await;
    assert_eq!(rows.len(), 1);
    assert_eq!(complete["noteIds"], json!([uuid(2)]));
}

#[tokio::test]
async fn a_long_log_comes_in_batches_that_move_the_cursor() {
    let server = Server::start().await;
    let mut a = server.level2("maria", 1).await;
    let space = a.space();
    let text = "x".repeat(300_000);
    for note in 1..=8 {
        a.update(&format!("u{note}"), note, 0, &text).await;
    }
    a.send(json!({"type": "sync", "spaceId": space, "since": 0})).await;
    let (mut up_to, mut rows, mut batches) = (0, 0, 0);
    let complete = loop {
        let message = a.next().await;
        if message["type"] == "sync_complete" {
            break message;
        }
        batches += 1;
        for row in message["rows"].as_array().unwrap() {
            let seq = row["seq"].as_u64().unwrap();
            assert!(seq > up_to);
            up_to = seq;
            rows += 1;
        }
        assert_eq!(message["upTo"].as_u64(), Some(up_to));
        assert_eq!((message["done"].as_u64(), message["total"].as_u64()), (Some(rows), Some(8)));
    };
    assert!(batches >= 3, "1 MiB a batch");
    assert_eq!((rows, complete["seq"].as_u64()), (8, Some(8)));
}

#[tokio::test]
async fn many_is_handled_like_its_messages_one_by_one() {
    let server = Server::start().await;
    let mut a = server.level2("maria", 1).await;
    let space = a.space();
    let messages = [
        note_update(&space, "u1", 1, 0, "x"),
        note_update(&space, "u2", 2, 9, "x"),
        note_update(&space, "u3", 3, 0, "x"),
        json!({"type": "join_note", "spaceId": space, "noteId": uuid(1)}),
    ];
    a.send(json!({"type": "many", "messages": messages})).await;
    let mut answers = Vec::new();
    for _ in 0..4 {
        answers.push(a.next().await);
    }
    let kinds: Vec<_> = answers.iter().map(|answer| answer["type"].as_str().unwrap()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "note_update_success").count(), 2);
    assert!(kinds.contains(&"note_joined"));
    // One refused update of a group doesn't fail the others, and names its document.
    let refusal = answers.iter().find(|answer| answer["type"] == "error").unwrap();
    assert_eq!((&refusal["code"], &refusal["noteId"]), (&json!("unknown-base"), &json!(uuid(2))));
}

#[tokio::test]
async fn devices_hear_how_far_the_others_are() {
    let server = Server::start().await;
    let mut a = server.level2("maria", 1).await;
    let mut b = server.level2("maria", 2).await;
    let space = a.space();
    a.sync(0).await;
    b.send(json!({"type": "received", "spaceId": space, "seq": 0, "unsent": 3})).await;
    let receipts = a.expect("receipts").await;
    assert_eq!(receipts["devices"][0]["deviceId"], uuid(2));
    assert_eq!((&receipts["devices"][0]["unsent"], &receipts["devices"][0]["name"]), (&json!(3), &json!("device 2")));
    b.quiet().await;
    a.sync(0).await;
    assert_eq!(a.expect("receipts").await["devices"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn two_users_see_nothing_of_each_other_and_foreign_is_said_like_missing() {
    let server = Server::start().await;
    let mut a = server.level2("maria", 1).await;
    let mut b = server.level2("noor", 2).await;
    assert_ne!(a.agreed["userId"], b.agreed["userId"]);
    let (hers, missing) = (a.space(), uuid(200));
    b.sync(0).await;
    a.update("u1", 1, 0, "secret").await;
    b.quiet().await;
    for kind in ["sync", "note_update", "note_purge", "join_note", "leave_note", "received"] {
        let mut ask = async |space: &str| {
            b.send(json!({"type": kind, "id": "i", "spaceId": space, "noteId": uuid(1), "since": 0, "after": 0,
                "ops": ops("x"), "seq": 0, "unsent": 0}))
                .await;
            b.refused("not-found").await
        };
        assert_eq!(ask(&hers).await, ask(&missing).await, "{kind}");
    }
    // The same note id in another space is another document.
    assert_eq!(b.update("u1", 1, 0, "mine").await, 1);
}

#[tokio::test]
async fn binary_frames_are_answered_in_kind() {
    use stet_protocol::codec::{Encoding, Frame, decode, encode};
    use stet_protocol::message::level2::{ClientMessage, ServerMessage};
    use stet_protocol::message::{Auth, Device};
    use tokio_tungstenite::tungstenite::Message;

    let server = Server::start().await;
    let token = server.token("maria").await;
    let mut client = server.connect().await;
    let device = Device {
        id: uuid(1).parse().unwrap(),
        name: "d".to_owned(),
        platform: "linux".to_owned(),
        app_version: "0".to_owned(),
    };
    let auth = ClientMessage::Auth(Auth { token, protocol: Some(2), device: Some(device) });
    let Frame::Binary(bytes) = encode(&auth, Encoding::MessagePack) else { panic!("not binary") };
    client.raw(Message::binary(bytes)).await;
    let bytes = client.binary().await;
    let answer = decode::<ServerMessage>(&Frame::Binary(bytes), 1 << 20).unwrap();
    assert!(matches!(answer, ServerMessage::AuthSuccess(_)), "{answer:?}");
    // Text is taken all the same, and answered in the form of `auth`.
    client.send(json!({"type": "ping"})).await;
    let answer = decode::<ServerMessage>(&Frame::Binary(client.binary().await), 1 << 20).unwrap();
    assert!(matches!(answer, ServerMessage::Pong { .. }), "{answer:?}");
}
