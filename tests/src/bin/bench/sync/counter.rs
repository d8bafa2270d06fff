//! A TCP proxy that counts what passes: bytes, and WebSocket frames by their headers. It changes nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Bytes read at once.
const CHUNK: usize = 256 * 1024;

/// What passed one way.
#[derive(Default)]
struct Passed {
    bytes: AtomicU64,
    frames: AtomicU64,
}

/// What passed so far: bytes with all framing and the handshake, and frames with those that only say "alive".
#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    pub sent: u64,
    pub sent_frames: u64,
    pub received: u64,
    pub received_frames: u64,
}

impl Count {
    /// What passed since an earlier count.
    pub const fn since(self, before: Self) -> Self {
        Self {
            sent: self.sent - before.sent,
            sent_frames: self.sent_frames - before.sent_frames,
            received: self.received - before.received,
            received_frames: self.received_frames - before.received_frames,
        }
    }
}

/// A proxy on a port of its own.
pub struct Counter {
    pub url: String,
    passed: Arc<[Passed; 2]>,
    task: JoinHandle<()>,
}

impl Counter {
    /// A proxy to the server at this address (`ws://host:port`).
    pub async fn start(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port for the proxy");
        let url = format!("ws://{}", listener.local_addr().expect("its address"));
        let passed = Arc::new([Passed::default(), Passed::default()]);
        let server = server.trim_start_matches("ws://").trim_end_matches('/').to_owned();
        let task = tokio::spawn(accept(listener, server, Arc::clone(&passed)));
        Self { url, passed, task }
    }

    pub fn count(&self) -> Count {
        let [sent, received] = &*self.passed;
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Count {
            sent: read(&sent.bytes),
            sent_frames: read(&sent.frames),
            received: read(&received.bytes),
            received_frames: read(&received.frames),
        }
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, server: String, passed: Arc<[Passed; 2]>) {
    while let Ok((client, _)) = listener.accept().await {
        let Ok(server) = TcpStream::connect(&server).await else { continue };
        for stream in [&client, &server] {
            let _ = stream.set_nodelay(true);
        }
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        for (way, from, to) in [(0, from_client, to_server), (1, from_server, to_client)] {
            let passed = Arc::clone(&passed);
            tokio::spawn(async move { pass(from, to, &passed[way]).await });
        }
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, passed: &Passed) {
    let mut frames = Frames::default();
    let mut buffer = vec![0; CHUNK];
    while let Ok(filled @ 1..) = from.read(&mut buffer).await {
        passed.bytes.fetch_add(filled as u64, Ordering::Relaxed);
        passed.frames.fetch_add(frames.count(&buffer[..filled]), Ordering::Relaxed);
        if to.write_all(&buffer[..filled]).await.is_err() {
            return;
        }
    }
}

/// Where a stream is: in the handshake, in a frame's header, or in what it holds.
#[derive(Default)]
struct Frames {
    upgraded: bool,
    head: Vec<u8>,
    left: u64,
}

impl Frames {
    /// How many frames begin in these bytes.
    fn count(&mut self, mut bytes: &[u8]) -> u64 {
        let mut begun = 0;
        while let Some((first, rest)) = bytes.split_first() {
            if self.left > 0 {
                let skipped = self.left.min(bytes.len() as u64);
                self.left -= skipped;
                bytes = &bytes[skipped as usize..];
                continue;
            }
            self.head.push(*first);
            bytes = rest;
            if !self.upgraded {
                self.upgraded = self.head.ends_with(b"\r\n\r\n");
                if self.upgraded {
                    self.head.clear();
                }
            } else if let Some(length) = held(&self.head) {
                begun += 1;
                self.left = length;
                self.head.clear();
            }
        }
        begun
    }
}

/// How many bytes follow a frame's header (RFC 6455, 5.2); nothing before the header is whole.
fn held(head: &[u8]) -> Option<u64> {
    let second = *head.get(1)?;
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    let (extended, short) = match second & 0x7f {
        126 => (2, None),
        127 => (8, None),
        short => (0, Some(u64::from(short))),
    };
    let more = head.get(2..2 + extended)?;
    let whole = head.len() == 2 + extended + mask;
    whole.then(|| short.unwrap_or_else(|| more.iter().fold(0, |length, byte| length << 8 | u64::from(*byte))))
}

#[cfg(test)]
mod tests {
    use super::Frames;

    #[test]
    fn frames_are_counted_however_the_stream_is_cut() {
        let mut stream = b"GET / HTTP/1.1\r\n\r\n".to_vec();
        for length in [0_usize, 5, 125, 126, 300, 70_000] {
            stream.push(0x82);
            match length {
                0..126 => stream.push(length as u8 | 0x80),
                126..65_536 => stream.extend([254, (length >> 8) as u8, length as u8]),
                _ => stream.extend([255, 0, 0, 0, 0, 0, 1, 0x11, 0x70]),
            }
            stream.extend([0x82; 4]);
            stream.extend(vec![0x82; length]);
        }
        for cut in [1, 7, 4_096, stream.len()] {
            let mut frames = Frames::default();
            let counted: u64 = stream.chunks(cut).map(|chunk| frames.count(chunk)).sum();
            assert_eq!(counted, 6, "cut every {cut} bytes");
        }
    }
}
