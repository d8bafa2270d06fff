//! Level 1: whole fields, merged so that they destroy nobody's text; and what each level sees of the other.

use serde_json::{Value, json};
use stet_model::document::{NoteDocument, NoteEdit, Version};
use stet_model::id::PeerId;

use crate::stage::{Client, Server, bytes_of, uuid};

async fn create(client: &mut Client, note: u8, title: &str, content: &str) {
    client
        .send(json!({"type": "note_created", "noteData": {"id": uuid(note), "title": title, "content": content}}))
        .await;
}

pub async fn update(client: &mut Client, note: u8, changes: Value) -> Value {
    client.send(json!({"type": "note_update", "noteId": uuid(note), "changes": changes})).await;
    client.expect("note_update_success").await["updatedNote"].clone()
}

pub async fn join(client: &mut Client, note: u8) -> Value {
    client.send(json!({"type": "join_note", "noteId": uuid(note)})).await;
    client.expect("note_joined").await["note"].clone()
}

#[tokio::test]
async fn a_note_made_on_one_socket_is_told_to_the_others_and_lasts() {
    let server = Server::start().await;
    let mut a = server.level1("maria").await;
    let mut b = server.level1("maria").await;
    create(&mut a, 1, "Title", "Text").await;
    let told = b.expect("note_created_sync").await;
    assert_eq!((&told["noteData"]["title"], &told["noteData"]["content"]), (&json!("Title"), &json!("Text")));
    assert_eq!(told["fromUserId"], a.agreed["userId"]);
    a.quiet().await;
    let server = server.restart().await;
    let mut c = server.level1("maria").await;
    assert_eq!(join(&mut c, 1).await["content"], "Text");
}

#[tokio::test]
async fn an_update_is_answered_to_its_sender_and_told_to_the_others_with_the_same_values() {
    let server = Server::start().await;
    let mut a = server.level1("maria").await;
    let mut b = server.level1("maria").await;
    create(&mut a, 1, "Title", "Text").await;
    b.expect("note_created_sync").await;
    let updated = update(&mut a, 1, json!({"content": "Text and more", "starred": true, "tags": ["x", "y"]})).await;
    assert_eq!(
        (&updated["content"], &updated["starred"], &updated["tags"]),
        (&json!("Text and more"), &json!(true), &json!(["x", "y"]))
    );
    let told = b.expect("note_sync").await;
    assert_eq!(told["updatedNote"], updated);
    for (field, value) in told["changes"].as_object().unwrap() {
        assert_eq!(*value, updated[field], "{field}");
    }
    assert_eq!(told["changes"].as_object().unwrap().len(), 3);
    // Nothing new: answered, and nobody is told.
    assert_eq!(update(&mut a, 1, json!({"starred": true})).await["starred"], true);
    b.quiet().await;
}

#[tokio::test]
async fn whole_texts_that_crossed_on_the_wire_are_merged() {
    let server = Server::start().await;
    let mut a = server.level1("maria").await;
    let mut b = server.level1("maria").await;
    create(&mut a, 1, "T", "one\n\ntwo\n\nthree\n").await;
    b.expect("note_created_sync").await;
    update(&mut a, 1, json!({"content": "one by A\n\ntwo\n\nthree\n"})).await;
    // B hasn't looked at what A did: its text was made from the first version.
    let crossed = json!({"content": "one\n\ntwo\n\nthree by B\n"});
    b.send(json!({"type": "note_update", "noteId": uuid(1), "changes": crossed})).await;
    b.expect("note_sync").await;
    let merged = b.expect("note_update_success").await["updatedNote"].clone();
    assert_eq!(merged["content"], "one by A\n\ntwo\n\nthree by B\n");
    assert_eq!(a.expect("note_sync").await["changes"]["content"], "one by A\n\ntwo\n\nthree by B\n");
}

/// The text doesn't tell whether its writer had the tag that somebody gave at the same time: what it says of its tags does.
#[tokio::test]
async fn a_tag_that_crossed_with_a_text_stays_whether_the_writer_says_its_own_tags_with_it_or_after_it() {
    for together in [true, false] {
        let server = Server::start().await;
        let mut a = server.level1("maria").await;
        let mut b = server.level1("maria").await;
        create(&mut a, 1, "T", "one\ntwo\n").await;
        b.expect("note_created_sync").await;
        update(&mut a, 1, json!({"tags": ["of A"]})).await;
        // B hasn't looked at what A did.
        b.expect("note_sync").await;
        let tags = if together {
            let both = json!({"content": "one\n", "tags": ["of B"]});
            update(&mut b, 1, both).await["tags"].clone()
        } else {
            update(&mut b, 1, json!({"content": "one\n"})).await;
            update(&mut b, 1, json!({"tags": ["of B"]})).await["tags"].clone()
        };
        assert_eq!(tags, json!(["of A", "of B"]), "with the text: {together}");
    }
}

#[tokio::test]
async fn a_writer_can_go_back_to_an_earlier_text_of_its_own() {
    let server = Server::start().await;
    let mut a = server.level1("maria").await;
    create(&mut a, 1, "T", "a").await;
    for text in ["ab", "a", "ab", "abc", "a", ""] {
        assert_eq!(update(&mut a, 1, json!({"content": text})).await["content"], text);
    }
}

#[tokio::test]
async fn an_update_sent_again_on_a_new_socket_changes_nothing() {
    let server = Server::start().await;
    let mut a = server.level1("maria").await;
    let mut b = server.level1("maria").await;
    create(&mut a, 1, "T", "one\n").await;
    b.expect("note_created_sync").await;
    update(&mut a, 1, json!({"content": "one\nmine\n"})).await;
    b.expect("note_sync").await;
    update(&mut b, 1, json!({"content": "one\nmine\nyours\n"})).await;
    let mut again = server.level1("maria").await;
    let answer = update(&mut again, 1, json!({"content": "one\nmine\n"})).await;
    assert_eq!(answer["content"], "one\nmine\nyours\n");
}

