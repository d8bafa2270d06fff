//! What the fuzzers have found worth keeping, through the same functions without a fuzzer.

#![expect(clippy::expect_used, reason = "a test that can't go on says why and ends")]

use std::fs;
use std::path::{Path, PathBuf};

use stet_tests::fuzz::{TARGETS, run};
use stet_tests::world::random::Dice;

/// Inputs made from those kept, of each target.
const MADE: u32 = 2_000;

/// Bytes of all inputs together: they are in the repository.
const MOST: u64 = 300_000;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ stands in the root").join("fuzz")
}

fn inputs(target: &str) -> Vec<PathBuf> {
    let folder = fuzz().join("corpus").join(target);
    let mut inputs: Vec<_> = fs::read_dir(folder).expect("a corpus").flatten().map(|entry| entry.path()).collect();
    inputs.sort();
    inputs
}

#[test]
fn every_input_the_fuzzers_kept_does_no_harm() {
    for (target, _) in TARGETS {
        let inputs = inputs(target);
        assert!(inputs.len() > 20, "the corpus of {target} has {} inputs", inputs.len());
        for input in inputs {
            // The name of a failing test's input stands in its output.
            let data = fs::read(&input).expect("an input");
            let done = std::panic::catch_unwind(|| run(target, &data));
            assert!(done.is_ok(), "{}", input.display());
        }
    }
}

/// Another input, made of two that were kept: a part of one put into the other, then some bytes changed, left out or doubled.
fn made_of(one: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut place = |length: usize| dice.below(length as u64 + 1) as usize;
    let (from, to, at) = (place(other.len()), place(other.len()), place(one.len()));
    let part = &other[from.min(to)..from.max(to)];
    let mut made = [&one[..at], part, &one[at..]].concat();
    for _ in 0..place(6) {
        let (at, length) = (place(made.len()), place(8));
        let end = made.len().min(at + length);
        match place(3) {
            0 => drop(made.drain(at..end)),
            1 => made.extend_from_within(at..end),
            _ => made[at..end].iter_mut().for_each(|byte| *byte = place(255) as u8),
        }
    }
    made
}

/// Each run makes others; the seed is in what a failure says, and makes the same for ever.
#[test]
fn inputs_made_of_those_that_were_kept_do_no_harm_either() {
    let seed = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("it is later than 1970").as_secs();
    for (stream, (target, _)) in TARGETS.iter().enumerate() {
        let kept: Vec<_> = inputs(target).iter().map(|input| fs::read(input).expect("an input")).collect();
        let mut dice = Dice::new(seed, stream as u64);
        for number in 0..MADE {
            let mut one = || &kept[dice.below(kept.len() as u64) as usize];
            let (one, other) = (one(), one());
            let data = made_of(one, other, &mut dice);
            let done = std::panic::catch_unwind(|| run(target, &data));
            assert!(done.is_ok(), "input {number} of {target} with the seed {seed}: {data:02x?}");
        }
    }
}

#[test]
fn the_corpus_stays_small() {
    let all = TARGETS.iter().flat_map(|(target, _)| inputs(target));
    let bytes: u64 = all.map(|input| fs::metadata(input).expect("an input").len()).sum();
    assert!(bytes <= MOST, "{bytes} bytes; `cargo xtask fuzz --keep` makes it smaller");
}

#[test]
fn every_target_has_its_fuzzer() {
    for (target, _) in TARGETS {
        let fuzzer = fs::read_to_string(fuzz().join("fuzz_targets").join(format!("{target}.rs"))).expect("a fuzzer");
        assert!(fuzzer.contains(&format!("inputs::run(\"{target}\"")), "{target}");
    }
}
