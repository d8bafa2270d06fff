//! Many removals at once that came from elsewhere: they wait until people have decided.

use serde_json::{Value, json};
use stet_client::api::ErrorCode;
use stet_client::api::command::{ChangeNote, Decide, OpenNote, PurgeNote, TrashNote};
use stet_client::api::note::NoteChange;
use stet_client::api::status::{Decision, Way};
use stet_client::engine::Input;
use stet_model::document::{NoteDocument, NoteEdit, Version};
use stet_model::id::{NoteId, PeerId};
use stet_protocol::bytes::Bytes;
use stet_protocol::message::level2::ClientMessage;
use stet_store::{ListView, Write};

use crate::decisions::{PHONE, SERVER, confirm, decide, hears, purged_live};
use crate::desk::{Desk, typed};
use crate::level1::hear;
use crate::level2::{LINEAGE, SPACE, complete, connect, messages, rows, updates};

fn note(n: u8) -> NoteId {
    NoteId::from_bytes([n; 16])
}

/// A device with so many notes of others; the log ends after them.
fn full(count: u8) -> Desk {
    let mut desk = Desk::with_server(SERVER);
    let theirs: Vec<(u64, NoteId, Vec<u8>)> = (1..=count)
        .map(|n| {
            let mut document = NoteDocument::new(PeerId(u64::from(n)));
            let edits = [NoteEdit::SetTitle(format!("Note {n}")), NoteEdit::SetBody("kept\n".into())];
            document.edit_all(&edits, 0).expect("fits");
            (u64::from(n), note(n), document.export(&Version::default()))
        })
        .collect();
    connect(&mut desk, count.into());
    rows(&mut desk, &theirs);
    complete(&mut desk, count.into());
    desk.wait(500);
    confirm(&mut desk, count.into());
    desk.give(Input::Closed { code: None, reason: "gone".into() });
    desk
}

/// Another device removes these for good while this one is away; the log ended at `end`.
fn removed_meanwhile(desk: &mut Desk, end: u64, notes: std::ops::RangeInclusive<u8>) {
    let rows: Vec<Value> = notes
        .map(|n| json!({"seq": end + u64::from(n), "noteId": note(n), "purged": true, "timestamp": 0, "deviceId": PHONE}))
        .collect();
    let up_to = end + rows.len() as u64;
    connect(desk, up_to);
    let done = rows.len();
    hear(
        desk,
        &json!({"type": "sync_batch", "spaceId": SPACE, "rows": rows, "upTo": up_to, "done": done, "total": done}),
    );
    complete(desk, up_to);
    desk.wait(500);
}

/// The disk refused what others wrote, and then took everything: their words were never seen here.
#[test]
fn a_removal_claims_to_have_seen_nothing_that_never_got_to_the_disk() {
    let mut desk = full(1);
    connect(&mut desk, 2);
    complete(&mut desk, 2);
    updates(&mut desk);
    desk.call(ChangeNote { note_id: note(1), change: NoteChange::Pinned { value: true } });
    let update = updates(&mut desk).remove(0);
    desk.slow_disk = true;
    let mut theirs = NoteDocument::new(PeerId(77));
    theirs.edit(&NoteEdit::SetBody("words".into()), 0).expect("fits");
    let ops = Bytes(theirs.export(&Version::default()));
    hear(
        &mut desk,
        &json!({"type": "note_sync", "spaceId": SPACE, "noteId": note(1), "seq": 3, "ops": [ops], "timestamp": 5,
            "fromUserId": "anna", "fromDeviceId": PHONE}),
    );
    hear(
        &mut desk,
        &json!({"type": "note_update_success", "id": update.id, "spaceId": SPACE, "noteId": note(1), "seq": 4,
            "timestamp": 6}),
    );
    desk.failures = 2;
    while !desk.jobs.is_empty() {
        desk.disk();
    }
    desk.slow_disk = false;
    desk.call(TrashNote { note_id: note(1) });
    desk.call(PurgeNote { note_id: note(1) });
    messages(&mut desk);
    connect(&mut desk, 4);
    complete(&mut desk, 4);
    let seen = messages(&mut desk).into_iter().find_map(|message| match message {
        ClientMessage::NotePurge(purge) => Some(purge.after),
        _ => None,
    });
    assert!(seen.is_some_and(|seen| seen < 3), "{seen:?}");
}

