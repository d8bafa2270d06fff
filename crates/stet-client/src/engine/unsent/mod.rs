//! What can't simply be sent, and the ways on: tried again, restored as a new note, let go. Text is never dropped but by
//! whoever wrote it.

mod outlived;
pub(crate) mod size;

use stet_model::document::{Document, NoteEdit};
use stet_model::id::DocKey;
use stet_model::mutant::{self, Mutant};
use stet_protocol::message::ErrorCode as Refusal;
use stet_store::{Held, HeldAt};

use super::decisions::{Removal, is_uncounted, is_undecided};
use super::documents::after::After;
use super::{Engine, Now};
use crate::api::ErrorCode;
use crate::api::command::{Created, Done};
use crate::api::note::{Stopped, StoppedKind};

/// The code of a note that was removed for good elsewhere while it had unsent edits.
const DELETED: &str = "deleted";

/// The code of a note that the server failed at while it took others.
const FAILED: &str = "internal";

const NOT_DELETED: &str = "This note wasn't removed elsewhere, so there is nothing to restore or to let go.";

/// Why a document can't go on, as a user interface sees it; nothing while that isn't known.
pub(crate) fn stopped(held: &Held) -> Option<Stopped> {
    let kind = match held.at {
        _ if is_deleted(held) => StoppedKind::DeletedElsewhere,
        _ if is_uncounted(held) => return None,
        _ if is_undecided(held) => StoppedKind::Undecided,
        HeldAt::Import => StoppedKind::Unreadable,
        HeldAt::Push => StoppedKind::Refused,
    };
    Some(Stopped { kind, message: held.message.clone() })
}

fn is_deleted(held: &Held) -> bool {
    held.at == HeldAt::Push && held.code == DELETED
}

impl Engine {
    /// What a note is held for that was removed for good elsewhere.
    pub(super) fn deleted_elsewhere(&self, doc: DocKey) -> Held {
        let message = self.refusal_words(doc, Refusal::Deleted, "");
        Held { at: HeldAt::Push, code: DELETED.to_owned(), message }
    }

    fn is_kept(&self, doc: DocKey) -> bool {
        self.ledger.held.get(&doc).is_some_and(is_deleted)
    }

    pub(super) fn refusal_words(&self, doc: DocKey, code: Refusal, message: &str) -> String {
        let title = self.title_of(doc);
        match code {
            Refusal::TooLarge => format!("“{title}” is too large for the server. Split it into two notes."),
            Refusal::QuotaExceeded => {
                format!("The account is full, so “{title}” can't be sent. Remove something, then try again.")
            }
            Refusal::Forbidden => format!("You may read “{title}”, but not change it. Copy your text to a new note."),
            Refusal::Deleted => {
                format!("“{title}” was deleted for good on another device while this one had edits to it.")
            }
            Refusal::NotFound => {
                format!("The server doesn't know “{title}”. Export it, and ask whoever runs the server.")
            }
            Refusal::Internal => {
                format!("The server fails at “{title}” and takes others. Export it, and tell whoever runs the server.")
            }
            _ => format!("The server can't take “{title}”: {message} Export it, and try again later."),
        }
    }

    /// Lets a held document go on: sent again, or fetched again. What was removed elsewhere can't, and what people are
    /// asked about waits for them.
    pub(super) fn try_again(&mut self, doc: DocKey, now: Now) {
        if self.ledger.held.get(&doc).is_some_and(|held| is_deleted(held) || is_undecided(held)) {
            return;
        }
        let left_alone = self.is_left_alone(doc);
        let held_at = self.ledger.held.get(&doc).map(|held| held.at);
        self.release(doc);
        match held_at {
            _ if left_alone => self.read_once_more(doc, now),
            Some(HeldAt::Import) => self.device.fetch(doc.space, vec![doc.note], now.mono),
            _ if self.ledger.unsent.contains(&doc) => self.device.dirty(doc, now.mono),
            _ => {}
        }
    }

