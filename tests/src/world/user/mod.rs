//! Users: what each action is on a device as it is at that moment, and what they learn from the answers. They see lists
//! and editors, nothing else.

mod interface;
mod kept;
mod marks;

use std::collections::BTreeSet;

use stet_client::api::Command;
use stet_client::api::command::{
    ChangeNote, CloseNote, CreateFolder, CreateNote, DeleteFolder, JoinNote, ListHistory, MoveFolder, OpenNote, Pause,
    PurgeNote, RenameFolder, RestoreNote, RestoreVersion, SyncNow, TrashNote,
};
use stet_client::api::note::NoteChange;
use stet_client::engine::Input;
use stet_client::history::{self, Shelf};
use stet_model::document::{NoteText, Version};
use stet_model::id::{FolderId, NoteId};
use stet_store::{FolderFields, ListQuery, ListRow, ListView};

use super::World;
use super::device::Device;
use super::editor::Field;
use super::plan::Action;
use super::random::Share;
use super::reference::{About, ActId, Key, Kind, Token, Touched};
pub use interface::Burst;

/// What was asked, to make sense of the answer.
#[derive(Clone, Debug)]
pub enum Asked {
    /// To open a note.
    Open(NoteId),
    /// To take what was typed.
    Edit { note: NoteId, field: Field, acts: Vec<ActId> },
    /// For missing revisions.
    Pull { note: NoteId, field: Field },
    /// To do these.
    Acts(Vec<ActId>),
    /// To do these, of which some may turn out to change nothing.
    Doubtful(Vec<ActId>),
    /// To make a folder of this name.
    MakeFolder(String),
    /// To take what the server has.
    TakeServers,
    /// Something whose answer says nothing.
    Nothing,
}

/// Notes a user keeps open.
pub const OPEN: usize = 3;
/// Tags there are.
const TAGS: [&str; 4] = ["garden", "Ärzte", "日本", "to read"];

impl World {
    /// A user does something, if there is something to do it to. Whose device doesn't run takes the next that does.
    pub(super) fn act(&mut self, device: usize, action: &Action) {
        let runs = |state: &Device| state.process.is_some() && self.queue.now() >= state.frozen_until;
        let next = (device..self.devices.len()).chain(0..device).find(|at| self.devices.get(*at).is_some_and(runs));
        let Some(device) = next else { return self.counts.skipped += 1 };
        let done = match action {
            Action::Create { folder, filed } => self.create(device, *folder, *filed),
            Action::Open { note } => self.open(device, *note),
            Action::Close { note } => self.close(device, *note),
            Action::Type { note, place, keys, title } => self.begin_burst(device, (*note, *place), *keys, *title),
            Action::Paste { note, place, kilobytes } => self.paste(device, (*note, *place), *kilobytes),
            Action::Erase { note, place, units, ragged } => self.erase(device, (*note, *place), *units, *ragged),
            Action::Rename { note } => self.rename(device, *note),
            Action::Star { note, on } => {
                self.set((device, *note), Key::Starred, NoteChange::Starred { value: *on }, on.to_string())
            }
            Action::Pin { note, on } => {
                self.set((device, *note), Key::Pinned, NoteChange::Pinned { value: *on }, on.to_string())
            }
            Action::Archive { note, on } => {
                self.set((device, *note), Key::Archived, NoteChange::Archived { value: *on }, on.to_string())
            }
            Action::File { note, folder, out } => self.file(device, *note, *folder, *out),
            Action::Tag { note, tag, on } => self.tag(device, *note, *tag, *on),
            Action::Trash { note } => self.trash(device, *note),
            Action::Restore { note } => self.restore(device, *note),
            Action::Purge { note, any } => self.purge(device, *note, *any),
            Action::Remove { note } => self.remove(device, *note),
            Action::EmptyTrash => self.empty_trash(device),
            Action::MakeFolder { .. }
            | Action::RenameFolder { .. }
            | Action::MoveFolder { .. }
            | Action::RemoveFolder { .. } => self.folders(device, action),
            Action::Join { note } => self.pick(device, *note, &ListView::All).map(|row| {
                self.ask(device, JoinNote { note_id: row.note }.into(), Asked::Nothing);
            }),
            Action::SyncNow => {
                self.ask(device, SyncNow {}.into(), Asked::Nothing);
                Some(())
            }
            Action::Pause { on } => {
                self.ask(device, Pause { paused: *on }.into(), Asked::Nothing);
                Some(())
            }
            Action::NetworkUp => {
                self.input(device, Input::NetworkUp);
                Some(())
            }
            Action::Look => self.look(device),
            Action::GoBack { note, version } => self.go_back(device, *note, *version),
            Action::Settle { note, choice } => self.settle(device, *note, *choice),
            Action::Unsettle => self.unsettle(device),
            Action::RestoreAsNew { note } => self.restore_as_new(device, *note),
            Action::Discard { note } => self.discard(device, *note),
            Action::Retry { note } => self.retry(device, *note),
        };
        match done {
            Some(()) => *self.counts.actions.entry(action.name()).or_default() += 1,
            None => self.counts.skipped += 1,
        }
    }

