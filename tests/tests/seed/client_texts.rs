//! What the page's server did wrong: whole fields of two sessions at once. Nobody's text is lost.

use serde_json::{Value, json};
use stet_tests::scripted::PlainSocket;

use super::{Room, create, id, join, update};

/// Sends two updates that cross on the wire, and gives the text both end with.
async fn crossing(one: &mut PlainSocket, other: &mut PlainSocket, note: &str, texts: [&str; 2]) -> String {
    let message = |content: &str| json!({ "type": "note_update", "noteId": note, "changes": { "content": content } });
    one.send(message(texts[0])).await;
    other.send(message(texts[1])).await;
    let first = last_text(one).await;
    let second = last_text(other).await;
    assert_eq!(first, second, "both sessions end with one text");
    first
}

/// The newest text a socket was told after its own update and the other's.
async fn last_text(socket: &mut PlainSocket) -> String {
    let mut newest = (0, String::new());
    for _ in 0..2 {
        let message = socket.next().await;
        let at = message["timestamp"].as_i64().expect("a timestamp");
        let text = message["updatedNote"]["content"].as_str().expect("a text").to_owned();
        if at >= newest.0 {
            newest = (at, text);
        }
    }
    newest.1
}

#[tokio::test]
async fn two_sessions_that_type_at_once_keep_both_texts() {
    let room = Room::open("crossing").await;
    let (mut one, mut other, _) = room.two_sessions("maria").await;
    let note = id(1);
    create(&mut one, &mut other, json!({ "id": note, "title": "Tea", "content": "first\n\nlast\n" })).await;
    let texts = ["first, then more\n\nlast\n", "first\n\nlast, and the end\n"];
    let text = crossing(&mut one, &mut other, &note, texts).await;
    assert_eq!(text, "first, then more\n\nlast, and the end\n");
}

#[tokio::test]
async fn the_paragraph_that_crossed_on_the_wire_is_not_deleted_by_a_late_whole_text() {
    let room = Room::open("late").await;
    let (mut one, mut other, _) = room.two_sessions("maria").await;
    let note = id(1);
    create(&mut one, &mut other, json!({ "id": note, "title": "", "content": "one\n" })).await;
    update(&mut one, &note, json!({ "content": "one\ntwo\n" })).await;
    // The other session hasn't read the news yet: what it sends began with "one".
    let success = update(&mut other, &note, json!({ "content": "zero\none\n" })).await;
    assert_eq!(success["updatedNote"]["content"], "zero\none\ntwo\n");
    let sync = one.expect("note_sync").await;
    assert_eq!(sync["changes"]["content"], "zero\none\ntwo\n", "changes hold the merged value");
}

#[tokio::test]
async fn a_line_taken_out_beside_one_just_typed_is_taken_out_though_the_text_has_been_that_way_before() {
    let room = Room::open("before").await;
    let (mut one, mut other, _) = room.two_sessions("maria").await;
    let note = id(1);
    create(&mut one, &mut other, json!({ "id": note, "title": "", "content": "item 40 é item 40\nend\n" })).await;
    // The text goes elsewhere and comes back.
    update(&mut one, &note, json!({ "content": "item 40 é item 40\nitem 51 字 item 51\nend\n" })).await;
    update(&mut one, &note, json!({ "content": "item 40 é item 40\nend\n" })).await;
    let mut third = room.sign_in("maria").await.0;
    join(&mut third, &note).await;
    let typed = "item 05 é item 05\nitem 40 é item 40\nend\n";
    let success = update(&mut third, &note, json!({ "content": typed })).await;
    assert_eq!(success["updatedNote"]["content"], typed);
    let success = update(&mut third, &note, json!({ "content": "item 05 é item 05\nend\n" })).await;
    assert_eq!(success["updatedNote"]["content"], "item 05 é item 05\nend\n");
}

#[tokio::test]
async fn the_same_text_sent_again_changes_nothing() {
    let room = Room::open("again").await;
    let (mut one, mut other, _) = room.two_sessions("maria").await;
    let note = id(1);
    create(&mut one, &mut other, json!({ "id": note, "title": "", "content": "a" })).await;
    update(&mut one, &note, json!({ "content": "ab" })).await;
    update(&mut other, &note, json!({ "content": "abc" })).await;
    let success = update(&mut one, &note, json!({ "content": "ab" })).await;
    assert_eq!(success["updatedNote"]["content"], "abc", "an update replayed takes nothing back");
}

#[tokio::test]
async fn text_of_every_script_and_line_end_comes_through_unharmed() {
    let room = Room::open("scripts").await;
    let (mut one, mut other, _) = room.two_sessions("maria").await;
    let note = id(1);
    create(&mut one, &mut other, json!({ "id": note, "title": "" })).await;
    let text = "Grüße 👩‍👩‍👧‍👦 and 𝄞\nשלום, مرحبا\n書く\u{0}\u{200d}e\u{301}";
    let success = update(&mut one, &note, json!({ "content": text, "title": "🗒" })).await;
    assert_eq!(success["updatedNote"]["content"], json!(text));
    let success = update(&mut one, &note, json!({ "content": "a\r\nb\rc\n" })).await;
    assert_eq!(success["updatedNote"]["content"], "a\nb\nc\n", "inside a note a line ends one way");
}

#[tokio::test]
async fn tags_of_two_sessions_are_joined_not_replaced() {
    let room = Room::open("tags").await;
    let (mut one, mut other, _) = room.two_sessions("maria").await;
    let note = id(1);
    create(&mut one, &mut other, json!({ "id": note, "title": "", "tags": ["paper"] })).await;
    update(&mut one, &note, json!({ "tags": ["paper", "glue"] })).await;
    update(&mut other, &note, json!({ "tags": ["paper", "thread"] })).await;
    let note = join(&mut one, &note).await;
    let mut tags: Vec<&str> = note["tags"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    tags.sort_unstable();
    assert_eq!(tags, ["glue", "paper", "thread"]);
}
