//! Level 1: whole fields, the protocol of the page this project began with.

use serde::{Deserialize, Serialize};
use stet_model::id::{FolderId, NoteId, UserId};

use super::{Auth, AuthFailure, AuthSuccess, ErrorMessage};

/// What a level-1 client sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
#[expect(missing_docs, reason = "the protocol page describes every message and field")]
pub enum ClientMessage {
    Auth(Auth),
    JoinNote {
        note_id: NoteId,
    },
    LeaveNote {
        note_id: NoteId,
    },
    NoteUpdate {
        note_id: NoteId,
        changes: Changes,
    },
    /// Also taken with the id at the top level.
    NoteCreated {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note_id: Option<NoteId>,
        note_data: NoteData,
    },
    NoteDeleted {
        note_id: NoteId,
    },
    FolderCreated {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        folder_id: Option<FolderId>,
        folder_data: FolderData,
    },
    FolderUpdated {
        folder_id: FolderId,
        changes: FolderChanges,
    },
    FolderDeleted {
        folder_id: FolderId,
    },
    Ping {},
}

/// What a server sends to a level-1 client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
#[expect(missing_docs, reason = "the protocol page describes every message and field")]
pub enum ServerMessage {
    ConnectionEstablished {
        message: String,
    },
    AuthSuccess(AuthSuccess),
    AuthFailed {
        message: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<AuthFailure>,
    },
    NoteJoined {
        note_id: NoteId,
        message: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<Note>,
    },
    NoteLeft {
        note_id: NoteId,
    },
    NoteUpdateSuccess {
        note_id: NoteId,
        updated_note: Note,
        timestamp: i64,
    },
    NoteSync {
        note_id: NoteId,
        changes: Changes,
        updated_note: Note,
        timestamp: i64,
        from_user_id: UserId,
    },
    NoteCreatedSync {
        note_data: Note,
        timestamp: i64,
        from_user_id: UserId,
    },
    NoteDeletedSync {
        note_id: NoteId,
        timestamp: i64,
        from_user_id: UserId,
    },
    FolderCreatedSync {
        folder_id: FolderId,
        folder_data: FolderData,
        timestamp: i64,
        from_user_id: UserId,
    },
    FolderUpdatedSync {
        folder_id: FolderId,
        changes: FolderChanges,
        timestamp: i64,
        from_user_id: UserId,
    },
    FolderDeletedSync {
        folder_id: FolderId,
        timestamp: i64,
        from_user_id: UserId,
    },
    Pong {
        timestamp: i64,
    },
    Error(ErrorMessage),
}

/// The fields an update sets; an absent one stays as it is. A server refuses fields it doesn't know here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "the protocol page describes every message and field")]
pub struct Changes {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starred: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<bool>,
    /// `Some(None)` (JSON `null`) takes the note out of its folder.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub folder_id: Option<Option<FolderId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
}

/// A note as level 1 sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the protocol page describes every message and field")]
pub struct Note {
    pub id: NoteId,
    pub user_id: UserId,
    pub folder_id: Option<FolderId>,
    pub title: String,
    pub content: String,
    pub starred: bool,
    pub archived: bool,
    pub deleted: bool,
    pub hidden: bool,
    pub tags: Vec<String>,
    pub created_at: i64,
    pub updated_at: i64,
}

/// A note as a client sends it: every field but the id may be missing, and unknown ones are ignored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the protocol page describes every message and field")]
pub struct NoteData {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<NoteId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder_id: Option<FolderId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starred: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<i64>,
}

/// A folder as level 1 sees it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the protocol page describes every message and field")]
pub struct FolderData {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<FolderId>,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub color: Option<String>,
    #[serde(default)]
    pub parent_id: Option<FolderId>,
    #[serde(default)]
    pub sort_order: i64,
}

/// The folder fields an update sets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "the protocol page describes every message and field")]
pub struct FolderChanges {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub color: Option<Option<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub parent_id: Option<Option<FolderId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort_order: Option<i64>,
}

/// Tells a field that is `null` from one that is absent.
fn present<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}
