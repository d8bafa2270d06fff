//! The one value that says where syncing stands.

use serde::{Deserialize, Serialize};
use stet_model::id::{DeviceId, NoteId, SpaceId, UserId};
use ts_rs::TS;

use super::error::ErrorCode;

/// Where the connection stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub enum ConnectionState {
    /// No server is set: notes live on this device only.
    #[default]
    Local,
    /// Not connected and not trying (paused, or not started).
    Disconnected,
    /// The first attempt is under way.
    Connecting,
    /// The socket is open, the user not yet signed in.
    Connected,
    /// Signed in; edits flow.
    Authenticated,
    /// The connection broke; attempts go on.
    Reconnecting,
    /// Attempts keep failing (they go on once a minute), or the user has to act.
    Error,
}

/// Everything a person may want to know about syncing, pushed on change.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct Status {
    /// Where the connection stands.
    pub state: ConnectionState,
    /// The user stopped syncing.
    pub paused: bool,
    /// The socket is open.
    pub is_connected: bool,
    /// The server knows who we are.
    pub is_authenticated: bool,
    /// Who we are to the server.
    #[ts(type = "string | null")]
    pub user_id: Option<UserId>,
    /// Failed attempts since the last success.
    pub reconnect_attempts: u32,
    /// When the next attempt is made, epoch milliseconds.
    pub next_retry_at: Option<i64>,
    /// Until when the server wants nothing sent to it, epoch milliseconds: it had too much at once, or a fault.
    pub sends_again_at: Option<i64>,
    /// When this device was last known to have everything, epoch milliseconds.
    pub last_sync: Option<i64>,
    /// Nothing is unsent and the cursor equals the server's last seq.
    pub is_synced: bool,
    /// The notes followed live.
    #[ts(type = "string[]")]
    pub joined_notes: Vec<NoteId>,
    /// How many notes have something the server hasn't confirmed.
    pub unsent: u32,
    /// How many notes have something that isn't on this disk yet.
    pub unsaved: u32,
    /// How many notes can't go on; each row says why.
    pub held: u32,
    /// A catch-up under way.
    pub progress: Option<Progress>,
    /// The last error, until cleared or overcome.
    pub error: Option<StatusError>,
    /// Where the troubleshooting page speaks of that error.
    pub help: Option<HelpTopic>,
    /// The server, when one is set.
    pub server_url: Option<String>,
    /// The proxy on the way to it, without credentials.
    pub proxy: Option<String>,
    /// Protocol level agreed on: 1 or 2.
    pub level: Option<u32>,
    /// Time from a ping to its answer, milliseconds.
    pub round_trip_ms: Option<u32>,
    /// The last seq at which this device and the server were found identical.
    pub verified: Option<Verified>,
    /// The space synced.
    #[ts(type = "string | null")]
    pub space_id: Option<SpaceId>,
    /// The last seq of the space this device holds.
    pub cursor: u64,
    /// The user's other devices.
    pub other_devices: Vec<OtherDevice>,
    /// The file in the data folder with what the last comparison of every note with the server found.
    pub report: Option<String>,
    /// Details are being recorded until then, epoch milliseconds.
    pub recording_until: Option<i64>,
    /// What only people can decide; the command `decide` says what they did.
    pub decision: Option<Decision>,
}

/// Something that isn't done before people have decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[ts(export)]
pub enum Decision {
    /// The server's database is another one than these notes were synced with.
    OtherStore,
    /// The server's notes were restored from an older copy.
    OlderLog,
    /// Many notes at once were removed for good elsewhere. They are kept here.
    Removals {
        /// How many.
        notes: u32,
        /// The device that did so, if it is known.
        device: Option<String>,
    },
}

/// What people decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub enum Way {
    /// Of a log: put everything here and everything there together. Nothing is removed.
    UploadAgain,
    /// Of a log: take what the server has; what is here stays in the copy.
    TakeServers,
    /// Of removals: the notes go here, too.
    RemoveNotes,
    /// Of removals: the notes are kept, as new ones.
    KeepNotes,
}

/// How far a catch-up is, in rows that are part of their notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct Progress {
    /// Rows taken in.
    pub done: u64,
    /// Rows this catch-up will bring.
    pub total: u64,
    /// How long it will still take, in seconds, as people say it: 10, 30, 60, whole minutes, hours. `null` before that can
    /// be known.
    pub seconds_left: Option<u64>,
}

/// The last error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct StatusError {
    /// What to branch on.
    pub code: ErrorCode,
    /// For people.
    pub message: String,
    /// The note it is about.
    #[ts(type = "string | null")]
    pub note_id: Option<NoteId>,
}

/// A section of `docs/troubleshooting.md`, by the anchor of its heading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum HelpTopic {
    /// The server isn't found, or can't be reached.
    NothingAnswers,
    /// What answers is no Stet server.
    SomethingElseAnswers,
    /// Its certificate, or ours.
    TheCertificateIsntAccepted,
    /// A proxy doesn't let us through.
    AProxyIsInTheWay,
    /// The server doesn't take the sign-in.
    SigningInFails,
    /// Syncing stands still.
    NotesDontArrive,
    /// The connection doesn't last.
    ItReconnectsAgainAndAgain,
}

/// When this device and the server were last found identical.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct Verified {
    /// The seq compared.
    pub seq: u64,
    /// Epoch milliseconds.
    pub at: i64,
}

/// Another device of the same user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct OtherDevice {
    /// The device.
    #[ts(type = "string")]
    pub id: DeviceId,
    /// What people call it.
    pub name: String,
    /// How many notes it had still to send.
    pub unsent: u32,
    /// Whether it has everything the server has.
    pub caught_up: bool,
    /// When it last said so, server time in epoch milliseconds.
    pub as_of: i64,
}
