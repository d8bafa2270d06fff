//! Every message of the page's two lists, seen from a server that follows the page: what the engine sends, and what it
//! does with what it is told.

use serde_json::{Value, json};
use stet_client::api::Event;
use stet_client::api::command::{RestoreNote, TrashNote};
use stet_client::api::note::{NoteChange, View};
use stet_model::id::NoteId;
use stet_tests::scripted::PlainSocket;
use stet_tests::wait::{eventually, holds, same};

use super::id;
use super::level1_server::{Engine, USER, confirm, note, settle};

async fn signed_in(name: &str) -> (Engine, PlainSocket) {
    let engine = Engine::start(name).await;
    let socket = engine.signed_in().await;
    (engine, socket)
}

fn note_id(text: &str) -> NoteId {
    text.parse().expect("a UUID")
}

async fn tell_created(socket: &mut PlainSocket, id: &str, fields: Value) {
    let message = json!({
        "type": "note_created_sync", "noteData": note(id, &fields), "timestamp": 1_700_000_000_001_i64,
        "fromUserId": USER,
    });
    socket.send(message).await;
}

async fn tell_update(socket: &mut PlainSocket, id: &str, changes: Value, whole: Value) {
    let message = json!({
        "type": "note_sync", "noteId": id, "changes": changes, "updatedNote": note(id, &whole),
        "timestamp": 1_700_000_000_002_i64, "fromUserId": USER,
    });
    socket.send(message).await;
}

#[tokio::test]
async fn a_new_note_is_told_by_note_created_and_confirmed_by_the_note_update_that_follows() {
    let (engine, mut socket) = signed_in("created").await;
    let made = engine.device.create("New Note", "text").await;
    let created = socket.expect("note_created").await;
    assert_eq!(created["noteData"]["id"], json!(made.to_string()));
    assert_eq!(created["noteData"]["title"], "New Note");
    let update = socket.expect("note_update").await;
    assert_eq!(update["noteId"], json!(made.to_string()));
    assert_eq!((&update["changes"]["title"], &update["changes"]["content"]), (&json!("New Note"), &json!("text")));
    assert_eq!(engine.device.status().await.unsent, 1, "the page's server doesn't answer note_created");
    confirm(&mut socket, &update).await;
    engine.device.until("sent", |status| status.unsent == 0).await;
}

#[tokio::test]
async fn one_note_update_is_in_flight_per_note_and_the_next_holds_what_was_typed_meanwhile() {
    let (engine, mut socket) = signed_in("in-flight").await;
    let made = engine.device.create("", "a").await;
    settle(&mut socket, &engine.device).await;
    engine.device.append(made, "b").await;
    let first = socket.expect("note_update").await;
    engine.device.append(made, "c").await;
    engine.device.append(made, "d").await;
    confirm(&mut socket, &first).await;
    let second = socket.expect("note_update").await;
    assert_eq!((&first["changes"]["content"], &second["changes"]["content"]), (&json!("ab"), &json!("abcd")));
}

#[tokio::test]
async fn fields_are_sent_in_changes_by_the_pages_names() {
    let (engine, mut socket) = signed_in("fields").await;
    let made = engine.device.create("", "").await;
    settle(&mut socket, &engine.device).await;
    let changes = [
        (NoteChange::Starred { value: true }, "starred", json!(true)),
        (NoteChange::Archived { value: true }, "archived", json!(true)),
        (NoteChange::AddTag { tag: "paper".to_owned() }, "tags", json!(["paper"])),
        (NoteChange::Title { text: "Named".to_owned() }, "title", json!("Named")),
    ];
    let mut whole = json!({});
    for (change, field, value) in changes {
        engine.device.change(made, change).await;
        let update = socket.expect("note_update").await;
        assert_eq!(update["changes"][field], value, "{update}");
        whole[field] = value;
        for (field, value) in update["changes"].as_object().into_iter().flatten() {
            whole[field] = value.clone();
        }
        let answer = json!({ "noteId": update["noteId"], "changes": whole });
        confirm(&mut socket, &answer).await;
        engine.device.until("sent", |status| status.unsent == 0).await;
    }
}

#[tokio::test]
async fn a_note_put_in_the_trash_is_told_by_note_deleted() {
    let (engine, mut socket) = signed_in("deleted").await;
    let made = engine.device.create("Old", "").await;
    settle(&mut socket, &engine.device).await;
    engine.device.call(TrashNote { note_id: made }).await;
    let deleted = socket.skip_to("note_deleted").await;
    assert_eq!(deleted["noteId"], json!(made.to_string()));
    let update = socket.expect("note_update").await;
    assert_eq!(update["changes"]["deleted"], json!(true));
    confirm(&mut socket, &json!({ "noteId": update["noteId"], "changes": { "title": "Old", "deleted": true } })).await;
    engine.device.until("sent", |status| status.unsent == 0).await;

    engine.device.call(RestoreNote { note_id: made }).await;
    assert_eq!(socket.skip_to("note_update").await["changes"]["deleted"], json!(false));
}

