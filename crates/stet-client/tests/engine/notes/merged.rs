//! A device that comes back with unsent edits: when it marks, that it does so once, and how marks are settled.

use serde_json::json;
use stet_client::api::command::{ChangeNote, GetMerged, SettleMerged, UndoSettle};
use stet_client::api::merged::{MergedChoice, MergedMark};
use stet_client::api::note::{NoteChange, OpenedNote, Replace, TextUpdate};
use stet_client::api::{ErrorCode, Event};
use stet_client::engine::Input;
use stet_model::document::{NoteDocument, NoteEdit, Version};
use stet_model::id::{NoteId, PeerId};
use stet_protocol::bytes::Bytes;
use stet_protocol::message::level2::NoteUpdate;
use stet_store::{ListQuery, ListView};

use crate::desk::Desk;
use crate::level1::hear;
use crate::level2::{complete, connect, rows, updates};

const SPACE: &str = "5eed0000-0000-4000-8000-00000000000a";
const BASE: &str = "Plan\n\nbread\nmilk\n\nend";

/// The note as another device has it, which can write without seeing what this one does.
struct Other {
    note: NoteId,
    document: NoteDocument,
    told: Version,
}

impl Other {
    fn new() -> Self {
        let mut document = NoteDocument::new(PeerId(77));
        document.edit(&NoteEdit::SetBody(BASE.to_owned()), 1_700_000_000_000).expect("fits");
        Self { note: NoteId::from_bytes([9; 16]), document, told: Version::default() }
    }

    /// What it wrote since, as a row.
    fn row(&mut self, seq: u64) -> (u64, NoteId, Vec<u8>) {
        let ops = self.document.export(&self.told);
        self.told = self.document.head();
        (seq, self.note, ops)
    }

    fn write(&mut self, from: &str, to: &str) {
        let body = self.document.body().replace(from, to);
        self.document.edit(&NoteEdit::SetBody(body), 1_700_000_000_000).expect("fits");
    }

    /// Takes in what the desk sends, and what follows its confirmations, until nothing is left; from this seq on.
    fn hear(&mut self, desk: &mut Desk, mut seq: u64) {
        loop {
            let sent = updates(desk);
            if sent.is_empty() {
                return;
            }
            for update in sent.iter().filter(|update| update.note_id == self.note) {
                let ops: Vec<&[u8]> = update.ops.iter().map(|ops| ops.0.as_slice()).collect();
                self.document.import(&ops).expect("good operations");
            }
            seq = confirm_all(desk, &sent, seq);
        }
    }
}

/// A desk that has the note, without a connection.
fn apart() -> (Desk, Other) {
    let mut desk = Desk::with_server(Some("ws://server.example"));
    let mut other = Other::new();
    connect(&mut desk, 1);
    rows(&mut desk, &[other.row(1)]);
    complete(&mut desk, 1);
    confirm(&mut desk, 2);
    leave(&mut desk);
    (desk, other)
}

fn leave(desk: &mut Desk) {
    desk.give(Input::Closed { code: None, reason: "cut".into() });
    desk.sent.clear();
}

/// The catch-up has begun and nothing of it has come: from now on what is unsent goes out.
fn answer(desk: &mut Desk) {
    hear(
        desk,
        &json!({"type": "sync_batch", "spaceId": SPACE, "rows": [], "upTo": 0, "early": true, "done": 0, "total": 1}),
    );
}

/// Confirms what was sent, from this seq on; the seq after the last.
fn confirm(desk: &mut Desk, seq: u64) -> u64 {
    let sent = updates(desk);
    confirm_all(desk, &sent, seq)
}

fn confirm_all(desk: &mut Desk, sent: &[NoteUpdate], mut seq: u64) -> u64 {
    for update in sent {
        hear(
            desk,
            &json!({"type": "note_update_success", "id": update.id, "spaceId": SPACE, "noteId": update.note_id,
                "seq": seq, "timestamp": 1_800_000_000_000_i64}),
        );
        seq += 1;
    }
    seq
}

