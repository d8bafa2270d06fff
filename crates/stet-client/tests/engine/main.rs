//! The engine over a real store, on one thread and a clock of its own: every step is a call.

mod desk;
mod editing;
mod failing;
mod level1;
mod local;
