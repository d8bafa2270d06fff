//! What the project needs from the system, how to find out whether it is there, and how to get it. Installs on Debian and
//! Ubuntu only; elsewhere it prints what to install.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::process::Command;

use crate::failure::Failure;
use crate::process;

/// Oldest Node.js the interface's build tools run on.
const NODE: (u32, u32) = (20, 19);

/// What something is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Compiling.
    Build,
    /// Putting windows side by side.
    SideBySide,
    /// Running without a display, with a picture of it.
    Headless,
    /// The tests with windows and pages.
    EndToEnd,
    /// Fuzzing.
    Fuzzing,
    /// Making packages.
    Bundle,
}

/// Something the system must have.
pub struct Need {
    /// What it is for.
    pub purpose: Purpose,
    probe: Probe,
    debian: &'static str,
    fedora: &'static str,
    arch: &'static str,
}

enum Probe {
    Program(&'static str),
    /// By the name `pkg-config` knows it by.
    Library(&'static str),
}

const fn program(purpose: Purpose, name: &'static str, packages: [&'static str; 3]) -> Need {
    need(purpose, Probe::Program(name), packages)
}

const fn need(purpose: Purpose, probe: Probe, [debian, fedora, arch]: [&'static str; 3]) -> Need {
    Need { purpose, probe, debian, fedora, arch }
}

/// Everything, with the packages of Debian and Ubuntu, Fedora, and Arch.
#[rustfmt::skip]
pub const NEEDS: &[Need] = &[
    program(Purpose::Build, "cc", ["build-essential", "gcc", "base-devel"]),
    program(Purpose::Build, "pkg-config", ["pkg-config", "pkgconf-pkg-config", "pkgconf"]),
    need(Purpose::Build, Probe::Library("webkit2gtk-4.1"), ["libwebkit2gtk-4.1-dev", "webkit2gtk4.1-devel", "webkit2gtk-4.1"]),
    program(Purpose::Headless, "Xvfb", ["xvfb", "xorg-x11-server-Xvfb", "xorg-server-xvfb"]),
    program(Purpose::Headless, "dbus-daemon", ["dbus-daemon", "dbus-daemon", "dbus"]),
    program(Purpose::Headless, "import", ["imagemagick", "ImageMagick", "imagemagick"]),
    program(Purpose::SideBySide, "xdotool", ["xdotool", "xdotool", "xdotool"]),
    program(Purpose::EndToEnd, "WebKitWebDriver", ["webkit2gtk-driver", "webkit2gtk-driver", "webkit2gtk-4.1"]),
    program(Purpose::EndToEnd, "openbox", ["openbox", "openbox", "openbox"]),
    program(Purpose::EndToEnd, "chromium", ["chromium", "chromium", "chromium"]),
    program(Purpose::Fuzzing, "c++", ["g++", "gcc-c++", "gcc"]),
    need(Purpose::Bundle, Probe::Library("ayatana-appindicator3-0.1"), ["libayatana-appindicator3-dev", "libayatana-appindicator-gtk3-devel", "libayatana-appindicator"]),
];

impl Need {
    /// What is looked for.
    pub fn name(&self) -> &'static str {
        match self.probe {
            Probe::Program(name) | Probe::Library(name) => name,
        }
    }

    /// Whether the system has it.
    pub fn is_there(&self) -> bool {
        match self.probe {
            Probe::Program(name) => process::find(name).is_some(),
            Probe::Library(name) => process::succeeds(Command::new("pkg-config").args(["--exists", name])),
        }
    }
}

/// What is missing for these purposes.
pub fn missing(purposes: &[Purpose]) -> Vec<&'static Need> {
    NEEDS.iter().filter(|need| purposes.contains(&need.purpose) && !need.is_there()).collect()
}

