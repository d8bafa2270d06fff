//! `cargo xtask bench`: builds the measuring program of the test package at full speed and runs it. What is measured is
//! decided there.

use crate::failure::Failure;
use crate::process;
use crate::project::Project;
use crate::system::{self, Purpose};
use crate::ui;

/// Options of `bench`.
#[derive(clap::Args)]
pub struct Args {
    /// Install what is missing without asking
    #[arg(long, short)]
    yes: bool,
    /// Measure what is shipped instead of a build for speed; building it takes a quarter of an hour at first
    #[arg(long)]
    release: bool,
    /// Measure what takes long, too: memory and disk over a million edits
    #[arg(long)]
    long: bool,
    /// Handed to the measuring program; `-- --help` says which there are
    #[arg(last = true)]
    rest: Vec<String>,
}

/// Builds everything, then measures.
pub fn bench(project: &Project, args: &Args) -> Result<(), Failure> {
    project.require_target("stet-tests", "bin", "bench")?;
    system::ensure(&[Purpose::Build, Purpose::SideBySide, Purpose::Headless, Purpose::EndToEnd], args.yes)?;
    ui::build(project)?;
    let profile = if args.release { "release" } else { "bench" };
    process::run(&mut project.cargo(&["build", "--workspace", "--profile", profile]))?;
    // Cargo's folder for both profiles is `release`.
    let program = project.program("bench", crate::project::Profile::Release);
    let long = args.long.then_some("--long");
    process::run(std::process::Command::new(program).args(long).args(&args.rest).current_dir(&project.root))
}