fn live(desk: &mut Desk, (seq, note, ops): (u64, NoteId, Vec<u8>)) {
    hear(
        desk,
        &json!({"type": "note_sync", "spaceId": SPACE, "noteId": note, "seq": seq, "ops": [Bytes(ops)],
            "timestamp": 1_800_000_000_000_i64, "fromUserId": "user_1",
            "fromDeviceId": "5eed0000-0000-4000-8000-0000000000ff"}),
    );
}

fn replace(desk: &mut Desk, note: NoteId, from: &str, to: &str) {
    let OpenedNote { body, .. } = desk.open(note);
    let at = body.text.find(from).expect("it stands there");
    let at = body.text[..at].encode_utf16().count() as u32;
    let change = Replace { from: at, to: at + from.encode_utf16().count() as u32, insert: to.into() };
    let update = TextUpdate { session: body.session.clone(), changes: vec![change] };
    let args = stet_client::api::command::EditNote {
        session: body.session,
        base_revision: body.revision,
        updates: vec![update],
    };
    desk.call(args);
}

fn marks(desk: &mut Desk, note: NoteId) -> Vec<MergedMark> {
    desk.wait(200);
    desk.call(GetMerged { note_id: note }).marks
}

fn settle(desk: &mut Desk, note_id: NoteId, key: Option<String>, choice: MergedChoice) {
    desk.call(SettleMerged { note_id, key, choice });
}

fn is_listed_as_merged(desk: &mut Desk) -> bool {
    desk.wait(200);
    let query =
        ListQuery { space: desk.engine.space(), view: ListView::All, search: String::new(), after: None, limit: 200 };
    desk.reader.list(&query).expect("reads").rows.iter().any(|row| row.fields.merged > 0)
}

/// A desk that came back with its own edit of the line with the milk, where the other one had edited it too.
fn back() -> (Desk, Other) {
    let (mut desk, mut other) = apart();
    replace(&mut desk, other.note, "milk", "oat milk");
    other.write("milk", "milk, 2 l");
    connect(&mut desk, 3);
    rows(&mut desk, &[other.row(3)]);
    complete(&mut desk, 3);
    (desk, other)
}

#[test]
fn a_device_that_comes_back_marks_what_it_and_others_changed_and_sends_the_mark_like_any_edit() {
    let (mut desk, mut other) = back();
    let found = marks(&mut desk, other.note);
    assert_eq!(found.len(), 1);
    let passage = &found[0].passages[0];
    assert_eq!((passage.base.as_str(), passage.now.as_str()), ("milk", "oat milk, 2 l"));
    assert_eq!((passage.mine.as_str(), passage.theirs.as_str()), ("oat milk", "milk, 2 l"));
    assert!(found[0].mine.here && !found[0].theirs.here);
    assert!(is_listed_as_merged(&mut desk));
    let told = desk.events.iter().any(|event| matches!(event, Event::NoteRow(row) if row.merged == 1));
    assert!(told, "the list hears of it");
    other.hear(&mut desk, 4);
    assert_eq!(other.document.merged().len(), 1, "and the others");
    desk.wait(60_000);
    assert_eq!(marks(&mut desk, other.note).len(), 1, "once");
}

#[test]
fn edits_of_other_paragraphs_and_a_device_without_unsent_edits_mark_nothing() {
    let (mut desk, mut other) = apart();
    replace(&mut desk, other.note, "Plan", "My plan");
    other.write("milk", "milk, 2 l");
    connect(&mut desk, 3);
    rows(&mut desk, &[other.row(3)]);
    complete(&mut desk, 3);
    assert_eq!(marks(&mut desk, other.note), []);
    confirm(&mut desk, 4);
    leave(&mut desk);
    other.write("milk", "whole milk");
    connect(&mut desk, 5);
    rows(&mut desk, &[other.row(5)]);
    complete(&mut desk, 5);
    assert_eq!(marks(&mut desk, other.note), []);
    assert!(!is_listed_as_merged(&mut desk));
}

#[test]
fn two_devices_that_write_in_the_same_line_while_both_are_online_mark_nothing() {
    let (mut desk, mut other) = apart();
    connect(&mut desk, 2);
    complete(&mut desk, 2);
    desk.wait(1_000);
    replace(&mut desk, other.note, "milk", "oat milk");
    other.write("milk", "milk, 2 l");
    live(&mut desk, other.row(3));
    confirm(&mut desk, 4);
    assert_eq!(desk.body(other.note), "Plan\n\nbread\noat milk, 2 l\n\nend");
    assert_eq!(marks(&mut desk, other.note), []);
}

