//! The engine against a level-2 server: the few messages it takes, said by hand.

use serde_json::{Value, json};
use stet_client::api::command::{CreateFolder, Decide, PurgeNote, RestoreNote, TrashNote, UpdateSettings};
use stet_client::api::status::{Decision, Way};
use stet_client::api::{ErrorCode, Event};
use stet_client::engine::Input;
use stet_model::digest::LogDigest;
use stet_model::document::{Folder, NoteDocument, NoteEdit, Version};
use stet_model::id::{NoteId, PeerId};
use stet_model::note::library_digest;
use stet_protocol::bytes::Bytes;
use stet_protocol::codec::decode;
use stet_protocol::message::level2::{ClientMessage, NoteUpdate};
use stet_store::ListView;

use crate::desk::{Desk, typed};
use crate::level1::hear;

pub const SPACE: &str = "5eed0000-0000-4000-8000-00000000000a";
const NOTE_BYTES: u64 = 10_485_760;
pub const LINEAGE: &str = "5eed0000-0000-4000-8000-00000000000b";

/// Signs in; the log of the user's space ends at `seq`.
pub fn connect(desk: &mut Desk, seq: u64) {
    sign_in(desk, LINEAGE, seq, NOTE_BYTES);
}

/// The same, at a server that takes notes up to this size.
pub fn connect_with_limit(desk: &mut Desk, seq: u64, note_bytes: u64) {
    sign_in(desk, LINEAGE, seq, note_bytes);
}

pub fn connect_to(desk: &mut Desk, store: &str, seq: u64) {
    sign_in(desk, store, seq, NOTE_BYTES);
}

fn sign_in(desk: &mut Desk, store: &str, seq: u64, note_bytes: u64) {
    // Past the first wait, so that it tries again.
    desk.wait(2_000);
    take_token(desk, store, seq, note_bytes);
}

/// The same, as soon as it tries again by itself.
pub fn connect_again(desk: &mut Desk, seq: u64) {
    let tries = desk.opened.len();
    while desk.opened.len() == tries {
        desk.wait(50);
    }
    welcome(desk, seq);
}

/// The same, on the attempt that was made already.
pub fn welcome(desk: &mut Desk, seq: u64) {
    take_token(desk, LINEAGE, seq, NOTE_BYTES);
}

fn take_token(desk: &mut Desk, store: &str, seq: u64, note_bytes: u64) {
    desk.give(Input::Opened);
    hear(desk, &json!({"type": "connection_established", "message": "Please authenticate to continue"}));
    let space =
        json!({"id": SPACE, "name": "Personal", "role": "owner", "encrypted": false, "seq": seq, "lineage": LINEAGE});
    hear(
        desk,
        &json!({
            "type": "auth_success", "message": "ok", "userId": "user_1", "protocol": 2, "connectionId": LINEAGE,
            "storeId": store, "timestamp": 1_800_000_000_000_i64, "expiresInMs": 3_600_000, "heartbeatMs": 10_000,
            "spaces": [space],
            "limits": {"messageBytes": 16_777_216, "updateBytesPerMinute": 67_108_864, "messagesPerMinute": 6000,
                "noteBytes": note_bytes, "updatesInFlight": 64, "bytesInFlight": 4_194_304},
        }),
    );
}

pub fn rows(desk: &mut Desk, rows: &[(u64, NoteId, Vec<u8>)]) {
    let row = |(seq, id, ops): &(u64, NoteId, Vec<u8>)| json!({"seq": seq, "noteId": id, "ops": [Bytes(ops.clone())], "timestamp": 1_700_000_000_000_i64});
    let up_to = rows.iter().map(|(seq, ..)| *seq).max();
    let all: Vec<Value> = rows.iter().map(row).collect();
    let done = all.len();
    hear(
        desk,
        &json!({"type": "sync_batch", "spaceId": SPACE, "rows": all, "upTo": up_to, "done": done, "total": done}),
    );
}

pub fn complete(desk: &mut Desk, seq: u64) {
    // No digest: nothing is compared.
    complete_with(desk, seq, "");
}

pub fn complete_with(desk: &mut Desk, seq: u64, digest: &str) {
    hear(desk, &json!({"type": "sync_complete", "spaceId": SPACE, "seq": seq, "lineage": LINEAGE, "digest": digest}));
}

pub fn messages(desk: &mut Desk) -> Vec<ClientMessage> {
    desk.sent.drain(..).map(|frame| decode(&frame, usize::MAX).expect("a message")).collect()
}

