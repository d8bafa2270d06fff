//! Packages of npm in one of the project's folders. Which scripts run is said elsewhere.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::failure::Failure;
use crate::process;
use crate::system;

/// A copy of the lock file the installed packages were made from, kept among them.
const INSTALLED: &str = "node_modules/.stet-installed-lock.json";

/// `npm` in a folder.
pub fn npm(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    command.args(args).current_dir(folder);
    command
}

/// Installs a folder's packages when its lock file isn't the one they were installed from.
pub fn install(folder: &Path) -> Result<(), Failure> {
    system::require_node()?;
    let lock_file = folder.join("package-lock.json");
    let lock = fs::read(&lock_file).map_err(Failure::file(&lock_file))?;
    let installed = folder.join(INSTALLED);
    if fs::read(&installed).is_ok_and(|before| before == lock) {
        return Ok(());
    }
    process::run(&mut npm(folder, &["ci", "--no-audit", "--no-fund"]))?;
    fs::write(&installed, lock).map_err(Failure::file(&installed))
}
