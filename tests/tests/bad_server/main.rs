//! Servers that speak garbage, close at every step, never answer or aren't servers at all, against the real engine:
//! it names what is wrong, goes on, and loses nothing.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod garbage;
mod http;
mod level2;
mod no_server;
mod silence;

use serde_json::{Value, json};
use stet_client::api::status::{Status, StatusError};
use stet_model::id::NoteId;
use stet_tests::device::Device;
use stet_tests::scripted::{PlainSocket, ScriptedServer};
use stet_tests::stage::Ground;

const USER: &str = "user_2abcDEFghiJKLmnoPQRstuVWXyz";
const TEXT: &str = "typed before anything went wrong";

/// An engine with a note to send, and the place where its server should be.
struct Trial {
    device: Device,
    server: ScriptedServer,
    note: NoteId,
    _ground: Ground,
}

impl Trial {
    async fn start(name: &str) -> Self {
        let ground = Ground::shared(name);
        let server = ScriptedServer::bind().await;
        let folder = ground.folder("device");
        let device = Device::start(&folder, "laptop", &server.url(), "a.b.c").await;
        device
            .set(|settings| {
                settings.max_attempts = 1_000;
                settings.backoff_base_ms = 20;
                settings.backoff_cap_ms = 100;
            })
            .await;
        let note = device.create("Kept", TEXT).await;
        Self { device, server, note, _ground: ground }
    }

    /// The error the status shows, as soon as it shows one.
    async fn named(&self) -> StatusError {
        let status = self.device.until("an error that names it", |status: &Status| status.error.is_some()).await;
        let error = status.error.expect("an error");
        assert!(error.message.contains(' '), "a sentence for people: {error:?}");
        error
    }

    /// From here the server is a good one: everything that waited is sent, and nothing was lost on the way.
    async fn recovers(&self) {
        self.device.append(self.note, ", and after").await;
        let mut texts = Vec::new();
        let done = self.device.until("everything sent", |status| status.is_authenticated && status.unsent == 0);
        tokio::pin!(done);
        let mut socket = tokio::select! {
            socket = self.good() => socket,
            _ = &mut done => panic!("nobody confirmed anything"),
        };
        loop {
            tokio::select! {
                _ = &mut done => break,
                message = socket.next() => {
                    if message["type"] == "note_update" {
                        texts.push(message["changes"]["content"].as_str().unwrap_or_default().to_owned());
                        confirm(&mut socket, &message).await;
                    }
                }
            }
        }
        let whole = format!("{TEXT}, and after");
        assert!(texts.contains(&whole), "{texts:?}");
        self.device.sees_body(self.note, &whole).await;
    }

    /// A client that gets through to a signed-in session; those that were on their way to the bad server are let go.
    async fn good(&self) -> PlainSocket {
        self.device.call(stet_client::api::command::Reconnect {}).await;
        self.server.sign_in(USER).await
    }
}

async fn confirm(socket: &mut PlainSocket, update: &Value) {
    let mut note = json!({
        "id": update["noteId"], "userId": USER, "folderId": null, "title": "", "content": "", "starred": false,
        "archived": false, "deleted": false, "hidden": false, "tags": [], "createdAt": 1, "updatedAt": 1,
    });
    for (field, value) in update["changes"].as_object().into_iter().flatten() {
        note[field] = value.clone();
    }
    let answer = json!({
        "type": "note_update_success", "noteId": update["noteId"], "updatedNote": note, "timestamp": 1,
    });
    socket.send(answer).await;
}
