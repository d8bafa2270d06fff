//! The engine over a real store, on one thread and a clock of its own: every step is a call.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that can't go on says why and ends")]

mod adoption;
mod catching_up;
mod copied;
mod decisions;
mod desk;
mod editing;
mod failing;
mod level1;
mod level2;
mod lists;
mod local;
mod notes;
mod removals;
