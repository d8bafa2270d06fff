//! This program, started again as something else, and what it says: a line each, a word and a number.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child as Process, Command, Stdio};
use std::time::Duration;

use tokio::sync::mpsc;

pub struct Child {
    process: Process,
    lines: mpsc::UnboundedReceiver<String>,
}

impl Child {
    pub fn start<A: AsRef<OsStr>>(argument: &str, arguments: impl IntoIterator<Item = A>) -> Self {
        let program = std::env::current_exe().expect("a process knows its program");
        let mut command = Command::new(program);
        command.arg(argument).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("it starts");
        let stdout = process.stdout.take().expect("it is piped");
        let (said, lines) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if said.send(line).is_err() {
                    break;
                }
            }
        });
        Self { process, lines }
    }

    /// Asks for something.
    pub fn ask(&mut self, line: &str) {
        let stdin = self.process.stdin.as_mut().expect("it is piped");
        stdin.write_all(format!("{line}\n").as_bytes()).and_then(|()| stdin.flush()).expect("it listens");
    }

    /// Waits for a line that begins with this word; its number.
    pub async fn number(&mut self, word: &str) -> f64 {
        loop {
            let line = self.lines.recv().await;
            let line = line.unwrap_or_else(|| panic!("it ended before it said {word:?}"));
            if let Some((said, number)) = line.split_once(' ')
                && said == word
            {
                return number.parse().expect("a number");
            }
        }
    }

    /// Like [`Self::number`], of milliseconds.
    pub async fn time(&mut self, word: &str) -> Duration {
        Duration::from_secs_f64(self.number(word).await / 1e3)
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The most memory a process ever had, megabytes.
pub fn peak(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.map_or(f64::NAN, |kilobytes| kilobytes / 1024.0)
}
