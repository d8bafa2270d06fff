//! The engine in a process of its own, made to be killed: writes notes as fast as it can and says, a line each, what the
//! engine called saved on this device and what it called sent. It judges nothing; see `stet_tests::durability`.

#![expect(clippy::expect_used, clippy::panic, reason = "a process made for a test says why it can't go on, and ends")]

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clap::Parser as _;
use stet_client::api::Event;
use stet_client::api::command::{
    ChangeNote, CreateNote, EditAnswer, EditNote, GetStart, ListNotes, OpenNote, UpdateSettings,
};
use stet_client::api::note::{NoteChange, Replace, TextUpdate, View};
use stet_client::api::status::Status;
use stet_client::config::TokenSource;
use stet_client::desktop::{Notice, Tray};
use stet_client::network::Network;
use stet_client::{Client, Config, Desktop};
use stet_model::id::NoteId;
use stet_tests::world::random::Dice;

/// Writes after which it ends by itself, should nobody kill it.
const ENOUGH: u64 = 20_000;
/// Notes it goes on writing in.
const NOTES: usize = 12;
/// Between two looks at the status.
const LOOK: Duration = Duration::from_millis(3);

/// An engine that writes until it is killed.
#[derive(clap::Parser)]
#[command(name = "writer")]
struct Options {
    /// The data folder
    #[arg(long)]
    data: PathBuf,
    /// Where the server listens
    #[arg(long)]
    server: String,
    /// The token for it
    #[arg(long)]
    token: String,
    /// Part of every word it writes: no two processes on a folder may have the same
    #[arg(long)]
    round: u64,
    /// What it writes depends on this alone
    #[arg(long)]
    seed: u64,
    /// A fault to put into the product
    #[cfg(feature = "mutants")]
    #[arg(long)]
    mutant: Option<String>,
}

/// Says a line at once, whole. Nobody listening means that whoever started this is gone.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    if out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush()).is_err() {
        std::process::exit(3);
    }
}

/// A word in a note; numbers rise in the order the engine took them.
#[derive(Clone)]
struct Word {
    number: u64,
    note: NoteId,
    text: String,
}

/// What was written and isn't known to have arrived.
#[derive(Default)]
struct Written {
    /// Taken by the engine.
    taken: Vec<Word>,
    /// Saved on this device.
    saved: Vec<Word>,
    /// The number of the last word taken.
    last: u64,
}

impl Written {
    fn take(&mut self, word: Word) {
        self.last = word.number;
        self.taken.push(word);
    }

    fn save(&mut self, which: impl Fn(&Word) -> bool) {
        for word in self.taken.extract_if(.., |word| which(word)) {
            say(&format!("saved {} {}", word.note, word.text));
            self.saved.push(word);
        }
    }

    fn send(&mut self, which: impl Fn(&Word) -> bool) {
        for word in self.saved.extract_if(.., |word| which(word)) {
            say(&format!("sent {} {}", word.note, word.text));
        }
    }

    /// The status speaks of everything up to this word.
    fn status(&mut self, status: &Status, until: u64) {
        if status.unsaved == 0 {
            self.save(|word| word.number <= until);
            if status.unsent == 0 && status.is_authenticated {
                self.send(|word| word.number <= until);
            }
        }
    }
}

/// A desktop that says what the engine tells it. The engine tells it in the middle of its work, so an event is about
/// everything that the engine has answered before: those are the words noted down here.
#[derive(Clone, Default)]
struct Listener(Arc<Mutex<Written>>);

impl Listener {
    fn lock(&self) -> MutexGuard<'_, Written> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desktop for Listener {
    fn emit(&self, event: &Event) {
        let mut written = self.lock();
        match event {
            Event::NoteRow(row) if row.dots.disk => {
                written.save(|word| word.note == row.id);
                if row.dots.server == Some(true) {
                    written.send(|word| word.note == row.id);
                }
            }
            Event::Status(status) => {
                let last = written.last;
                written.status(status, last);
            }
            _ => {}
        }
    }

    fn set_tray(&self, _tray: &Tray) {}

    fn notify(&self, _notice: &Notice) {}

    fn show_window(&self, _note: Option<NoteId>) {}

    fn open_url(&self, _url: &str) {}

    fn set_badge(&self, _unsent: u32) {}
}

#[tokio::main]
async fn main() {
    let options = Options::parse();
    #[cfg(feature = "mutants")]
    if let Some(name) = &options.mutant {
        use stet_model::mutant::{Mutant, put};
        let mutant = Mutant::ALL.into_iter().find(|mutant| format!("{mutant:?}") == *name);
        put(Some(mutant.expect("a fault of this name")));
    }
    say("opening");
    let listener = Listener::default();
    let config = Config {
        data_dir: options.data.clone(),
        server_url: Some(options.server.clone()),
        token: TokenSource::Given(options.token.clone()),
        device_name: "Writer".to_owned(),
        platform: "linux".to_owned(),
        app_version: env!("CARGO_PKG_VERSION").to_owned(),
        network: Network::default(),
    };
    let client = match Client::start(config, Arc::new(listener.clone())) {
        Ok(client) => client,
        Err(error) => {
            say(&format!("failed {error}"));
            std::process::exit(1);
        }
    };
    say("open");
    let mut pen = Pen::new(client.clone(), listener.clone(), &options).await;
    tokio::spawn(watch(client, listener));
    for _ in 0..ENOUGH {
        pen.write().await;
    }
}

