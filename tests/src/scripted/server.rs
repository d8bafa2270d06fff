//! The listening end: takes connections one by one and says only what the test tells it to say.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

use super::socket::PlainSocket;

/// How long a client may take to come (again): a first wait of the backoff and more.
const PATIENCE: Duration = Duration::from_secs(45);

/// A listener in the place of a server.
pub struct ScriptedServer {
    listener: TcpListener,
}

impl ScriptedServer {
    /// Listens on a free port.
    pub async fn bind() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind a port");
        Self { listener }
    }

    /// Its WebSocket address.
    pub fn url(&self) -> String {
        let address = self.listener.local_addr().expect("a bound port has an address");
        format!("ws://{address}")
    }

    /// The next bare connection: what comes of it is the test's to say.
    pub async fn accept_bare(&self) -> TcpStream {
        let accepted = tokio::time::timeout(PATIENCE, self.listener.accept()).await;
        accepted.expect("a client in 45 s").expect("accept").0
    }

    /// The next client, its WebSocket opened, nothing said yet.
    pub async fn accept(&self) -> PlainSocket {
        let stream = self.accept_bare().await;
        PlainSocket::from(tokio_tungstenite::accept_async(stream).await.expect("open a WebSocket"))
    }

    /// The next client, greeted; gives its `auth`.
    pub async fn greet(&self) -> (PlainSocket, Value) {
        let mut socket = self.accept().await;
        socket.send(json!({ "type": "connection_established", "message": "Please authenticate to continue" })).await;
        let auth = socket.expect("auth").await;
        (socket, auth)
    }

    /// The next client, greeted and signed in with the page's words.
    pub async fn sign_in(&self, user: &str) -> PlainSocket {
        let (mut socket, _) = self.greet().await;
        socket.send(json!({ "type": "auth_success", "message": "Authentication successful", "userId": user })).await;
        socket
    }
}
