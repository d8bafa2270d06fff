//! Sockets that are signed in and say nothing: what memory each costs the server.

use std::path::Path;
use std::time::Duration;

use stet_server::config::TokenConfig;

use crate::relay::Relay;
use crate::samples::figure;
use crate::server::{Server, sign_in};
use crate::wire::Wire;
use crate::{say, tree};

/// Sockets held at once.
const CONNECTIONS: usize = 5_000;
/// Of each user: a desk and a laptop.
const DEVICES: usize = 2;
/// Sockets opened at the same time.
const AT_ONCE: usize = 16;
const ROUNDS: usize = 3;
/// How long everything is left alone before memory is read.
const REST: Duration = Duration::from_secs(2);

/// Memory with all sockets open, and without any, megabytes.
#[derive(Default)]
struct Memory {
    a_connection: Vec<f64>,
    whole: Vec<f64>,
}

impl Memory {
    async fn add(&mut self, process: u32, before: f64, wires: &[Wire]) {
        tokio::time::sleep(REST).await;
        let with = tree::resident(process);
        self.whole.push(with);
        self.a_connection.push((with - before) * 1024.0 / wires.len() as f64);
    }

    fn print(&self, name: &str) -> (f64, f64) {
        let whole = figure(&format!("{name}: whole"), "MB", &self.whole);
        (figure(&format!("{name}: a connection"), "KB", &self.a_connection), whole)
    }
}

/// Opens all sockets and reads the server's and the relay's memory.
pub async fn connections(folder: &Path) {
    say(&format!("\nconnections: {CONNECTIONS} sockets, signed in, caught up and idle"));
    let data = folder.join("connections");
    let tokens: Vec<String> = (0..CONNECTIONS / DEVICES)
        .map(|user| {
            let config = TokenConfig { user: format!("user-{user}"), ttl: 86_400_000, data: Some(data.clone()) };
            stet_server::token(&config).expect("a token")
        })
        .collect();
    let (mut ours, mut control) = (Memory::default(), Memory::default());
    for _ in 0..ROUNDS {
        // Nobody answers pings while the rest are opened.
        let server = Server::start_with(&data, &["--heartbeat", "86400"]);
        let before = tree::resident(server.process());
        let places =
            (0..CONNECTIONS).map(|place| (server.url.clone(), tokens[place / DEVICES].clone(), place % DEVICES));
        let open = |(url, token, device): (String, String, usize)| async move {
            sign_in(&url, &token, device as u8 + 1).await.0
        };
        ours.add(server.process(), before, &all(places.collect(), open).await).await;
        drop(server);
        let relay = Relay::start(None);
        let before = tree::resident(relay.process());
        let open = |url: String| async move { Wire::open(&url).await };
        control.add(relay.process(), before, &all(vec![relay.url.clone(); CONNECTIONS], open).await).await;
    }
    let ((each, whole), (relayed, _)) = (ours.print("server"), control.print("relay"));
    say(&format!(
        "  ours ÷ relay, a connection: {:.2}  (goal ≤ 1.25); whole server {whole:.0} MB (goal ≤ 67)",
        each / relayed
    ));
}

/// Opens many sockets, some at a time.
async fn all<T, F>(places: Vec<T>, open: impl Fn(T) -> F + Copy + Send + 'static) -> Vec<Wire>
where
    T: Clone + Send + Sync + 'static,
    F: Future<Output = Wire> + Send,
{
    let share = places.len().div_ceil(AT_ONCE);
    let tasks: Vec<_> = places
        .chunks(share)
        .map(|share| {
            let share = share.to_vec();
            tokio::spawn(async move {
                let mut wires = Vec::with_capacity(share.len());
                for place in share {
                    wires.push(open(place).await);
                }
                wires
            })
        })
        .collect();
    let mut wires = Vec::new();
    for task in tasks {
        wires.extend(task.await.expect("sockets open"));
    }
    wires
}
