//! The server's side of a connection, driven by hand: values in, values out.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod catch_up;
mod connection;
mod outbox;
mod stage;
