//! The messages of both protocol levels, in JSON and MessagePack, with their limits and codes. No decisions, no I/O.

pub mod bytes;
pub mod message;
