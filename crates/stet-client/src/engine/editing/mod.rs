//! Opening notes and the editors' edits: one revision a keystroke, the document is the authority.

pub(in crate::engine) mod session;

use stet_model::document::{Document, NoteEdit};
use stet_model::id::DocKey;
use stet_model::text::{TextChange, normalise_line_ends, one_line};

use self::session::{Field, Session, Verdict};
use super::{Engine, Now};
use crate::api::ErrorCode;
use crate::api::Event;
use crate::api::command::{Done, EditAnswer, EditNote, PullNote, Pulled};
use crate::api::event::{NoteUpdates, RemoteChange};
use crate::api::note::{OpenedNote, OpenedText, TextUpdate};

impl Engine {
    pub(in crate::engine) fn open_note(&mut self, doc: DocKey, call: u64) {
        let Some(row) = self.note_row(doc) else {
            return self.refuse(call, ErrorCode::NotFound, "This note isn't here any more.");
        };
        let (Some(title), Some(body)) = (self.begin_session(doc, Field::Title), self.begin_session(doc, Field::Body))
        else {
            return self.refuse(call, ErrorCode::NotFound, "This isn't a note.");
        };
        let outlived = self.outlived(doc);
        self.reply(call, OpenedNote { row, title, body, outlived });
    }

    fn begin_session(&mut self, doc: DocKey, field: Field) -> Option<OpenedText> {
        let live = self.documents.get_mut(doc).filter(|live| !live.purge_asked)?;
        let Document::Note(note) = &live.document else {
            return None;
        };
        let text = match field {
            Field::Title => note.title(),
            Field::Body => note.body(),
        };
        live.editors += 1;
        self.next_session += 1;
        let name = session::name(doc.note, field, self.next_session);
        self.sessions.insert(name.clone(), Session::new(doc, field));
        Some(OpenedText { session: name, revision: 0, text })
    }

    /// Ends what a page had open and couldn't close itself.
    pub(in crate::engine) fn page_gone(&mut self, now: Now) {
        for session in std::mem::take(&mut self.sessions).into_values() {
            if let Some(live) = self.documents.get_mut(session.doc) {
                live.editors = live.editors.saturating_sub(1);
            }
        }
        for note in self.device.joined().collect::<Vec<_>>() {
            self.device.leave(self.space, note, now.mono);
        }
    }

    pub(in crate::engine) fn close_sessions(&mut self, call: u64, sessions: &[String]) {
        for name in sessions {
            if let Some(session) = self.sessions.remove(name)
                && let Some(live) = self.documents.get_mut(session.doc)
            {
                live.editors = live.editors.saturating_sub(1);
            }
        }
        self.reply(call, Done {});
    }

    /// Whether somebody has it open.
    pub(in crate::engine) fn is_open(&self, doc: DocKey) -> bool {
        self.sessions.values().any(|session| session.doc == doc)
    }

    /// A note is gone, and not by what was done in this window: whoever has it open hears of it.
    pub(in crate::engine) fn close_gone(&mut self, doc: DocKey) {
        if self.is_open(doc) {
            let (note_id, title) = (doc.note, self.title_of(doc));
            self.end_sessions_of(doc);
            let device = None;
            let change =
                RemoteChange { note_id, title, device, paragraph: None, at: 0, purged: true, catching_up: false };
            self.emit(Event::NoteDeleted(change));
        }
    }

    pub(in crate::engine) fn end_sessions_of(&mut self, doc: DocKey) {
        self.sessions.retain(|_, session| session.doc != doc);
        if let Some(live) = self.documents.get_mut(doc) {
            live.editors = 0;
        }
    }

    pub(in crate::engine) fn pull_note(&mut self, call: u64, args: &PullNote) {
        match self.sessions.get_mut(&args.session).and_then(|session| session.since(args.base_revision)) {
            Some(updates) => self.reply(call, Pulled { from: args.base_revision, updates }),
            None => self.refuse(call, ErrorCode::NotFound, "This editing session has ended: open the note again."),
        }
    }

    pub(in crate::engine) fn edit_note(&mut self, call: u64, args: EditNote, now: Now) {
        let Some(session) = self.sessions.get_mut(&args.session) else {
            return self.reopen(call, &args.session, "This note was opened again meanwhile.");
        };
        let (doc, field) = (session.doc, session.field);
        match session.judge(&args.session, args.base_revision, args.updates.len()) {
            Verdict::Unknown => self.reopen(call, &args.session, "The editor and the note had lost each other."),
            Verdict::Stale(updates) => {
                self.reply(call, EditAnswer::Stale { from: args.base_revision, updates });
            }
            Verdict::Apply(skip) => {
                if let Some(bytes) = self.too_large(doc, &args.updates[skip..]) {
                    let title = self.title_of(doc);
                    return self.refuse_size(call, &title, bytes);
                }
                match self.apply_updates((doc, field), &args.session, &args.updates[skip..], now) {
                    Ok(()) => {
                        let revision = self.sessions.get(&args.session).map_or(0, Session::revision);
                        self.reply(call, EditAnswer::Ok { revision });
                    }
                    Err(message) => self.reopen(call, &args.session, &message),
                }
                self.save(doc, now);
                self.row_changed(doc);
            }
        }
    }

