//! The device's machine, driven by hand: what it sends and asks for at each step, on a simulated clock.

mod catch_up;
mod connection;
mod level1;
mod push;
mod script;
