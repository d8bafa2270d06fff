//! What a document is made of: its snapshot, the log after it, and the points of its history. All of it opaque bytes.

pub(crate) mod point;
pub(crate) mod snapshot;
pub(crate) mod update;
