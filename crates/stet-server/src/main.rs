//! Starts the sync server.
fn main() {}
