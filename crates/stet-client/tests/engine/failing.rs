//! A disk that fails: nothing is lost that is still in memory, and it is said.

use serde_json::json;
use stet_client::api::ErrorCode;
use stet_client::api::command::{CreateFolder, EditAnswer, GetStart, PurgeNote, TrashNote, UpdateSettings};
use stet_client::api::note::Settings;
use stet_model::document::Version;
use stet_model::id::{DocKey, NoteId};
use stet_protocol::bytes::Bytes;
use stet_protocol::message::level2::ClientMessage;
use stet_store::Write;

use crate::decisions::{confirm, purged_live};
use crate::desk::{Desk, typed};
use crate::level1::hear;
use crate::level2::{
    SPACE, complete, connect, connect_again, messages, rows, take_welcome_note, three_parts, updates, welcome,
};

/// A device that has a note of others, and the next row of it.
fn with_a_note() -> (Desk, NoteId, Vec<u8>) {
    let mut desk = Desk::with_server(Some("ws://server.example"));
    let (note, [first, second, _]) = three_parts();
    connect(&mut desk, 1);
    rows(&mut desk, &[(1, note, first)]);
    complete(&mut desk, 1);
    (desk, note, second)
}

#[test]
fn what_a_full_disk_refused_is_written_once_there_is_room() {
    let mut desk = Desk::new();
    let note = desk.create("", "");
    let session = desk.open(note).body.session;
    desk.failures = 3;
    assert_eq!(desk.call(typed(&session, 0, 0, 0, "words")), EditAnswer::Ok { revision: 1 });
    let status = desk.status();
    assert_eq!(status.unsaved, 1);
    assert!(status.error.is_some_and(|error| error.code == ErrorCode::Storage && error.message.contains("full")));
    desk.wait(10_000);
    let status = desk.status();
    assert_eq!((status.unsaved, status.error), (0, None));
    let mut desk = desk.crash();
    assert_eq!(desk.body(note), "words");
}

#[test]
fn a_note_the_disk_never_takes_holds_up_no_other_that_failed_beside_it() {
    let mut desk = Desk::new();
    let notes = ["one", "two", "three"].map(|title| desk.create(title, ""));
    let sessions = notes.map(|note| desk.open(note).body.session);
    desk.failures = 3;
    for session in &sessions {
        desk.call(typed(session, 0, 0, 0, "words"));
    }
    assert_eq!(desk.status().unsaved, 3);
    desk.refused = Some(notes[1]);
    desk.wait(10_000);
    let status = desk.status();
    assert_eq!(status.unsaved, 1, "the two others are on disk");
    assert!(status.error.is_some_and(|error| error.code == ErrorCode::Storage), "of the third it is still said");
    desk.refused = None;
    desk.wait(10_000);
    assert_eq!(desk.status().unsaved, 0);
}

#[test]
fn a_disk_that_was_full_at_the_very_first_start_hides_nothing_later() {
    let mut desk = Desk::on_a_full_disk(2);
    desk.create_unsaved("Written early");
    desk.wait(10_000);
    let desk = desk.crash();
    assert!(desk.rows(stet_store::ListView::All).contains(&"Written early".to_owned()));
}

#[test]
fn a_move_into_an_account_that_the_disk_refused_is_whole_with_whatever_is_written_next() {
    let mut desk = Desk::with_server(Some("ws://server.example"));
    desk.create("Before", "");
    desk.wait(2_000);
    desk.failures = 1;
    welcome(&mut desk, 0);
    let space = desk.engine.space();
    desk.create("After", "");
    let mut desk = desk.crash();
    assert_eq!(desk.engine.space(), space, "the store has it under its new name");
    let notes = desk.rows(stet_store::ListView::All);
    assert!(["Before", "After"].iter().all(|title| notes.contains(&(*title).to_owned())), "{notes:?}");
    connect_again(&mut desk, 0);
    assert_eq!(desk.status().error, None);
}

