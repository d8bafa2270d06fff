//! The closed list of errors a user interface can tell apart.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Why a command failed: a code to act on, a sentence to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, thiserror::Error)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
#[error("{message}")]
pub struct CommandError {
    /// What to branch on.
    pub code: ErrorCode,
    /// What happened and what can be done, for people.
    pub message: String,
}

impl CommandError {
    /// An error of this code with this sentence.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// What an interface acts on. A code exists only while one does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum ErrorCode {
    /// The note or folder isn't here (any more).
    NotFound,
    /// The arguments make no sense; the message names the one at fault.
    Invalid,
    /// The note would pass the size limit.
    TooLarge,
    /// Nothing can be written: the disk is full, or the database is read-only or damaged.
    Storage,
    /// The server can't be reached.
    Offline,
    /// The server refused the token.
    SignedOut,
    /// The server refused a note; the message names it.
    Refused,
    /// The server's log is not the one this store was synced with.
    DivergedLog,
    /// What answers is no Stet server, or none that can be trusted: trying again doesn't mend it.
    Protocol,
    /// Too much at once; the engine tries again by itself.
    Busy,
    /// The engine's own fault.
    Internal,
}
