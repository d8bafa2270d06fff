//! What lies between the engine and the server: the way there, a socket a connection, and the signs that it is worth trying
//! at once. Never what is said, nor when.

pub(crate) mod changes;
mod dial;
mod failure;
mod meter;
mod open;
mod proxy;
pub(crate) mod socket;
mod tls;

pub use failure::{Answer, Distrust, Failure};
pub(crate) use open::route;
pub use proxy::Proxies;

/// How a server may be reached from here.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// Which proxy stands before which server.
    pub proxies: Proxies,
    /// `STET_CA_FILE`: certificates in PEM form that are trusted beside those of the system.
    pub ca_file: Option<std::path::PathBuf>,
}
