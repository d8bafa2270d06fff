//! Connecting, signing in, staying alive and coming back.

use stet_protocol::message::level2::{ClientMessage, ServerMessage};
use stet_protocol::message::{AuthFailure, ErrorCode, ErrorMessage};
use stet_sync::device::{Output, Prepared, Problem, State};

use crate::script::{SPACE, Script, doc, place, read};

#[test]
fn it_connects_greets_signs_in_and_asks_for_everything_after_its_cursor() {
    let mut script = Script::new();
    assert_eq!(script.device.state(), State::Disconnected);
    script.device.connect(0);
    assert_eq!(script.asked(), [Output::Open]);
    assert_eq!(script.device.state(), State::Connecting);
    script.device.opened(0);
    assert_eq!(script.device.state(), State::Connected);
    assert_eq!(script.asked(), [], "nothing is said before the server's greeting");
    script.hear(&ServerMessage::ConnectionEstablished { message: String::new() });
    assert_eq!(script.asked(), [Output::NeedToken { fresh: false }]);
    script.device.token(Ok("token".into()), 0);
    let sent = script.sent();
    assert!(matches!(&sent[..], [ClientMessage::Auth(auth)] if auth.protocol == Some(2) && auth.token == "token"));
    let success = script.success(7);
    script.hear(&ServerMessage::AuthSuccess(success));
    assert!(matches!(&script.asked()[..], [Output::Agreed(agreed)] if agreed.user_id.0 == "anna"));
    script.device.enter(&[(SPACE, Some(place(5)))], 0);
    assert_eq!(script.device.state(), State::Authenticated);
    let sent = script.sent();
    let [ClientMessage::Sync(sync)] = &sent[..] else { panic!("a sync comes first: {sent:?}") };
    assert_eq!((sync.since, sync.lineage, sync.newest), (5, Some(place(5).lineage), None));
}

#[test]
fn a_new_device_asks_for_the_newest_notes_first() {
    let mut script = Script::new();
    script.sign_in(100);
    script.asked();
    script.device.enter(&[(SPACE, None)], 0);
    assert!(matches!(&script.sent()[..], [ClientMessage::Sync(sync)] if sync.since == 0 && sync.newest == Some(50)));
}

#[test]
fn a_server_that_never_greets_is_given_up_and_tried_again() {
    let mut script = Script::new();
    script.device.connect(0);
    script.device.opened(0);
    script.asked();
    script.wait();
    assert_eq!(script.asked(), [Output::Problem(Problem::Silent), Output::Close { code: 1000 }]);
    assert_eq!(script.device.state(), State::Reconnecting);
    script.wait();
    assert_eq!(script.asked(), [Output::Open]);
}

#[test]
fn attempts_never_stop_and_slow_down_to_one_a_minute() {
    let mut script = Script::new();
    script.device.connect(0);
    for attempt in 1..=30 {
        assert!(script.asked().contains(&Output::Open), "attempt {attempt}");
        script.device.closed(None, "nothing listens there", script.now);
        let before = script.now;
        script.wait();
        let waited = script.now - before;
        assert!(if attempt >= 10 { waited == 60_000 } else { waited <= 30_000 }, "attempt {attempt}: {waited} ms");
        assert_eq!(script.device.state() == State::Error, attempt >= 10, "attempt {attempt}");
    }
}

#[test]
fn a_click_forgets_the_waits() {
    let mut script = Script::new();
    script.device.connect(0);
    (0..12).for_each(|_| {
        script.device.closed(None, "gone", script.now);
        script.wait();
    });
    script.device.closed(None, "gone", script.now);
    script.asked();
    script.device.connect(script.now);
    assert_eq!(script.asked(), [Output::Open]);
    assert_eq!(script.device.attempts(), 0);
}

#[test]
fn a_completed_catch_up_counts_as_success_and_so_do_thirty_seconds() {
    let mut script = Script::new();
    script.device.connect(0);
    script.device.closed(None, "gone", 0);
    assert_eq!(script.device.attempts(), 1);
    script.wait();
    script.sign_in(0);
    assert_eq!(script.device.attempts(), 0, "a click or the network's return resets it");
    let mut script = Script::live(3);
    assert_eq!(script.device.attempts(), 0);
    script.device.closed(Some(1006), "gone", script.now);
    assert_eq!(script.device.attempts(), 1);
}

