//! Why bytes aren't a message. Never repeats what a field held: it may be somebody's text, and errors reach logs.

use std::fmt;

use serde::de::{self, Unexpected};

use crate::message::ErrorCode;

/// How much of an unknown name an error repeats, in characters.
const NAME_CHARS: usize = 64;

/// Why a frame was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The frame is above the limit; nothing of it was read.
    #[error("a message of {bytes} bytes: the limit is {max}")]
    TooLarge {
        /// Size of the frame.
        bytes: usize,
        /// The limit it was measured against.
        max: usize,
    },
    /// Not one JSON object, or not one MessagePack map with text keys.
    #[error("not a message: {detail}")]
    NotAMessage {
        /// What is wrong with the bytes, and where.
        detail: String,
    },
    /// Containers within containers beyond [`crate::limits::MESSAGE_DEPTH`].
    #[error("a message nested deeper than {max} levels")]
    TooDeep {
        /// The limit.
        max: usize,
    },
    /// More values than [`crate::limits::MESSAGE_VALUES`].
    #[error("a message of more than {max} values: send several")]
    TooManyValues {
        /// The limit.
        max: usize,
    },
    /// An object without a `type`, or whose `type` is no text.
    #[error("a message without a type: the field `type` must name one")]
    NoType,
    /// A `type` that this level and direction doesn't have.
    #[error("unknown message type {name:?}")]
    UnknownType {
        /// The type, cut to 64 characters.
        name: String,
    },
    /// A field the message can't be without.
    #[error("{message}: the field `{field}` is missing")]
    MissingField {
        /// The message's type.
        message: &'static str,
        /// The field.
        field: &'static str,
    },
    /// A field that isn't known, in a place where that is refused.
    #[error("{message}: unknown field {field:?}")]
    UnknownField {
        /// The message's type.
        message: &'static str,
        /// The field, cut to 64 characters.
        field: String,
    },
    /// A field whose value is of the wrong kind.
    #[error("{message}: {detail}")]
    MistypedField {
        /// The message's type.
        message: &'static str,
        /// What was expected, and what kind of value was found.
        detail: String,
    },
    /// A `many` within a `many`.
    #[error("a `many` within a `many`: put the messages side by side")]
    NestedMany,
}

impl DecodeError {
    /// The code a server answers with.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::TooLarge { .. } => ErrorCode::TooLarge,
            _ => ErrorCode::Malformed,
        }
    }

    /// A short name of the reason, for counters and test vectors.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too-large",
            Self::NotAMessage { .. } => "not-a-message",
            Self::TooDeep { .. } => "too-deep",
            Self::TooManyValues { .. } => "too-many-values",
            Self::NoType => "no-type",
            Self::UnknownType { .. } => "unknown-type",
            Self::MissingField { .. } => "missing-field",
            Self::UnknownField { .. } => "unknown-field",
            Self::MistypedField { .. } => "mistyped-field",
            Self::NestedMany => "nested-many",
        }
    }

    pub(super) fn unknown_type(name: &str) -> Self {
        Self::UnknownType { name: cut(name) }
    }
}

/// What is wrong with a field, before it is known which message it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldError {
    /// It is missing.
    Missing(&'static str),
    /// It isn't known here.
    Unknown(String),
    /// It holds the wrong kind of value.
    Mistyped(String),
}

impl FieldError {
    pub(super) fn of(self, message: &'static str) -> DecodeError {
        match self {
            Self::Missing(field) => DecodeError::MissingField { message, field },
            Self::Unknown(field) => DecodeError::UnknownField { message, field },
            Self::Mistyped(detail) => DecodeError::MistypedField { message, detail },
        }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(field) => write!(f, "the field `{field}` is missing"),
            Self::Unknown(field) => write!(f, "unknown field {field:?}"),
            Self::Mistyped(detail) => f.write_str(detail),
        }
    }
}

impl std::error::Error for FieldError {}

impl de::Error for FieldError {
    fn custom<T: fmt::Display>(detail: T) -> Self {
        Self::Mistyped(without_quotations(&detail.to_string()))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::Mistyped(format!("expected {expected}, found {}", kind(&found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::Mistyped(format!("expected {expected}, found another {}", kind(&found)))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::Mistyped(format!("expected one of {expected:?}"))
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        Self::Unknown(cut(field))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::Mistyped(format!("the field `{field}` comes twice"))
    }
}

fn cut(name: &str) -> String {
    name.chars().take(NAME_CHARS).collect()
}

/// Errors of other crates quote what they refuse.
fn without_quotations(text: &str) -> String {
    match (text.find('"'), text.rfind('"')) {
        (Some(first), Some(last)) if first < last => format!("{}…{}", &text[..first], &text[last + 1..]),
        _ => text.to_owned(),
    }
}

fn kind(found: &Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "number",
        Unexpected::Char(_) | Unexpected::Str(_) => "text",
        Unexpected::Bytes(_) => "bytes",
        Unexpected::Unit | Unexpected::Option => "null",
        Unexpected::Seq => "list",
        Unexpected::Map => "object",
        _ => "value",
    }
}
