//! Where the project, its build output and the user's data are, and how its programs are built. Nothing else knows a path.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::process;

/// The checkout and its build folder.
pub struct Project {
    /// The folder with the root `Cargo.toml`.
    pub root: PathBuf,
    /// Where cargo builds.
    pub target: PathBuf,
    /// What `cargo metadata --no-deps` says.
    pub metadata: serde_json::Value,
}

/// How programs are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Quick to build, with checks.
    Debug,
    /// As shipped.
    Release,
    /// Optimised, with checks.
    Sim,
}

impl Profile {
    /// Cargo's name for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Debug => "dev",
            Self::Release => "release",
            Self::Sim => "sim",
        }
    }
}

impl Project {
    /// Asks cargo.
    pub fn find() -> Result<Self, Failure> {
        let manifest_dir = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = Path::new(&manifest_dir)
            .parent()
            .ok_or_else(|| Failure::said("xtask must stand in a folder of the project"))?
            .to_path_buf();
        let mut ask = Command::new(cargo());
        ask.args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(&root);
        let metadata: serde_json::Value = serde_json::from_str(&process::answer(&mut ask)?)
            .map_err(|error| Failure::said(format!("`cargo metadata` answered something unreadable: {error}")))?;
        let target = metadata["target_directory"]
            .as_str()
            .map(PathBuf::from)
            .ok_or_else(|| Failure::said("`cargo metadata` names no target_directory"))?;
        Ok(Self { root, target, metadata })
    }

    /// `cargo` in the project's folder.
    pub fn cargo(&self, args: &[&str]) -> Command {
        let mut command = Command::new(cargo());
        command.args(args).current_dir(&self.root);
        command
    }

    /// Builds every program. Always the whole workspace: features differ when packages are built alone, and the window
    /// system's crates would be compiled again at each turn.
    pub fn build(&self, profile: Profile) -> Result<(), Failure> {
        process::run(&mut self.cargo(&["build", "--workspace", "--profile", profile.name()]))
    }

    /// A built program.
    pub fn program(&self, name: &str, profile: Profile) -> PathBuf {
        let folder = match profile {
            Profile::Debug => "debug", // cargo's only folder of another name
            other => other.name(),
        };
        self.target.join(folder).join(format!("{name}{}", env::consts::EXE_SUFFIX))
    }

    /// A program that comes as a crate: the installed one, else that version, built once into the target folder.
    pub fn tool(&self, name: &str, version: &str) -> Result<PathBuf, Failure> {
        if let Some(installed) = process::find(name) {
            return Ok(installed);
        }
        let folder = self.target.join("tools").join(format!("{name}-{version}"));
        let built = folder.join("bin").join(format!("{name}{}", env::consts::EXE_SUFFIX));
        if !built.is_file() {
            let folder = folder.to_string_lossy();
            let args = ["install", name, "--locked", "--debug", "--version", version, "--root", &folder];
            process::run(self.cargo(&args).env("CARGO_TARGET_DIR", self.target.join("tools/build")))?;
        }
        Ok(built)
    }

    /// Names of a package's targets of a kind (`test`, `bin`, …).
    pub fn targets(&self, package: &str, kind: &str) -> Vec<String> {
        let packages = self.metadata["packages"].as_array().into_iter().flatten();
        packages
            .filter(|found| found["name"] == package)
            .flat_map(|found| found["targets"].as_array().into_iter().flatten())
            .filter(|target| target["kind"].as_array().is_some_and(|kinds| kinds.iter().any(|one| one == kind)))
            .filter_map(|target| target["name"].as_str().map(str::to_owned))
            .collect()
    }

    /// Names of all packages of the workspace.
    pub fn packages(&self) -> Vec<&str> {
        let packages = self.metadata["packages"].as_array().into_iter().flatten();
        packages.filter_map(|package| package["name"].as_str()).collect()
    }

    /// Fails in words when `package` has no target of this name yet.
    pub fn require_target(&self, package: &str, kind: &str, name: &str) -> Result<(), Failure> {
        if self.targets(package, kind).iter().any(|target| target == name) {
            return Ok(());
        }
        Err(Failure::said(format!("This checkout has no {kind} `{name}` in package `{package}`.")))
    }
}

/// The user's folder for data of programs.
pub fn user_data() -> Result<PathBuf, Failure> {
    if let Some(folder) = env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute()) {
        return Ok(folder);
    }
    let home = env::var_os("HOME").or_else(|| env::var_os("USERPROFILE"));
    let home = PathBuf::from(home.ok_or_else(|| Failure::said("HOME is not set; say where with --data DIR."))?);
    Ok(match env::consts::OS {
        "macos" => home.join("Library/Application Support"),
        "windows" => home.join("AppData/Local"),
        _ => home.join(".local/share"),
    })
}

fn cargo() -> std::ffi::OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