#[tokio::test]
async fn note_created_sync_brings_a_note_and_raises_note_created() {
    let (engine, mut socket) = signed_in("created-sync").await;
    let made = note_id(&id(1));
    tell_created(&mut socket, &id(1), json!({ "title": "From afar", "content": "hello", "tags": ["paper"] })).await;
    engine
        .device
        .hears("note_created", |event| matches!(event, Event::NoteCreated(news) if news.note_id == made))
        .await;
    let row = engine.device.row(made).await.expect("the note is here");
    assert_eq!((row.title.as_str(), row.tags.as_slice()), ("From afar", ["paper".to_owned()].as_slice()));
    engine.device.sees_body(made, "hello").await;
    assert_eq!(engine.device.status().await.unsent, 0, "what came isn't sent back");
}

#[tokio::test]
async fn note_sync_changes_the_text_and_raises_note_synced() {
    let (engine, mut socket) = signed_in("sync").await;
    let made = note_id(&id(1));
    tell_created(&mut socket, &id(1), json!({ "title": "T", "content": "one\n\ntwo" })).await;
    engine.device.sees_body(made, "one\n\ntwo").await;
    let now = json!({ "title": "T", "content": "one\n\ntwo and more" });
    tell_update(&mut socket, &id(1), json!({ "content": "one\n\ntwo and more" }), now).await;
    engine.device.sees_body(made, "one\n\ntwo and more").await;
    let synced =
        |event: &Event| matches!(event, Event::NoteSynced(news) if news.note_id == made && news.paragraph == Some(2));
    engine.device.hears("note_synced in the second paragraph", synced).await;
}

#[tokio::test]
async fn a_note_sync_that_crosses_ones_own_edit_keeps_both_texts() {
    let (engine, mut socket) = signed_in("crossing").await;
    let made = note_id(&id(1));
    tell_created(&mut socket, &id(1), json!({ "content": "middle\n" })).await;
    engine.device.sees_body(made, "middle\n").await;
    engine.device.append(made, "end\n").await;
    let update = socket.skip_to("note_update").await;
    assert_eq!(update["changes"]["content"], "middle\nend\n");
    tell_update(&mut socket, &id(1), json!({ "content": "begin\nmiddle\n" }), json!({ "content": "begin\nmiddle\n" }))
        .await;
    engine.device.sees_body(made, "begin\nmiddle\nend\n").await;
    // The page's server lets the last writer win: its answer lacks the other's text, which the engine then sends.
    confirm(&mut socket, &update).await;
    let repaired = socket.skip_to("note_update").await;
    assert_eq!(repaired["changes"]["content"], "begin\nmiddle\nend\n");
    confirm(&mut socket, &repaired).await;
    engine.device.until("sent", |status| status.unsent == 0).await;
    engine.device.sees_body(made, "begin\nmiddle\nend\n").await;
}

#[tokio::test]
async fn note_deleted_sync_puts_the_note_in_the_trash_and_raises_note_deleted() {
    let (engine, mut socket) = signed_in("deleted-sync").await;
    let made = note_id(&id(1));
    tell_created(&mut socket, &id(1), json!({ "title": "Gone soon", "content": "still readable" })).await;
    engine.device.sees_body(made, "still readable").await;
    let message = json!({
        "type": "note_deleted_sync", "noteId": id(1), "timestamp": 1_700_000_000_003_i64, "fromUserId": USER,
    });
    socket.send(message).await;
    let deleted = |event: &Event| matches!(event, Event::NoteDeleted(news) if news.note_id == made && !news.purged);
    engine.device.hears("note_deleted", deleted).await;
    eventually("the note in the trash", async || {
        let trash = engine.device.rows(View::Trash).await;
        same(&trash.iter().map(|row| row.id).collect::<Vec<_>>(), &vec![made])
    })
    .await;
    engine.device.sees_body(made, "still readable").await;
}

#[tokio::test]
async fn a_folder_of_the_pages_server_is_taken_over() {
    let (engine, mut socket) = signed_in("folder").await;
    let data = json!({ "id": id(5), "name": "Bench", "color": null, "parentId": null, "sortOrder": 0 });
    let message = json!({
        "type": "folder_created_sync", "folderId": id(5), "folderData": data, "timestamp": 1, "fromUserId": USER,
    });
    socket.send(message).await;
    eventually("the folder in the sidebar", async || {
        let folders = engine.device.start_view().await.sidebar.folders;
        holds(folders.iter().any(|folder| folder.name == "Bench"), folders)
    })
    .await;
}

#[tokio::test]
async fn authenticated_is_an_event_with_the_user_id() {
    let (engine, _socket) = signed_in("event").await;
    engine
        .device
        .hears("authenticated", |event| matches!(event, Event::Authenticated(who) if who.user_id.0 == USER))
        .await;
}
