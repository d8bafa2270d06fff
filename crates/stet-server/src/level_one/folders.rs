//! The folder tree as level 1 sees and changes it. Never notes.

use stet_model::document::{EditError, Folder, LibraryDocument};
use stet_model::id::PeerId;
use stet_protocol::message::ErrorCode;
use stet_protocol::message::level1::ServerMessage;
use stet_sync::folders::{FolderRequest, difference, edits};
use stet_sync::server::Refusal;

use super::show::Event;
use super::{FRESH_PEERS, NoteKey, Shown, Worked, blobs, exported, unread, unreadable};
use crate::database::Read;

pub(super) fn ask(
    key: &NoteKey,
    request: &FolderRequest,
    fresh: [PeerId; FRESH_PEERS],
    (database, now): (&dyn Read, i64),
) -> Result<Worked, Refusal> {
    let stored = database.document(key.access(), key.note_id).map_err(|error| unread(key.note_id, &error))?;
    let (mut library, after) = match &stored {
        Some(stored) => {
            let library = LibraryDocument::load(&blobs(stored), fresh[0]);
            (library.map_err(|error| unreadable(key.note_id, &error))?, stored.seq)
        }
        None => (LibraryDocument::new(fresh[0]), 0),
    };
    let (head, folders) = (library.head(), library.folders());
    for edit in edits(request, &folders) {
        library.edit(&edit, now).map_err(|error| refusal(&error))?;
    }
    let tell = told(
        &folders,
        &library.folders(),
        &Event { from: 0, author: key.user_id.clone(), timestamp: now, first: false },
    );
    let changed = !head.includes(&library.head());
    let change = changed.then(|| exported(key.note_id, library.export(&head))).transpose()?;
    Ok(Worked { row: change.map(|change| (after, change)), tell, ..Worked::default() })
}

fn refusal(error: &EditError) -> Refusal {
    let code = match error {
        EditError::NoFolder { .. } => ErrorCode::NotFound,
        EditError::FolderExists { .. } | EditError::FolderInItself { .. } => ErrorCode::Malformed,
        _ => ErrorCode::Internal,
    };
    Refusal::new(code).because(error.to_string())
}

/// What level 1 is told of rows of the library.
pub(super) fn show(
    key: &NoteKey,
    event: &Event,
    fresh: [PeerId; FRESH_PEERS],
    database: &dyn Read,
) -> Result<Shown, String> {
    let stored = database.document(key.access(), key.note_id).map_err(|error| error.to_string())?;
    let Some(stored) = stored else { return Ok(Shown::default()) };
    let mut earlier = stored.clone();
    earlier.rows.retain(|row| row.seq < event.from);
    let folders = |blobs: &[&[u8]]| match blobs {
        [] => Ok(Vec::new()),
        _ => LibraryDocument::load(blobs, fresh[0]).map(|library| library.folders()).map_err(|error| error.to_string()),
    };
    let tell = told(&folders(&blobs(&earlier))?, &folders(&blobs(&stored))?, event);
    Ok(Shown { tell, seen: Vec::new() })
}

/// What the others are told of the way from one tree to another.
fn told(before: &[Folder], after: &[Folder], event: &Event) -> Vec<ServerMessage> {
    let timestamp = event.timestamp;
    let message = |request| {
        let from_user_id = event.author.clone();
        match request {
            FolderRequest::Create(folder_id, folder_data) => {
                ServerMessage::FolderCreatedSync { folder_id, folder_data, timestamp, from_user_id }
            }
            FolderRequest::Update(folder_id, changes) => {
                ServerMessage::FolderUpdatedSync { folder_id, changes, timestamp, from_user_id }
            }
            FolderRequest::Delete(folder_id) => ServerMessage::FolderDeletedSync { folder_id, timestamp, from_user_id },
        }
    };
    difference(before, after).into_iter().map(message).collect()
}
