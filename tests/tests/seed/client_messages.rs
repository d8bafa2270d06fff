//! Every message of the page's two lists, and those its server knew beside them, seen from a client.

use serde_json::{Value, json};

use super::{Room, create, id, join, update};

const FIELDS: [&str; 12] = [
    "id",
    "userId",
    "folderId",
    "title",
    "content",
    "starred",
    "archived",
    "deleted",
    "hidden",
    "tags",
    "createdAt",
    "updatedAt",
];

fn assert_note(note: &Value) {
    for field in FIELDS {
        assert!(note.get(field).is_some(), "{field} is missing in {note}");
    }
}

#[tokio::test]
async fn note_created_comes_to_the_others_as_note_created_sync_with_the_full_note() {
    let room = Room::open("created").await;
    let (mut one, mut other, user) = room.two_sessions("maria").await;
    let note = id(1);
    let data = json!({ "id": note, "title": "New Note", "content": "text", "starred": true, "tags": ["paper"] });
    one.send(json!({ "type": "note_created", "noteData": data })).await;

    let sync = other.expect("note_created_sync").await;
    assert_eq!(sync["fromUserId"], json!(user));
    assert!(sync["timestamp"].is_number(), "{sync}");
    let made = &sync["noteData"];
    assert_note(made);
    for field in ["id", "title", "content", "starred", "tags"] {
        assert_eq!(made[field], data[field], "{field} in {made}");
    }
    one.expect_nothing_more().await;
    assert_eq!(join(&mut one, &note).await["title"], "New Note", "a made note is kept");
}

#[tokio::test]
async fn note_created_is_also_taken_with_its_id_at_the_top() {
    let room = Room::open("created-top").await;
    let (mut one, mut other, _) = room.two_sessions("maria").await;
    one.send(json!({ "type": "note_created", "noteId": id(1), "noteData": { "title": "Top" } })).await;
    assert_eq!(other.expect("note_created_sync").await["noteData"]["id"], json!(id(1)));
}

#[tokio::test]
async fn a_second_note_created_for_a_known_id_is_an_update_of_its_fields() {
    let room = Room::open("created-twice").await;
    let (mut one, mut other, _) = room.two_sessions("maria").await;
    let note = id(1);
    create(&mut one, &mut other, json!({ "id": note, "title": "Boards", "content": "Two." })).await;
    one.send(json!({ "type": "note_created", "noteData": { "id": note, "title": "Boards, cut" } })).await;
    let sync = other.expect("note_sync").await;
    assert_eq!(sync["updatedNote"]["title"], "Boards, cut");
    assert_eq!(sync["updatedNote"]["content"], "Two.", "a field that isn't said stays");
}

#[tokio::test]
async fn note_deleted_comes_to_the_others_as_note_deleted_sync_and_puts_the_note_in_the_trash() {
    let room = Room::open("deleted").await;
    let (mut one, mut other, user) = room.two_sessions("maria").await;
    let note = id(1);
    create(&mut one, &mut other, json!({ "id": note, "title": "Old list", "content": "done" })).await;
    one.send(json!({ "type": "note_deleted", "noteId": note })).await;

    let sync = other.expect("note_deleted_sync").await;
    assert_eq!((&sync["noteId"], &sync["fromUserId"]), (&json!(note), &json!(user)));
    assert!(sync["timestamp"].is_number(), "{sync}");
    let state = join(&mut other, &note).await;
    assert_eq!((&state["deleted"], &state["content"]), (&json!(true), &json!("done")), "the text is still there");

    let restored = update(&mut other, &note, json!({ "deleted": false })).await;
    assert_eq!(restored["updatedNote"]["deleted"], json!(false));
}

