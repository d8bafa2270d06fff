//! The messages of both protocol levels, in JSON and MessagePack, with their limits and codes. No decisions, no I/O.
//!
//! The protocol itself is described in `docs/protocol.md`; a test ties that page to what is written here.

pub mod bytes;
pub mod close;
pub mod codec;
pub mod limits;
pub mod message;
pub mod texts;
