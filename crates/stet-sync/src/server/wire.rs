//! From a frame to a message of the connection's level. Never an answer.

use stet_model::id::NoteId;
use stet_protocol::codec::{Encoding, Frame, decode};
use stet_protocol::limits::OPENING_MESSAGE_BYTES;
use stet_protocol::message::{Auth, level1, level2};

use super::{Settings, Stage};

/// A frame as the connection's stage understands it.
#[derive(Clone, Debug, PartialEq)]
pub enum Incoming {
    /// The first message.
    Auth(Auth),
    /// A good message of either level before `auth`.
    Early,
    /// A level-1 message.
    Level1(level1::ClientMessage),
    /// A level-2 message.
    Level2(level2::ClientMessage),
    /// Bytes that aren't a message here; the text says why, for people.
    Malformed(String),
    /// More bytes than a message may have; what it would have been about, as far as it says.
    TooLarge(Option<About>),
}

/// The document a message is about, and the message's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The document.
    pub note_id: NoteId,
    /// The request's own name; level 2 only.
    pub id: Option<String>,
}

/// A decoded frame with what is counted about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    /// The message.
    pub incoming: Incoming,
    /// Its encoding.
    pub encoding: Encoding,
    /// Its size on the wire, bytes.
    pub bytes: usize,
}

/// Decodes a frame. Pure and without the connection, so that a large frame holds nobody up.
pub fn receive(frame: &Frame, stage: Stage, settings: &Settings) -> Received {
    let (encoding, bytes) = match frame {
        Frame::Text(text) => (Encoding::Json, text.len()),
        Frame::Binary(bytes) => (Encoding::MessagePack, bytes.len()),
    };
    let max = match stage {
        // Nobody needs more to say who they are.
        Stage::Opening => OPENING_MESSAGE_BYTES.min(settings.level1_message_bytes),
        Stage::Level1 => settings.level1_message_bytes,
        Stage::Level2 => settings.limits.message_bytes,
    };
    let max = usize::try_from(max).unwrap_or(usize::MAX);
    let incoming = if bytes > max {
        Incoming::TooLarge(about(frame, stage))
    } else {
        match stage {
            Stage::Opening => opening(frame, max),
            Stage::Level1 => {
                decode(frame, max).map_or_else(|error| Incoming::Malformed(error.to_string()), Incoming::Level1)
            }
            Stage::Level2 => {
                decode(frame, max).map_or_else(|error| Incoming::Malformed(error.to_string()), Incoming::Level2)
            }
        }
    };
    Received { incoming, encoding, bytes }
}

/// What a frame that is too large is about. Whoever reads frames bounds how large that can be.
fn about(frame: &Frame, stage: Stage) -> Option<About> {
    match stage {
        Stage::Opening => None,
        Stage::Level1 => match decode(frame, usize::MAX).ok()? {
            level1::ClientMessage::NoteUpdate { note_id, .. } => Some(About { note_id, id: None }),
            level1::ClientMessage::NoteCreated { note_id, note_data } => {
                Some(About { note_id: note_id.or(note_data.id)?, id: None })
            }
            _ => None,
        },
        Stage::Level2 => match decode(frame, usize::MAX).ok()? {
            level2::ClientMessage::NoteUpdate(update) => Some(About { note_id: update.note_id, id: Some(update.id) }),
            _ => None,
        },
    }
}

fn opening(frame: &Frame, max: usize) -> Incoming {
    match decode::<level1::ClientMessage>(frame, max) {
        Ok(level1::ClientMessage::Auth(auth)) => Incoming::Auth(auth),
        Ok(_) => Incoming::Early,
        Err(error) => match decode::<level2::ClientMessage>(frame, max) {
            Ok(_) => Incoming::Early,
            Err(_) => Incoming::Malformed(error.to_string()),
        },
    }
}
