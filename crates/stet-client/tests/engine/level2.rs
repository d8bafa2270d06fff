//! The engine against a level-2 server: the few messages it takes, said by hand.

use serde_json::{Value, json};
use stet_client::api::command::PurgeNote;
use stet_client::engine::Input;
use stet_model::id::NoteId;
use stet_protocol::bytes::Bytes;
use stet_protocol::codec::decode;
use stet_protocol::message::level2::{ClientMessage, NoteUpdate};

use crate::desk::Desk;
use crate::level1::hear;

const SPACE: &str = "5eed0000-0000-4000-8000-00000000000a";
const LINEAGE: &str = "5eed0000-0000-4000-8000-00000000000b";

/// Signs in; the log of the user's space ends at `seq`.
pub fn connect(desk: &mut Desk, seq: u64) {
    // Past the first wait, so that it tries again.
    desk.wait(2_000);
    desk.give(Input::Opened);
    hear(desk, &json!({"type": "connection_established", "message": "Please authenticate to continue"}));
    let space =
        json!({"id": SPACE, "name": "Personal", "role": "owner", "encrypted": false, "seq": seq, "lineage": LINEAGE});
    hear(
        desk,
        &json!({
            "type": "auth_success", "message": "ok", "userId": "user_1", "protocol": 2, "connectionId": LINEAGE,
            "storeId": LINEAGE, "timestamp": 1_800_000_000_000_i64, "expiresInMs": 3_600_000, "heartbeatMs": 30_000,
            "spaces": [space],
            "limits": {"messageBytes": 16_777_216, "updateBytesPerMinute": 67_108_864, "messagesPerMinute": 6000,
                "noteBytes": 10_485_760, "updatesInFlight": 64, "bytesInFlight": 4_194_304},
        }),
    );
}

pub fn rows(desk: &mut Desk, rows: &[(u64, NoteId, Vec<u8>)]) {
    let row = |(seq, id, ops): &(u64, NoteId, Vec<u8>)| json!({"seq": seq, "noteId": id, "ops": [Bytes(ops.clone())], "timestamp": 1_700_000_000_000_i64});
    let up_to = rows.iter().map(|(seq, ..)| *seq).max();
    let all: Vec<Value> = rows.iter().map(row).collect();
    let done = all.len();
    hear(
        desk,
        &json!({"type": "sync_batch", "spaceId": SPACE, "rows": all, "upTo": up_to, "done": done, "total": done}),
    );
}

pub fn complete(desk: &mut Desk, seq: u64) {
    let digest = "0".repeat(32);
    hear(desk, &json!({"type": "sync_complete", "spaceId": SPACE, "seq": seq, "lineage": LINEAGE, "digest": digest}));
}

pub fn messages(desk: &mut Desk) -> Vec<ClientMessage> {
    desk.sent.drain(..).map(|frame| decode(&frame, usize::MAX).expect("a message")).collect()
}

pub fn updates(desk: &mut Desk) -> Vec<NoteUpdate> {
    let read = |message| match message {
        ClientMessage::NoteUpdate(update) => Some(update),
        _ => None,
    };
    messages(desk).into_iter().filter_map(read).collect()
}

fn purges(desk: &mut Desk) -> Vec<NoteId> {
    let read = |message| match message {
        ClientMessage::NotePurge(purge) => Some(purge.note_id),
        _ => None,
    };
    messages(desk).into_iter().filter_map(read).collect()
}

#[test]
fn a_note_removed_before_it_was_ever_sent_is_nobodys_business() {
    let mut desk = Desk::with_server(Some("ws://server.example"));
    let note = desk.create("Never sent", "");
    desk.call(PurgeNote { note_id: note });
    connect(&mut desk, 0);
    complete(&mut desk, 0);
    let said = messages(&mut desk);
    assert!(!said.iter().any(|message| format!("{message:?}").contains(&note.to_string())), "{said:?}");
}

#[test]
fn a_note_whose_sending_was_never_answered_is_removed_by_asking_the_server() {
    let mut desk = Desk::with_server(Some("ws://server.example"));
    connect(&mut desk, 0);
    complete(&mut desk, 0);
    let note = desk.create("Sent", "");
    assert!(updates(&mut desk).iter().any(|update| update.note_id == note));
    // The server has it, but the socket ended before it said so; the app may have ended too.
    for crashed in [false, true] {
        desk.give(Input::Closed { code: Some(1012), reason: String::new() });
        if crashed {
            desk = desk.crash();
        } else {
            desk.call(PurgeNote { note_id: note });
        }
        desk.sent.clear();
        connect(&mut desk, 1);
        complete(&mut desk, 1);
        assert_eq!(purges(&mut desk), [note], "crashed: {crashed}");
    }
}
