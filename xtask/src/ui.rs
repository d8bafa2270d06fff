//! The interface's build. Its scripts are in `ui/package.json`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::failure::Failure;
use crate::npm;
use crate::process;
use crate::project::Project;

/// What the interface is built from, in its folder.
const SOURCES: [&str; 5] = ["src", "index.html", "public", "package-lock.json", "vite.config.ts"];

/// Installs the interface's packages.
pub fn install(project: &Project) -> Result<(), Failure> {
    npm::install(&folder(project))
}

/// Runs one of the interface's scripts.
pub fn script(project: &Project, name: &str) -> Result<(), Failure> {
    process::run(&mut npm::npm(&folder(project), &["run", name]))
}

/// Builds the interface unless the last build is newer than everything it is made from.
pub fn build(project: &Project) -> Result<(), Failure> {
    install(project)?;
    let ui = folder(project);
    let built = fs::metadata(ui.join("dist/index.html")).and_then(|file| file.modified()).ok();
    let changed = SOURCES.iter().filter_map(|source| newest(&ui.join(source))).max();
    match (built, changed) {
        (Some(built), Some(changed)) if built >= changed => Ok(()),
        _ => script(project, "build"),
    }
}

fn folder(project: &Project) -> PathBuf {
    project.root.join("ui")
}

/// When anything at or below a path was last changed; nothing when it doesn't exist.
fn newest(path: &Path) -> Option<SystemTime> {
    let own = fs::metadata(path).and_then(|file| file.modified()).ok()?;
    let below: Vec<PathBuf> =
        fs::read_dir(path).map(|entries| entries.flatten().map(|entry| entry.path()).collect()).unwrap_or_default();
    below.iter().filter_map(|path| newest(path)).chain([own]).max()
}
