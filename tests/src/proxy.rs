//! A network that misbehaves between a real client and a real server: a TCP proxy that delays, throttles, splits and joins
//! what passes, swallows it, cuts connections in the middle of a frame, resets or refuses them. It reads nothing of what
//! it passes on.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::world::random::Dice;

/// Bytes read at once.
const CHUNK: usize = 16 * 1024;
/// No cut is due.
const NEVER: i64 = i64::MAX;

/// What the network is like, for all connections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Weather {
    /// Everything comes so much later.
    pub latency: Duration,
    /// Bytes a second, when that is limited.
    pub rate: Option<u64>,
    /// Segments are cut and glued at random.
    pub reshaped: bool,
    /// Half-open: the connections stay, nothing passes.
    pub swallowed: bool,
    /// Nobody can connect.
    pub refused: bool,
}

/// How a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Closed in order, wherever a frame may be.
    Closed,
    /// Reset.
    Reset,
}

struct State {
    server: SocketAddr,
    weather: watch::Sender<Weather>,
    /// Bytes that still pass before all connections are cut.
    until_cut: AtomicI64,
    cut: Mutex<Cut>,
    /// Rises when all connections there are have to end.
    ended: watch::Sender<Cut>,
    passed: AtomicU64,
    dice: Mutex<Dice>,
}

/// A proxy on a port of its own.
pub struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// A proxy to the server at this address, in good weather.
    pub async fn start(server: SocketAddr, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port for the proxy");
        let address = listener.local_addr().expect("its address");
        let state = Arc::new(State {
            server,
            weather: watch::Sender::new(Weather::default()),
            until_cut: AtomicI64::new(NEVER),
            cut: Mutex::new(Cut::Closed),
            ended: watch::Sender::new(Cut::Closed),
            passed: AtomicU64::new(0),
            dice: Mutex::new(Dice::new(seed, 77)),
        });
        let task = tokio::spawn(accept(listener, Arc::clone(&state)));
        Self { address, state, task }
    }

    /// Where clients connect.
    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Bytes that passed so far.
    pub fn passed(&self) -> u64 {
        self.state.passed.load(Ordering::Relaxed)
    }

    /// What the network is like.
    pub fn weather(&self) -> Weather {
        self.state.weather.borrow().clone()
    }

    /// Another weather from now on. What was swallowed is gone, so its connections end with it, as those end that a
    /// router has forgotten.
    pub fn set_weather(&self, weather: Weather) {
        let before = self.state.weather.send_replace(weather);
        if before.swallowed {
            self.state.ended.send_replace(Cut::Reset);
        }
    }

    /// Cuts all connections once so many more bytes have passed.
    pub fn cut_after(&self, bytes: u32, cut: Cut) {
        *self.state.cut.lock().unwrap_or_else(PoisonError::into_inner) = cut;
        self.state.until_cut.store(bytes.into(), Ordering::Relaxed);
    }

    /// Everything passes again.
    pub fn heal(&self) {
        self.state.until_cut.store(NEVER, Ordering::Relaxed);
        self.set_weather(Weather::default());
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.state.ended.send_replace(Cut::Reset);
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    while let Ok((client, _)) = listener.accept().await {
        if state.weather.borrow().refused {
            reset(&client);
            continue;
        }
        let Ok(server) = TcpStream::connect(state.server).await else { continue };
        tokio::spawn(connection(client, server, Arc::clone(&state)));
    }
}

/// Both directions until either ends.
async fn connection(client: TcpStream, server: TcpStream, state: Arc<State>) {
    for stream in [&client, &server] {
        // What was split must not be glued again.
        let _ = stream.set_nodelay(true);
    }
    let mut ended = state.ended.subscribe();
    ended.mark_unchanged();
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let (mut up, mut down) = (Direction::new(from_client, to_server), Direction::new(from_server, to_client));
    let cut = tokio::select! {
        () = up.pass(&state) => Cut::Closed,
        () = down.pass(&state) => Cut::Closed,
        _ = ended.changed() => *ended.borrow(),
    };
    for (read, write) in [(up.from, down.to), (down.from, up.to)] {
        if let (Cut::Reset, Ok(stream)) = (cut, read.reunite(write)) {
            reset(&stream);
        }
    }
}

/// Ends a connection by a reset instead of an orderly end.
fn reset(stream: &TcpStream) {
    // One that is gone already is as good.
    let _ = stream.set_zero_linger();
}

/// One way through.
struct Direction {
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
}

impl Direction {
    const fn new(from: OwnedReadHalf, to: OwnedWriteHalf) -> Self {
        Self { from, to }
    }

    async fn pass(&mut self, state: &State) {
        let mut weather = state.weather.subscribe();
        let mut buffer = vec![0; CHUNK];
        loop {
            let filled = match self.from.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(filled) => filled,
            };
            let now = weather.borrow_and_update().clone();
            if now.swallowed {
                continue;
            }
            tokio::time::sleep(now.latency).await;
            if now.reshaped {
                if self.reshape(&mut buffer, filled, state).await.is_none() {
                    return;
                }
            } else if self.write(&buffer[..filled], state).await.is_none() {
                return;
            }
            if let Some(rate) = now.rate {
                tokio::time::sleep(Duration::from_micros(filled as u64 * 1_000_000 / rate.max(1))).await;
            }
        }
    }

    /// Pieces of a few bytes, and now and then what comes next in one piece with it.
    async fn reshape(&mut self, buffer: &mut [u8], mut filled: usize, state: &State) -> Option<()> {
        let dice = |end: u64| state.dice.lock().unwrap_or_else(PoisonError::into_inner).below(end);
        if dice(2) == 0
            && let Ok(more) = self.from.try_read(&mut buffer[filled..])
        {
            filled += more;
        }
        let mut rest = &buffer[..filled];
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.len().min(1 + dice(97) as usize));
            self.write(piece, state).await?;
            tokio::task::yield_now().await;
            rest = after;
        }
        Some(())
    }

    /// Passes bytes on as far as no cut comes; `None` when the connection is over.
    async fn write(&mut self, bytes: &[u8], state: &State) -> Option<()> {
        let left = state.until_cut.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            (left != NEVER).then(|| left.saturating_sub(bytes.len() as i64))
        });
        let part = left.map_or(bytes.len(), |left| bytes.len().min(left.max(0) as usize));
        self.to.write_all(&bytes[..part]).await.ok()?;
        state.passed.fetch_add(part as u64, Ordering::Relaxed);
        if part < bytes.len() {
            state.until_cut.store(NEVER, Ordering::Relaxed);
            let cut = *state.cut.lock().unwrap_or_else(PoisonError::into_inner);
            state.ended.send_replace(cut);
            return None;
        }
        Some(())
    }
}