/// Of the messages sent, what `read` takes.
fn sent<T>(desk: &mut Desk, read: impl Fn(ClientMessage) -> Option<T>) -> Vec<T> {
    messages(desk).into_iter().filter_map(read).collect()
}

pub fn updates(desk: &mut Desk) -> Vec<NoteUpdate> {
    sent(desk, |message| match message {
        ClientMessage::NoteUpdate(update) => Some(update),
        _ => None,
    })
}

fn purges(desk: &mut Desk) -> Vec<NoteId> {
    sent(desk, |message| match message {
        ClientMessage::NotePurge(purge) => Some(purge.note_id),
        _ => None,
    })
}

#[test]
fn a_library_that_moves_into_an_account_is_digested_under_its_new_id() {
    let mut desk = Desk::with_server(Some("ws://server.example"));
    let id = desk.call(CreateFolder { name: "Work".into(), parent_id: None }).folder_id;
    desk.wait(2_000);
    let former = desk.engine.space();
    let content = |desk: &Desk| desk.reader.standing(desk.engine.space()).expect("reads").content.expect("is known");
    let mut expected = content(&desk);
    connect(&mut desk, 0);
    let now = desk.engine.space();
    assert_ne!(former, now);
    let folders = [Folder { id, name: "Work".to_owned(), color: None, parent: None, depth: 0, sort_order: 0 }];
    expected.remove(library_digest(former, &folders));
    expected.add(library_digest(now, &folders));
    assert_eq!(content(&desk), expected);
}

#[test]
fn a_note_removed_before_it_was_ever_sent_is_nobodys_business() {
    let mut desk = Desk::with_server(Some("ws://server.example"));
    let note = desk.create("Never sent", "");
    desk.call(TrashNote { note_id: note });
    desk.call(PurgeNote { note_id: note });
    connect(&mut desk, 0);
    complete(&mut desk, 0);
    let said = messages(&mut desk);
    assert!(!said.iter().any(|message| format!("{message:?}").contains(&note.to_string())), "{said:?}");
}

#[test]
fn a_note_removed_before_it_was_ever_sent_is_there_again_when_a_copy_of_this_device_has_sent_it() {
    let mut desk = Desk::with_server(Some("ws://server.example"));
    let note = desk.create("T", "text");
    let sent = desk.version_of(note);
    desk.call(TrashNote { note_id: note });
    desk.call(PurgeNote { note_id: note });
    connect(&mut desk, 1);
    rows(&mut desk, &[(1, note, sent)]);
    complete(&mut desk, 1);
    assert_eq!(desk.body(note), "text");
    assert_eq!(desk.crash().body(note), "text");
}

#[test]
fn a_note_whose_sending_was_never_answered_is_removed_by_asking_the_server() {
    let mut desk = Desk::with_server(Some("ws://server.example"));
    connect(&mut desk, 0);
    complete(&mut desk, 0);
    let note = desk.create("Sent", "");
    assert!(updates(&mut desk).iter().any(|update| update.note_id == note));
    // The server has it, but the socket ended before it said so; the app may have ended too.
    for crashed in [false, true] {
        desk.give(Input::Closed { code: Some(1012), reason: String::new() });
        if crashed {
            desk = desk.crash();
        } else {
            desk.call(TrashNote { note_id: note });
            desk.call(PurgeNote { note_id: note });
        }
        desk.sent.clear();
        connect(&mut desk, 1);
        complete(&mut desk, 1);
        assert_eq!(purges(&mut desk), [note], "crashed: {crashed}");
    }
}

pub const OTHER: &str = "5eed0000-0000-4000-8000-0000000000ff";

/// A note as another device wrote it: its making, and two changes after that.
pub fn three_parts() -> (NoteId, [Vec<u8>; 3]) {
    parts()
}

/// A note that grows by a line with each part.
pub fn parts<const N: usize>() -> (NoteId, [Vec<u8>; N]) {
    let mut document = NoteDocument::new(PeerId(77));
    let mut known = Version::default();
    let parts = std::array::from_fn(|part| {
        let body = ["one\n", "two\n", "three\n", "four\n"][..=part].concat();
        let edits = [NoteEdit::SetTitle("T".into()), NoteEdit::SetBody(body)];
        document.edit_all(&edits, 1_700_000_000_000).expect("fits");
        let part = document.export(&known);
        known = document.head();
        part
    });
    (NoteId::from_bytes([9; 16]), parts)
}

