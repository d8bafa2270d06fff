//! What the fuzzers have found worth keeping, through the same functions without a fuzzer.

#![expect(clippy::expect_used, reason = "a test that can't go on says why and ends")]

use std::fs;
use std::path::{Path, PathBuf};

use stet_tests::fuzz::{TARGETS, run};

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
