//! The device's side of a connection.