#[test]
fn a_row_that_can_not_be_read_is_not_taken_for_read_when_the_next_one_can_and_heals_when_it_is_fetched_again() {
    let mut desk = Desk::with_server(Some("ws://server.example"));
    let (note, [first, second, third]) = three_parts();
    let mut damaged = second.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xff;
    connect(&mut desk, 3);
    rows(&mut desk, &[(1, note, first), (2, note, damaged)]);
    rows(&mut desk, &[(3, note, third)]);
    complete(&mut desk, 3);
    assert_eq!(desk.body(note), "one\n");
    assert_eq!(desk.status().held, 1);
    assert!(!desk.status().is_synced, "something received isn't part of its note");
    let mut desk = desk.crash();
    assert_eq!(desk.body(note), "one\n", "what could be read opens, whatever came after it");
    connect(&mut desk, 3);
    complete(&mut desk, 3);
    let asked = messages(&mut desk).into_iter().any(|message| match message {
        ClientMessage::Sync(sync) => sync.note_ids.is_some_and(|ids| ids.contains(&note)),
        _ => false,
    });
    assert!(asked, "it is asked for again");
    let row = json!({"seq": 2, "noteId": note, "ops": [Bytes(second)], "timestamp": 1_700_000_000_000_i64});
    hear(
        &mut desk,
        &json!({"type": "sync_batch", "spaceId": SPACE, "rows": [row], "upTo": 2, "early": true, "done": 1, "total": 1}),
    );
    assert_eq!(desk.body(note), "one\ntwo\nthree\n");
    assert_eq!(desk.status().held, 0);
}

#[test]
fn what_comes_in_a_catch_up_is_told_to_who_looks_at_the_note_and_raises_no_notification() {
    let mut desk = Desk::with_server(Some("ws://server.example"));
    let (note, [first, second, _]) = three_parts();
    connect(&mut desk, 1);
    rows(&mut desk, &[(1, note, first)]);
    complete(&mut desk, 1);
    desk.open(note);
    desk.give(Input::Closed { code: None, reason: "gone".into() });
    desk.sent.clear();
    desk.events.clear();
    connect(&mut desk, 2);
    rows(&mut desk, &[(2, note, second)]);
    complete(&mut desk, 2);
    let told =
        |event: &Event| matches!(event, Event::NoteSynced(change) if change.catching_up && change.note_id == note);
    assert!(desk.events.iter().any(told));
    desk.wait(30_000);
    assert!(desk.notices.is_empty());
}

#[test]
fn another_database_is_said_to_be_one_whoever_signs_in_there() {
    let mut desk = Desk::with_server(Some("ws://server.example"));
    connect(&mut desk, 0);
    complete(&mut desk, 0);
    desk.give(Input::Closed { code: None, reason: "gone".into() });
    connect_to(&mut desk, OTHER, 0);
    let error = desk.status().error.expect("syncing is stopped");
    assert_eq!(error.code, ErrorCode::DivergedLog);
    assert!(error.message.contains("database"), "{}", error.message);
}

#[test]
fn other_devices_hear_how_much_is_unsent() {
    let mut desk = Desk::with_server(Some("ws://server.example"));
    connect(&mut desk, 0);
    complete(&mut desk, 0);
    desk.create("Mine", "");
    desk.wait(2_000);
    let said = messages(&mut desk).into_iter().rev().find_map(|message| match message {
        ClientMessage::Received(received) => Some(received.unsent),
        _ => None,
    });
    assert_eq!(said, Some(2), "it and the welcome note");
}

#[test]
fn only_what_is_in_the_trash_is_removed_for_good_and_then_nobody_writes_in_it_any_more() {
    let mut desk = Desk::with_server(Some("ws://server.example"));
    connect(&mut desk, 0);
    complete(&mut desk, 0);
    let note = desk.create("Kept", "");
    let session = desk.open(note).body.session;
    assert!(updates(&mut desk).iter().any(|update| update.note_id == note));
    desk.call(TrashNote { note_id: note });
    desk.call(RestoreNote { note_id: note });
    let refused = desk.ask(PurgeNote { note_id: note }).expect("answered").expect_err("it was restored meanwhile");
    assert_eq!(refused.code, ErrorCode::Invalid);
    assert!(desk.rows(ListView::All).contains(&"Kept".to_owned()));
    desk.call(TrashNote { note_id: note });
    desk.call(PurgeNote { note_id: note });
    for refused in [
        desk.ask(typed(&session, 0, 0, 0, "late")).expect("answered").map(drop),
        desk.ask(stet_client::api::command::OpenNote { note_id: note }).expect("answered").map(drop),
        desk.ask(RestoreNote { note_id: note }).expect("answered").map(drop),
    ] {
        assert_eq!(refused.expect_err("nothing may be confirmed that is about to go").code, ErrorCode::NotFound);
    }
}

