//! What folding the log of a note that is typed into for long costs the device, and what it saves.

use std::path::Path;
use std::time::{Duration, Instant};

use stet_model::document::NoteDocument;
use stet_model::id::PeerId;

use super::desk::{Desk, Keystroke};
use crate::say;

/// Keystrokes, each an entry of the log.
const KEYS: usize = 10_000;

/// Types into a small note and into a large one.
pub fn folds(folder: &Path) {
    say(&format!("\nfolding on the device: {KEYS} keystrokes on one note, an entry of its log each"));
    for (name, bytes) in [("empty note", 0), ("note of 1 MB", 1 << 20)] {
        let mut desk = Desk::start(&folder.join(format!("log-{bytes}")));
        let mut note = desk.note("Lorem ipsum dolor sit amet, consectetur.\n".repeat(bytes / 41));
        let keys: Vec<Keystroke> = (0..KEYS).map(|_| desk.press(&mut note)).collect();
        let all: Duration = keys.iter().map(|key| key.engine).sum();
        let folding: Vec<Duration> = keys.iter().filter(|key| key.folded).map(|key| key.engine).collect();
        let stored = desk.stored(&note);
        let kept: Vec<&[u8]> = stored
            .snapshot
            .as_deref()
            .into_iter()
            .chain(stored.updates.iter().map(|update| update.ops.as_slice()))
            .collect();
        let raw: Vec<&[u8]> = desk.deltas.iter().map(Vec::as_slice).collect();
        say(&format!(
            "  {name:<12} folded {} times, {} KB of snapshots written, {:.1} ms each (slowest {:.1}), {:.0} % of the engine's {:.2} s; \
             left are {} entries, {} KB, read in {:.1} ms (unfolded: {} entries, {} KB, {:.1} ms)",
            folding.len(),
            desk.snapshots.iter().sum::<usize>() / 1024,
            folding.iter().sum::<Duration>().as_secs_f64() * 1e3 / folding.len().max(1) as f64,
            folding.iter().max().map_or(0.0, |slowest| slowest.as_secs_f64() * 1e3),
            folding.iter().sum::<Duration>().as_secs_f64() / all.as_secs_f64() * 100.0,
            all.as_secs_f64(),
            kept.len(),
            size(&kept),
            load(&kept),
            raw.len(),
            size(&raw),
            load(&raw),
        ));
    }
}

fn size(parts: &[&[u8]]) -> usize {
    parts.iter().map(|part| part.len()).sum::<usize>() / 1024
}

/// How long reading a document takes, milliseconds.
fn load(parts: &[&[u8]]) -> f64 {
    let start = Instant::now();
    NoteDocument::load(parts, PeerId(1)).expect("it loads");
    start.elapsed().as_secs_f64() * 1e3
}
