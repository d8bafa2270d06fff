//! `cargo xtask sim`: the simulated world over many seeds. The world itself is in the test package.

use crate::failure::Failure;
use crate::process;
use crate::project::Project;

/// Options of `sim`.
#[derive(clap::Args)]
pub struct Args {
    /// How many seeds to run
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Handed to the simulation
    #[arg(last = true)]
    rest: Vec<String>,
}

/// Runs the seeds one after the other; a seed that fails is printed.
pub fn sim(project: &Project, args: &Args) -> Result<(), Failure> {
    project.require_target("stet-tests", "bin", "sim")?;
    process::run(&mut project.cargo(&["build", "--workspace"]))?;
    let program = project.program("sim", crate::project::Profile::Debug);
    let mut simulate = std::process::Command::new(program);
    simulate.args(["--seeds", &args.seeds.to_string(), "--from", &args.from.to_string()]);
    process::run(simulate.args(&args.rest).current_dir(&project.root))
}
