//! Sending what is unsent.

use stet_model::id::{DocKey, NoteId};
use stet_protocol::message::level2::{ClientMessage, NoteUpdate, ServerMessage};
use stet_protocol::message::{ErrorCode, ErrorMessage, Limits};
use stet_sync::device::{Output, Prepared, State};

use crate::script::{SPACE, Script, doc, place, read, row};

fn prepares(outputs: &[Output]) -> Vec<u8> {
    let docs = outputs.iter().filter_map(|output| match output {
        Output::Prepare { doc } => Some(doc.note.as_bytes()[0]),
        _ => None,
    });
    docs.collect()
}

fn updates(messages: Vec<ClientMessage>) -> Vec<NoteUpdate> {
    let updates = messages.into_iter().filter_map(|message| match message {
        ClientMessage::NoteUpdate(update) => Some(update),
        _ => None,
    });
    updates.collect()
}

fn notes(updates: &[NoteUpdate]) -> Vec<u8> {
    updates.iter().map(|update| update.note_id.as_bytes()[0]).collect()
}

fn refusal(id: &str, code: ErrorCode) -> ServerMessage {
    let error =
        ErrorMessage { message: "no".into(), code, note_id: None, id: Some(id.into()), retry_after_ms: Some(5_000) };
    ServerMessage::Error(error)
}

impl Script {
    fn ack(&mut self, update: &NoteUpdate, seq: u64) {
        let (id, space_id, note_id) = (update.id.clone(), update.space_id, update.note_id);
        self.hear(&ServerMessage::NoteUpdateSuccess { id, space_id, note_id, seq, timestamp: 77 });
    }
}

#[test]
fn one_update_is_in_flight_per_document_and_the_next_waits_for_its_answer() {
    let mut script = Script::live(3);
    script.device.dirty(doc(1), 0);
    assert_eq!(prepares(&script.asked()), [1]);
    script.prepare(1, 3);
    let sent = updates(script.sent());
    assert_eq!((sent.len(), sent[0].after, sent[0].ops[0].0.as_slice()), (1, 3, &[1, 1][..]));
    script.device.dirty(doc(1), 0);
    assert_eq!(script.asked(), []);
    script.ack(&sent[0], 4);
    let asked = script.asked();
    let Output::Acked(acked) = &asked[0] else { panic!("{asked:?}") };
    assert_eq!((acked.end.as_slice(), acked.seq, acked.cursor), (&[1][..], 4, Some(place(4))));
    assert_eq!(prepares(&asked), [1], "what was typed meanwhile goes next");
}

#[test]
fn what_is_unsent_waits_until_the_server_has_taken_the_place_the_log_is_followed_from() {
    let mut script = Script::new();
    script.device.dirty(doc(1), 0);
    script.device.purge(doc(2), 3, 0);
    script.sign_in(7);
    script.device.enter(&[(SPACE, Some(place(3)))], script.now);
    assert_eq!(prepares(&script.device.drain()), [0_u8; 0], "the server may have another log by now");
    let waits_until = script.device.wake_at().expect("it waits for an answer");
    assert!(waits_until > script.now, "and doesn't go round in circles");
    script.batch(vec![row(4, 9)], 4);
    let asked = script.asked();
    assert_eq!(prepares(&asked), [1], "the rest of the catch-up isn't waited for");
    let purges = asked
        .iter()
        .filter(|output| matches!(output, Output::Send(frame) if matches!(read(frame), ClientMessage::NotePurge(_))));
    assert_eq!(purges.count(), 1);
}

#[test]
fn an_answer_that_is_not_the_next_of_the_log_settles_its_document_and_leaves_the_cursor() {
    let mut script = Script::live(3);
    script.device.dirty(doc(1), 0);
    script.prepare(1, 0);
    let sent = updates(script.sent());
    script.ack(&sent[0], 9);
    let asked = script.asked();
    assert!(asked.iter().any(|output| matches!(output, Output::Acked(acked) if acked.cursor.is_none())));
    assert_eq!(script.device.place(SPACE), Some(place(3)));
}

