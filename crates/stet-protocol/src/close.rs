//! Why a WebSocket is closed, as its close code. Never the decision to close.

use std::fmt;

/// The close codes of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u16)]
pub enum CloseCode {
    /// Either side is done.
    Bye = 1000,
    /// A message above its limit.
    TooBig = 1009,
    /// The server restarts: come back after `retryAfterMs` of `draining`.
    Restarting = 1012,
    /// Too many frames that aren't messages.
    ProtocolViolation = 4400,
    /// `auth` failed, or the token ran out.
    NotAuthenticated = 4401,
    /// No good `auth` in time.
    AuthTimeout = 4408,
    /// The user has too many sockets open.
    TooManySockets = 4429,
}

impl CloseCode {
    /// Every code, in numerical order.
    pub const ALL: [Self; 7] = [
        Self::Bye,
        Self::TooBig,
        Self::Restarting,
        Self::ProtocolViolation,
        Self::NotAuthenticated,
        Self::AuthTimeout,
        Self::TooManySockets,
    ];

    /// The number in the close frame.
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// The code with this number; `None` for one the protocol doesn't name.
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.number() == number)
    }

    /// The reason text of the close frame.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Bye => "bye",
            Self::TooBig => "message too big",
            Self::Restarting => "restarting",
            Self::ProtocolViolation => "protocol violation",
            Self::NotAuthenticated => "not authenticated",
            Self::AuthTimeout => "auth timeout",
            Self::TooManySockets => "too many sockets",
        }
    }
}

impl From<CloseCode> for u16 {
    fn from(code: CloseCode) -> Self {
        code.number()
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number(), self.reason())
    }
}
