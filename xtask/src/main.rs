//! Every routine of the project in one place: `cargo xtask <routine>`. One file or folder a routine; programs are called
//! directly, never through a shell. No decision of the app or the server is made here.

#![expect(clippy::print_stdout, reason = "the routines talk to the person who runs them")]

mod bench;
mod bundle;
mod doctor;
mod failure;
mod npm;
mod process;
mod project;
mod run;
mod screenshots;
mod system;
mod test;
mod trial;
mod ui;

use std::process::ExitCode;

use clap::Parser;

use crate::failure::Failure;
use crate::project::Project;

/// The routines of Stet.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Routine {
    /// Builds everything, starts a server on this machine, and opens the app signed in and synced.
    Run(run::Args),
    /// Runs every check.
    Test(test::Args),
    /// Says what is missing on this machine, and how to get it.
    Doctor,
    /// Makes the .deb and the .rpm.
    Bundle(bundle::Args),
    /// Measures speed and size, where it can beside controls.
    Bench(bench::Args),
    /// Makes the README's pictures from the real app and server.
    Screenshots(screenshots::Args),
    /// Runs the simulated world over many seeds.
    Sim(trial::sim::Args),
    /// Kills the engine at random moments and looks whether anything is lost.
    Durability(trial::durability::Args),
    /// Fuzzes what takes in bytes from outside.
    Fuzz(trial::fuzz::Args),
}

fn main() -> ExitCode {
    process::hear_interrupts();
    let routine = Routine::parse();
    let done = Project::find().and_then(|project| match routine {
        Routine::Run(args) => run::run(&project, &args),
        Routine::Test(args) => test::test(&project, &args),
        Routine::Doctor => doctor::doctor(),
        Routine::Bundle(args) => bundle::bundle(&project, &args),
        Routine::Bench(args) => bench::bench(&project, &args),
        Routine::Screenshots(args) => screenshots::screenshots(&project, &args),
        Routine::Sim(args) => trial::sim::sim(&project, &args),
        Routine::Durability(args) => trial::durability::durability(&project, &args),
        Routine::Fuzz(args) => trial::fuzz::fuzz(&project, &args),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Interrupted) => {
            println!("\nStopped.");
            ExitCode::from(130)
        }
        Err(failure) => {
            println!("\n{failure}");
            ExitCode::FAILURE
        }
    }
}