/// A request that comes to the server twice, behind a later one, is a row once more: where that stands it says itself.
#[test]
fn an_answer_that_nobody_waits_for_moves_nothing_and_has_the_row_asked_for() {
    let mut script = Script::live(3);
    script.device.dirty(doc(1), 0);
    script.asked();
    script.prepare(1, 3);
    let sent = updates(script.sent());
    script.ack(&sent[0], 4);
    script.ack(&sent[0], 4);
    script.sent();
    assert_eq!(script.device.place(SPACE), Some(place(4)));
    script.ack(&sent[0], 5);
    assert_eq!(script.device.place(SPACE), Some(place(4)));
    assert!(matches!(&script.sent()[..], [ClientMessage::Sync(sync)] if sync.since == 4));
}

#[test]
fn the_window_bounds_what_is_unanswered() {
    let mut script = Script::new();
    script.limits.updates_in_flight = 4;
    script.sign_in(0);
    script.device.enter(&[(SPACE, None)], 0);
    script.complete(0);
    script.asked();
    (1..=10).for_each(|n| script.device.dirty(doc(n), 0));
    assert_eq!(prepares(&script.asked()), [1, 2, 3, 4]);
    (1..=4).for_each(|n| script.prepare(n, 0));
    let sent = updates(script.sent());
    assert_eq!(sent.len(), 4);
    script.ack(&sent[2], 1);
    assert_eq!(prepares(&script.asked()), [5]);
}

/// What an update of one document to the next weighs is known only once it is made.
#[test]
fn of_many_large_updates_only_as_many_are_sent_as_the_window_holds_and_the_rest_follows_by_itself() {
    let mut script = Script::live(0);
    (1..=7).for_each(|n| script.device.dirty(doc(n), 0));
    assert_eq!(prepares(&script.asked()), [1, 2, 3, 4, 5, 6, 7]);
    for n in 1..=6 {
        let ops = vec![1; if n == 6 { 10 } else { 1 << 20 }];
        script.device.prepared(Prepared { doc: doc(n), after: 0, ops, end: vec![n] }, 0);
    }
    let sent = updates(script.sent());
    assert_eq!(notes(&sent), [1, 2, 3, 4], "4 MiB are on their way, and the small one doesn't overtake");
    script.device.dirty(doc(8), 0);
    assert!(prepares(&script.asked()).is_empty(), "with some waiting nothing more is asked for");
    script.now = 29_000;
    script.ack(&sent[0], 1);
    assert_eq!(notes(&updates(script.sent())), [5]);
    (1..4).for_each(|n| script.ack(&sent[n], 1 + n as u64));
    let asked = script.asked();
    assert_eq!(prepares(&asked), [8]);
    assert!(asked.iter().any(|output| matches!(output, Output::Send(_))), "6 goes with them");
    script.now = 30_000;
    script.device.tick(script.now);
    assert_eq!(script.device.state(), State::Authenticated, "an answer is waited for from when the update was sent");
}

#[test]
fn an_update_larger_than_the_window_goes_alone_and_what_waited_is_forgotten_with_the_connection() {
    let mut script = Script::new();
    script.limits.bytes_in_flight = 100;
    script.sign_in(0);
    script.device.enter(&[(SPACE, None)], 0);
    script.complete(0);
    (1..=2).for_each(|n| script.device.dirty(doc(n), 0));
    script.asked();
    (1..=2)
        .for_each(|n| script.device.prepared(Prepared { doc: doc(n), after: 0, ops: vec![1; 101], end: vec![n] }, 0));
    assert_eq!(notes(&updates(script.sent())), [1]);
    script.device.closed(None, "gone", 0);
    script.wait();
    script.sign_in(0);
    script.device.enter(&[(SPACE, None)], script.now);
    script.complete(0);
    let asked = script.asked();
    assert_eq!(prepares(&asked), [1, 2]);
    assert!(
        !asked
            .iter()
            .any(|output| matches!(output, Output::Send(frame) if matches!(read(frame), ClientMessage::NoteUpdate(_))))
    );
}

#[test]
fn an_update_is_made_no_larger_than_the_server_takes() {
    let agreed = |set: fn(&mut Limits)| {
        let mut script = Script::new();
        set(&mut script.limits);
        script.sign_in(0);
        script.device.update_bytes()
    };
    assert_eq!(agreed(|_| {}), 1 << 20);
    assert_eq!(agreed(|limits| limits.message_bytes = 100_000), 100_000 - 1_024, "a message has more than operations");
    assert_eq!(agreed(|limits| limits.bytes_in_flight = 50_000), 50_000);
    assert_eq!(agreed(|limits| limits.message_bytes = 0), 1_024, "something has to be tried");
}

