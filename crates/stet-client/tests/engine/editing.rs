//! Editing sessions against the engine: revisions, rebasing, reopening.

use stet_client::api::command::{CloseNote, EditAnswer, JoinNote, PullNote};
use stet_client::api::{ErrorCode, Event};
use stet_client::engine::Input;

use crate::desk::{Desk, typed};

#[test]
fn each_keystroke_is_a_revision_and_is_on_disk_before_the_dot_says_so() {
    let mut desk = Desk::new();
    let note = desk.create("", "");
    desk.wait(200);
    let session = desk.open(note).body.session;
    desk.slow_disk = true;
    assert_eq!(desk.call(typed(&session, 0, 0, 0, "a")), EditAnswer::Ok { revision: 1 });
    assert_eq!(desk.call(typed(&session, 1, 1, 1, "b")), EditAnswer::Ok { revision: 2 });
    assert_eq!(desk.jobs.len(), 1, "one write of a note at a time; the next takes what was typed meanwhile");
    assert_eq!(desk.status().unsaved, 1);
    desk.disk();
    desk.disk();
    assert_eq!(desk.status().unsaved, 0);
    let mut desk = desk.crash();
    assert_eq!(desk.body(note), "ab");
}

#[test]
fn of_two_editors_the_later_is_stale_gets_the_earlier_update_and_both_end_equal() {
    let mut desk = Desk::new();
    let note = desk.create("", "base");
    let (one, two) = (desk.open(note).body.session, desk.open(note).body.session);
    desk.events.clear();
    desk.call(typed(&one, 0, 0, 0, "1"));
    let told = desk.events.iter().any(|event| matches!(event, Event::NoteUpdates(updates) if updates.session == two));
    assert!(told, "the other editor hears of it at once");
    let EditAnswer::Stale { from: 0, updates } = desk.call(typed(&two, 0, 4, 4, "2")) else { panic!("must be stale") };
    assert_eq!(updates[0].session, one);
    assert_eq!(desk.call(typed(&two, 1, 5, 5, "2")), EditAnswer::Ok { revision: 2 });
    assert_eq!(desk.call(PullNote { session: one, base_revision: 1 }).updates.len(), 1);
    assert_eq!(desk.body(note), "1base2");
}

#[test]
fn an_edit_sent_twice_is_applied_once() {
    let mut desk = Desk::new();
    let note = desk.create("", "");
    let session = desk.open(note).body.session;
    let edit = typed(&session, 0, 0, 0, "once");
    assert_eq!(desk.call(edit.clone()), EditAnswer::Ok { revision: 1 });
    assert_eq!(desk.call(edit), EditAnswer::Ok { revision: 1 });
    assert_eq!(desk.body(note), "once");
}

#[test]
fn an_edit_outside_the_text_or_inside_a_character_is_answered_with_the_text() {
    let mut desk = Desk::new();
    let note = desk.create("", "🌿");
    for (from, to) in [(0, 9), (1, 1), (1, 2)] {
        let session = desk.open(note).body.session;
        let EditAnswer::Reopen { opened, .. } = desk.call(typed(&session, 0, from, to, "x")) else {
            panic!("{from}..{to} can't be applied")
        };
        assert_eq!(opened.text, "🌿");
        assert_eq!(desk.call(typed(&opened.session, 0, 0, 0, "")), EditAnswer::Ok { revision: 1 });
    }
    assert_eq!(desk.body(note), "🌿");
}

#[test]
fn of_a_batch_with_one_edit_that_does_not_fit_nothing_is_applied() {
    let mut desk = Desk::new();
    let note = desk.create("", "base");
    let session = desk.open(note).body.session;
    let mut batch = typed(&session, 0, 4, 4, " one");
    batch.updates.extend(typed(&session, 0, 8, 8, " two").updates);
    batch.updates.extend(typed(&session, 0, 99, 99, "three").updates);
    let EditAnswer::Reopen { opened, .. } = desk.call(batch.clone()) else { panic!("the third can't be applied") };
    assert_eq!(opened.text, "base");
    batch.updates.truncate(2);
    batch.session = opened.session;
    assert_eq!(desk.call(batch), EditAnswer::Ok { revision: 2 });
    assert_eq!(desk.body(note), "base one two");
    assert_eq!(desk.crash().body(note), "base one two");
}

