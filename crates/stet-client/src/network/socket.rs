//! The socket: one task a connection, frames in and out. It knows nothing of what they say.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, Stream, StreamExt as _};
use stet_protocol::codec::Frame;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message, Utf8Bytes};

use super::meter::Meter;
use super::open::open;
use super::{Failure, Network};
use crate::words::connection as words;

/// Frames received and not yet handled; beyond it the network has to wait.
const IN_FRAMES: usize = 8;
/// Frames to be sent and not yet taken by the network. The machine sends far fewer without an answer.
const OUT_FRAMES: usize = 1_024;
/// A polite close may take this long.
const CLOSE_TIME: Duration = Duration::from_secs(1);
/// That something large moves is told this often.
const MOVING_EVERY: Duration = Duration::from_secs(1);

/// What the socket tells.
#[derive(Debug)]
pub(crate) enum SocketEvent {
    Opened,
    Frame(Frame),
    /// A Ping or Pong.
    Alive,
    /// More of something large came, or was taken by the other side.
    Moving,
    /// It couldn't be opened.
    Failed(Failure),
    Closed {
        code: Option<u16>,
        reason: String,
    },
}

/// A connection under way. Dropping it closes the socket.
pub(crate) struct Socket {
    out: mpsc::Sender<Message>,
    close: mpsc::Sender<u16>,
    events: mpsc::Receiver<SocketEvent>,
}

/// The task's ends of what the engine holds.
struct Ends {
    out: mpsc::Receiver<Message>,
    close: mpsc::Receiver<u16>,
}

impl Socket {
    pub(crate) fn open(url: String, network: Arc<Network>) -> Self {
        let (out, out_frames) = mpsc::channel(OUT_FRAMES);
        let (close, closing) = mpsc::channel(1);
        let (event, events) = mpsc::channel(IN_FRAMES);
        let ends = Ends { out: out_frames, close: closing };
        tokio::spawn(async move {
            let last = run(&url, &network, ends, &event).await;
            // Nobody listens any more when the engine has given the connection up.
            let _ = event.send(last).await;
        });
        Self { out, close, events }
    }

    /// Hands a frame over; whether there was room.
    pub(crate) fn send(&self, frame: Frame) -> bool {
        self.out.try_send(message(frame)).is_ok()
    }

    /// Sends a Ping; whether there was room.
    pub(crate) fn ping(&self) -> bool {
        self.out.try_send(Message::Ping(Bytes::new())).is_ok()
    }

    pub(crate) fn close(self, code: u16) {
        let _ = self.close.try_send(code);
    }

    pub(crate) async fn next(&mut self) -> Option<SocketEvent> {
        self.events.recv().await
    }
}

/// How a connection ended.
type Ended = (Option<u16>, String);

async fn run(url: &str, network: &Network, mut ends: Ends, event: &mpsc::Sender<SocketEvent>) -> SocketEvent {
    let opened = tokio::select! {
        opened = open(url, network) => opened,
        _ = ends.close.recv() => return SocketEvent::Closed { code: None, reason: String::new() },
    };
    let (socket, meter) = match opened {
        Ok(opened) => opened,
        Err(failure) => return SocketEvent::Failed(failure),
    };
    // Nobody listens any more when the engine has given the connection up; the next lines find that out.
    let _ = event.send(SocketEvent::Opened).await;
    let (mut sink, mut stream) = socket.split();
    // Reading goes on while the network takes nothing: what comes may be what it waits for.
    let (code, reason) = tokio::select! {
        ended = write(&mut sink, &mut ends, event) => ended,
        ended = read(&mut stream, &meter, event) => ended,
        ended = tell_movement(&meter, event) => ended,
    };
    SocketEvent::Closed { code, reason }
}

async fn write<S>(sink: &mut S, ends: &mut Ends, event: &mpsc::Sender<SocketEvent>) -> Ended
where
    S: SinkExt<Message, Error = Error> + Unpin,
{
    loop {
        let frame = tokio::select! {
            biased;
            code = ends.close.recv() => {
                let frame = CloseFrame { code: CloseCode::from(code.unwrap_or(1000)), reason: Utf8Bytes::default() };
                let _ = tokio::time::timeout(CLOSE_TIME, sink.send(Message::Close(Some(frame)))).await;
                return (None, String::new());
            }
            Some(frame) = ends.out.recv() => frame,
        };
        // A network that takes nothing must not keep a connection that was given up.
        let sent = tokio::select! {
            sent = send_all(sink, frame, &mut ends.out) => sent,
            () = event.closed() => return (None, String::new()),
        };
        if let Err(error) = sent {
            return (None, words::broken(&error));
        }
    }
}

async fn read<S>(stream: &mut S, meter: &Meter, event: &mpsc::Sender<SocketEvent>) -> Ended
where
    S: Stream<Item = Result<Message, Error>> + Unpin,
{
    loop {
        let message = stream.next().await;
        meter.whole();
        let told = match message {
            Some(Ok(Message::Text(text))) => SocketEvent::Frame(Frame::Text(text.to_string())),
            Some(Ok(Message::Binary(bytes))) => SocketEvent::Frame(Frame::Binary(bytes.to_vec())),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => SocketEvent::Alive,
            Some(Ok(Message::Close(frame))) => {
                let code = frame.as_ref().map(|frame| u16::from(frame.code));
                return (code, frame.map(|frame| frame.reason.to_string()).unwrap_or_default());
            }
            Some(Ok(Message::Frame(_))) => continue,
            Some(Err(error)) => return (None, words::broken(&error)),
            None => return (None, words::ENDED.to_owned()),
        };
        let _ = event.send(told).await;
    }
}

/// Tells that something large is on its way, at most once a second.
async fn tell_movement(meter: &Meter, event: &mpsc::Sender<SocketEvent>) -> Ended {
    loop {
        meter.moved().await;
        let _ = event.send(SocketEvent::Moving).await;
        tokio::time::sleep(MOVING_EVERY).await;
    }
}

/// Writes a frame and everything that waits behind it, then flushes once.
async fn send_all<S>(socket: &mut S, first: Message, out: &mut mpsc::Receiver<Message>) -> Result<(), Error>
where
    S: SinkExt<Message, Error = Error> + Unpin,
{
    socket.feed(first).await?;
    while let Ok(next) = out.try_recv() {
        socket.feed(next).await?;
    }
    socket.flush().await
}

fn message(frame: Frame) -> Message {
    match frame {
        Frame::Text(text) => Message::Text(text.into()),
        Frame::Binary(bytes) => Message::Binary(Bytes::from(bytes)),
    }
}
