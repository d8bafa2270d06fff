//! Why no connection came about, as a closed list. No words for people: those are in [`crate::words`].

use std::path::PathBuf;

/// Why no connection came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The address isn't one; in words.
    Address(String),
    /// No machine has this name, or nobody could be asked.
    UnknownName(String),
    /// The machine is there, and nothing listens on the port.
    Refused,
    /// There is no way to the machine from here.
    NoNetwork,
    /// The machine doesn't answer.
    TimedOut,
    /// Something else between here and there; in the system's words.
    Broken(String),
    /// Somebody took the connection and says nothing.
    Silent,
    /// Somebody took the connection and ended it without a word.
    HungUp,
    /// What answers speaks another language than HTTP.
    NotHttp,
    /// Somebody answers, in HTTP, something else than a WebSocket.
    Http(Answer),
    /// It says that it opens a WebSocket, and doesn't keep to the rules; in words.
    NotWebSocket(String),
    /// The address asks for TLS, and what answers doesn't speak it.
    NoTls,
    /// The address asks for no TLS, and what answers wants it.
    WantsTls,
    /// The two don't agree on how to encrypt; in words.
    Tls(String),
    /// The server's certificate isn't accepted.
    Untrusted(Distrust),
    /// No certificate is trusted here: the system has none, or they can't be read; in words.
    NoRoots(String),
    /// The file of `STET_CA_FILE` can't be used; in words.
    CaFile(PathBuf, String),
    /// This setting names no proxy that can be used.
    ProxySetting(&'static str),
    /// The proxy (scheme, host and port) can't be reached.
    ProxyUnreachable(String, Box<Self>),
    /// The proxy answered this status instead of opening the way.
    ProxyRefused(String, u16),
    /// The proxy doesn't open the way; in its words.
    ProxyBroken(String, String),
}

/// An answer in HTTP where a WebSocket was expected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Where it sends those who ask, as it says so.
    pub location: Option<String>,
    /// It brings a page for people.
    pub page: bool,
    /// When to come back, milliseconds; not bounded yet.
    pub retry_after_ms: Option<u64>,
}

/// What is wrong with a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Distrust {
    /// It ran out at this time, epoch milliseconds.
    Expired(Option<i64>),
    /// It begins to count at this time, epoch milliseconds.
    NotYetValid(Option<i64>),
    /// It is for these names, and not for the one asked for.
    OtherName {
        /// The name asked for.
        asked: String,
        /// The names it is for.
        named: Vec<String>,
    },
    /// Nobody who is trusted here vouches for it.
    UnknownIssuer,
    /// It is one that issues others, as most self-signed ones are.
    IssuersOwn,
    /// It was taken back.
    Revoked,
    /// Something else; in words.
    Other(String),
}

impl Failure {
    /// When the server wants to be asked again, milliseconds.
    pub fn retry_after_ms(&self) -> Option<u64> {
        match self {
            Self::Http(answer) => answer.retry_after_ms,
            _ => None,
        }
    }

    /// What an error of the system means.
    pub(super) fn from_io(error: &std::io::Error) -> Self {
        use std::io::ErrorKind as Kind;
        match error.kind() {
            Kind::ConnectionRefused => Self::Refused,
            Kind::NetworkUnreachable | Kind::HostUnreachable | Kind::AddrNotAvailable | Kind::NetworkDown => {
                Self::NoNetwork
            }
            Kind::TimedOut => Self::TimedOut,
            Kind::UnexpectedEof | Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe => Self::HungUp,
            _ => Self::Broken(error.to_string()),
        }
    }
}
