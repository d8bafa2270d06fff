//! A WebSocket as the bench uses it: frames in and out, nothing else.

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

pub struct Wire(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Wire {
    pub async fn open(url: &str) -> Self {
        let connected = tokio_tungstenite::connect_async_with_config(url, None, true).await;
        Self(connected.expect("the server takes a socket").0)
    }

    pub async fn send(&mut self, message: Message) {
        self.0.send(message).await.expect("the socket takes a frame");
    }

    /// The next frame that says something.
    pub async fn next(&mut self) -> Message {
        loop {
            match self.0.next().await.expect("the socket stays open").expect("a frame") {
                Message::Ping(_) | Message::Pong(_) => {}
                message => return message,
            }
        }
    }
}
