//! Somebody else in the server's place, or nobody.

use stet_client::api::ErrorCode;
use stet_tests::device::Device;
use stet_tests::scripted::ScriptedServer;
use stet_tests::stage::Ground;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Trial;

/// Answers a request with these bytes and hangs up.
async fn answers(mut stream: TcpStream, answer: &[u8]) {
    let mut request = vec![0; 8192];
    let _ = stream.read(&mut request).await;
    let _ = stream.write_all(answer).await;
    let _ = stream.shutdown().await;
}

#[tokio::test]
async fn a_web_server_that_speaks_no_websocket_is_named() {
    let page = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 13\r\n\r\n<h1>Hi</h1>\r\n".as_slice();
    let others: [&[u8]; 5] = [
        b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 301 Moved\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
        b"220 mail.example.org ESMTP\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
    ];
    let trial = Trial::start("http").await;
    answers(trial.server.accept_bare().await, page).await;
    let error = trial.named().await;
    assert!(error.message.contains("HTTP 200"), "somebody answered, but not this protocol: {error:?}");
    for answer in others {
        answers(trial.server.accept_bare().await, answer).await;
        trial.named().await;
    }
    // Headers without an end.
    let mut stream = trial.server.accept_bare().await;
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
    let line = [b"x-pad: ".as_slice(), &[b'a'; 1000], b"\r\n"].concat();
    let mut written = 0;
    while written < 16 * 1024 * 1024 && stream.write_all(&line).await.is_ok() {
        written += line.len();
    }
    assert!(written < 16 * 1024 * 1024, "the engine reads headers without end");
    trial.recovers().await;
}

#[tokio::test]
async fn nobody_listening_is_named_and_typing_goes_on() {
    let ground = Ground::shared("nobody");
    let address = ScriptedServer::bind().await.url();
    let device = Device::start(&ground.folder("device"), "laptop", &address, "a.b.c").await;
    let status = device.until("an error", |status| status.error.is_some()).await;
    assert_eq!(status.error.expect("an error").code, ErrorCode::Offline);
    let note = device.create("Offline", "").await;
    for word in ["every ", "word ", "stays"] {
        device.append(note, word).await;
    }
    device.sees_body(note, "every word stays").await;
    device.stop().await;

    let again = Device::start(&ground.folder("device"), "laptop", &address, "a.b.c").await;
    again.sees_body(note, "every word stays").await;
}
