//! Two engines against the real server: from a keystroke's command to the revision in the other device's open note.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use stet_client::api::Event;
use stet_client::api::command::{CreateNote, EditNote, GetStart, OpenNote};
use stet_client::api::note::{Replace, TextUpdate};
use stet_client::config::TokenSource;
use stet_client::desktop::{Notice, Tray};
use stet_client::network::Network;
use stet_client::{Client, Config, Desktop};
use stet_model::id::{NoteId, SpaceId};
use tokio::sync::mpsc;

use crate::samples::Round;
use crate::server::{Server, frame};

/// Between two keystrokes, here and in the controls: a processor that has slept is slower to begin than one that hasn't.
pub const PAUSE: Duration = Duration::from_millis(50);

/// Hands on the revisions an open note gets.
struct Listener(mpsc::UnboundedSender<()>);

impl Desktop for Listener {
    fn emit(&self, event: &Event) {
        if matches!(event, Event::NoteUpdates(_)) {
            let _ = self.0.send(());
        }
    }

    fn set_tray(&self, _tray: &Tray) {}

    fn notify(&self, _notice: &Notice) {}

    fn show_window(&self, _note: Option<NoteId>) {}

    fn open_url(&self, _url: &str) {}

    fn set_badge(&self, _unsent: u32) {}
}

pub struct Pair {
    server: Server,
    one: Client,
    two: Client,
    heard: mpsc::UnboundedReceiver<()>,
    session: String,
    revision: u32,
}

impl Pair {
    pub async fn start(folder: &Path) -> Self {
        let server = Server::start(&folder.join("engines-server"));
        let token = server.token("bench");
        let start = |name: &str| {
            let (told, heard) = mpsc::unbounded_channel();
            let config = Config {
                data_dir: folder.join(name),
                server_url: Some(server.url.clone()),
                token: TokenSource::Given(token.clone()),
                network: Network::default(),
                device_name: name.to_owned(),
                platform: "linux".to_owned(),
                app_version: "0".to_owned(),
            };
            (Client::start(config, Arc::new(Listener(told))).expect("an engine"), heard)
        };
        let ((one, _), (two, heard)) = (start("one"), start("two"));
        let args = CreateNote { folder_id: None, title: "Bench".into(), body: String::new() };
        let note_id = one.call(args).await.expect("a note").note_id;
        while two.call(OpenNote { note_id }).await.is_err() || !is_synced(&one).await || !is_synced(&two).await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let session = one.call(OpenNote { note_id }).await.expect("it opens").body.session;
        Self { server, one, two, heard, session, revision: 0 }
    }

    /// Bytes of the frame the last keystroke came in, for the controls.
    pub fn bytes(&self) -> usize {
        let count = u64::from(self.revision);
        frame(SpaceId::from_bytes([9; 16]), count, count, self.server.last_ops()).len()
    }

    pub async fn round(&mut self, count: usize) -> Round {
        let mut times = Vec::with_capacity(count);
        for _ in 0..count {
            while self.heard.try_recv().is_ok() {}
            let start = Instant::now();
            self.keystroke().await;
            self.heard.recv().await.expect("the other device hears of it");
            times.push(start.elapsed().as_secs_f64() * 1e6);
            // The next keystroke comes when this one is settled everywhere, as a person's does.
            while !is_synced(&self.one).await || !is_synced(&self.two).await {
                tokio::time::sleep(PAUSE).await;
            }
            tokio::time::sleep(PAUSE).await;
        }
        Round(times)
    }

    async fn keystroke(&mut self) {
        let changes = vec![Replace { from: self.revision, to: self.revision, insert: "x".into() }];
        let update = TextUpdate { session: self.session.clone(), changes };
        let edit = EditNote { session: self.session.clone(), base_revision: self.revision, updates: vec![update] };
        self.one.call(edit).await.expect("the edit is taken");
        self.revision += 1;
    }
}

async fn is_synced(client: &Client) -> bool {
    client.call(GetStart {}).await.is_ok_and(|start| start.status.is_synced)
}
