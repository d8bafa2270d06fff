//! A note the server refuses, and one that was deleted elsewhere: the page of what waits shows each with its reason, exports
//! it with the system's own dialog, and has it go on once the cause is gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use stet_client::api::command::{PurgeNote, TrashNote};
use stet_tests::scripted::ScriptedServer;
use stet_tests::stage::{AppProcess, AppSettings, Stage};
use stet_tests::wait::{eventually, holds};
use tokio_tungstenite::tungstenite::Message;

use super::One;

/// A level-1 server that has no room for notes that say this, while it is full.
const HEAVY: &str = "heavy";

/// Answers one client until it goes.
#[expect(clippy::expect_used, reason = "part of a test")]
async fn serve(server: ScriptedServer, full: Arc<AtomicBool>) {
    let stream = server.accept_bare().await;
    let mut socket = tokio_tungstenite::accept_async(stream).await.expect("open a WebSocket");
    let greeting = json!({"type": "connection_established", "message": "Please authenticate to continue"});
    socket.send(Message::text(greeting.to_string())).await.expect("send");
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else { continue };
        let asked: Value = serde_json::from_str(&text).expect("a message");
        for answer in answers(&asked, full.load(Ordering::Relaxed)) {
            socket.send(Message::text(answer.to_string())).await.expect("send");
        }
    }
}

fn answers(asked: &Value, full: bool) -> Vec<Value> {
    match asked["type"].as_str().unwrap_or_default() {
        "auth" => vec![json!({"type": "auth_success", "message": "Authentication successful", "userId": "user_1"})],
        "ping" => vec![json!({"type": "pong", "timestamp": 1_700_000_000_000_i64})],
        "note_update" if full && asked["changes"].to_string().contains(HEAVY) => vec![json!({
            "type": "error", "code": "quota-exceeded", "message": "No room.", "noteId": asked["noteId"],
        })],
        "note_update" => {
            let mut note = json!({
                "id": asked["noteId"], "userId": "user_1", "folderId": null, "title": "", "content": "",
                "starred": false, "archived": false, "deleted": false, "hidden": false, "tags": [],
                "createdAt": 1_700_000_000_000_i64, "updatedAt": 1_700_000_000_000_i64,
            });
            for (field, value) in asked["changes"].as_object().into_iter().flatten() {
                note[field] = value.clone();
            }
            let noted = json!({"type": "note_update_success", "noteId": asked["noteId"], "updatedNote": note,
                "timestamp": 1_700_000_000_000_i64});
            vec![noted]
        }
        _ => Vec::new(),
    }
}

/// The page of what waits says this.
async fn page_says(app: &AppProcess, words: &str) {
    eventually(&format!("{words:?} on the page of what waits"), async || {
        let page = app.text("unsent-page").await;
        holds(page.contains(words), page)
    })
    .await;
}

/// Clicks the button with these words on the page.
async fn press(app: &AppProcess, words: &str) {
    let script = r#"
        const page = document.querySelector('[data-test="unsent-page"]');
        const button = [...(page?.querySelectorAll("button") ?? [])].find(one => one.innerText.trim() === arguments[0]);
        button?.click();
        return button !== undefined;"#;
    eventually(&format!("the button {words:?}"), async || {
        let pressed = app.run(script, vec![json!(words)]).await;
        holds(pressed == json!(true), pressed)
    })
    .await;
}

#[tokio::test]
async fn a_refused_note_is_shown_with_its_reason_exported_and_sent_once_there_is_room() {
    let stage = Stage::set_up("unsent").await;
    let server = ScriptedServer::bind().await;
    let url = server.url();
    let full = Arc::new(AtomicBool::new(true));
    let serving = tokio::spawn(serve(server, Arc::clone(&full)));
    let environment = vec![("STET_SERVER_URL".to_owned(), url), ("STET_TOKEN".to_owned(), "any".to_owned())];
    let mut app = AppProcess::install(&stage, "Laptop", AppSettings { environment });
    app.restart().await;
    app.write_note("Light", "feather").await;
    app.write_note("Weights", &format!("a {HEAVY} load")).await;
    app.sees_pill("1 note can't go on").await;

    app.chord('\u{e009}', '6').await;
    page_says(&app, "Weights").await;
    page_says(&app, "The account is full, so “Weights” can't be sent.").await;
    page_says(&app, "bytes to send").await;
    assert!(!app.text("unsent-page").await.contains("Light"), "one refusal holds up none of the others");

    let folder = stage.folder("exported");
    press(&app, "Export…").await;
    let dialog = eventually("the dialog for a folder", async || {
        let found = stage.screen().windows_titled(app.id(), "Export to a folder");
        found.into_iter().next().ok_or("none")
    })
    .await;
    eventually("the dialog's focus", async || {
        holds(stage.screen().focused().as_ref() == Some(&dialog), stage.screen().focused())
    })
    .await;
    // A slash has the dialog ask for a path. What is typed before it does is lost, and it looks a path up before it takes it:
    // so the whole path is typed again when nothing came of it.
    stage.screen().press("slash");
    let exported = || {
        let text = std::fs::read_to_string(folder.join("Weights.md"));
        let whole = text.as_ref().is_ok_and(|text| text.starts_with("---\ntitle: \"Weights\"") && text.contains(HEAVY));
        holds(whole, text)
    };
    eventually("an exported note", async || {
        if stage.screen().windows_titled(app.id(), "Export to a folder").contains(&dialog) {
            stage.screen().press("ctrl+a");
            stage.screen().type_text(&folder.display().to_string());
            stage.screen().press("Return");
        }
        let taken = async {
            while exported().is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await
            }
        };
        let _ = tokio::time::timeout(Duration::from_secs(4), taken).await;
        exported()
    })
    .await;

    full.store(false, Ordering::Relaxed);
    press(&app, "Retry").await;
    page_says(&app, "Everything is on the server.").await;
    serving.abort();
}

#[tokio::test]
async fn a_note_deleted_on_the_phone_while_it_was_edited_here_is_restored_as_a_new_one() {
    let mut one = One::start("deleted-elsewhere").await;
    let phone = one.remote().await;
    one.app.write_note("Beans", "white ones").await;
    one.app.is_synced().await;
    let note = phone.finds("Beans").await;
    one.server.kill();
    one.app.sees_pill("offline").await;
    one.app.type_at_end(" from Ada").await;
    one.app.sees_body("white ones from Ada").await;
    one.app.sees_on_disk("white ones from Ada").await;
    one.app.kill().await;

    one.server.restart().await;
    phone.is_synced().await;
    phone.call(TrashNote { note_id: note }).await;
    phone.call(PurgeNote { note_id: note }).await;
    phone.is_synced().await;

    one.app.restart().await;
    one.app.sees_pill("can't go on").await;
    one.app.open_note("Beans").await;
    eventually("the reason over the note", async || {
        let banner = one.app.text("banner").await;
        holds(banner.contains("Deleted elsewhere") && banner.contains("nowhere else"), banner)
    })
    .await;
    let restore = r#"
        const buttons = [...document.querySelectorAll('[data-test="banner"] button')];
        buttons.find(one => one.innerText.includes("Restore as new note")).click();"#;
    one.app.run(restore, Vec::new()).await;
    one.app.is_synced().await;
    one.app.sees_body("white ones from Ada").await;
    let restored = phone.finds("Beans").await;
    assert_ne!(restored, note, "nothing comes back by itself: it is a new note");
    phone.sees_body(restored, "white ones from Ada").await;
}
