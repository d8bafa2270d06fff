//! Which rows a socket is given: every one after its cursor, once, in order, with its own acknowledgements in their place.

use serde_json::{Value, json};
use stet_protocol::codec::Encoding;
use stet_sync::server::{Effect, Input, Read, ReadAnswer, Settings};

use crate::stage::{SPACE, Stage, batch, head, note, row, sized_batch, sized_row, update};

fn seqs(stage: &mut Stage) -> Vec<(String, u64)> {
    std::iter::from_fn(|| Some(stage.say()).filter(|message| !message.is_null()))
        .filter_map(|message: Value| {
            let kind = message["type"].as_str().unwrap().to_owned();
            let seq = message["seq"].as_u64().or(message["upTo"].as_u64());
            seq.map(|seq| (kind, seq))
        })
        .collect()
}

fn expect(found: Vec<(String, u64)>, expected: &[(&str, u64)]) {
    let found: Vec<_> = found.iter().map(|(kind, seq)| (kind.as_str(), *seq)).collect();
    assert_eq!(found, expected);
}

#[test]
fn live_goes_on_where_the_catch_up_ended() {
    let mut stage = Stage::level2(Settings::default());
    stage.hear(&json!({"type": "sync", "spaceId": SPACE, "since": 0}));
    let begin = stage.reads();
    assert!(matches!(begin.read, Read::Begin { since: 0, lineage: None, newest: 0 }));
    stage.give(Input::Read(begin.ticket, ReadAnswer::Begun { rows: 2, early: vec![], early_rows: 0 }));
    let log = stage.reads();
    // Committed while the read is under way: 2 is in what it finds, 3 and the own 4 are not.
    stage.hear(&update("u", 5));
    for event in [row(2, None), row(3, None), row(4, Some("u"))] {
        stage.give(Input::Committed(&event));
    }
    assert!(stage.say().is_null(), "held until it is known what the read found");
    let end = ReadAnswer::Log { batch: batch(2), up_to: 2, end: Some(head(2)) };
    stage.give(Input::Read(log.ticket, end));
    stage.give(Input::Committed(&row(5, None)));
    let expected =
        [("sync_batch", 2), ("sync_complete", 2), ("note_sync", 3), ("note_update_success", 4), ("note_sync", 5)];
    expect(seqs(&mut stage), &expected);
}

#[test]
fn before_its_first_sync_a_socket_hears_of_its_own_rows_only() {
    let mut stage = Stage::level2(Settings::default());
    stage.hear(&update("u", 5));
    stage.give(Input::Committed(&row(1, None)));
    stage.give(Input::Committed(&row(2, Some("u"))));
    expect(seqs(&mut stage), &[("note_update_success", 2)]);
    stage.hear(&json!({"type": "ping"}));
    assert_eq!(stage.say()["seqs"][SPACE.to_string()], 2, "a client below it syncs");
}

#[test]
fn what_cannot_be_held_is_read_from_the_log() {
    let mut stage = Stage::level2(Settings::default());
    stage.hear(&json!({"type": "sync", "spaceId": SPACE, "since": 0}));
    let begin = stage.reads();
    stage.give(Input::Read(begin.ticket, ReadAnswer::Begun { rows: 0, early: vec![], early_rows: 0 }));
    let log = stage.reads();
    stage.hear(&update("u", 5));
    stage.give(Input::Committed(&row(1, Some("u"))));
    stage.give(Input::Committed(&sized_row(2, None, 2 << 20)));
    stage.give(Input::Committed(&row(3, None)));
    stage.give(Input::Read(log.ticket, ReadAnswer::Log { batch: None, up_to: 0, end: Some(head(0)) }));
    let again = stage.reads();
    assert_eq!(again.read, Read::Log { since: 0 });
    stage.give(Input::Read(again.ticket, ReadAnswer::Log { batch: batch(3), up_to: 3, end: Some(head(3)) }));
    expect(seqs(&mut stage), &[("note_update_success", 1), ("sync_batch", 3), ("sync_complete", 3)]);
}

#[test]
fn a_hole_in_what_arrives_is_told_and_then_only_acknowledgements_come() {
    let mut stage = Stage::level2(Settings::default());
    stage.live();
    stage.give(Input::Committed(&row(1, None)));
    stage.give(Input::Committed(&row(3, None)));
    stage.hear(&update("u", 5));
    stage.give(Input::Committed(&row(4, None)));
    stage.give(Input::Committed(&row(5, Some("u"))));
    let kinds = stage.kinds();
    assert_eq!(kinds, ["note_sync", "behind", "note_update_success"]);
    stage.hear(&json!({"type": "sync", "spaceId": SPACE, "since": 1, "lineage": head(0).lineage}));
    assert!(matches!(stage.reads().read, Read::Begin { since: 1, .. }));
}