#[test]
fn silence_is_answered_with_a_ping_and_then_with_a_new_connection() {
    let mut script = Script::live(1);
    let mut sent = Vec::new();
    while sent.is_empty() {
        script.wait();
        sent = script.sent().into_iter().filter(|message| matches!(message, ClientMessage::Ping {})).collect();
    }
    assert_eq!(script.now, 30_000);
    script.wait();
    assert_eq!(script.now, 40_000);
    assert_eq!(script.asked(), [Output::Problem(Problem::Silent), Output::Close { code: 1000 }]);
}

#[test]
fn any_frame_is_life_and_a_pong_measures_the_round_trip() {
    let mut script = Script::live(1);
    script.device.connect(1_000);
    assert!(matches!(&script.sent()[..], [ClientMessage::Ping {}]), "a click on a live connection checks it");
    script.now = 1_040;
    script.hear(&ServerMessage::Pong { timestamp: 0, seqs: [(SPACE, 1)].into() });
    assert_eq!(script.device.round_trip_ms(), Some(40));
    assert_eq!(script.asked(), [Output::InStep { space: SPACE }], "its log ends where ours does");
    script.device.tick(12_000);
    assert_eq!(script.asked(), []);
}

#[test]
fn another_network_gives_a_live_connection_two_seconds_to_show_that_it_is_one_and_begins_another_at_once() {
    let mut script = Script::live(1);
    script.device.network_up(1_000);
    assert!(matches!(&script.sent()[..], [ClientMessage::Ping {}]));
    assert_eq!(script.device.wake_at(), Some(3_000));
    script.device.tick(3_000);
    assert_eq!(script.asked(), [Output::Problem(Problem::Silent), Output::Close { code: 1000 }, Output::Open]);
    // That one has no such hurry: with no network after all, the next come ever more seldom.
    script.device.closed(None, "no route", 3_000);
    assert!(script.device.next_attempt_at().is_some());
}

#[test]
fn another_network_shortens_the_wait_for_a_ping_that_is_under_way() {
    let mut script = Script::live(1);
    script.device.connect(1_000);
    script.device.network_up(2_000);
    assert_eq!(script.sent().len(), 1, "one ping is enough");
    assert_eq!(script.device.wake_at(), Some(4_000));
}

#[test]
fn another_network_leaves_a_connection_its_time_only_while_something_large_is_on_its_way() {
    for (bytes, gives_up) in [(2_000, true), (200_000, false)] {
        let mut script = Script::live(1);
        script.device.dirty(doc(1), 0);
        script.device.prepared(Prepared { doc: doc(1), after: 0, ops: vec![1; bytes], end: vec![1] }, 0);
        script.device.network_up(1_000);
        script.device.tick(4_000);
        assert_eq!(script.asked().contains(&Output::Problem(Problem::Silent)), gives_up, "{bytes} bytes");
        script.device.tick(11_000);
        assert_eq!(script.asked().contains(&Output::Problem(Problem::Silent)), !gives_up, "{bytes} bytes");
    }
}

#[test]
fn an_attempt_that_has_just_begun_is_left_alone() {
    let mut script = Script::live(1);
    script.device.closed(None, "gone", 1_000);
    script.device.connect(1_000);
    script.asked();
    script.device.network_up(2_500);
    assert_eq!(script.asked(), []);
}

#[test]
fn an_attempt_on_the_network_before_begins_anew_on_this_one() {
    let mut script = Script::live(1);
    script.device.closed(None, "gone", 1_000);
    script.device.connect(1_000);
    assert!(script.asked().contains(&Output::Open));
    script.device.network_up(9_000);
    assert_eq!(script.asked(), [Output::Close { code: 1000 }, Output::Open]);
}

#[test]
fn a_network_that_comes_up_connects_nobody_who_does_not_want_to() {
    let mut script = Script::live(1);
    script.device.disconnect();
    script.asked();
    script.device.network_up(1_000);
    script.device.pause(true, 2_000);
    script.device.network_up(3_000);
    assert_eq!(script.asked(), []);
}

#[test]
fn a_pong_that_names_a_later_seq_makes_the_device_sync() {
    let mut script = Script::live(1);
    script.hear(&ServerMessage::Pong { timestamp: 0, seqs: [(SPACE, 4)].into() });
    assert!(matches!(&script.sent()[..], [ClientMessage::Sync(sync)] if sync.since == 1));
}

