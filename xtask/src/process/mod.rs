//! Starting programs and ending them again. A program started in the background gets a process group of its own, and the
//! whole group ends with the value that stands for it.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(not(unix), path = "other.rs")]
mod platform;
#[cfg(all(test, unix))]
mod tests;

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::Failure;

pub use platform::{hear_interrupts, interrupted, is_root};

/// How long a program has to end by itself once asked; an engine flushes in well under a second.
const GRACE: Duration = Duration::from_secs(5);
/// How often a wait looks again.
pub const LOOK: Duration = Duration::from_millis(50);
/// Lines of a log shown when its program fails.
const TAIL: usize = 25;

/// Runs a program in the foreground, its output where ours goes.
pub fn run(command: &mut Command) -> Result<(), Failure> {
    let line = line(command);
    println!("$ {line}");
    let status = command.status().map_err(|source| Failure::Start { command: line.clone(), source })?;
    if interrupted() {
        return Err(Failure::Interrupted);
    }
    settle(&line, status)
}

/// Runs a program and gives what it printed; what it says on its error output is shown.
pub fn answer(command: &mut Command) -> Result<String, Failure> {
    let line = line(command);
    let output =
        command.stderr(Stdio::inherit()).output().map_err(|source| Failure::Start { command: line.clone(), source })?;
    settle(&line, output.status)?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Whether a program ends well; its output is dropped.
pub fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// Where a program is, by the search path.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let name = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&path).map(|folder| folder.join(&name)).find(|file| file.is_file())
}

/// Waits until `done` gives something, Ctrl-C, or the time is over (`None`).
pub fn wait_for<T>(
    limit: Duration,
    mut done: impl FnMut() -> Result<Option<T>, Failure>,
) -> Result<Option<T>, Failure> {
    let begun = Instant::now();
    loop {
        if interrupted() {
            return Err(Failure::Interrupted);
        }
        if let Some(found) = done()? {
            return Ok(Some(found));
        }
        if begun.elapsed() >= limit {
            return Ok(None);
        }
        thread::sleep(LOOK);
    }
}

/// A program in the background with everything it started. Dropping it ends them all.
pub struct Group {
    name: String,
    child: Child,
    log: Option<PathBuf>,
}

impl Group {
    /// Starts a program; both its outputs go to the file `log`, begun anew.
    pub fn start(name: &str, command: &mut Command, log: &Path) -> Result<Self, Failure> {
        let out = File::create(log).map_err(Failure::file(log))?;
        let err = out.try_clone().map_err(Failure::file(log))?;
        let mut group = Self::spawn(name, command.stdout(out).stderr(err))?;
        group.log = Some(log.to_path_buf());
        Ok(group)
    }

    /// Starts a program that says one line (an address, a number) when it is ready, and gives that line.
    pub fn start_and_hear(name: &str, command: &mut Command) -> Result<(Self, String), Failure> {
        let mut group = Self::spawn(name, command.stdout(Stdio::piped()).stderr(Stdio::null()))?;
        let mut said = String::new();
        if let Some(mut out) = group.child.stdout.take().map(BufReader::<ChildStdout>::new) {
            out.read_line(&mut said).map_err(|source| Failure::Start { command: name.to_owned(), source })?;
            group.child.stdout = Some(out.into_inner());
        }
        match said.trim() {
            "" => Err(Failure::said(format!("{name} ended without saying that it is ready."))),
            line => Ok((group, line.to_owned())),
        }
    }

    fn spawn(name: &str, command: &mut Command) -> Result<Self, Failure> {
        let child = platform::own_group(command)
            .stdin(Stdio::null())
            .spawn()
            .map_err(|source| Failure::Start { command: line(command), source })?;
        Ok(Self { name: name.to_owned(), child, log: None })
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The process id of the program itself.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, when it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Everything it printed so far.
    pub fn printed(&self) -> String {
        let read = self.log.as_ref().and_then(|log| fs::read(log).ok());
        String::from_utf8_lossy(&read.unwrap_or_default()).into_owned()
    }

    /// Fails with the end of the log when the program isn't running any more.
    pub fn must_run(&mut self) -> Result<(), Failure> {
        match self.ended() {
            None => Ok(()),
            Some(status) => Err(self.failure(&format!("ended early ({status})"))),
        }
    }

    /// A failure that shows the end of the program's log.
    pub fn failure(&self, what: &str) -> Failure {
        let printed = self.printed();
        let lines: Vec<&str> = printed.lines().collect();
        let tail = lines[lines.len().saturating_sub(TAIL)..].join("\n  ");
        let log = self.log.as_ref().map_or_else(String::new, |log| format!(" Its log: {}", log.display()));
        Failure::said(format!("{} {what}.{log}\n  {tail}", self.name))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // The group may hold processes whose leader has ended: always ask the whole group.
        platform::ask_to_end(&mut self.child);
        let end = Instant::now() + GRACE;
        while Instant::now() < end && (self.ended().is_none() || platform::runs(&self.child)) {
            thread::sleep(LOOK);
        }
        platform::end(&mut self.child);
        let _ = self.child.wait();
    }
}

fn settle(line: &str, status: ExitStatus) -> Result<(), Failure> {
    if status.success() {
        return Ok(());
    }
    Err(Failure::Command { command: line.to_owned(), status: status.to_string() })
}

fn line(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let mut words = vec![program.to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|arg| arg.to_string_lossy().into_owned()));
    words.join(" ")
}
