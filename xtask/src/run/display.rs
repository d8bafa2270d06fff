//! A display and a session bus for a machine that has none, and a picture of what is on the display.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::failure::Failure;
use crate::process::{self, Group};

/// A window's size; all three panes fit.
const WIDTH: u32 = 1280;
const HEIGHT: u32 = 860;
/// A caret may blink for ever; by then everything else has come to rest.
const AT_REST: Duration = Duration::from_secs(5);

/// A virtual display with room for the windows side by side.
pub struct Display {
    name: String,
    bus: Option<String>,
    // Ended with the display.
    _groups: Vec<Group>,
}

impl Display {
    /// Starts a display with a free number, and a private session bus when there is none.
    pub fn start(windows: u32) -> Result<Self, Failure> {
        let screen = format!("{}x{HEIGHT}x24", WIDTH * windows);
        let mut xvfb = Command::new("Xvfb");
        xvfb.args(["-displayfd", "1", "-screen", "0", &screen, "-nolisten", "tcp"]);
        let (xvfb, number) = Group::start_and_hear("Xvfb", &mut xvfb)?;
        let mut groups = vec![xvfb];
        let mut bus = None;
        if env::var_os("DBUS_SESSION_BUS_ADDRESS").is_none_or(|address| address.is_empty()) {
            let mut daemon = Command::new("dbus-daemon");
            daemon.args(["--session", "--nofork", "--nopidfile", "--print-address=1"]);
            let (daemon, address) = Group::start_and_hear("dbus-daemon", &mut daemon)?;
            groups.push(daemon);
            bus = Some(address);
        }
        Ok(Self { name: format!(":{number}"), bus, _groups: groups })
    }

    /// Lets a program use the display and the bus.
    pub fn lend(&self, command: &mut Command) {
        command.env("DISPLAY", &self.name).env_remove("WAYLAND_DISPLAY").env("GDK_BACKEND", "x11");
        // No screen reader can be there, and asking for one costs a second.
        command.env("NO_AT_BRIDGE", "1").env("WEBKIT_DISABLE_DMABUF_RENDERER", "1");
        if let Some(bus) = &self.bus {
            command.env("DBUS_SESSION_BUS_ADDRESS", bus);
        }
    }

    /// What `DISPLAY` must be to use it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Takes a picture of the whole display once nothing moves any more.
    pub fn picture(&self, path: &Path) -> Result<PathBuf, Failure> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(Failure::file(folder))?;
        }
        let mut before = Vec::new();
        process::wait_for(AT_REST, || {
            let mut import = Command::new("import");
            import
                .args(["-display", &self.name, "-window", "root", "-strip", "-define", "png:exclude-chunks=date,time"])
                .arg(path);
            process::answer(&mut import)?;
            let now = fs::read(path).map_err(Failure::file(path))?;
            let rests = now == before;
            before = now;
            Ok(rests.then_some(()))
        })?;
        Ok(path.to_path_buf())
    }
}
