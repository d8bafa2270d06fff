//! The engine: owns store, sync machine, socket and login; commands in, events out. Knows no window system.

pub mod api;
pub mod config;
pub mod desktop;

pub use config::Config;
pub use desktop::Desktop;
