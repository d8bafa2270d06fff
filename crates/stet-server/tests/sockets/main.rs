//! The server over real sockets: both levels, bad input, going down and coming back.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod aborting;
mod backup;
mod bad_input;
mod killed;
mod level1;
mod level2;
mod lifecycle;
mod merged;
mod stage;
