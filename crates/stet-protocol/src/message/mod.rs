//! Every message of the protocol as a type. What the two levels share is here; each level's own forms are in a file of
//! their own. No encoding, no limits, no decisions.

mod kinds;
pub mod level1;
pub mod level2;
mod refusal;
mod strict;
mod tolerant;

use std::fmt;

use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize};
use stet_model::id::{ConnectionId, DeviceId, Lineage, SpaceId, StoreId, UserId};

pub use refusal::{AuthFailure, ErrorCode, ErrorMessage};

/// The first message of a client: opens a session, or renews its token on a live level-2 socket.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Auth {
    /// A JWT.
    pub token: String,
    /// `Some(2)` asks for level 2; absent is level 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<u32>,
    /// Who is asking; level 2 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Device>,
}

/// Without the token, which has no place in a log.
impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { token: _, protocol, device } = self;
        f.debug_struct("Auth").field("protocol", protocol).field("device", device).finish_non_exhaustive()
    }
}

/// A device as it names itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// The installation's id.
    pub id: DeviceId,
    /// What people call it, e.g. "Maria's laptop".
    pub name: String,
    /// `linux`, `macos`, `windows`, …
    pub platform: String,
    /// Version of the program.
    pub app_version: String,
}

/// The answer to a good `auth`. The level-2 part is absent from a level-1 answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthSuccess {
    /// The seed's text.
    pub message: String,
    /// Who the token belongs to.
    pub user_id: UserId,
    /// Everything level 2 agrees on.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub level2: Option<Agreement>,
}

// A flattened option would take a mistyped agreement for none, and a level-2 server for one of level 1.
impl<'de> Deserialize<'de> for AuthSuccess {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let answer = Answer::deserialize(deserializer)?;
        let level2 = match answer.protocol {
            None => None,
            Some(2) => Some(answer.agreement()?),
            Some(other) => {
                return Err(D::Error::invalid_value(
                    Unexpected::Unsigned(other.into()),
                    &"protocol 2, which was asked for",
                ));
            }
        };
        Ok(Self { message: answer.message, user_id: answer.user_id, level2 })
    }
}

/// `auth_success` before its level is known.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(default, deserialize_with = "tolerant::null_as_default")]
    message: String,
    user_id: UserId,
    protocol: Option<u32>,
    connection_id: Option<ConnectionId>,
    store_id: Option<StoreId>,
    timestamp: Option<i64>,
    expires_in_ms: Option<u64>,
    heartbeat_ms: Option<u64>,
    limits: Option<Limits>,
    spaces: Option<Vec<SpaceInfo>>,
}

impl Answer {
    fn agreement<E: Error>(&self) -> Result<Agreement, E> {
        let missing = E::missing_field;
        Ok(Agreement {
            protocol: 2,
            connection_id: self.connection_id.ok_or_else(|| missing("connectionId"))?,
            store_id: self.store_id.ok_or_else(|| missing("storeId"))?,
            timestamp: self.timestamp.ok_or_else(|| missing("timestamp"))?,
            expires_in_ms: self.expires_in_ms.ok_or_else(|| missing("expiresInMs"))?,
            heartbeat_ms: self.heartbeat_ms.ok_or_else(|| missing("heartbeatMs"))?,
            limits: self.limits.clone().ok_or_else(|| missing("limits"))?,
            spaces: self.spaces.clone().ok_or_else(|| missing("spaces"))?,
        })
    }
}

/// What a level-2 `auth` agrees on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Agreement {
    /// Always 2.
    pub protocol: u32,
    /// This socket.
    pub connection_id: ConnectionId,
    /// The server's database.
    pub store_id: StoreId,
    /// Server time, epoch milliseconds.
    pub timestamp: i64,
    /// How long the token is good for, milliseconds.
    pub expires_in_ms: u64,
    /// Silence after which a side pings, milliseconds.
    pub heartbeat_ms: u64,
    /// What the server accepts.
    pub limits: Limits,
    /// Every space the user may open.
    pub spaces: Vec<SpaceInfo>,
}

/// What a server accepts, all on decoded bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// One message, bytes.
    pub message_bytes: u64,
    /// `note_update` bytes a minute.
    pub update_bytes_per_minute: u64,
    /// Other messages a minute.
    pub messages_per_minute: u64,
    /// UTF-8 bytes of title and body of one note.
    pub note_bytes: u64,
    /// Unacknowledged updates of a connection.
    pub updates_in_flight: u64,
    /// Unacknowledged bytes of a connection.
    pub bytes_in_flight: u64,
}

/// A space in `auth_success`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SpaceInfo {
    /// The space.
    pub id: SpaceId,
    /// What people call it.
    pub name: String,
    /// `owner` for the personal space.
    pub role: String,
    /// Whether `ops` are opaque to the server.
    pub encrypted: bool,
    /// The last seq of its log.
    pub seq: u64,
    /// The log's present lineage.
    pub lineage: Lineage,
}