    /// The size a note would have, if that is too much. What goes counts as one byte a unit, so that a text at its limit
    /// can be replaced; no text is let in by it that is larger than it was and above the limit.
    fn too_large(&self, doc: DocKey, updates: &[TextUpdate]) -> Option<u64> {
        let live = self.documents.get(doc)?;
        let Document::Note(note) = &live.document else {
            return None;
        };
        let changes = || updates.iter().flat_map(|update| &update.changes);
        let added: u64 = changes().map(|change| change.insert.len() as u64).sum();
        let removed: u64 = changes().map(|change| u64::from(change.to.saturating_sub(change.from))).sum();
        if added <= removed {
            return None;
        }
        let bytes = note.bytes() + added - removed;
        (bytes > self.note_bytes).then_some(bytes)
    }

    /// Makes all updates in the document, a revision each, or none.
    fn apply_updates(
        &mut self,
        (doc, field): (DocKey, Field),
        author: &str,
        updates: &[TextUpdate],
        now: Now,
    ) -> Result<(), String> {
        let asked: Vec<Vec<TextChange>> = updates.iter().map(TextUpdate::to_changes).collect();
        let normalised: Vec<Vec<TextChange>> =
            asked.iter().map(|changes| changes.iter().map(|change| normalise(field, change)).collect()).collect();
        let edit = match field {
            Field::Title => NoteEdit::Title,
            Field::Body => NoteEdit::Body,
        };
        let edits: Vec<NoteEdit> = normalised.iter().cloned().map(edit).collect();
        self.make_edits(doc, &edits, now)?;
        for changes in &normalised {
            let (title, body): (&[_], &[_]) = match field {
                Field::Title => (changes, &[]),
                Field::Body => (&[], changes),
            };
            self.tell_editors(doc, Some(author), title, body);
            if changes.is_empty()
                && let Some(session) = self.sessions.get_mut(author)
            {
                // A revision that changes nothing counts all the same: editors confirm by number.
                session.push(author, &[]);
            }
        }
        // What had to be normalised differs from what the editor shows: it begins anew from the text as it is.
        if normalised == asked { Ok(()) } else { Err("Line ends were made alike.".to_owned()) }
    }

    /// Adds a revision to every editor of these texts. Editors other than the author hear of it.
    pub(in crate::engine) fn tell_editors(
        &mut self,
        doc: DocKey,
        author: Option<&str>,
        title: &[TextChange],
        body: &[TextChange],
    ) {
        let mut events = Vec::new();
        for (name, session) in self.sessions.iter_mut().filter(|(_, session)| session.doc == doc) {
            let changes = match session.field {
                Field::Title => title,
                Field::Body => body,
            };
            if changes.is_empty() {
                continue;
            }
            let from = session.revision();
            session.push(author.unwrap_or(session::REMOTE), changes);
            if author != Some(name.as_str()) {
                let updates = session.since(from).unwrap_or_default();
                events.push(Event::NoteUpdates(NoteUpdates { session: name.clone(), from, updates }));
            }
        }
        events.into_iter().for_each(|event| self.emit(event));
    }

    /// Answers with the text as it is, under a new session.
    fn reopen(&mut self, call: u64, name: &str, message: &str) {
        if let Some(session) = self.sessions.remove(name)
            && let Some(live) = self.documents.get_mut(session.doc)
        {
            live.editors = live.editors.saturating_sub(1);
        }
        let opened = session::parse(name).and_then(|(note, field)| self.begin_session(self.doc(note), field));
        match opened {
            Some(opened) => self.reply(call, EditAnswer::Reopen { opened, message: message.to_owned() }),
            None => self.refuse(call, ErrorCode::NotFound, "This note isn't open any more: open it again."),
        }
    }
}

/// What the document makes of a change, so that editors and document count alike.
fn normalise(field: Field, change: &TextChange) -> TextChange {
    let insert = match field {
        Field::Title => one_line(&change.insert),
        Field::Body => normalise_line_ends(&change.insert),
    };
    TextChange::new(change.from, change.to, insert.into_owned())
}
