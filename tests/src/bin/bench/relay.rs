//! The controls for a server, in a process of their own: a bare relay, no storage, no parsing, what comes in on one socket goes
//! out on all others; and the same relay that commits each frame first, the least that anything durable costs here.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message as Frame, WebSocket, WebSocketUpgrade};
use axum::routing::any;
use axum::serve::ListenerExt as _;
use futures_util::{SinkExt, StreamExt};
use tokio::sync::broadcast;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::commit::Disk;
use crate::samples::Round;
use crate::say;
use crate::wire::Wire;

/// Makes this program the relay; a path after it makes it commit there first.
pub const ARGUMENT: &str = "--relay";

/// As the server's: the library's own is thirty times as large, and nearly all a socket at rest would weigh.
const READ_BUFFER: usize = 4 << 10;
/// Frames the relay holds for a slow socket.
const BACKLOG: usize = 1_024;

#[derive(Clone)]
struct Room {
    frames: broadcast::Sender<(u64, Bytes)>,
    disk: Option<Arc<Mutex<Disk>>>,
}

pub fn serve() -> ExitCode {
    let Ok(runtime) = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() else {
        return ExitCode::FAILURE;
    };
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        say(&format!("{}", listener.local_addr().expect("an address")));
        let disk = std::env::args().nth(2).map(|path| Arc::new(Mutex::new(Disk::new(Path::new(&path)))));
        let room = Room { frames: broadcast::channel(BACKLOG).0, disk };
        let join = |upgrade: WebSocketUpgrade, State(room): State<Room>| async move {
            upgrade.read_buffer_size(READ_BUFFER).on_upgrade(move |socket| pass_on(socket, room))
        };
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, Router::new().route("/", any(join)).with_state(room)).await.expect("it serves");
    });
    ExitCode::SUCCESS
}

async fn pass_on(socket: WebSocket, room: Room) {
    static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let own = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let mut others = room.frames.subscribe();
    let (mut out, mut incoming) = socket.split();
    let sending = tokio::spawn(async move {
        while let Ok((from, bytes)) = others.recv().await {
            if from != own && out.send(Frame::Binary(bytes)).await.is_err() {
                break;
            }
        }
    });
    while let Some(Ok(Frame::Binary(bytes))) = incoming.next().await {
        if let Some(disk) = &room.disk {
            tokio::task::block_in_place(|| disk.lock().expect("nobody panics").commit(&bytes));
        }
        let _ = room.frames.send((own, bytes));
    }
    sending.abort();
}

/// A relay's process.
pub struct Relay {
    process: Child,
    pub url: String,
}

impl Relay {
    /// Starts one; with a path, one that commits there.
    pub fn start(disk: Option<&Path>) -> Self {
        let program = std::env::current_exe().expect("a process knows its program");
        let mut command = Command::new(program);
        let mut process = command.arg(ARGUMENT).args(disk).stdout(Stdio::piped()).spawn().expect("the relay starts");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).expect("the relay says where it listens");
        Self { process, url: format!("ws://{}", line.trim()) }
    }

    pub fn process(&self) -> u32 {
        self.process.id()
    }
}

/// Two sockets of a relay.
pub struct Pair {
    _relay: Relay,
    one: Wire,
    two: Wire,
}

impl Pair {
    /// A relay; with a path, one that commits there.
    pub async fn start(disk: Option<&Path>) -> Self {
        let relay = Relay::start(disk);
        let (one, two) = (Wire::open(&relay.url).await, Wire::open(&relay.url).await);
        Self { _relay: relay, one, two }
    }

    pub async fn round(&mut self, count: usize, bytes: usize, pause: Duration) -> Round {
        let payload = Bytes::from(vec![7_u8; bytes]);
        let mut times = Vec::with_capacity(count);
        for _ in 0..count {
            let start = Instant::now();
            self.one.send(Message::Binary(payload.clone())).await;
            self.two.next().await;
            times.push(start.elapsed().as_secs_f64() * 1e6);
            tokio::time::sleep(pause).await;
        }
        Round(times)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
