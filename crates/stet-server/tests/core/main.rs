//! A whole server in one thread: no socket, no clock, no thread. What a simulation drives.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod failing;
mod folding;
mod random_runs;
mod stage;