#[test]
fn a_note_that_can_not_be_read_is_not_called_gone_and_is_there_when_it_can() {
    let mut desk = Desk::new();
    let note = desk.create("Kept", "words");
    let mut desk = desk.crash();
    desk.unreadable = true;
    let open = stet_client::api::command::OpenNote { note_id: note };
    let error = desk.ask(open).expect("answered").expect_err("it can't be read");
    assert_eq!(error.code, ErrorCode::Storage);
    desk.unreadable = false;
    assert_eq!(desk.body(note), "words");
}

#[test]
fn rows_that_could_not_be_read_from_the_disk_become_part_of_their_note_later() {
    let mut desk = Desk::with_server(Some("ws://server.example"));
    let (note, [first, ..]) = three_parts();
    connect(&mut desk, 1);
    desk.unreadable = true;
    rows(&mut desk, &[(1, note, first)]);
    complete(&mut desk, 1);
    desk.unreadable = false;
    desk.wait(10_000);
    assert!(desk.rows(stet_store::ListView::All).contains(&"T".to_owned()));
}

/// Of several imports under way the disk refused one: what it noted down of the others is not what is there.
#[test]
fn a_note_of_which_another_version_is_noted_down_than_is_there_is_found_by_a_search_again() {
    let (mut desk, note, _) = with_a_note();
    desk.wait(10_000);
    let doc = DocKey { space: desk.engine.space(), note };
    let stored = desk.reader.document(doc).expect("readable").expect("there");
    desk.tamper(&[Write::Imported {
        doc,
        seq: 1,
        head: Version::default().encode(),
        known: stored.known.clone(),
        unsent: false,
        row: None,
        updated_at: stored.updated_at,
    }]);
    let mut desk = desk.crash();
    desk.wait(10_000);
    assert_eq!(desk.reader.unindexed(9).expect("readable"), []);
    assert_eq!(desk.reader.document(doc).expect("readable").expect("there").head, stored.head);
}

#[test]
fn rows_whose_import_the_disk_refused_do_not_wait_for_the_next_start() {
    let mut desk = Desk::with_server(Some("ws://server.example"));
    let (note, [first, ..]) = three_parts();
    connect(&mut desk, 1);
    desk.slow_disk = true;
    rows(&mut desk, &[(1, note, first)]);
    let waits = |desk: &Desk| desk.reader.pending(9).expect("readable").iter().any(|doc| doc.note == note);
    while !waits(&desk) {
        assert!(!desk.jobs.is_empty(), "the row is written");
        desk.disk();
    }
    // Its import is the next.
    desk.failures = 1;
    desk.disk();
    assert_eq!((desk.failures, waits(&desk)), (0, true));
    while !desk.jobs.is_empty() {
        desk.disk();
    }
    desk.slow_disk = false;
    desk.wait(10_000);
    assert!(!waits(&desk));
    assert_eq!(desk.reader.unindexed(9).expect("readable"), []);
    assert_eq!(desk.body(note), "one\n");
    assert_eq!(desk.crash().body(note), "one\n");
}

#[test]
fn words_that_build_on_an_import_the_disk_refused_are_there_after_a_crash() {
    let (mut desk, note, second) = with_a_note();
    let session = desk.open(note).body.session;
    desk.slow_disk = true;
    rows(&mut desk, &[(2, note, second)]);
    desk.disk();
    // The import is on its way when somebody writes behind what it brought.
    assert_eq!(desk.call(typed(&session, 1, 8, 8, "mine")), EditAnswer::Ok { revision: 2 });
    let of_the_note = |job: &(u64, Vec<Write>)| matches!(job.1[..], [Write::Imported { .. } | Write::Local { .. }, ..]);
    assert_eq!(desk.jobs.iter().filter(|job| of_the_note(job)).count(), 2, "the import and the words");
    while !desk.jobs.front().is_some_and(of_the_note) {
        desk.disk();
    }
    desk.failures = 1;
    desk.disk();
    while !desk.jobs.front().is_some_and(of_the_note) {
        desk.disk();
    }
    desk.disk();
    let mut desk = desk.crash();
    assert_eq!(desk.body(note), "one\ntwo\nmine");
}