/// Looks at the status all the time: what it says counts as much as what is pushed, and comes earlier.
async fn watch(client: Client, listener: Listener) {
    loop {
        // The answer comes a while after it was made: it says nothing of what is taken meanwhile.
        let until = listener.lock().last;
        let Ok(start) = client.call(GetStart {}).await else { return };
        listener.lock().status(&start.status, until);
        tokio::time::sleep(LOOK).await;
    }
}

/// A note that is open for writing.
struct Page {
    note: NoteId,
    session: String,
    revision: u32,
    /// UTF-16 units of the body.
    length: u32,
}

/// What writes.
struct Pen {
    client: Client,
    listener: Listener,
    dice: Dice,
    round: u64,
    count: u64,
    pages: Vec<Page>,
}

impl Pen {
    async fn new(client: Client, listener: Listener, options: &Options) -> Self {
        let mut settings = client.call(GetStart {}).await.expect("what to start with").settings;
        // The server goes away often, and is back soon.
        (settings.backoff_base_ms, settings.backoff_cap_ms, settings.max_attempts) = (20, 200, u32::MAX);
        client.call(UpdateSettings { settings }).await.expect("settings");
        let list = ListNotes { view: View::All, search: String::new(), after: None, limit: NOTES as u32 };
        let rows = client.call(list).await.expect("a list").rows;
        let dice = Dice::new(options.seed, 0);
        let mut pen = Self { client, listener, dice, round: options.round, count: 0, pages: Vec::new() };
        for row in rows {
            pen.open(row.id).await;
        }
        pen
    }

    async fn open(&mut self, note_id: NoteId) {
        // One that the server's rows have just taken away is no note to write in.
        let Ok(opened) = self.client.call(OpenNote { note_id }).await else { return };
        let length = opened.body.text.encode_utf16().count() as u32;
        let page = Page { note: note_id, session: opened.body.session, revision: opened.body.revision, length };
        self.pages.push(page);
        if self.pages.len() > NOTES {
            self.pages.remove(0);
        }
    }

    /// One write, and mostly a short rest.
    async fn write(&mut self) {
        self.count += 1;
        let word = format!("w{}-{}.", self.round, self.count);
        match self.dice.below(100) {
            _ if self.pages.is_empty() => self.create(word).await,
            0..8 => self.create(word).await,
            8..14 => self.tag(word).await,
            14..17 => {
                let lines = self.dice.within((100, 1_000)) as usize;
                self.insert(word, &"A line of a page that was pasted, as long as lines are.\n".repeat(lines)).await;
            }
            _ => self.insert(word, "").await,
        }
        // In bursts, as people type, and without any rest at all in between.
        if self.dice.percent(70) {
            tokio::time::sleep(Duration::from_millis(self.dice.below(8))).await;
        }
    }

    /// The engine took a word. Some of its answers come when the word is saved.
    fn took(&self, note: NoteId, text: String, saved: bool) {
        let number = self.count;
        let mut written = self.listener.lock();
        written.take(Word { number, note, text });
        if saved {
            written.save(|word| word.number == number);
        }
    }

    async fn create(&mut self, word: String) {
        let args = CreateNote { folder_id: None, title: format!("Note {word}"), body: format!("{word}\n") };
        let note = self.client.call(args).await.expect("a new note").note_id;
        self.took(note, word, true);
        self.open(note).await;
    }

    async fn tag(&mut self, word: String) {
        let note_id = self.pages[self.dice.below(self.pages.len() as u64) as usize].note;
        let change = NoteChange::AddTag { tag: word.clone() };
        self.client.call(ChangeNote { note_id, change }).await.expect("a tag");
        self.took(note_id, word, true);
    }

    /// Writes a line, and what comes after it, at the beginning or the end of a note.
    async fn insert(&mut self, word: String, rest: &str) {
        let at = self.dice.below(self.pages.len() as u64) as usize;
        let first = self.dice.percent(30);
        let page = &mut self.pages[at];
        let from = if first { 0 } else { page.length };
        let text = format!("{word}\n{rest}");
        let length = text.len() as u32;
        let update =
            TextUpdate { session: page.session.clone(), changes: vec![Replace { from, to: from, insert: text }] };
        let edit = EditNote { session: page.session.clone(), base_revision: page.revision, updates: vec![update] };
        match self.client.call(edit).await {
            Ok(EditAnswer::Ok { revision }) => {
                (page.revision, page.length) = (revision, page.length + length);
                let note = page.note;
                self.took(note, word, false);
            }
            // Somebody else wrote: this word isn't written, the next one finds the new text.
            Ok(EditAnswer::Stale { .. } | EditAnswer::Reopen { .. }) => {
                let note = self.pages.remove(at).note;
                self.open(note).await;
            }
            Err(error) => panic!("an edit failed: {error:?}"),
        }
    }
}
