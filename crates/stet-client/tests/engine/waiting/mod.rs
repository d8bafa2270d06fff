//! What waits or can't go on, and what differs between devices.

mod rebuild;
mod unsent;
