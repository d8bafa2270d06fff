//! An answer in HTTP where a WebSocket was expected, and answers that aren't even that: each is named with what can be done.

use stet_client::api::ErrorCode::{self, Offline, Protocol};
use stet_client::api::status::HelpTopic;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::Trial;

/// What somebody answers, and what people are told then.
const ANSWERS: &[(&str, ErrorCode, &str)] = &[
    (
        "HTTP/1.1 301 Moved\r\nlocation: https://example.org/notes/?key=SECRET#x\r\n\r\n",
        Protocol,
        "sends on to https://example.org/notes/ (HTTP 301)",
    ),
    ("HTTP/1.1 302 Found\r\nlocation: /login\r\n\r\n", Protocol, "/login (HTTP 302)"),
    ("HTTP/1.1 307 Temporary\r\n\r\n", Protocol, "sends on to nowhere (HTTP 307)"),
    ("HTTP/1.1 401 Unauthorized\r\n\r\n", Protocol, "wants a sign-in of its own (HTTP 401)"),
    ("HTTP/1.1 403 Forbidden\r\n\r\n", Protocol, "doesn't let this device in (HTTP 403)"),
    ("HTTP/1.1 404 Not Found\r\n\r\n", Protocol, "There is no Stet at ws://"),
    ("HTTP/1.1 407 Proxy\r\n\r\n", Protocol, "A proxy on the way to ws://"),
    ("HTTP/1.1 426 Upgrade Required\r\n\r\n", Protocol, "opens no WebSocket (HTTP 426)"),
    ("HTTP/1.1 429 Too Many Requests\r\n\r\n", Offline, "asks for a pause (HTTP 429)"),
    ("HTTP/1.1 500 Oops\r\n\r\n", Offline, "has a fault (HTTP 500)"),
    ("HTTP/1.1 502 Bad Gateway\r\n\r\n", Offline, "finds no server behind it (HTTP 502)"),
    ("HTTP/1.1 503 Busy\r\n\r\n", Offline, "takes no connections now (HTTP 503)"),
    ("HTTP/1.1 504 Gateway Timeout\r\n\r\n", Offline, "finds no server behind it (HTTP 504)"),
    ("HTTP/1.1 511 Network Authentication Required\r\n\r\n", Protocol, "This network wants you to sign in first"),
    ("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n<h1>Wi-Fi</h1>", Protocol, "A web page answers at ws://"),
    ("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\nhello", Protocol, "is not a Stet server (HTTP 200)"),
    ("HTTP/1.1 418 Teapot\r\n\r\n", Protocol, "is not a Stet server (HTTP 418)"),
    ("HTTP/1.1 400 Bad Request\r\n\r\nThe plain HTTP request was sent to HTTPS port", Protocol, "wants TLS"),
    (
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
        Protocol,
        "doesn't speak WebSocket",
    ),
    ("220 mail.example.org ESMTP\r\n", Protocol, "is no web server"),
    ("\u{15}\u{3}\u{3}\0\u{2}\u{2}\u{16}", Protocol, "wants TLS. Write the address with wss://"),
    ("", Protocol, "ended the connection without a word"),
];

#[tokio::test]
async fn whatever_answers_in_the_servers_place_is_named_with_what_can_be_done() {
    let trial = Trial::start("answers").await;
    for (answer, code, words) in ANSWERS {
        let mut stream = trial.server.accept_bare().await;
        let mut request = vec![0; 8192];
        let _ = stream.read(&mut request).await;
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.shutdown().await;
        let said = |error: &stet_client::api::status::StatusError| error.message.contains(words);
        let status = trial.device.until(words, |status| status.error.as_ref().is_some_and(said)).await;
        let error = status.error.expect("an error");
        assert_eq!(error.code, *code, "{error:?}");
        let topic = if *code == Offline { HelpTopic::NothingAnswers } else { HelpTopic::SomethingElseAnswers };
        assert_eq!(status.help, Some(topic), "{error:?}");
        assert!(!error.message.contains("SECRET"), "{error:?}");
        // The wait may have grown to where people have to ask.
        trial.device.call(stet_client::api::command::Reconnect {}).await;
    }
    trial.recovers().await;
}

#[tokio::test]
async fn a_server_that_asks_for_time_gets_it_within_bounds() {
    for (asked, least, most) in [("120", 100_000, 120_000), ("99999999", 280_000, 300_000)] {
        let trial = Trial::start("retry-after").await;
        let mut stream = trial.server.accept_bare().await;
        let answer = format!("HTTP/1.1 503 Busy\r\nretry-after: {asked}\r\n\r\n");
        let _ = stream.read(&mut vec![0; 8192]).await;
        let _ = stream.write_all(answer.as_bytes()).await;
        drop(stream);
        let status = trial.device.until("a time for the next try", |status| status.next_retry_at.is_some()).await;
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock").as_millis();
        let wait = status.next_retry_at.expect("a time") - i64::try_from(now).expect("a time");
        // The least is what is left of it on a machine that is 20 s late.
        assert!((least..=most).contains(&wait), "{asked} s: {wait} ms");
        trial.recovers().await;
    }
}
