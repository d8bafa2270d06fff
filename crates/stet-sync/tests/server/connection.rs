//! Stages, time limits, what may be in flight, and who is told what about requests.

use serde_json::json;
use stet_protocol::close::CloseCode;
use stet_protocol::message::{AuthFailure, ErrorCode};
use stet_sync::server::{CommitOutcome, Effect, Input, LevelOneOutcome, Outgoing, Settings, Stage as Spoken};

use crate::stage::{SPACE, Stage, auth2, note, row, session, update};

#[test]
fn a_socket_that_does_not_authenticate_in_time_is_closed() {
    let mut stage = Stage::open(Settings::default());
    assert_eq!(stage.machine.deadline(), 30_000);
    stage.now = 29_999;
    stage.give(Input::Timer);
    assert!(!stage.machine.is_closed());
    stage.now = 30_000;
    stage.give(Input::Timer);
    assert_eq!(stage.take(), Some(Outgoing::Close(CloseCode::AuthTimeout)));
}

#[test]
fn nothing_is_handled_between_a_token_and_its_verdict() {
    let mut stage = Stage::open(Settings::default());
    stage.hear(&auth2());
    assert!(!stage.machine.wants_input(&stage.outbox));
    stage.give(Input::Authenticated(Ok(session(60_000))));
    assert!(stage.machine.wants_input(&stage.outbox));
    assert_eq!(stage.say()["expiresInMs"], 60_000);
    assert_eq!(stage.machine.stage(), Spoken::Level2);
}

#[test]
fn a_bad_token_is_answered_and_closes() {
    let mut stage = Stage::open(Settings::default());
    stage.hear(&auth2());
    stage.give(Input::Authenticated(Err(AuthFailure::TokenExpired)));
    assert_eq!(stage.say()["reason"], "token-expired");
    assert_eq!(stage.take(), Some(Outgoing::Close(CloseCode::NotAuthenticated)));
}

#[test]
fn a_refused_renewal_closes_only_when_the_old_token_has_run_out() {
    let mut stage = Stage::level2(Settings::default());
    stage.hear(&auth2());
    stage.give(Input::Authenticated(Err(AuthFailure::InvalidToken)));
    assert_eq!(stage.kinds(), ["auth_failed"]);
    assert!(!stage.machine.is_closed());
    stage.now = 1_000_000;
    stage.give(Input::Timer);
    assert_eq!(stage.say()["reason"], "token-expired");
    assert_eq!(stage.take(), Some(Outgoing::Close(CloseCode::NotAuthenticated)));
}

#[test]
fn silence_is_met_with_a_ping_and_more_silence_with_a_close() {
    let mut stage = Stage::level2(Settings::default());
    stage.now = 20_000;
    stage.give(Input::Alive);
    assert_eq!(stage.machine.deadline(), 50_000);
    stage.now = 50_000;
    stage.give(Input::Timer);
    assert_eq!(stage.take(), Some(Outgoing::Ping));
    stage.now = 55_000;
    stage.give(Input::Alive);
    assert_eq!(stage.machine.deadline(), 85_000, "any frame is life");
    stage.now = 85_000;
    stage.give(Input::Timer);
    assert_eq!(stage.take(), Some(Outgoing::Ping));
    stage.now = 95_000;
    stage.give(Input::Timer);
    assert_eq!(stage.take(), Some(Outgoing::Close(CloseCode::Bye)));
}

#[test]
fn a_socket_that_waits_for_an_answer_is_not_taken_for_silent() {
    let mut settings = Settings::default();
    settings.limits.updates_in_flight = 1;
    let mut stage = Stage::level2(settings);
    stage.hear(&update("u1", 1));
    for _ in 0..10 {
        // Nothing of it is read until then, its pongs neither.
        stage.now = stage.machine.deadline();
        stage.give(Input::Timer);
        assert!(!stage.machine.is_closed() && stage.take().is_none());
    }
    stage.give(Input::Committed(&row(1, Some("u1"))));
    stage.take();
    stage.now = stage.machine.deadline();
    stage.give(Input::Timer);
    assert_eq!(stage.take(), Some(Outgoing::Ping));
}

/// What lasts goes by the clock that nobody sets: a session ends when its token's time is over, and silence, rests and what
/// may be sent in a minute are as long as ever.
#[test]
fn a_clock_that_is_set_ten_years_on_or_back_neither_ends_a_session_nor_prolongs_a_limit() {
    for years in [-10, 10] {
        let mut settings = Settings::default();
        settings.limits.messages_per_minute = 1;
        let mut stage = Stage::level2(settings);
        stage.wall_off = years * 365 * 86_400_000;
        stage.now = 20_000;
        stage.hear(&json!({"type": "ping"}));
        stage.hear(&json!({"type": "ping"}));
        assert_eq!(stage.kinds(), ["pong", "error"], "{years} years");
        stage.now += 60_000;
        stage.hear(&json!({"type": "ping"}));
        assert_eq!(stage.kinds(), ["pong"], "a minute later the next may come");
        assert_eq!(stage.machine.deadline(), 110_000, "{years} years");
        stage.now = 110_000;
        stage.give(Input::Timer);
        assert_eq!(stage.take(), Some(Outgoing::Ping));
        stage.give(Input::Alive);
        stage.now = 999_990;
        stage.give(Input::Alive);
        assert_eq!(stage.machine.deadline(), 1_000_000, "when the token runs out");
    }
}

