//! Following the log: batches, gaps, cursors, receipts.

use stet_model::id::{NoteId, UserId};
use stet_protocol::bytes::Bytes;
use stet_protocol::message::level2::{ClientMessage, NoteSync, Row, ServerMessage, SyncBatch, SyncComplete};
use stet_protocol::message::{ErrorCode, ErrorMessage};
use stet_sync::device::{Output, Problem, State};

use crate::script::{LINEAGE, SPACE, Script, doc, place, row};

fn live_update(seq: u64, n: u8) -> ServerMessage {
    ServerMessage::NoteSync(NoteSync {
        space_id: SPACE,
        note_id: doc(n).note,
        seq,
        ops: vec![Bytes(vec![1, n])],
        timestamp: 0,
        from_user_id: UserId("anna".into()),
        from_device_id: None,
    })
}

fn stored_rows(outputs: &[Output]) -> Vec<(Vec<u64>, Option<u64>, bool)> {
    let rows = outputs.iter().filter_map(|output| match output {
        Output::Rows(rows) => Some(rows),
        _ => None,
    });
    rows.map(|rows| (rows.rows.iter().map(|row| row.seq).collect(), rows.cursor.map(|cursor| cursor.seq), rows.live))
        .collect()
}

#[test]
fn batches_are_stored_with_their_cursor_and_early_ones_without() {
    let mut script = Script::new();
    script.sign_in(9);
    script.device.enter(&[(SPACE, None)], 0);
    script.asked();
    let early = SyncBatch { space_id: SPACE, rows: vec![row(9, 9)], up_to: 0, early: true, done: 1, total: 3 };
    script.hear(&ServerMessage::SyncBatch(early));
    script.batch(vec![row(2, 1), row(5, 2)], 6);
    script.batch(vec![row(9, 9)], 9);
    assert_eq!(script.device.progress(SPACE), Some((1, 1)));
    let asked = script.asked();
    let expected = [(vec![9], None, false), (vec![2, 5], Some(6), false), (vec![9], Some(9), false)];
    assert_eq!(stored_rows(&asked), expected);
    assert!(!script.device.is_caught_up(SPACE));
    script.complete(9);
    assert!(script.device.is_caught_up(SPACE));
    assert!(matches!(&script.asked()[..], [Output::CaughtUp { cursor, .. }, ..] if cursor.seq == 9));
}

#[test]
fn live_updates_in_order_are_stored_and_doubled_ones_dropped() {
    let mut script = Script::live(3);
    script.hear(&live_update(4, 1));
    script.hear(&live_update(4, 1));
    script.hear(&live_update(5, 2));
    let asked = script.asked();
    assert_eq!(stored_rows(&asked), [(vec![4], Some(4), true), (vec![5], Some(5), true)]);
}

#[test]
fn an_update_beyond_a_gap_is_dropped_and_asked_for() {
    let mut script = Script::live(3);
    script.hear(&live_update(5, 1));
    let asked = script.asked();
    assert_eq!(stored_rows(&asked), []);
    assert_eq!(asked.len(), 1);
    assert_eq!(script.device.place(SPACE), Some(place(3)));
}

#[test]
fn a_gap_during_a_catch_up_is_asked_for_at_its_end() {
    let mut script = Script::live(3);
    script.hear(&live_update(5, 1));
    script.hear(&live_update(9, 1));
    assert_eq!(script.sent().len(), 1, "one catch-up at a time");
    script.batch(vec![row(4, 1), row(5, 1)], 5);
    script.complete(5);
    let sent = script.sent();
    assert!(sent.iter().any(|message| matches!(message, ClientMessage::Sync(sync) if sync.since == 5)), "{sent:?}");
}

#[test]
fn a_socket_that_fell_behind_syncs_from_its_cursor() {
    let mut script = Script::live(3);
    script.hear(&ServerMessage::Behind { space_id: SPACE });
    assert!(matches!(&script.sent()[..], [ClientMessage::Sync(sync)] if sync.since == 3));
}

#[test]
fn a_receipt_is_sent_for_what_is_on_disk_at_most_once_a_second() {
    let mut script = Script::live(3);
    script.now = 10_000;
    script.hear(&live_update(4, 1));
    assert!(script.sent().is_empty(), "received is not stored");
    script.device.stored(SPACE, place(4), script.now);
    assert!(matches!(&script.sent()[..], [ClientMessage::Received(received)] if received.seq == 4));
    script.hear(&live_update(5, 1));
    script.device.stored(SPACE, place(5), script.now + 10);
    assert!(script.sent().is_empty(), "not twice in a second");
    script.wait();
    assert_eq!(script.now, 11_000);
    assert!(matches!(&script.sent()[..], [ClientMessage::Received(received)] if received.seq == 5));
    script.device.stored(SPACE, place(5), script.now + 5_000);
    assert!(script.sent().is_empty(), "nothing new, nothing sent");
}