#[test]
fn a_server_that_takes_more_at_once_gets_no_more() {
    let mut script = Script::new();
    (script.limits.updates_in_flight, script.limits.bytes_in_flight) = (u64::MAX, u64::MAX);
    script.sign_in(0);
    script.device.enter(&[(SPACE, None)], 0);
    script.complete(0);
    script.asked();
    (1..=100).for_each(|n| script.device.dirty(doc(n), 0));
    assert_eq!(prepares(&script.asked()).len(), 64);
    (1..=5).for_each(|n| {
        script.device.prepared(Prepared { doc: doc(n), after: 0, ops: vec![1; 1 << 20], end: vec![n] }, 0)
    });
    assert_eq!(notes(&updates(script.sent())), [1, 2, 3, 4]);
}

#[test]
fn a_pause_is_not_shortened_by_a_shorter_one() {
    let mut script = Script::live(0);
    (1..=2).for_each(|n| script.device.dirty(doc(n), 0));
    (1..=2).for_each(|n| script.prepare(n, 0));
    let sent = updates(script.sent());
    script.hear(&refusal(&sent[0].id, ErrorCode::RateLimited));
    let shorter = ErrorMessage {
        message: "no".into(),
        code: ErrorCode::RateLimited,
        note_id: None,
        id: Some(sent[1].id.clone()),
        retry_after_ms: Some(20),
    };
    script.hear(&ServerMessage::Error(shorter));
    assert_eq!(script.device.sends_again_at(script.now), Some(5_000));
}

#[test]
fn what_was_on_its_way_is_sent_again_after_a_reconnect_under_another_name() {
    let mut script = Script::live(3);
    script.device.dirty(doc(1), 0);
    script.prepare(1, 3);
    let first = updates(script.sent()).remove(0);
    script.device.closed(None, "gone", 0);
    script.wait();
    script.sign_in(3);
    script.device.enter(&[(SPACE, Some(place(3)))], script.now);
    script.complete(3);
    assert_eq!(prepares(&script.asked()), [1]);
    script.prepare(1, 3);
    assert_ne!(updates(script.sent())[0].id, first.id);
}

#[test]
fn a_refusal_holds_back_its_document_alone() {
    let mut script = Script::live(3);
    script.device.dirty(doc(1), 0);
    script.device.dirty(doc(2), 0);
    script.prepare(1, 0);
    script.prepare(2, 0);
    let sent = updates(script.sent());
    script.hear(&refusal(&sent[0].id, ErrorCode::TooLarge));
    let asked = script.asked();
    assert!(matches!(&asked[..], [Output::Refused(refused)] if refused.doc == doc(1) && !refused.purge));
    script.ack(&sent[1], 4);
    assert!(matches!(&script.asked()[..], [Output::Acked(acked)] if acked.doc == doc(2)));
}

#[test]
fn a_rate_limit_pauses_sending_for_as_long_as_the_server_says() {
    let mut script = Script::live(3);
    script.device.dirty(doc(1), 0);
    script.prepare(1, 0);
    let sent = updates(script.sent());
    script.hear(&refusal(&sent[0].id, ErrorCode::RateLimited));
    assert_eq!(script.asked(), [], "neither refused nor sent again at once");
    script.now = 4_999;
    script.device.tick(script.now);
    assert!(prepares(&script.asked()).is_empty());
    script.now = 5_000;
    script.device.tick(script.now);
    assert_eq!(prepares(&script.asked()), [1]);
}

#[test]
fn a_pause_the_server_asked_for_outlives_the_connection_and_not_the_server() {
    let mut script = Script::live(3);
    script.device.dirty(doc(1), 0);
    script.prepare(1, 0);
    let sent = updates(script.sent());
    script.hear(&refusal(&sent[0].id, ErrorCode::RateLimited));
    assert_eq!(script.device.sends_again_at(0), Some(5_000));
    script.device.closed(None, "gone", 0);
    script.wait();
    assert!(script.now < 5_000, "it comes back sooner than it may send");
    script.sign_in(3);
    script.device.enter(&[(SPACE, Some(place(3)))], script.now);
    script.complete(3);
    assert!(prepares(&script.asked()).is_empty());
    script.now = 5_000;
    script.device.tick(script.now);
    assert_eq!(prepares(&script.asked()), [1]);
    assert_eq!(script.device.sends_again_at(5_000), None);

    script.prepare(1, 0);
    let sent = updates(script.sent());
    script.hear(&refusal(&sent[0].id, ErrorCode::Internal));
    script.device.disconnect();
    assert_eq!(script.device.sends_again_at(script.now), None, "another server asked for nothing");
}

