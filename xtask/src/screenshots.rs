//! `cargo xtask screenshots`: the README's pictures, taken of the real app and server by the end-to-end harness.

use crate::failure::Failure;
use crate::process;
use crate::project::{Profile, Project};
use crate::system::{self, Purpose};
use crate::ui;

/// Options of `screenshots`.
#[derive(clap::Args)]
pub struct Args {
    /// Install what is missing without asking
    #[arg(long, short)]
    yes: bool,
}

/// Builds everything and takes the pictures into `docs/images`.
pub fn screenshots(project: &Project, args: &Args) -> Result<(), Failure> {
    project.require_target("stet-tests", "bin", "screenshots")?;
    system::ensure(&[Purpose::Build, Purpose::SideBySide, Purpose::Headless, Purpose::EndToEnd], args.yes)?;
    ui::build(project)?;
    project.build(Profile::Debug)?;
    let program = project.program("screenshots", Profile::Debug);
    process::run(std::process::Command::new(program).current_dir(&project.root))
}
