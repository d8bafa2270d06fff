//! Notes, folders and texts as a user interface sees them.

use serde::{Deserialize, Serialize};
use stet_model::id::{FolderId, NoteId};
use stet_model::text::TextChange;
use stet_protocol::limits;
use ts_rs::TS;

/// A list of notes to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[ts(export)]
pub enum View {
    /// Everything that is neither archived nor in the trash.
    All,
    /// Starred notes.
    Starred,
    /// Notes in no folder, or in one that is gone.
    Unfiled,
    /// Archived notes.
    Archived,
    /// The trash.
    Trash,
    /// Notes with something unsent or held back.
    Unsent,
    /// One folder.
    Folder {
        /// The folder.
        #[ts(type = "string")]
        folder_id: FolderId,
    },
    /// One tag.
    Tag {
        /// The tag, without `#`.
        tag: String,
    },
}

/// A note in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct NoteRow {
    /// The note.
    #[ts(type = "string")]
    pub id: NoteId,
    /// One line; may be empty.
    pub title: String,
    /// The first words of the body, Markdown marks taken out.
    pub preview: String,
    /// Its folder, when that exists.
    #[ts(type = "string | null")]
    pub folder_id: Option<FolderId>,
    /// Starred by the user.
    pub starred: bool,
    /// Kept at the top.
    pub pinned: bool,
    /// Put away.
    pub archived: bool,
    /// In the trash.
    pub trashed: bool,
    /// How often two sides changed the same passages: both are in the text, to be looked at. Mostly 0.
    pub merged: u32,
    /// Its tags, sorted.
    pub tags: Vec<String>,
    /// Epoch milliseconds.
    pub created_at: i64,
    /// Server time of the last change, or local time while unsent; epoch milliseconds.
    pub updated_at: i64,
    /// How many bytes of text still fit, once nine tenths of what a note can have are used; `null` before.
    pub room: Option<u64>,
    /// Where it has arrived.
    pub dots: Dots,
}

/// Where a note has arrived: the three dots.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct Dots {
    /// On this device's disk.
    pub disk: bool,
    /// On the server. `null` when no server is set.
    pub server: Option<bool>,
    /// On another device of the user's. `null` with a single device.
    pub other: Option<bool>,
    /// Why it can't go on, at the first dot that is empty.
    pub stopped: Option<Stopped>,
}

/// Why a note can't go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct Stopped {
    /// What can be done about it.
    pub kind: StoppedKind,
    /// What happened and what can be done, for people.
    pub message: String,
}

/// What can be done about a note that can't go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub enum StoppedKind {
    /// The server refused it: to be tried again once the cause is gone.
    Refused,
    /// Something of it that came can't be read: to be fetched again.
    Unreadable,
    /// It was removed for good elsewhere with many others: people are asked about all of them.
    Undecided,
    /// It was removed for good elsewhere, and has text that nobody else has: to be restored as a new note, or let go.
    DeletedElsewhere,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct NotePage {
    /// The rows, in order.
    pub rows: Vec<NoteRow>,
    /// Give this as `after` for the next page; `null` at the end.
    pub next: Option<String>,
    /// How many notes the whole list has (a search: at most 1,000 are counted).
    pub total: u32,
}

/// What the sidebar shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct Sidebar {
    /// Notes in each smart view.
    pub counts: Counts,
    /// Folders in display order, parents before children.
    pub folders: Vec<FolderRow>,
    /// Tags by name.
    pub tags: Vec<TagRow>,
}

/// How many notes each smart view has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
#[expect(missing_docs, reason = "named after the views")]
pub struct Counts {
    pub all: u32,
    pub starred: u32,
    pub unfiled: u32,
    pub archived: u32,
    pub trash: u32,
    pub unsent: u32,
}

