//! The simulated world over many seeds; `--trace` prints what happened in one, `--shrink` the fewest steps of a failing
//! one as a plan to keep, `--replay` runs such a plan, `--mutants` shows that it finds faults put in on purpose. No simulation here.

#![expect(clippy::print_stdout, reason = "a program that reports to people")]

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Parser as _;
use stet_tests::failed::kept;
use stet_tests::world::plan::Plan;
use stet_tests::world::{Counts, Outcome, run, run_seed, shrink};

/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_secs(10);
/// How long a failing seed is shrunk, and how many are.
const SHRINK_FOR: Duration = Duration::from_secs(120);
const SHRUNK: u32 = 3;

/// Runs the simulated world.
#[derive(clap::Parser)]
#[command(name = "sim")]
struct Options {
    /// How many seeds to run
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// How many to run at a time; by default as many as there are processors
    #[arg(long)]
    jobs: Option<usize>,
    /// Prints what happens in one seed
    #[arg(long)]
    trace: Option<u64>,
    /// Prints what is wrong with a seed, and the plan with the fewest steps that shows it
    #[arg(long)]
    shrink: Option<u64>,
    /// Prints the plan of a seed
    #[arg(long)]
    plan: Option<u64>,
    /// Prints what happens in a plan kept in a file
    #[arg(long, value_name = "FILE")]
    replay: Option<PathBuf>,
    /// Puts one fault into the product and runs seeds until one fails
    #[cfg(feature = "mutants")]
    #[arg(long, value_name = "NAME")]
    mutant: Option<String>,
    /// Does so with every fault there is
    #[cfg(feature = "mutants")]
    #[arg(long)]
    mutants: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    #[cfg(feature = "mutants")]
    if options.mutants || options.mutant.is_some() {
        return mutants::show(&options);
    }
    match options {
        Options { trace: Some(seed), .. } => trace(&Plan::from_seed(seed)),
        Options { replay: Some(file), .. } => replay(&file),
        Options { plan: Some(seed), .. } => {
            println!("{}", Plan::from_seed(seed).to_json().trim_end());
            ExitCode::SUCCESS
        }
        Options { shrink: Some(seed), .. } => fewest_steps(seed),
        options => many(&options),
    }
}

fn many(options: &Options) -> ExitCode {
    let began = Instant::now();
    let end = options.from.saturating_add(options.seeds);
    let (next, failures) = (AtomicU64::new(options.from), AtomicU32::new(0));
    let sums = Mutex::new(Sums::new());
    let jobs = options.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, NonZero::get));
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some(seed) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|seed| *seed < end) {
                    let start = Instant::now();
                    let ended = run_seed(seed);
                    let took = start.elapsed();
                    let ended = ended.map_err(|failure| match failures.fetch_add(1, Ordering::Relaxed) {
                        0..SHRUNK => kept(Plan::from_seed(seed), &failure, Instant::now() + SHRINK_FOR),
                        _ => failure.to_string(),
                    });
                    sums.lock().unwrap_or_else(PoisonError::into_inner).add(seed, ended, took);
                }
            });
        }
    });
    let sums = sums.into_inner().unwrap_or_else(PoisonError::into_inner);
    let seconds = began.elapsed().as_secs_f64();
    let each = 1_000.0 * sums.busy.as_secs_f64() / options.seeds.max(1) as f64;
    println!("{}\nin a seed at least {} actions and {} faults", sums.counts, sums.fewest.0, sums.fewest.1);
    println!("{} simulated days", sums.simulated_ms / 86_400_000);
    println!("{} seeds in {seconds:.0} s by {jobs} threads, {each:.0} ms of one each", options.seeds);
    println!("slowest: seed {} with {:.0?}; failed: {:?}", sums.slowest.1, sums.slowest.0, sums.failed);
    if sums.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What came of all seeds so far.
