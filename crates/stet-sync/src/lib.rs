//! The two pure state machines of a connection: the device's side and the server's.