#[test]
fn one_refusal_among_ten_thousand_is_asked_for_no_more_and_holds_up_no_other() {
    let mut script = Script::live(0);
    let note = |n: u32| {
        let mut bytes = [7; 16];
        bytes[..4].copy_from_slice(&n.to_be_bytes());
        DocKey { space: SPACE, note: NoteId::from_bytes(bytes) }
    };
    let (count, poison) = (10_000, note(4_321));
    (0..count).for_each(|n| script.device.dirty(note(n), 0));
    let (mut taken, mut refused) = (0, 0);
    loop {
        let mut sent = Vec::new();
        for output in script.asked() {
            match output {
                Output::Prepare { doc } => {
                    script.device.prepared(Prepared { doc, after: 0, ops: vec![1], end: vec![1] }, 0);
                }
                Output::Send(frame) => sent.push(read(&frame)),
                Output::Refused(held) => {
                    assert_eq!(held.doc, poison);
                    refused += 1;
                }
                _ => {}
            }
        }
        let sent = updates(sent);
        if sent.is_empty() && !script.device.is_in_flight(note(count - 1)) && taken + refused >= count {
            break;
        }
        for update in sent {
            if update.note_id == poison.note {
                script.hear(&refusal(&update.id, ErrorCode::Malformed));
            } else {
                taken += 1;
                script.ack(&update, u64::from(taken));
            }
        }
    }
    assert_eq!((taken, refused), (count - 1, 1));
}

#[test]
fn a_removal_for_good_names_the_last_row_the_user_saw_and_may_be_refused() {
    let mut script = Script::live(3);
    script.device.purge(doc(1), 2, 0);
    let sent = script.sent();
    let [ClientMessage::NotePurge(purge)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(purge.after, 2);
    script.hear(&refusal(&purge.id, ErrorCode::Changed));
    assert!(matches!(&script.asked()[..], [Output::Refused(refused)] if refused.purge));
    script.device.purge(doc(1), 4, 0);
    let sent = script.sent();
    let [ClientMessage::NotePurge(purge)] = &sent[..] else { panic!("{sent:?}") };
    let (id, space_id, note_id) = (purge.id.clone(), SPACE, purge.note_id);
    script.hear(&ServerMessage::NoteUpdateSuccess { id, space_id, note_id, seq: 4, timestamp: 0 });
    assert!(matches!(&script.asked()[..], [Output::PurgeAcked { seq: 4, cursor: Some(_), .. }]));
}

#[test]
fn an_update_without_an_answer_is_a_dead_connection() {
    let mut script = Script::live(3);
    script.device.dirty(doc(1), 0);
    script.prepare(1, 0);
    script.asked();
    script.now = 29_000;
    script.hear(&ServerMessage::Pong { timestamp: 0, seqs: std::collections::BTreeMap::new() });
    script.device.tick(29_999);
    assert!(script.device.is_in_flight(doc(1)));
    script.device.tick(30_000);
    assert!(!script.device.is_in_flight(doc(1)));
    assert!(script.asked().contains(&Output::Close { code: 1000 }));
}

/// Which documents are refused when the server fails at the first, and at all if it does.
fn refused_by_one_that_fails(at_all: bool) -> Vec<(DocKey, ErrorCode)> {
    let mut script = Script::live(0);
    let mut refused = Vec::new();
    for seq in 1..=4 {
        [1, 2].into_iter().for_each(|n| script.device.dirty(doc(n), script.now));
        script.device.tick(script.now);
        for n in prepares(&script.asked()) {
            script.prepare(n, 0);
        }
        for update in updates(script.sent()) {
            if at_all || update.note_id == doc(1).note {
                script.hear(&refusal(&update.id, ErrorCode::Internal));
            } else {
                script.ack(&update, seq);
            }
        }
        refused.extend(script.asked().into_iter().filter_map(|output| match output {
            Output::Refused(refused) => Some((refused.doc, refused.code)),
            _ => None,
        }));
        script.now += 5_000;
    }
    refused
}

#[test]
fn a_document_the_server_fails_at_while_it_takes_others_is_held_back_and_none_is_where_it_takes_no_others() {
    assert_eq!(refused_by_one_that_fails(false), [(doc(1), ErrorCode::Internal)]);
    assert_eq!(refused_by_one_that_fails(true), []);
}
