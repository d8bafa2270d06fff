//! How fast a library travels: a first sync, what was written offline, what another device wrote, and what a connection
//! says when nothing happens. The server and every engine are processes of their own, and so is the control.

pub mod child;
pub mod copy;
mod counter;
pub mod device;
mod peer;

use std::path::Path;
use std::time::{Duration, Instant};

use stet_tests::world::random::Dice;

use crate::samples::{Comparison, Round};
use crate::say;
use crate::server::Server;
use child::{Child, peak};
use copy::copy;
use counter::Count;
use counter::Counter;
use peer::{Batch, IN_FLIGHT, Peer, Typist, Update, note};

/// Rounds of each measurement.
const ROUNDS: usize = 3;
/// Notes of a large library.
const NOTES: usize = 26_600;
/// Notes that are edited.
const EDITED: usize = 1_000;
/// Edits of them.
const EDITS: usize = 10_000;
/// Rows the control commits at most for one note: what the server folds.
const ROWS: usize = 500;
/// The server folds what was written and rests; receipts go.
const REST: Duration = Duration::from_secs(22);

/// Everything about travelling; `idle` is how long nothing happens.
pub async fn measure(folder: &Path, idle: Duration) {
    first_sync(&folder.join("first")).await;
    offline_edits(&folder.join("offline")).await;
    for notes in [1, EDITED] {
        catch_up(&folder.join(format!("behind-{notes}")), notes).await;
    }
    at_rest(&folder.join("rest"), idle).await;
}

/// A server and what is in its log.
struct Filled {
    server: Server,
    token: String,
    peer: Peer,
}

impl Filled {
    async fn start(folder: &Path, updates: impl IntoIterator<Item = Update>) -> Self {
        std::fs::create_dir_all(folder).expect("a folder");
        let server = Server::start(&folder.join("server"));
        let token = server.token("bench");
        let mut peer = Peer::sign_in(&server, &token, 1).await;
        peer.write(updates).await;
        Self { server, token, peer }
    }

    fn device(&self, folder: &Path, url: &str) -> Child {
        device::start(folder, url, &self.token)
    }
}

fn library(count: usize) -> Vec<Update> {
    let mut dice = Dice::new(26_600, 3);
    (0..count).map(|number| note(number, count, &mut dice)).collect()
}

fn bytes(batches: &[Batch]) -> usize {
    batches.iter().map(|batch| batch.bytes.len()).sum()
}

fn milliseconds(time: Duration) -> Round {
    Round(vec![time.as_secs_f64() * 1e3])
}

async fn first_sync(folder: &Path) {
    say(&format!("\nfirst sync: {NOTES} notes of about 1 KB into an empty store; ms since the engine's start"));
    let began = Instant::now();
    let mut filled = Filled::start(folder, library(NOTES)).await;
    let batches = filled.peer.batches().await;
    say(&format!(
        "  the server took them in {:.1} s; they are {:.1} MB in {} batches",
        began.elapsed().as_secs_f64(),
        bytes(&batches) as f64 / 1e6,
        batches.len()
    ));
    let mut screen = Vec::new();
    let mut stored = Comparison::new("on disk", &["copy"]);
    let mut taken = Comparison::new("in lists", &["copy"]);
    let mut verified = Comparison::new("searchable", &["copy"]);
    let (mut device_peak, mut total) = (0.0_f64, 0.0);
    for round in 0..ROUNDS {
        let control = copy(&batches, &folder.join(format!("copy-{round}.sqlite"))).await;
        for comparison in [&mut stored, &mut taken, &mut verified] {
            comparison.control(0, milliseconds(control));
        }
        let mut device = filled.device(&folder.join(format!("device-{round}")), &filled.server.url);
        for line in ["screen".to_owned(), format!("stored {NOTES}"), "taken".to_owned(), format!("verified {NOTES}")] {
            device.ask(&line);
        }
        device.ask("total");
        screen.push(milliseconds(device.time("screen").await));
        stored.ours(milliseconds(device.time("stored").await));
        let time = device.time("taken").await;
        total += NOTES as f64 / time.as_secs_f64() / ROUNDS as f64;
        taken.ours(milliseconds(time));
        verified.ours(milliseconds(device.time("verified").await));
        let shown = device.number("total").await;
        assert!(shown >= NOTES as f64, "{shown} notes are listed");
        device_peak = device_peak.max(peak(device.id()));
    }
    let mut first = Comparison::new("first screen", &[]);
    screen.into_iter().for_each(|round| first.ours(round));
    first.print(&[], f64::NAN);
    stored.print(&[1.0], 2.0);
    taken.print(&[1.0], 2.0);
    verified.print(&[1.0], 2.0);
    say(&format!(
        "  {total:.0} notes/s until in lists; peak memory: device {device_peak:.0} MB, server {:.0} MB",
        peak(filled.server.process())
    ));
}

