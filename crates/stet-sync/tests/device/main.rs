//! The device's machine, driven by hand: what it sends and asks for at each step, on a simulated clock.

#![expect(clippy::expect_used, reason = "a test that can't go on says why and ends")]

mod catch_up;
mod connection;
mod level1;
mod push;
mod script;
