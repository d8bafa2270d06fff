//! Folders on a level-1 server: what its tree lacks goes out, one change at a time; what others change comes in. The
//! server tells no tree, so what it was told so far is kept while connected.

use stet_model::document::{Document, Folder, LibraryDocument};
use stet_model::id::DocKey;
use stet_sync::folders::{FolderRequest, difference, edits};

use crate::api::status::StatusError;
use crate::api::{ErrorCode, Event};
use crate::engine::documents::Task;
use crate::engine::{Engine, Now};

/// What is known of the folders on a level-1 server.
#[derive(Debug, Default)]
pub(in crate::engine) struct Level1Folders {
    /// The tree as it was told to the server; from *known* as long as nothing was.
    told: Option<Vec<Folder>>,
    /// On its way, with the folder as it was when it was sent.
    telling: Option<(FolderRequest, Option<Folder>)>,
    /// The server knows no folders.
    pub(in crate::engine) refused: bool,
}

impl Level1Folders {
    /// A new connection: what was on its way may be there or not, and said again it does no harm.
    pub(in crate::engine) fn begin(&mut self) {
        self.told = None;
        self.telling = None;
    }

    fn take_note(&mut self, request: &FolderRequest, folder: Option<Folder>) {
        let Some(told) = &mut self.told else { return };
        let place = told.iter().position(|folder| folder.id == request.id());
        match (request, place, folder) {
            (FolderRequest::Delete(id), ..) => {
                // With what is in it, as far as the server was told.
                let mut gone = vec![*id];
                while let Some(parent) = gone.pop() {
                    gone.extend(told.iter().filter(|folder| folder.parent == Some(parent)).map(|folder| folder.id));
                    told.retain(|folder| folder.id != parent);
                }
            }
            (_, Some(place), Some(folder)) => told[place] = folder,
            (_, None, Some(folder)) => told.push(folder),
            (.., None) => {}
        }
    }
}

impl Engine {
    /// Gives the machine the next change of the folder tree.
    pub(super) fn prepare_folder(&mut self, doc: DocKey, now: Now) {
        let (Some(live), folders) = (self.documents.get(doc), &mut self.level1_folders) else { return };
        let Document::Library(library) = &live.document else { return };
        if folders.refused || live.held.is_some() || !live.is_saved() || !live.is_unsent() {
            return self.nothing_to_send(doc, now);
        }
        let tree = library.folders();
        let told = folders.told.get_or_insert_with(|| library.folders_at(&live.known).unwrap_or_default());
        let next = difference(told, &tree).into_iter().find_map(without_shifts);
        match next {
            Some(request) => {
                folders.telling = Some((request.clone(), of(&request, &tree)));
                self.device.prepared_folder(doc, request, now.mono);
            }
            None => {
                let head = live.on_disk.clone();
                if let Some(live) = self.documents.get_mut(doc) {
                    live.known.merge(&head);
                }
                self.device.nothing_to_send(doc, now.mono);
                self.note_known(doc, 0, now);
            }
        }
    }

    /// The server has the change that was on its way.
    pub(in crate::engine) fn folder_told(&mut self, doc: DocKey, now: Now) {
        if let Some((request, folder)) = self.level1_folders.telling.take() {
            self.level1_folders.take_note(&request, folder);
        }
        self.offer(doc, now);
    }

    /// The server doesn't take folders: they stay here, and nothing waits for them.
    pub(in crate::engine) fn folders_refused(&mut self, message: &str) {
        self.level1_folders.refused = true;
        let message = format!("This server takes no folders; they stay on this device. It says: {message}");
        let error = StatusError { code: ErrorCode::Refused, message, note_id: None };
        self.report.failed(error.clone());
        self.emit(Event::Error(error));
    }

    /// Somebody else changed the tree.
    pub(in crate::engine) fn level1_folder(&mut self, request: FolderRequest, now: Now) {
        self.with(self.library_doc(), Task::Folder(request), now);
    }

    pub(in crate::engine) fn merge_folder(&mut self, doc: DocKey, request: &FolderRequest, now: Now) {
        let at = self.commit_time(now);
        let Some(live) = self.documents.get_mut(doc) else { return };
        let was_unsent = live.is_unsent();
        let Document::Library(library) = &mut live.document else { return };
        let told = self.level1_folders.told.take();
        self.level1_folders.told = Some(told.unwrap_or_else(|| library.folders_at(&live.known).unwrap_or_default()));
        if let Err(error) = take_in(library, request, at) {
            self.recorder.note(&format!("level 1: a folder was left as it is: {error}"), now);
        }
        let head = library.head();
        self.level1_folders.take_note(request, of(request, &library.folders()));
        if !was_unsent {
            // Nothing of ours was missing there, so what stands here now stands there too.
            live.known.merge(&head);
        }
        self.note_known(doc, 0, now);
        self.read_folders(true);
    }
}

/// The folder a request is about.
fn of(request: &FolderRequest, tree: &[Folder]) -> Option<Folder> {
    tree.iter().find(|folder| folder.id == request.id()).cloned()
}

/// All of a request, or as much as fits.
fn take_in(library: &mut LibraryDocument, request: &FolderRequest, at: i64) -> Result<(), String> {
    for edit in edits(request, &library.folders()) {
        library.edit(&edit, at).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// A folder's number changes when one before it comes or goes. That needs no words of its own: only a move does.
fn without_shifts(request: FolderRequest) -> Option<FolderRequest> {
    match request {
        FolderRequest::Update(id, mut changes) => {
            changes.sort_order = changes.sort_order.filter(|_| changes.parent_id.is_some());
            (changes != Default::default()).then_some(FolderRequest::Update(id, changes))
        }
        other => Some(other),
    }
}