#[test]
fn pings_of_the_server_do_not_keep_the_device_from_asking_where_the_log_ends() {
    let mut desk = Desk::with_server(Some("ws://server.example"));
    connect(&mut desk, 0);
    complete(&mut desk, 0);
    desk.wait(6_000);
    desk.sent.clear();
    desk.give(Input::Alive);
    desk.wait(5_000);
    assert!(messages(&mut desk).iter().any(|message| matches!(message, ClientMessage::Ping {})));
}

/// The server confirms the welcome note as its log's first row. Nothing is unsent after that.
pub fn take_welcome_note(desk: &mut Desk) -> NoteId {
    let update = updates(desk).pop().expect("the welcome note is sent");
    let taken = json!({
        "type": "note_update_success", "id": update.id, "spaceId": SPACE, "noteId": update.note_id, "seq": 1, "timestamp": 0
    });
    hear(desk, &taken);
    desk.disk();
    update.note_id
}

/// Every place from which the log was asked for.
pub fn asked_from(desk: &mut Desk) -> Vec<u64> {
    sent(desk, |message| match message {
        ClientMessage::Sync(sync) => Some(sync.since),
        _ => None,
    })
}

#[test]
fn verified_is_said_once_the_logs_are_the_same_and_everything_is_settled() {
    let mut desk = Desk::with_server(Some("ws://server"));
    connect(&mut desk, 0);
    complete_with(&mut desk, 0, &LogDigest::default().to_string());
    desk.disk();
    assert_eq!(desk.status().verified, None, "the welcome note is on its way");
    take_welcome_note(&mut desk);
    desk.wait(10_000);
    assert_eq!(desk.status().verified.map(|verified| verified.seq), Some(0));
    // What this device says goes to the others.
    let mut said = sent(&mut desk, |message| match message {
        ClientMessage::Received(received) => Some(received),
        _ => None,
    });
    let said = said.pop().expect("received");
    let content = said.content.expect("everything is settled");
    assert_eq!((said.seq, said.unsent), (1, 0));

    // Another device that says something else at the same place takes the word back, until it says the same; what it says
    // at another place is no news.
    let receipt = |desk: &mut Desk, seq: u64, content: &str| {
        let other =
            json!({"deviceId": LINEAGE, "name": "Phone", "seq": seq, "unsent": 0, "lastSeen": 0, "content": content});
        hear(desk, &json!({"type": "receipts", "spaceId": SPACE, "devices": [other]}));
        desk.status().verified.is_some()
    };
    assert!(receipt(&mut desk, 1, &content));
    assert!(receipt(&mut desk, 2, &"0".repeat(32)));
    assert!(!receipt(&mut desk, 1, &"0".repeat(32)));
    assert!(!receipt(&mut desk, 2, &"0".repeat(32)));
    assert!(receipt(&mut desk, 1, &content));
}