#[test]
fn an_expired_token_is_fetched_again_and_tried_at_once() {
    let mut script = Script::new();
    script.device.connect(0);
    script.device.opened(0);
    script.hear(&ServerMessage::ConnectionEstablished { message: String::new() });
    script.device.token(Ok("old".into()), 0);
    script.asked();
    let reason = Some(AuthFailure::TokenExpired);
    script.hear(&ServerMessage::AuthFailed { message: "Authentication failed".into(), reason });
    assert_eq!(script.device.state(), State::Reconnecting);
    script.asked();
    script.wait();
    assert!(script.now <= 1_000, "the first retry is soon");
    script.device.opened(script.now);
    script.asked();
    script.hear(&ServerMessage::ConnectionEstablished { message: String::new() });
    assert_eq!(script.asked(), [Output::NeedToken { fresh: true }]);
}

#[test]
fn a_refused_token_asks_for_people_and_is_tried_once_a_minute() {
    let mut script = Script::new();
    script.device.connect(0);
    script.device.opened(0);
    script.hear(&ServerMessage::ConnectionEstablished { message: String::new() });
    script.device.token(Ok("forged".into()), 0);
    script.hear(&ServerMessage::AuthFailed { message: "no".into(), reason: Some(AuthFailure::InvalidToken) });
    assert_eq!(script.device.state(), State::Error);
    script.wait();
    assert_eq!(script.now, 60_000);
}

#[test]
fn a_token_is_renewed_on_the_live_socket_before_it_runs_out() {
    let mut script = Script::live(1);
    while script.device.state() == State::Authenticated {
        script.wait();
        let asked = script.asked();
        if asked.contains(&Output::NeedToken { fresh: true }) {
            break;
        }
        script.hear(&ServerMessage::Pong { timestamp: 0, seqs: [(SPACE, 1)].into() });
    }
    assert_eq!(script.now, 3_600_000 - 60_000);
    script.device.token(Ok("newer".into()), script.now);
    assert!(matches!(&script.sent()[..], [ClientMessage::Auth(auth)] if auth.token == "newer"));
    let success = script.success(1);
    script.hear(&ServerMessage::AuthSuccess(success));
    assert_eq!(script.asked(), [], "a renewal changes nothing else");
    assert_eq!(script.device.state(), State::Authenticated);
}

#[test]
fn pausing_closes_and_resuming_connects_again() {
    let mut script = Script::live(1);
    script.device.pause(true, 0);
    assert_eq!(script.asked(), [Output::Close { code: 1000 }]);
    assert_eq!((script.device.state(), script.device.wake_at()), (State::Disconnected, None));
    script.device.connect(0);
    assert_eq!(script.asked(), [], "paused means paused");
    script.device.pause(false, 0);
    assert_eq!(script.asked(), [Output::Open]);
}

#[test]
fn garbage_before_signing_in_is_no_stet_server() {
    let mut script = Script::new();
    script.device.connect(0);
    script.device.opened(0);
    script.asked();
    script.device.received(&stet_protocol::codec::Frame::Text("<html>".into()), 0);
    let asked = script.asked();
    assert!(matches!(&asked[..], [Output::Problem(Problem::NotTheProtocol(_)), Output::Close { code: 4400 }]));
}

#[test]
fn garbage_on_a_live_connection_is_reported_and_survived_twenty_times() {
    let mut script = Script::live(1);
    for _ in 0..20 {
        script.device.received(&stet_protocol::codec::Frame::Binary(vec![0xc1]), 0);
        assert_eq!(script.device.state(), State::Authenticated);
    }
    script.device.received(&stet_protocol::codec::Frame::Binary(vec![0xc1]), 0);
    assert_eq!(script.device.state(), State::Reconnecting);
}

#[test]
fn a_draining_server_is_left_alone_for_as_long_as_it_asks() {
    let mut script = Script::live(1);
    script.hear(&ServerMessage::Draining { retry_after_ms: 4_321 });
    script.device.closed(Some(1012), "", script.now);
    assert_eq!(script.asked(), [], "nothing went wrong");
    assert_eq!(script.device.next_attempt_at(), Some(4_321));
}

#[test]
fn a_draining_server_that_names_no_time_is_not_knocked_at_again_at_once() {
    let mut script = Script::live(1);
    script.hear(&ServerMessage::Draining { retry_after_ms: 0 });
    script.device.closed(Some(1012), "", script.now);
    assert_eq!(script.device.next_attempt_at(), Some(1_000));
}

#[test]
fn a_diverged_log_stops_syncing_and_says_so() {
    let mut script = Script::live(9);
    let error = ErrorMessage {
        message: "another log".into(),
        code: ErrorCode::DivergedLog,
        note_id: None,
        id: None,
        retry_after_ms: None,
    };
    script.hear(&ServerMessage::Error(error));
    assert_eq!(script.asked(), [Output::Problem(Problem::DivergedLog), Output::Close { code: 1000 }]);
    assert_eq!(script.device.state(), State::Error);
}

