//! Bytes that are bytes in MessagePack and base64 in JSON.

use serde::{Deserialize, Serialize};

/// Operations on the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bytes(pub Vec<u8>);