#[test]
fn a_log_that_differs_is_read_anew_once_and_then_people_are_asked_and_told() {
    let mut desk = Desk::with_server(Some("ws://server"));
    connect(&mut desk, 0);
    complete(&mut desk, 0);
    let note = take_welcome_note(&mut desk);
    let mut right = LogDigest::default();
    right.add(note, 1, false);
    let wrong = "1".repeat(32);

    desk.give(Input::Closed { code: None, reason: String::new() });
    connect(&mut desk, 1);
    complete_with(&mut desk, 1, &wrong);
    desk.wait(10_000);
    assert_eq!(asked_from(&mut desk), [1, 0], "from the cursor, then from the start");
    assert_eq!((desk.status().verified, desk.status().error), (None, None));
    let (name, report) = desk.reports.pop().expect("what differed is written down");
    assert!(name.starts_with("log-") && report.contains(&wrong) && report.contains(&right.to_string()), "{report}");
    complete_with(&mut desk, 1, &right.to_string());
    desk.wait(10_000);
    assert!(desk.status().verified.is_some(), "that was it");

    desk.give(Input::Closed { code: None, reason: String::new() });
    connect(&mut desk, 1);
    for _ in 0..2 {
        complete_with(&mut desk, 1, &wrong);
        desk.wait(10_000);
    }
    assert_eq!((desk.status().decision, desk.status().verified), (Some(Decision::OlderLog), None));
    assert_eq!(asked_from(&mut desk), [1, 0], "and not again and again");

    // Begun anew it has to be the same, and if it isn't, no answer of theirs helps.
    desk.call(Decide { way: Way::UploadAgain });
    desk.wait(2_000);
    connect(&mut desk, 1);
    for _ in 0..2 {
        complete_with(&mut desk, 1, &wrong);
        for update in updates(&mut desk) {
            let taken = json!({"type": "note_update_success", "id": update.id, "spaceId": SPACE, "noteId": update.note_id,
                "seq": 1, "timestamp": 0});
            hear(&mut desk, &taken);
        }
        desk.wait(10_000);
    }
    let error = desk.status().error.expect("told");
    assert!(error.message.contains("isn't the same") && error.message.contains("Nothing is lost"), "{error:?}");
    assert_eq!((desk.status().decision, desk.status().verified), (None, None));
}

#[test]
fn while_the_server_says_that_nothing_is_new_the_last_sync_is_then() {
    let mut desk = Desk::with_server(Some("ws://server"));
    connect(&mut desk, 0);
    complete(&mut desk, 0);
    desk.disk();
    take_welcome_note(&mut desk);
    let first = desk.status().last_sync.expect("synced");
    desk.wait(5_000);
    hear(&mut desk, &json!({"type": "pong", "timestamp": 0, "seqs": {SPACE: 1}}));
    let later = desk.status().last_sync.expect("synced");
    assert!(later >= first + 5_000, "{first} and {later}");
    desk.wait(5_000);
    hear(&mut desk, &json!({"type": "pong", "timestamp": 0, "seqs": {SPACE: 2}}));
    assert_eq!(desk.status().last_sync, Some(later), "a row is missing");
}

#[test]
fn what_was_wrong_with_one_server_is_not_said_of_the_next() {
    let mut desk = Desk::with_server(Some("ws://server"));
    desk.wait(2_000);
    desk.give(Input::Closed { code: None, reason: "connection refused".to_owned() });
    assert!(desk.status().error.is_some());
    let settings = stet_client::api::note::Settings { server_url: Some(String::new()), ..Default::default() };
    desk.call(UpdateSettings { settings });
    assert_eq!(desk.status().error, None);
}

#[test]
fn another_device_that_gets_on_is_told_by_the_rows_it_has_come_past_and_no_others() {
    let mut desk = Desk::with_server(Some("ws://server"));
    connect(&mut desk, 0);
    complete(&mut desk, 0);
    let welcome = take_welcome_note(&mut desk);
    let note = desk.create("New", "");
    let update = updates(&mut desk).pop().expect("it is sent");
    let taken = json!({"type": "note_update_success", "id": update.id, "spaceId": SPACE, "noteId": note, "seq": 2,
        "timestamp": 1_800_000_000_000_i64});
    hear(&mut desk, &taken);
    desk.wait(2_000);

    let told = |desk: &mut Desk, seq: u64| {
        desk.events.clear();
        let other = json!({"deviceId": LINEAGE, "name": "Phone", "seq": seq, "unsent": 0, "lastSeen": 0});
        hear(desk, &json!({"type": "receipts", "spaceId": SPACE, "devices": [other]}));
        desk.wait(200);
        let lists = desk.events.iter().any(|event| matches!(event, Event::NotesChanged(_)));
        let rows = desk.events.iter().filter_map(|event| match event {
            Event::NoteRow(row) => Some((row.id, row.dots.other)),
            _ => None,
        });
        (rows.collect::<Vec<_>>(), lists)
    };
    let (mut first, lists) = told(&mut desk, 1);
    first.sort();
    let mut both = [(welcome, Some(true)), (note, Some(false))];
    both.sort();
    assert_eq!((first.as_slice(), lists), (both.as_slice(), true), "until now there was no other device");
    assert_eq!(told(&mut desk, 2), (vec![(note, Some(true))], true));
    assert_eq!(told(&mut desk, 2), (Vec::new(), false), "nothing is new");
}
