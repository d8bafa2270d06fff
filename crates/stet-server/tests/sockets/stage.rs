//! A server on a free port with a data folder of its own, and clients that speak JSON. Never an assertion about the
//! protocol.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use stet_server::Config;
use stet_server::config::TokenConfig;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// A test that waits longer than this has failed.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Server {
    pub address: SocketAddr,
    pub config: Config,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<()>,
    pub data: Option<TempDir>,
}

impl Server {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut config = Config { data: Some(data.path().to_path_buf()), ..Config::default() };
        change(&mut config);
        Self::on(data, config).await
    }

    /// A server on a data folder that is there.
    pub async fn on(data: TempDir, config: Config) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let settings = config.clone();
        let running = tokio::spawn(async move {
            let shutdown = async { stopped.await.unwrap_or(()) };
            stet_server::run(settings, listener, shutdown).await.unwrap();
        });
        Self { address, config, stop: Some(stop), running, data: Some(data) }
    }

    /// Stops it gracefully and starts another on the same data.
    pub async fn restart(mut self) -> Self {
        let data = self.stop().await;
        Self::on(data, self.config).await
    }

    pub async fn stop(&mut self) -> TempDir {
        self.stop.take().unwrap().send(()).unwrap();
        within(&mut self.running).await.unwrap();
        self.data.take().unwrap()
    }

    pub async fn token(&self, user: &str) -> String {
        let folder = self.data.as_ref().unwrap().path().to_path_buf();
        let user = user.to_owned();
        tokio::task::spawn_blocking(move || token_for(&folder, &user, 3_600_000)).await.unwrap()
    }

    pub async fn connect(&self) -> Client {
        let mut client = Client::to(&format!("ws://{}/ws", self.address)).await;
        assert_eq!(client.next().await["type"], "connection_established");
        client
    }

    /// A level-2 socket of a user, with what `auth` agreed on.
    pub async fn level2(&self, user: &str, device: u8) -> Client {
        let token = self.token(user).await;
        let mut client = self.connect().await;
        client.send(auth2(&token, device)).await;
        client.agreed = client.expect("auth_success").await;
        client
    }

    /// A level-1 socket of a user.
    pub async fn level1(&self, user: &str) -> Client {
        let token = self.token(user).await;
        let mut client = self.connect().await;
        client.send(json!({"type": "auth", "token": token})).await;
        client.agreed = client.expect("auth_success").await;
        client
    }
}

pub fn token_for(folder: &Path, user: &str, ttl: i64) -> String {
    let config = TokenConfig { user: user.to_owned(), ttl, data: Some(folder.to_path_buf()) };
    stet_server::token(&config).unwrap()
}

pub fn auth2(token: &str, device: u8) -> Value {
    json!({"type": "auth", "token": token, "protocol": 2,
        "device": {"id": uuid(device), "name": format!("device {device}"), "platform": "linux", "appVersion": "0"}})
}

/// What stands for bytes in JSON.
pub fn bytes_of(base64: &Value) -> Vec<u8> {
    let bytes: stet_protocol::bytes::Bytes = serde_json::from_value(base64.clone()).unwrap();
    bytes.0
}

/// An id that is easy to tell from others.
pub fn uuid(n: u8) -> String {
    format!("{n:08x}-0000-4000-8000-000000000000")
}

/// Operations nobody looks into: base64 of the format byte and some more.
pub fn ops(text: &str) -> Value {
    use std::fmt::Write as _;
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes: Vec<u8> = [1].into_iter().chain(text.bytes()).collect();
    let mut encoded = String::new();
    for chunk in bytes.chunks(3) {
        let word = u32::from_be_bytes([0, chunk[0], *chunk.get(1).unwrap_or(&0), *chunk.get(2).unwrap_or(&0)]);
        for place in 0..=chunk.len() {
            let index = usize::try_from(word >> (18 - 6 * place) & 63).unwrap();
            write!(encoded, "{}", char::from(alphabet[index])).unwrap();
        }
    }
    encoded.extend(std::iter::repeat_n('=', (4 - encoded.len() % 4) % 4));
    json!([encoded])
}

pub async fn within<T>(future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited for {PATIENCE:?} in vain"),
    }
}

pub struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// What came in a `many` and wasn't looked at yet.
    pending: Vec<Value>,
    /// The answer to `auth`.
    pub agreed: Value,
}

impl Client {
    pub async fn to(url: &str) -> Self {
        let (socket, _) = within(Box::pin(connect_async(url.into_client_request().unwrap()))).await.unwrap();
        Self { socket, pending: Vec::new(), agreed: Value::Null }
    }

