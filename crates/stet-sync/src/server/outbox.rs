//! The one ordered queue of a socket. What piled up while the reader was busy leaves as one frame. Never decides what
//! goes in.

use std::collections::VecDeque;
use std::sync::Arc;

use stet_protocol::close::CloseCode;
use stet_protocol::codec::{Encoding, Frame};

/// One frame made of many is cut here, so that a reader starts on it early.
const COALESCED_BYTES: usize = 1 << 20;
/// Longer arrays take a longer header; nobody piles up more small frames than this between two writes.
const COALESCED_FRAMES: usize = 4096;
/// A queue that grew in a burst gives its memory back.
const KEPT_CAPACITY: usize = 64;

/// The next thing to write to a socket.
#[derive(Clone, Debug, PartialEq)]
pub enum Outgoing {
    /// One message.
    Frame(Arc<Frame>),
    /// A WebSocket Ping.
    Ping,
    /// Everything before is written: close with this code.
    Close(CloseCode),
}

/// Frames waiting for a socket.
#[derive(Debug, Default)]
pub struct Outbox {
    frames: VecDeque<Arc<Frame>>,
    bytes: usize,
    coalesce: Option<Encoding>,
    /// So many of the frames waiting were said before that was agreed on: each goes by itself.
    alone: usize,
    ping: bool,
    closing: Option<CloseCode>,
}

impl Outbox {
    /// Bytes waiting.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Messages waiting.
    pub fn frames(&self) -> usize {
        self.frames.len()
    }

    /// Whether nothing waits to be written.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty() && !self.ping && self.closing.is_none()
    }

    /// From now on what piles up becomes one `many`.
    pub(super) fn coalesce(&mut self, encoding: Encoding) {
        self.coalesce = Some(encoding);
        self.alone = self.frames.len();
    }

    pub(super) fn push(&mut self, frame: Arc<Frame>) {
        if self.closing.is_none() {
            self.bytes += size(&frame);
            self.frames.push_back(frame);
        }
    }

    /// A fault on purpose: as from a queue of its own that is emptied first.
    pub(super) fn push_ahead(&mut self, frame: Arc<Frame>) {
        if self.closing.is_none() {
            self.bytes += size(&frame);
            self.frames.insert(self.alone, frame);
        }
    }

    pub(super) fn ping(&mut self) {
        self.ping = true;
    }

    pub(super) fn close(&mut self, code: CloseCode) {
        self.closing.get_or_insert(code);
    }

    /// What to write next; `None` when nothing waits.
    pub fn take(&mut self) -> Option<Outgoing> {
        if std::mem::take(&mut self.ping) && self.closing.is_none() {
            return Some(Outgoing::Ping);
        }
        if let Some(first) = self.frames.pop_front() {
            let frame = match self.coalesce {
                Some(encoding) if self.alone == 0 && !self.frames.is_empty() => self.join(first, encoding),
                _ => {
                    self.alone = self.alone.saturating_sub(1);
                    self.bytes -= size(&first);
                    first
                }
            };
            if self.frames.is_empty() && self.frames.capacity() > KEPT_CAPACITY {
                self.frames = VecDeque::new();
            }
            return Some(Outgoing::Frame(frame));
        }
        self.closing.map(Outgoing::Close)
    }

    fn join(&mut self, first: Arc<Frame>, encoding: Encoding) -> Arc<Frame> {
        let mut total = size(&first);
        self.bytes -= total;
        let mut group = vec![first];
        while let Some(next) = self.frames.front().map(|frame| size(frame)) {
            if group.len() == COALESCED_FRAMES || total + next > COALESCED_BYTES {
                break;
            }
            total += next;
            self.bytes -= next;
            group.extend(self.frames.pop_front());
        }
        if group.len() == 1
            && let Some(only) = group.pop()
        {
            return only;
        }
        Arc::new(many(&group, total, encoding))
    }
}

fn size(frame: &Frame) -> usize {
    match frame {
        Frame::Text(text) => text.len(),
        Frame::Binary(bytes) => bytes.len(),
    }
}

/// `many` around messages that are encoded already: the envelope is written by hand, so that nothing is encoded twice.
fn many(frames: &[Arc<Frame>], total: usize, encoding: Encoding) -> Frame {
    match encoding {
        Encoding::Json => {
            let mut text = String::with_capacity(total + frames.len() + 32);
            text.push_str(r#"{"type":"many","messages":["#);
            for (place, frame) in frames.iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                if let Frame::Text(message) = frame.as_ref() {
                    text.push_str(message);
                }
            }
            text.push_str("]}");
            Frame::Text(text)
        }
        Encoding::MessagePack => {
            let mut bytes = Vec::with_capacity(total + 32);
            bytes.extend_from_slice(b"\x82\xa4type\xa4many\xa8messages\xdc");
            // COALESCED_FRAMES keeps the count within the 16 bits of this array header.
            bytes.extend_from_slice(&u16::try_from(frames.len()).unwrap_or(u16::MAX).to_be_bytes());
            for frame in frames {
                if let Frame::Binary(message) = frame.as_ref() {
                    bytes.extend_from_slice(message);
                }
            }
            Frame::Binary(bytes)
        }
    }
}
