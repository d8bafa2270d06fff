//! The names of the messages, and what decoding does with a message besides reading its fields. Never a field's meaning.

use std::borrow::Cow;

use super::{level1, level2};
use crate::codec::{FieldError, Fields, Form, Message, Tree, field, field_mut};

/// Gives a set of messages its list of types and each message its own.
macro_rules! kinds {
    ($message:ty, $level:literal, { $($variant:ident => $kind:literal),+ $(,)? }) => {
        impl Message for $message {
            const LEVEL: u32 = $level;
            const TYPES: &'static [&'static str] = &[$($kind),+];

            fn kind(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $kind,)+
                }
            }
        }
    };
}

kinds!(level1::ClientMessage, 1, {
    Auth => "auth",
    JoinNote => "join_note",
    LeaveNote => "leave_note",
    NoteUpdate => "note_update",
    NoteCreated => "note_created",
    NoteDeleted => "note_deleted",
    FolderCreated => "folder_created",
    FolderUpdated => "folder_updated",
    FolderDeleted => "folder_deleted",
    Ping => "ping",
});

kinds!(level1::ServerMessage, 1, {
    ConnectionEstablished => "connection_established",
    AuthSuccess => "auth_success",
    AuthFailed => "auth_failed",
    NoteJoined => "note_joined",
    NoteLeft => "note_left",
    NoteUpdateSuccess => "note_update_success",
    NoteSync => "note_sync",
    NoteCreatedSync => "note_created_sync",
    NoteDeletedSync => "note_deleted_sync",
    FolderCreatedSync => "folder_created_sync",
    FolderUpdatedSync => "folder_updated_sync",
    FolderDeletedSync => "folder_deleted_sync",
    Pong => "pong",
    Error => "error",
});

kinds!(level2::ClientMessage, 2, {
    Auth => "auth",
    Sync => "sync",
    NoteUpdate => "note_update",
    NotePurge => "note_purge",
    Received => "received",
    JoinNote => "join_note",
    LeaveNote => "leave_note",
    Presence => "presence",
    Ping => "ping",
    Many => "many",
});

kinds!(level2::ServerMessage, 2, {
    ConnectionEstablished => "connection_established",
    AuthSuccess => "auth_success",
    AuthFailed => "auth_failed",
    SyncBatch => "sync_batch",
    SyncComplete => "sync_complete",
    NoteUpdateSuccess => "note_update_success",
    NoteSync => "note_sync",
    NotePurgeSync => "note_purge_sync",
    Receipts => "receipts",
    NoteJoined => "note_joined",
    NoteLeft => "note_left",
    PresenceSync => "presence_sync",
    Pong => "pong",
    Behind => "behind",
    Draining => "draining",
    Error => "error",
    Many => "many",
});

impl Form for level1::ClientMessage {
    fn check(&self) -> Result<(), FieldError> {
        match self {
            Self::NoteCreated { note_id, note_data } => one_id(*note_id, note_data.id, "noteId"),
            Self::FolderCreated { folder_id, folder_data } => one_id(*folder_id, folder_data.id, "folderId"),
            _ => Ok(()),
        }
    }
}

/// The id may stand in either place, or in both if it is the same.
fn one_id<I: PartialEq>(outside: Option<I>, inside: Option<I>, field: &'static str) -> Result<(), FieldError> {
    match (outside, inside) {
        (None, None) => Err(FieldError::Missing(field)),
        (Some(outside), Some(inside)) if outside != inside => {
            Err(FieldError::Mistyped(format!("`{field}` names another one than the id inside")))
        }
        _ => Ok(()),
    }
}

impl Form for level1::ServerMessage {
    fn settle(kind: &str, fields: &mut Fields<'_>) {
        match kind {
            "auth_success" => settle_level(fields),
            // The page this level comes from shows a new note without its text: there it has none yet.
            "note_created_sync" => {
                if let Some(Tree::Map(note)) = field_mut(fields, "noteData") {
                    fill(note, "title", || Tree::Text(Cow::Borrowed("")));
                    fill(note, "content", || Tree::Text(Cow::Borrowed("")));
                }
            }
            "folder_created_sync" => {
                let id = match field(fields, "folderData") {
                    Some(Tree::Map(folder)) => field(folder, "id"),
                    _ => None,
                };
                if let Some(Tree::Text(id)) = id {
                    let id = id.clone();
                    fill(fields, "folderId", || Tree::Text(id));
                }
            }
            _ => {}
        }
    }
}

fn fill<'de>(fields: &mut Fields<'de>, name: &'static str, value: impl FnOnce() -> Tree<'de>) {
    if field(fields, name).is_none() {
        fields.retain(|(key, _)| key != name);
        fields.push((Cow::Borrowed(name), value()));
    }
}

impl Form for level2::ClientMessage {}

impl Form for level2::ServerMessage {
    fn settle(kind: &str, fields: &mut Fields<'_>) {
        if kind == "auth_success" {
            settle_level(fields);
        }
    }
}

/// Without `protocol` the answer is a level-1 server's, and whatever else it says isn't the agreement.
fn settle_level(fields: &mut Fields<'_>) {
    if field(fields, "protocol").is_none_or(|level| matches!(level, Tree::Unsigned(1))) {
        fields.retain(|(name, _)| matches!(name.as_ref(), "type" | "message" | "userId"));
    }
}
