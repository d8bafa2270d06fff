//! A private X server with a window manager on it, its pictures, and what a user does to windows from outside.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use super::ground::Ground;
use super::processes::Program;
use crate::wait::{eventually, holds, same};

/// Windows without frames: a frame is the desktop's, not the app's. A key closes the window with the focus, politely.
const WINDOW_MANAGER: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<openbox_config xmlns="http://openbox.org/3.4/rc">
  <theme><keepBorder>no</keepBorder></theme>
  <focus><focusNew>yes</focusNew><followMouse>no</followMouse></focus>
  <keyboard><keybind key="A-F4"><action name="Close"/></keybind></keyboard>
  <placement><policy>Smart</policy></placement>
  <applications><application class="*"><decor>no</decor></application></applications>
</openbox_config>
"#;

/// A screen nobody sees.
pub struct Screen {
    display: String,
    environment: Vec<(String, String)>,
    _manager: Program,
    _server: Program,
}

impl Screen {
    /// Starts an X server on a free display number, and a window manager, and waits for both.
    pub async fn start(ground: &Ground, (width, height): (u32, u32)) -> Self {
        let mut environment = ground.environment();
        let mut command = Command::new("Xvfb");
        command.env_clear().envs(environment.clone());
        command.args(["-displayfd", "1", "-nolisten", "tcp", "-noreset", "-screen", "0"]);
        command.arg(format!("{width}x{height}x24"));
        let mut server = Program::start(&mut command, &ground.log("screen.log"));
        let display = eventually("the screen's number", async || {
            server.expect_alive();
            let said = server.output();
            match said.trim().parse::<u32>() {
                Ok(number) if said.ends_with('\n') => Ok(format!(":{number}")),
                _ => Err(said),
            }
        })
        .await;
        environment.push(("DISPLAY".to_owned(), display.clone()));
        let manager = manage(ground, &environment).await;
        Self { display, environment, _manager: manager, _server: server }
    }

    /// The display, e.g. `:99`.
    pub fn display(&self) -> &str {
        &self.display
    }

    /// Saves a picture of the whole screen.
    pub fn picture(&self, path: &Path) {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).expect("make the picture's folder");
        }
        let taken = self.run("import", &["-window", "root", &path.display().to_string()]);
        assert!(taken.status.success(), "import: {}", String::from_utf8_lossy(&taken.stderr));
    }

    /// The visible windows of a process.
    pub fn windows(&self, process: u32) -> Vec<String> {
        self.windows_titled(process, ".")
    }

    /// Those whose title matches a pattern.
    pub fn windows_titled(&self, process: u32, title: &str) -> Vec<String> {
        let process = process.to_string();
        let found = self.run("xdotool", &["search", "--all", "--onlyvisible", "--pid", &process, "--name", title]);
        // It fails when there is none.
        String::from_utf8_lossy(&found.stdout).lines().map(str::to_owned).collect()
    }

    /// Closes a process's windows as their close button does.
    pub async fn close_windows(&self, process: u32) {
        // A window that is being framed by the window manager can't be seen for a moment: only one that was asked to
        // close is gone when none is seen.
        let mut asked = false;
        eventually("closed windows", async || {
            let windows = self.windows(process);
            for window in &windows {
                self.act(&["windowactivate", window]);
                if self.focused().as_ref() == Some(window) {
                    self.act(&["key", "--clearmodifiers", "alt+F4"]);
                    asked = true;
                }
            }
            holds(asked && windows.is_empty(), windows)
        })
        .await;
    }

    /// Gives a process's window the focus.
    pub async fn focus(&self, process: u32) {
        eventually("the focus", async || {
            let windows = self.windows(process);
            for window in &windows {
                self.act(&["windowactivate", window]);
            }
            let focused = self.focused();
            holds(focused.as_ref().is_some_and(|focused| windows.contains(focused)), (focused, windows))
        })
        .await;
    }

    /// Types in whatever has the focus, a hundred keys a second and more.
    pub fn type_text(&self, text: &str) {
        self.act(&["type", "--delay", "6", text]);
    }

    /// Presses keys together, as `ctrl+a`, in whatever has the focus.
    pub fn press(&self, keys: &str) {
        self.act(&["key", "--clearmodifiers", keys]);
    }

    /// Clicks at a place of the screen.
    pub fn click(&self, (x, y): (u32, u32)) {
        self.act(&["mousemove", &x.to_string(), &y.to_string(), "click", "1"]);
    }

    /// The window that has the focus.
    pub fn focused(&self) -> Option<String> {
        let said = self.run("xdotool", &["getactivewindow"]);
        let window = String::from_utf8_lossy(&said.stdout).trim().to_owned();
        (said.status.success() && !window.is_empty()).then_some(window)
    }

    /// Puts a process's windows somewhere and waits until they are there.
    pub async fn place(&self, process: u32, place: (u32, u32), size: (u32, u32)) {
        let wanted = format!("{},{} {}x{}", place.0, place.1, size.0, size.1);
        eventually(&format!("a window at {wanted}"), async || {
            let mut seen = Vec::new();
            for window in self.windows(process) {
                let [x, y, width, height] = [place.0, place.1, size.0, size.1].map(|number| number.to_string());
                self.act(&["windowsize", &window, &width, &height]);
                self.act(&["windowmove", &window, &x, &y]);
                seen.push(self.geometry(&window));
            }
            same(&seen, &vec![wanted.clone()])
        })
        .await;
    }

    /// Where a window is and how large: `x,y WIDTHxHEIGHT`.
    fn geometry(&self, window: &str) -> String {
        let said = self.run("xdotool", &["getwindowgeometry", "--shell", window]);
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        let number = |name: &str| said.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("?").to_owned();
        format!("{},{} {}x{}", number("X="), number("Y="), number("WIDTH="), number("HEIGHT="))
    }

    fn act(&self, arguments: &[&str]) {
        // A window may go between the search and this.
        let _ = self.run("xdotool", arguments);
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        Command::new(program)
            .env_clear()
            .envs(self.environment.iter().cloned())
            .args(arguments)
            .output()
            .unwrap_or_else(|error| {
                panic!("{program} can't be started ({error}); `cargo xtask doctor` says how to get it")
            })
    }
}

async fn manage(ground: &Ground, environment: &[(String, String)]) -> Program {
    let configuration = ground.path().join("openbox.xml");
    fs::write(&configuration, WINDOW_MANAGER).expect("write the window manager's configuration");
    let mut command = Command::new("openbox");
    command
        .env_clear()
        .envs(environment.iter().cloned())
        .env("HOME", ground.folder("openbox"))
        .arg("--sm-disable")
        .arg("--config-file")
        .arg(&configuration);
    let mut manager = Program::start(&mut command, &ground.log("openbox.log"));
    eventually("a window manager", async || {
        manager.expect_alive();
        // Only a window manager says how many desktops there are.
        let asked = Command::new("xdotool")
            .env_clear()
            .envs(environment.iter().cloned())
            .arg("get_num_desktops")
            .output()
            .expect("start xdotool");
        holds(asked.status.success(), String::from_utf8_lossy(&asked.stderr))
    })
    .await;
    manager
}
