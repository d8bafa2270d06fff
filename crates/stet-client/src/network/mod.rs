//! What lies between the engine and the server: a socket a connection, and the signs that it is worth trying at once. Never
//! what is said, nor when.

pub(crate) mod changes;
pub(crate) mod socket;
