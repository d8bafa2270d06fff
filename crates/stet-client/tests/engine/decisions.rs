//! What only people can decide: another log.

use serde_json::json;
use stet_client::api::ErrorCode;
use stet_client::api::command::{Decide, OpenNote, Reconnect};
use stet_client::api::status::{Decision, Way};
use stet_client::engine::Input;
use stet_model::digest::LogDigest;
use stet_model::document::{NoteDocument, NoteEdit, Version};
use stet_model::id::{NoteId, PeerId};
use stet_protocol::message::level2::ClientMessage;
use stet_store::{ListQuery, ListView, Write};

use crate::desk::{Desk, typed};
use crate::level1::hear;
use crate::level2::{
    OTHER, SPACE, asked_from, complete, complete_with, connect, connect_to, messages, rows, updates, welcome,
};

pub const PHONE: &str = "5eed0000-0000-4000-8000-00000000000c";

pub const SERVER: Option<&str> = Some("ws://server.example");

pub fn decide(desk: &mut Desk, way: Way) {
    desk.call(Decide { way });
    desk.wait(3_000);
}

/// The server confirms every update it got, from this place of its log on.
pub fn confirm(desk: &mut Desk, from: u64) -> u64 {
    let mut seq = from;
    loop {
        let sent = updates(desk);
        if sent.is_empty() {
            return seq;
        }
        for update in sent {
            seq += 1;
            hear(
                desk,
                &json!({"type": "note_update_success", "id": update.id, "spaceId": SPACE, "noteId": update.note_id,
                    "seq": seq, "timestamp": 1_800_000_000_000_i64}),
            );
        }
        desk.wait(200);
    }
}

/// A device with two notes that are on the server, besides the welcome note, and one that isn't.
fn synced() -> (Desk, [NoteId; 3]) {
    let mut desk = Desk::with_server(SERVER);
    connect(&mut desk, 0);
    complete(&mut desk, 0);
    let notes = ["One", "Two"].map(|title| desk.create(title, "text\n"));
    assert_eq!(confirm(&mut desk, 0), 3);
    desk.give(Input::Closed { code: None, reason: "gone".into() });
    let third = desk.create("Three", "only here\n");
    (desk, [notes[0], notes[1], third])
}

fn diverged(desk: &mut Desk) {
    connect(desk, 1);
    hear(desk, &json!({"type": "error", "message": "This is another history.", "code": "diverged-log"}));
}

/// The phone removes a note for good while this device is live.
pub fn purged_live(desk: &mut Desk, seq: u64, note: NoteId) {
    let row = json!({"type": "note_purge_sync", "spaceId": SPACE, "noteId": note, "seq": seq, "timestamp": 0,
        "fromUserId": "user_1", "fromDeviceId": PHONE});
    hear(desk, &row);
}

/// The device hears from its server for so many milliseconds.
pub fn hears(desk: &mut Desk, seq: u64, ms: u64) {
    for _ in 0..ms / 5_000 {
        desk.wait(5_000);
        hear(desk, &json!({"type": "pong", "timestamp": 0, "seqs": {SPACE: seq}}));
    }
}

#[test]
fn an_older_log_stops_syncing_until_people_decide_and_the_question_stays_through_every_attempt() {
    let (mut desk, _) = synced();
    diverged(&mut desk);
    assert_eq!(desk.status().decision, Some(Decision::OlderLog));
    desk.call(Reconnect {});
    connect(&mut desk, 1);
    assert_eq!(desk.status().decision, Some(Decision::OlderLog), "it isn't answered by signing in");
    let refused = desk.ask(Decide { way: Way::RemoveNotes }).expect("answered").expect_err("another question");
    assert_eq!(refused.code, ErrorCode::Invalid);
    assert_eq!(desk.copies, 0);
}

