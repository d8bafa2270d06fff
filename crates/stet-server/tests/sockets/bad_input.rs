//! What nobody should send, and what it must not do.

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::stage::{Client, Server, auth2, note_update, ops, token_for, uuid, within};

#[tokio::test]
async fn what_is_not_a_message_is_answered_and_the_socket_goes_on() {
    let server = Server::start().await;
    let mut client = server.level2("maria", 1).await;
    let bad = [
        Message::text("no json"),
        Message::text("[]"),
        Message::text(r#"{"type": "no_such_type"}"#),
        Message::text(r#"{"type": "sync"}"#),
        Message::text(r#"{"type": "sync", "spaceId": 7, "since": 0}"#),
        Message::text(format!("{}{}", "[".repeat(5_000), "]".repeat(5_000))),
        Message::text(r#"{"type": "many", "messages": [{"type": "many", "messages": []}]}"#),
        Message::text(r#"{"type": "note_created", "noteData": {}}"#),
        Message::binary(vec![0xff; 40]),
        Message::binary(Vec::new()),
    ];
    for message in bad {
        client.raw(message).await;
        client.refused("malformed").await;
    }
    client.quiet().await;
}

#[tokio::test]
async fn a_socket_that_sends_nothing_but_rubbish_is_closed() {
    let server = Server::start().await;
    let mut client = server.level2("maria", 1).await;
    for _ in 0..20 {
        client.raw(Message::text("rubbish")).await;
    }
    for _ in 0..20 {
        client.refused("malformed").await;
    }
    assert_eq!(client.closed().await, 4400);
}

#[tokio::test]
async fn before_auth_nothing_is_answered_but_that_auth_comes_first() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    for message in [
        json!({"type": "ping"}),
        json!({"type": "join_note", "noteId": uuid(1)}),
        json!({"type": "sync", "spaceId": uuid(1), "since": 0}),
    ] {
        client.send(message).await;
        client.refused("unauthenticated").await;
    }
    client.send(json!({"type": "auth"})).await;
    client.refused("malformed").await;
    client.send(json!({"type": "auth", "token": "x", "protocol": 2})).await;
    client.refused("malformed").await;
}

#[tokio::test]
async fn a_bad_token_is_told_why_and_closed() {
    let server = Server::start().await;
    let folder = server.data.as_ref().unwrap().path().to_path_buf();
    let good = server.token("maria").await;
    let expired = token_for(&folder, "maria", 0);
    let other = Server::start().await.token("maria").await;
    for (token, reason) in [("x", "invalid-token"), (&expired, "token-expired"), (&other, "invalid-token")] {
        let mut client = server.connect().await;
        client.send(json!({"type": "auth", "token": token})).await;
        let failed = client.expect("auth_failed").await;
        assert_eq!((&failed["reason"], &failed["message"]), (&json!(reason), &json!("Authentication failed")));
        assert_eq!(client.closed().await, 4401);
    }
    // One that fails doesn't spoil the next on another socket.
    let mut client = server.connect().await;
    client.send(auth2(&good, 1)).await;
    client.expect("auth_success").await;
}

#[tokio::test]
async fn a_socket_that_does_not_authenticate_is_closed() {
    let server = Server::with(|config| config.limits.auth_timeout = 1).await;
    let mut client = server.connect().await;
    assert_eq!(client.closed().await, 4408);
}

#[tokio::test]
async fn the_other_levels_form_of_a_message_is_malformed() {
    let server = Server::start().await;
    let mut one = server.level1("maria").await;
    one.send(json!({"type": "sync", "spaceId": uuid(1), "since": 0})).await;
    one.refused("malformed").await;
    let token = server.token("maria").await;
    one.send(auth2(&token, 1)).await;
    one.refused("malformed").await;
    let mut two = server.level2("maria", 1).await;
    two.send(json!({"type": "note_update", "noteId": uuid(1), "changes": {"title": "x"}})).await;
    two.refused("malformed").await;
    // An unknown field of `changes` is refused, anywhere else it is passed over.
    one.send(json!({"type": "note_update", "noteId": uuid(1), "changes": {"pinned": true}})).await;
    one.refused("malformed").await;
    one.send(json!({"type": "ping", "more": 1})).await;
    one.expect("pong").await;
}

#[tokio::test]
async fn a_newer_token_of_the_same_user_renews_and_another_user_is_refused() {
    let server = Server::start().await;
    let mut client = server.level2("maria", 1).await;
    let newer = server.token("maria").await;
    client.send(auth2(&newer, 1)).await;
    assert_eq!(client.expect("auth_success").await["connectionId"], client.agreed["connectionId"]);
    let noor = server.token("noor").await;
    client.send(auth2(&noor, 1)).await;
    client.expect("auth_failed").await;
    client.send(auth2("x", 1)).await;
    client.expect("auth_failed").await;
    client.quiet().await;
}

#[tokio::test]
async fn a_level_2_socket_ends_with_its_token() {
    let server = Server::start().await;
    let folder = server.data.as_ref().unwrap().path().to_path_buf();
    // Tokens count in whole seconds: this one is good for one to two of them.
    let token = token_for(&folder, "maria", 2_000);
    let mut client = server.connect().await;
    client.send(auth2(&token, 1)).await;
    let expires = client.expect("auth_success").await["expiresInMs"].as_u64().unwrap();
    assert!((1..=2_000).contains(&expires));
    assert_eq!(client.expect("auth_failed").await["reason"], "token-expired");
    assert_eq!(client.closed().await, 4401);
}

#[tokio::test]
async fn too_large_is_told_and_what_is_above_every_bound_ends_its_own_socket_alone() {
    let server = Server::with(|config| config.limits.message_bytes = 2 << 20).await;
    let mut one = server.level1("maria").await;
    one.send(json!({"type": "note_created", "noteData": {"id": uuid(1), "content": "x".repeat(1 << 20)}})).await;
    assert_eq!(one.refused("too-large").await["noteId"], uuid(1), "it names the note");
    one.quiet().await;
    let mut two = server.level2("maria", 1).await;
    two.raw(Message::binary(vec![0; (2 << 20) + 1])).await;
    two.refused("too-large").await;
    let space = two.space();
    two.send(note_update(&space, "u1", 1, 0, &"x".repeat(2 << 20))).await;
    let refusal = two.refused("too-large").await;
    assert_eq!((&refusal["noteId"], &refusal["id"]), (&json!(uuid(1)), &json!("u1")));
    two.quiet().await;
    // Only the first bytes of this one are ever read: its sender is told 1009, if it still listens.
    two.raw_or_gone(Message::binary(vec![0; 8 << 20])).await;
    assert!([None, Some(1009)].contains(&two.ended().await));
    one.quiet().await;
}

#[tokio::test]
async fn a_large_frame_before_signing_in_ends_the_socket() {
    const MOST: usize = 64 << 10;
    let server = Server::start().await;
    let mut stranger = server.connect().await;
    let message = |bytes: usize| json!({"type": "ping"}).to_string() + &" ".repeat(bytes - r#"{"type":"ping"}"#.len());
    stranger.raw(Message::text(message(MOST))).await;
    stranger.refused("unauthenticated").await;
    // More than one is read of nobody, however it comes.
    for bytes in [MOST + 1, 2 << 20] {
        let mut stranger = server.connect().await;
        stranger.raw_or_gone(Message::text(message(bytes))).await;
        stranger.refused("too-large").await;
        assert_eq!(stranger.closed().await, 1009);
    }
}

#[tokio::test]
async fn of_a_stranger_no_more_is_read_than_one_message_and_of_others_all() {
    let server = Server::start().await;
    let mut stranger = server.connect().await;
    // The beginning of a frame that would be taken later.
    let (mut sent, piece) = (0, vec![b' '; 64 << 10]);
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    let hello = "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    socket.write_all(hello.as_bytes()).await.unwrap();
    socket.write_all(&[0x82, 0xff, 0, 0, 0, 0, 0, 0xf0, 0, 0, 0, 0, 0, 0]).await.unwrap();
    // Its sender is left with it, but for what the network holds.
    while within(socket.write_all(&piece)).await.is_ok() {
        sent += piece.len();
        assert!(sent < 15 << 20, "the server took {sent} bytes of a stranger");
    }
    stranger.send(json!({"type": "ping"})).await;
    stranger.refused("unauthenticated").await;
    let mut device = server.level2("maria", 1).await;
    for n in 0..3 {
        device.update(&format!("u{n}"), 1, n, &"x".repeat(1 << 20)).await;
    }
}

#[tokio::test]
async fn an_update_above_what_may_be_in_flight_is_too_large() {
    let server = Server::start().await;
    let mut client = server.level2("maria", 1).await;
    let space = client.space();
    client.send(note_update(&space, "u1", 1, 0, &"x".repeat(4 << 20))).await;
    let refusal = client.refused("too-large").await;
    assert_eq!((&refusal["noteId"], &refusal["id"]), (&json!(uuid(1)), &json!("u1")));
    client.update("u2", 1, 0, "small").await;
}

#[tokio::test]
async fn operations_of_an_unknown_format_and_requests_without_a_name_are_malformed() {
    let server = Server::start().await;
    let mut client = server.level2("maria", 1).await;
    let space = client.space();
    let update = |id: &str, ops: Value| json!({"type": "note_update", "id": id, "spaceId": space, "noteId": uuid(1), "after": 0, "ops": ops});
    let bad = [
        update("u", json!([])),
        update("u", json!(["Ag=="])),
        update("u", json!([""])),
        update("", ops("x")),
        update(&"u".repeat(65), ops("x")),
    ];
    for message in bad {
        client.send(message).await;
        client.refused("malformed").await;
    }
    let (rows, _) = client.sync(0).await;
    assert!(rows.is_empty());
}

#[tokio::test]
async fn too_much_in_a_short_time_is_told_when_to_go_on() {
    let server = Server::with(|config| {
        config.limits.level1_messages = 3;
        config.limits.messages = 3;
        config.limits.update_bytes = 100;
    })
    .await;
    let mut one = server.level1("maria").await;
    let mut two = server.level2("maria", 1).await;
    for client in [&mut one, &mut two] {
        for _ in 0..3 {
            client.send(json!({"type": "ping"})).await;
            client.expect("pong").await;
        }
        client.send(json!({"type": "ping"})).await;
        let wait = client.refused("rate-limited").await["retryAfterMs"].as_u64().unwrap();
        assert!((1..=20_000).contains(&wait), "{wait}");
    }
    let space = two.space();
    two.update("u1", 1, 0, &"x".repeat(80)).await;
    two.send(note_update(&space, "u2", 1, 1, &"x".repeat(80))).await;
    assert_eq!(two.refused("rate-limited").await["noteId"], uuid(1));
}

#[tokio::test]
async fn past_the_limit_of_sockets_the_one_silent_longest_goes() {
    let server = Server::with(|config| config.limits.sockets_per_user = 2).await;
    let mut first = server.level2("maria", 1).await;
    let mut second = server.level2("maria", 1).await;
    first.quiet().await;
    let mut other = server.level2("noor", 1).await;
    let mut third = server.level2("maria", 1).await;
    second.refused("too-many-sockets").await;
    assert_eq!(second.closed().await, 4429);
    for client in [&mut first, &mut third, &mut other] {
        client.quiet().await;
    }
}

#[tokio::test]
async fn foreign_notes_are_answered_like_missing_ones_at_level_1() {
    let server = Server::start().await;
    let mut a = server.level1("maria").await;
    let mut b = server.level1("noor").await;
    a.send(json!({"type": "note_created", "noteData": {"id": uuid(1), "content": "secret"}})).await;
    a.quiet().await;
    for kind in ["join_note", "note_update", "note_deleted"] {
        let mut ask = async |note: u8| {
            b.send(json!({"type": kind, "noteId": uuid(note), "changes": {"title": "x"}})).await;
            let mut answer = b.refused("not-found").await;
            answer["noteId"].take();
            answer
        };
        assert_eq!(ask(1).await, ask(2).await, "{kind}");
    }
    // The library is no note.
    let library = server.level2("noor", 1).await.space();
    b.send(json!({"type": "join_note", "noteId": library})).await;
    b.refused("not-found").await;
}

#[tokio::test]
async fn a_page_from_elsewhere_may_not_connect() {
    let server = Server::start().await;
    let connect = async |origin: &'static str, path: &str| {
        let mut request = format!("ws://{}{path}", server.address).into_client_request().unwrap();
        request.headers_mut().insert("origin", origin.parse().unwrap());
        tokio_tungstenite::connect_async(request).await.map(drop).map_err(|error| error.to_string())
    };
    assert!(connect("https://evil.example", "/ws").await.unwrap_err().contains("403"));
    connect("http://localhost:5173", "/ws").await.unwrap();
    connect("http://localhost:5173", "/").await.unwrap();
}

#[tokio::test]
async fn a_reader_that_stops_reading_is_told_that_it_is_behind_and_catches_up() {
    let server = Server::start().await;
    let mut slow = server.level2("maria", 1).await;
    let mut writer = server.level2("maria", 2).await;
    slow.sync(0).await;
    // 3 MiB of base64 an update: what the slow one doesn't read piles up far beyond every buffer on the way.
    let text = "x".repeat(2_300_000);
    for count in 0..12_u64 {
        writer.update(&format!("u{count}"), 1, count, &text).await;
    }
    let mut last = 0;
    loop {
        let message = slow.next().await;
        if message["type"] == "behind" {
            break;
        }
        assert_eq!(message["seq"].as_u64(), Some(last + 1));
        last += 1;
    }
    assert!(last < 12);
    // Only acknowledgements now.
    writer.update("more", 1, 12, "x").await;
    slow.update("own", 2, 0, "x").await;
    let (rows, complete) = slow.sync(last).await;
    assert_eq!((rows.len() as u64, complete["seq"].as_u64()), (14 - last, Some(14)));
    writer.update("live", 1, 13, "x").await;
    assert_eq!(Client::expect(&mut slow, "note_sync").await["seq"], 15);
}
