//! The server's sockets, threads and clock around the hub. Only moves data in and out of it, and decides nothing.

mod clock;
mod engine;
mod gate;
mod marks;
mod origin;
mod router;
mod socket;

pub use clock::Clock;
pub use engine::{Engine, EngineError, Means};
pub use gate::{GateOf, Gated};
pub use marks::Marks;
pub use router::{App, router};