#[test]
fn few_removals_of_a_catch_up_are_followed_and_many_wait_until_people_decide() {
    let mut desk = full(60);
    removed_meanwhile(&mut desk, 61, 1..=20);
    assert_eq!((desk.status().decision, desk.rows(ListView::All).len()), (None, 41), "with the welcome note");

    let mut desk = full(60);
    removed_meanwhile(&mut desk, 61, 1..=21);
    let asked = Decision::Removals { notes: 21, device: None };
    assert_eq!(desk.status().decision.as_ref(), Some(&asked));
    assert_eq!(desk.rows(ListView::All).len(), 61, "they are all here");
    // Everything else goes on, and the question survives the process.
    let mut desk = desk.crash();
    removed_meanwhile(&mut desk, 82, 22..=22);
    assert_eq!(desk.status().decision, Some(Decision::Removals { notes: 22, device: None }));
    let written = desk.create("Still writing", "");
    assert!(updates(&mut desk).iter().any(|update| update.note_id == written));
    decide(&mut desk, Way::RemoveNotes);
    assert_eq!((desk.copies, desk.status().decision), (1, None));
    assert_eq!((desk.rows(ListView::All).len(), desk.status().held), (61 - 22 + 1, 0));
}

#[test]
fn people_who_were_asked_decide_however_many_notes_there_are_by_then_and_whenever_the_process_ends() {
    let mut desk = full(150);
    removed_meanwhile(&mut desk, 151, 1..=21);
    assert!(desk.status().decision.is_some());
    // By now they are fewer than a tenth, and another process counts.
    for n in 0..80 {
        desk.create(&format!("More {n}"), "");
    }
    let mut desk = desk.crash();
    connect(&mut desk, 172);
    complete(&mut desk, 172);
    desk.wait(500);
    assert_eq!(desk.status().decision, Some(Decision::Removals { notes: 21, device: None }));
    // They are kept although the process ends before any is made anew.
    desk.slow_disk = true;
    assert!(desk.ask(Decide { way: Way::KeepNotes }).is_none());
    desk.disk();
    let mut desk = desk.crash();
    connect(&mut desk, 172);
    complete(&mut desk, 172);
    desk.wait(2_000);
    let shown = desk.reader.sidebar(desk.engine.space()).expect("reads").counts[0];
    assert_eq!((desk.status().decision, desk.status().held, shown), (None, 0, 151 + 80));
}

#[test]
fn a_disk_that_refuses_is_told_again_what_is_kept() {
    let mut desk = full(60);
    removed_meanwhile(&mut desk, 61, 1..=30);
    desk.unreadable = true;
    desk.failures = 1;
    let answer = desk.ask(Decide { way: Way::KeepNotes }).expect("answered");
    assert_eq!(answer.expect_err("not yet").code, ErrorCode::Storage);
    assert!(!desk.engine.is_saved());
    desk.wait(3_000);
    assert!(desk.engine.is_saved());
    // None could be made anew so far; another process does it, without asking again.
    let mut desk = desk.crash();
    connect(&mut desk, 91);
    complete(&mut desk, 91);
    desk.wait(2_000);
    assert_eq!((desk.status().decision, desk.status().held, desk.rows(ListView::All).len()), (None, 0, 61));
}

fn lets_go(job: &(u64, Vec<Write>)) -> bool {
    job.1.iter().any(|write| matches!(write, Write::Purged { .. }))
}

/// The disk refuses the next transaction with which notes go, and works again.
fn refuse_what_lets_go(desk: &mut Desk) {
    for _ in 0..1_000 {
        if desk.jobs.front().is_some_and(lets_go) {
            desk.failures = 1;
            desk.slow_disk = false;
            return desk.disk();
        }
        desk.disk();
        desk.wait(10);
    }
    panic!("no note goes");
}

#[test]
fn a_disk_that_refuses_is_told_again_what_is_gone() {
    let mut desk = full(60);
    removed_meanwhile(&mut desk, 61, 1..=30);
    desk.slow_disk = true;
    assert!(desk.ask(Decide { way: Way::RemoveNotes }).is_none());
    refuse_what_lets_go(&mut desk);
    assert!(!desk.engine.is_saved());
    // The disk still has it, and so do lists. Whatever somebody wrote in it now would go with it.
    assert!(desk.rows(ListView::All).len() > 31);
    let refused = desk.ask(OpenNote { note_id: note(1) }).expect("answered").expect_err("it is gone");
    assert_eq!(refused.code, ErrorCode::NotFound);
    desk.wait(3_000);
    assert!(desk.engine.is_saved());
    assert_eq!(desk.rows(ListView::All).len(), 31);
    assert_eq!(desk.crash().rows(ListView::All).len(), 31);
}

#[test]
fn what_the_log_has_again_is_not_gone_when_the_disk_is_told_again() {
    let mut desk = full(60);
    desk.slow_disk = true;
    removed_meanwhile(&mut desk, 61, 1..=2);
    refuse_what_lets_go(&mut desk);
    let mut again = NoteDocument::new(PeerId(99));
    again.edit(&NoteEdit::SetTitle("Again".into()), 0).expect("fits");
    rows(&mut desk, &[(64, note(1), again.export(&Version::default()))]);
    desk.wait(3_000);
    assert!(desk.rows(ListView::All).iter().any(|title| title.contains("Again")));
}

