//! Properties of the codec over arbitrary messages and arbitrary bytes. Known forms are in `vectors.rs`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod strategy;

use std::fmt::Debug;

use proptest::prelude::*;
use proptest::sample::Index;
use stet_protocol::codec::{Encoding, Frame, Message, decode, encode, redacted};
use stet_protocol::message::{level1, level2};

const MAX_BYTES: usize = 16 << 20;

/// Comes back the same both ways, and says its own name.
fn round_trip<M: Message + PartialEq + Debug>(message: &M) -> Result<(), TestCaseError> {
    for encoding in [Encoding::Json, Encoding::MessagePack] {
        let frame = encode(message, encoding);
        prop_assert_eq!(frame.encoding(), encoding);
        let back: M = decode(&frame, frame.len()).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(&back, message);
        let named = format!("\"type\":\"{}\"", message.kind());
        prop_assert!(redacted(&frame).contains(&named));
        prop_assert_eq!(decode::<M>(&frame, frame.len() - 1).unwrap_err().reason(), "too-large");
    }
    Ok(())
}

/// Any answer will do; a panic won't.
fn decode_all(frame: &Frame) {
    let _ = decode::<level1::ClientMessage>(frame, MAX_BYTES);
    let _ = decode::<level1::ServerMessage>(frame, MAX_BYTES);
    let _ = decode::<level2::ClientMessage>(frame, MAX_BYTES);
    let _ = decode::<level2::ServerMessage>(frame, MAX_BYTES);
    redacted(frame);
}

/// Bytes written over, cut out or put in, anywhere.
fn damage(bytes: &mut Vec<u8>, damages: &[(Index, u8, u8)]) {
    for (at, kind, byte) in damages {
        if bytes.is_empty() {
            return;
        }
        let at = at.index(bytes.len());
        match kind % 3 {
            0 => bytes[at] = *byte,
            1 => bytes.insert(at, *byte),
            _ => bytes.truncate(at),
        }
    }
}

proptest! {
    #[test]
    fn level_1_messages_of_a_client_come_back_the_same(message in strategy::level1_client()) {
        round_trip(&message)?;
    }

    #[test]
    fn level_1_messages_of_a_server_come_back_the_same(message in strategy::level1_server()) {
        round_trip(&message)?;
    }

    #[test]
    fn level_2_messages_of_a_client_come_back_the_same(message in strategy::level2_client()) {
        round_trip(&message)?;
    }

    #[test]
    fn level_2_messages_of_a_server_come_back_the_same(message in strategy::level2_server()) {
        round_trip(&message)?;
    }

    #[test]
    fn arbitrary_bytes_are_answered_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        decode_all(&Frame::Text(String::from_utf8_lossy(&bytes).into_owned()));
        decode_all(&Frame::Binary(bytes));
    }

    #[test]
    fn arbitrary_json_is_answered_without_a_panic(
        kind in prop::sample::select([
            level1::ClientMessage::TYPES, level1::ServerMessage::TYPES, level2::ClientMessage::TYPES,
            level2::ServerMessage::TYPES,
        ].concat()),
        names in prop::collection::vec(prop::sample::select(vec![
            "noteId", "spaceId", "changes", "noteData", "folderData", "updatedNote", "messages", "timestamp", "ops", "rows",
        ]), 0..5),
        values in prop::collection::vec(prop::sample::select(vec![
            "null", "{}", "[]", "[{}]", "\"\"", "\"0190b5c2-7e1a-7c3d-8f42-1a2b3c4d5e6f\"", "1e300", "-1", "{\"id\":[]}",
            "[{\"type\":\"ping\"}]", "\"2026-01-01T\"", "true",
        ]), 5),
    ) {
        let fields: String = names.iter().zip(&values).map(|(name, value)| format!(",\"{name}\":{value}")).collect();
        decode_all(&Frame::Text(format!("{{\"type\":\"{kind}\"{fields}}}")));
    }

    #[test]
    fn damaged_messages_are_answered_without_a_panic(
        message in strategy::level2_server(),
        damages in prop::collection::vec(any::<(Index, u8, u8)>(), 1..8),
    ) {
        for encoding in [Encoding::Json, Encoding::MessagePack] {
            let mut bytes = encode(&message, encoding).as_bytes().to_vec();
            damage(&mut bytes, &damages);
            decode_all(&match encoding {
                Encoding::Json => Frame::Text(String::from_utf8_lossy(&bytes).into_owned()),
                Encoding::MessagePack => Frame::Binary(bytes),
            });
        }
    }

    #[test]
    fn every_beginning_of_a_message_is_refused(message in strategy::level1_client(), end in any::<Index>()) {
        let frame = encode(&message, Encoding::MessagePack);
        let bytes = frame.as_bytes();
        let cut = Frame::Binary(bytes[..end.index(bytes.len())].to_vec());
        prop_assert_eq!(decode::<level1::ClientMessage>(&cut, MAX_BYTES).unwrap_err().reason(), "not-a-message");
    }
}