#[tokio::test]
async fn note_update_takes_every_field_of_a_note() {
    let room = Room::open("fields").await;
    let (mut one, mut other, _) = room.two_sessions("maria").await;
    let (note, folder) = (id(1), id(2));
    create(&mut one, &mut other, json!({ "id": note, "title": "a" })).await;
    let data = json!({ "name": "Bench", "color": "#b3372b", "parentId": null, "sortOrder": 0 });
    one.send(json!({ "type": "folder_created", "folderId": folder, "folderData": data })).await;
    other.expect("folder_created_sync").await;

    let changes = json!({
        "title": "b", "content": "c", "starred": true, "archived": true, "hidden": true,
        "folderId": folder, "tags": ["glue", "paper"],
    });
    let success = update(&mut one, &note, changes.clone()).await;
    assert_note(&success["updatedNote"]);
    let sync = other.expect("note_sync").await;
    for (field, value) in changes.as_object().expect("an object") {
        assert_eq!(&success["updatedNote"][field], value, "{field}");
        assert_eq!(&sync["changes"][field], value, "{field}");
    }
    let success = update(&mut one, &note, json!({ "folderId": null, "tags": ["paper"] })).await;
    assert_eq!(success["updatedNote"]["folderId"], Value::Null);
    assert_eq!(success["updatedNote"]["tags"], json!(["paper"]));
}

#[tokio::test]
async fn folder_created_updated_and_deleted_come_to_the_others_with_sync() {
    let room = Room::open("folders").await;
    let (mut one, mut other, user) = room.two_sessions("maria").await;
    let folder = id(1);
    let data = json!({ "id": folder, "name": "Paper", "color": null, "parentId": null, "sortOrder": 0 });
    one.send(json!({ "type": "folder_created", "folderId": folder, "folderData": data })).await;
    let sync = other.expect("folder_created_sync").await;
    assert_eq!((&sync["folderId"], &sync["fromUserId"]), (&json!(folder), &json!(user)));
    assert_eq!(sync["folderData"]["name"], "Paper");

    let changes = json!({ "name": "Papers" });
    one.send(json!({ "type": "folder_updated", "folderId": folder, "changes": changes })).await;
    let sync = other.expect("folder_updated_sync").await;
    assert_eq!((&sync["folderId"], &sync["changes"]["name"]), (&json!(folder), &json!("Papers")));

    one.send(json!({ "type": "folder_deleted", "folderId": folder })).await;
    assert_eq!(other.expect("folder_deleted_sync").await["folderId"], json!(folder));
    one.expect_nothing_more().await;
}

#[tokio::test]
async fn ping_is_answered_with_pong_and_the_time() {
    let room = Room::open("ping").await;
    let (mut socket, _) = room.sign_in("maria").await;
    socket.send(json!({ "type": "ping" })).await;
    let pong = socket.expect("pong").await;
    assert!(pong["timestamp"].as_i64().is_some_and(|at| at > 1_600_000_000_000), "milliseconds: {pong}");
}

#[tokio::test]
async fn users_hear_nothing_of_each_other_and_another_users_note_is_answered_like_one_that_never_was() {
    let room = Room::open("isolation").await;
    let (mut maria, maria_id) = room.sign_in("maria").await;
    let (mut jonas, jonas_id) = room.sign_in("jonas").await;
    assert_ne!(maria_id, jonas_id);
    let note = id(1);
    maria.send(json!({ "type": "note_created", "noteData": { "id": note, "title": "Mine" } })).await;
    update(&mut maria, &note, json!({ "content": "nobody else's" })).await;

    let ask = async |socket: &mut stet_tests::scripted::PlainSocket, note: String| {
        socket.send(json!({ "type": "join_note", "noteId": note })).await;
        let mut answer = socket.expect("error").await;
        assert_eq!(answer["noteId"], json!(note));
        answer["noteId"] = Value::Null;
        answer
    };
    let foreign = ask(&mut jonas, note.clone()).await;
    let unknown = ask(&mut jonas, id(99)).await;
    assert_eq!(foreign, unknown);
    assert_eq!(foreign["code"], "not-found");

    // The same id in two users' spaces is two notes.
    jonas.send(json!({ "type": "note_created", "noteData": { "id": note, "title": "Also mine" } })).await;
    assert_eq!(join(&mut jonas, &note).await["title"], "Also mine");
    assert_eq!(join(&mut maria, &note).await["title"], "Mine");
    maria.expect_nothing_more().await;
    jonas.expect_nothing_more().await;
}
