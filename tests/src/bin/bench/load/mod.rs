//! What the server carries: edits to many sockets, sockets that say nothing, and a million edits. Each beside a bare relay
//! in a process of its own. Never what one edit costs.

pub mod connections;
pub mod fan_out;
pub mod long;