#[test]
fn a_slow_reader_is_never_buffered_without_bound() {
    let settings = Settings { backlog_bytes: 10_000, ..Settings::default() };
    let mut stage = Stage::level2(settings);
    stage.live();
    for seq in 1..=100 {
        stage.give(Input::Committed(&sized_row(seq, None, 1_000)));
    }
    assert!(stage.outbox.bytes() < 13_000, "{}", stage.outbox.bytes());
    assert!(!stage.machine.wants_input(&stage.outbox), "nor is it read");
    let kinds = stage.kinds();
    assert_eq!(kinds.last().unwrap(), "behind");
    assert!(stage.machine.wants_input(&stage.outbox));
}

#[test]
fn reading_waits_for_the_reader() {
    let mut stage = Stage::level2(Settings::default());
    stage.hear(&json!({"type": "sync", "spaceId": SPACE, "since": 0}));
    let begin = stage.reads();
    stage.give(Input::Read(begin.ticket, ReadAnswer::Begun { rows: 9, early: vec![], early_rows: 0 }));
    let mut up_to = 0;
    while stage.effects.iter().any(|effect| matches!(effect, Effect::Read(_))) {
        let request = stage.reads();
        up_to += 1;
        assert!(up_to < 10, "never waits");
        let answer = ReadAnswer::Log { batch: sized_batch(up_to, 800_000), up_to, end: None };
        stage.give(Input::Read(request.ticket, answer));
    }
    assert!(stage.machine.waits_for_reader());
    stage.take();
    stage.take();
    stage.give(Input::Drained);
    assert_eq!(stage.reads().read, Read::Log { since: up_to });
}

#[test]
fn a_newer_sync_replaces_one_that_is_under_way_and_is_read_for_once_that_is_answered() {
    let mut stage = Stage::level2(Settings::default());
    stage.hear(&json!({"type": "sync", "spaceId": SPACE, "since": 0}));
    let first = stage.reads();
    for _ in 0..100 {
        stage.hear(&json!({"type": "sync", "spaceId": SPACE, "since": 0}));
    }
    assert!(stage.effects.is_empty(), "only one read is out");
    stage.give(Input::Read(first.ticket, ReadAnswer::Begun { rows: 0, early: vec![], early_rows: 0 }));
    let last = stage.reads();
    assert!(matches!(last.read, Read::Begin { .. }) && stage.effects.is_empty(), "of the last alone");
    stage.give(Input::Read(last.ticket, ReadAnswer::Begun { rows: 0, early: vec![], early_rows: 0 }));
    assert!(matches!(stage.reads().read, Read::Log { since: 0 }));
}

#[test]
fn rows_are_read_for_one_catch_up_at_a_time_each_in_its_turn() {
    let mut stage = Stage::level2(Settings::default());
    stage.hear(&json!({"type": "sync", "spaceId": SPACE, "since": 0}));
    let mut order = Vec::new();
    let mut request = stage.reads();
    for n in 1..=2 {
        stage.hear(&json!({"type": "sync", "spaceId": SPACE, "since": 0, "noteIds": [note(n)]}));
    }
    for _ in 0..7 {
        assert!(stage.effects.is_empty(), "one at a time");
        order.push(request.ticket);
        let goes_on = stet_sync::server::Cursor { index: 0, after: 1 };
        let answer = match request.read {
            Read::Begin { .. } => ReadAnswer::Begun { rows: 9, early: vec![], early_rows: 0 },
            Read::Log { .. } => ReadAnswer::Log { batch: batch(1), up_to: 1, end: None },
            Read::Documents { .. } => ReadAnswer::Documents { batch: batch(1), next: Some(goes_on), head: head(1) },
        };
        stage.give(Input::Read(request.ticket, answer));
        request = stage.reads();
    }
    assert_eq!(order, [0, 1, 2, 0, 1, 2, 0]);
}

#[test]
fn named_documents_come_beside_a_live_feed_and_do_not_disturb_it() {
    let mut stage = Stage::level2(Settings::default());
    stage.live();
    stage.hear(&json!({"type": "sync", "spaceId": SPACE, "since": 0, "noteIds": [note(5)]}));
    let request = stage.reads();
    assert_eq!(request.encoding, Encoding::Json);
    stage.give(Input::Committed(&row(1, None)));
    let answer = ReadAnswer::Documents { batch: None, next: None, head: head(1) };
    stage.give(Input::Read(request.ticket, answer));
    stage.give(Input::Committed(&row(2, None)));
    expect(seqs(&mut stage), &[("note_sync", 1), ("sync_complete", 1), ("note_sync", 2)]);
}
