//! A level-2 server whose log holds rows that are no documents: they are set aside, everything else goes on.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use stet_model::document::{NoteDocument, NoteEdit, Version};
use stet_model::id::PeerId;

use super::{Trial, USER};

const SPACE: &str = "5eed0000-0000-4000-8000-00000000000a";
const LINEAGE: &str = "5eed0000-0000-4000-8000-00000000000b";
const DEVICE: &str = "5eed0000-0000-4000-8000-00000000000c";
/// The last seq of the scripted log.
const SEQ: u64 = 5;

fn note_id(number: u32) -> String {
    format!("5eed0000-0000-4000-8000-{number:012x}")
}

fn auth_success() -> Value {
    let space = json!({
        "id": SPACE, "name": "Personal", "role": "owner", "encrypted": false, "seq": SEQ, "lineage": LINEAGE,
    });
    json!({
        "type": "auth_success", "message": "Authentication successful", "userId": USER, "protocol": 2,
        "connectionId": note_id(0xc0), "storeId": note_id(0x50), "timestamp": 1_700_000_000_000_i64,
        "expiresInMs": 3_600_000, "heartbeatMs": 30_000, "spaces": [space],
        "limits": {
            "messageBytes": 16_777_216, "updateBytesPerMinute": 67_108_864, "messagesPerMinute": 6000,
            "noteBytes": 10_485_760, "updatesInFlight": 64, "bytesInFlight": 4_194_304,
        },
    })
}

fn row(seq: u64, note: u32, ops: &[u8]) -> Value {
    json!({
        "seq": seq, "noteId": note_id(note), "ops": [STANDARD.encode(ops)], "timestamp": 1_700_000_000_000_i64,
        "deviceId": DEVICE,
    })
}

/// The operations of a real note.
fn real(title: &str) -> Vec<u8> {
    let mut document = NoteDocument::new(PeerId(77));
    document.edit(&NoteEdit::SetTitle(title.to_owned()), 1_700_000_000_000).expect("a title");
    document.export(&Version::default())
}

#[tokio::test]
async fn rows_that_are_no_documents_are_set_aside_and_everything_else_arrives() {
    let trial = Trial::start("poison").await;
    let (mut socket, auth) = trial.server.greet().await;
    assert_eq!(auth["protocol"], 2, "the engine asks for level 2: {auth}");
    socket.send(auth_success()).await;
    socket.hears_anything().await;

    let mut damaged = real("Damaged on its way");
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xff;
    let rows = json!([
        row(1, 1, &real("Sound, before")),
        row(2, 2, &damaged),
        row(3, 3, &[9, 9, 9]),
        row(4, 4, &[]),
        row(5, 5, &real("Sound, after")),
    ]);
    let batch = json!({ "type": "sync_batch", "spaceId": SPACE, "rows": rows, "upTo": SEQ, "done": 5, "total": 5 });
    socket.send(batch).await;
    let digest = "0".repeat(32);
    let complete =
        json!({ "type": "sync_complete", "spaceId": SPACE, "seq": SEQ, "lineage": LINEAGE, "digest": digest });
    socket.send(complete).await;

    trial.device.finds("Sound, before").await;
    trial.device.finds("Sound, after").await;
    let status = trial.device.until("past the bad rows", |status| status.cursor == SEQ).await;
    assert!(status.is_authenticated, "{status:?}");
    assert!(status.verified.is_none(), "a digest that is another isn't called verified: {status:?}");
    trial.device.append(trial.note, ", and typing goes on").await;
}

#[tokio::test]
async fn batches_out_of_order_or_for_another_space_move_nothing() {
    let trial = Trial::start("order").await;
    let (mut socket, _) = trial.server.greet().await;
    socket.send(auth_success()).await;
    socket.hears_anything().await;
    let foreign = note_id(0xf0);
    let batch = |space: &str, seq: u64, title: &str| {
        json!({
            "type": "sync_batch", "spaceId": space, "rows": [row(seq, 9, &real(title))], "upTo": seq, "done": 1,
            "total": 1,
        })
    };
    socket.send(batch(&foreign, 1, "Another space's")).await;
    let beyond = json!({
        "type": "note_sync", "spaceId": SPACE, "noteId": note_id(8), "seq": 4_000, "ops": [STANDARD.encode(real("Gap"))],
        "timestamp": 1, "fromUserId": USER, "fromDeviceId": DEVICE,
    });
    socket.send(beyond).await;
    socket.send(batch(SPACE, 1, "In its place")).await;
    trial.device.finds("In its place").await;
    let status = trial.device.status().await;
    assert!(status.cursor <= 1, "an update beyond a gap moves no cursor: {status:?}");
    let rows = trial.device.rows(stet_client::api::note::View::All).await;
    assert!(rows.iter().all(|row| row.title != "Another space's" && row.title != "Gap"), "{rows:?}");
}