#[test]
fn words_the_disk_never_took_leave_no_note_unsent_for_good() {
    let mut desk = Desk::with_server(Some("ws://server.example"));
    connect(&mut desk, 0);
    complete(&mut desk, 0);
    let note = desk.create("", "");
    let session = desk.open(note).body.session;
    desk.call(typed(&session, 0, 0, 0, "sent"));
    let seq = confirm(&mut desk, 0);
    desk.call(typed(&session, 1, 4, 4, ", confirmed"));
    // Whoever writes on while the confirmation comes has something unsent; the disk takes that, and not the words.
    desk.slow_disk = true;
    desk.call(typed(&session, 2, 15, 15, ", refused"));
    desk.failures = 1;
    let seq = confirm(&mut desk, seq);
    while !desk.jobs.is_empty() {
        desk.disk();
    }
    let mut desk = desk.crash();
    assert_eq!((desk.body(note), desk.status().unsent), ("sent, confirmed".to_owned(), 1));
    connect_again(&mut desk, seq);
    complete(&mut desk, seq);
    assert_eq!(updates(&mut desk), [], "the server has everything");
    assert_eq!(desk.status().unsent, 0);
    let mut desk = desk.crash();
    assert_eq!(desk.status().unsent, 0, "the disk knows, too");
}

#[test]
fn a_wish_to_remove_a_note_for_good_that_the_disk_refused_is_written_once_there_is_room() {
    let (mut desk, note, _) = with_a_note();
    desk.call(TrashNote { note_id: note });
    desk.failures = 1;
    let answer = desk.ask(PurgeNote { note_id: note }).expect("answered");
    assert_eq!(answer.expect_err("not yet").code, ErrorCode::Storage);
    assert_eq!(desk.rows(stet_store::ListView::Trash), ["T"]);
    desk.wait(3_000);
    assert!(desk.rows(stet_store::ListView::Trash).is_empty(), "as it was said: it keeps trying");
    assert!(desk.crash().rows(stet_store::ListView::Trash).is_empty());
}

/// The first to say *for good* was somebody else, while the disk had yet to take that it was put into the trash here.
#[test]
fn a_note_two_people_remove_for_good_is_gone_also_where_the_disk_refused_the_trash_at_first() {
    let (mut desk, note, _) = with_a_note();
    desk.failures = 2;
    desk.ask(TrashNote { note_id: note }).expect("answered").expect_err("not yet");
    assert!(desk.ask(PurgeNote { note_id: note }).is_none(), "it waits for that");
    desk.wait(3_000);
    assert_eq!(desk.failures, 0);
    purged_live(&mut desk, 2, note);
    desk.wait(90_000);
    let doc = DocKey { space: desk.engine.space(), note };
    assert!(desk.reader.document(doc).expect("readable").is_some_and(|stored| stored.purged));
    assert_eq!(desk.reader.waiting().expect("readable").held, []);
}

#[test]
fn the_first_folder_is_part_of_what_this_device_says_also_when_the_disk_refused_it_at_first() {
    let mut desk = Desk::new();
    desk.failures = 3;
    let folder = CreateFolder { name: "Plans".into(), parent_id: None };
    let answer = desk.ask(folder).expect("answered");
    assert_eq!(answer.expect_err("not yet").code, ErrorCode::Storage);
    desk.wait(20_000);
    assert!(desk.reader.standing(desk.engine.space()).expect("readable").content.is_some());
}

#[test]
fn settings_the_disk_refused_are_written_once_there_is_room() {
    let mut desk = Desk::new();
    let settings = Settings { show_details: false, ..Settings::default() };
    desk.failures = 1;
    let answer = desk.ask(UpdateSettings { settings: settings.clone() }).expect("answered");
    assert_eq!(answer.expect_err("not yet").code, ErrorCode::Storage);
    desk.wait(3_000);
    assert_eq!(desk.crash().call(GetStart {}).settings, settings);
}

