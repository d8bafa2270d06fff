//! Starting, finding and ending processes. Knows nothing of what they do.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// How long killed processes may take to be gone from the process table.
const BURIAL: Duration = Duration::from_secs(5);

/// What the programs log on a stage: their own rooms, without the libraries' chatter.
pub(super) const LOG: &str = "warn,stet=debug,stet_client=debug,stet_desktop=debug,stet_server=debug,sync=debug";

/// The folder cargo builds this test's profile into, e.g. `target/debug`.
pub(super) fn target_folder() -> PathBuf {
    let own = std::env::current_exe().expect("a process knows its program");
    let folder = own.parent().expect("a program is in a folder");
    match folder.file_name() {
        Some(name) if name == "deps" => folder.parent().expect("deps is in the target folder").to_owned(),
        _ => folder.to_owned(),
    }
}

/// A program of this workspace, built beside this test.
///
/// # Panics
/// When it isn't built, with the command that builds it.
pub fn program(name: &str) -> PathBuf {
    let path = target_folder().join(name);
    assert!(path.is_file(), "{} is missing. Build first: cargo build --workspace", path.display());
    path
}

/// A started program and every process of its group.
pub struct Program {
    child: Child,
    name: String,
    log: PathBuf,
}

impl Program {
    /// Starts a program in a process group of its own. `log` gets its error stream, `log` + `.out` its output.
    ///
    /// # Panics
    /// When it can't be started, naming it.
    pub fn start(command: &mut Command, log: &Path) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        let append = |path: &Path| File::options().create(true).append(true).open(path).expect("open a log file");
        let child = command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(append(&out(log)))
            .stderr(append(log))
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{name} can't be started ({error}); `cargo xtask doctor` says how to get it")
            });
        Self { child, name, log: log.to_owned() }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote to its output.
    pub fn output(&self) -> String {
        fs::read_to_string(out(&self.log)).unwrap_or_default()
    }

    /// What it wrote to its error stream.
    pub fn errors(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("ask for a child's state")
    }

    /// `Err` with its error stream if it has ended: for conditions that wait for a program to come up.
    ///
    /// # Panics
    /// When it has ended, with what it said.
    pub fn expect_alive(&mut self) {
        if let Some(status) = self.ended() {
            panic!("{} ended with {status}:\n{}{}", self.name, self.errors(), self.output());
        }
    }

    /// Asks it to end (SIGTERM).
    pub fn terminate(&self) {
        signal(self.id(), Signal::TERM);
    }

    /// Kills it and its group as `kill -9` does, and waits until it is gone.
    pub fn kill(&mut self) {
        if let Some(group) = pid(self.id()) {
            // Gone already is as good.
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

fn out(log: &Path) -> PathBuf {
    let mut name = log.as_os_str().to_owned();
    name.push(".out");
    PathBuf::from(name)
}

fn pid(id: u32) -> Option<Pid> {
    i32::try_from(id).ok().and_then(Pid::from_raw)
}

/// Sends a signal; a process that is gone already is as good.
pub(super) fn signal(id: u32, signal: Signal) {
    if let Some(pid) = pid(id) {
        let _ = kill_process(pid, signal);
    }
}

/// A running process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub id: u32,
    /// File name of its program.
    pub program: String,
}

impl Process {
    /// Kills it as `kill -9` does.
    pub fn kill(&self) {
        signal(self.id, Signal::KILL);
    }
}

/// Every running process that was started with this value in this environment variable.
pub fn marked(variable: &str, value: &str) -> Vec<Process> {
    let wanted = format!("{variable}={value}");
    running().into_iter().filter(|process| environment(process.id).any(|entry| entry == wanted)).collect()
}

/// Those among [`marked`] that run this program. (The kernel cuts nothing here: the name is read from the file's path.)
pub fn marked_as(variable: &str, value: &str, program: &str) -> Vec<Process> {
    let mut processes = marked(variable, value);
    processes.retain(|process| process.program == program);
    processes
}

/// Every value this environment variable has among running processes.
pub(super) fn marks(variable: &str) -> Vec<String> {
    let prefix = format!("{variable}=");
    let mut values: Vec<String> = running()
        .iter()
        .flat_map(|process| environment(process.id).collect::<Vec<_>>())
        .filter_map(|entry| entry.strip_prefix(&prefix).map(str::to_owned))
        .collect();
    values.sort();
    values.dedup();
    values
}

/// Kills every process with this mark, but not this one, until none is left.
pub(super) fn end_marked(variable: &str, value: &str) {
    let deadline = Instant::now() + BURIAL;
    loop {
        let mut left = marked(variable, value);
        left.retain(|process| process.id != std::process::id());
        if left.is_empty() || Instant::now() > deadline {
            return;
        }
        for process in &left {
            process.kill();
        }
        std::thread::yield_now();
    }
}

/// Every process whose program can be read: not kernel threads, not zombies.
fn running() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| {
            let id = entry.file_name().to_str()?.parse().ok()?;
            let path = fs::read_link(entry.path().join("exe")).ok()?;
            let name = path.file_name()?.to_str()?;
            // A program that was built anew while it ran.
            let program = name.strip_suffix(" (deleted)").unwrap_or(name).to_owned();
            Some(Process { id, program })
        })
        .collect()
}

fn environment(id: u32) -> impl Iterator<Item = String> {
    let bytes = fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
    let entries: Vec<String> =
        bytes.split(|byte| *byte == 0).map(|entry| String::from_utf8_lossy(entry).into_owned()).collect();
    entries.into_iter()
}