async fn offline_edits(folder: &Path) {
    say(&format!("\noffline: {EDITS} edits on {EDITED} notes, then the network is back; ms until nothing is unsent"));
    let mut comparison = Comparison::new("sent", &["copy"]);
    let mut counts = Vec::new();
    for round in 0..ROUNDS {
        let folder = folder.join(round.to_string());
        let filled = Filled::start(&folder, []).await;
        let counter = Counter::start(&filled.server.url).await;
        let mut device = filled.device(&folder.join("device"), &counter.url);
        for line in [format!("create {EDITED}"), "sent".to_owned(), "pause".to_owned(), format!("edit {EDITS}")] {
            device.ask(&line);
        }
        device.time("edit").await;
        let before = counter.count();
        device.ask("resume");
        device.ask("sent");
        comparison.ours(milliseconds(device.time("sent").await));
        let count = counter.count().since(before);
        let same = Batch::like(count.sent as usize, EDITED, IN_FLIGHT);
        comparison.control(0, milliseconds(copy(&same, &folder.join("copy.sqlite")).await));
        counts.push(count);
    }
    comparison.print(&[1.0], f64::NAN);
    print_counts(&counts);
}

async fn catch_up(folder: &Path, notes: usize) {
    let what = if notes == 1 { "one open note".to_owned() } else { format!("{notes} notes") };
    say(&format!(
        "\ncatch-up: {EDITS} keystrokes of another device on {what}, then the network is back; ms until all is here"
    ));
    let library = library(notes);
    let mut typist = Typist::new(library.iter().cloned());
    let mut filled = Filled::start(folder, library).await;
    let counter = Counter::start(&filled.server.url).await;
    let mut device = filled.device(&folder.join("device"), &counter.url);
    device.ask(&format!("verified {notes}"));
    device.ask("open");
    device.time("open").await;
    let (mut text, mut all) = (Comparison::new("text", &["copy"]), Comparison::new("in step", &["copy"]));
    let mut counts = Vec::new();
    for round in 0..ROUNDS {
        device.ask("pause");
        device.time("pause").await;
        filled.peer.write(typist.keystrokes(EDITS)).await;
        tokio::time::sleep(REST).await;
        let before = counter.count();
        device.ask("resume");
        device.ask(&format!("grown {}", (round + 1) * EDITS / notes));
        device.ask("taken");
        text.ours(milliseconds(device.time("grown").await));
        all.ours(milliseconds(device.time("taken").await));
        let count = counter.count().since(before);
        let same = Batch::like(count.received as usize, (EDITS / notes).min(ROWS), usize::MAX);
        let control = milliseconds(copy(&same, &folder.join(format!("copy-{round}.sqlite"))).await);
        text.control(0, Round(control.0.clone()));
        all.control(0, control);
        counts.push(count);
    }
    text.print(&[1.0], f64::NAN);
    all.print(&[1.0], f64::NAN);
    print_counts(&counts);
}

async fn at_rest(folder: &Path, idle: Duration) {
    say("\nat rest: what a connected engine and the server say when nothing happens");
    let filled = Filled::start(folder, library(EDITED)).await;
    let counter = Counter::start(&filled.server.url).await;
    let mut device = filled.device(&folder.join("device"), &counter.url);
    device.ask(&format!("verified {EDITED}"));
    device.time("verified").await;
    tokio::time::sleep(REST).await;
    let before = counter.count();
    tokio::time::sleep(idle).await;
    let Count { sent, sent_frames, received, received_frames } = counter.count().since(before);
    let minute = 60.0 / idle.as_secs_f64();
    say(&format!(
        "  {:.0} bytes a minute sent ({sent_frames} frames in {} s), {:.0} received ({received_frames}); promised ≤ 1 kB",
        sent as f64 * minute,
        idle.as_secs(),
        received as f64 * minute,
    ));
}

/// What went over the wire, the middle of the rounds.
fn print_counts(counts: &[Count]) {
    let middle = |of: fn(&Count) -> u64| Round(counts.iter().map(|count| of(count) as f64).collect()).quantile(0.5);
    say(&format!(
        "  over the wire: {:.0} frames, {:.1} kB sent; {:.0} frames, {:.1} kB received",
        middle(|count| count.sent_frames),
        middle(|count| count.sent) / 1e3,
        middle(|count| count.received_frames),
        middle(|count| count.received) / 1e3,
    ));
}
