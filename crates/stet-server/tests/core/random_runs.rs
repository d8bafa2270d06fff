//! Devices that write, read slowly, vanish and come back, on a server that crashes: at the end everybody has the same log,
//! and what was acknowledged is in it. A failing run names its seed.

use stet_server::core::Happening;
use stet_server::database::sqlite::Sqlite;
use stet_sync::server::Settings;

use crate::stage::{Device, Seeded, Server};

const SEEDS: u64 = 60;
const STEPS: u64 = 400;

fn settings() -> Settings {
    // Small enough that slow readers fall behind and catch-ups take several batches.
    Settings { backlog_bytes: 4_000, batch_bytes: 1_000, ..Settings::default() }
}

struct Run {
    seed: u64,
    numbers: Seeded,
    server: Option<Server<Sqlite>>,
    devices: Vec<Device>,
    sent: u64,
}

impl Run {
    fn new(seed: u64) -> Self {
        let database = Sqlite::in_memory(Seeded::random(seed + 1)).unwrap();
        let server = Server::start(database, settings(), seed + 2);
        let devices = (1..=4).map(|number| Device { number, ..Device::default() }).collect();
        Self { seed, numbers: Seeded::new(seed), server: Some(server), devices, sent: 0 }
    }

    fn step(&mut self) {
        let server = self.server.as_mut().unwrap();
        server.now += i64::try_from(self.numbers.below(50)).unwrap();
        let place = usize::try_from(self.numbers.below(4)).unwrap();
        let device = &mut self.devices[place];
        let Some(socket) = device.socket else {
            return device.connect(server);
        };
        match self.numbers.below(100) {
            0..3 => {
                device.socket = None;
                server.core.handle(Happening::Gone(socket), server.time());
            }
            3 => self.crash(),
            4..45 if !device.space.is_empty() => {
                self.sent += 1;
                let id = format!("{place}-{}", self.sent);
                let note = u8::try_from(self.numbers.below(5)).unwrap();
                // Base64 of the format byte and 299 more.
                let ops = format!("AQ{}", "x".repeat(398));
                device.write(server, &id, note, &ops);
            }
            _ => {
                for message in server.take(socket) {
                    device.hear(server, &message);
                }
            }
        }
    }

    /// Everything in memory is gone; what was acknowledged is not.
    fn crash(&mut self) {
        let server = self.server.take().unwrap();
        let now = server.now;
        let mut again = Server::start(server.core.into_database(), settings(), self.seed + self.sent);
        again.now = now;
        self.server = Some(again);
        for device in &mut self.devices {
            device.socket = None;
        }
    }

    fn settle(&mut self) {
        let server = self.server.as_mut().unwrap();
        for device in &mut self.devices {
            if device.socket.is_none() {
                device.connect(server);
            }
        }
        for _ in 0..10_000 {
            let mut quiet = true;
            for device in &mut self.devices {
                for message in server.take(device.socket.unwrap()) {
                    device.hear(server, &message);
                    quiet = false;
                }
            }
            if quiet {
                return;
            }
        }
        panic!("seed {}: never at rest", self.seed);
    }

    fn check(&self) {
        let seed = self.seed;
        let [first, others @ ..] = self.devices.as_slice() else { panic!("no device") };
        for device in others {
            assert_eq!(device.cursor, first.cursor, "seed {seed}: device {}", device.number);
        }
        for device in &self.devices {
            let own = device.acknowledged.values().copied();
            // A device's own live rows come as acknowledgements: it holds what it sent.
            let mut held: Vec<u64> = device.rows.keys().copied().chain(own).collect();
            held.sort_unstable();
            held.dedup();
            let all: Vec<u64> = (1..=first.cursor).collect();
            assert_eq!(held, all, "seed {seed}: device {}", device.number);
        }
    }
}

#[test]
fn everybody_ends_with_the_same_log_whatever_happens() {
    let mut behind = 0;
    for seed in 0..SEEDS {
        let mut run = Run::new(seed);
        for _ in 0..STEPS {
            run.step();
        }
        run.settle();
        run.check();
        behind += run.devices.iter().map(|device| device.fell_behind).sum::<u32>();
    }
    assert!(behind > 0, "no reader was ever too slow: the runs prove too little");
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = |seed| {
        let mut run = Run::new(seed);
        for _ in 0..STEPS {
            run.step();
        }
        run.settle();
        let ids: Vec<String> = run.devices.iter().map(|device| device.lineage.to_string()).collect();
        let acknowledged: Vec<_> = run.devices.iter().map(|device| device.acknowledged.clone()).collect();
        (ids, acknowledged)
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}
