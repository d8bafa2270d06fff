//! Catching up: how far it is, as the status tells it; rows that are read while others are on their way to the disk.

use serde_json::{Value, json};
use stet_client::api::status::Progress;
use stet_model::document::{NoteDocument, NoteEdit, Version};
use stet_model::id::{NoteId, PeerId};
use stet_protocol::bytes::Bytes;
use stet_store::Write;

use crate::desk::Desk;
use crate::level1::hear;
use crate::level2::{SPACE, asked_from, complete, connect, connect_again, parts, rows};

/// Rows of a batch, each of a note of its own.
const ROWS: u64 = 10;
const TOTAL: u64 = 4_000;

/// The batch of this number, from 1 on.
fn batch(desk: &mut Desk, number: u64) {
    let row = |seq: u64| {
        let mut note = NoteDocument::new(PeerId(seq));
        note.edit(&NoteEdit::SetTitle(format!("Note {seq}")), 1).expect("an edit");
        let id = NoteId::from_bytes([seq as u8; 16]);
        json!({"seq": seq, "noteId": id, "ops": [Bytes(note.export(&Version::new()))], "timestamp": 1_700_000_000_000_i64})
    };
    let rows: Vec<Value> = (1 + ROWS * (number - 1)..=ROWS * number).map(row).collect();
    let done = ROWS * number;
    hear(
        desk,
        &json!({"type": "sync_batch", "spaceId": SPACE, "rows": rows, "upTo": done, "done": done, "total": TOTAL}),
    );
}

fn progress(desk: &mut Desk) -> Progress {
    desk.status().progress.expect("a catch-up is under way")
}

#[test]
fn a_catch_up_says_how_far_it_is_and_how_long_it_takes_once_that_is_known() {
    let mut desk = Desk::with_server(Some("ws://localhost:1"));
    connect(&mut desk, TOTAL);
    let mut said = Vec::new();
    for number in 1..=8 {
        // With what looking at the status takes, half a second.
        desk.wait(300);
        batch(&mut desk, number);
        let Progress { done, total, seconds_left } = progress(&mut desk);
        assert_eq!((done, total), (ROWS * number, TOTAL));
        said.push(seconds_left);
    }
    // At 20 rows a second.
    assert_eq!(said[..3], [None; 3]);
    assert_eq!(said[7], Some(180));
    complete(&mut desk, TOTAL);
    assert_eq!(desk.status().progress, None);
}

#[test]
fn what_waits_for_the_disk_isnt_done() {
    let mut desk = Desk::with_server(Some("ws://localhost:1"));
    connect(&mut desk, TOTAL);
    batch(&mut desk, 1);
    assert_eq!(progress(&mut desk).done, ROWS);
    desk.slow_disk = true;
    batch(&mut desk, 2);
    assert_eq!(progress(&mut desk).done, ROWS);
    complete(&mut desk, TOTAL);
    let waits = progress(&mut desk);
    assert_eq!((waits.done, waits.total), (TOTAL - ROWS, TOTAL), "the rows that came last aren't in their notes");
    while !desk.jobs.is_empty() {
        desk.disk();
    }
    assert_eq!(desk.status().progress, None);
}

#[test]
fn a_note_that_is_read_before_the_next_of_its_rows_is_on_the_disk_gets_that_row_too() {
    let mut desk = Desk::with_server(Some("ws://server.example"));
    let (note, [first, second]) = parts();
    connect(&mut desk, 2);
    desk.slow_disk = true;
    rows(&mut desk, &[(1, note, first)]);
    rows(&mut desk, &[(2, note, second)]);
    while !desk.jobs.is_empty() {
        desk.disk();
    }
    assert_eq!(desk.body(note), "one\ntwo\n");
}

/// A slow disk does everything but for the transaction that brings this row.
fn refuse_the_row(desk: &mut Desk, seq: u64) {
    let brings = |write: &Write| matches!(write, Write::Remote { rows, .. } if rows.iter().any(|row| row.seq == seq));
    while let Some((_, writes)) = desk.jobs.front() {
        desk.failures = u32::from(writes.iter().any(brings));
        desk.disk();
    }
}

#[test]
fn a_row_the_disk_refused_between_others_leaves_a_note_that_can_be_read() {
    let mut desk = Desk::with_server(Some("ws://server.example"));
    let (note, [first, second, third, fourth]) = parts();
    connect(&mut desk, 4);
    rows(&mut desk, &[(1, note, first)]);
    desk.open(note);
    desk.slow_disk = true;
    for (seq, part) in [(2, second), (3, third), (4, fourth)] {
        rows(&mut desk, &[(seq, note, part)]);
    }
    refuse_the_row(&mut desk, 3);
    let mut desk = desk.crash();
    assert_eq!(desk.body(note), "one\ntwo\n");
}

#[test]
fn a_row_that_was_dropped_with_one_the_disk_refused_comes_again() {
    let mut desk = Desk::with_server(Some("ws://server.example"));
    let (note, [first, second, third]) = parts();
    connect(&mut desk, 3);
    rows(&mut desk, &[(1, note, first)]);
    desk.open(note);
    desk.slow_disk = true;
    // Ahead of its turn, so that no cursor goes with it.
    let early = json!({"seq": 3, "noteId": note, "ops": [Bytes(third.clone())], "timestamp": 0});
    hear(
        &mut desk,
        &json!({"type": "sync_batch", "spaceId": SPACE, "rows": [early], "upTo": 3, "early": true, "done": 1, "total": 3}),
    );
    rows(&mut desk, &[(2, note, second.clone())]);
    refuse_the_row(&mut desk, 3);
    desk.slow_disk = false;
    connect_again(&mut desk, 3);
    assert_eq!(asked_from(&mut desk).pop(), Some(1), "what was dropped comes again");
    rows(&mut desk, &[(2, note, second), (3, note, third)]);
    complete(&mut desk, 3);
    assert_eq!(desk.body(note), "one\ntwo\nthree\n");
}
