//! Commands: where each goes, and those that change a note's fields.

use stet_model::document::{Document, EditError, Edited, NoteDocument, NoteEdit};
use stet_model::id::{DocKey, NoteId};
use stet_store::{Cursor, Write};

use super::documents::Task;
use super::documents::after::{After, Fact};
use super::documents::live::Live;
use super::{Engine, Now};
use crate::api::command::{Created, Diagnostics, Done, Start};
use crate::api::note::{NoteChange, Settings, Sidebar};
use crate::api::{Command, ErrorCode};

/// Longest title a list can show; longer ones are cut where they are typed by programs, in characters.
const TITLE_CHARS: usize = 1_000;

impl Engine {
    pub(super) fn command(&mut self, call: u64, command: Command, now: Now) {
        match command {
            Command::GetStart(_) => {
                let start = self.start_value(now);
                self.reply(call, start);
            }
            Command::GetDiagnostics(_) => {
                let text = self.diagnostics(now);
                self.reply(call, Diagnostics { text });
            }
            Command::OpenNote(ref args) => self.with(self.doc(args.note_id), Task::Command(call, command), now),
            Command::EditNote(args) => self.edit_note(call, args, now),
            Command::PullNote(args) => self.pull_note(call, &args),
            Command::CloseNote(args) => self.close_sessions(call, &args.sessions),
            Command::CreateNote(args) => self.create_note(call, args, now),
            Command::ChangeNote(ref args) => self.with(self.doc(args.note_id), Task::Command(call, command), now),
            Command::TrashNote(ref args) => self.with(self.doc(args.note_id), Task::Command(call, command), now),
            Command::RestoreNote(ref args) => self.with(self.doc(args.note_id), Task::Command(call, command), now),
            Command::GetMerged(ref args) => self.with(self.doc(args.note_id), Task::Command(call, command), now),
            Command::SettleMerged(ref args) => self.with(self.doc(args.note_id), Task::Command(call, command), now),
            Command::UndoSettle(ref args) => self.with(self.doc(args.note_id), Task::Command(call, command), now),
            Command::PurgeNote(ref args) => self.with(self.doc(args.note_id), Task::Command(call, command), now),
            Command::RestoreAsNew(ref args) => self.with(self.doc(args.note_id), Task::Command(call, command), now),
            Command::DiscardNote(args) => self.discard_note(call, self.doc(args.note_id)),
            Command::RetryNote(args) => self.retry_note(call, self.doc(args.note_id), now),
            Command::CreateFolder(_) | Command::RenameFolder(_) | Command::MoveFolder(_) | Command::DeleteFolder(_) => {
                self.with(self.library_doc(), Task::Command(call, command), now)
            }
            Command::UpdateSettings(args) => self.update_settings(call, args.settings, now),
            Command::JoinNote(args) => {
                self.device.join(self.space, args.note_id, now.mono);
                self.reply(call, Done {});
            }
            Command::LeaveNote(args) => {
                self.device.leave(self.space, args.note_id, now.mono);
                self.reply(call, Done {});
            }
            Command::Reconnect(_) | Command::SyncNow(_) => self.sync_now(call, now),
            Command::ClearError(_) => {
                self.clear_error();
                self.reply(call, Done {});
            }
            Command::Pause(args) => {
                self.device.pause(args.paused, now.mono);
                self.reply(call, Done {});
            }
            Command::RecordDetails(args) => {
                self.recorder.record(args.on, now);
                self.reply(call, Done {});
            }
            Command::Decide(args) => self.decide(call, &args),
            Command::SetFocus(args) => {
                self.notices.look_at(args.note_id);
                self.reply(call, Done {});
            }
            // Lists and versions are read beside the engine, by the client.
            Command::ListNotes(_)
            | Command::GetSidebar(_)
            | Command::GetNote(_)
            | Command::ListUnsent(_)
            | Command::GetText(_)
            | Command::EmptyTrash(_)
            | Command::ListHistory(_)
            | Command::GetVersion(_)
            | Command::RestoreVersion(_) => {
                self.refuse(call, ErrorCode::Internal, "Lists and versions aren't the engine's to read.");
            }
        }
    }

