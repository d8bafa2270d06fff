//! The engine against a level-1 server: whole fields go out, foreign texts come in, nothing is lost on the way.

use serde_json::{Value, json};
use stet_client::api::Event;
use stet_client::api::status::ConnectionState;
use stet_client::engine::Input;
use stet_model::id::NoteId;
use stet_protocol::codec::Frame;
use stet_store::ListView;

use crate::desk::{Desk, typed};

fn hear(desk: &mut Desk, message: &Value) {
    desk.give(Input::Frame(Frame::Text(message.to_string())));
}

fn sent(desk: &mut Desk) -> Vec<Value> {
    let read = |frame: Frame| match frame {
        Frame::Text(text) => serde_json::from_str(&text).expect("level 1 is JSON"),
        Frame::Binary(_) => panic!("level 1 is text"),
    };
    desk.sent.drain(..).map(read).collect()
}

fn signed_in() -> Desk {
    let mut desk = Desk::with_server(Some("ws://seed.example"));
    connect(&mut desk);
    desk
}

fn connect(desk: &mut Desk) {
    desk.give(Input::Opened);
    hear(desk, &json!({"type": "connection_established", "message": "Please authenticate to continue"}));
    hear(desk, &json!({"type": "auth_success", "message": "Authentication successful", "userId": "user_1"}));
}

fn server_note(id: NoteId, content: &str) -> Value {
    json!({"id": id, "userId": "user_1", "folderId": null, "title": "T", "content": content, "starred": false,
        "archived": false, "deleted": false, "hidden": false, "tags": [], "createdAt": 5, "updatedAt": 6})
}

fn confirm(desk: &mut Desk, id: NoteId, content: &str) {
    let note = server_note(id, content);
    hear(desk, &json!({"type": "note_update_success", "noteId": id, "updatedNote": note, "timestamp": 7}));
}

#[test]
fn a_new_note_is_created_and_confirmed_by_an_update_of_all_its_fields() {
    let mut desk = signed_in();
    sent(&mut desk);
    let id = desk.create("T", "mine");
    let messages = sent(&mut desk);
    let kinds: Vec<_> = messages.iter().map(|message| message["type"].as_str().unwrap_or_default()).collect();
    assert_eq!(kinds, ["note_created", "note_update"]);
    assert_eq!(messages[0]["noteData"]["id"], json!(id));
    assert_eq!(messages[1]["changes"]["content"], json!("mine"));
    confirm(&mut desk, id, "mine");
    assert!(!desk.rows(ListView::Unsent).contains(&"T".to_owned()));
    assert_eq!(desk.status().state, ConnectionState::Authenticated);
    assert_eq!(desk.status().level, Some(1));
}

#[test]
fn what_the_server_merged_in_arrives_without_undoing_what_was_typed_meanwhile() {
    let mut desk = signed_in();
    let id = desk.create("T", "one\ntwo\n");
    confirm(&mut desk, id, "one\ntwo\n");
    let session = desk.open(id).body.session;
    sent(&mut desk);
    desk.call(typed(&session, 0, 0, 0, "A"));
    assert_eq!(sent(&mut desk)[0]["changes"]["content"], json!("Aone\ntwo\n"));
    desk.call(typed(&session, 1, 1, 1, "B"));
    assert!(sent(&mut desk).is_empty(), "one request of a note at a time");
    confirm(&mut desk, id, "Aone\ntwo\nthree from elsewhere\n");
    assert_eq!(desk.body(id), "ABone\ntwo\nthree from elsewhere\n");
    let next = sent(&mut desk);
    assert_eq!(next[0]["changes"]["content"], json!("ABone\ntwo\nthree from elsewhere\n"));
}

#[test]
fn news_of_another_session_change_the_text_and_are_told() {
    let mut desk = signed_in();
    let id = desk.create("T", "one\n");
    confirm(&mut desk, id, "one\n");
    sent(&mut desk);
    desk.events.clear();
    let note = server_note(id, "one\ntwo\n");
    hear(
        &mut desk,
        &json!({"type": "note_sync", "noteId": id, "changes": {"content": "one\ntwo\n"}, "updatedNote": note,
            "timestamp": 8, "fromUserId": "user_1"}),
    );
    assert_eq!(desk.body(id), "one\ntwo\n");
    assert!(desk.events.iter().any(|event| matches!(event, Event::NoteSynced(change) if change.note_id == id)));
    assert!(sent(&mut desk).iter().all(|message| message["type"] != "note_update"), "no device answers an echo");
}

#[test]
fn notes_made_and_deleted_elsewhere_come_and_go() {
    let mut desk = signed_in();
    let id = NoteId::from_bytes([9; 16]);
    let note = server_note(id, "from elsewhere");
    hear(&mut desk, &json!({"type": "note_created_sync", "noteData": note, "timestamp": 8, "fromUserId": "user_1"}));
    assert_eq!(desk.body(id), "from elsewhere");
    assert!(desk.events.iter().any(|event| matches!(event, Event::NoteCreated(_))));
    hear(&mut desk, &json!({"type": "note_deleted_sync", "noteId": id, "timestamp": 9, "fromUserId": "user_1"}));
    assert_eq!(desk.rows(ListView::Trash), ["T"]);
}

#[test]
fn edits_made_offline_survive_a_crash_and_a_server_that_moved_on() {
    let mut desk = signed_in();
    let id = desk.create("T", "one\n");
    confirm(&mut desk, id, "one\n");
    desk.give(Input::Closed { code: None, reason: "gone".into() });
    let session = desk.open(id).body.session;
    desk.call(typed(&session, 0, 4, 4, "mine\n"));
    let mut desk = desk.crash();
    connect(&mut desk);
    let note = server_note(id, "zero\none\n");
    hear(&mut desk, &json!({"type": "note_joined", "noteId": id, "message": "ok", "note": note}));
    assert_eq!(desk.body(id), "zero\none\nmine\n");
}
