//! What piles up leaves as one frame, whichever way it is written.

use serde_json::json;
use stet_protocol::codec::{Encoding, Frame, decode, encode};
use stet_protocol::message::level2::{ClientMessage, ServerMessage};
use stet_protocol::message::{Auth, Device};
use stet_sync::server::{Input, Outgoing, Settings, receive};

use crate::stage::{SPACE, Stage, auth2, row, session, sized_row};

fn frames(stage: &mut Stage) -> Vec<ServerMessage> {
    std::iter::from_fn(|| stage.take())
        .map(|outgoing| match outgoing {
            Outgoing::Frame(frame) => decode(&frame, 16 << 20).unwrap(),
            other => panic!("{other:?}"),
        })
        .collect()
}

fn in_message_pack() -> Stage {
    let mut stage = Stage::open(Settings::default());
    let id = "00000000-0000-4000-8000-000000000001".parse().unwrap();
    let (name, platform, app_version) = (String::new(), String::new(), String::new());
    let device = Some(Device { id, name, platform, app_version });
    let auth = ClientMessage::Auth(Auth { token: "t".to_owned(), protocol: Some(2), device });
    let Frame::Binary(bytes) = encode(&auth, Encoding::MessagePack) else { panic!("not binary") };
    let received = receive(&Frame::Binary(bytes), stage.machine.stage(), &stage.settings);
    stage.give(Input::Message(received));
    stage.give(Input::Authenticated(Ok(session(1_000_000))));
    stage.effects.clear();
    assert_eq!(frames(&mut stage).len(), 1);
    stage.hear(&json!({"type": "sync", "spaceId": SPACE, "since": 0}));
    let begin = stage.reads();
    let begun = stet_sync::server::ReadAnswer::Begun { rows: 0, early: vec![], early_rows: 0 };
    stage.give(Input::Read(begin.ticket, begun));
    let log = stage.reads();
    let end = Some(crate::stage::head(0));
    stage.give(Input::Read(log.ticket, stet_sync::server::ReadAnswer::Log { batch: None, up_to: 0, end }));
    assert_eq!(frames(&mut stage).len(), 1);
    stage
}

#[test]
fn rows_that_pile_up_become_one_many_in_their_order() {
    let mut json = Stage::level2(Settings::default());
    json.live();
    for mut stage in [json, in_message_pack()] {
        let rows: Vec<_> = (1..=300).map(|seq| row(seq, None)).collect();
        for row in &rows {
            stage.give(Input::Committed(row));
        }
        let frames = frames(&mut stage);
        let [ServerMessage::Many { messages }] = frames.as_slice() else { panic!("{} frames", frames.len()) };
        let expected: Vec<_> = rows.iter().map(|row| row.message().clone()).collect();
        assert_eq!(*messages, expected);
        assert_eq!(stage.outbox.bytes(), 0);
    }
}

#[test]
fn what_level_2_begins_with_goes_by_itself() {
    let mut stage = Stage::open(Settings::default());
    stage.hear(&auth2());
    stage.give(Input::Authenticated(Ok(session(1_000_000))));
    // The reader was busy: the answer to this waits along with that to the token.
    stage.hear(&json!({"type": "ping"}));
    stage.hear(&json!({"type": "ping"}));
    let frames = frames(&mut stage);
    let [ServerMessage::AuthSuccess(_), ServerMessage::Many { messages }] = frames.as_slice() else {
        panic!("{frames:?}")
    };
    assert_eq!(messages.len(), 2);
}

#[test]
fn a_single_row_is_sent_as_it_is_and_its_bytes_are_shared() {
    let mut stage = Stage::level2(Settings::default());
    stage.live();
    let event = row(1, None);
    stage.give(Input::Committed(&event));
    let Some(Outgoing::Frame(frame)) = stage.take() else { panic!("nothing to write") };
    assert!(std::sync::Arc::ptr_eq(&frame, &event.frame(Encoding::Json)));
}

#[test]
fn a_many_is_cut_before_it_grows_too_large() {
    let mut stage = Stage::level2(Settings::default());
    stage.live();
    for seq in 1..=10 {
        stage.give(Input::Committed(&sized_row(seq, None, 300_000)));
    }
    let mut sizes = Vec::new();
    while let Some(Outgoing::Frame(frame)) = stage.take() {
        sizes.push(frame.len());
    }
    assert!(sizes.len() >= 4 && sizes.iter().all(|size| *size <= (1 << 20) + 100), "{sizes:?}");
}

#[test]
fn what_was_said_in_another_encoding_before_is_not_joined() {
    let mut stage = Stage::open(Settings::default());
    // Nobody reads yet: refusals pile up in JSON, then the sign-in is answered in MessagePack.
    stage.hear(&json!({"type": "ping"}));
    let device = json!({"id": "00000000-0000-4000-8000-000000000001", "name": "", "platform": "", "appVersion": ""});
    let auth = json!({"type": "auth", "token": "t", "protocol": 2, "device": device});
    let auth: ClientMessage = serde_json::from_value(auth).unwrap();
    let received = receive(&encode(&auth, Encoding::MessagePack), stage.machine.stage(), &stage.settings);
    stage.give(Input::Message(received));
    stage.give(Input::Authenticated(Ok(session(1_000_000))));
    let said = frames(&mut stage);
    assert!(matches!(said[..], [ServerMessage::Error(_), ServerMessage::AuthSuccess(_)]), "{said:?}");
}