struct Sums {
    counts: Counts,
    /// Actions and faults in the seeds that had the fewest.
    fewest: (u32, u32),
    failed: Vec<u64>,
    seeds: u64,
    simulated_ms: u64,
    busy: Duration,
    slowest: (Duration, u64),
    told: Instant,
}

impl Sums {
    fn new() -> Self {
        Self {
            counts: Counts::default(),
            fewest: (u32::MAX, u32::MAX),
            failed: Vec::new(),
            seeds: 0,
            simulated_ms: 0,
            busy: Duration::ZERO,
            slowest: (Duration::ZERO, 0),
            told: Instant::now(),
        }
    }

    fn add(&mut self, seed: u64, ended: Result<Outcome, String>, took: Duration) {
        match ended {
            Ok(outcome) => {
                let (actions, faults) = outcome.counts.sums();
                self.fewest = (self.fewest.0.min(actions), self.fewest.1.min(faults));
                self.counts.add(&outcome.counts);
                self.simulated_ms += outcome.lasted_ms;
            }
            Err(failure) => {
                println!("{failure}\nrun it again: cargo xtask sim --from {seed} --seeds 1\n");
                self.failed.push(seed);
            }
        }
        self.seeds += 1;
        self.busy += took;
        self.slowest = self.slowest.max((took, seed));
        if self.told.elapsed() > TELL_EVERY {
            self.told = Instant::now();
            println!("{} seeds, {} failed", self.seeds, self.failed.len());
        }
    }
}

fn trace(plan: &Plan) -> ExitCode {
    match run(plan, true) {
        Ok(outcome) => {
            println!("{}\nseed {} ends well\n{}", outcome.trace, plan.seed, outcome.counts);
            ExitCode::SUCCESS
        }
        Err(failure) => {
            println!("{}\n{}", failure.trace, failure.words);
            ExitCode::FAILURE
        }
    }
}

fn replay(file: &Path) -> ExitCode {
    let read = std::fs::read_to_string(file).map_err(|error| error.to_string());
    match read.and_then(|json| Plan::from_json(&json).map_err(|error| error.to_string())) {
        Ok(plan) => trace(&plan),
        Err(error) => {
            println!("{} can't be replayed: {error}", file.display());
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
    let plan = shrink(plan, || true);
    if let Err(failure) = run(&plan, false) {
        println!("{}\nkeep this as a file of tests/plans:\n{}", failure.words, plan.to_json());
    }
    ExitCode::FAILURE
}

#[cfg(feature = "mutants")]
mod mutants {
    use std::process::ExitCode;

    use stet_model::mutant::{self, Mutant};
    use stet_tests::world::plan::Plan;
    use stet_tests::world::run;

    use super::Options;

    /// Runs seeds with each fault until one fails, and says which.
    pub fn show(options: &Options) -> ExitCode {
        let name = |mutant: &Mutant| format!("{mutant:?}");
        let wanted: Vec<Mutant> = Mutant::ALL
            .into_iter()
            .filter(|mutant| options.mutant.as_ref().is_none_or(|wanted| *wanted == name(mutant)))
            .collect();
        if wanted.is_empty() {
            println!("there is no such fault; there are {:?}", Mutant::ALL);
            return ExitCode::FAILURE;
        }
        let mut missed = 0;
        for mutant in wanted {
            mutant::put(Some(mutant));
            let seeds = options.from..options.from.saturating_add(options.seeds);
            let found =
                seeds.enumerate().find_map(|(n, seed)| Some((n + 1, run(&Plan::from_seed(seed), false).err()?)));
            mutant::put(None);
            match found {
                Some((seeds, failure)) => {
                    let words: String = failure.words.chars().take(120).collect();
                    println!("{:<26} caught after {seeds} seeds ({}): {words}", name(&mutant), failure.seed);
                }
                None => {
                    missed += 1;
                    println!("{:<26} NOT caught in {} seeds", name(&mutant), options.seeds);
                }
            }
        }
        if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
