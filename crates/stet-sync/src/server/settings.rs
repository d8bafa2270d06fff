//! What a server allows one connection, and how it keeps what comes, as plain numbers. Never where they come from.

use stet_protocol::limits as default;
use stet_protocol::message::Limits;

/// The limits of a connection. The defaults are the protocol page's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What level 2 is told in `auth_success`.
    pub limits: Limits,
    /// Bytes of one level-1 message.
    pub level1_message_bytes: u64,
    /// Level-1 messages a minute.
    pub level1_messages_per_minute: u64,
    /// Time to send a good `auth`, milliseconds.
    pub auth_timeout_ms: i64,
    /// Silence after which the server pings, milliseconds.
    pub heartbeat_ms: i64,
    /// Silence after a ping that means a dead socket, milliseconds.
    pub pong_timeout_ms: i64,
    /// How long a level-1 socket lives on one token, milliseconds.
    pub level1_session_ms: i64,
    /// Frames within a minute that aren't messages; the last of them closes the socket.
    pub malformed_per_minute: usize,
    /// Bytes waiting for a reader above which others' updates stop.
    pub backlog_bytes: usize,
    /// Bytes of rows in one `sync_batch`.
    pub batch_bytes: usize,
    /// Documents sent ahead of the log at most, when a device asks for the newest.
    pub newest_notes: u32,
    /// Sockets of one user.
    pub sockets_per_user: usize,
    /// Rows of a document after which the server folds them.
    pub fold_every: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            level1_message_bytes: default::LEVEL1_MESSAGE_BYTES,
            level1_messages_per_minute: default::LEVEL1_MESSAGES_PER_MINUTE,
            auth_timeout_ms: default::AUTH_TIMEOUT_MS.cast_signed(),
            heartbeat_ms: default::HEARTBEAT_MS.cast_signed(),
            pong_timeout_ms: default::PONG_TIMEOUT_MS.cast_signed(),
            level1_session_ms: default::LEVEL1_SESSION_MS.cast_signed(),
            malformed_per_minute: default::MALFORMED_PER_MINUTE as usize,
            // Eight full batches: enough for any burst a healthy reader meets, and 20 sockets of it fit in memory.
            backlog_bytes: 8 << 20,
            batch_bytes: default::BATCH_BYTES as usize,
            newest_notes: default::NEWEST_NOTES,
            sockets_per_user: default::SOCKETS_PER_USER as usize,
            // 10,000 keystrokes in single rows take forty times as long to load as in one; 500 aren't felt.
            fold_every: 500,
        }
    }
}
