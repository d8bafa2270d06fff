//! The defaults of every limit of the protocol, each with its unit. Never the counting.

use crate::message::Limits;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// One message before a good `auth`, bytes of the frame: a token has a few thousand, and nobody knows who sends it.
pub const OPENING_MESSAGE_BYTES: u64 = 64 * KIB;
/// One level-1 message, bytes of the frame.
pub const LEVEL1_MESSAGE_BYTES: u64 = MIB;
/// Level-1 messages of one connection a minute.
pub const LEVEL1_MESSAGES_PER_MINUTE: u64 = 300;
/// How long a level-1 socket lives on the token it showed, milliseconds.
pub const LEVEL1_SESSION_MS: u64 = 24 * 60 * 60 * 1000;

/// One level-2 message, bytes of the frame.
pub const MESSAGE_BYTES: u64 = 16 * MIB;
/// Operations of one connection's `note_update`s a minute, bytes.
pub const UPDATE_BYTES_PER_MINUTE: u64 = 64 * MIB;
/// Other level-2 messages of one connection a minute.
pub const MESSAGES_PER_MINUTE: u64 = 6_000;
/// Title and body of one note, bytes of UTF-8.
pub const NOTE_BYTES: u64 = 10 * MIB;
/// Updates of one connection without an answer yet.
pub const UPDATES_IN_FLIGHT: u64 = 64;
/// Operations of one connection without an answer yet, bytes.
pub const BYTES_IN_FLIGHT: u64 = 4 * MIB;

/// Rows of one `sync_batch`, bytes. A single larger row travels alone.
pub const BATCH_BYTES: u64 = MIB;
/// Operations of one `note_update`, bytes; what is unsent is split into ranges of this size.
pub const UPDATE_BYTES: u64 = MIB;
/// Text applied to a document at once, bytes; a larger paste is applied in pieces.
pub const PASTE_PIECE_BYTES: u64 = stet_model::document::PASTE_PIECE_BYTES as u64;
/// One row that compaction folded, bytes before it is packed.
pub const FOLDED_ROW_BYTES: u64 = 4 * MIB;
/// The most notes `sync {newest}` may ask for.
pub const NEWEST_NOTES: u32 = 500;
/// Documents one `sync` may name.
pub const NOTE_IDS: usize = 1_000;
/// Catch-ups of one connection at a time: a few spaces and a few damaged notes.
pub const CATCH_UPS: usize = 16;
/// The `id` of a request, bytes; longer ones only cost memory.
pub const REQUEST_ID_BYTES: usize = 64;

/// Sockets of one user.
pub const SOCKETS_PER_USER: u64 = 20;
/// Time from the upgrade to a good `auth`, milliseconds.
pub const AUTH_TIMEOUT_MS: u64 = 30_000;
/// Silence after which a side pings, milliseconds.
pub const HEARTBEAT_MS: u64 = 30_000;
/// Silence after a ping that means a dead socket, milliseconds.
pub const PONG_TIMEOUT_MS: u64 = 10_000;
/// Time a request may go without an answer, milliseconds; then the client reconnects.
pub const ANSWER_TIMEOUT_MS: u64 = 30_000;
/// Frames within a minute that aren't messages; the last of them closes the socket.
pub const MALFORMED_PER_MINUTE: u64 = 20;
/// The least time between two `received` of a space, milliseconds.
pub const RECEIVED_INTERVAL_MS: u64 = 1_000;
/// How often a present device says so again, milliseconds.
pub const PRESENCE_REFRESH_MS: u64 = 30_000;
/// Silence after which a device counts as no longer present, milliseconds.
pub const PRESENCE_EXPIRY_MS: u64 = 75_000;

/// The first wait before a new connection, milliseconds; the ceiling the jitter is drawn under.
pub const RECONNECT_BASE_MS: u64 = 1_000;
/// What each failed attempt multiplies the wait by.
pub const RECONNECT_FACTOR: u32 = 2;
/// The longest wait while attempts count, milliseconds.
pub const RECONNECT_CAP_MS: u64 = 30_000;
/// Attempts before the state is `error` (it goes on all the same).
pub const RECONNECT_ATTEMPTS: u32 = 10;
/// The wait between attempts from then on, milliseconds.
pub const RECONNECT_SLOW_MS: u64 = 60_000;

/// Versions per user and note a level-1 update may have started from.
pub const MERGE_BASES: usize = 16;
/// How long such a version is kept, milliseconds.
pub const MERGE_BASE_AGE_MS: u64 = 30 * 24 * 60 * 60 * 1000;

/// Containers within containers in one message: the deepest message of the protocol has six, the rest is for `state`.
pub const MESSAGE_DEPTH: usize = 32;
/// Values in one message, keys not counted. A full batch of the smallest rows has a quarter of it, and the memory a frame
/// of empty arrays can cost stays within tens of megabytes.
pub const MESSAGE_VALUES: usize = 262_144;

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: MESSAGE_BYTES,
            update_bytes_per_minute: UPDATE_BYTES_PER_MINUTE,
            messages_per_minute: MESSAGES_PER_MINUTE,
            note_bytes: NOTE_BYTES,
            updates_in_flight: UPDATES_IN_FLIGHT,
            bytes_in_flight: BYTES_IN_FLIGHT,
        }
    }
}
