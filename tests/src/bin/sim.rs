//! The simulated world over many seeds: `sim --seeds N --from S`. `--trace SEED` prints what happened in one, `--shrink
//! SEED` the fewest steps of a failing one. No simulation here.

#![expect(clippy::print_stdout, reason = "a program that reports to people")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use stet_tests::world::plan::Plan;
use stet_tests::world::{Counts, run, run_seed, shrink};

/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// What is asked for.
struct Options {
    seeds: u64,
    from: u64,
    trace: Option<u64>,
    shrink: Option<u64>,
}

fn main() -> ExitCode {
    match options(std::env::args().skip(1)) {
        Ok(Options { trace: Some(seed), .. }) => trace(seed),
        Ok(Options { shrink: Some(seed), .. }) => fewest_steps(seed),
        Ok(options) => many(&options),
        Err(words) => {
            println!("{words}\nsim [--seeds N] [--from S] | --trace SEED | --shrink SEED");
            ExitCode::FAILURE
        }
    }
}

fn options(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options { seeds: 1_000, from: 0, trace: None, shrink: None };
    while let Some(name) = arguments.next() {
        let value = arguments.next().and_then(|value| value.parse().ok());
        let value = value.ok_or_else(|| format!("{name} needs a number"))?;
        match name.as_str() {
            "--seeds" => options.seeds = value,
            "--from" => options.from = value,
            "--trace" => options.trace = Some(value),
            "--shrink" => options.shrink = Some(value),
            _ => return Err(format!("{name} is unknown")),
        }
    }
    Ok(options)
}

fn many(options: &Options) -> ExitCode {
    let (began, mut told) = (Instant::now(), Instant::now());
    let (mut counts, mut failed, mut simulated) = (Counts::default(), Vec::new(), 0);
    let mut slowest = (Duration::ZERO, 0);
    for seed in options.from..options.from.saturating_add(options.seeds) {
        let start = Instant::now();
        match run_seed(seed) {
            Ok(outcome) => {
                counts.add(&outcome.counts);
                simulated += outcome.lasted_ms / 1_000;
            }
            Err(failure) => {
                println!("{failure}\nrun it again: cargo xtask sim --from {seed} --seeds 1\n");
                failed.push(seed);
            }
        }
        slowest = slowest.max((start.elapsed(), seed));
        if told.elapsed() > TELL_EVERY {
            told = Instant::now();
            println!("{} seeds, {} failed", seed - options.from + 1, failed.len());
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let each = 1_000.0 * seconds / options.seeds.max(1) as f64;
    println!("{counts}\n{simulated} simulated seconds");
    println!("{} seeds in {seconds:.1} s: {each:.0} ms each, {:.1} a second", options.seeds, 1_000.0 / each.max(0.001));
    println!("slowest: seed {} with {:.0?}; failed: {failed:?}", slowest.1, slowest.0);
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn trace(seed: u64) -> ExitCode {
    match run(&Plan::from_seed(seed), true) {
        Ok(outcome) => {
            println!("seed {seed} ends well\n{}", outcome.counts);
            ExitCode::SUCCESS
        }
        Err(failure) => {
            println!("{}\n{}", failure.trace, failure.words);
            ExitCode::FAILURE
        }
    }
}

fn fewest_steps(seed: u64) -> ExitCode {
    let plan = Plan::from_seed(seed);
    if run(&plan, false).is_ok() {
        println!("seed {seed} ends well");
        return ExitCode::SUCCESS;
    }
    let plan = shrink(plan);
    if let Err(failure) = run(&plan, true) {
        println!("{}\n{}", failure.trace, failure.words);
    }
    println!("{:#?}", plan.config);
    plan.steps.iter().for_each(|step| println!("{step:?}"));
    ExitCode::FAILURE
}
