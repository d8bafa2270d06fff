//! Folders: the library document and the rows lists read.

use stet_model::document::{Document, LibraryEdit};
use stet_model::id::{DocKey, FolderId};
use stet_model::note::library_digest;
use stet_store::{FolderFields, Write};

use super::documents::after::{After, Fact};
use super::{Engine, Now};
use crate::api::command::{CreatedFolder, Done};
use crate::api::{Answer, Command, ErrorCode};

/// Longest folder name, characters.
const NAME_CHARS: usize = 200;

impl Engine {
    pub(super) fn change_folders(&mut self, doc: DocKey, call: u64, command: Command, now: Now) {
        let (edits, answer) = match self.folder_edits(command, now) {
            Ok(planned) => planned,
            Err(message) => return self.refuse(call, ErrorCode::Invalid, message),
        };
        let at = self.commit_time(now);
        let Some(live) = self.documents.get_mut(doc) else {
            return;
        };
        let Document::Library(library) = &mut live.document else {
            return self.refuse(call, ErrorCode::Internal, "The library isn't a library.");
        };
        for edit in &edits {
            if let Err(error) = library.edit(edit, at) {
                return self.refuse(call, ErrorCode::Invalid, error.to_string());
            }
        }
        self.save(doc, now);
        self.read_folders(true);
        self.reply_written(doc, call, answer);
    }

    fn folder_edits(&mut self, command: Command, now: Now) -> Result<(Vec<LibraryEdit>, Answer), String> {
        match command {
            Command::CreateFolder(args) => {
                let wall = self.commit_time(now).max(0) as u64;
                let id = FolderId::from_time(wall, self.fresh_id_bytes());
                let edit = LibraryEdit::CreateFolder {
                    id,
                    name: folder_name(&args.name)?,
                    parent: args.parent_id,
                    color: None,
                };
                Ok((vec![edit], CreatedFolder { folder_id: id }.into()))
            }
            Command::RenameFolder(args) => {
                let edit = LibraryEdit::RenameFolder { id: args.folder_id, name: folder_name(&args.name)? };
                Ok((vec![edit], Done {}.into()))
            }
            Command::MoveFolder(args) => {
                let edit = LibraryEdit::MoveFolder { id: args.folder_id, parent: args.parent_id, before: None };
                Ok((vec![edit], Done {}.into()))
            }
            Command::DeleteFolder(args) => Ok((self.delete_folder(args.folder_id), Done {}.into())),
            other => Err(format!("{} is not about folders.", other.name())),
        }
    }

    /// The folders inside move up to where the deleted one was; its notes stay, under no folder.
    fn delete_folder(&self, id: FolderId) -> Vec<LibraryEdit> {
        let folders = self.library_folders();
        let parent = folders.iter().find(|folder| folder.id == id).and_then(|folder| folder.parent);
        let inside = folders.iter().filter(|folder| folder.parent == Some(id));
        let mut edits: Vec<_> =
            inside.map(|folder| LibraryEdit::MoveFolder { id: folder.id, parent, before: None }).collect();
        edits.push(LibraryEdit::DeleteFolder { id });
        edits
    }

    pub(super) fn library_folders(&self) -> Vec<stet_model::document::Folder> {
        match self.documents.get(self.library_doc()).map(|live| &live.document) {
            Some(Document::Library(library)) => library.folders(),
            _ => Vec::new(),
        }
    }

    /// Takes the folders from the library into memory and, when they changed, into the lists' rows.
    pub(super) fn read_folders(&mut self, changed: bool) {
        let folders = self.library_folders();
        self.folders = folders.iter().map(|folder| folder.id).collect();
        if !changed {
            return;
        }
        let content = library_digest(self.space, &folders);
        let rows = folders.into_iter().map(|folder| FolderFields {
            id: folder.id,
            name: folder.name,
            color: folder.color,
            parent: folder.parent,
            depth: folder.depth,
        });
        self.write(Write::Folders { space: self.space, folders: rows.collect(), content }, After::Fact(Fact::Folders));
        self.report.sidebar_changed();
        self.report.lists_changed();
    }
}

fn folder_name(name: &str) -> Result<String, String> {
    let name: String = stet_model::text::one_line(name.trim()).chars().take(NAME_CHARS).collect();
    if name.is_empty() { Err("A folder needs a name.".to_owned()) } else { Ok(name) }
}
