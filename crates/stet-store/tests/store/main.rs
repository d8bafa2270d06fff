//! The store through its public door: what each write does and each question answers, opening good and bad files,
//! durability, and random writes against a naive model.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod digests;
mod disk;
mod lists;
mod model;
mod opening;
mod reading;
mod salvage;
mod search;
mod spaces;
mod stage;
mod writes;
