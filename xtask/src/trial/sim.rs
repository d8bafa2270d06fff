//! `cargo xtask sim`: the simulated world over many seeds. The world itself is in the test package.

use std::ffi::OsStr;
use std::path::PathBuf;

use crate::failure::Failure;
use crate::process;
use crate::project::{Profile, Project};

/// Options of `sim`.
#[derive(clap::Args)]
pub struct Args {
    /// How many seeds to run
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Show that faults put in on purpose are found: builds the product with them
    #[arg(long)]
    mutants: bool,
    /// The one fault to put in, by name
    #[arg(long, value_name = "NAME")]
    mutant: Option<String>,
    /// Show what happens in a plan kept in a file, as those of tests/plans
    #[arg(long, value_name = "FILE")]
    replay: Option<PathBuf>,
    /// Handed to the simulation
    #[arg(last = true)]
    rest: Vec<String>,
}

/// Runs the seeds; one that fails is printed.
pub fn sim(project: &Project, args: &Args) -> Result<(), Failure> {
    project.require_target("stet-tests", "bin", "sim")?;
    let mut build = project.cargo(&["build", "--workspace", "--profile", Profile::Sim.name(), "--bin", "sim"]);
    let faulty = args.mutants || args.mutant.is_some();
    process::run(if faulty { build.args(["--features", "stet-tests/mutants"]) } else { &mut build })?;
    let program = project.program("sim", Profile::Sim);
    let mut simulate = std::process::Command::new(program);
    // Worlds come and go by the thousand: glibc keeps their memory for the next, where giving it back each time took a tenth.
    for limit in ["MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"] {
        simulate.env(limit, "1073741824");
    }
    simulate.args(args.mutants.then_some("--mutants"));
    simulate.args(args.mutant.iter().flat_map(|name| ["--mutant", name]));
    simulate.args(args.replay.iter().flat_map(|file| [OsStr::new("--replay"), file.as_os_str()]));
    simulate.args(["--seeds", &args.seeds.to_string(), "--from", &args.from.to_string()]);
    process::run(simulate.args(&args.rest))
}
