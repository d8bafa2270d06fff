//! `cargo xtask durability`: kills the real engine at random moments and looks whether anything is lost. How, is decided
//! in the test package.

use crate::failure::Failure;
use crate::process;
use crate::project::{Profile, Project};

/// Options of `durability`.
#[derive(clap::Args)]
pub struct Args {
    /// How many kills
    #[arg(long, default_value_t = 1_000)]
    kills: u64,
    /// What decides; nothing given: another one each time
    #[arg(long)]
    seed: Option<u64>,
    /// Show that a fault put in on purpose is found, by name: builds the engine with it
    #[arg(long, value_name = "NAME")]
    mutant: Option<String>,
    /// Handed to the harness
    #[arg(last = true)]
    rest: Vec<String>,
}

/// Builds the engine, the server and the harness, and runs it.
pub fn durability(project: &Project, args: &Args) -> Result<(), Failure> {
    project.require_target("stet-tests", "bin", "durability")?;
    let programs = ["durability", "writer", "stet-server"].into_iter().flat_map(|name| ["--bin", name]);
    let mut build = project.cargo(&["build", "--workspace"]);
    build.args(programs).args(args.mutant.iter().flat_map(|_| ["--features", "stet-tests/mutants"]));
    process::run(&mut build)?;
    let mut kill = std::process::Command::new(project.program("durability", Profile::Debug));
    kill.args(["--kills", &args.kills.to_string()]);
    kill.args(args.seed.iter().flat_map(|seed| ["--seed".to_owned(), seed.to_string()]));
    kill.args(args.mutant.iter().flat_map(|name| ["--mutant", name]));
    process::run(kill.args(&args.rest))
}
