//! The client's SQLite store: opaque documents with a durable unsent queue, rows for lists, and search. It never looks
//! into a document and never decides what to send.

mod read;
mod write;

pub use read::*;
pub use write::*;
