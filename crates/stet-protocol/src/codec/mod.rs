//! From a frame to a message and back, in JSON and MessagePack. Bounded in size, depth and number before anything is
//! understood; nothing from outside can make it panic. Never what a message leads to.

mod error;
mod form;
mod redacted;
mod tree;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use error::DecodeError;
pub(crate) use error::FieldError;
pub(crate) use form::Form;
pub use redacted::redacted;
pub(crate) use tree::{Fields, Tree, field, field_mut};

/// How a message is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// Text frames.
    #[default]
    Json,
    /// Binary frames.
    MessagePack,
}

/// A WebSocket frame that holds one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// One JSON object.
    Text(String),
    /// One MessagePack map.
    Binary(Vec<u8>),
}

impl Frame {
    /// How its message is written.
    pub const fn encoding(&self) -> Encoding {
        match self {
            Self::Text(_) => Encoding::Json,
            Self::Binary(_) => Encoding::MessagePack,
        }
    }

    /// What the frame carries, as bytes.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }

    /// Its size in bytes, as the limits count it.
    pub fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Whether it carries nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The four sets of messages: two levels, two directions.
pub trait Message: Serialize + DeserializeOwned + Form {
    /// The level these messages belong to.
    const LEVEL: u32;
    /// Every `type` of the set.
    const TYPES: &'static [&'static str];

    /// The `type` of this message.
    fn kind(&self) -> &'static str;
}

/// Writes a message as one frame.
#[expect(clippy::expect_used, reason = "fails on a map with keys that aren't text only, and no message has one")]
pub fn encode<M: Serialize>(message: &M, encoding: Encoding) -> Frame {
    match encoding {
        Encoding::Json => Frame::Text(serde_json::to_string(message).expect("every message can be written as JSON")),
        Encoding::MessagePack => {
            Frame::Binary(rmp_serde::to_vec_named(message).expect("every message can be written as MessagePack"))
        }
    }
}

/// Reads the message of one frame of at most `max_bytes`.
///
/// # Errors
/// [`DecodeError`] says why the frame isn't a message of this set, without repeating what it holds.
pub fn decode<M: Message>(frame: &Frame, max_bytes: usize) -> Result<M, DecodeError> {
    if frame.len() > max_bytes {
        return Err(DecodeError::TooLarge { bytes: frame.len(), max: max_bytes });
    }
    let mut tree = match frame {
        Frame::Text(text) => tree::from_json(text)?,
        Frame::Binary(bytes) => tree::from_message_pack(bytes)?,
    };
    let kind = prepare::<M>(&mut tree)?;
    let message = M::deserialize(tree).map_err(|error| error.of(kind))?;
    message.check().map_err(|error| error.of(kind))?;
    Ok(message)
}

/// The message's type, once it and those of the messages inside are known to be of this set.
fn prepare<M: Message>(tree: &mut Tree<'_>) -> Result<&'static str, DecodeError> {
    let Tree::Map(fields) = tree else {
        return Err(DecodeError::NotAMessage { detail: "an object is expected".to_owned() });
    };
    let kind = kind_of::<M>(fields)?;
    M::settle(kind, fields);
    if kind == "many"
        && let Some(Tree::List(messages)) = field_mut(fields, "messages")
    {
        for message in messages {
            let Tree::Map(inner) = message else {
                return Err(DecodeError::NotAMessage { detail: "in `many` an object is expected".to_owned() });
            };
            match kind_of::<M>(inner)? {
                "many" => return Err(DecodeError::NestedMany),
                kind => M::settle(kind, inner),
            }
        }
    }
    Ok(kind)
}

fn kind_of<M: Message>(fields: &Fields<'_>) -> Result<&'static str, DecodeError> {
    let Some(Tree::Text(name)) = field(fields, "type") else {
        return Err(DecodeError::NoType);
    };
    M::TYPES.iter().copied().find(|kind| kind == name).ok_or_else(|| DecodeError::unknown_type(name))
}