#[test]
fn uploading_again_makes_a_copy_fetches_what_the_server_has_and_then_sends_only_what_it_lacks() {
    let (mut desk, [one, two, three]) = synced();
    let mut first = NoteDocument::new(PeerId(5));
    first.edit_all(&[NoteEdit::SetTitle("Theirs".into())], 0).expect("fits");
    diverged(&mut desk);
    desk.sent.clear();
    decide(&mut desk, Way::UploadAgain);
    assert_eq!((desk.copies, desk.status().unsent), (1, 4), "the welcome note too");
    assert_eq!(desk.opened.len(), 3, "it connects by itself");

    // The older log has the first note as it is here, and one that isn't here.
    let kept = desk.version_of(one);
    let theirs = NoteId::from_bytes([9; 16]);
    connect(&mut desk, 2);
    let asked = messages(&mut desk);
    let sync = asked.iter().find_map(|message| match message {
        ClientMessage::Sync(sync) => Some((sync.since, sync.lineage)),
        _ => None,
    });
    assert_eq!(sync, Some((0, None)), "from the start, as somebody who has never been here");
    assert!(!asked.iter().any(|message| matches!(message, ClientMessage::NoteUpdate(_))), "pull first: {asked:?}");
    rows(&mut desk, &[(1, one, kept), (2, theirs, first.export(&Version::default()))]);
    complete(&mut desk, 2);
    desk.wait(500);
    let sent: Vec<NoteId> = updates(&mut desk).into_iter().map(|update| update.note_id).collect();
    assert!(sent.contains(&two) && sent.contains(&three) && !sent.contains(&one) && sent.len() == 3, "{sent:?}");
    assert_eq!(desk.status().decision, None);
    let all = desk.rows(ListView::All);
    for title in ["One", "Two", "Three", "Theirs"] {
        assert!(all.contains(&title.to_owned()), "{title} in {all:?}");
    }
}

#[test]
fn a_log_is_left_only_once_nothing_of_it_is_on_its_way_to_the_disk() {
    let (mut desk, _) = synced();
    let (theirs, [part, ..]) = crate::level2::three_parts();
    connect(&mut desk, 4);
    desk.slow_disk = true;
    rows(&mut desk, &[(4, theirs, part)]);
    hear(&mut desk, &json!({"type": "error", "message": "This is another history.", "code": "diverged-log"}));
    assert_eq!(desk.status().decision, Some(Decision::OlderLog));
    assert!(desk.ask(Decide { way: Way::UploadAgain }).is_none(), "the row and the cursor are written first");
    assert_eq!(desk.copies, 0);
    while !desk.jobs.is_empty() {
        desk.disk();
    }
    assert_eq!(desk.copies, 1);
    desk.sent.clear();
    connect(&mut desk, 1);
    assert_eq!(asked_from(&mut desk), [0]);
}

#[test]
fn the_copy_is_made_only_once_all_words_are_on_the_disk() {
    let (mut desk, [one, ..]) = synced();
    let session = desk.open(one).body.session;
    diverged(&mut desk);
    desk.slow_disk = true;
    desk.ask(typed(&session, 0, 0, 0, "mine "));
    assert!(desk.ask(Decide { way: Way::TakeServers }).is_none());
    assert_eq!(desk.copies, 0, "not before they are on the disk");
    while !desk.jobs.is_empty() {
        desk.disk();
    }
    assert_eq!((desk.copies, desk.rows(ListView::All).len()), (1, 0));
}

#[test]
fn the_servers_notes_are_not_taken_while_the_disk_refuses_words() {
    let (mut desk, [one, ..]) = synced();
    let session = desk.open(one).body.session;
    diverged(&mut desk);
    desk.refused = Some(one);
    desk.ask(typed(&session, 0, 0, 0, "mine "));
    let refused = desk.ask(Decide { way: Way::TakeServers }).expect("answered").expect_err("no copy has them");
    assert!(refused.code == ErrorCode::Storage && refused.message.contains("Nothing was changed"), "{refused:?}");
    desk.refused = None;
    desk.wait(10_000);
    decide(&mut desk, Way::TakeServers);
    assert_eq!((desk.copies, desk.rows(ListView::All).len()), (1, 0));
}

/// A device that begins with another log hears that two notes are gone, while each still counts as unsent: rows of the first
/// are on their way to the disk.
fn removed_before_it_is_known_what_is_unsent() -> Desk {
    let (mut desk, [one, two, _]) = synced();
    diverged(&mut desk);
    decide(&mut desk, Way::UploadAgain);
    let kept = desk.version_of(one);
    connect(&mut desk, 2);
    desk.slow_disk = true;
    rows(&mut desk, &[(1, one, kept)]);
    purged_live(&mut desk, 2, one);
    purged_live(&mut desk, 3, two);
    desk
}