/// A folder in the sidebar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct FolderRow {
    /// The folder.
    #[ts(type = "string")]
    pub id: FolderId,
    /// What people call it.
    pub name: String,
    /// A CSS colour, when one was given.
    pub color: Option<String>,
    /// The folder it is in.
    #[ts(type = "string | null")]
    pub parent_id: Option<FolderId>,
    /// 0 at the top.
    pub depth: u32,
    /// Notes directly in it.
    pub count: u32,
}

/// A tag in the sidebar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct TagRow {
    /// The tag, without `#`.
    pub name: String,
    /// Notes that carry it.
    pub count: u32,
}

/// An opened note: two texts, each with an editing session of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct OpenedNote {
    /// Its row.
    pub row: NoteRow,
    /// The title: one line.
    pub title: OpenedText,
    /// The body: Markdown.
    pub body: OpenedText,
    /// Why it isn't in the trash although somebody put it there; `null` when nobody did, or when it is.
    pub outlived: Option<Outlived>,
}

/// Words that were written without knowing that the note was put in the trash: so it stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct Outlived {
    /// They were written on this device, at least in part.
    pub here: bool,
    /// Another device they were written on, when one is known by name.
    pub device: Option<String>,
}

/// A text opened for editing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct OpenedText {
    /// Names this editing session; also the editor's client id.
    pub session: String,
    /// The revision `text` is at.
    pub revision: u32,
    /// The text; lines end in `\n` only.
    pub text: String,
}

/// One replacement in a text, in UTF-16 code units of the text before the update.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct Replace {
    /// Start.
    pub from: u32,
    /// End, not included.
    pub to: u32,
    /// What stands there afterwards.
    pub insert: String,
}

/// One revision of a text: replacements in ascending order that don't overlap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct TextUpdate {
    /// The session that made it; another one's, or `remote`.
    pub session: String,
    /// What it replaces.
    pub changes: Vec<Replace>,
}

impl TextUpdate {
    /// The replacements as the model has them.
    pub(crate) fn to_changes(&self) -> Vec<TextChange> {
        self.changes.iter().map(|change| TextChange::new(change.from, change.to, change.insert.clone())).collect()
    }
}

/// A change to a note's fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[ts(export)]
#[expect(missing_docs, reason = "named after the fields")]
pub enum NoteChange {
    Title {
        text: String,
    },
    Starred {
        value: bool,
    },
    Pinned {
        value: bool,
    },
    Archived {
        value: bool,
    },
    Folder {
        #[ts(type = "string | null")]
        folder_id: Option<FolderId>,
    },
    AddTag {
        tag: String,
    },
    RemoveTag {
        tag: String,
    },
}

/// Choices of the user, kept on this device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
#[ts(export)]
pub struct Settings {
    /// Connect when the app starts.
    pub connect_at_start: bool,
    /// Failed attempts after which the state is `error` and attempts go on once a minute.
    pub max_attempts: u32,
    /// First wait of the backoff, milliseconds.
    pub backoff_base_ms: u32,
    /// Longest wait of the backoff, milliseconds.
    pub backoff_cap_ms: u32,
    /// Show details of the connection in the status bar.
    pub show_details: bool,
    /// Closing the window leaves the app in the tray.
    pub close_to_tray: bool,
    /// Tell about edits of other devices.
    pub notifications: bool,
    /// The editor's face: `serif`, `sans` or `mono`.
    pub editor_font: EditorFont,
    /// The server the user entered; empty for none at all; `null` for the one of the configuration.
    pub server_url: Option<String>,
}

/// The editor's face.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
#[expect(missing_docs, reason = "the names say it")]
pub enum EditorFont {
    #[default]
    Serif,
    Sans,
    Mono,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connect_at_start: true,
            max_attempts: limits::RECONNECT_ATTEMPTS,
            backoff_base_ms: limits::RECONNECT_BASE_MS as u32,
            backoff_cap_ms: limits::RECONNECT_CAP_MS as u32,
            show_details: true,
            close_to_tray: true,
            notifications: true,
            editor_font: EditorFont::Serif,
            server_url: None,
        }
    }
}
