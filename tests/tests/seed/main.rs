//! The page this project began with, step by step, with scripted peers that use plain JSON and a WebSocket library: a
//! level-1 client against the real `stet-server`, and a level-1 server against the engine. Nothing of ours speaks on the
//! scripted side.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod client_errors;
mod client_lifecycle;
mod client_messages;
mod client_texts;
mod engine_errors;
mod engine_lifecycle;
mod engine_messages;
mod level1_server;

use serde_json::{Value, json};
use stet_tests::scripted::PlainSocket;
use stet_tests::stage::{Ground, ServerProcess};

/// A real server with an empty database.
struct Room {
    server: ServerProcess,
    _ground: Ground,
}

impl Room {
    async fn open(name: &str) -> Self {
        let ground = Ground::shared(name);
        let server = ServerProcess::start(&ground).await;
        Self { server, _ground: ground }
    }

    /// A socket of this user, signed in, and the user's id.
    async fn sign_in(&self, user: &str) -> (PlainSocket, String) {
        PlainSocket::sign_in(&self.server.address(), &self.server.token(user)).await
    }

    /// Two sockets of one user, as of two browser sessions, and the user's id.
    async fn two_sessions(&self, user: &str) -> (PlainSocket, PlainSocket, String) {
        let (one, id) = self.sign_in(user).await;
        let (other, same) = self.sign_in(user).await;
        assert_eq!(id, same, "one user has one id");
        (one, other, id)
    }
}

/// A UUID with this number in it.
fn id(number: u32) -> String {
    format!("7c0ffee0-5eed-4000-8000-{number:012x}")
}

/// Makes a note through one socket and reads the news of it on another.
async fn create(one: &mut PlainSocket, other: &mut PlainSocket, note: Value) {
    one.send(json!({ "type": "note_created", "noteData": note })).await;
    other.expect("note_created_sync").await;
}

/// Sends an update and gives the `note_update_success`.
async fn update(socket: &mut PlainSocket, note_id: &str, changes: Value) -> Value {
    socket.send(json!({ "type": "note_update", "noteId": note_id, "changes": changes })).await;
    socket.skip_to("note_update_success").await
}

/// Joins a note and gives it as it is now.
async fn join(socket: &mut PlainSocket, note_id: &str) -> Value {
    socket.send(json!({ "type": "join_note", "noteId": note_id })).await;
    socket.skip_to("note_joined").await["note"].take()
}