/// Installs what is missing for these purposes: at once with `yes`, after asking at a terminal, else not at all.
pub fn ensure(purposes: &[Purpose], yes: bool) -> Result<(), Failure> {
    let missing = missing(purposes);
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|need| need.name()).collect();
    println!("Missing on this machine: {}.", names.join(", "));
    if !is_debian() {
        return Err(Failure::said(how_to_get(&missing)));
    }
    if !(yes || agrees(&missing)?) {
        return Err(Failure::said(format!("{}\nOr run this routine again with --yes.", how_to_get(&missing))));
    }
    process::run(&mut apt(&["update", "--quiet"]))?;
    let mut args = vec!["install", "--yes", "--quiet", "--no-install-recommends"];
    args.extend(missing.iter().map(|need| need.debian));
    process::run(&mut apt(&args))?;
    match missing.iter().find(|need| !need.is_there()) {
        None => Ok(()),
        Some(need) => Err(Failure::said(format!("{} is still missing after installing {}.", need.name(), need.debian))),
    }
}

/// The command that installs these, or their names where the system isn't known.
pub fn how_to_get(missing: &[&Need]) -> String {
    let pick = |of: fn(&Need) -> &'static str| missing.iter().map(|need| of(need)).collect::<Vec<_>>().join(" ");
    let family = family();
    if is_debian() {
        return format!("Install them with: sudo apt-get install {}", pick(|need| need.debian));
    }
    if family.contains("fedora") {
        return format!("Install them with: sudo dnf install {}", pick(|need| need.fedora));
    }
    if family.contains("arch") {
        return format!("Install them with: sudo pacman -S --needed {}", pick(|need| need.arch));
    }
    match std::env::consts::OS {
        "macos" => "Install the compiler with: xcode-select --install. Xvfb and WebKitWebDriver don't exist there: \
                    the window and end-to-end routines need Linux."
            .to_owned(),
        "windows" => "Install the Visual Studio build tools (C++) and the WebView2 runtime. Xvfb and WebKitWebDriver \
                      don't exist there: the window and end-to-end routines need Linux."
            .to_owned(),
        _ => format!("Install what your system calls these packages of Debian: {}", pick(|need| need.debian)),
    }
}

/// Whether packages come by apt here.
pub fn is_debian() -> bool {
    let family = family();
    (family.contains("debian") || family.contains("ubuntu")) && process::find("apt-get").is_some()
}

/// What is wrong with Node.js, if anything.
pub fn node_problem() -> Option<String> {
    let wanted = format!("Node.js {}.{} or newer is needed to build the interface", NODE.0, NODE.1);
    let get = "Get it from your system's packages or from nodejs.org.";
    if process::find("node").is_none() || process::find("npm").is_none() {
        return Some(format!("{wanted}, with npm. {get}"));
    }
    let said = process::answer(Command::new("node").arg("--version")).ok()?;
    let mut parts = said.trim_start_matches('v').split('.').map(|part| part.parse().unwrap_or(0));
    let found: (u32, u32) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    (found < NODE).then(|| format!("{wanted}; this is {said}. {get}"))
}

/// Fails when Node.js is missing or too old.
pub fn require_node() -> Result<(), Failure> {
    node_problem().map_or(Ok(()), |problem| Err(Failure::said(problem)))
}

fn agrees(missing: &[&Need]) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Ok(false);
    }
    let packages: Vec<&str> = missing.iter().map(|need| need.debian).collect();
    print!("Install {} now? [Y/n] ", packages.join(" "));
    let unreadable = |error| Failure::said(format!("No answer could be read: {error}"));
    io::stdout().flush().map_err(unreadable)?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(unreadable)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "" | "y" | "yes"))
}

fn apt(args: &[&str]) -> Command {
    let mut command = if process::is_root() {
        Command::new("env")
    } else {
        let mut command = Command::new("sudo");
        command.arg("env");
        command
    };
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "Acquire::Retries=3"]).args(args);
    command
}

/// `ID` and `ID_LIKE` of the system, in one text; empty where there are none.
fn family() -> String {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let ids = release.lines().filter(|line| line.starts_with("ID=") || line.starts_with("ID_LIKE="));
    ids.map(|line| line.split_once('=').map_or("", |(_, value)| value)).collect::<Vec<_>>().join(" ")
}
