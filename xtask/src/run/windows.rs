//! Puts windows side by side, through the X server. A Wayland desktop lets nobody do that.

use std::process::Command;
use std::time::Duration;

use super::apps::App;
use crate::failure::Failure;
use crate::process;

/// A debug build on a slow machine shows its window within seconds.
const SHOWN: Duration = Duration::from_secs(20);

/// Whether this session lets windows be placed.
pub fn may_be_placed() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    is_set("DISPLAY") && !is_set("WAYLAND_DISPLAY")
}

/// Whether they can be, with what is installed.
pub fn can_be_placed() -> bool {
    may_be_placed() && process::find("xdotool").is_some()
}

/// Gives each app's window an equal share of the screen, from the left. False: one of them showed no window.
pub fn place(apps: &mut [App], display: Option<&str>) -> Result<bool, Failure> {
    let xdotool = |args: &[&str]| {
        let mut command = Command::new("xdotool");
        command.args(args);
        if let Some(display) = display {
            command.env("DISPLAY", display);
        }
        command
    };
    let size = process::answer(&mut xdotool(&["getdisplaygeometry"]))?;
    let (width, height) = parse(&size).ok_or_else(|| Failure::said(format!("xdotool says the screen is {size:?}")))?;
    let share = width / u32::try_from(apps.len()).unwrap_or(1).max(1);
    let mut left = 0;
    for app in apps {
        let pid = app.group.id().to_string();
        let shown = process::wait_for(SHOWN, || {
            app.group.must_run()?;
            // It fails while there is no such window.
            let found = xdotool(&["search", "--all", "--onlyvisible", "--pid", &pid, "--name", ".+"]).output();
            let found = found.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
            Ok(found.lines().next().map(str::to_owned))
        })?;
        let Some(window) = shown else { return Ok(false) };
        process::answer(&mut xdotool(&["windowmove", &window, &left.to_string(), "0"]))?;
        process::answer(&mut xdotool(&["windowsize", &window, &share.to_string(), &height.to_string()]))?;
        left += share;
    }
    Ok(true)
}

fn parse(size: &str) -> Option<(u32, u32)> {
    let (width, height) = size.split_once(' ')?;
    Some((width.parse().ok()?, height.parse().ok()?))
}
