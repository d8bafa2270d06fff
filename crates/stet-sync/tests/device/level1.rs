//! The machine against a level-1 server: whole fields, plain JSON.

use serde_json::{Value, json};
use stet_model::id::UserId;
use stet_protocol::codec::Frame;
use stet_protocol::message::level1::Changes;
use stet_sync::device::level1::Request;
use stet_sync::device::{Output, State};

use crate::script::{SPACE, Script, doc};

fn hear(script: &mut Script, message: &Value) {
    script.device.received(&Frame::Text(message.to_string()), script.now);
}

fn sent(script: &mut Script) -> Vec<Value> {
    let frames = script.asked().into_iter().filter_map(|output| match output {
        Output::Send(Frame::Text(text)) => serde_json::from_str(&text).ok(),
        _ => None,
    });
    frames.collect()
}

fn level1() -> Script {
    let mut script = Script::new();
    script.device.connect(0);
    script.device.opened(0);
    hear(&mut script, &json!({"type": "connection_established", "message": "Please authenticate to continue"}));
    script.device.token(Ok("token".into()), 0);
    hear(&mut script, &json!({"type": "auth_success", "message": "Authentication successful", "userId": "user_1"}));
    assert!(script.asked().contains(&Output::AgreedLevel1 { user_id: UserId("user_1".into()) }));
    script.device.enter_level1(SPACE, 0);
    script
}

fn note(n: u8, content: &str) -> Value {
    json!({"id": doc(n).note, "userId": "user_1", "folderId": null, "title": "T", "content": content,
        "starred": false, "archived": false, "deleted": false, "hidden": false, "tags": [],
        "createdAt": 1, "updatedAt": 2})
}

fn request(content: &str) -> Request {
    let changes = Changes { content: Some(content.into()), ..Changes::default() };
    Request { create: None, delete: false, changes }
}

#[test]
fn a_server_that_agrees_on_nothing_more_is_a_level_one_server() {
    let script = level1();
    assert_eq!((script.device.state(), script.device.level()), (State::Authenticated, Some(1)));
}

#[test]
fn an_update_is_confirmed_by_the_note_the_server_has_now() {
    let mut script = level1();
    script.device.dirty(doc(1), 0);
    assert_eq!(script.asked(), [Output::Prepare { doc: doc(1) }]);
    script.device.prepared_level1(doc(1), &request("mine"), vec![9], 0);
    let message = sent(&mut script).remove(0);
    assert_eq!((&message["type"], &message["changes"]), (&json!("note_update"), &json!({"content": "mine"})));
    let id = doc(1).note;
    hear(
        &mut script,
        &json!({"type": "note_update_success", "noteId": id, "updatedNote": note(1, "merged"), "timestamp": 5}),
    );
    let asked = script.asked();
    let [Output::Level1Note { end: Some(end), note, news: false, .. }] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!((end.as_slice(), note.content.as_str()), (&[9][..], "merged"));
}

#[test]
fn an_error_that_names_nothing_is_about_the_oldest_request() {
    let mut script = level1();
    for n in [1, 2] {
        script.device.dirty(doc(n), 0);
        script.device.prepared_level1(doc(n), &request("x"), vec![n], 0);
    }
    script.asked();
    hear(&mut script, &json!({"type": "error", "message": "Note not found"}));
    assert!(matches!(&script.asked()[..], [Output::Refused(refused)] if refused.doc == doc(1)));
}

fn error(n: u8) -> Value {
    json!({"type": "error", "message": "Note not found", "code": "not-found", "noteId": doc(n).note})
}

/// A note is shown while it is new: the server is asked to follow it before it hears of it.
#[test]
fn that_a_note_can_not_be_followed_holds_back_no_update_of_it() {
    let mut script = level1();
    script.device.join(SPACE, doc(1).note, 0);
    script.device.dirty(doc(1), 0);
    script.device.prepared_level1(doc(1), &request("mine"), vec![9], 0);
    script.asked();
    hear(&mut script, &error(1));
    assert_eq!(script.asked(), []);
    hear(
        &mut script,
        &json!({"type": "note_update_success", "noteId": doc(1).note, "updatedNote": note(1, "mine"), "timestamp": 5}),
    );
    assert!(matches!(&script.asked()[..], [Output::Level1Note { end: Some(_), .. }]), "it was waited for");
}