    /// A command about a document that is in memory now.
    pub(super) fn command_on(&mut self, doc: DocKey, call: u64, command: Command, now: Now) {
        if let (Command::RestoreAsNew(_), Some(new)) = (&command, self.ledger.restored.get(&doc)) {
            return self.reply(call, Created { note_id: *new });
        }
        if self.documents.get(doc).is_some_and(|live| live.purge_asked) {
            return self.refuse(call, ErrorCode::NotFound, "This note is being removed for good.");
        }
        let edits = match command {
            Command::OpenNote(_) => return self.open_note(doc, call),
            Command::PurgeNote(_) => return self.purge_note(doc, call, now),
            Command::RestoreAsNew(_) => return self.restore_as_new(doc, call, now),
            Command::GetMerged(_) => return self.get_merged(doc, call),
            Command::SettleMerged(args) => return self.settle_merged(doc, call, args, now),
            Command::UndoSettle(_) => return self.undo_settle(doc, call, now),
            Command::CreateFolder(_) | Command::RenameFolder(_) | Command::MoveFolder(_) | Command::DeleteFolder(_) => {
                return self.change_folders(doc, call, command, now);
            }
            Command::TrashNote(_) => NoteEdit::Trash,
            Command::RestoreNote(_) => NoteEdit::Restore,
            Command::ChangeNote(args) => match args.change {
                NoteChange::Title { text } => NoteEdit::SetTitle(text.chars().take(TITLE_CHARS).collect()),
                NoteChange::Starred { value } => NoteEdit::Starred(value),
                NoteChange::Pinned { value } => NoteEdit::Pinned(value),
                NoteChange::Archived { value } => NoteEdit::Archived(value),
                NoteChange::Folder { folder_id } => NoteEdit::Folder(folder_id),
                NoteChange::AddTag { tag } => NoteEdit::AddTag(tag),
                NoteChange::RemoveTag { tag } => NoteEdit::RemoveTag(tag),
            },
            other => return self.refuse(call, ErrorCode::Internal, format!("{} has no document.", other.name())),
        };
        match self.edit_document(doc, &[edits], now) {
            Ok(()) => {
                self.save(doc, now);
                self.row_changed(doc);
                self.reply_written(doc, call, Done {});
            }
            Err(message) => self.refuse(call, ErrorCode::Invalid, message),
        }
    }

    /// Applies edits to a note in memory, all or none, and tells its editors.
    pub(super) fn edit_document(&mut self, doc: DocKey, edits: &[NoteEdit], now: Now) -> Result<(), String> {
        for edited in self.make_edits(doc, edits, now)? {
            self.tell_editors(doc, None, &edited.title, &edited.body);
        }
        Ok(())
    }

    /// Makes edits in a note in memory, all or none.
    pub(super) fn make_edits(&mut self, doc: DocKey, edits: &[NoteEdit], now: Now) -> Result<Vec<Edited>, String> {
        self.make_in(doc, now, |note, at| note.edit_all(edits, at))
    }

    /// Changes a note in memory, and has it say which device its author is.
    pub(super) fn make_in(
        &mut self,
        doc: DocKey,
        now: Now,
        change: impl FnOnce(&mut NoteDocument, i64) -> Result<Vec<Edited>, EditError>,
    ) -> Result<Vec<Edited>, String> {
        let at = self.commit_time(now);
        let device_id = self.setup.device_id;
        let Some(live) = self.documents.get_mut(doc) else {
            return Err("This note isn't here.".to_owned());
        };
        live.used_at = now.mono;
        live.local_at = at;
        live.moved_at = Some(at);
        let Document::Note(note) = &mut live.document else {
            return Err("This isn't a note.".to_owned());
        };
        let made = change(note, at).map_err(|error| error.to_string())?;
        if !live.signed && made.iter().any(|edited| edited.changed) {
            note.edit(&NoteEdit::Device(device_id), at).map_err(|error| error.to_string())?;
            live.signed = true;
        }
        Ok(made)
    }

    fn create_note(&mut self, call: u64, args: crate::api::command::CreateNote, now: Now) {
        let bytes = stet_model::note::note_bytes(&args.title, &args.body);
        if bytes > self.note_bytes {
            return self.refuse_size(call, &args.title, bytes);
        }
        let wall = self.commit_time(now).max(0);
        let mut edits = vec![NoteEdit::CreatedAt(wall)];
        edits.extend(args.folder_id.map(|folder| NoteEdit::Folder(Some(folder))));
        if !args.title.is_empty() {
            edits.push(NoteEdit::SetTitle(args.title));
        }
        if !args.body.is_empty() {
            edits.push(NoteEdit::SetBody(args.body));
        }
        match self.make_note(&edits, now) {
            Ok(doc) => self.reply_written(doc, call, Created { note_id: doc.note }),
            Err(message) => self.refuse(call, ErrorCode::Invalid, message),
        }
    }

