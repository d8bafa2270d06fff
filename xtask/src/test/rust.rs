//! The checks of the Rust side.

use super::{Found, fine};
use crate::failure::Failure;
use crate::process;
use crate::project::Project;

/// The test program that starts the built programs: it has a check of its own, after the others.
const END_TO_END: &str = "end_to_end";

/// Lints every target of every package; a warning fails.
pub fn clippy(project: &Project) -> Result<Found, Failure> {
    let args = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    fine(process::run(&mut project.cargo(&args)))
}

/// Every test but those end to end.
pub fn tests(project: &Project) -> Result<(), Failure> {
    if process::find("cargo-nextest").is_some() {
        let all_but = format!("not binary({END_TO_END})");
        let args = ["nextest", "run", "--workspace", "--no-fail-fast", "-E", &all_but];
        return process::run(&mut project.cargo(&args));
    }
    let mut args = vec!["test", "--workspace", "--no-fail-fast", "--lib", "--bins"];
    let mut names: Vec<String> =
        project.packages().iter().flat_map(|package| project.targets(package, "test")).collect();
    names.retain(|name| name != END_TO_END);
    names.sort();
    names.dedup();
    for name in &names {
        args.extend(["--test", name]);
    }
    process::run(&mut project.cargo(&args))
}

/// The examples in the documentation.
pub fn doc_tests(project: &Project) -> Result<Found, Failure> {
    fine(process::run(&mut project.cargo(&["test", "--workspace", "--doc", "--quiet"])))
}

/// The built app and server, driven like a person would.
pub fn end_to_end(project: &Project) -> Result<Found, Failure> {
    project.require_target("stet-tests", "test", END_TO_END)?;
    // One at a time: each test has its own display, bus and processes, and two would share two cores.
    let args = ["test", "--workspace", "--test", END_TO_END, "--", "--test-threads=1"];
    fine(process::run(&mut project.cargo(&args)))
}