#[test]
fn a_failed_write_begins_the_connection_anew_from_what_is_on_disk() {
    let mut script = Script::live(3);
    script.hear(&live_update(4, 1));
    script.device.store_failed(script.now);
    assert_eq!(script.device.state(), State::Reconnecting);
    script.wait();
    script.sign_in(4);
    script.asked();
    script.device.enter(&[(SPACE, Some(place(3)))], script.now);
    assert!(matches!(&script.sent()[..], [ClientMessage::Sync(sync)] if sync.since == 3));
}

#[test]
fn a_catch_up_without_an_answer_is_a_dead_connection() {
    let mut script = Script::new();
    script.sign_in(9);
    script.device.enter(&[(SPACE, None)], 0);
    script.asked();
    while script.device.state() == State::Authenticated {
        script.wait();
        assert!(script.now <= 40_000);
    }
    assert_eq!(script.device.state(), State::Reconnecting);
}

#[test]
fn without_a_connection_nobody_is_asked_for_every_row() {
    let mut script = Script::live(3);
    script.device.closed(None, "gone", script.now);
    script.asked();
    assert!(!script.device.read_anew(SPACE, script.now));
    assert!(script.sent().is_empty());
    script.wait();
    script.sign_in(3);
    script.device.enter(&[(SPACE, Some(place(3)))], script.now);
    script.asked();
    script.complete(3);
    assert!(script.device.read_anew(SPACE, script.now));
    assert!(script.sent().iter().any(|message| matches!(message, ClientMessage::Sync(sync) if sync.since == 0)));
}

#[test]
fn a_catch_up_of_which_a_batch_was_missed_is_made_again_from_where_it_was() {
    let mut script = Script::new();
    script.sign_in(3);
    script.device.enter(&[(SPACE, Some(place(1)))], script.now);
    script.asked();
    let batch = |rows: Vec<Row>, up_to: u64, done: u64| {
        ServerMessage::SyncBatch(SyncBatch { space_id: SPACE, rows, up_to, early: false, done, total: 2 })
    };
    script.hear(&batch(vec![row(3, 9)], 3, 2));
    script.complete(3);
    assert!(script.device.place(SPACE).is_some_and(|place| place.seq == 1));
    assert!(matches!(&script.sent()[..], [.., ClientMessage::Sync(sync)] if sync.since == 1));
    // One that counts in another way is believed the second time.
    script.hear(&batch(vec![row(3, 9)], 3, 2));
    script.complete(3);
    assert!(script.device.is_caught_up(SPACE));
}

#[test]
fn a_batch_that_comes_twice_is_no_hole() {
    let mut script = Script::new();
    script.sign_in(3);
    script.device.enter(&[(SPACE, Some(place(1)))], script.now);
    script.asked();
    for _ in 0..2 {
        let rows = vec![row(2, 9), row(3, 9)];
        let batch = SyncBatch { space_id: SPACE, rows, up_to: 3, early: false, done: 2, total: 2 };
        script.hear(&ServerMessage::SyncBatch(batch));
    }
    script.complete(3);
    assert!(script.device.is_caught_up(SPACE));
}

#[test]
fn every_row_is_not_asked_for_amid_a_catch_up_that_would_go_on_from_where_it_is() {
    let mut script = Script::live(3);
    script.device.sync_now(SPACE, script.now);
    script.asked();
    assert!(!script.device.read_anew(SPACE, script.now));
    script.complete(3);
    script.asked();
    assert!(script.device.read_anew(SPACE, script.now));
}

#[test]
fn a_cursor_at_the_beginning_is_of_no_lineage() {
    let mut script = Script::new();
    script.sign_in(0);
    script.device.enter(&[(SPACE, Some(place(0)))], script.now);
    assert!(matches!(&script.sent()[..], [.., ClientMessage::Sync(sync)] if sync.lineage.is_none()));
}

#[test]
fn a_log_that_is_said_to_be_at_the_end_of_all_numbers_does_no_harm() {
    let mut script = Script::live(3);
    script.device.enter(&[], script.now);
    script.hear(&ServerMessage::Pong { timestamp: 0, seqs: [(SPACE, u64::MAX)].into() });
    script.complete(u64::MAX);
    script.hear(&live_update(u64::MAX, 1));
    script.hear(&live_update(0, 1));
    assert_eq!(script.device.state(), State::Authenticated);
}

