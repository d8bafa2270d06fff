//! Typed ids. Made by the caller from time and randomness it brings along; nothing here reads a clock or draws a number.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// A text that should have been an id and isn't a UUID.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an id: a UUID is expected")]
pub struct InvalidId {
    /// What was given, cut to 64 characters.
    pub text: String,
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// A UUID v7 from a time in epoch milliseconds and ten random bytes.
            pub fn from_time(epoch_ms: u64, random: [u8; 10]) -> Self {
                Self(uuid::Builder::from_unix_timestamp_millis(epoch_ms, &random).into_uuid())
            }

            /// The id with these 16 bytes.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// The 16 bytes of the id, as stored in databases and hashed into digests.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let invalid = || InvalidId { text: text.chars().take(64).collect() };
                Uuid::try_parse(text).map(Self).map_err(|_| invalid())
            }
        }

        // Always the text form, also in binary encodings: ids are keys that people read in logs and vectors.
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

uuid_id!(
    /// A note, or a space's library (whose id is the space's). Scoped by space: the same id in two spaces is two documents.
    NoteId
);
uuid_id!(
    /// A space: the log, the library and the notes that belong together. Every user has a personal one.
    SpaceId
);
uuid_id!(
    /// A folder of a space's library.
    FolderId
);
uuid_id!(
    /// One installation of the app on one machine.
    DeviceId
);
uuid_id!(
    /// A server database, made once with it.
    StoreId
);
uuid_id!(
    /// One unbroken life of a space's log on one server: a new one begins after every server start or restore.
    Lineage
);
uuid_id!(
    /// One socket of a server.
    ConnectionId
);

impl SpaceId {
    /// The id of the space's library document.
    pub const fn library(self) -> NoteId {
        NoteId(self.0)
    }
}

/// A document of a space: a note, or the space's library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocKey {
    /// The space.
    pub space: SpaceId,
    /// The document.
    pub note: NoteId,
}

impl DocKey {
    /// Whether this is its space's library.
    pub fn is_library(self) -> bool {
        self.note == self.space.library()
    }
}

/// The server's name for a user: opaque text, at level 2 random and the server's own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(pub String);

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names the author of operations inside a document. 64 random bits, drawn anew for every process and after every
/// failed commit, never stored for reuse: a cloned disk that went on under an old one would diverge for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(pub u64);
