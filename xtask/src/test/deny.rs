//! Licences, banned crates, sources and known faults of what we depend on, by cargo-deny. Built once into the user's
//! cache when it isn't installed: about a minute on two cores as a debug build.

use std::path::PathBuf;
use std::process::Command;

use super::Found;
use crate::failure::Failure;
use crate::process;
use crate::project::Project;

/// Built when cargo-deny is missing.
const VERSION: &str = "0.20.2";

/// Checks what needs no download, then the advisories if their database can be had.
pub fn deny(project: &Project) -> Result<Found, Failure> {
    let tool = tool(project)?;
    let check = |what: &[&str]| {
        let mut command = Command::new(&tool);
        command.args(["--workspace", "--all-features", "check"]).args(what).current_dir(&project.root);
        command
    };
    process::run(&mut check(&["licenses", "bans", "sources"]))?;
    let fetch = process::succeeds(Command::new(&tool).arg("fetch").arg("db").current_dir(&project.root));
    if !fetch {
        return Ok(Found::Partly("known faults (the advisory database can't be fetched here)".to_owned()));
    }
    process::run(&mut check(&["advisories"]))?;
    Ok(Found::Fine)
}

fn tool(project: &Project) -> Result<PathBuf, Failure> {
    if let Some(installed) = process::find("cargo-deny") {
        return Ok(installed);
    }
    let folder = project.target.join("tools").join(format!("cargo-deny-{VERSION}"));
    let built = folder.join("bin").join(format!("cargo-deny{}", std::env::consts::EXE_SUFFIX));
    if !built.is_file() {
        let folder = folder.to_string_lossy();
        let args = ["install", "cargo-deny", "--locked", "--debug", "--version", VERSION, "--root", &folder];
        process::run(project.cargo(&args).env("CARGO_TARGET_DIR", project.target.join("tools/build")))?;
    }
    Ok(built)
}
