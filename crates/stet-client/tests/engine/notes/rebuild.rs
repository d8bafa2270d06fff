//! Two devices hold the same log and say different things: both compare with the server's rows, and no side's text is lost.

use serde_json::{Value, json};
use stet_client::engine::Input;
use stet_model::document::{NoteDocument, NoteEdit};
use stet_model::id::{DeviceId, DocKey, NoteId, PeerId};
use stet_model::note::content_digest;
use stet_protocol::bytes::Bytes;
use stet_protocol::message::level2::ClientMessage;
use stet_store::{ListView, Write};

use crate::decisions::hears;
use crate::desk::{Desk, typed};
use crate::level1::hear;
use crate::level2::{complete, connect, messages, rows, three_parts, updates};

const SPACE: &str = "5eed0000-0000-4000-8000-00000000000a";
const LINEAGE: &str = "5eed0000-0000-4000-8000-00000000000b";
/// Everything rests: indexed, compared, told.
const RESTED: u64 = 5_000;

/// A server's log as the tests hold it.
struct Log {
    rows: Vec<(u64, NoteId, Vec<u8>)>,
}

impl Log {
    fn seq(&self) -> u64 {
        self.rows.len() as u64
    }

    /// Takes everything the device sends, and hands out what it asks for by name. The documents asked for.
    fn serve(&mut self, desk: &mut Desk) -> Vec<NoteId> {
        let mut asked = Vec::new();
        loop {
            let said = messages(desk);
            if said.is_empty() {
                return asked;
            }
            for message in said {
                match message {
                    ClientMessage::NoteUpdate(update) => {
                        let ops = update.ops.into_iter().map(|ops| ops.0).next().expect("operations");
                        self.rows.push((self.seq() + 1, update.note_id, ops));
                        let taken = json!({"type": "note_update_success", "id": update.id, "spaceId": SPACE,
                            "noteId": update.note_id, "seq": self.seq(), "timestamp": 1_700_000_000_000_i64});
                        hear(desk, &taken);
                    }
                    ClientMessage::Sync(sync) => {
                        if let Some(notes) = sync.note_ids {
                            self.hand_out(desk, &notes);
                            asked.extend(notes);
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    fn hand_out(&self, desk: &mut Desk, notes: &[NoteId]) {
        let of_them = self.rows.iter().filter(|(_, note, _)| notes.contains(note));
        let row = |(seq, note, ops): &(u64, NoteId, Vec<u8>)| json!({"seq": seq, "noteId": note, "ops": [Bytes(ops.clone())], "timestamp": 1_700_000_000_000_i64});
        let rows: Vec<Value> = of_them.map(row).collect();
        let count = rows.len();
        hear(
            desk,
            &json!({"type": "sync_batch", "spaceId": SPACE, "rows": rows, "upTo": self.seq(), "early": true,
                "done": count, "total": count}),
        );
        hear(
            desk,
            &json!({"type": "sync_complete", "spaceId": SPACE, "seq": self.seq(), "lineage": LINEAGE, "digest": "",
                "noteIds": notes}),
        );
    }
}

/// A device with a note of three rows; `differ` makes of the right one what the disk holds instead.
fn with_a_note(differ: impl FnOnce(&[Vec<u8>; 3]) -> Option<NoteDocument>) -> (Desk, Log, NoteId) {
    let mut desk = Desk::with_server(Some("ws://server.example"));
    let (note, parts) = three_parts();
    let mut log = Log { rows: parts.iter().enumerate().map(|(n, ops)| (n as u64 + 1, note, ops.clone())).collect() };
    connect(&mut desk, 3);
    rows(&mut desk, &log.rows.clone());
    complete(&mut desk, 3);
    log.serve(&mut desk);
    desk.wait(RESTED);
    if let Some(document) = differ(&parts) {
        let doc = DocKey { space: desk.engine.space(), note };
        let stored = desk.reader.document(doc).expect("reads").expect("is there");
        let (title, body) = (document.title(), document.body());
        let content = content_digest(note, &title, &body, &document.fields());
        desk.tamper(&[
            Write::Replaced { doc, bytes: document.snapshot() },
            Write::Index { doc, head: stored.head, title, body, content },
        ]);
    }
    let mut desk = desk.crash();
    connect(&mut desk, log.seq());
    complete(&mut desk, log.seq());
    desk.wait(RESTED);
    log.serve(&mut desk);
    (desk, log, note)
}

/// The phone says that it says this.
fn phone_says(desk: &mut Desk, seq: u64, content: &str) {
    let phone = json!({"deviceId": DeviceId::from_bytes([0xdd; 16]), "name": "Phone", "seq": seq, "unsent": 0,
        "lastSeen": 0, "content": content});
    hear(desk, &json!({"type": "receipts", "spaceId": SPACE, "devices": [phone]}));
}

/// Something else than anybody says.
const ELSE: &str = "11111111111111111111111111111111";

fn lacking_the_second_row(parts: &[Vec<u8>; 3]) -> Option<NoteDocument> {
    Some(NoteDocument::load(&[&parts[0]], PeerId(5)).expect("whole"))
}

#[test]
fn a_document_that_lacks_an_operation_is_made_anew_and_the_report_says_so_without_a_word_of_it() {
    let (mut desk, mut log, note) = with_a_note(lacking_the_second_row);
    assert_eq!(desk.body(note), "one\n", "what is on this disk");
    // The version noted down of it is another one: that is put right first.
    desk.wait(RESTED);
    log.serve(&mut desk);
    phone_says(&mut desk, log.seq(), ELSE);
    let asked = log.serve(&mut desk);
    assert!(asked.contains(&note), "{asked:?}");
    assert_eq!(desk.body(note), "one\ntwo\nthree\n");
    let titles = desk.rows(ListView::All);
    assert!(!titles.iter().any(|title| title.starts_with("Recovered")), "nothing would be gone: {titles:?}");
    let (name, report) = desk.reports.pop().expect("a report");
    assert_eq!(desk.status().report.as_deref(), Some(name.as_str()));
    assert!(report.contains(&note.to_string()) && report.contains("replaced") && report.contains(ELSE), "{report}");
    assert!(!report.contains("three") && !report.contains("Welcome"), "{report}");
    let mut desk = desk.crash();
    assert_eq!(desk.body(note), "one\ntwo\nthree\n");
    assert_eq!(desk.status().report, Some(name), "named after a restart, too");
    assert!(updates(&mut desk).is_empty());
}

#[test]
fn text_that_only_this_device_had_is_kept_as_a_note_of_its_own() {
    // The same operations by number, with other letters: what a cloned disk makes.
    let (mut desk, mut log, note) = with_a_note(|parts| {
        let whole: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let right = NoteDocument::load(&whole, PeerId(5)).expect("whole");
        let mut document = NoteDocument::new(PeerId(77));
        for body in ["one\n", "one\nowt\n", "one\nowt\neerht\n"] {
            let edits = [NoteEdit::SetTitle("T".into()), NoteEdit::SetBody(body.into())];
            document.edit_all(&edits, 1_700_000_000_000).expect("fits");
        }
        assert_eq!(document.head(), right.head(), "nobody sees it by the versions");
        Some(document)
    });
    let session = desk.open(note).body.session;
    phone_says(&mut desk, log.seq(), ELSE);
    log.serve(&mut desk);
    assert_eq!(desk.body(note), "one\ntwo\nthree\n");
    let kept = desk.rows(ListView::All).iter().filter(|title| *title == "Recovered: T").count();
    assert_eq!(kept, 1);
    desk.wait(RESTED);
    assert_eq!(desk.found("eerht"), ["Recovered: T"]);
    assert!(log.rows.len() > 4, "it is sent, like any note");
    // The editor that was open goes on from the new text.
    desk.call(typed(&session, 1, 0, 0, "x"));
    assert!(desk.body(note).starts_with("xone\ntwo"));
}

#[test]
fn what_the_server_was_taken_to_have_and_lacks_is_sent_again() {
    let (mut desk, mut log, note) = with_a_note(|_| None);
    let session = desk.open(note).body.session;
    desk.call(typed(&session, 0, 0, 0, "mine "));
    log.serve(&mut desk);
    assert!(log.rows.last().is_some_and(|(_, of, _)| *of == note));
    // The server forgets what it confirmed, in a row of the same place.
    let empty = log.rows.last_mut().expect("a row");
    empty.2 = log_row_of_a_star();
    desk.wait(RESTED);
    let at = log.seq();
    phone_says(&mut desk, at, ELSE);
    log.serve(&mut desk);
    assert!(log.seq() > at, "its row came again");
    assert!(desk.body(note).starts_with("mine one"));
}

/// A row that says nothing of the text.
fn log_row_of_a_star() -> Vec<u8> {
    let mut note = NoteDocument::new(PeerId(4));
    note.edit(&NoteEdit::Starred(true), 1_700_000_000_000).expect("fits");
    note.export(&stet_model::document::Version::default())
}

#[test]
fn a_note_somebody_writes_in_meanwhile_keeps_what_is_written() {
    let (mut desk, mut log, note) = with_a_note(lacking_the_second_row);
    let session = desk.open(note).body.session;
    phone_says(&mut desk, log.seq(), ELSE);
    desk.call(typed(&session, 0, 0, 0, "NEW "));
    log.serve(&mut desk);
    desk.wait(RESTED);
    log.serve(&mut desk);
    let body = desk.body(note);
    assert!(body.contains("NEW "), "{body}");
    assert!(!desk.reports.is_empty());
}

#[test]
fn a_connection_that_ends_in_between_only_takes_longer() {
    let (mut desk, mut log, note) = with_a_note(lacking_the_second_row);
    phone_says(&mut desk, log.seq(), ELSE);
    desk.give(Input::Closed { code: None, reason: "gone".into() });
    desk.sent.clear();
    connect(&mut desk, log.seq());
    complete(&mut desk, log.seq());
    log.serve(&mut desk);
    assert_eq!(desk.body(note), "one\ntwo\nthree\n");
    assert_eq!(desk.reports.len(), 1);
}

#[test]
fn it_is_done_once_a_day_and_what_still_differs_is_told_with_the_report() {
    let (mut desk, mut log, _) = with_a_note(|_| None);
    let differ = |desk: &mut Desk, log: &mut Log| {
        phone_says(desk, log.seq(), ELSE);
        let asked = log.serve(desk).len();
        desk.wait(RESTED);
        log.serve(desk);
        asked
    };
    assert!(differ(&mut desk, &mut log) > 0);
    assert_eq!(desk.reports.len(), 1);
    assert_eq!(desk.status().error, None, "the other device is given its time");
    assert_eq!(differ(&mut desk, &mut log), 0);
    desk.now.wall += 11 * 60_000;
    assert_eq!(differ(&mut desk, &mut log), 0);
    let error = desk.status().error.expect("told");
    assert!(error.message.contains("Phone") && error.message.contains(&desk.reports[0].0), "{}", error.message);
    assert_eq!(desk.status().verified, None);
    desk.now.wall += 24 * 60 * 60_000;
    assert!(differ(&mut desk, &mut log) > 0, "the next day it is tried again");
}

#[test]
fn a_clock_that_ran_ahead_when_it_was_done_last_does_not_put_it_off() {
    let (mut desk, mut log, _) = with_a_note(|_| None);
    desk.now.wall += 10 * 365 * 24 * 60 * 60_000;
    phone_says(&mut desk, log.seq(), ELSE);
    assert!(!log.serve(&mut desk).is_empty());
    desk.wait(RESTED);
    desk.now.wall -= 10 * 365 * 24 * 60 * 60_000;
    phone_says(&mut desk, log.seq(), ELSE);
    assert!(!log.serve(&mut desk).is_empty(), "nobody knows how long ago that was");
}

#[test]
fn a_list_that_can_not_be_read_is_read_later() {
    let (mut desk, mut log, _) = with_a_note(|_| None);
    desk.unreadable = true;
    phone_says(&mut desk, log.seq(), ELSE);
    assert!(log.serve(&mut desk).is_empty());
    desk.unreadable = false;
    desk.wait(RESTED);
    assert!(!log.serve(&mut desk).is_empty());
}

#[test]
fn nothing_is_compared_before_a_copy_is_made() {
    let (mut desk, mut log, _) = with_a_note(|_| None);
    desk.no_room = true;
    phone_says(&mut desk, log.seq(), ELSE);
    assert!(log.serve(&mut desk).is_empty());
    desk.wait(RESTED);
    assert_eq!((log.serve(&mut desk).len(), desk.copies), (0, 1), "a full disk isn't asked all the time");
    desk.no_room = false;
    hears(&mut desk, log.seq(), 11 * 60_000);
    assert!(!log.serve(&mut desk).is_empty());
}