#[test]
fn what_people_keep_is_there_once_although_the_disk_refused_it_first() {
    for ends in [false, true] {
        let mut desk = full(60);
        removed_meanwhile(&mut desk, 61, 1..=30);
        desk.slow_disk = true;
        assert!(desk.ask(Decide { way: Way::KeepNotes }).is_none());
        refuse_what_lets_go(&mut desk);
        if ends {
            desk = desk.crash();
            connect(&mut desk, 91);
            complete(&mut desk, 91);
        }
        desk.wait(5_000);
        assert_eq!((desk.status().held, desk.rows(ListView::All).len()), (0, 61));
        let mut desk = desk.crash();
        connect(&mut desk, 91);
        complete(&mut desk, 91);
        desk.wait(2_000);
        assert_eq!((desk.status().held, desk.rows(ListView::All).len()), (0, 61));
    }
}

#[test]
fn many_removals_of_a_library_of_thousands_are_few() {
    let mut desk = full(250);
    removed_meanwhile(&mut desk, 251, 1..=24);
    let shown = desk.reader.sidebar(desk.engine.space()).expect("reads").counts[0];
    assert_eq!((desk.status().decision, shown), (None, 251 - 24));
}

#[test]
fn what_people_keep_becomes_new_notes_that_are_sent() {
    let mut desk = full(60);
    removed_meanwhile(&mut desk, 61, 1..=30);
    let session = desk.open(note(7)).body.session;
    desk.call(typed(&session, 0, 0, 0, "more "));
    decide(&mut desk, Way::KeepNotes);
    desk.wait(3_000);
    assert_eq!((desk.status().decision, desk.status().held), (None, 0));
    let all = desk.rows(ListView::All);
    assert_eq!(all.len(), 61, "{all:?}");
    let sent = updates(&mut desk);
    assert_eq!(sent.len(), 30);
    assert!(sent.iter().all(|update| update.note_id.as_bytes()[0] != update.note_id.as_bytes()[1]), "under new names");
    assert!(desk.ask(OpenNote { note_id: note(7) }).expect("answered").is_err(), "the old name is gone");
    assert_eq!(desk.found("more"), ["Note 7"]);
}

#[test]
fn what_is_written_in_a_note_that_waits_is_not_removed_with_it() {
    let mut desk = full(60);
    removed_meanwhile(&mut desk, 61, 1..=30);
    let session = desk.open(note(3)).body.session;
    desk.call(typed(&session, 0, 0, 0, "mine "));
    decide(&mut desk, Way::RemoveNotes);
    assert_eq!((desk.body(note(3)).as_str(), desk.status().held), ("mine kept\n", 1));
    assert_eq!(desk.rows(ListView::All).len(), 61 - 29);
}

#[test]
fn what_goes_live_within_a_minute_is_counted_together_and_none_of_many_goes() {
    let of_many = Some(Decision::Removals { notes: 25, device: None });
    for (pause, decision) in [(0, of_many), (60_000, None)] {
        let mut desk = full(60);
        connect(&mut desk, 61);
        complete(&mut desk, 61);
        for n in 1..=25 {
            purged_live(&mut desk, 61 + u64::from(n), note(n));
            if n == 15 {
                hears(&mut desk, 76, pause);
            }
        }
        desk.wait(300);
        assert_eq!(desk.status().decision, decision, "after a pause of {pause} ms");
        let (held, left) = if decision.is_some() { (25, 61) } else { (0, 46) };
        assert_eq!((desk.status().held, desk.rows(ListView::All).len()), (held, left));
        hears(&mut desk, 86, 60_000);
        let left = if decision.is_some() { 61 } else { 36 };
        assert_eq!((desk.status().held, desk.rows(ListView::All).len()), (held, left));
    }
    assert_ne!(LINEAGE, PHONE);
}

#[test]
fn a_single_removal_is_followed_a_minute_later_without_a_word() {
    let mut desk = full(60);
    connect(&mut desk, 61);
    complete(&mut desk, 61);
    purged_live(&mut desk, 62, note(7));
    hears(&mut desk, 62, 55_000);
    let told = desk.rows(ListView::Unsent);
    assert_eq!((desk.status().held, desk.status().decision.is_none(), told), (0, true, vec![]));
    assert_eq!(desk.rows(ListView::All).len(), 61, "it may be the first of many");
    hears(&mut desk, 62, 10_000);
    assert_eq!(desk.rows(ListView::All).len(), 60);
}

#[test]
fn what_is_written_in_that_minute_is_kept() {
    let mut desk = full(60);
    connect(&mut desk, 61);
    complete(&mut desk, 61);
    let session = desk.open(note(7)).body.session;
    purged_live(&mut desk, 62, note(7));
    desk.call(typed(&session, 0, 0, 0, "mine "));
    hears(&mut desk, 62, 65_000);
    assert_eq!((desk.body(note(7)).as_str(), desk.status().held), ("mine kept\n", 1));
}
