//! The engine: owns store, sync machine, socket and login; commands in, events out. Knows no window system.

pub mod api;
pub mod client;
pub mod config;
pub mod desktop;
pub mod engine;
mod folder;
mod hex;
pub mod history;
mod lists;
pub mod log;
pub mod network;
mod record;
mod run;
mod token;
mod welcome;
mod words;

pub use client::{Client, Left, StartError};
pub use config::Config;
pub use desktop::Desktop;
pub use lists::export::Exported;
pub use lists::read_only::{LegibleNote, read_only};
