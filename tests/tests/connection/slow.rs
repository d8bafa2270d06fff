//! Lines so slow that what is sent takes longer than any answer may.

use std::net::SocketAddr;
use std::time::Duration;

use stet_client::api::Event;
use stet_client::api::status::ConnectionState;
use stet_client::network::Network;
use stet_tests::device::Device;
use stet_tests::wait::{eventually_within, holds};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::Server;

/// Bytes a second, each way.
const PACE: usize = 64 * 1024;
/// What is sent: with its surroundings far more than 30 s of it.
const TEXT: usize = 24 * PACE;
/// For both ways at once, on a busy machine.
const TIME: Duration = Duration::from_secs(150);

/// A line of this pace, with as little as possible on its way.
async fn slow_line(server: SocketAddr) -> SocketAddr {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(16 * 1024).expect("a small buffer");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
    let listener = socket.listen(8).expect("listen");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let far = TcpSocket::new_v4().expect("a socket");
            far.set_recv_buffer_size(16 * 1024).expect("a small buffer");
            let far: TcpStream = far.connect(server).await.expect("reach the server");
            let (near_in, near_out) = near.into_split();
            let (far_in, far_out) = far.into_split();
            tokio::spawn(trickle(near_in, far_out));
            tokio::spawn(trickle(far_in, near_out));
        }
    });
    address
}

async fn trickle(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) {
    let mut some = vec![0; PACE / 16];
    let mut tick = tokio::time::interval(Duration::from_millis(1_000 / 16));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while let Ok(count @ 1..) = from.read(&mut some).await {
        tick.tick().await;
        if to.write_all(&some[..count]).await.is_err() {
            break;
        }
    }
}

/// Letters nobody can make shorter.
fn letters(mut state: u64, count: usize) -> String {
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'a' + u8::try_from((state >> 33) % 26).expect("a letter"))
    };
    std::iter::repeat_with(next).take(count).collect()
}

async fn synced_without_a_break(what: &str, device: &Device, cursor: u64) {
    eventually_within(TIME, what, async || {
        let status = device.status().await;
        holds(status.is_synced && status.unsent == 0 && status.cursor >= cursor, format!("{status:?}"))
    })
    .await;
    let broke = device.events().into_iter().any(|event| match event {
        Event::Status(status) => matches!(status.state, ConnectionState::Reconnecting | ConnectionState::Error),
        _ => false,
    });
    assert!(!broke, "{what}: the connection was given up on the way");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_takes_longer_than_an_answer_may_arrives_both_ways_on_one_connection() {
    let server = Server::start("slow").await;
    let line = format!("ws://{}", slow_line(server.address).await);
    let direct = format!("ws://{}", server.address);
    // Something large that another device has brought already.
    let quick = server.device("quick", &direct, Network::default()).await;
    let there = quick.create("There", &letters(1, TEXT)).await;
    synced_without_a_break("a large note is there", &quick, 1).await;
    let cursor = quick.status().await.cursor;

    let down = server.device("down", &line, Network::default()).await;
    let up =
        Device::start_through(Network::default(), &server.ground.folder("up"), &line, &server.token_of("otto")).await;
    // Several notes leave at once, so the last of them waits for all others.
    let texts: Vec<String> = (2..6).map(|seed| letters(seed, TEXT / 4)).collect();
    let mut sent = Vec::new();
    for text in &texts {
        sent.push(up.create("Sent", text).await);
    }
    tokio::join!(
        synced_without_a_break("everything came", &down, cursor),
        synced_without_a_break("everything was sent", &up, 1),
    );
    assert_eq!(down.text(there).await.map(|(_, body)| body), Some(letters(1, TEXT)));
    for (note, text) in sent.into_iter().zip(texts) {
        assert_eq!(up.text(note).await.map(|(_, body)| body), Some(text));
    }
}
