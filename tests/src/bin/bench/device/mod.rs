//! What the device itself costs, without a server: a keystroke on its way to the disk, commits in groups, digests, the log
//! of a note that is typed into for long. Never a socket.

mod allocations;
pub mod commits;
mod desk;
pub mod digests;
pub mod keys;
pub mod log;
