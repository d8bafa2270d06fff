//! What keeping the digests costs a commit, in a store of a thousand notes and of a hundred thousand.

use std::path::Path;
use std::time::Instant;

use stet_model::digest::LogDigest;
use stet_model::id::{NoteId, SpaceId};
use stet_store::{DocKey, Options, RowFields, Write, Writer, open};

use super::commits::in_memory;
use crate::samples::{Round, figure};
use crate::say;

const ROUNDS: usize = 7;
/// Commits of a round.
const COMMITS: usize = 20;
/// Edits in a commit.
const GROUP: usize = 100;
/// The space whose digest is kept, and the one whose isn't: it was never held against a server's.
const KEPT: SpaceId = SpaceId::from_bytes([1; 16]);
const NONE: SpaceId = SpaceId::from_bytes([2; 16]);
/// What an indexed note says.
const TEXT: &str = "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt";

struct Store {
    writer: Writer,
    notes: u32,
    seq: u64,
}

impl Store {
    fn fill(path: &Path, notes: u32) -> Self {
        let (writer, _) = open(path, &Options::default()).expect("a store");
        let mut store = Self { writer, notes, seq: u64::from(notes) };
        for batch in (0..notes).collect::<Vec<_>>().chunks(1_000) {
            let writes = batch.iter().flat_map(|n| [KEPT, NONE].into_iter().flat_map(move |space| made(space, *n)));
            store.writer.commit(&writes.collect::<Vec<_>>()).expect("it fills");
        }
        let compare =
            Write::Compare { space: KEPT, seq: store.seq, digest: LogDigest::default(), end: store.seq, at: 1 };
        store.writer.commit(&[compare]).expect("it counts");
        store
    }

    /// An acknowledged edit each of some notes; µs an edit.
    fn moved(&mut self, space: SpaceId) -> f64 {
        let first = self.seq;
        self.seq += GROUP as u64;
        let acked = |place: u64| Write::Acked {
            doc: doc(space, self.note(place)),
            known: place.to_be_bytes().repeat(3),
            seq: place,
            unsent: false,
            updated_at: 1,
            cursor: None,
        };
        let writes: Vec<Write> = (first + 1..=first + GROUP as u64).map(acked).collect();
        self.commit(&writes)
    }

    /// Some notes are indexed, and say something else than before or the same; µs a note.
    fn indexed(&mut self, other: bool) -> f64 {
        self.seq += GROUP as u64;
        let index = |place: u64| Write::Index {
            doc: doc(KEPT, (place % GROUP as u64) as u32),
            head: vec![1; 24],
            title: "Bench".to_owned(),
            body: TEXT.to_owned(),
            content: if other { u128::from(place) << 64 } else { 7 },
        };
        let writes: Vec<Write> = (self.seq + 1..=self.seq + GROUP as u64).map(index).collect();
        self.commit(&writes)
    }

    fn commit(&mut self, writes: &[Write]) -> f64 {
        let start = Instant::now();
        self.writer.commit(writes).expect("it is written");
        start.elapsed().as_secs_f64() * 1e6 / writes.len() as f64
    }

    /// All over the store.
    fn note(&self, place: u64) -> u32 {
        (place.wrapping_mul(2_654_435_761) % u64::from(self.notes)) as u32
    }
}

fn doc(space: SpaceId, n: u32) -> DocKey {
    let mut bytes = [3; 16];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    DocKey { space, note: NoteId::from_bytes(bytes) }
}

fn made(space: SpaceId, n: u32) -> [Write; 2] {
    let (doc, head) = (doc(space, n), vec![1; 24]);
    let row = RowFields { title: format!("Note {n}"), ..RowFields::default() };
    let local = Write::Local { doc, delta: vec![7; 96], head: head.clone(), unsent: true, row: Some(row), at: 1 };
    let seq = u64::from(n) + 1;
    [local, Write::Acked { doc, known: head, seq, unsent: false, updated_at: 1, cursor: None }]
}

/// Measures both sums in both stores, in memory: what waits for the disk is no part of it.
pub fn digests() {
    let folder = in_memory();
    say(&format!("\ndigests: commits of {GROUP} edits, with and without what they keep up; µs an edit"));
    for notes in [1_000, 100_000] {
        let mut store = Store::fill(&folder.path().join(format!("digests-{notes}.sqlite")), notes);
        let mut figures: [Vec<f64>; 4] = Default::default();
        let round = |step: &mut dyn FnMut() -> f64| Round((0..COMMITS).map(|_| step()).collect()).quantile(0.5);
        store.indexed(false);
        for _ in 0..ROUNDS {
            figures[0].push(round(&mut || store.moved(KEPT)));
            figures[1].push(round(&mut || store.moved(NONE)));
            figures[2].push(round(&mut || store.indexed(true)));
            // The first brings all to the same text again.
            store.indexed(false);
            figures[3].push(round(&mut || store.indexed(false)));
        }
        let names = ["log digest kept", "not kept", "content digest changes", "stays"];
        let of = |name: &&str| format!("{notes} notes, {name}");
        names.iter().zip(&figures).for_each(|(name, rounds)| {
            figure(&of(name), "µs", rounds);
        });
    }
}
