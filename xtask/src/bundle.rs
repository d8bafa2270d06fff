//! `cargo xtask bundle`: the .deb and the .rpm, made by Tauri's own command line tool. The tool is installed
//! from `xtask/packaging`, apart from the interface: nothing else needs it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::failure::Failure;
use crate::npm;
use crate::process;
use crate::project::{Profile, Project};
use crate::system::{self, Purpose};
use crate::ui;

/// Options of `bundle`.
#[derive(clap::Args)]
pub struct Args {
    /// Install what is missing without asking
    #[arg(long, short)]
    yes: bool,
    /// Package the quick debug build instead of the release build
    #[arg(long)]
    debug: bool,
}

/// Builds the packages and says where they are and how large.
pub fn bundle(project: &Project, args: &Args) -> Result<(), Failure> {
    system::ensure(&[Purpose::Build, Purpose::Bundle], args.yes)?;
    ui::build(project)?;
    let packaging = project.root.join("xtask/packaging");
    npm::install(&packaging)?;
    let tool = packaging.join("node_modules/.bin/tauri");
    // Built like everything else, with the whole workspace; the tool only packs what is there.
    let profile = if args.debug { Profile::Debug } else { Profile::Release };
    project.build(profile)?;
    let mut pack = Command::new(tool);
    pack.args(["bundle", "--bundles", "deb,rpm"]).current_dir(&project.root);
    if args.debug {
        pack.arg("--debug");
    }
    process::run(&mut pack)?;
    let folder = project.target.join(if args.debug { "debug" } else { "release" }).join("bundle");
    for kind in ["deb", "rpm"] {
        for package in packages(&folder.join(kind), kind)? {
            let bytes = fs::metadata(&package).map_err(Failure::file(&package))?.len();
            #[expect(clippy::cast_precision_loss, reason = "a size for people")]
            let size = bytes as f64 / 1_048_576.0;
            println!("{} ({size:.1} MiB)", package.display());
        }
    }
    Ok(())
}

fn packages(folder: &PathBuf, kind: &str) -> Result<Vec<PathBuf>, Failure> {
    let entries = fs::read_dir(folder).map_err(Failure::file(folder))?;
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    found.retain(|path| path.is_file() && path.extension().is_some_and(|extension| extension == kind));
    found.sort();
    if found.is_empty() {
        return Err(Failure::said(format!("{} holds no .{kind} after the build.", folder.display())));
    }
    Ok(found)
}