    /// The first page of a list.
    pub(super) fn rows(&self, device: usize, view: &ListView) -> Vec<ListRow> {
        let Some(process) = &self.devices[device].process else { return Vec::new() };
        let space = process.engine.space();
        let query = ListQuery { space, view: view.clone(), search: String::new(), after: None, limit: 50 };
        process.reader.list(&query).map(|page| page.rows).unwrap_or_default()
    }

    /// The folders in the sidebar.
    pub(super) fn folder_rows(&self, device: usize) -> Vec<FolderFields> {
        let Some(process) = &self.devices[device].process else { return Vec::new() };
        let sidebar = process.reader.sidebar(process.engine.space()).unwrap_or_default();
        sidebar.folders.into_iter().map(|(folder, _)| folder).collect()
    }

    fn pick(&self, device: usize, note: Share, view: &ListView) -> Option<ListRow> {
        let mut rows = self.rows(device, view);
        note.of(rows.len()).map(|index| rows.swap_remove(index))
    }

    fn pick_folder(&self, device: usize, folder: Share) -> Option<FolderId> {
        let folders = self.folder_rows(device);
        folder.of(folders.len()).map(|index| folders[index].id)
    }

    /// Notes down that a user asks for something about a note.
    fn about_note(&mut self, device: usize, note: NoteId, kind: Kind) -> ActId {
        let before = self.devices[device].version(note);
        self.reference.ask(device, About::Note(note), kind, before)
    }

    fn ask_one(&mut self, device: usize, note: NoteId, kind: Kind, command: Command) {
        let act = self.about_note(device, note, kind);
        self.ask(device, command, Asked::Acts(vec![act]));
    }

    fn create(&mut self, device: usize, folder: Share, filed: bool) -> Option<()> {
        let (title, body) = (self.piece(true), self.piece(false));
        let folder_id = if filed { self.pick_folder(device, folder) } else { None };
        let mut kinds = vec![Kind::Create];
        kinds.extend(folder_id.map(|folder| Kind::Set(Key::Folder, folder.to_string())));
        let command = CreateNote { folder_id, title: title.1.clone(), body: body.1.clone() };
        kinds.extend([title, body].map(|piece| Kind::Text(Touched { inserted: vec![piece], ..Touched::default() })));
        let nothing = Version::default;
        let acts = kinds.into_iter().map(|kind| self.reference.ask(device, About::Unknown, kind, nothing()));
        let acts = acts.collect();
        self.ask(device, command.into(), Asked::Acts(acts));
        Some(())
    }

    fn piece(&mut self, one_line: bool) -> (Token, String) {
        let chance = self.dice.below(1 << 20);
        self.reference.tokens.make(chance, one_line)
    }

    /// One that isn't open yet; where there is none, a new one is made.
    fn open(&mut self, device: usize, note: Share) -> Option<()> {
        let process = self.devices[device].process.as_ref()?;
        let open: BTreeSet<NoteId> = process.editors.keys().map(|(note, _)| *note).collect();
        let rows = self.rows(device, &ListView::All).into_iter().map(|row| row.note);
        let others: Vec<NoteId> = rows.filter(|note| !open.contains(note)).collect();
        let Some(index) = note.of(others.len()) else { return self.create(device, note, false) };
        if open.len() >= OPEN {
            self.close_note(device, *open.first()?);
        }
        let note_id = others[index];
        self.ask(device, OpenNote { note_id }.into(), Asked::Open(note_id));
        Some(())
    }

    fn close(&mut self, device: usize, note: Share) -> Option<()> {
        let note = self.pick_open(device, note)?;
        self.close_note(device, note);
        Some(())
    }

