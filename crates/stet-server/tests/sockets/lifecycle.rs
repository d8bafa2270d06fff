//! Coming up, going down, and the paths beside the socket.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;

use crate::stage::{Server, note_update, uuid, within};

async fn get(server: &Server, path: &str) -> String {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    within(stream.read_to_string(&mut answer)).await.unwrap();
    answer
}

#[tokio::test]
async fn health_and_readiness_are_told() {
    let server = Server::start().await;
    assert!(get(&server, "/healthz").await.starts_with("HTTP/1.1 200"));
    assert!(get(&server, "/readyz").await.starts_with("HTTP/1.1 200"));
    assert!(get(&server, "/").await.starts_with("HTTP/1.1 4"));
}

#[tokio::test]
async fn going_down_is_told_and_what_was_acknowledged_is_there_afterwards() {
    let mut server = Server::start().await;
    let mut two = server.level2("maria", 1).await;
    let mut one = server.level1("maria").await;
    two.update("u1", 1, 0, "x").await;
    let data = server.stop().await;
    assert!(two.expect("draining").await["retryAfterMs"].as_u64().is_some());
    assert_eq!(two.closed().await, 1012);
    assert_eq!(one.closed().await, 1012);
    server.data = Some(data);
}

#[tokio::test]
async fn a_second_server_on_the_same_folder_says_so_and_ends() {
    let server = Server::start().await;
    server.level2("maria", 1).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let error = stet_server::run(server.config.clone(), listener, std::future::pending()).await.unwrap_err();
    assert!(error.to_string().contains("another server uses the data folder"), "{error}");
}

#[tokio::test]
async fn a_token_made_while_the_server_runs_is_good_at_once() {
    let server = Server::start().await;
    let mut first = server.level2("maria", 1).await;
    let mut second = server.level2("noor", 2).await;
    first.quiet().await;
    second.quiet().await;
}

/// A client whose bytes are written by hand, and which answers no ping: signed in at level 1.
async fn by_hand(server: &Server) -> TcpStream {
    let token = server.token("maria").await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = "GET /ws HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
        sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.write_all(&frame(&json!({"type": "auth", "token": token}))).await.unwrap();
    stream
}

fn frame(message: &Value) -> Vec<u8> {
    let text = message.to_string();
    let mut frame = vec![0x81, 0x80 | 127];
    frame.extend(u64::try_from(text.len()).unwrap().to_be_bytes());
    frame.extend([0; 4]);
    frame.extend(text.bytes());
    frame
}

#[tokio::test]
async fn a_line_too_slow_for_a_message_between_two_pings_is_not_taken_for_silent() {
    let server = Server::with(|config| config.limits.heartbeat = 1).await;
    let mut stream = by_hand(&server).await;
    let note = json!({"title": "Long", "content": "x".repeat(300_000)});
    let message = frame(&json!({"type": "note_created", "noteId": uuid(1), "noteData": note}));
    let mut pace = tokio::time::interval(Duration::from_secs(1));
    for part in message.chunks(20_000) {
        pace.tick().await;
        stream.write_all(part).await.unwrap();
    }
    stream.write_all(&frame(&json!({"type": "join_note", "noteId": uuid(1)}))).await.unwrap();
    let mut received = Vec::new();
    within(stream.read_to_end(&mut received)).await.unwrap();
    assert!(String::from_utf8_lossy(&received).contains("note_joined"), "it was cut off in the midst of a message");
}

#[tokio::test]
async fn a_silent_socket_is_pinged_and_a_dead_one_closed() {
    let server = Server::with(|config| config.limits.heartbeat = 1).await;
    let mut stream = by_hand(&server).await;
    let mut received = Vec::new();
    within(stream.read_to_end(&mut received)).await.unwrap();
    // A ping frame without content, later a close frame with code 1000.
    assert!(received.windows(2).any(|bytes| bytes == [0x89, 0x00]));
    assert!(received.windows(4).any(|bytes| bytes[0] == 0x88 && bytes[2..] == 1000_u16.to_be_bytes()));
}

#[test]
fn while_the_disk_holds_up_one_write_everybody_else_is_answered() {
    // As the program serves: on threads of its own, all of them asleep but the one that a frame wakes.
    let serving = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let server = serving.block_on(Server::start());
    Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let mut one = server.level2("maria", 1).await;
        let mut two = server.level2("maria", 2).await;
        one.update("u1", 1, 0, "quick").await;
        let file = server.data.as_ref().unwrap().path().join("server.db");
        let disk = rusqlite::Connection::open(file).unwrap();
        disk.execute_batch("BEGIN IMMEDIATE").unwrap();
        let space = one.space();
        one.send(note_update(&space, "u2", 1, 1, "slow")).await;
        for _ in 0..50 {
            two.send(json!({"type": "ping"})).await;
            two.expect("pong").await;
        }
        // Not yet answered, and not refused for having waited too long.
        disk.execute_batch("COMMIT").unwrap();
        assert_eq!(one.expect("note_update_success").await["id"], "u2");
    });
}
