//! How a server says no: the codes, the reasons of a failed `auth` and the message that carries them. Never when.

use std::fmt;

use serde::{Deserialize, Serialize};
use stet_model::id::NoteId;

use super::tolerant;

/// An enum whose values are names on the wire, with the list of them.
macro_rules! names {
    ($name:ident, { $($variant:ident => $text:literal),+ $(,)? }) => {
        impl $name {
            /// Every value that is ever sent.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name on the wire.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Unknown => "unknown",
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

/// Why `auth` failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthFailure {
    /// Get a newer token and try again.
    TokenExpired,
    /// Not a token this server can verify.
    InvalidToken,
    /// Made for another audience.
    WrongAudience,
    /// A good token of somebody who may not use this server.
    NotAllowed,
    /// A reason this version doesn't know, or none (the seed's own servers give none).
    #[serde(other)]
    Unknown,
}

names!(AuthFailure, {
    TokenExpired => "token-expired",
    InvalidToken => "invalid-token",
    WrongAudience => "wrong-audience",
    NotAllowed => "not-allowed",
});

/// The closed list of `error.code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorCode {
    /// Not a message of this protocol and level.
    Malformed,
    /// `auth` comes first.
    Unauthenticated,
    /// No such thing, or not yours.
    NotFound,
    /// Yours to read, not to change.
    Forbidden,
    /// A message or note above its limit.
    TooLarge,
    /// The account is full.
    QuotaExceeded,
    /// Wait `retryAfterMs`.
    RateLimited,
    /// The document is gone for good.
    Deleted,
    /// A purge met newer rows.
    Changed,
    /// The update builds on rows this log doesn't hold.
    UnknownBase,
    /// The cursor isn't of this log.
    DivergedLog,
    /// The user has too many sockets open.
    TooManySockets,
    /// The server's own fault.
    Internal,
    /// A code this version doesn't know, or none.
    #[serde(other)]
    Unknown,
}

names!(ErrorCode, {
    Malformed => "malformed",
    Unauthenticated => "unauthenticated",
    NotFound => "not-found",
    Forbidden => "forbidden",
    TooLarge => "too-large",
    QuotaExceeded => "quota-exceeded",
    RateLimited => "rate-limited",
    Deleted => "deleted",
    Changed => "changed",
    UnknownBase => "unknown-base",
    DivergedLog => "diverged-log",
    TooManySockets => "too-many-sockets",
    Internal => "internal",
});

/// The answer to what can't be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorMessage {
    /// For people; empty when the server says nothing.
    #[serde(default, deserialize_with = "tolerant::null_as_default")]
    pub message: String,
    /// For programs. The seed's own servers give none.
    #[serde(
        default = "ErrorMessage::no_code",
        deserialize_with = "tolerant::code",
        skip_serializing_if = "ErrorMessage::is_unknown"
    )]
    pub code: ErrorCode,
    /// The document it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note_id: Option<NoteId>,
    /// The request it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// When to try again, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

impl ErrorMessage {
    const fn no_code() -> ErrorCode {
        ErrorCode::Unknown
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes the field by reference")]
    fn is_unknown(code: &ErrorCode) -> bool {
        *code == ErrorCode::Unknown
    }
}