    /// What the server failed at is tried once more with each connection: it may be able to by now.
    pub(super) fn send_failed_again(&mut self, now: Now) {
        let failed = |held: &Held| held.at == HeldAt::Push && held.code == FAILED;
        let held = self.ledger.held.iter().filter(|(_, held)| failed(held));
        for doc in held.map(|(doc, _)| *doc).collect::<Vec<_>>() {
            self.try_again(doc, now);
        }
    }

    /// One note is tried again.
    pub(super) fn retry_note(&mut self, call: u64, doc: DocKey, now: Now) {
        if self.server_url().is_none() {
            return self.refuse(call, ErrorCode::Offline, "No server is set: notes are kept on this device only.");
        }
        if self.is_kept(doc) {
            let message = "This note was deleted for good elsewhere: restore it as a new one, or discard it.";
            return self.refuse(call, ErrorCode::Invalid, message);
        }
        if self.device.is_paused() {
            self.device.pause(false, now.mono);
        }
        self.try_again(doc, now);
        self.device.connect(now.mono);
        self.reply(call, Done {});
    }

    /// Makes a new note of one that was removed elsewhere. The kept copy goes once the new one is on the disk: a crash in
    /// between leaves both.
    pub(super) fn restore_as_new(&mut self, doc: DocKey, call: u64, now: Now) {
        if !self.is_kept(doc) {
            return self.refuse(call, ErrorCode::Invalid, NOT_DELETED);
        }
        let Some(Document::Note(note)) = self.documents.get(doc).map(|live| &live.document) else {
            return self.refuse(call, ErrorCode::NotFound, "This isn't a note.");
        };
        let edits = copy_of(note);
        match self.make_note(&edits, now) {
            Ok(new) => {
                // Nothing may be written into the copy any more: it would go with it.
                self.end_sessions_of(doc);
                if let Some(live) = self.documents.get_mut(doc) {
                    live.purge_asked = true;
                }
                self.ledger.restored.insert(doc, new.note);
                self.after_writes(After::Restored { kept: doc, new });
                self.reply_written(new, call, Created { note_id: new.note });
            }
            Err(message) => self.refuse(call, ErrorCode::Invalid, message),
        }
    }

    /// Lets go of what was kept of a note that was removed elsewhere.
    pub(super) fn discard_note(&mut self, call: u64, doc: DocKey) {
        if !self.is_kept(doc) || self.ledger.restored.contains_key(&doc) {
            return self.refuse(call, ErrorCode::Invalid, NOT_DELETED);
        }
        self.let_go_of_kept(doc);
        self.reply_written(doc, call, Done {});
    }

    /// What is here of a note that was removed elsewhere turned out to have been sent before: nothing met the removal,
    /// which is one like others.
    pub(super) fn reconsider_kept(&mut self, doc: DocKey, now: Now) {
        let leaves = self.ledger.restored.contains_key(&doc) || self.ledger.purges.contains_key(&doc);
        if self.is_kept(doc) && !self.ledger.unsent.contains(&doc) && !leaves {
            self.keeps(&Removal { doc, seq: 0, by: None, live: false }, now);
        }
    }

    /// The kept copy of a note that was removed elsewhere goes; its tombstone stays.
    pub(super) fn let_go_of_kept(&mut self, doc: DocKey) {
        let seq = self.documents.get(doc).map_or(0, |live| live.last_seq);
        self.device.drop_document(doc);
        self.end_sessions_of(doc);
        self.remove_for_good(doc, seq, None);
    }
}

/// The edits that make another note like this one.
pub(super) fn copy_of(note: &stet_model::document::NoteDocument) -> Vec<NoteEdit> {
    let fields = note.fields();
    let mut edits = vec![NoteEdit::CreatedAt(fields.created_at), NoteEdit::Folder(fields.folder)];
    edits.extend([
        NoteEdit::SetTitle(note.title()),
        NoteEdit::SetBody(note.body()),
        NoteEdit::Starred(fields.starred),
        NoteEdit::Pinned(fields.pinned),
        NoteEdit::Archived(fields.archived),
        NoteEdit::Hidden(fields.hidden),
    ]);
    if !mutant::is(Mutant::NewNoteWithoutTags) {
        edits.extend(fields.tags.into_iter().map(NoteEdit::AddTag));
    }
    edits
}