#[test]
fn what_this_device_says_is_not_told_while_an_import_waits_for_the_disk() {
    let mut desk = Desk::with_server(Some("ws://server.example"));
    connect(&mut desk, 0);
    complete(&mut desk, 0);
    take_welcome_note(&mut desk);
    desk.wait(10_000);
    messages(&mut desk);
    let (note, [first, ..]) = three_parts();
    desk.slow_disk = true;
    let row = json!({"type": "note_sync", "spaceId": SPACE, "noteId": note, "seq": 2, "ops": [Bytes(first)], "timestamp": 5,
        "fromUserId": "user_1"});
    hear(&mut desk, &row);
    while desk.reader.pending(9).expect("readable").is_empty() {
        assert!(!desk.jobs.is_empty(), "the row is written");
        desk.disk();
    }
    // Its import is the next, and the search text after that is taken.
    desk.failures = 1;
    while !desk.jobs.is_empty() {
        desk.disk();
    }
    desk.slow_disk = false;
    connect_again(&mut desk, 2);
    complete(&mut desk, 2);
    desk.wait(10_000);
    let told: Vec<_> = messages(&mut desk)
        .into_iter()
        .filter_map(|message| if let ClientMessage::Received(received) = message { received.content } else { None })
        .collect();
    let says = desk.reader.standing(desk.engine.space()).expect("readable").content.expect("is known");
    assert_eq!(told, [says.to_string()]);
}

#[test]
fn a_disk_that_takes_no_cursor_makes_the_device_come_back_ever_more_seldom() {
    let mut desk = Desk::with_server(Some("ws://server.example"));
    connect(&mut desk, 0);
    complete(&mut desk, 0);
    desk.give(stet_client::engine::Input::Closed { code: None, reason: "gone".into() });
    desk.failures = u32::MAX;
    let mut seq = 0;
    let start = desk.now.mono;
    while desk.opened.len() < 9 {
        seq += 1;
        let tries = desk.opened.len();
        connect(&mut desk, seq);
        complete(&mut desk, seq);
        while desk.opened.len() == tries {
            desk.wait(500);
            assert!(desk.now.mono - start < 600_000, "it never gives up");
        }
    }
    // Each sign-in above takes two seconds; waits that don't grow are of one at most.
    let waited = desk.now.mono - start - seq * 2_000;
    assert!(waited > 20_000, "eight sign-ins with waits of {waited} ms together: they don't grow");
    desk.failures = 0;
    connect(&mut desk, seq);
    complete(&mut desk, seq);
    assert_eq!(desk.status().reconnect_attempts, 0, "once the cursor is on disk it is over");
}

#[test]
fn a_change_that_is_not_on_disk_yet_is_answered_with_the_reason_and_kept() {
    let mut desk = Desk::new();
    desk.failures = 1;
    let args = stet_client::api::command::CreateNote { folder_id: None, title: "New".into(), body: String::new() };
    let error = desk.ask(args).expect("answered").expect_err("it isn't on disk");
    assert_eq!(error.code, ErrorCode::Storage);
    desk.wait(10_000);
    assert!(desk.rows(stet_store::ListView::All).contains(&"New".to_owned()));
}

#[test]
fn a_long_log_is_folded_and_reads_back_the_same() {
    let mut desk = Desk::new();
    let note = desk.create("", "");
    let session = desk.open(note).body.session;
    for n in 0..600 {
        desk.call(typed(&session, n, n, n, "x"));
    }
    let doc = DocKey { space: desk.engine.space(), note };
    let stored = desk.reader.document(doc).expect("reads").expect("is there");
    assert!(stored.snapshot.is_some());
    assert!(stored.updates.len() < 300, "{} entries", stored.updates.len());
    let mut desk = desk.crash();
    assert_eq!(desk.body(note), "x".repeat(600));
}