fn only_the_second_is_kept(mut desk: Desk) {
    desk.slow_disk = false;
    complete(&mut desk, 3);
    desk.wait(3_000);
    assert_eq!(desk.status().held, 1, "the log had nothing of it");
    let all = desk.rows(ListView::All);
    assert!(!all.contains(&"One".to_owned()) && all.contains(&"Two".to_owned()), "{all:?}");
}

#[test]
fn a_removal_that_came_before_it_was_known_that_nothing_of_the_note_is_unsent_is_followed() {
    let mut desk = removed_before_it_is_known_what_is_unsent();
    while !desk.jobs.is_empty() {
        desk.disk();
    }
    only_the_second_is_kept(desk);
}

#[test]
fn such_a_removal_is_followed_after_the_process_ended_in_between() {
    let mut desk = removed_before_it_is_known_what_is_unsent();
    while !desk.jobs.front().expect("an import").1.iter().any(|write| matches!(write, Write::Imported { .. })) {
        desk.disk();
    }
    desk.disk();
    let mut desk = desk.crash();
    connect(&mut desk, 3);
    only_the_second_is_kept(desk);
}

#[test]
fn another_database_can_be_joined_and_the_notes_move_into_its_account() {
    let (mut desk, [one, ..]) = synced();
    connect_to(&mut desk, OTHER, 0);
    assert_eq!(desk.status().decision, Some(Decision::OtherStore));
    decide(&mut desk, Way::UploadAgain);
    // The power goes: what was decided is on disk.
    let mut desk = desk.crash();
    connect_to(&mut desk, OTHER, 0);
    complete(&mut desk, 0);
    assert_eq!(desk.status().decision, None);
    assert_eq!(confirm(&mut desk, 0), 4);
    assert_eq!((desk.status().unsent, desk.body(one).as_str()), (0, "text\n"));
}

#[test]
fn taking_what_the_server_has_leaves_nothing_here_but_the_copy() {
    let (mut desk, [one, _, three]) = synced();
    let session = desk.open(three).body.session;
    connect_to(&mut desk, OTHER, 0);
    desk.sent.clear();
    decide(&mut desk, Way::TakeServers);
    assert_eq!((desk.copies, desk.rows(ListView::All).len(), desk.status().unsent), (1, 0, 0));
    let late = desk.ask(typed(&session, 0, 0, 0, "late")).expect("answered").expect_err("that note isn't here");
    assert_eq!(late.code, ErrorCode::NotFound);
    let (theirs, [part, ..]) = crate::level2::three_parts();
    connect_to(&mut desk, OTHER, 1);
    rows(&mut desk, &[(1, theirs, part)]);
    complete(&mut desk, 1);
    desk.wait(500);
    assert_eq!(desk.rows(ListView::All), ["T"]);
    assert!(updates(&mut desk).is_empty(), "nothing of what was here goes there");
    assert!(desk.ask(OpenNote { note_id: one }).expect("answered").is_err());
}

#[test]
fn without_room_for_a_copy_nothing_is_changed() {
    let (mut desk, [one, ..]) = synced();
    diverged(&mut desk);
    desk.no_room = true;
    let refused = desk.ask(Decide { way: Way::TakeServers }).expect("answered").expect_err("no copy");
    assert!(refused.code == ErrorCode::Storage && refused.message.contains("Nothing was changed"), "{refused:?}");
    assert_eq!((desk.status().decision, desk.body(one).as_str()), (Some(Decision::OlderLog), "text\n"));
}

#[test]
fn a_disk_that_refuses_is_told_again_what_was_decided() {
    let (mut desk, _) = synced();
    diverged(&mut desk);
    desk.sent.clear();
    desk.failures = 1;
    let answer = desk.ask(Decide { way: Way::UploadAgain }).expect("answered");
    assert_eq!(answer.expect_err("not yet").code, ErrorCode::Storage);
    desk.wait(5_000);
    connect(&mut desk, 0);
    complete(&mut desk, 0);
    desk.wait(500);
    assert_eq!(confirm(&mut desk, 0), 4);
    assert_eq!((desk.status().decision, desk.status().unsent), (None, 0));
}

