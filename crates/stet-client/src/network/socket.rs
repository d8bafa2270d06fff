//! The socket: one task a connection, frames in and out. It knows nothing of what they say.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use stet_protocol::codec::Frame;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message, Utf8Bytes};

/// Largest frame taken from a server, bytes: its batches are 1 MiB, a single compacted row may be 4 MiB.
const FRAME_BYTES: usize = 64 * 1024 * 1024;
/// Frames received and not yet handled; beyond it the network has to wait.
const IN_FRAMES: usize = 8;
/// Frames to be sent and not yet taken by the network. The machine sends far fewer without an answer.
const OUT_FRAMES: usize = 1_024;
/// A polite close may take this long.
const CLOSE_TIME: Duration = Duration::from_secs(1);

/// What the socket tells.
#[derive(Debug)]
pub(crate) enum SocketEvent {
    Opened,
    Frame(Frame),
    /// A Ping or Pong.
    Alive,
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

impl Socket {
    pub(crate) fn open(url: String) -> Self {
        let (out, out_frames) = mpsc::channel(OUT_FRAMES);
        let (close, closing) = mpsc::channel(1);
        let (event, events) = mpsc::channel(IN_FRAMES);
        tokio::spawn(async move {
            let (code, reason) = run(&url, out_frames, closing, &event).await;
            // Nobody listens any more when the engine has given the connection up.
            let _ = event.send(SocketEvent::Closed { code, reason }).await;
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

async fn run(
    url: &str,
    mut out: mpsc::Receiver<Message>,
    mut closing: mpsc::Receiver<u16>,
    event: &mpsc::Sender<SocketEvent>,
) -> (Option<u16>, String) {
    let config = WebSocketConfig::default().max_message_size(Some(FRAME_BYTES)).max_frame_size(Some(FRAME_BYTES));
    let connecting = tokio_tungstenite::connect_async_tls_with_config(url, Some(config), true, None);
    let connected = tokio::select! {
        connected = connecting => connected,
        _ = closing.recv() => return (None, String::new()),
    };
    let mut socket = match connected {
        Ok((socket, _)) => socket,
        Err(error) => return (None, words(&error)),
    };
    if event.send(SocketEvent::Opened).await.is_err() {
        return (None, String::new());
    }
    loop {
        tokio::select! {
            code = closing.recv() => {
                let frame = CloseFrame { code: CloseCode::from(code.unwrap_or(1000)), reason: Utf8Bytes::default() };
                let _ = tokio::time::timeout(CLOSE_TIME, socket.close(Some(frame))).await;
                return (None, String::new());
            }
            frame = out.recv() => {
                let Some(frame) = frame else { continue };
                // A network that takes nothing must not keep a connection that was given up.
                let sent = tokio::select! {
                    sent = send_all(&mut socket, frame, &mut out) => sent,
                    () = event.closed() => return (None, String::new()),
                };
                if let Err(error) = sent {
                    return (None, words(&error));
                }
            }
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => {
                    let _ = event.send(SocketEvent::Frame(Frame::Text(text.to_string()))).await;
                }
                Some(Ok(Message::Binary(bytes))) => {
                    let _ = event.send(SocketEvent::Frame(Frame::Binary(bytes.to_vec()))).await;
                }
                Some(Ok(Message::Close(frame))) => {
                    let code = frame.as_ref().map(|frame| u16::from(frame.code));
                    let reason = frame.map(|frame| frame.reason.to_string()).unwrap_or_default();
                    return (code, reason);
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {
                    let _ = event.send(SocketEvent::Alive).await;
                }
                Some(Ok(Message::Frame(_))) => {}
                Some(Err(error)) => return (None, words(&error)),
                None => return (None, "the connection ended".to_owned()),
            },
        }
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

fn words(error: &Error) -> String {
    match error {
        Error::Http(response) => {
            format!("it answered HTTP {} instead of opening a WebSocket", response.status().as_u16())
        }
        Error::Tls(error) => format!("its certificate isn't accepted ({error})"),
        Error::Io(error) => io_words(error),
        Error::ConnectionClosed | Error::AlreadyClosed => "the connection ended".to_owned(),
        Error::Protocol(error) => format!("it doesn't speak WebSocket ({error})"),
        other => other.to_string(),
    }
}

fn io_words(error: &std::io::Error) -> String {
    use std::io::ErrorKind::{ConnectionRefused, ConnectionReset, HostUnreachable, NetworkUnreachable, TimedOut};
    match error.kind() {
        ConnectionRefused => "nothing listens there".to_owned(),
        ConnectionReset => "the connection broke".to_owned(),
        NetworkUnreachable | HostUnreachable => "there is no network to it".to_owned(),
        TimedOut => "it doesn't answer".to_owned(),
        _ => error.to_string(),
    }
}
