//! Licences, banned crates, sources and known faults of what we depend on, by cargo-deny. Built once into the user's
//! cache when it isn't installed: about a minute on two cores as a debug build.

use std::process::Command;

use super::Found;
use crate::failure::Failure;
use crate::process;
use crate::project::Project;

/// Built when cargo-deny is missing.
const VERSION: &str = "0.20.2";

/// Checks what needs no download, then the advisories if their database can be had.
pub fn deny(project: &Project) -> Result<Found, Failure> {
    let tool = project.tool("cargo-deny", VERSION)?;
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
