//! What comes of a connection, as bytes. How much of what a stranger sends is read: until a socket has signed in, the rest
//! waits with its sender, in the network. And of everybody, whether something large is on its way. Never what is read.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use stet_protocol::limits::OPENING_MESSAGE_BYTES;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// What may be read: a first message and what frames it, so that one that is a little too large still gets its answer.
const STRANGER_BYTES: usize = OPENING_MESSAGE_BYTES as usize + (8 << 10);
/// Nothing is held up: the socket isn't one yet, or it has signed in.
const OPEN: usize = usize::MAX;
/// Bytes of one message that have to come before it counts as a large one.
const PART: usize = 16 << 10;

/// The gate of one connection.
#[derive(Debug)]
pub struct Gate {
    left: AtomicUsize,
    filled: Notify,
    /// Bytes received since the last whole message, or since they were last told.
    part: AtomicUsize,
    moving: Notify,
}

impl Gate {
    /// From now on it is a stranger's socket.
    pub(super) fn guard(&self) {
        self.left.store(STRANGER_BYTES, Ordering::Relaxed);
    }

    /// It is known whose socket it is.
    pub(super) fn open(&self) {
        self.left.store(OPEN, Ordering::Relaxed);
    }

    /// A stranger has sent more than is read.
    pub(super) async fn filled(&self) {
        self.filled.notified().await;
    }

    /// A message is whole.
    pub(super) fn whole(&self) {
        self.part.store(0, Ordering::Relaxed);
    }

    /// More of something large has come: whoever sends it is there, however slow the line is.
    pub(super) async fn moved(&self) {
        self.moving.notified().await;
    }

    fn received(&self, bytes: usize) {
        if self.part.fetch_add(bytes, Ordering::Relaxed) + bytes >= PART {
            self.whole();
            self.moving.notify_one();
        }
    }
}

/// A listener whose connections have gates.
pub struct Gated<L>(pub L);

impl<L: Listener<Io = TcpStream>> Listener for Gated<L> {
    type Io = Watched;
    type Addr = L::Addr;

    async fn accept(&mut self) -> (Watched, L::Addr) {
        let (stream, address) = self.0.accept().await;
        let gate = Gate {
            left: AtomicUsize::new(OPEN),
            filled: Notify::new(),
            part: AtomicUsize::new(0),
            moving: Notify::new(),
        };
        let gate = Arc::new(gate);
        (Watched { stream, gate }, address)
    }

    fn local_addr(&self) -> io::Result<L::Addr> {
        self.0.local_addr()
    }
}

/// The gate of the connection a request came on.
#[derive(Clone, Debug)]
pub struct GateOf(pub(super) Arc<Gate>);

impl<L: Listener<Io = TcpStream>> Connected<IncomingStream<'_, Gated<L>>> for GateOf {
    fn connect_info(stream: IncomingStream<'_, Gated<L>>) -> Self {
        Self(Arc::clone(&stream.io().gate))
    }
}

/// A connection whose bytes are counted.
pub struct Watched {
    stream: TcpStream,
    gate: Arc<Gate>,
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let left = self.gate.left.load(Ordering::Relaxed);
        if left == 0 {
            // Whoever opens the gate reads next, so nobody is to be woken.
            self.gate.filled.notify_one();
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        let bytes = buffer.filled().len() - before;
        if left == OPEN {
            self.gate.received(bytes);
        } else {
            self.gate.left.store(left.saturating_sub(bytes), Ordering::Relaxed);
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
