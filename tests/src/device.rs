//! A device without a window: the real engine with a desktop that only remembers. It adds no behaviour to the engine.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use stet_client::api::command::{
    ChangeNote, CloseNote, CreateNote, EditAnswer, EditNote, GetNote, GetStart, ListNotes, OpenNote, Start,
    UpdateSettings,
};
use stet_client::api::event::RemoteChange;
use stet_client::api::note::{NoteChange, NotePage, NoteRow, OpenedNote, Replace, Settings, TextUpdate, View};
use stet_client::api::status::Status;
use stet_client::api::{Call, CommandError, Event};
use stet_client::config::TokenSource;
use stet_client::desktop::{Notice, Tray};
use stet_client::network::Network;
use stet_client::{Client, Config, Desktop};
use stet_model::id::NoteId;

use crate::wait::{eventually, holds, same};

/// What the engine told its desktop.
#[derive(Default)]
struct Told {
    events: Vec<Event>,
    notices: Vec<Notice>,
    tray: Tray,
    shown: Vec<Option<NoteId>>,
}

/// A desktop that remembers.
#[derive(Clone, Default)]
struct Recorder {
    told: Arc<Mutex<Told>>,
}

impl Recorder {
    fn lock(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Desktop for Recorder {
    fn emit(&self, event: &Event) {
        self.lock().events.push(event.clone());
    }

    fn set_tray(&self, tray: &Tray) {
        self.lock().tray = tray.clone();
    }

    fn notify(&self, notice: &Notice) {
        self.lock().notices.push(notice.clone());
    }

    fn show_window(&self, note: Option<NoteId>) {
        self.lock().shown.push(note);
    }

    fn open_url(&self, _url: &str) {}

    fn set_badge(&self, _unsent: u32) {}
}

fn config(folder: &Path, name: &str, server_url: &str) -> Config {
    Config {
        data_dir: folder.to_owned(),
        server_url: Some(server_url.to_owned()),
        token: TokenSource::Kept(folder.join("token")),
        network: Network::default(),
        device_name: name.to_owned(),
        platform: "linux".to_owned(),
        app_version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// A running engine.
pub struct Device {
    client: Client,
    recorder: Recorder,
}

impl Device {
    /// Starts an engine on a data folder, with a token that was given to it.
    pub async fn start(folder: &Path, name: &str, server_url: &str, token: &str) -> Self {
        Self::start_with(folder, name, server_url, TokenSource::Given(token.to_owned())).await
    }

    /// Starts an engine on a data folder.
    pub async fn start_with(folder: &Path, name: &str, server_url: &str, token: TokenSource) -> Self {
        Self::start_as(Config { token, ..config(folder, name, server_url) })
    }

    /// Starts an engine that goes this way to its server.
    pub async fn start_through(network: Network, folder: &Path, server_url: &str, token: &str) -> Self {
        let token = TokenSource::Given(token.to_owned());
        Self::start_as(Config { token, network, ..config(folder, "laptop", server_url) })
    }

    fn start_as(config: Config) -> Self {
        let recorder = Recorder::default();
        let client = Client::start(config, Arc::new(recorder.clone())).expect("start an engine");
        Self { client, recorder }
    }

    /// Calls a command.
    ///
    /// # Errors
    /// As the command says.
    pub async fn try_call<C: Call>(&self, args: C) -> Result<C::Answer, CommandError> {
        self.client.call(args).await
    }

    /// Calls a command that must not fail.
    ///
    /// # Panics
    /// When it does.
    pub async fn call<C: Call>(&self, args: C) -> C::Answer {
        match self.try_call(args).await {
            Ok(answer) => answer,
            Err(error) => panic!("a command failed: {error:?}"),
        }
    }

    /// Everything an interface starts with.
    pub async fn start_view(&self) -> Start {
        self.call(GetStart {}).await
    }

    /// Where syncing stands.
    pub async fn status(&self) -> Status {
        self.start_view().await.status
    }

    /// Waits until the status is so.
    pub async fn until(&self, what: &str, condition: impl Fn(&Status) -> bool) -> Status {
        eventually(what, async || {
            let status = self.status().await;
            if condition(&status) { Ok(status) } else { Err(format!("{status:?}")) }
        })
        .await
    }

    /// Waits until nothing is unsent and nothing is to be fetched.
    pub async fn is_synced(&self) {
        self.until("synced", |status| status.is_synced && status.unsent == 0).await;
    }

    /// The system says that a network has come up.
    pub fn network_up(&self) {
        self.client.network_up();
    }

    /// Changes the user's choices.
    pub async fn set(&self, change: impl FnOnce(&mut Settings)) {
        let mut settings = self.start_view().await.settings;
        change(&mut settings);
        self.call(UpdateSettings { settings }).await;
    }

    /// Makes a note.
    pub async fn create(&self, title: &str, body: &str) -> NoteId {
        let (title, body) = (title.to_owned(), body.to_owned());
        self.call(CreateNote { folder_id: None, title, body }).await.note_id
    }

    /// Opens a note.
    pub async fn open(&self, note_id: NoteId) -> OpenedNote {
        self.call(OpenNote { note_id }).await
    }

    /// A note's title and body. `None` when it isn't here.
    pub async fn text(&self, note_id: NoteId) -> Option<(String, String)> {
        let opened = self.try_call(OpenNote { note_id }).await.ok()?;
        let sessions = vec![opened.title.session, opened.body.session];
        self.call(CloseNote { sessions }).await;
        Some((opened.title.text, opened.body.text))
    }

    /// Waits until a note's body reads so.
    pub async fn sees_body(&self, note_id: NoteId, body: &str) {
        eventually(&format!("the body {body:?}"), async || {
            let seen = self.text(note_id).await.map(|(_, body)| body);
            same(seen.as_deref().unwrap_or("no such note"), body)
        })
        .await;
    }

    /// Waits until a note with this title is here.
    pub async fn finds(&self, title: &str) -> NoteId {
        eventually(&format!("the note {title:?}"), async || {
            let rows = self.rows(View::All).await;
            let found = rows.iter().find(|row| row.title == title).map(|row| row.id);
            found.ok_or_else(|| format!("{rows:?}"))
        })
        .await
    }

    /// Changes a note's body as a keystroke does: `change` makes start, end (UTF-16) and what stands there afterwards
    /// from the text. Done anew when another edit came first.
    pub async fn edit(&self, note_id: NoteId, change: impl Fn(&str) -> (usize, usize, String)) {
        loop {
            let opened = self.open(note_id).await;
            let sessions = vec![opened.title.session, opened.body.session.clone()];
            let (from, to, insert) = change(&opened.body.text);
            let [from, to] = [from, to].map(|offset| u32::try_from(offset).expect("a short body"));
            let changes = vec![Replace { from, to, insert }];
            let edit = EditNote {
                base_revision: opened.body.revision,
                updates: vec![TextUpdate { session: opened.body.session.clone(), changes }],
                session: opened.body.session,
            };
            let answer = self.call(edit).await;
            self.call(CloseNote { sessions }).await;
            match answer {
                EditAnswer::Ok { .. } => return,
                EditAnswer::Stale { .. } => {}
                EditAnswer::Reopen { message, .. } => panic!("the edit was refused: {message}"),
            }
        }
    }

    /// Writes at the end of a note's body.
    pub async fn append(&self, note_id: NoteId, insert: &str) {
        self.edit(note_id, |body| {
            let end = body.encode_utf16().count();
            (end, end, insert.to_owned())
        })
        .await;
    }

    /// Changes a field of a note.
    pub async fn change(&self, note_id: NoteId, change: NoteChange) {
        self.call(ChangeNote { note_id, change }).await;
    }

    /// A note's row.
    pub async fn row(&self, note_id: NoteId) -> Option<NoteRow> {
        self.try_call(GetNote { note_id }).await.ok()
    }

    /// The first page of a list: at most 200 rows, and how many there are in all.
    pub async fn page(&self, view: View) -> NotePage {
        let list = ListNotes { view, search: String::new(), after: None, limit: 200 };
        self.call(list).await
    }

    /// The rows of a list, at most 200.
    pub async fn rows(&self, view: View) -> Vec<NoteRow> {
        self.page(view).await.rows
    }

    /// How many notes a list has.
    pub async fn total(&self, view: View) -> u32 {
        self.page(view).await.total
    }

    /// Every event so far.
    pub fn events(&self) -> Vec<Event> {
        self.recorder.lock().events.clone()
    }

    /// What the events said of other devices' edits (made, changed or deleted).
    pub fn remote_changes(&self) -> Vec<RemoteChange> {
        let changes = self.events().into_iter().filter_map(|event| match event {
            Event::NoteSynced(change) | Event::NoteCreated(change) | Event::NoteDeleted(change) => Some(change),
            _ => None,
        });
        changes.collect()
    }

    /// Waits for an event.
    pub async fn hears(&self, what: &str, wanted: impl Fn(&Event) -> bool) {
        eventually(&format!("the event {what}"), async || {
            let events = self.events();
            holds(events.iter().any(&wanted), &events[events.len().saturating_sub(8)..])
        })
        .await;
    }

    /// Every notification so far.
    pub fn notices(&self) -> Vec<Notice> {
        self.recorder.lock().notices.clone()
    }

    /// What the tray shows.
    pub fn tray(&self) -> Tray {
        self.recorder.lock().tray.clone()
    }

    /// What the window was asked to show.
    pub fn shown(&self) -> Vec<Option<NoteId>> {
        self.recorder.lock().shown.clone()
    }

    /// Ends the engine; gives how many notes are unsent.
    pub async fn stop(self) -> u32 {
        let left = self.client.shutdown().await;
        assert_eq!(left.unsaved, 0, "everything was written");
        left.unsent
    }
}