#[test]
fn a_server_that_says_nothing_to_who_follows_a_note_is_believed_about_the_update() {
    let mut script = level1();
    script.device.join(SPACE, doc(1).note, 0);
    let send = |script: &mut Script, content: &str| {
        script.device.dirty(doc(1), 0);
        script.device.prepared_level1(doc(1), &request(content), vec![9], 0);
        script.asked();
    };
    send(&mut script, "small");
    hear(&mut script, &json!({"type": "error", "message": "No room", "code": "quota-exceeded", "noteId": doc(1).note}));
    assert!(
        script.asked().iter().any(|output| matches!(output, Output::Refused(_))),
        "nobody is refused that for following"
    );
    send(&mut script, "smaller");
    let noted = json!({"type": "note_update_success", "noteId": doc(1).note, "updatedNote": note(1, "smaller"), "timestamp": 5});
    hear(&mut script, &noted);
    send(&mut script, "gone");
    hear(&mut script, &error(1));
    assert!(script.asked().iter().any(|output| matches!(output, Output::Refused(_))), "it is past that");
}

#[test]
fn an_update_that_was_sent_before_a_note_was_to_be_followed_is_what_an_error_is_about() {
    let mut script = level1();
    script.device.dirty(doc(1), 0);
    script.device.prepared_level1(doc(1), &request("mine"), vec![9], 0);
    script.device.join(SPACE, doc(1).note, 0);
    script.asked();
    hear(&mut script, &error(1));
    assert!(matches!(&script.asked()[..], [Output::Refused(refused)] if refused.doc == doc(1)));
}

/// A new note that is refused is refused twice: when it is made, and when it is updated.
#[test]
fn a_second_error_about_a_note_holds_back_no_other_note() {
    let mut script = level1();
    for n in [1, 2] {
        script.device.dirty(doc(n), 0);
        script.device.prepared_level1(doc(n), &request("x"), vec![n], 0);
    }
    script.asked();
    hear(&mut script, &error(2));
    assert!(matches!(&script.asked()[..], [Output::Refused(refused)] if refused.doc == doc(2)));
    hear(&mut script, &error(2));
    assert!(!script.asked().iter().any(|output| matches!(output, Output::Refused(_))));
}

#[test]
fn a_note_that_is_too_big_for_the_server_holds_up_no_other() {
    let mut script = level1();
    for (n, text) in [(1, "x"), (2, "much longer")] {
        script.device.dirty(doc(n), 0);
        script.device.prepared_level1(doc(n), &request(text), vec![n], 0);
    }
    script.asked();
    script.device.closed(Some(1009), "", 0);
    let held = |output: &Output| matches!(output, Output::Refused(refused) if refused.doc == doc(2));
    assert!(script.asked().iter().any(held));
}

#[test]
fn selecting_notes_joins_and_leaves_in_the_words_of_the_seed() {
    let mut script = level1();
    script.device.join(SPACE, doc(1).note, 0);
    script.device.join(SPACE, doc(2).note, 0);
    let kinds: Vec<_> = sent(&mut script).iter().map(|message| message["type"].clone()).collect();
    assert_eq!(kinds, ["join_note", "leave_note", "join_note"]);
}

#[test]
fn news_of_other_sessions_are_told_as_news() {
    let mut script = level1();
    let id = doc(3).note;
    hear(
        &mut script,
        &json!({"type": "note_sync", "noteId": id, "changes": {"content": "theirs"}, "updatedNote": note(3, "theirs"),
            "timestamp": 1_234_567_890, "fromUserId": "user_1"}),
    );
    assert!(matches!(&script.asked()[..], [Output::Level1Note { news: true, end: None, .. }]));
}
