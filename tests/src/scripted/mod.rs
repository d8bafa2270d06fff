//! Peers that follow the seed's page with plain JSON and a WebSocket library, and nothing of ours: what a stranger
//! would write. They decide nothing by themselves.

mod server;
mod socket;

pub use server::ScriptedServer;
pub use socket::PlainSocket;