#[test]
fn a_known_level_two_server_is_spoken_to_in_messagepack() {
    let mut script = Script::new();
    script.device.expect_level2();
    script.device.connect(0);
    script.device.opened(0);
    script.hear(&ServerMessage::ConnectionEstablished { message: String::new() });
    script.asked();
    script.device.token(Ok("token".into()), 0);
    let asked = script.asked();
    let [Output::Send(frame)] = &asked[..] else { panic!("auth is sent: {asked:?}") };
    assert!(matches!(frame, stet_protocol::codec::Frame::Binary(_)));
    assert!(matches!(read(frame), ClientMessage::Auth(_)));
}

#[test]
fn selecting_a_note_joins_it_leaves_the_one_before_and_is_repeated_after_a_reconnect() {
    let mut script = Script::live(1);
    let (first, second) = (doc(1).note, doc(2).note);
    script.device.join(SPACE, first, 0);
    script.device.join(SPACE, second, 0);
    let sent = script.sent();
    let expected = [
        ClientMessage::JoinNote { space_id: SPACE, note_id: first },
        ClientMessage::LeaveNote { space_id: SPACE, note_id: first },
        ClientMessage::JoinNote { space_id: SPACE, note_id: second },
    ];
    assert_eq!(sent, expected);
    script.device.closed(None, "gone", 0);
    script.wait();
    script.sign_in(1);
    script.asked();
    script.device.enter(&[(SPACE, Some(place(1)))], script.now);
    assert!(script.sent().contains(&ClientMessage::JoinNote { space_id: SPACE, note_id: second }));
}

#[test]
fn a_server_that_names_the_next_try_is_kept_to_within_bounds() {
    for (asked, waits) in [(0, 1_000), (5_000, 5_000), (u64::MAX, 300_000)] {
        let mut script = Script::new();
        script.device.connect(0);
        assert!(script.device.failed(Some(asked), 0));
        assert_eq!(script.device.next_attempt_at(), Some(waits));
        assert!(!script.device.failed(None, 0), "nothing is being opened");
    }
}

#[test]
fn while_something_large_moves_a_slow_line_gets_its_time() {
    let mut script = Script::live(1);
    script.device.dirty(doc(1), 0);
    script.prepare(1, 0);
    script.asked();
    // 10 MiB at 1 Mbit/s take 84 s.
    for now in (1..=84).map(|second| second * 1_000) {
        script.device.moving(now);
        script.device.tick(now);
        assert_eq!(script.asked(), [], "{now} ms");
    }
    script.device.tick(84_000 + 29_999);
    assert!(!script.asked().contains(&Output::Problem(Problem::Silent)), "the answer has its 30 s from there");
    script.device.tick(84_000 + 40_000);
    assert!(script.asked().contains(&Output::Problem(Problem::Silent)));
}

#[test]
fn a_catch_up_whose_batch_is_still_coming_is_not_given_up() {
    let mut script = Script::new();
    script.sign_in(100);
    script.device.enter(&[(SPACE, None)], 0);
    script.asked();
    (1..=50).for_each(|second| script.device.moving(second * 1_000));
    script.device.tick(60_000);
    assert!(!script.asked().contains(&Output::Problem(Problem::Silent)));
    script.device.tick(80_000);
    assert!(script.asked().contains(&Output::Problem(Problem::Silent)));
}

#[test]
fn a_ping_behind_something_large_waits_for_its_answer() {
    let mut script = Script::live(1);
    script.device.connect(1_000);
    script.device.moving(10_500);
    script.device.tick(11_500);
    assert!(!script.asked().contains(&Output::Problem(Problem::Silent)));
    script.device.tick(20_500);
    assert!(script.asked().contains(&Output::Problem(Problem::Silent)));
}

#[test]
fn the_networks_return_ends_even_the_longest_wait_at_once() {
    let mut script = Script::new();
    script.device.connect(0);
    (0..20).for_each(|_| {
        script.device.failed(None, script.now);
        script.wait();
    });
    script.device.failed(Some(300_000), script.now);
    script.asked();
    assert_eq!(script.device.next_attempt_at(), Some(script.now + 300_000));
    script.device.network_up(script.now + 1);
    assert_eq!(script.asked(), [Output::Open]);
}
