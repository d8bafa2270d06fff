//! What becomes of single notes: versions, marks on merged passages, waiting, being made anew.

mod aborted;
mod history;
mod merged;
mod rebuild;
mod unsent;
