//! What is kept of a simulated run that failed: its plan, with as few steps as it can be shrunk to in a while, in a file.
//! Never what happens in a run.

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::world::plan::Plan;
use crate::world::{Failure, run, shrink};

/// Where plans are kept.
const PLANS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/plans-failed");

/// Says what is wrong in a run of this plan, and where the plan is kept with the fewest steps found until then.
pub fn kept(plan: Plan, failure: &Failure, until: Instant) -> String {
    if run(&plan, false).is_ok() {
        return failure.to_string();
    }
    let seed = plan.seed;
    let fewest = shrink(plan, || Instant::now() < until);
    let Err(what) = run(&fewest, false) else { return failure.to_string() };
    let steps = fewest.steps.len();
    match written(seed, &fewest.to_json()) {
        Ok(file) => {
            let file = file.display();
            format!("{failure}\nwith {steps} steps: {}\nsee it: cargo xtask sim --replay {file}", what.words)
        }
        Err(error) => format!("{failure}\nits plan can't be kept in {PLANS}: {error}"),
    }
}

fn written(seed: u64, json: &str) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(PLANS)?;
    let file = Path::new(PLANS).join(format!("{seed}.json"));
    std::fs::write(&file, json)?;
    Ok(file)
}
