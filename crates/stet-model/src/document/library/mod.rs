//! A space's folders as a document: a movable tree whose nodes carry the folders' ids. Never here: notes; a note says
//! itself which folder it is in.

mod folders;

use loro::{LoroDoc, LoroError, LoroTree, TreeID, TreeParentId};

pub use folders::Folder;
use folders::Nodes;

use super::error::{DocumentError, EditError};
use super::note::Import;
use super::replica::{self, Replica};
use super::version::Version;
use crate::id::FolderId;
use crate::text::one_line;

const FOLDERS: &str = "folders";
const ID: &str = "id";
const NAME: &str = "name";
const COLOR: &str = "color";

/// A space's folders: names, colours, order, what is in what.
#[derive(Debug)]
pub struct LibraryDocument {
    pub(super) replica: Replica,
}

/// One edit of the folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LibraryEdit {
    /// A new folder, last in its parent.
    CreateFolder {
        /// Its id, made by the caller.
        id: FolderId,
        /// What people call it; line breaks become spaces.
        name: String,
        /// The folder it goes into.
        parent: Option<FolderId>,
        /// A CSS colour.
        color: Option<String>,
    },
    /// Another name.
    RenameFolder {
        /// Which folder.
        id: FolderId,
        /// Line breaks become spaces.
        name: String,
    },
    /// To another place.
    MoveFolder {
        /// Which folder.
        id: FolderId,
        /// The folder it goes into.
        parent: Option<FolderId>,
        /// The folder of that parent it goes before; `None`, or one that isn't there: to the end.
        before: Option<FolderId>,
    },
    /// Another colour.
    RecolorFolder {
        /// Which folder.
        id: FolderId,
        /// A CSS colour, or none.
        color: Option<String>,
    },
    /// Away, with the folders seen in it. Notes in them aren't touched; a folder put into it meanwhile on another
    /// device stays, at the top.
    DeleteFolder {
        /// Which folder.
        id: FolderId,
    },
}

impl LibraryDocument {
    /// Takes in blobs of operations, in any order; what is known already does nothing.
    ///
    /// # Errors
    /// [`DocumentError`] when a blob can't be read or the library refuses: the document is as it was.
    pub fn import(&mut self, parts: &[&[u8]]) -> Result<Import, DocumentError> {
        let checked = replica::check(parts)?;
        let brought = checked.end()?;
        let landed = self.replica.import(checked)?;
        let fields = landed.received.others;
        Ok(Import { pending: landed.pending, brought, changed: landed.changed, fields, ..Import::default() })
    }

    /// Makes one edit and commits it at this time, epoch milliseconds. Says whether anything was written.
    ///
    /// # Errors
    /// [`EditError`] when the edit doesn't fit: nothing of it was made.
    pub fn edit(&mut self, edit: &LibraryEdit, at: i64) -> Result<bool, EditError> {
        self.replica.write(at, |doc| make(doc, edit))
    }

    /// The folders as they stood when exactly this version was held.
    ///
    /// # Errors
    /// [`DocumentError::UnknownPoint`] when the document lacks some of it.
    pub fn folders_at(&self, version: &Version) -> Result<Vec<Folder>, DocumentError> {
        if version.is_empty() {
            return Ok(Vec::new());
        }
        let point = self.replica.point_of(version)?;
        Ok(Self::load(&[&self.replica.export_at(&point)?], self.replica.peer())?.folders())
    }

    /// The folders in display order, parents first.
    pub fn folders(&self) -> Vec<Folder> {
        self.replica.read(|doc| Nodes::read(&tree(doc)).folders()).unwrap_or_default()
    }
}

fn tree(doc: &LoroDoc) -> LoroTree {
    doc.get_tree(FOLDERS)
}

fn make(doc: &LoroDoc, edit: &LibraryEdit) -> Result<bool, EditError> {
    let tree = tree(doc);
    let nodes = Nodes::read(&tree);
    match edit {
        LibraryEdit::CreateFolder { id, name, parent, color } => {
            let node = create(&tree, &nodes, *id, *parent)?;
            put(&tree, node, NAME, Some(&one_line(name)))?;
            put(&tree, node, COLOR, color.as_deref())?;
            Ok(true)
        }
        LibraryEdit::RenameFolder { id, name } => put(&tree, nodes.of(*id)?, NAME, Some(&one_line(name))),
        LibraryEdit::RecolorFolder { id, color } => put(&tree, nodes.of(*id)?, COLOR, color.as_deref()),
        LibraryEdit::MoveFolder { id, parent, before } => relocate(&tree, &nodes, *id, *parent, *before),
        LibraryEdit::DeleteFolder { id } => {
            nodes.of(*id)?;
            for node in nodes.within(*id) {
                tree.delete(node).map_err(refused)?;
            }
            Ok(true)
        }
    }
}

fn create(tree: &LoroTree, nodes: &Nodes, id: FolderId, parent: Option<FolderId>) -> Result<TreeID, EditError> {
    if nodes.of(id).is_ok() {
        return Err(EditError::FolderExists { folder: id });
    }
    let node = tree.create(place(nodes, parent)?).map_err(refused)?;
    put(tree, node, ID, Some(&id.to_string()))?;
    Ok(node)
}

fn place(nodes: &Nodes, parent: Option<FolderId>) -> Result<TreeParentId, EditError> {
    Ok(parent.map(|parent| nodes.of(parent)).transpose()?.map_or(TreeParentId::Root, TreeParentId::Node))
}

fn relocate(
    tree: &LoroTree,
    nodes: &Nodes,
    id: FolderId,
    parent: Option<FolderId>,
    before: Option<FolderId>,
) -> Result<bool, EditError> {
    let node = nodes.of(id)?;
    let to = place(nodes, parent)?;
    if parent.is_some_and(|parent| nodes.is_inside(parent, id)) {
        return Err(EditError::FolderInItself { folder: id });
    }
    let before = before.filter(|before| *before != id).and_then(|before| nodes.of(before).ok());
    let siblings = tree.children(to).unwrap_or_default();
    let now = siblings.iter().position(|sibling| *sibling == node);
    match before.filter(|before| siblings.contains(before)) {
        Some(before) => {
            let next = now.and_then(|now| siblings.get(now + 1));
            if next == Some(&before) {
                return Ok(false);
            }
            tree.mov_before(node, before).map_err(refused)?;
        }
        None if now.is_some_and(|now| now + 1 == siblings.len()) => return Ok(false),
        None => tree.mov(node, to).map_err(refused)?,
    }
    Ok(true)
}

fn put(tree: &LoroTree, node: TreeID, key: &str, new: Option<&str>) -> Result<bool, EditError> {
    let meta = tree.get_meta(node).map_err(refused)?;
    if folders::text(&meta, key).as_deref() == new {
        return Ok(false);
    }
    match new {
        Some(new) => meta.insert(key, new).map_err(refused)?,
        None => meta.delete(key).map_err(refused)?,
    }
    Ok(true)
}

fn refused(error: LoroError) -> EditError {
    DocumentError::Stopped { reason: error.to_string() }.into()
}
