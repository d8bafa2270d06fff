//! The real engine in a process of its own, so that its memory can be read: does what a line asks for and says when it is
//! done, in milliseconds since the engine was started or last let loose.

use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream;
use stet_client::api::Event;
use stet_client::api::command::{CloseNote, CreateNote, EditAnswer, EditNote, GetStart, ListNotes, OpenNote, Pause};
use stet_client::api::note::{NotePage, Replace, TextUpdate, View};
use stet_client::api::status::Status;
use stet_client::config::TokenSource;
use stet_client::desktop::{Notice, Tray};
use stet_client::network::Network;
use stet_client::{Client, Config, Desktop};
use stet_model::id::NoteId;
use stet_tests::world::random::Dice;
use tokio::sync::{mpsc, watch};

use super::child::Child;
use super::peer::{NEWEST, prose};
use crate::say;

/// Makes this program a device; its data folder, the server and a token follow.
pub const ARGUMENT: &str = "--device";
/// Between two looks at what nothing tells at once.
const LOOK: Duration = Duration::from_millis(5);
/// Rows a first screen has.
const SCREEN: u32 = 20;
/// Commands without an answer while many notes are written.
const AT_ONCE: usize = 32;

/// Starts a device.
pub fn start(folder: &Path, url: &str, token: &str) -> Child {
    Child::start(ARGUMENT, [folder.as_os_str(), url.as_ref(), token.as_ref()])
}

/// The device.
pub fn serve() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(2).collect();
    let [folder, url, token] = arguments.as_slice() else { return ExitCode::FAILURE };
    let Ok(runtime) = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() else {
        return ExitCode::FAILURE;
    };
    let (asked, mut asks) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if asked.send(line).is_err() {
                break;
            }
        }
        // Whoever started this is gone.
        std::process::exit(0);
    });
    runtime.block_on(async {
        let mut device = Device::start(PathBuf::from(folder), url, token).await;
        while let Some(line) = asks.recv().await {
            device.answer(&line).await;
        }
    });
    ExitCode::SUCCESS
}

/// Hands on the status, and how long an open note's text has become.
struct Listener {
    status: watch::Sender<Status>,
    grown: watch::Sender<u32>,
}

