//! The interface's packages and build. Knows npm; the scripts themselves are in `ui/package.json`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::failure::Failure;
use crate::process;
use crate::project::Project;
use crate::system;

/// A copy of the lock file the installed packages were made from, kept among them.
const INSTALLED: &str = "node_modules/.stet-installed-lock.json";
/// What the interface is built from, in its folder.
const SOURCES: [&str; 5] = ["src", "index.html", "public", "package-lock.json", "vite.config.ts"];

/// Installs the interface's packages when the lock file isn't the one they were installed from.
pub fn install(project: &Project) -> Result<(), Failure> {
    system::require_node()?;
    let ui = project.root.join("ui");
    let lock_file = ui.join("package-lock.json");
    let lock = fs::read(&lock_file).map_err(Failure::file(&lock_file))?;
    let installed = ui.join(INSTALLED);
    if fs::read(&installed).is_ok_and(|before| before == lock) {
        return Ok(());
    }
    process::run(&mut project.npm(&["ci", "--no-audit", "--no-fund"]))?;
    fs::write(&installed, lock).map_err(Failure::file(&installed))
}

/// Runs one of the interface's scripts.
pub fn script(project: &Project, name: &str) -> Result<(), Failure> {
    process::run(&mut project.npm(&["run", name]))
}

/// Builds the interface unless the last build is newer than everything it is made from.
pub fn build(project: &Project) -> Result<(), Failure> {
    install(project)?;
    let ui = project.root.join("ui");
    let built = fs::metadata(ui.join("dist/index.html"))
        .and_then(|file| file.modified())
        .ok();
    let changed = SOURCES.iter().filter_map(|source| newest(&ui.join(source))).max();
    match (built, changed) {
        (Some(built), Some(changed)) if built >= changed => Ok(()),
        _ => script(project, "build"),
    }
}

/// When anything at or below a path was last changed; nothing when it doesn't exist.
fn newest(path: &Path) -> Option<SystemTime> {
    let own = fs::metadata(path).and_then(|file| file.modified()).ok()?;
    let below: Vec<PathBuf> = fs::read_dir(path)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    below.iter().filter_map(|path| newest(path)).chain([own]).max()
}