#[test]
fn a_session_that_ended_is_answered_with_the_text_and_a_made_up_one_with_an_error() {
    let mut desk = Desk::new();
    let note = desk.create("", "kept");
    let session = desk.open(note).body.session;
    desk.call(CloseNote { sessions: vec![session.clone()] });
    let answer = desk.call(typed(&session, 0, 0, 0, "x"));
    assert!(matches!(answer, EditAnswer::Reopen { opened, .. } if opened.text == "kept"));
    let error = desk.ask(typed("nonsense", 0, 0, 0, "x")).expect("answered").expect_err("no such session");
    assert_eq!(error.code, ErrorCode::NotFound);
}

#[test]
fn pasted_line_ends_become_one_kind_and_the_editor_begins_anew() {
    let mut desk = Desk::new();
    let note = desk.create("", "");
    let session = desk.open(note).body.session;
    let answer = desk.call(typed(&session, 0, 0, 0, "a\r\nb\rc"));
    assert!(matches!(answer, EditAnswer::Reopen { opened, .. } if opened.text == "a\nb\nc"));
}

#[test]
fn a_paste_above_the_limit_is_refused_with_the_size_and_changes_nothing() {
    let mut desk = Desk::new();
    let note = desk.create("", "small");
    let session = desk.open(note).body.session;
    let huge = "x".repeat(11 * 1024 * 1024);
    let error = desk.ask(typed(&session, 0, 0, 0, &huge)).expect("answered").expect_err("too large");
    assert_eq!(error.code, ErrorCode::TooLarge);
    assert!(error.message.contains("10 MB") && error.message.contains("1.1 MB too much"), "{}", error.message);
    assert_eq!(desk.body(note), "small");
}

#[test]
fn opening_and_closing_a_thousand_notes_leaves_nothing_behind() {
    let mut desk = Desk::new();
    let notes: Vec<_> = (0..100).map(|n| desk.create(&format!("Note {n}"), "")).collect();
    for note in notes.iter().cycle().take(1_000) {
        let opened = desk.open(*note);
        desk.call(CloseNote { sessions: vec![opened.title.session, opened.body.session] });
    }
    desk.wait(60_000);
    assert_eq!(desk.engine.wake_at(), None, "no timer is left");
    assert_eq!(desk.engine.sessions(), 0);
    assert!(desk.engine.documents_in_memory() <= 40, "{} documents", desk.engine.documents_in_memory());
}

#[test]
fn windows_that_go_without_closing_their_notes_leave_nothing_behind() {
    let mut desk = Desk::new();
    let notes: Vec<_> = (0..100).map(|n| desk.create(&format!("Note {n}"), "")).collect();
    for note in &notes {
        desk.open(*note);
        desk.call(JoinNote { note_id: *note });
        desk.give(Input::PageGone);
    }
    desk.wait(60_000);
    assert_eq!(desk.engine.sessions(), 0);
    assert_eq!(desk.status().joined_notes, []);
    assert!(desk.engine.documents_in_memory() <= 40, "{} documents", desk.engine.documents_in_memory());
}

#[test]
fn a_text_above_half_the_limit_can_be_replaced_by_another() {
    let mut desk = Desk::new();
    let (before, after) = ("x".repeat(6 * 1024 * 1024), "y".repeat(6 * 1024 * 1024));
    let note = desk.create("", &before);
    let session = desk.open(note).body.session;
    desk.call(typed(&session, 0, 0, before.len() as u32, &after));
    assert!(desk.body(note) == after);
}