fn fetched(notes: &[NoteId]) -> ServerMessage {
    let (digest, note_ids) = ("0".repeat(32), Some(notes.to_vec()));
    ServerMessage::SyncComplete(SyncComplete { space_id: SPACE, seq: 1, lineage: LINEAGE, digest, note_ids })
}

fn asked_by_name(messages: &[ClientMessage]) -> Vec<Vec<NoteId>> {
    let named = messages.iter().filter_map(|message| match message {
        ClientMessage::Sync(sync) => sync.note_ids.clone(),
        _ => None,
    });
    named.collect()
}

fn cannot_now(code: ErrorCode, retry_after_ms: u64) -> ServerMessage {
    let message = "The server couldn't do it: try again later".to_owned();
    ServerMessage::Error(ErrorMessage { message, code, note_id: None, id: None, retry_after_ms: Some(retry_after_ms) })
}

#[test]
fn documents_are_asked_for_by_name_in_one_request_at_a_time() {
    let mut script = Script::live(1);
    let [one, two, three] = [1, 2, 3].map(|n| doc(n).note);
    for notes in [vec![one], vec![two], vec![three, two]] {
        script.device.fetch(SPACE, notes, 0);
    }
    assert_eq!(asked_by_name(&script.sent()), [[one]], "a server has room for few at a time");
    script.hear(&fetched(&[one]));
    assert_eq!(asked_by_name(&script.sent()), [[two, three]]);
    script.hear(&fetched(&[three, two]));
    assert_eq!(asked_by_name(&script.sent()), [] as [Vec<NoteId>; 0]);
}

#[test]
fn documents_asked_for_by_name_that_never_come_are_a_dead_connection() {
    let mut script = Script::live(1);
    script.device.fetch(SPACE, vec![doc(1).note], 5_000);
    script.asked();
    script.device.tick(34_999);
    assert!(!script.asked().contains(&Output::Problem(Problem::Silent)));
    script.device.tick(35_000);
    assert!(script.asked().contains(&Output::Problem(Problem::Silent)));
}

#[test]
fn what_a_server_can_not_read_now_is_asked_for_again_when_it_says_and_nobody_calls_it_silent() {
    for code in [ErrorCode::Internal, ErrorCode::RateLimited] {
        let mut script = Script::new();
        script.sign_in(9);
        script.device.enter(&[(SPACE, Some(place(1)))], 0);
        script.device.fetch(SPACE, vec![doc(1).note], 0);
        script.asked();
        script.hear(&cannot_now(code, 29_000));
        script.device.tick(28_999);
        assert!(script.sent().is_empty(), "the server wants quiet");
        script.device.tick(29_000);
        let sent = script.sent();
        assert!(matches!(&sent[0], ClientMessage::Sync(sync) if sync.since == 1 && sync.note_ids.is_none()));
        assert_eq!(asked_by_name(&sent), [[doc(1).note]]);
        script.device.tick(58_999);
        assert!(!script.asked().contains(&Output::Problem(Problem::Silent)));
        script.device.tick(59_000);
        assert!(script.asked().contains(&Output::Problem(Problem::Silent)), "asked twice, it says nothing");
    }
}

#[test]
fn documents_that_come_by_name_meanwhile_are_no_progress_of_a_catch_up() {
    let mut script = Script::new();
    script.sign_in(26_600);
    script.device.enter(&[(SPACE, None)], 0);
    let batch = |rows, up_to, early, done, total| {
        ServerMessage::SyncBatch(SyncBatch { space_id: SPACE, rows, up_to, early, done, total })
    };
    script.hear(&batch(vec![row(1, 1)], 1, false, 5_000, 26_600));
    script.device.fetch(SPACE, vec![doc(1).note], 0);
    script.hear(&batch(vec![row(1, 1)], 26_600, true, 1, 1));
    assert_eq!(script.device.progress(SPACE), Some((5_000, 26_600)));
}

#[test]
fn the_newest_notes_come_first_whenever_much_was_missed() {
    for (since, end, first) in [(0, 5, true), (5, 1_004, false), (5, 1_005, true)] {
        let mut script = Script::new();
        script.sign_in(end);
        script.device.enter(&[(SPACE, (since > 0).then(|| place(since)))], 0);
        let newest = script.sent().iter().find_map(|message| match message {
            ClientMessage::Sync(sync) => Some(sync.newest),
            _ => None,
        });
        assert_eq!(newest.expect("it asks").is_some(), first, "{since} of {end}");
    }
}