#[test]
fn a_client_that_has_too_much_in_flight_is_not_read_and_the_rest_of_a_many_waits() {
    let mut settings = Settings::default();
    settings.limits.updates_in_flight = 2;
    let mut stage = Stage::level2(settings);
    let messages: Vec<_> = (1..=3).map(|n| update(&format!("u{n}"), n)).collect();
    stage.hear(&json!({"type": "many", "messages": messages}));
    assert_eq!(stage.effects.len(), 2);
    assert!(!stage.machine.wants_input(&stage.outbox));
    stage.give(Input::Committed(&row(1, Some("u1"))));
    assert_eq!(stage.effects.len(), 3, "an answer makes room for the next");
    assert_eq!(stage.kinds(), ["note_update_success"]);
}

#[test]
fn a_refused_or_repeated_request_is_answered_by_name_and_an_unknown_outcome_closes() {
    let mut stage = Stage::level2(Settings::default());
    for id in ["a", "b", "c"] {
        stage.hear(&update(id, 1));
    }
    stage.give(Input::Outcome("a", SPACE, CommitOutcome::Refused(ErrorCode::Deleted)));
    let refusal = stage.say();
    assert_eq!(
        (&refusal["code"], &refusal["id"], &refusal["noteId"]),
        (&json!("deleted"), &json!("a"), &json!(note(1)))
    );
    stage.give(Input::Outcome("b", SPACE, CommitOutcome::Repeated { seq: 4, timestamp: 9 }));
    let ack = stage.say();
    assert_eq!((&ack["id"], &ack["seq"], &ack["timestamp"]), (&json!("b"), &json!(4), &json!(9)));
    stage.give(Input::Outcome("c", SPACE, CommitOutcome::Unknown));
    assert_eq!(stage.take(), Some(Outgoing::Close(CloseCode::Restarting)), "no answer: the client sends it again");
}

#[test]
fn level_1_messages_are_done_one_after_the_other() {
    let mut stage = Stage::open(Settings::default());
    stage.hear(&json!({"type": "auth", "token": "t"}));
    stage.effects.clear();
    stage.give(Input::Authenticated(Ok(session(60_000))));
    let success = stage.say();
    assert!(success.get("protocol").is_none() && success["userId"] == "maria");
    assert!(stage.machine.deadline() > 0);
    stage.hear(&json!({"type": "join_note", "noteId": note(1)}));
    assert!(matches!(stage.effects.remove(0), Effect::LevelOne(_)));
    assert!(!stage.machine.wants_input(&stage.outbox));
    stage.give(Input::LevelOne(LevelOneOutcome::Done(None)));
    assert!(stage.machine.wants_input(&stage.outbox));
    // The token is checked at `auth`; the socket outlives it.
    stage.now = 25_000_000;
    stage.give(Input::Alive);
    stage.give(Input::Timer);
    assert!(!stage.machine.is_closed());
}

#[test]
fn made_up_ids_must_agree() {
    let mut stage = Stage::open(Settings::default());
    stage.hear(&json!({"type": "auth", "token": "t"}));
    stage.give(Input::Authenticated(Ok(session(60_000))));
    stage.effects.clear();
    stage.kinds();
    stage.hear(&json!({"type": "note_created", "noteData": {"title": "x"}}));
    stage.hear(&json!({"type": "note_created", "noteId": note(1), "noteData": {"id": note(2)}}));
    assert_eq!(stage.kinds(), ["error", "error"]);
    assert!(stage.effects.is_empty());
}

#[test]
fn allowances_refill_evenly() {
    let mut settings = Settings::default();
    settings.limits.messages_per_minute = 60;
    let mut stage = Stage::level2(settings);
    for _ in 0..60 {
        stage.hear(&json!({"type": "ping"}));
    }
    assert_eq!(stage.kinds().iter().filter(|kind| *kind == "pong").count(), 60);
    stage.hear(&json!({"type": "ping"}));
    assert_eq!(stage.say()["retryAfterMs"], 1_000);
    stage.now = 1_000;
    stage.hear(&json!({"type": "ping"}));
    assert_eq!(stage.kinds(), ["pong"]);
}

#[test]
fn strikes_count_within_a_minute_only() {
    let mut stage = Stage::level2(Settings::default());
    for strike in 0..40 {
        stage.now = strike * 4_000;
        stage.hear(&json!({"type": "nothing"}));
    }
    assert!(!stage.machine.is_closed(), "15 a minute");
    for _ in 0..19 {
        stage.hear(&json!({"type": "nothing"}));
    }
    assert!(stage.machine.is_closed());
}

#[test]
fn after_a_stall_of_the_server_a_silent_socket_still_has_its_time_to_answer() {
    let mut stage = Stage::level2(Settings::default());
    // The machine slept: heartbeat and answer would both be overdue at once.
    stage.now = 500_000;
    stage.give(Input::Timer);
    assert_eq!(stage.take(), Some(Outgoing::Ping));
    stage.give(Input::Timer);
    assert!(!stage.machine.is_closed() && stage.machine.deadline() == 510_000);
    stage.now = 510_000;
    stage.give(Input::Timer);
    assert!(stage.machine.is_closed());
}