    /// Makes a new note by these edits, and has it written.
    pub(super) fn make_note(&mut self, edits: &[NoteEdit], now: Now) -> Result<DocKey, String> {
        let wall = self.commit_time(now).max(0);
        let note = NoteId::from_time(wall as u64, self.fresh_id_bytes());
        let doc = self.doc(note);
        self.documents.insert(doc, Live::new(Document::Note(NoteDocument::new(self.peer)), now.mono));
        if let Err(message) = self.edit_document(doc, edits, now) {
            self.documents.remove(doc);
            return Err(message);
        }
        self.save(doc, now);
        self.row_changed(doc);
        Ok(doc)
    }

    fn purge_note(&mut self, doc: DocKey, call: u64, now: Now) {
        let Some(live) = self.documents.get_mut(doc) else {
            return;
        };
        if !live.is_trashed() {
            // Somebody may have taken it out while it was being asked about.
            let message = "This note isn't in the trash any more, so it isn't removed for good.";
            return self.refuse(call, ErrorCode::Invalid, message);
        }
        let is_new = live.last_seq == 0 && live.known.is_empty();
        let may_be_sent = live.may_be_sent && self.binding.is_some();
        // Other devices make the welcome note too: they have to hear that it is gone.
        // Level 1 can't say "for good": there the note stays in the trash of others.
        let level1 = self.binding.as_ref().is_some_and(|binding| binding.store_id.is_none());
        let only_here = level1 || (is_new && !may_be_sent && !Self::is_welcome(doc.note));
        self.release(doc);
        self.device.drop_document(doc);
        self.end_sessions_of(doc);
        if only_here {
            self.remove_for_good(doc, 0, None);
        } else {
            if let Some(live) = self.documents.get_mut(doc) {
                live.purge_asked = true;
            }
            self.ledger.unsent.remove(&doc);
            let seen = self.seen(doc);
            self.ask_purge(doc, seen, now);
            self.tell_store(Fact::PurgeAsked(doc));
        }
        self.report.forget_note(doc.note);
        self.reply_written(doc, call, Done {});
    }

    /// A note goes, on the disk and in memory; its tombstone stays.
    pub(super) fn remove_for_good(&mut self, doc: DocKey, seq: u64, cursor: Option<Cursor>) {
        self.write(Write::Purged { doc, seq, cursor }, After::Fact(Fact::Gone(doc)));
        self.forget(doc);
    }

    /// Nothing of this document is needed any more.
    pub(super) fn forget(&mut self, doc: DocKey) {
        self.documents.remove(doc);
        self.writing.forget(doc);
        self.renew_peer();
        self.ledger.unsaved.remove(&doc);
        self.ledger.unsent.remove(&doc);
        self.forget_away(doc);
        self.index.remove(doc);
        self.ledger.apart.remove(&doc);
        self.forget_purge(doc);
        self.ledger.held.remove(&doc);
        self.ledger.restored.remove(&doc);
        self.report.forget_note(doc.note);
        self.report.lists_changed();
        self.report.sidebar_changed();
    }

    fn sync_now(&mut self, call: u64, now: Now) {
        if self.server_url().is_none() {
            return self.refuse(call, ErrorCode::Offline, "No server is set: notes are kept on this device only.");
        }
        if self.device.is_paused() {
            self.device.pause(false, now.mono);
        }
        // What was refused may be taken now: a click is a new try for everything.
        for doc in self.ledger.held.keys().copied().collect::<Vec<_>>() {
            self.try_again(doc, now);
        }
        if std::mem::take(&mut self.level1_folders.refused) {
            self.offer(self.library_doc(), now);
        }
        self.device.connect(now.mono);
        self.device.sync_now(self.space, now.mono);
        self.reply(call, Done {});
    }

    fn update_settings(&mut self, call: u64, mut settings: Settings, now: Now) {
        if let Some(url) = settings.server_url.as_deref().filter(|url| !url.is_empty()) {
            match crate::config::socket_url(url) {
                Ok(url) => settings.server_url = Some(url),
                Err(error) => return self.refuse(call, ErrorCode::Invalid, error.to_string()),
            }
        }
        let before = self.server_url().map(ToOwned::to_owned);
        self.device.set_backoff(super::binding::backoff(&settings));
        self.settings = settings.clone();
        self.tell_store(Fact::Settings);
        if self.server_url() != before.as_deref() {
            self.device.disconnect();
            self.report.turn_to_another_server();
            self.log_is_followed();
            if self.server_url().is_some() {
                self.device.connect(now.mono);
            }
            self.report.everything_changed();
        }
        self.reply_written(self.library_doc(), call, settings);
    }

    fn start_value(&mut self, now: Now) -> Start {
        Start {
            status: self.status(now),
            settings: self.settings.clone(),
            sidebar: Sidebar::default(),
            device_id: self.setup.device_id,
            device_name: self.setup.device_name.clone(),
            version: self.setup.app_version.clone(),
            debug: cfg!(debug_assertions),
        }
    }
}
