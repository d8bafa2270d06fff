//! The shape of the house, read from `cargo metadata` and the sources: who depends on whom, who may name what, how large
//! things get, and that lists which must agree do. No program is started but cargo, and nothing of the product runs.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what it saw by panicking")]

mod commands;
mod dependencies;
mod names;
mod pages;
mod sizes;
mod tree;
