//! Kills the engine at random moments and looks whether anything is lost; prints a short report. How is in
//! `stet_tests::durability`.

#![expect(clippy::print_stdout, reason = "a program that reports to people")]

use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Parser as _;
use stet_tests::durability::{Options, Report, run};

/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// Kills the engine and looks whether anything is lost.
#[derive(clap::Parser)]
#[command(name = "durability")]
struct Arguments {
    /// How many kills
    #[arg(long, default_value_t = 1_000)]
    kills: u64,
    /// What decides; nothing given: another one each time
    #[arg(long)]
    seed: Option<u64>,
    /// Engines at the same time
    #[arg(long, default_value_t = 2)]
    lanes: u32,
    /// Puts a fault into the engine, to show that it is found
    #[cfg(feature = "mutants")]
    #[arg(long, value_name = "NAME")]
    mutant: Option<String>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let clock = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let options = Options {
        kills: arguments.kills,
        seed: arguments.seed.unwrap_or_else(clock),
        lanes: arguments.lanes,
        #[cfg(feature = "mutants")]
        mutant: arguments.mutant,
        #[cfg(not(feature = "mutants"))]
        mutant: None,
    };
    println!("seed {}", options.seed);
    let (began, told) = (Instant::now(), Mutex::new(Instant::now()));
    let outcome = run(&options, |report: &Report| {
        if let Ok(mut told) = told.lock()
            && told.elapsed() > TELL_EVERY
        {
            *told = Instant::now();
            println!("{} kills, {} writes, {} lost", report.kills(), report.saved, report.lost);
        }
    });
    println!("{}\nin {:.0} s", outcome.report, began.elapsed().as_secs_f64());
    for failure in &outcome.failed {
        println!("\n{failure}");
    }
    if outcome.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