impl Desktop for Listener {
    fn emit(&self, event: &Event) {
        match event {
            Event::Status(status) => drop(self.status.send_replace((**status).clone())),
            Event::NoteUpdates(updates) => {
                let changes = updates.updates.iter().flat_map(|update| &update.changes);
                let grown: u32 = changes.map(|change| change.insert.encode_utf16().count() as u32).sum();
                self.grown.send_modify(|all| *all += grown);
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

struct Device {
    client: Client,
    status: watch::Receiver<Status>,
    grown: watch::Receiver<u32>,
    since: Instant,
    notes: Vec<NoteId>,
}

impl Device {
    async fn start(folder: PathBuf, url: &str, token: &str) -> Self {
        let since = Instant::now();
        let (status, hears_status) = watch::channel(Status::default());
        let (grown, hears_grown) = watch::channel(0);
        let config = Config {
            data_dir: folder,
            server_url: Some(url.to_owned()),
            token: TokenSource::Given(token.to_owned()),
            network: Network::default(),
            device_name: "bench".to_owned(),
            platform: "linux".to_owned(),
            app_version: "0".to_owned(),
        };
        let client = Client::start(config, Arc::new(Listener { status, grown })).expect("an engine");
        Self { client, status: hears_status, grown: hears_grown, since, notes: Vec::new() }
    }

    /// Does what a line asks for: a word, and numbers.
    async fn answer(&mut self, line: &str) {
        let mut words = line.split_whitespace();
        let ask = words.next().unwrap_or_default();
        let mut number = || words.next().and_then(|word| word.parse::<u64>().ok()).unwrap_or_default();
        match ask {
            "screen" => self.screen().await,
            "stored" => {
                let seq = number();
                self.until(|status| status.cursor >= seq).await;
            }
            "taken" => self.until(|status| status.is_synced).await,
            "verified" => {
                let seq = number();
                self.until(|status| status.verified.is_some_and(|verified| verified.seq >= seq)).await;
            }
            "sent" => self.until(|status| status.unsent == 0 && status.is_synced).await,
            "create" => self.create(number()).await,
            "edit" => self.edit(number()).await,
            "open" => self.open().await,
            "grown" => {
                let length = number() as u32;
                self.grown.wait_for(|grown| *grown >= length).await.expect("the engine lives");
            }
            "pause" => {
                self.pause(true).await;
                self.until(|status| !status.is_synced).await;
            }
            "resume" => {
                self.grown.mark_unchanged();
                self.since = Instant::now();
                self.pause(false).await;
            }
            "total" => return say(&format!("total {}", self.page(1).await.total)),
            other => panic!("a device doesn't know {other:?}"),
        }
        say(&format!("{ask} {}", self.since.elapsed().as_secs_f64() * 1e3));
    }

    async fn pause(&self, paused: bool) {
        self.client.call(Pause { paused }).await.expect("pausing");
    }

    async fn page(&self, limit: u32) -> NotePage {
        let list = ListNotes { view: View::All, search: String::new(), after: None, limit };
        self.client.call(list).await.expect("a list")
    }

    /// Waits until the list shows the newest notes and the text of the first can be read.
    async fn screen(&self) {
        loop {
            let page = self.page(SCREEN).await;
            let newest: Vec<_> = page.rows.iter().filter(|row| row.title.ends_with(NEWEST)).collect();
            // Beside them there is the note every new device begins with.
            if newest.len() as u32 + 1 >= SCREEN
                && let Ok(opened) = self.client.call(OpenNote { note_id: newest[0].id }).await
                && !opened.body.text.is_empty()
            {
                let sessions = vec![opened.title.session, opened.body.session];
                self.client.call(CloseNote { sessions }).await.expect("closing");
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until the status is so. It is told at most ten times a second, so it is asked for, too.
    async fn until(&mut self, holds: impl Fn(&Status) -> bool) {
        loop {
            if holds(&self.status.borrow_and_update()) {
                return;
            }
            let start = self.client.call(GetStart {}).await.expect("the status");
            if holds(&start.status) {
                return;
            }
            let _ = tokio::time::timeout(LOOK, self.status.changed()).await;
        }
    }

    /// Makes notes of about 1 KB.
    async fn create(&mut self, count: u64) {
        let mut dice = Dice::new(7, 7);
        let texts: Vec<_> = (0..count).map(|_| (prose(&mut dice, 20), prose(&mut dice, 1_000))).collect();
        let client = &self.client;
        let create = |(title, body)| async move {
            client.call(CreateNote { folder_id: None, title, body }).await.expect("a note").note_id
        };
        self.notes = stream::iter(texts).map(create).buffer_unordered(AT_ONCE).collect().await;
    }

    /// Edits every note in turn, each edit a transaction or part of a group.
    async fn edit(&self, edits: u64) {
        let rounds = edits / self.notes.len() as u64;
        let client = &self.client;
        let edit = |note_id: NoteId| async move {
            let opened = client.call(OpenNote { note_id }).await.expect("it opens");
            let session = opened.body.session;
            for round in 0..rounds as u32 {
                let changes = vec![Replace { from: round, to: round, insert: "x".into() }];
                let update = TextUpdate { session: session.clone(), changes };
                let base_revision = opened.body.revision + round;
                let edit = EditNote { session: session.clone(), base_revision, updates: vec![update] };
                let answer = client.call(edit).await.expect("an edit");
                assert!(matches!(answer, EditAnswer::Ok { .. }), "nobody else edits");
            }
            client.call(CloseNote { sessions: vec![opened.title.session, session] }).await.expect("closing");
        };
        stream::iter(self.notes.clone()).for_each_concurrent(AT_ONCE, edit).await;
        // On disk, too: what was typed is saved by the engine's own pace.
        while client.call(GetStart {}).await.expect("the status").status.unsaved > 0 {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Opens the newest note, as an editor does.
    async fn open(&self) {
        let page = self.page(SCREEN).await;
        let newest = page.rows.iter().find(|row| row.title.ends_with(NEWEST)).expect("the newest note");
        self.client.call(OpenNote { note_id: newest.id }).await.expect("it opens");
    }
}