#[tokio::test]
async fn a_deleted_note_is_in_the_trash_for_all_and_comes_back_by_an_edit() {
    let server = Server::start().await;
    let mut a = server.level1("maria").await;
    let mut b = server.level1("maria").await;
    create(&mut a, 1, "T", "text").await;
    b.expect("note_created_sync").await;
    a.send(json!({"type": "note_deleted", "noteId": uuid(1)})).await;
    assert_eq!(b.expect("note_deleted_sync").await["noteId"], uuid(1));
    assert_eq!(join(&mut b, 1).await["deleted"], true);
    assert_eq!(update(&mut b, 1, json!({"deleted": false})).await["deleted"], false);
}

#[tokio::test]
async fn a_second_created_is_an_update_of_all_its_fields() {
    let server = Server::start().await;
    let mut a = server.level1("maria").await;
    let mut b = server.level1("maria").await;
    create(&mut a, 1, "T", "text").await;
    b.expect("note_created_sync").await;
    a.send(json!({"type": "note_created", "noteId": uuid(1), "noteData": {"title": "New", "content": "text"}})).await;
    assert_eq!(b.expect("note_sync").await["updatedNote"]["title"], "New");
}

#[tokio::test]
async fn folders_are_told_to_the_others_and_to_level_2() {
    let server = Server::start().await;
    let mut a = server.level1("maria").await;
    let mut b = server.level1("maria").await;
    let mut deltas = server.level2("maria", 1).await;
    deltas.sync(0).await;
    a.send(json!({"type": "folder_created", "folderId": uuid(50), "folderData": {"name": "Work", "color": "#aa0000"}}))
        .await;
    let told = b.expect("folder_created_sync").await;
    assert_eq!((&told["folderData"]["name"], &told["folderData"]["color"]), (&json!("Work"), &json!("#aa0000")));
    let row = deltas.expect("note_sync").await;
    assert_eq!(row["noteId"], deltas.space());
    a.send(json!({"type": "folder_updated", "folderId": uuid(50), "changes": {"name": "Home"}})).await;
    assert_eq!(b.expect("folder_updated_sync").await["changes"], json!({"name": "Home"}));
    a.send(json!({"type": "folder_deleted", "folderId": uuid(50)})).await;
    assert_eq!(b.expect("folder_deleted_sync").await["folderId"], uuid(50));
    a.send(json!({"type": "folder_updated", "folderId": uuid(51), "changes": {"name": "x"}})).await;
    a.refused("not-found").await;
}

#[tokio::test]
async fn level_2_deltas_reach_level_1_as_merged_values_and_back() {
    let server = Server::start().await;
    let mut fields = server.level1("maria").await;
    let mut deltas = server.level2("maria", 1).await;
    deltas.sync(0).await;
    let mut note = NoteDocument::new(PeerId(7));
    note.edit(&NoteEdit::SetTitle("From level 2".to_owned()), 1).unwrap();
    deltas.ops("u1", 1, 0, note.export(&Version::new())).await;
    let told = fields.expect("note_created_sync").await;
    assert_eq!(told["noteData"]["title"], "From level 2");

    let before = note.head();
    note.edit(&NoteEdit::SetBody("body".to_owned()), 2).unwrap();
    deltas.ops("u2", 1, 1, note.export(&before)).await;
    let told = fields.expect("note_sync").await;
    assert_eq!(told["changes"], json!({"content": "body"}));
    assert_eq!(told["updatedNote"]["content"], "body");

    let updated = update(&mut fields, 1, json!({"content": "body and more"})).await;
    assert_eq!(updated["title"], "From level 2");
    let row = deltas.expect("note_sync").await;
    assert!(row.get("fromDeviceId").is_none_or(Value::is_null));
    note.import(&[&bytes_of(&row["ops"][0])]).unwrap();
    assert_eq!(note.body(), "body and more");

    let purge = json!({"type": "note_purge", "id": "p", "spaceId": deltas.space(), "noteId": uuid(1), "after": 3});
    deltas.send(purge).await;
    assert_eq!(fields.expect("note_deleted_sync").await["noteId"], uuid(1));
    fields.send(json!({"type": "note_update", "noteId": uuid(1), "changes": {"title": "x"}})).await;
    fields.refused("deleted").await;
}

#[tokio::test]
async fn many_rows_of_a_note_become_few() {
    let server = Server::start().await;
    let mut deltas = server.level2("maria", 1).await;
    let mut note = NoteDocument::new(PeerId(7));
    let mut after = 0;
    for count in 0..500_u32 {
        let before = note.head();
        let end = stet_model::text::utf16_length(&note.body());
        let typed = stet_model::text::TextChange::new(end, end, format!("{count} "));
        note.edit(&NoteEdit::Body(vec![typed]), i64::from(count)).unwrap();
        deltas.ops(&format!("u{count}"), 1, after, note.export(&before)).await;
        after = u64::from(count) + 1;
    }
    // Folding is done beside everything else: it is there when it is there.
    let rows = loop {
        let (rows, complete) = deltas.sync(0).await;
        assert_eq!(complete["seq"], 500);
        if rows.len() < 500 {
            break rows;
        }
    };
    assert_eq!(rows.len(), 1);
    let mut read = NoteDocument::new(PeerId(8));
    read.import(&[&bytes_of(&rows[0]["ops"][0])]).unwrap();
    assert_eq!(read.body(), note.body());
}
