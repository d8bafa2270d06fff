//! The simulated world is decided by its seed alone. `cargo xtask sim` runs many seeds and says what they found.

use std::ops::Range;
use std::time::{Duration, Instant};

use stet_tests::failed::kept;
use stet_tests::world::plan::{Action, Config, Fault, Plan, Step, What};
use stet_tests::world::random::Share;
use stet_tests::world::{Failure, Outcome, run, run_plan, run_seed};

/// Plans that once found something, each with what it was in the commit that mended it.
const FOUND: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/plans");
/// Seeds that never did: the world goes on as it should also where nobody has looked closely.
const OTHERS: Range<u64> = 40_000..40_016;
/// How many seeds nobody has run before each run of the tests looks at.
const FRESH: u64 = 8;

/// How long a failing run is shrunk, and how many are.
const SHRINK_FOR: Duration = Duration::from_secs(60);
const SHRUNK: usize = 2;

/// Says which runs ended wrong, with the end of what happened and where the plan is kept.
fn end_well(runs: impl Iterator<Item = (Plan, Result<Outcome, Box<Failure>>)>) {
    let failed = runs.filter_map(|(plan, ended)| Some((plan, ended.err()?)));
    let failed: Vec<String> = failed
        .enumerate()
        .map(|(n, (plan, failure))| match n {
            0..SHRUNK => kept(plan, &failure, Instant::now() + SHRINK_FOR),
            _ => failure.to_string(),
        })
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

fn seeds_end_well(seeds: Range<u64>) {
    end_well(seeds.map(|seed| (Plan::from_seed(seed), run_seed(seed))));
}

#[test]
fn plans_that_once_found_something_end_well() {
    let files = std::fs::read_dir(FOUND).expect("the plans are there").map(|file| file.expect("a file").path());
    let plan = |file: std::path::PathBuf| {
        let json = std::fs::read_to_string(&file).expect("it can be read");
        Plan::from_json(&json).unwrap_or_else(|error| panic!("{} is no plan: {error}", file.display()))
    };
    let plans: Vec<Plan> = files.map(plan).collect();
    assert!(plans.len() >= 20, "none is lost");
    let ended = |plan: Plan| {
        let ended = run_plan(&plan);
        (plan, ended)
    };
    end_well(plans.into_iter().map(ended));
}

#[test]
fn every_device_ends_with_what_the_naive_model_says_whatever_happens() {
    seeds_end_well(OTHERS);
}

/// Each run looks elsewhere; the seed is in what a failure says, and is the same world for ever.
#[test]
fn seeds_nobody_has_run_before_end_well_too() {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("it is later than 1970");
    let first = since.as_secs() * FRESH;
    seeds_end_well(first..first + FRESH);
}

/// From the keystroke on one device by the server's disk to that of another, and back to where the first knows it: whoever ends
/// at whichever millisecond of it, with or without the power, with less or more done of what was handed to its disk.
#[test]
fn an_edit_survives_the_end_of_any_process_at_any_moment_of_its_way() {
    const DOWN_MS: u64 = 60;
    let crash = |device, jobs, power| Fault::Crash { device, down_ms: DOWN_MS, jobs, power };
    let server = |power| Fault::Restart { down_ms: DOWN_MS, polite: false, power };
    let jobs =
        |device| [0, 1, 2].into_iter().flat_map(move |jobs| [true, false].map(|power| crash(device, jobs, power)));
    let whoever: Vec<Fault> = jobs(0).chain(jobs(1)).chain([true, false].map(server)).collect();
    let undisturbed = run(&an_edit(None), true).expect("all is well");
    let after = |since: u64, what: &str| {
        let at = |line: &str| line.trim_start().split(' ').next().and_then(|at| at.replace('.', "").parse().ok());
        let times = undisturbed.trace.lines().filter(|line| line.contains(what)).filter_map(at);
        times.into_iter().find(|at| *at > since).unwrap_or_else(|| panic!("no {what}"))
    };
    let typed = after(0, "d0 < #2 EditNote");
    let moments = typed..=after(typed, r#"d0 < frame {"type":"receipts""#);
    assert!(moments.clone().count() > 30, "it takes its time: {moments:?}");
    end_well(moments.flat_map(|at| whoever.iter().map(move |fault| (at, fault))).map(|(at, fault)| {
        let plan = an_edit(Some(Step { at, what: What::Fault(fault.clone()) }));
        let ended = run_plan(&plan);
        (plan, ended)
    }));
}

/// Somebody types a little, and something goes wrong.
fn an_edit(wrong: Option<Step>) -> Plan {
    let note = Share::FIRST;
    let types = Action::Type { note, place: note, keys: 1, title: false };
    let does = |at, action| Step { at, what: What::User(0, action) };
    let mut steps = vec![does(3_500, Action::Open { note }), does(4_000, types)];
    steps.extend(wrong);
    let config = Config {
        devices: 2,
        starts: vec![0, 0],
        latency_ms: (5, 6),
        disk_ms: (3, 4),
        token_ms: 900_000,
        batch_bytes: 4_000,
        backlog_bytes: 8 << 20,
        updates_in_flight: 64,
        messages_per_minute: 6_000,
        duplicates: 0,
        level1: 0,
    };
    Plan { seed: 1, config, steps, heal_at: 4_300 }
}

#[test]
fn a_plan_that_was_kept_is_the_plan_it_was() {
    for seed in 0..50 {
        let plan = Plan::from_seed(seed);
        assert_eq!(Plan::from_json(&plan.to_json()).ok(), Some(plan), "seed {seed}");
    }
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