    /// What was typed goes out first, as when an interface leaves a note.
    fn close_note(&mut self, device: usize, note: NoteId) {
        self.flush(device, note, Field::Title);
        self.flush(device, note, Field::Body);
        let Some(process) = &mut self.devices[device].process else { return };
        let fields = [Field::Title, Field::Body];
        let closed = fields.into_iter().filter_map(|field| process.editors.remove(&(note, field)));
        let sessions = closed.map(|editor| editor.session).collect();
        self.ask(device, CloseNote { sessions }.into(), Asked::Nothing);
    }

    fn open_notes(&self, device: usize) -> Vec<NoteId> {
        let Some(process) = &self.devices[device].process else { return Vec::new() };
        process.editors.keys().filter(|(_, field)| *field == Field::Body).map(|(note, _)| *note).collect()
    }

    /// One of the notes that are open.
    fn pick_open(&self, device: usize, note: Share) -> Option<NoteId> {
        let open = self.open_notes(device);
        note.of(open.len()).map(|index| open[index])
    }

    fn rename(&mut self, device: usize, note: Share) -> Option<()> {
        let row = self.pick(device, note, &ListView::All)?;
        let piece = self.piece(true);
        // Only the difference is written, and what two devices write may mix: no piece of either is sure to be whole.
        let there = self.devices[device].titles(row.note).join("\n");
        let there = self.reference.tokens.find(&there).into_iter().map(|(token, _)| token);
        let (cut, text) = (there.chain([piece.0]).collect(), piece.1.clone());
        let kind = Kind::Text(Touched { inserted: vec![piece], cut, ..Touched::default() });
        let command = ChangeNote { note_id: row.note, change: NoteChange::Title { text } };
        self.ask_one(device, row.note, kind, command.into());
        Some(())
    }

    fn set(&mut self, (device, note): (usize, Share), key: Key, change: NoteChange, value: String) -> Option<()> {
        // Looked for where it would make a difference: an archived note isn't in the list of all.
        let view = if change == (NoteChange::Archived { value: false }) { ListView::Archived } else { ListView::All };
        let note_id = self.pick(device, note, &view)?.note;
        self.ask_one(device, note_id, Kind::Set(key, value), ChangeNote { note_id, change }.into());
        Some(())
    }

    fn file(&mut self, device: usize, note: Share, folder: Share, out: bool) -> Option<()> {
        let folder_id = if out { None } else { Some(self.pick_folder(device, folder)?) };
        let value = folder_id.map(|folder| folder.to_string()).unwrap_or_default();
        self.set((device, note), Key::Folder, NoteChange::Folder { folder_id }, value)
    }

    fn tag(&mut self, device: usize, note: Share, tag: Share, on: bool) -> Option<()> {
        let tag = TAGS[tag.of(TAGS.len())?].to_owned();
        let key = Key::Tag(tag.clone());
        let change = if on { NoteChange::AddTag { tag } } else { NoteChange::RemoveTag { tag } };
        self.set((device, note), key, change, on.to_string())
    }

    fn trash(&mut self, device: usize, note: Share) -> Option<()> {
        let note_id = self.pick(device, note, &ListView::All)?.note;
        self.ask_one(device, note_id, Kind::Set(Key::Trash, true.to_string()), TrashNote { note_id }.into());
        Some(())
    }

    fn restore(&mut self, device: usize, note: Share) -> Option<()> {
        let note_id = self.pick(device, note, &ListView::Trash)?.note;
        self.ask_one(device, note_id, Kind::Set(Key::Trash, false.to_string()), RestoreNote { note_id }.into());
        Some(())
    }

