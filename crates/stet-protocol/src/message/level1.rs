//! Level 1: whole fields, the protocol of the page this project began with.

use serde::{Deserialize, Serialize};
use stet_model::id::{FolderId, NoteId, UserId};

use super::{Auth, AuthFailure, AuthSuccess, ErrorMessage, strict, tolerant};

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
        #[serde(deserialize_with = "strict::object")]
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
        #[serde(deserialize_with = "strict::object")]
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
        #[serde(default, deserialize_with = "tolerant::null_as_default")]
        message: String,
    },
    AuthSuccess(AuthSuccess),
    AuthFailed {
        #[serde(default, deserialize_with = "tolerant::null_as_default")]
        message: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<AuthFailure>,
    },
    NoteJoined {
        note_id: NoteId,
        #[serde(default, deserialize_with = "tolerant::null_as_default")]
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
        #[serde(default, deserialize_with = "tolerant::time")]
        timestamp: i64,
    },
    NoteSync {
        note_id: NoteId,
        changes: Changes,
        updated_note: Note,
        #[serde(default, deserialize_with = "tolerant::time")]
        timestamp: i64,
        #[serde(default = "tolerant::nobody", deserialize_with = "tolerant::user")]
        from_user_id: UserId,
    },
    NoteCreatedSync {
        note_data: Note,
        #[serde(default, deserialize_with = "tolerant::time")]
        timestamp: i64,
        #[serde(default = "tolerant::nobody", deserialize_with = "tolerant::user")]
        from_user_id: UserId,
    },
    NoteDeletedSync {
        note_id: NoteId,
        #[serde(default, deserialize_with = "tolerant::time")]
        timestamp: i64,
        #[serde(default = "tolerant::nobody", deserialize_with = "tolerant::user")]
        from_user_id: UserId,
    },
    FolderCreatedSync {
        folder_id: FolderId,
        folder_data: FolderData,
        #[serde(default, deserialize_with = "tolerant::time")]
        timestamp: i64,
        #[serde(default = "tolerant::nobody", deserialize_with = "tolerant::user")]
        from_user_id: UserId,
    },
    FolderUpdatedSync {
        folder_id: FolderId,
        changes: FolderChanges,
        #[serde(default, deserialize_with = "tolerant::time")]
        timestamp: i64,
        #[serde(default = "tolerant::nobody", deserialize_with = "tolerant::user")]
        from_user_id: UserId,
    },
    FolderDeletedSync {
        folder_id: FolderId,
        #[serde(default, deserialize_with = "tolerant::time")]
        timestamp: i64,
        #[serde(default = "tolerant::nobody", deserialize_with = "tolerant::user")]
        from_user_id: UserId,
    },
    Pong {
        #[serde(default, deserialize_with = "tolerant::time")]
        timestamp: i64,
    },
    Error(ErrorMessage),
}

/// The fields an update sets; an absent one stays as it is. In what a client sends, unknown fields are refused.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
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
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "tolerant::present")]
    pub folder_id: Option<Option<FolderId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
}

/// A note as level 1 sees it. Read as other servers may write it: only `id`, `title` and `content` must be there (in
/// `note_created_sync` only `id`), a field that is missing or `null` has its default, and times may be ISO 8601 texts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the protocol page describes every message and field")]
pub struct Note {
    pub id: NoteId,
    /// Empty when the server doesn't say.
    #[serde(default = "tolerant::nobody", deserialize_with = "tolerant::user")]
    pub user_id: UserId,
    pub folder_id: Option<FolderId>,
    // A missing text isn't an empty one: taken for empty it would delete what is there.
    #[serde(deserialize_with = "tolerant::null_as_default")]
    pub title: String,
    #[serde(deserialize_with = "tolerant::null_as_default")]
    pub content: String,
    #[serde(default, deserialize_with = "tolerant::null_as_default")]
    pub starred: bool,
    #[serde(default, deserialize_with = "tolerant::null_as_default")]
    pub archived: bool,
    #[serde(default, deserialize_with = "tolerant::null_as_default")]
    pub deleted: bool,
    #[serde(default, deserialize_with = "tolerant::null_as_default")]
    pub hidden: bool,
    #[serde(default, deserialize_with = "tolerant::null_as_default")]
    pub tags: Vec<String>,
    /// 0 when the server doesn't say.
    #[serde(default, deserialize_with = "tolerant::time")]
    pub created_at: i64,
    /// 0 when the server doesn't say.
    #[serde(default, deserialize_with = "tolerant::time")]
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
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "tolerant::optional_time")]
    pub created_at: Option<i64>,
}

/// A folder as level 1 sees it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the protocol page describes every message and field")]
pub struct FolderData {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<FolderId>,
    #[serde(default, deserialize_with = "tolerant::null_as_default")]
    pub name: String,
    #[serde(default)]
    pub color: Option<String>,
    #[serde(default)]
    pub parent_id: Option<FolderId>,
    #[serde(default, deserialize_with = "tolerant::null_as_default")]
    pub sort_order: i64,
}

/// The folder fields an update sets. In what a client sends, unknown fields are refused.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the protocol page describes every message and field")]
pub struct FolderChanges {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "tolerant::present")]
    pub color: Option<Option<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "tolerant::present")]
    pub parent_id: Option<Option<FolderId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort_order: Option<i64>,
}