#[test]
fn a_note_that_comes_again_without_what_this_process_wrote_in_it_is_written_in_under_another_name() {
    let mut desk = Desk::with_server(SERVER);
    connect(&mut desk, 0);
    complete(&mut desk, 0);
    let note = desk.create("T", "one\n");
    let copied = desk.version_of(note);
    let write = |desk: &mut Desk, text: &str| {
        let opened = desk.open(note).body;
        desk.call(typed(&opened.session, opened.revision, 0, 0, text));
        desk.version_of(note)
    };
    let lost = write(&mut desk, "two\n");
    let seq = confirm(&mut desk, 0) + 1;
    purged_live(&mut desk, seq, note);
    hears(&mut desk, seq, 65_000);
    assert_eq!(desk.rows(ListView::All), ["Welcome to Stet"]);
    // The server goes back to a copy that has the note as it was first.
    desk.give(Input::Closed { code: None, reason: "gone".into() });
    diverged(&mut desk);
    decide(&mut desk, Way::UploadAgain);
    connect(&mut desk, 1);
    rows(&mut desk, &[(1, note, copied)]);
    complete(&mut desk, 1);
    let again = write(&mut desk, "three\n");
    // Somebody still has what the server lost.
    let mut other = NoteDocument::load(&[&lost], PeerId(9)).expect("reads");
    other.import(&[&again]).expect("no name stands for two things");
    assert!(other.body().contains("two") && other.body().contains("three"), "{}", other.body());
}

#[test]
fn nothing_is_taken_from_the_server_before_the_disk_knows_what_was_decided() {
    let (mut desk, _) = synced();
    diverged(&mut desk);
    desk.failures = 2;
    desk.ask(Decide { way: Way::UploadAgain }).expect("answered").expect_err("not yet");
    desk.call(Reconnect {});
    desk.sent.clear();
    welcome(&mut desk, 0);
    assert!(messages(&mut desk).iter().all(|message| matches!(message, ClientMessage::Auth(_))), "where it stands");
    desk.wait(5_000);
    assert!(messages(&mut desk).iter().any(|message| matches!(message, ClientMessage::Sync(sync) if sync.since == 0)));
    complete(&mut desk, 0);
    desk.wait(500);
    assert_eq!(confirm(&mut desk, 0), 4);
    assert_eq!((desk.status().decision, desk.status().unsent), (None, 0));
}

/// The server's log was put back to a copy that lacks what this device's cursor hadn't come to yet.
#[test]
fn an_acknowledged_edit_beyond_the_cursor_that_the_server_has_lost_is_asked_about_and_sent_again() {
    let theirs = NoteId::from_bytes([77; 16]);
    // It ends before the edit, or has gone on since; and a note that is held back doesn't hide it.
    for (end, held) in [(1, false), (5, false), (1, true)] {
        let mut desk = Desk::with_server(SERVER);
        connect(&mut desk, 0);
        complete(&mut desk, 0);
        confirm(&mut desk, 0);
        let note = desk.create("Acknowledged", "text");
        assert_eq!(confirm(&mut desk, 2), 3, "a row before it is on its way");
        assert_eq!(desk.status().unsent, 0);
        if held {
            let large = desk.create("Large", "text");
            let update = updates(&mut desk).into_iter().find(|update| update.note_id == large).expect("it is sent");
            hear(&mut desk, &json!({"type": "error", "message": "no", "code": "too-large", "id": update.id}));
            assert_eq!(desk.status().held, 1);
        }
        let mut desk = desk.crash();
        let mut digest = LogDigest::default();
        digest.add(desk.reader.list(&all(&desk)).expect("reads").rows.last().expect("the welcome note").note, 1, false);
        connect(&mut desk, end);
        if end > 1 {
            digest.add(theirs, end, false);
            let mut document = NoteDocument::new(PeerId(7));
            document.edit(&NoteEdit::SetBody("theirs".into()), 0).expect("fits");
            rows(&mut desk, &[(end, theirs, document.export(&Version::default()))]);
        }
        complete_with(&mut desk, end, &digest.to_string());
        desk.wait(3_000);
        complete_with(&mut desk, end, &digest.to_string());
        desk.wait(3_000);
        assert_eq!(desk.status().decision, Some(Decision::OlderLog), "with a log that ends at {end}");
        decide(&mut desk, Way::UploadAgain);
        connect(&mut desk, end);
        complete(&mut desk, end);
        desk.wait(500);
        assert!(updates(&mut desk).iter().any(|update| update.note_id == note));
    }
}

fn all(desk: &Desk) -> ListQuery {
    ListQuery { space: desk.engine.space(), view: ListView::All, search: String::new(), after: None, limit: 9 }
}
