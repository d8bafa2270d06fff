//! The folder tree as level 1 sees and changes it. Never notes.

use stet_model::document::{EditError, Folder, LibraryDocument, LibraryEdit, Version};
use stet_model::id::{FolderId, PeerId};
use stet_protocol::bytes::Bytes;
use stet_protocol::message::ErrorCode;
use stet_protocol::message::level1::{FolderChanges, FolderData, ServerMessage};
use stet_sync::server::{Change, FolderRequest, Refusal};

use super::show::Event;
use super::{FRESH_PEERS, NoteKey, Shown, Worked, blobs, unread, unreadable};
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
    let tell = difference(
        &folders,
        &library.folders(),
        &Event { from: 0, author: key.user_id.clone(), timestamp: now, first: false },
    );
    let row = (!head.includes(&library.head()))
        .then(|| (after, Change::Update(vec![Bytes(library.export(&Version::clone(&head)))])));
    Ok(Worked { row, tell, ..Worked::default() })
}

fn refusal(error: &EditError) -> Refusal {
    let code = match error {
        EditError::NoFolder { .. } => ErrorCode::NotFound,
        EditError::FolderExists { .. } | EditError::FolderInItself { .. } => ErrorCode::Malformed,
        _ => ErrorCode::Internal,
    };
    Refusal::new(code).because(error.to_string())
}

/// The edits a request asks for. One that is so already needs none.
fn edits(request: &FolderRequest, folders: &[Folder]) -> Vec<LibraryEdit> {
    let known = |id: FolderId| folders.iter().find(|folder| folder.id == id);
    match request {
        FolderRequest::Create(id, data) => match known(*id) {
            None => created(*id, data, folders),
            Some(folder) => changed(folder, &as_changes(data), folders),
        },
        FolderRequest::Update(id, changes) => match known(*id) {
            Some(folder) => changed(folder, changes, folders),
            // The library says that it isn't there.
            None => vec![LibraryEdit::RenameFolder { id: *id, name: changes.name.clone().unwrap_or_default() }],
        },
        FolderRequest::Delete(id) => vec![LibraryEdit::DeleteFolder { id: *id }],
    }
}

fn as_changes(data: &FolderData) -> FolderChanges {
    FolderChanges {
        name: Some(data.name.clone()),
        color: Some(data.color.clone()),
        parent_id: Some(data.parent_id),
        sort_order: Some(data.sort_order),
    }
}

fn created(id: FolderId, data: &FolderData, folders: &[Folder]) -> Vec<LibraryEdit> {
    let FolderData { name, color, parent_id: parent, sort_order, .. } = data.clone();
    let mut edits = vec![LibraryEdit::CreateFolder { id, name, parent, color }];
    if let Some(before) = at(folders, parent, id, sort_order) {
        edits.push(LibraryEdit::MoveFolder { id, parent, before: Some(before) });
    }
    edits
}

fn changed(folder: &Folder, changes: &FolderChanges, folders: &[Folder]) -> Vec<LibraryEdit> {
    let id = folder.id;
    let mut edits = Vec::new();
    if let Some(name) = changes.name.clone().filter(|name| *name != folder.name) {
        edits.push(LibraryEdit::RenameFolder { id, name });
    }
    if let Some(color) = changes.color.clone().filter(|color| *color != folder.color) {
        edits.push(LibraryEdit::RecolorFolder { id, color });
    }
    let parent = changes.parent_id.unwrap_or(folder.parent);
    let order = changes.sort_order.filter(|order| *order != i64::from(folder.sort_order));
    if parent != folder.parent || order.is_some() {
        let before = order.and_then(|order| at(folders, parent, id, order));
        edits.push(LibraryEdit::MoveFolder { id, parent, before });
    }
    edits
}

/// The folder that stands where a folder is to go; `None` is the end.
fn at(folders: &[Folder], parent: Option<FolderId>, moving: FolderId, order: i64) -> Option<FolderId> {
    let siblings = folders.iter().filter(|folder| folder.parent == parent && folder.id != moving);
    siblings.map(|folder| folder.id).nth(usize::try_from(order).unwrap_or(0))
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
    let tell = difference(&folders(&blobs(&earlier))?, &folders(&blobs(&stored))?, event);
    Ok(Shown { tell, seen: Vec::new() })
}

/// From one tree to another, as messages: parents are made before and removed after what is in them.
fn difference(before: &[Folder], after: &[Folder], event: &Event) -> Vec<ServerMessage> {
    let (timestamp, author) = (event.timestamp, &event.author);
    let mut tell = Vec::new();
    for folder in after {
        let (folder_id, from_user_id) = (folder.id, author.clone());
        match before.iter().find(|old| old.id == folder.id) {
            None => {
                let folder_data = data(folder);
                tell.push(ServerMessage::FolderCreatedSync { folder_id, folder_data, timestamp, from_user_id });
            }
            Some(old) => {
                let changes = changes(old, folder);
                if changes != FolderChanges::default() {
                    tell.push(ServerMessage::FolderUpdatedSync { folder_id, changes, timestamp, from_user_id });
                }
            }
        }
    }
    for old in before.iter().rev().filter(|old| !after.iter().any(|folder| folder.id == old.id)) {
        let (folder_id, from_user_id) = (old.id, author.clone());
        tell.push(ServerMessage::FolderDeletedSync { folder_id, timestamp, from_user_id });
    }
    tell
}

fn data(folder: &Folder) -> FolderData {
    FolderData {
        id: Some(folder.id),
        name: folder.name.clone(),
        color: folder.color.clone(),
        parent_id: folder.parent,
        sort_order: i64::from(folder.sort_order),
    }
}

fn changes(old: &Folder, new: &Folder) -> FolderChanges {
    FolderChanges {
        name: (old.name != new.name).then(|| new.name.clone()),
        color: (old.color != new.color).then(|| new.color.clone()),
        parent_id: (old.parent != new.parent).then_some(new.parent),
        sort_order: (old.sort_order != new.sort_order).then_some(i64::from(new.sort_order)),
    }
}
