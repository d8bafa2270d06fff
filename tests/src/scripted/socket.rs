//! One WebSocket that speaks JSON objects in text frames, from either end.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, Message};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A socket with a page of plain JSON on each end.
pub struct PlainSocket {
    stream: WebSocketStream<TcpStream>,
}

/// What came.
#[derive(Debug)]
enum Incoming {
    Message(Value),
    Closed(Option<u16>),
}

impl PlainSocket {
    /// Connects to a server at `host:port`. The greeting is still to be read.
    pub async fn connect(address: &str) -> Self {
        Self::connect_to(address, "/").await
    }

    /// Connects to a server at `host:port` under a path.
    pub async fn connect_to(address: &str, path: &str) -> Self {
        let stream = TcpStream::connect(address).await.expect("reach the server");
        let (stream, _) =
            tokio_tungstenite::client_async(format!("ws://{address}{path}"), stream).await.expect("open a WebSocket");
        Self { stream }
    }

    /// Connects as the page says: waits for `connection_established`, sends `auth`, waits for `auth_success`.
    /// Gives the user's id.
    pub async fn sign_in(address: &str, token: &str) -> (Self, String) {
        let mut socket = Self::connect(address).await;
        socket.expect("connection_established").await;
        socket.send(json!({ "type": "auth", "token": token })).await;
        let success = socket.expect("auth_success").await;
        let user = success["userId"].as_str().expect("auth_success names the user").to_owned();
        (socket, user)
    }

    /// Sends an object.
    pub async fn send(&mut self, message: Value) {
        self.send_text(&message.to_string()).await;
    }

    /// Sends any text.
    pub async fn send_text(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.expect("send");
    }

    /// Sends any bytes in a binary frame.
    pub async fn send_bytes(&mut self, bytes: Vec<u8>) {
        self.stream.send(Message::binary(bytes)).await.expect("send");
    }

    /// The next object.
    ///
    /// # Panics
    /// When none comes in time, the socket closes, or something else than a JSON object in a text frame comes.
    pub async fn next(&mut self) -> Value {
        match self.incoming().await {
            Incoming::Message(message) => message,
            Incoming::Closed(code) => panic!("the socket closed ({code:?}) where a message was expected"),
        }
    }

    /// The next object, which must be of this type.
    pub async fn expect(&mut self, kind: &str) -> Value {
        let message = self.next().await;
        assert_eq!(message["type"], kind, "this came instead: {message}");
        message
    }

    /// The next object of this type; those of other types are left out.
    pub async fn skip_to(&mut self, kind: &str) -> Value {
        loop {
            let message = self.next().await;
            if message["type"] == kind {
                return message;
            }
        }
    }

    /// Waits for any frame, in whatever encoding.
    ///
    /// # Panics
    /// When none comes in time or the socket closes.
    pub async fn hears_anything(&mut self) {
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                match self.stream.next().await {
                    Some(Ok(Message::Text(_) | Message::Binary(_))) => return,
                    Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                    other => panic!("the socket closed where a frame was expected: {other:?}"),
                }
            }
        });
        waited.await.expect("nothing came in 20 s");
    }

    /// Asserts that everything that was sent to this socket has been read: a `ping` is answered in its place.
    pub async fn expect_nothing_more(&mut self) {
        self.send(json!({ "type": "ping" })).await;
        self.expect("pong").await;
    }

    /// Waits for the other end to close and gives the close code.
    pub async fn closed(&mut self) -> Option<u16> {
        loop {
            if let Incoming::Closed(code) = self.incoming().await {
                return code;
            }
        }
    }

    /// Closes politely.
    pub async fn close(mut self) {
        // The other end may have gone first.
        let _ = self.stream.close(None).await;
        while let Some(Ok(_)) = self.stream.next().await {}
    }

    /// Breaks off without a word, as a cable that is pulled.
    pub fn cut(self) {
        drop(self);
    }

    async fn incoming(&mut self) -> Incoming {
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                match self.stream.next().await {
                    Some(Ok(Message::Text(text))) => {
                        let message: Value =
                            serde_json::from_str(&text).unwrap_or_else(|error| panic!("not JSON ({error}): {text}"));
                        assert!(message.is_object(), "not an object: {message}");
                        return Incoming::Message(message);
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                    Some(Ok(Message::Close(frame))) => return Incoming::Closed(frame.map(|frame| frame.code.into())),
                    Some(Ok(Message::Binary(bytes))) => panic!("a binary frame of {} bytes at level 1", bytes.len()),
                    None | Some(Err(Error::ConnectionClosed | Error::Protocol(_) | Error::Io(_))) => {
                        return Incoming::Closed(None);
                    }
                    Some(Err(error)) => panic!("the socket failed: {error}"),
                }
            }
        });
        waited.await.expect("nothing came in 20 s")
    }
}

impl From<WebSocketStream<TcpStream>> for PlainSocket {
    fn from(stream: WebSocketStream<TcpStream>) -> Self {
        Self { stream }
    }
}
