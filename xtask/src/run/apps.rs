//! The apps: how each is started, and how it is known that its window is painted and its notes are synced.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::display::Display;
use crate::failure::Failure;
use crate::process::Group;

/// The app logs this when its page has painted.
const PAINTED: &str = "stet ready";
/// The app logs this whenever nothing is unsent and nothing is left to fetch.
const SYNCED: &str = "status: synced";
/// The level both lines are logged at.
const LEVEL: &str = "info";

/// The server to use and what signs in there.
pub struct Account {
    url: String,
    token_file: Option<PathBuf>,
}

impl Account {
    /// One of ours.
    pub fn local(url: String, token_file: PathBuf) -> Self {
        Self { url, token_file: Some(token_file) }
    }

    /// One the user has; the environment's token is left to the app.
    pub fn given(url: &str) -> Self {
        Self { url: url.to_owned(), token_file: None }
    }
}

/// What all apps of a run have in common.
pub struct Apps<'a> {
    /// The built program.
    pub program: PathBuf,
    /// Where devices keep their data.
    pub folder: &'a Path,
    /// How many there will be.
    pub count: u32,
    /// Whose notes they show.
    pub account: Account,
    /// The display to use instead of the session's.
    pub display: Option<&'a Display>,
}

impl Apps<'_> {
    /// Starts them all, each with a data folder of its own.
    pub fn open(&self) -> Result<Vec<App>, Failure> {
        (1..=self.count).map(|number| self.open_one(number)).collect()
    }

    fn open_one(&self, number: u32) -> Result<App, Failure> {
        let data = self.folder.join(format!("device-{number}"));
        fs::create_dir_all(&data).map_err(Failure::file(&data))?;
        let mut command = Command::new(&self.program);
        command.arg("--data").arg(data).env("STET_SERVER_URL", &self.account.url).env("STET_LOG", log_level());
        if let Some(token_file) = &self.account.token_file {
            command.env_remove("STET_TOKEN").env("STET_TOKEN_FILE", token_file);
        }
        if self.count > 1 && env::var_os("STET_DEVICE_NAME").is_none() {
            command.env("STET_DEVICE_NAME", format!("Device {number}"));
        }
        if let Some(display) = self.display {
            display.lend(&mut command);
        }
        let log = self.folder.join(format!("log/device-{number}.log"));
        let group = Group::start(&format!("Device {number}"), &mut command, &log)?;
        Ok(App { group })
    }
}

/// An app that was started.
pub struct App {
    /// Its processes.
    pub group: Group,
}

impl App {
    /// Whether its window was painted and everything is sent and fetched.
    pub fn is_up_and_synced(&self) -> bool {
        let printed = self.group.printed();
        printed.contains(PAINTED) && printed.contains(SYNCED)
    }
}

/// What the user asked for, on top of the level that `run` waits for.
fn log_level() -> OsString {
    let mut level = OsString::from(LEVEL);
    if let Some(asked) = env::var_os("STET_LOG").filter(|asked| !asked.is_empty()) {
        level.push(",");
        level.push(asked);
    }
    level
}
