//! Whether something large is on its way: a stream that tells when bytes of an unfinished message came, and when the other
//! side took bytes that had waited for it. Small things that only reach this machine's own buffers tell nothing.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

/// Bytes of one message that have to come before it counts as a large one.
const PART: u64 = 16 * 1024;
/// How many of the first bytes are kept.
const FIRST: usize = 8;

/// What is known of a stream.
#[derive(Debug, Default)]
pub(super) struct Meter {
    first: OnceLock<Vec<u8>>,
    /// Bytes received since the last whole message, or since they were last told.
    part: AtomicU64,
    moving: Notify,
}

impl Meter {
    /// The first bytes that came; none before any did.
    pub(super) fn first(&self) -> &[u8] {
        self.first.get().map_or(&[], Vec::as_slice)
    }

    /// A message is whole.
    pub(super) fn whole(&self) {
        self.part.store(0, Ordering::Relaxed);
    }

    /// Waits until more of something large has moved.
    pub(super) async fn moved(&self) {
        self.moving.notified().await;
    }

    fn received(&self, bytes: &[u8]) {
        if self.first.get().is_none() && !bytes.is_empty() {
            // One task reads.
            let _ = self.first.set(bytes[..bytes.len().min(FIRST)].to_vec());
        }
        let part = self.part.fetch_add(bytes.len() as u64, Ordering::Relaxed) + bytes.len() as u64;
        if part >= PART {
            self.part.store(0, Ordering::Relaxed);
            self.moving.notify_one();
        }
    }
}

/// A stream with a meter.
pub(super) struct Metered<S> {
    stream: S,
    meter: Arc<Meter>,
    /// The last write found no room: the next one that does shows that the other side took something.
    waited: bool,
}

impl<S> Metered<S> {
    pub(super) fn new(stream: S) -> (Self, Arc<Meter>) {
        let meter = Arc::new(Meter::default());
        (Self { stream, meter: Arc::clone(&meter), waited: false }, meter)
    }

    fn written(&mut self, polled: &Poll<io::Result<usize>>) {
        match polled {
            Poll::Pending => self.waited = true,
            Poll::Ready(Ok(_)) if std::mem::take(&mut self.waited) => self.meter.moving.notify_one(),
            Poll::Ready(_) => {}
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.meter.received(&buf.filled()[before..]);
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.written(&polled);
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.written(&polled);
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
