//! A keystroke's way: the command, the store, the disk; in a small note and in a large one.

use std::path::Path;
use std::time::Duration;

use super::desk::{Desk, Keystroke};
use crate::commit::Disk;
use crate::samples::{Comparison, Round, alone, figure};
use crate::say;

const ROUNDS: usize = 5;
/// Keystrokes of a round, one after the other.
const KEYS: usize = 400;
/// Keystrokes before anything is counted: the first edit of a note unpacks it.
const WARMING: usize = 20;

/// Measures both notes.
pub fn keys(folder: &Path) {
    note("a note of 2 KB", 2 << 10, &folder.join("keys-small"));
    note("a note of 1 MB", 1 << 20, &folder.join("keys-large"));
}

fn note(name: &str, bytes: usize, folder: &Path) {
    say(&format!("\nkeystroke in {name}: the command → the store's, and → on the disk; µs"));
    let mut desk = Desk::start(folder);
    let mut note = desk.note("Lorem ipsum dolor sit amet, consectetur.\n".repeat(bytes / 41));
    for _ in 0..WARMING {
        desk.press(&mut note);
    }
    let mut disk = Disk::new(&folder.join("commit.sqlite"));
    let mut handed = Vec::new();
    let mut durable = Comparison::new("on the disk", &["FULL commit"]);
    let (mut engine, mut allocations, mut folding) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let keys: Vec<Keystroke> = (0..KEYS).map(|_| desk.press(&mut note)).collect();
        handed.push(round(&keys, |key| key.handed));
        durable.ours(round(&keys, |key| key.durable));
        durable.control(0, disk.round(KEYS, desk.bytes, Duration::ZERO));
        let all = round(&keys, |key| key.engine);
        engine.push(all.quantile(0.5));
        allocations.push(Round(keys.iter().map(|key| key.allocations as f64).collect()).quantile(0.5));
        folding.extend(keys.iter().filter(|key| key.folded).map(|key| key.engine.as_secs_f64() * 1e6));
    }
    alone("handed over", &handed);
    durable.print(&[1.0], 1.5);
    figure("all work of the engine", "µs", &engine);
    figure("times it asked for memory", "", &allocations);
    if !folding.is_empty() {
        figure("work when the log is folded", "µs", &folding);
    }
}

fn round(keys: &[Keystroke], time: fn(&Keystroke) -> Duration) -> Round {
    Round(keys.iter().map(|key| time(key).as_secs_f64() * 1e6).collect())
}
