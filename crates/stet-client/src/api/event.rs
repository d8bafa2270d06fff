//! What the engine tells a user interface.

use serde::{Deserialize, Serialize};
use stet_model::id::{NoteId, UserId};
use ts_rs::TS;

use super::note::{NoteRow, Outlived, TextUpdate};
use super::status::{Status, StatusError};

/// An event, named as the interface hears it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "event", content = "payload", rename_all = "snake_case")]
#[ts(export)]
pub enum Event {
    /// Where syncing stands; at most every 100 ms.
    Status(Box<Status>),
    /// Rows, counts or folders changed: ask again for what is shown. At most every 100 ms.
    NotesChanged(NotesChanged),
    /// One note's row changed (title, dots, fields); at most every 100 ms a note.
    NoteRow(NoteRow),
    /// Revisions of an opened text.
    NoteUpdates(NoteUpdates),
    /// Another device changed a note.
    NoteSynced(RemoteChange),
    /// Another device made a note.
    NoteCreated(RemoteChange),
    /// Another device moved a note to the trash, or removed it for good.
    NoteDeleted(RemoteChange),
    /// An open note stays although somebody put it in the trash, or that is over.
    NoteOutlived(NoteOutlived),
    /// The server knows who we are.
    Authenticated(Authenticated),
    /// Something failed that the user may want to know.
    Error(StatusError),
    /// Show this note (a notification, the tray or a link was clicked).
    ShowNote(ShowNote),
}

/// What to ask for again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct NotesChanged {
    /// A list may have other notes or another order.
    pub lists: bool,
    /// Folders, tags or counts are others.
    pub sidebar: bool,
}

/// Revisions of an opened text, for the session's editor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct NoteUpdates {
    /// The editing session.
    pub session: String,
    /// The revision the first update applies to.
    pub from: u32,
    /// The updates, one revision each.
    pub updates: Vec<TextUpdate>,
}

/// What another device did to a note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct RemoteChange {
    /// The note.
    #[ts(type = "string")]
    pub note_id: NoteId,
    /// Its title now.
    pub title: String,
    /// The device, when it is known: "Maria's laptop".
    pub device: Option<String>,
    /// The first paragraph changed, counted from 1; absent when the body didn't change.
    pub paragraph: Option<u32>,
    /// Server time, epoch milliseconds.
    pub at: i64,
    /// Removed for good.
    pub purged: bool,
    /// Part of a catch-up, not live.
    pub catching_up: bool,
}

/// An open note that was written in after it was put in the trash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct NoteOutlived {
    /// The note.
    #[ts(type = "string")]
    pub note_id: NoteId,
    /// Why it stays; `null` when there is nothing to say of it any more.
    pub outlived: Option<Outlived>,
}

/// Who we are to the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct Authenticated {
    /// The user.
    #[ts(type = "string")]
    pub user_id: UserId,
}

/// A note to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct ShowNote {
    /// The note.
    #[ts(type = "string")]
    pub note_id: NoteId,
}
