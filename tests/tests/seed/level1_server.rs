//! What the scripted level-1 server says more than once. It keeps no notes: it gives back what it was sent.

use serde_json::{Value, json};
use stet_tests::device::Device;
use stet_tests::scripted::{PlainSocket, ScriptedServer};
use stet_tests::stage::Ground;

/// A user id as the page's own login service writes them.
pub const USER: &str = "user_2abcDEFghiJKLmnoPQRstuVWXyz";

/// An engine that is told to connect to a scripted server.
pub struct Engine {
    pub device: Device,
    pub server: ScriptedServer,
    _ground: Ground,
}

impl Engine {
    pub async fn start(name: &str) -> Self {
        let ground = Ground::shared(name);
        let server = ScriptedServer::bind().await;
        let folder = ground.folder("device");
        let device = Device::start(&folder, "laptop", &server.url(), "clerk_jwt_token_here").await;
        Self { device, server, _ground: ground }
    }

    /// Plays the server up to the point where a new store has nothing unsent any more (it begins with one note).
    pub async fn signed_in(&self) -> PlainSocket {
        let mut socket = self.server.sign_in(USER).await;
        settle(&mut socket, &self.device).await;
        self.device.until("signed in", |status| status.is_authenticated).await;
        socket
    }

    pub fn token(&self) -> &'static str {
        "clerk_jwt_token_here"
    }
}

/// The full note for an update the engine sent: what it said, and a server's defaults.
pub fn note(note_id: &str, changes: &Value) -> Value {
    let mut note = json!({
        "id": note_id, "userId": USER, "folderId": null, "title": "", "content": "",
        "starred": false, "archived": false, "deleted": false, "hidden": false, "tags": [],
        "createdAt": 1_700_000_000_000_i64, "updatedAt": 1_700_000_000_000_i64,
    });
    for (field, value) in changes.as_object().into_iter().flatten() {
        note[field] = value.clone();
    }
    note
}

/// Answers a `note_update` as it was sent.
pub async fn confirm(socket: &mut PlainSocket, update: &Value) {
    let note_id = update["noteId"].as_str().expect("an update names its note");
    socket
        .send(json!({
            "type": "note_update_success", "noteId": note_id, "updatedNote": note(note_id, &update["changes"]),
            "timestamp": 1_700_000_000_000_i64,
        }))
        .await;
}

/// Confirms every `note_update` until the engine has nothing unsent.
pub async fn settle(socket: &mut PlainSocket, device: &Device) {
    let settled = device.until("nothing unsent", |status| status.unsent == 0);
    tokio::pin!(settled);
    loop {
        tokio::select! {
            _ = &mut settled => return,
            message = socket.next() => {
                if message["type"] == "note_update" {
                    confirm(socket, &message).await;
                }
            }
        }
    }
}
