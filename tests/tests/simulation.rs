//! The simulated world is decided by its seed alone. `cargo xtask sim` runs many seeds and says what they found.

use stet_tests::world::plan::Plan;
use stet_tests::world::{run, run_seed};

/// Seeds that once found something, each with what it was in the commit that mended it.
const FOUND: [u64; 12] = [105, 107, 142, 149, 162, 171, 201, 223, 224, 227, 10_051, 10_118];
/// Seeds that never did: the world goes on as it should also where nobody has looked closely.
const OTHERS: std::ops::Range<u64> = 40_000..40_016;

/// Runs seeds and says which ended wrong, with the end of what happened.
fn end_well(seeds: impl Iterator<Item = u64>) {
    let failed: Vec<String> =
        seeds.filter_map(|seed| run_seed(seed).err()).map(|failure| failure.to_string()).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

#[test]
fn seeds_that_once_found_something_end_well() {
    end_well(FOUND.into_iter());
}

#[test]
fn every_device_ends_with_what_the_naive_model_says_whatever_happens() {
    end_well(OTHERS);
}

#[test]
fn a_seed_is_the_same_world_every_time() {
    let seed = 4;
    let mut plan = Plan::from_seed(seed);
    // Long enough for every part of the world to have its say, whatever becomes of it.
    plan.steps.truncate(40);
    plan.heal_at = plan.steps.last().map_or(0, |step| step.at) + 1_000;
    let told = || match run(&plan, true) {
        Ok(outcome) => format!("well {}", outcome.digest),
        Err(failure) => failure.to_string(),
    };
    assert_eq!(told(), told(), "seed {seed}");
}
