//! `cargo xtask fuzz`: coverage-guided fuzzing of what takes in bytes from outside, by cargo-fuzz (libFuzzer), which is
//! built once when it isn't installed. What is tried is in `tests/src/fuzz`; what was worth keeping is in `fuzz/corpus`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::process;
use crate::project::Project;

/// Built when cargo-fuzz is missing.
const VERSION: &str = "0.13.2";

/// The targets, as in `tests/src/fuzz`.
const TARGETS: [&str; 4] = ["frames", "server", "device", "document"];

/// Largest input: longer ones only take longer.
const INPUT_BYTES: &str = "-max_len=2048";

/// Memory of a fuzzer, MiB: an input that makes the product take more is a finding.
const MEMORY: &str = "-rss_limit_mb=2048";

/// A target's kept inputs, and their bytes: all of them are in the repository.
const KEPT: usize = 250;
const KEPT_BYTES: u64 = 70_000;

/// How long each target is fuzzed with every change, seconds.
const MOMENT: u64 = 5;

/// Options of `fuzz`.
#[derive(clap::Args)]
pub struct Args {
    /// What to fuzz; nothing named: each in turn
    #[arg(value_parser = TARGETS)]
    target: Option<String>,
    /// How long to fuzz each
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Afterwards, keep inputs that reach the most, as many as there is room for
    #[arg(long)]
    keep: bool,
    /// Handed to libFuzzer
    #[arg(last = true)]
    rest: Vec<String>,
}

/// Fuzzes one target after the other; one that finds something ends with the input that shows it.
pub fn fuzz(project: &Project, args: &Args) -> Result<(), Failure> {
    let fuzzer = Fuzzer::new(project)?;
    let chosen = |name: &&str| args.target.as_ref().is_none_or(|target| target == name);
    for target in TARGETS.into_iter().filter(chosen) {
        let kept = fuzzer.kept(target);
        let found = project.target.join("fuzz/corpus").join(target);
        fs::create_dir_all(&found).map_err(Failure::file(&found))?;
        let mut options = vec![format!("-max_total_time={}", args.seconds)];
        options.extend(args.rest.iter().cloned());
        // What is new goes into the first folder.
        fuzzer.run(target, &[&found, &kept], &options)?;
        if args.keep {
            let best = project.target.join("fuzz/best").join(target);
            make_empty(&best)?;
            fuzzer.run(target, &[&best, &kept, &found], &["-set_cover_merge=1".to_owned()])?;
            replace(&kept, &best)?;
        }
    }
    Ok(())
}

/// Fuzzes each target for a moment from the inputs in the repository alone, so that it takes the same time on every machine.
pub fn fuzz_for_a_moment(project: &Project) -> Result<(), Failure> {
    let fuzzer = Fuzzer::new(project)?;
    for target in TARGETS {
        let found = project.target.join("fuzz/moment").join(target);
        make_empty(&found)?;
        let options =
            [format!("-max_total_time={MOMENT}"), "-verbosity=0".to_owned(), "-print_final_stats=1".to_owned()];
        fuzzer.run(target, &[&found, &fuzzer.kept(target)], &options)?;
    }
    Ok(())
}

/// cargo-fuzz on this project.
struct Fuzzer<'a> {
    project: &'a Project,
    tool: PathBuf,
}

impl<'a> Fuzzer<'a> {
    fn new(project: &'a Project) -> Result<Self, Failure> {
        Ok(Self { project, tool: project.tool("cargo-fuzz", VERSION)? })
    }

    fn kept(&self, target: &str) -> PathBuf {
        self.project.root.join("fuzz/corpus").join(target)
    }

    fn run(&self, target: &str, corpus: &[&Path], options: &[String]) -> Result<(), Failure> {
        let mut command = Command::new(&self.tool);
        command.current_dir(&self.project.root).args(["fuzz", "run"]);
        // Sanitizers want a nightly compiler, and there is no unsafe code of ours to sanitize.
        command.args(["--sanitizer", "none", "--target-dir"]).arg(self.project.target.join("fuzz")).arg(target);
        process::run(command.args(corpus).args(["--", INPUT_BYTES, MEMORY]).args(options))
    }
}

fn make_empty(folder: &Path) -> Result<(), Failure> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(Failure::file(folder))?;
    }
    fs::create_dir_all(folder).map_err(Failure::file(folder))
}

/// Takes over inputs of all sizes, the small ones first, as many as there is room for.
fn replace(kept: &Path, best: &Path) -> Result<(), Failure> {
    let mut inputs: Vec<(u64, PathBuf)> = Vec::new();
    for entry in fs::read_dir(best).map_err(Failure::file(best))?.flatten() {
        inputs.push((entry.metadata().map_err(Failure::file(best))?.len(), entry.path()));
    }
    inputs.sort();
    make_empty(kept)?;
    let mut bytes = 0;
    for (length, input) in inputs.iter().step_by(inputs.len().div_ceil(KEPT).max(1)) {
        bytes += length;
        if bytes > KEPT_BYTES {
            break;
        }
        let name = input.file_name().unwrap_or_default();
        fs::copy(input, kept.join(name)).map_err(Failure::file(input))?;
    }
    Ok(())
}