    /// From what the note says now to a version its history tells of.
    fn go_back(&mut self, device: usize, note: Share, version: Share) -> Option<()> {
        let note_id = self.pick(device, note, &ListView::All)?.note;
        let process = self.devices[device].process.as_ref()?;
        let (space, installation) = (process.engine.space(), process.engine.device_id());
        let shelf = Shelf { reader: &process.reader, space, device: installation };
        let versions = history::list(shelf, &ListHistory { note_id, after: None }).ok()?.versions;
        let id = versions[version.of(versions.len())?].id.clone();
        let seen = versions.iter().find(|version| version.current)?.id.clone();
        let restoring = history::restoring(shelf, &RestoreVersion { note_id, id, seen: Some(seen) }).ok()?;
        let (to, seen) = (&restoring.to, &restoring.seen.as_ref()?.text);
        let pieces = |text: &NoteText| self.reference.tokens.find(&format!("{}\n{}", text.title, text.body));
        let again = pieces(seen).into_iter().chain(pieces(to)).map(|(token, _)| token).collect();
        let mut kinds = vec![Kind::Text(Touched { again, ..Touched::default() })];
        for (on, tags, others) in [(true, &to.tags, &seen.tags), (false, &seen.tags, &to.tags)] {
            let tags = tags.iter().filter(|tag| !others.contains(tag));
            kinds.extend(tags.map(|tag| Kind::Set(Key::Tag(tag.clone()), on.to_string())));
        }
        let acts = kinds.into_iter().map(|kind| self.about_note(device, note_id, kind)).collect();
        self.ask_with(device, |call| Input::Restore { call, restoring }, Asked::Doubtful(acts));
        Some(())
    }

    fn purge(&mut self, device: usize, note: Share, any: bool) -> Option<()> {
        let view = if any { ListView::All } else { ListView::Trash };
        let note_id = self.pick(device, note, &view)?.note;
        self.purge_note(device, note_id);
        Some(())
    }

    /// An interface leaves a note before it is gone.
    fn purge_note(&mut self, device: usize, note_id: NoteId) {
        if self.open_notes(device).contains(&note_id) {
            self.close_note(device, note_id);
        }
        self.ask_one(device, note_id, Kind::Purge, PurgeNote { note_id }.into());
    }

    fn remove(&mut self, device: usize, note: Share) -> Option<()> {
        let note_id = self.pick(device, note, &ListView::All)?.note;
        self.ask_one(device, note_id, Kind::Set(Key::Trash, true.to_string()), TrashNote { note_id }.into());
        self.purge_note(device, note_id);
        Some(())
    }

    fn empty_trash(&mut self, device: usize) -> Option<()> {
        let trash = self.rows(device, &ListView::Trash);
        trash.first()?;
        for row in trash {
            self.purge_note(device, row.note);
        }
        Some(())
    }

    fn folders(&mut self, device: usize, action: &Action) -> Option<()> {
        match action {
            Action::MakeFolder { parent, inside } => {
                let parent_id = if *inside { self.pick_folder(device, *parent) } else { None };
                let name = format!("Folder {}", self.reference.count());
                let command = CreateFolder { name: name.clone(), parent_id };
                self.ask(device, command.into(), Asked::MakeFolder(name));
            }
            Action::RenameFolder { folder } => {
                let folder_id = self.pick_folder(device, *folder)?;
                let name = format!("Folder {}", self.reference.count());
                let kind = Kind::Set(Key::Name(folder_id), name.clone());
                self.ask_folders(device, vec![kind], RenameFolder { folder_id, name }.into());
            }
            Action::MoveFolder { folder, parent, top } => {
                let folder_id = self.pick_folder(device, *folder)?;
                let parent_id = if *top { None } else { self.pick_folder(device, *parent) };
                let kind = Kind::MoveFolder(folder_id);
                self.ask_folders(device, vec![kind], MoveFolder { folder_id, parent_id }.into());
            }
            Action::RemoveFolder { folder } => {
                let folder_id = self.pick_folder(device, *folder)?;
                let inside = self.folder_rows(device).into_iter().filter(|row| row.parent == Some(folder_id));
                let moved = inside.map(|row| Kind::MoveFolder(row.id));
                let kinds = moved.chain([Kind::RemoveFolder(folder_id)]).collect();
                self.ask_folders(device, kinds, DeleteFolder { folder_id }.into());
            }
            _ => return None,
        }
        Some(())
    }

    fn ask_folders(&mut self, device: usize, kinds: Vec<Kind>, command: Command) {
        let before = self.library_version(device).unwrap_or_default();
        let acts = kinds.into_iter().map(|kind| self.reference.ask(device, About::Library, kind, before.clone()));
        let acts = acts.collect();
        self.ask(device, command, Asked::Acts(acts));
    }

    fn library_version(&self, device: usize) -> Option<Version> {
        let engine = &self.devices[device].process.as_ref()?.engine;
        engine.version(engine.space().library())
    }

    fn look(&self, device: usize) -> Option<()> {
        let process = self.devices[device].process.as_ref()?;
        process.reader.sidebar(process.engine.space()).ok()?;
        self.rows(device, &ListView::Unsent);
        Some(())
    }
}
