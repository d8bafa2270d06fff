//! One WebSocket: frames in to the hub, frames out of its queue. Decides nothing.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use stet_protocol::close::CloseCode;
use stet_protocol::codec::{Encoding, Frame};
use stet_sync::server::{Incoming, Outgoing, Received, Stage, receive};
use tokio::sync::Notify;
use tokio_tungstenite::tungstenite;

use super::Engine;
use super::gate::Gate;
use crate::core::{Hub, Link, Ring, SocketId, Taken};

/// How long a peer may take to read what is left and to answer a close.
const CLOSE_GRACE: Duration = Duration::from_secs(5);

/// How long a socket waits between two frames from when several messages shared one until there are none: under load most of
/// what a server does is writing frames, and each takes more along. Where one edit follows the other none ever waits.
const PACE: Duration = Duration::from_millis(4);

/// What a socket's task waits for.
#[derive(Default)]
pub(super) struct Bells {
    write: Notify,
    read: Notify,
    close: Notify,
}

impl Bells {
    pub(super) fn ring(&self, ring: Ring) {
        match ring {
            Ring::Write => self.write.notify_one(),
            Ring::Read => self.read.notify_one(),
            Ring::Close => self.close.notify_one(),
        }
    }
}

/// Serves a socket until it is gone.
pub(super) async fn run(socket: WebSocket, engine: Arc<Engine>, gate: &Gate) {
    let bells = Arc::new(Bells::default());
    let (ringer, ringing) = (Arc::downgrade(&engine), Arc::clone(&bells));
    let link = Arc::new(Link::new(move |ring| {
        if let Some(engine) = ringer.upgrade() {
            engine.ring(&ringing, ring);
        }
    }));
    let id = engine.with(|hub, now| hub.connect(Arc::clone(&link), now));
    let (mut sink, mut stream) = socket.split();
    let served = async {
        tokio::select! {
            end = read((&mut stream, gate), (&engine, id), &link, &bells.read) => {
                if let End::TooBig = end {
                    close(&mut sink, CloseCode::TooBig).await;
                }
            }
            () = write(&mut sink, (&engine, id), &link, &bells.write) => {
                // The close is written: the peer's own ends the connection cleanly.
                while let Some(Ok(_)) = stream.next().await {}
            }
        }
    };
    let closing = async {
        bells.close.notified().await;
        tokio::time::sleep(CLOSE_GRACE).await;
    };
    tokio::select! {
        () = served => {}
        () = closing => {}
    }
    engine.with(|hub, _| hub.disconnect(id));
}

/// Why nothing more is read.
enum End {
    Gone,
    TooBig,
}

async fn read(
    (stream, gate): (&mut SplitStream<WebSocket>, &Gate),
    (engine, id): (&Engine, SocketId),
    link: &Link,
    bell: &Notify,
) -> End {
    let mut ahead = None;
    loop {
        while !link.wants_input() {
            bell.notified().await;
        }
        if link.stage() != Stage::Opening {
            gate.open();
        }
        let next = match ahead.take() {
            Some(next) => next,
            None => tokio::select! {
                biased;
                next = stream.next() => next,
                () = gate.filled() => {
                    let received = Received { incoming: Incoming::TooLarge(None), encoding: Encoding::Json, bytes: 0 };
                    engine.with(|hub, now| hub.message(id, received, now));
                    continue;
                }
                () = gate.moved() => {
                    engine.with(|hub, now| hub.alive(id, now));
                    continue;
                }
            },
        };
        gate.whole();
        let frame = match next {
            Some(Ok(Message::Text(text))) => Frame::Text(text.as_str().to_owned()),
            Some(Ok(Message::Binary(bytes))) => Frame::Binary(bytes.into()),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {
                engine.with(|hub, now| hub.alive(id, now));
                continue;
            }
            Some(Err(error)) if too_big(&error) => return End::TooBig,
            Some(Ok(Message::Close(_)) | Err(_)) | None => return End::Gone,
        };
        // A large frame is decoded here, where it holds up nobody but its own socket.
        let received = receive(&frame, link.stage(), engine.settings());
        ahead = stream.next().now_or_never();
        if ahead.is_some() {
            engine.hand_over(|hub, now| hub.message(id, received, now));
        } else {
            engine.with(|hub, now| hub.message(id, received, now));
        }
    }
}

async fn write(
    sink: &mut SplitSink<WebSocket, Message>,
    (engine, id): (&Engine, SocketId),
    link: &Link,
    bell: &Notify,
) {
    let mut paced = false;
    loop {
        let Taken { outgoing, room, several, all } = link.take();
        if room {
            engine.with(|hub: &mut Hub, now| hub.room(id, now));
        }
        let message = match outgoing {
            None => {
                paced = false;
                bell.notified().await;
                continue;
            }
            Some(Outgoing::Frame(frame)) => message(frame),
            Some(Outgoing::Ping) => Message::Ping(Bytes::new()),
            Some(Outgoing::Close(code)) => {
                close(sink, code).await;
                return;
            }
        };
        let mut sending = std::pin::pin!(sink.send(message));
        let at_once = tokio::select! {
            biased;
            sent = &mut sending => Some(sent),
            () = std::future::ready(()) => None,
        };
        let had_to_wait = at_once.is_none();
        let sent = match at_once {
            Some(sent) => sent,
            None => sending.await,
        };
        if sent.is_err() {
            return;
        }
        if had_to_wait {
            // There was room again: the peer has taken something. A ping may wait behind the rest for a while.
            engine.with(|hub, now| hub.alive(id, now));
        }
        paced |= several;
        if paced && all {
            tokio::time::sleep(PACE).await;
        }
    }
}

async fn close(sink: &mut SplitSink<WebSocket, Message>, code: CloseCode) {
    let reason = Utf8Bytes::from_static(code.reason());
    let frame = CloseFrame { code: code.number(), reason };
    if let Err(error) = sink.send(Message::Close(Some(frame))).await {
        tracing::debug!(target: "socket", %error, "the peer was gone before it was told why");
    }
}

fn too_big(error: &axum::Error) -> bool {
    let source = std::error::Error::source(error);
    matches!(source.and_then(|source| source.downcast_ref()), Some(tungstenite::Error::Capacity(_)))
}

/// The bytes of a frame that may go to many sockets, without a copy of them.
struct SharedFrame(Arc<Frame>);

impl AsRef<[u8]> for SharedFrame {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

fn message(frame: Arc<Frame>) -> Message {
    let text = matches!(*frame, Frame::Text(_));
    let bytes = Bytes::from_owner(SharedFrame(frame));
    if !text {
        return Message::Binary(bytes);
    }
    // The bytes of a String are UTF-8.
    Utf8Bytes::try_from(bytes).map_or_else(|_| Message::Text(Utf8Bytes::default()), Message::Text)
}
