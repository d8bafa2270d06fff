//! Frames of all four sets of messages in both encodings: no bytes make a decoder panic, and what it understands is
//! written and read again as the same.

use std::fmt::Debug;

use stet_protocol::codec::{Encoding, Frame, Message, decode, encode, redacted};
use stet_protocol::message::{level1, level2};

/// Larger than any input: size is tested elsewhere.
const MAX: usize = 1 << 20;

pub fn run(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else { return };
    let frame = match kind & 1 {
        0 => Frame::Binary(rest.to_vec()),
        _ => Frame::Text(String::from_utf8_lossy(rest).into_owned()),
    };
    let shown = redacted(&frame);
    assert!(shown.len() < 64 + 8 * frame.len().max(1_024), "a log line of {} bytes", shown.len());
    match kind >> 1 & 3 {
        0 => check::<level1::ClientMessage>(&frame),
        1 => check::<level1::ServerMessage>(&frame),
        2 => check::<level2::ClientMessage>(&frame),
        _ => check::<level2::ServerMessage>(&frame),
    }
}

fn check<M: Message + PartialEq + Debug>(frame: &Frame) {
    match decode::<M>(frame, MAX) {
        Ok(message) => {
            assert!(M::TYPES.contains(&message.kind()));
            for encoding in [Encoding::Json, Encoding::MessagePack] {
                let again = decode::<M>(&encode(&message, encoding), usize::MAX);
                assert_eq!(again.as_ref(), Ok(&message), "written as {encoding:?}");
            }
        }
        // It is shown to people and logged.
        Err(error) => assert!(error.to_string().len() < 1_024, "{} bytes of an error", error.to_string().len()),
    }
}
