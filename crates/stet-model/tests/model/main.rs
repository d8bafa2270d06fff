//! Tests of the model as its users see it: notes and libraries on several devices, under random programs. Every
//! generator has a fixed seed, so that a failure comes again.
#![expect(clippy::unwrap_used, reason = "tests")]

mod convergence;
mod damage;
mod determinism;
mod digest;
mod edits;
mod folders;
mod foreign;
mod note;
mod ranges;
mod support;
mod texts;
