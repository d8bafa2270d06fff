//! The store's writer with one edit under way and with many, which share a commit: on the disk (`synchronous=FULL`), and in
//! memory, where nothing is waited for. The store has no other durability than FULL, so NORMAL is measured without it: a
//! bare database in NORMAL costs what one in memory does, but for folding its log.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use stet_model::id::{NoteId, SpaceId};
use stet_store::{DiskThread, DocKey, Options, Write, WriteError, open};
use tempfile::TempDir;

use crate::commit::{Disk, Synchronous};
use crate::samples::{Round, figure};
use crate::say;

const ROUNDS: usize = 5;
/// Edits of a round with one under way; with many, as many times as are under way.
const EDITS: usize = 400;
/// Notes that are edited in turn.
const NOTES: usize = 100;
/// Bytes of an edit's delta and of its version, as a keystroke's.
const DELTA: usize = 96;
const HEAD: usize = 24;
/// A folder in memory.
const MEMORY: &str = "/dev/shm";

/// Times and rates, a round each.
#[derive(Default)]
struct Rounds {
    p50: Vec<f64>,
    p99: Vec<f64>,
    a_second: Vec<f64>,
}

impl Rounds {
    fn add(&mut self, times: Round, edits: usize, took: std::time::Duration) {
        self.p50.push(times.quantile(0.5));
        self.p99.push(times.quantile(0.99));
        self.a_second.push(edits as f64 / took.as_secs_f64());
    }

    fn print(&self, name: &str) {
        figure(&format!("{name}, p50"), "µs", &self.p50);
        figure(&format!("{name}, p99"), "µs", &self.p99);
        figure(&format!("{name}, edits a second"), "", &self.a_second);
    }
}

/// A folder in memory, where the system has one.
pub fn in_memory() -> TempDir {
    tempfile::tempdir_in(MEMORY).or_else(|_| tempfile::tempdir()).expect("a folder")
}

struct Store {
    disk: DiskThread,
    done: Receiver<(u64, Result<(), WriteError>)>,
    count: u64,
}

impl Store {
    fn start(folder: &Path) -> Self {
        let (writer, _) = open(&folder.join("commits.sqlite"), &Options::default()).expect("a store");
        let (told, done) = channel();
        let disk = DiskThread::start(writer, Box::new(move |tag, result| drop(told.send((tag, result)))));
        Self { disk, done, count: 0 }
    }

    /// Keeps so many edits under way.
    fn round(&mut self, edits: usize, under_way: usize, rounds: &mut Rounds) {
        let mut begun: VecDeque<Instant> = VecDeque::new();
        let (mut left, mut times) = (edits, Vec::with_capacity(edits));
        let start = Instant::now();
        while times.len() < edits {
            while left > 0 && begun.len() < under_way {
                begun.push_back(Instant::now());
                self.disk.submit(self.count, vec![self.edit()]).expect("the disk has room");
                (self.count, left) = (self.count + 1, left - 1);
            }
            // In the order they came.
            self.done.recv().expect("the disk goes on").1.expect("the disk takes it");
            times.push(begun.pop_front().expect("it was begun").elapsed().as_secs_f64() * 1e6);
        }
        rounds.add(Round(times), edits, start.elapsed());
    }

    fn edit(&self) -> Write {
        let note = NoteId::from_bytes([(self.count as usize % NOTES) as u8 + 1; 16]);
        Write::Local {
            doc: DocKey { space: SpaceId::from_bytes([7; 16]), note },
            delta: vec![7; DELTA],
            head: self.count.to_be_bytes().repeat(HEAD / 8),
            unsent: true,
            row: None,
            at: 1_800_000_000_000,
        }
    }
}

/// A bare database: a row an edit, as many in a transaction as are under way.
fn bare(disk: &mut Disk, edits: usize, under_way: usize, rounds: &mut Rounds) {
    let start = Instant::now();
    let once = |_| {
        let start = Instant::now();
        disk.commit_group(&vec![vec![7; DELTA + HEAD]; under_way]);
        start.elapsed().as_secs_f64() * 1e6
    };
    let times = Round((0..edits / under_way).map(once).collect());
    rounds.add(times, edits, start.elapsed());
}

/// Measures both, with one edit under way and with many.
pub fn commits(folder: &Path) {
    let memory = in_memory();
    let mut on_disk = Store::start(folder);
    let mut in_memory = Store::start(memory.path());
    let mut full = Disk::with(&folder.join("full.sqlite"), Synchronous::Full);
    let mut normal = Disk::with(&folder.join("normal.sqlite"), Synchronous::Normal);
    for under_way in [1, 64] {
        say(&format!("\ncommits with {under_way} under way: an edit → on the disk"));
        let edits = EDITS * under_way;
        let mut rounds: [Rounds; 4] = Default::default();
        for _ in 0..ROUNDS {
            on_disk.round(edits, under_way, &mut rounds[0]);
            bare(&mut full, edits, under_way, &mut rounds[1]);
            in_memory.round(edits, under_way, &mut rounds[2]);
            bare(&mut normal, edits, under_way, &mut rounds[3]);
        }
        let names = ["store, FULL", "bare, FULL", "store, in memory", "bare, NORMAL"];
        names.iter().zip(&rounds).for_each(|(name, rounds)| rounds.print(name));
    }
}
