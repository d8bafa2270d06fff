//! The texts for people that level 1 puts in its messages, and the server's words for what it refuses. Never a code.

/// `connection_established`.
pub const CONNECTION_ESTABLISHED: &str = "Please authenticate to continue";
/// `auth_success`.
pub const AUTH_SUCCESS: &str = "Authentication successful";
/// `auth_failed`.
pub const AUTH_FAILED: &str = "Authentication failed";
/// `note_joined`.
pub const NOTE_JOINED: &str = "Successfully joined note for real-time sync";