#[test]
fn what_is_typed_during_the_first_catch_up_was_not_seen_either() {
    let (mut desk, mut other) = apart();
    other.write("milk", "milk, 2 l");
    connect(&mut desk, 4);
    replace(&mut desk, other.note, "milk", "oat milk");
    // Its confirmation overtakes the rows before it.
    confirm(&mut desk, 4);
    rows(&mut desk, &[other.row(3)]);
    assert_eq!(marks(&mut desk, other.note), [], "not before everything is here");
    complete(&mut desk, 4);
    assert_eq!(marks(&mut desk, other.note).len(), 1);
}

#[test]
fn of_two_devices_that_come_back_at_once_the_later_in_the_log_marks() {
    let (mut desk, mut other) = apart();
    replace(&mut desk, other.note, "milk", "oat milk");
    other.write("milk", "milk, 2 l");
    connect(&mut desk, 2);
    complete(&mut desk, 2);
    live(&mut desk, other.row(3));
    confirm(&mut desk, 4);
    assert_eq!(marks(&mut desk, other.note).len(), 1, "theirs was before ours");
    let (mut desk, mut other) = apart();
    replace(&mut desk, other.note, "milk", "oat milk");
    other.write("milk", "milk, 2 l");
    connect(&mut desk, 2);
    complete(&mut desk, 2);
    confirm(&mut desk, 3);
    live(&mut desk, other.row(4));
    desk.wait(1_000);
    assert_eq!(marks(&mut desk, other.note), [], "ours was before theirs");
}

#[test]
fn edits_whose_confirmation_was_lost_are_marked_by_whoever_came_later() {
    let (mut desk, mut other) = apart();
    replace(&mut desk, other.note, "milk", "oat milk");
    connect(&mut desk, 2);
    complete(&mut desk, 2);
    let sent = updates(&mut desk).pop().expect("it was sent");
    leave(&mut desk);
    other.write("milk", "milk, 2 l");
    connect(&mut desk, 4);
    rows(&mut desk, &[(3, other.note, sent.ops[0].0.clone()), other.row(4)]);
    complete(&mut desk, 4);
    assert_eq!(marks(&mut desk, other.note), []);
}

#[test]
fn a_crash_between_what_came_and_the_mark_loses_nothing_and_marks_once() {
    let (mut desk, mut other) = apart();
    replace(&mut desk, other.note, "milk", "oat milk");
    other.write("milk", "milk, 2 l");
    connect(&mut desk, 4);
    rows(&mut desk, &[other.row(3)]);
    replace(&mut desk, other.note, "end", "the end");
    assert_eq!(marks(&mut desk, other.note), []);
    let mut desk = desk.crash();
    connect(&mut desk, 4);
    complete(&mut desk, 4);
    let found = marks(&mut desk, other.note);
    assert_eq!((found.len(), found[0].passages.len()), (1, 1));
    assert_eq!(found[0].passages[0].mine, "oat milk");
    let mut desk = desk.crash();
    connect(&mut desk, 4);
    complete(&mut desk, 4);
    assert_eq!(marks(&mut desk, other.note).len(), 1, "not again");
    settle(&mut desk, other.note, None, MergedChoice::Done);
    let mut desk = desk.crash();
    connect(&mut desk, 4);
    complete(&mut desk, 4);
    assert_eq!(marks(&mut desk, other.note), [], "nor after it was settled");
}

#[test]
fn a_mark_that_comes_from_elsewhere_makes_nobody_write() {
    let (mut desk, mut other) = back();
    marks(&mut desk, other.note);
    other.hear(&mut desk, 4);
    let (mut third, _) = apart();
    connect(&mut third, 2);
    complete(&mut third, 2);
    confirm(&mut third, 3);
    other.told = Version::default();
    live(&mut third, other.row(3));
    assert_eq!(marks(&mut third, other.note).len(), 1);
    third.wait(60_000);
    assert_eq!(updates(&mut third), []);
    assert_eq!(third.status().unsent, 0);
}

