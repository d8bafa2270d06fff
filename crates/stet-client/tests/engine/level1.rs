//! The engine against a level-1 server: whole fields go out, foreign texts come in, nothing is lost on the way.

use serde_json::{Value, json};
use stet_client::api::Event;
use stet_client::api::command::{ChangeNote, CreateFolder, DeleteFolder, PurgeNote, RenameFolder, TrashNote};
use stet_client::api::note::NoteChange;
use stet_client::api::status::ConnectionState;
use stet_client::engine::Input;
use stet_model::id::{FolderId, NoteId};
use stet_protocol::codec::Frame;
use stet_store::ListView;

use crate::desk::{Desk, typed};

pub fn hear(desk: &mut Desk, message: &Value) {
    desk.give(Input::Frame(Frame::Text(message.to_string())));
}

pub fn sent(desk: &mut Desk) -> Vec<Value> {
    let read = |frame: Frame| match frame {
        Frame::Text(text) => serde_json::from_str(&text).expect("level 1 is JSON"),
        Frame::Binary(_) => panic!("level 1 is text"),
    };
    desk.sent.drain(..).map(read).collect()
}

pub fn signed_in() -> Desk {
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

pub fn confirm(desk: &mut Desk, id: NoteId, content: &str) {
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
fn of_a_note_that_is_there_only_what_was_changed_is_sent() {
    let mut desk = signed_in();
    let id = desk.create("T", "one\n");
    confirm(&mut desk, id, "one\n");
    sent(&mut desk);
    desk.call(ChangeNote { note_id: id, change: NoteChange::Starred { value: true } });
    assert_eq!(sent(&mut desk)[0]["changes"], json!({"starred": true}));
    confirm(&mut desk, id, "one\n");
    sent(&mut desk);
    desk.call(TrashNote { note_id: id });
    let messages = sent(&mut desk);
    assert_eq!(kinds(&messages), ["note_deleted", "note_update"]);
    assert_eq!(messages[1]["changes"]["content"], Value::Null);
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
fn lists_are_read_again_when_what_came_is_in_them() {
    let mut desk = signed_in();
    let id = desk.create("T", "one\n");
    confirm(&mut desk, id, "one\n");
    desk.wait(3_000);
    desk.slow_disk = true;
    desk.events.clear();
    hear(&mut desk, &json!({"type": "note_deleted_sync", "noteId": id, "timestamp": 9, "fromUserId": "user_1"}));
    let told = |desk: &Desk| desk.events.iter().any(|event| matches!(event, Event::NotesChanged(it) if it.lists));
    while !desk.jobs.is_empty() {
        assert!(!told(&desk), "what is read now is what was");
        desk.disk();
    }
    desk.wait(200);
    assert!(told(&desk));
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

#[test]
fn the_heartbeat_is_the_websockets_own_since_not_every_server_knows_the_message() {
    let mut desk = settled();
    desk.wait(31_000);
    assert_eq!((desk.pings, sent(&mut desk).len()), (1, 0));
    desk.give(Input::Alive);
    desk.wait(31_000);
    assert_eq!(desk.pings, 2);
    assert_eq!(desk.status().state, ConnectionState::Authenticated);
    desk.wait(11_000);
    assert_eq!(desk.status().state, ConnectionState::Reconnecting, "nobody answered the second");
}

#[test]
fn a_server_that_knows_neither_folders_nor_ping_is_not_taken_for_dead() {
    let mut desk = settled();
    desk.call(CreateFolder { name: "Here only".into(), parent_id: None });
    desk.wait(10_000);
    desk.give(Input::Alive);
    desk.wait(25_000);
    assert_eq!(desk.status().state, ConnectionState::Authenticated);
    assert_eq!(desk.status().unsent, 0);
}

#[test]
fn on_a_dead_line_a_folder_waits_for_the_next_one() {
    let mut desk = settled();
    desk.call(CreateFolder { name: "Waiting".into(), parent_id: None });
    desk.wait(45_000);
    assert_ne!(desk.status().state, ConnectionState::Authenticated);
    assert_eq!(desk.status().unsent, 1);
}

#[test]
fn a_note_removed_for_good_waits_for_nobody() {
    let mut desk = settled();
    let id = desk.create("T", "one");
    confirm(&mut desk, id, "one");
    desk.call(TrashNote { note_id: id });
    desk.call(PurgeNote { note_id: id });
    assert_eq!(desk.status().unsent, 0, "level 1 can't say it");
    assert!(desk.rows(ListView::Trash).is_empty());
}

/// Signed in, and the server has everything there is.
fn settled() -> Desk {
    let mut desk = signed_in();
    for message in sent(&mut desk) {
        if message["type"] == "note_update" {
            let id = message["noteId"].as_str().and_then(|id| id.parse().ok()).expect("an id");
            confirm(&mut desk, id, message["changes"]["content"].as_str().expect("a text"));
        }
    }
    sent(&mut desk);
    desk
}

fn pong(desk: &mut Desk) {
    hear(desk, &json!({"type": "pong", "timestamp": 9}));
}

fn kinds(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["type"].as_str().unwrap_or_default()).collect()
}

fn folders(desk: &Desk) -> Vec<String> {
    let sidebar = desk.reader.sidebar(desk.engine.space()).expect("reads");
    sidebar.folders.into_iter().map(|(folder, _)| folder.name).collect()
}

#[test]
fn folders_go_out_one_by_one_and_count_as_unsent_until_the_server_has_handled_the_last() {
    let mut desk = settled();
    let before = desk.status().unsent;
    let outer = desk.call(CreateFolder { name: "Outer".into(), parent_id: None }).folder_id;
    let first = sent(&mut desk);
    assert_eq!(kinds(&first), ["folder_created", "ping"], "nothing answers a folder, but what is sent after it is");
    assert_eq!((&first[0]["folderId"], &first[0]["folderData"]["name"]), (&json!(outer), &json!("Outer")));
    let inner = desk.call(CreateFolder { name: "Inner".into(), parent_id: Some(outer) }).folder_id;
    desk.call(RenameFolder { folder_id: outer, name: "Around".into() });
    assert!(sent(&mut desk).is_empty(), "one at a time");
    assert_eq!(desk.status().unsent, before + 1);
    pong(&mut desk);
    let second = sent(&mut desk);
    assert_eq!(kinds(&second), ["folder_updated", "ping"]);
    assert_eq!(second[0]["changes"], json!({"name": "Around"}));
    pong(&mut desk);
    let third = sent(&mut desk);
    assert_eq!((&third[0]["type"], &third[0]["folderId"]), (&json!("folder_created"), &json!(inner)));
    assert_eq!(third[0]["folderData"]["parentId"], json!(outer));
    pong(&mut desk);
    desk.call(DeleteFolder { folder_id: outer });
    let moved = sent(&mut desk);
    assert_eq!(moved[0]["changes"]["parentId"], Value::Null, "what is in a folder moves out of it first");
    pong(&mut desk);
    assert_eq!(sent(&mut desk)[0], json!({"type": "folder_deleted", "folderId": outer}));
    pong(&mut desk);
    assert!(sent(&mut desk).is_empty());
    assert_eq!(desk.status().unsent, before);
    let mut desk = desk.crash();
    connect(&mut desk);
    assert!(!kinds(&sent(&mut desk)).iter().any(|kind| kind.starts_with("folder")), "the server has them");
    assert_eq!(desk.status().unsent, before);
}

#[test]
fn folders_made_offline_go_out_when_the_server_is_back_and_again_if_nothing_confirmed_them() {
    let mut desk = settled();
    desk.give(Input::Closed { code: None, reason: "gone".into() });
    let folder = desk.call(CreateFolder { name: "Offline".into(), parent_id: None }).folder_id;
    sent(&mut desk);
    for _ in 0..2 {
        desk = desk.crash();
        connect(&mut desk);
        let messages = sent(&mut desk);
        let created = messages.iter().find(|message| message["type"] == "folder_created");
        assert_eq!(created.expect("it is unsent")["folderId"], json!(folder));
    }
}

#[test]
fn folders_of_others_come_in_and_are_not_sent_back() {
    let mut desk = settled();
    let id = FolderId::from_bytes([5; 16]);
    let data = json!({"id": id, "name": "Theirs", "color": null, "parentId": null, "sortOrder": 0});
    hear(
        &mut desk,
        &json!({"type": "folder_created_sync", "folderId": id, "folderData": data, "timestamp": 8, "fromUserId": "user_1"}),
    );
    assert_eq!(folders(&desk), ["Theirs"]);
    hear(
        &mut desk,
        &json!({"type": "folder_updated_sync", "folderId": id, "changes": {"name": "Still theirs"}, "timestamp": 8,
            "fromUserId": "user_1"}),
    );
    assert_eq!(folders(&desk), ["Still theirs"]);
    assert!(sent(&mut desk).is_empty());
    let mine = desk.call(CreateFolder { name: "Mine".into(), parent_id: Some(id) }).folder_id;
    let out = sent(&mut desk);
    assert_eq!(kinds(&out), ["folder_created", "ping"], "only what the server lacks");
    assert_eq!(out[0]["folderId"], json!(mine));
    hear(&mut desk, &json!({"type": "folder_deleted_sync", "folderId": id, "timestamp": 9, "fromUserId": "user_1"}));
    assert!(!folders(&desk).contains(&"Still theirs".to_owned()));
    pong(&mut desk);
    let out = sent(&mut desk);
    assert!(!out.iter().any(|message| message["folderId"] == json!(id)), "what is gone there isn't spoken of: {out:?}");
}

#[test]
fn a_server_that_takes_no_folders_is_asked_once_and_nothing_waits_for_them() {
    let mut desk = settled();
    let before = desk.status().unsent;
    desk.call(CreateFolder { name: "Here only".into(), parent_id: None });
    sent(&mut desk);
    hear(&mut desk, &json!({"type": "error", "message": "Unknown message type", "code": "malformed"}));
    pong(&mut desk);
    assert_eq!(desk.status().unsent, before);
    let said = desk.status().error.expect("it is said").message;
    assert!(said.contains("folders") && said.contains("this device"), "{said}");
    desk.call(CreateFolder { name: "Another".into(), parent_id: None });
    assert!(sent(&mut desk).is_empty());
    assert_eq!(folders(&desk), ["Here only", "Another"]);
}
