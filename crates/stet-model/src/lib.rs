//! Notes and the folder library as mergeable documents: ids, texts, fields, edits, merging. Plain values in and out.
//!
//! Never here: a clock, randomness, a thread, a file, a socket. Times are epoch milliseconds given by the caller, peer
//! ids are drawn by the caller. Only `document` names the library underneath.

pub mod digest;
pub mod document;
pub mod id;
pub mod mutant;
pub mod note;
pub mod text;
