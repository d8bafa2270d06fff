//! The folder tree in the words of level 1: requests to edits, and the difference of two trees to requests. Both sides
//! need both: what one says is what the other takes in. Never notes.

use stet_model::document::{Folder, LibraryEdit};
use stet_model::id::FolderId;
use stet_protocol::message::level1::{FolderChanges, FolderData};

/// What level 1 can ask of the folder tree, and can be told of it.
#[derive(Clone, Debug, PartialEq)]
pub enum FolderRequest {
    /// Make a folder, or set all fields of a known one.
    Create(FolderId, FolderData),
    /// Set fields of a folder.
    Update(FolderId, FolderChanges),
    /// Remove a folder.
    Delete(FolderId),
}

impl FolderRequest {
    /// The folder it is about.
    pub const fn id(&self) -> FolderId {
        match self {
            Self::Create(id, _) | Self::Update(id, _) | Self::Delete(id) => *id,
        }
    }
}

/// The edits a request asks for. One that is so already needs none; an update of an unknown folder is one that the
/// library refuses.
pub fn edits(request: &FolderRequest, folders: &[Folder]) -> Vec<LibraryEdit> {
    let known = |id: FolderId| folders.iter().find(|folder| folder.id == id);
    match request {
        FolderRequest::Create(id, data) => match known(*id) {
            None => created(*id, data, folders),
            Some(folder) => changed(folder, &as_changes(data), folders),
        },
        FolderRequest::Update(id, changes) => match known(*id) {
            Some(folder) => changed(folder, changes, folders),
            None => vec![LibraryEdit::RenameFolder { id: *id, name: changes.name.clone().unwrap_or_default() }],
        },
        FolderRequest::Delete(id) => vec![LibraryEdit::DeleteFolder { id: *id }],
    }
}

/// From one tree to another: parents are made before and removed after what is in them.
pub fn difference(before: &[Folder], after: &[Folder]) -> Vec<FolderRequest> {
    let mut requests = Vec::new();
    for folder in after {
        match before.iter().find(|old| old.id == folder.id) {
            None => requests.push(FolderRequest::Create(folder.id, data(folder))),
            Some(old) => {
                let changes = changes(old, folder);
                if changes != FolderChanges::default() {
                    requests.push(FolderRequest::Update(folder.id, changes));
                }
            }
        }
    }
    let gone = before.iter().rev().filter(|old| !after.iter().any(|folder| folder.id == old.id));
    requests.extend(gone.map(|old| FolderRequest::Delete(old.id)));
    requests
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
