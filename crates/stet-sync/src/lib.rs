//! The two pure state machines of a connection. Values in, values out; the time is an argument. No I/O, no clock, no
//! randomness.

pub mod device;
pub mod folders;
pub mod server;