    pub fn space(&self) -> String {
        self.agreed["spaces"][0]["id"].as_str().unwrap().to_owned()
    }

    pub fn lineage(&self) -> Value {
        self.agreed["spaces"][0]["lineage"].clone()
    }

    pub async fn send(&mut self, message: Value) {
        self.raw(Message::text(message.to_string())).await;
    }

    pub async fn raw(&mut self, message: Message) {
        within(self.socket.send(message)).await.unwrap();
    }

    /// The next message.
    pub async fn next(&mut self) -> Value {
        loop {
            if !self.pending.is_empty() {
                return self.pending.remove(0);
            }
            match within(self.socket.next()).await {
                Some(Ok(Message::Text(text))) => self.take(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("a message was expected, not {other:?}"),
            }
        }
    }

    fn take(&mut self, message: Value) {
        if message["type"] == "many" {
            self.pending.extend(message["messages"].as_array().unwrap().iter().cloned());
        } else {
            self.pending.push(message);
        }
    }

    /// The next message, which is of this type.
    pub async fn expect(&mut self, kind: &str) -> Value {
        let message = self.next().await;
        assert_eq!(message["type"], kind, "{message}");
        message
    }

    /// The next message is this error.
    pub async fn refused(&mut self, code: &str) -> Value {
        let message = self.expect("error").await;
        assert_eq!(message["code"], code, "{message}");
        message
    }

    /// Real operations, sent and acknowledged.
    pub async fn ops(&mut self, id: &str, note: u8, after: u64, ops: Vec<u8>) {
        let ops = serde_json::to_value([stet_protocol::bytes::Bytes(ops)]).unwrap();
        self.send(
            json!({"type": "note_update", "id": id, "spaceId": self.space(), "noteId": uuid(note), "after": after,
            "ops": ops}),
        )
        .await;
        self.expect("note_update_success").await;
    }

    /// Nothing else has come: what comes next is the answer to a ping sent now.
    pub async fn quiet(&mut self) {
        self.send(json!({"type": "ping"})).await;
        self.expect("pong").await;
    }

    /// The close code, after whatever else still comes.
    pub async fn closed(&mut self) -> u16 {
        match self.ended().await {
            Some(code) => code,
            None => panic!("closed without a code"),
        }
    }

    /// The end of the connection, with the close code if one came.
    pub async fn ended(&mut self) -> Option<u16> {
        loop {
            match within(self.socket.next()).await {
                Some(Ok(Message::Close(Some(frame)))) => return Some(frame.code.into()),
                Some(Ok(Message::Text(text))) => self.take(serde_json::from_str(&text).unwrap()),
                Some(Ok(_)) => {}
                None | Some(Err(_)) => return None,
            }
        }
    }

    /// Sends to a server that may end the connection before everything is sent.
    pub async fn raw_or_gone(&mut self, message: Message) {
        if let Err(error) = within(self.socket.send(message)).await {
            assert!(matches!(error, Error::Io(_)), "{error}");
        }
    }

    /// Everything from a cursor on, to the end of the catch-up.
    pub async fn sync(&mut self, since: u64) -> (Vec<Value>, Value) {
        let lineage = if since == 0 { Value::Null } else { self.lineage() };
        self.send(json!({"type": "sync", "spaceId": self.space(), "since": since, "lineage": lineage})).await;
        self.batches().await
    }

    pub async fn batches(&mut self) -> (Vec<Value>, Value) {
        let mut rows = Vec::new();
        loop {
            let message = self.next().await;
            match message["type"].as_str() {
                Some("sync_batch") => rows.extend(message["rows"].as_array().unwrap().iter().cloned()),
                Some("sync_complete") => return (rows, message),
                _ => panic!("a batch was expected, not {message}"),
            }
        }
    }

    /// An update, sent and acknowledged; its seq.
    pub async fn update(&mut self, id: &str, note: u8, after: u64, text: &str) -> u64 {
        let update = note_update(&self.space(), id, note, after, text);
        self.send(update).await;
        let ack = self.expect("note_update_success").await;
        assert_eq!(ack["id"], id);
        ack["seq"].as_u64().unwrap()
    }
}

pub fn note_update(space: &str, id: &str, note: u8, after: u64, text: &str) -> Value {
    json!({"type": "note_update", "id": id, "spaceId": space, "noteId": uuid(note), "after": after, "ops": ops(text)})
}

impl Client {
    /// The bytes of the next binary frame.
    pub async fn binary(&mut self) -> Vec<u8> {
        match within(self.socket.next()).await {
            Some(Ok(Message::Binary(bytes))) => bytes.to_vec(),
            other => panic!("a binary frame was expected, not {other:?}"),
        }
    }
}
