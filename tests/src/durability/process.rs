//! The process that writes, from outside: started, listened to, killed. What it said before it died is all that is known.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use stet_model::id::NoteId;
use tokio::sync::watch;

use crate::stage::program;
use crate::wait::PATIENCE;

/// How far a process had come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Its program runs.
    #[default]
    Started,
    /// The engine opens its store.
    Opening,
    /// The engine runs.
    Open,
}

/// What a process has said.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// How far it is.
    pub stage: Stage,
    /// What the engine called saved on this device.
    pub saved: Vec<(NoteId, String)>,
    /// What the engine called sent.
    pub sent: Vec<(NoteId, String)>,
    /// Why it couldn't go on.
    pub failed: Option<String>,
    /// It says nothing any more.
    pub ended: bool,
}

impl Heard {
    fn take(&mut self, line: &str) {
        let mut words = line.splitn(3, ' ');
        let (kind, note, word) = (words.next().unwrap_or_default(), words.next(), words.next());
        let entry = || Some((note?.parse().ok()?, word?.to_owned()));
        match kind {
            "opening" => self.stage = Stage::Opening,
            "open" => self.stage = Stage::Open,
            "saved" => self.saved.extend(entry()),
            "sent" => self.sent.extend(entry()),
            _ => self.failed = Some(line.to_owned()),
        }
    }
}

/// A process that writes.
pub struct Writer {
    child: Child,
    heard: watch::Receiver<Heard>,
    reader: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the program `writer` with these arguments; `log` gets what it says on its error stream.
    pub fn start(arguments: &[String], environment: &[(String, String)], log: &Path) -> Self {
        let mut child = Command::new(program("writer"))
            .args(arguments)
            .env_clear()
            .envs(environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::options().create(true).append(true).open(log).expect("open a log file"))
            .spawn()
            .expect("start the writer");
        let out = BufReader::new(child.stdout.take().expect("its output is piped"));
        let (sender, heard) = watch::channel(Heard::default());
        let reader = std::thread::spawn(move || listen(out, &sender));
        Self { child, heard, reader: Some(reader) }
    }

    /// Waits until what it said is so, or until it ended.
    pub async fn until(&mut self, what: &str, condition: impl Fn(&Heard) -> bool) {
        let wanted = self.heard.wait_for(|heard| heard.ended || condition(heard));
        let Ok(Ok(_)) = tokio::time::timeout(PATIENCE, wanted).await else {
            let Heard { stage, saved, sent, .. } = self.heard.borrow().clone();
            let (saved, sent, seconds) = (saved.len(), sent.len(), PATIENCE.as_secs());
            panic!("waited {seconds} s for the writer: {what}\nheard: {stage:?}, {saved} saved, {sent} sent");
        };
    }

    /// Whether it runs and its engine isn't open yet.
    pub fn is_opening(&self) -> bool {
        let heard = self.heard.borrow();
        !heard.ended && heard.stage < Stage::Open
    }

    /// Lets it go on for a moment of chance: there is nothing to wait for in a moment.
    pub async fn let_be(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Kills it as `kill -9` does and gives everything it said.
    ///
    /// # Panics
    /// When it had ended by itself: whatever it couldn't do is a finding.
    pub fn kill(mut self) -> Heard {
        let before = self.child.try_wait().expect("ask for a child's state");
        self.child.kill().expect("kill the writer");
        let status = self.child.wait().expect("wait for the writer");
        if let Some(reader) = self.reader.take() {
            reader.join().expect("everything is heard");
        }
        let heard = self.heard.borrow().clone();
        assert!(
            before.is_none() && heard.failed.is_none(),
            "the writer ended by itself ({status}): {:?}",
            heard.failed
        );
        heard
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Killed already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Takes in whole lines only: a line that broke off wasn't said.
fn listen(mut out: impl std::io::BufRead, sender: &watch::Sender<Heard>) {
    let mut line = String::new();
    while out.read_line(&mut line).is_ok_and(|bytes| bytes > 0) {
        if let Some(whole) = line.strip_suffix('\n') {
            sender.send_modify(|heard| heard.take(whole));
        }
        line.clear();
    }
    sender.send_modify(|heard| heard.ended = true);
}