#[test]
fn settling_takes_the_wording_chosen_and_the_mark_and_can_be_taken_back() {
    for (choice, line) in [
        (MergedChoice::Mine, "oat milk"),
        (MergedChoice::Theirs, "milk, 2 l"),
        (MergedChoice::KeepBoth, "oat milk, 2 l"),
        (MergedChoice::Done, "oat milk, 2 l"),
    ] {
        let (mut desk, mut other) = back();
        let key = marks(&mut desk, other.note)[0].key.clone();
        settle(&mut desk, other.note, Some(key.clone()), choice);
        assert_eq!(desk.body(other.note), format!("Plan\n\nbread\n{line}\n\nend"));
        assert_eq!(marks(&mut desk, other.note), []);
        assert!(!is_listed_as_merged(&mut desk));
        settle(&mut desk, other.note, Some(key), choice);
        replace(&mut desk, other.note, "end", "the end");
        desk.call(UndoSettle { note_id: other.note });
        assert_eq!(desk.body(other.note), "Plan\n\nbread\noat milk, 2 l\n\nthe end");
        assert_eq!(marks(&mut desk, other.note).len(), 1);
        let again = desk.ask(UndoSettle { note_id: other.note }).expect("answered").expect_err("once");
        assert_eq!(again.code, ErrorCode::Invalid);
        settle(&mut desk, other.note, None, choice);
        other.hear(&mut desk, 4);
        assert_eq!((other.document.body(), other.document.merged().len()), (desk.body(other.note), 0));
    }
}

#[test]
fn a_marked_note_stays_editable_and_the_others_go_on() {
    let (mut desk, other) = back();
    assert_eq!(marks(&mut desk, other.note).len(), 1);
    let unmarked = desk.create("Elsewhere", "goes on");
    replace(&mut desk, other.note, "bread", "rolls");
    desk.call(ChangeNote { note_id: other.note, change: NoteChange::Starred { value: true } });
    let mut seq = 4;
    while desk.status().unsent > 0 && seq < 20 {
        seq = confirm(&mut desk, seq);
    }
    assert_eq!(desk.status().unsent, 0);
    assert_eq!(desk.body(unmarked), "goes on");
    assert_eq!(marks(&mut desk, other.note).len(), 1);
}

#[test]
fn what_was_confirmed_before_both_sides_were_compared_is_compared_by_the_next_process() {
    // The others' row is still to come when the process ends, or is here, and the catch-up isn't through.
    for has_come in [false, true] {
        let (mut desk, mut other) = apart();
        replace(&mut desk, other.note, "bread", "rye bread");
        other.write("bread", "white bread");
        let theirs = other.row(3);
        connect(&mut desk, 4);
        answer(&mut desk);
        if has_come {
            rows(&mut desk, std::slice::from_ref(&theirs));
        }
        assert_eq!(confirm(&mut desk, 4), 5);
        assert_eq!(desk.status().unsent, 0);
        let mut desk = desk.crash();
        connect(&mut desk, 4);
        if !has_come {
            rows(&mut desk, &[theirs]);
        }
        complete(&mut desk, 4);
        assert_eq!(marks(&mut desk, other.note).len(), 1, "with the row here: {has_come}");
        confirm(&mut desk, 5);
        leave(&mut desk);
        let mut desk = desk.crash();
        connect(&mut desk, 5);
        complete(&mut desk, 5);
        assert_eq!(marks(&mut desk, other.note).len(), 1, "once");
    }
}

#[test]
fn what_was_confirmed_and_met_nobody_leaves_nothing_behind() {
    let (mut desk, other) = apart();
    replace(&mut desk, other.note, "bread", "rye bread");
    connect(&mut desk, 3);
    answer(&mut desk);
    confirm(&mut desk, 3);
    let key = format!("away/{}/{}", desk.engine.space(), other.note);
    assert!(desk.reader.meta(&key).expect("reads").is_some(), "until the catch-up is through");
    complete(&mut desk, 3);
    desk.wait(500);
    assert_eq!((desk.reader.meta(&key).expect("reads"), marks(&mut desk, other.note).len()), (None, 0));
}
