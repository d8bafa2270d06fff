//! What leaves this device: ranges from *known* to what is on disk, never more; and what the server says to it.

use stet_model::document::{Document, Version};
use stet_model::id::DocKey;
use stet_model::mutant::{self, Mutant};
use stet_protocol::message::ErrorCode as Refusal;
use stet_store::{Held, HeldAt, Write};
use stet_sync::device::{Acked, Place, Prepared, Refused};

use super::documents::after::After;
use super::{Engine, Now};
use crate::api::status::StatusError;
use crate::api::{ErrorCode, Event};

impl Engine {
    /// Tells the machine about a document that has something to send.
    pub(super) fn offer(&mut self, doc: DocKey, now: Now) {
        let Some(live) = self.documents.get(doc) else { return };
        if live.held.is_none() && !live.purge_asked && !live.known.includes(&live.on_disk) {
            self.device.dirty(doc, now.mono);
        }
    }

    /// Gives the machine the next range of a document.
    pub(super) fn prepare(&mut self, doc: DocKey, now: Now) {
        if self.device.level() == Some(1) {
            return self.prepare_level1(doc, now);
        }
        let Some(live) = self.documents.get(doc) else { return };
        if live.held.is_some() || live.purge_asked || live.known.includes(&live.on_disk) || self.is_apart(doc) {
            return self.nothing_to_send(doc, now);
        }
        let most = usize::try_from(self.device.update_bytes()).unwrap_or(usize::MAX);
        let (ops, end) = live.document.export_bounded(&live.known, &live.on_disk, most);
        if ops.is_empty() {
            let title = self.title_of(doc);
            let message = format!(
                "The history of “{title}” can't be read, so it can't be sent. Export it, start Stet again, then try again."
            );
            self.device.nothing_to_send(doc, now.mono);
            return self.hold(doc, Held { at: HeldAt::Push, code: "damaged".to_owned(), message });
        }
        let prepared = Prepared { doc, after: live.last_seq, ops, end: end.encode() };
        if let Some(live) = self.documents.get_mut(doc) {
            live.may_be_sent = true;
            if mutant::is(Mutant::BaseIsLastSent) {
                live.known.merge(&end);
            }
        }
        self.device.prepared(prepared, now.mono);
    }

    /// Tells the machine that a document has nothing to send. The disk may still call it unsent, for words that it
    /// refused afterwards and that went with the process.
    pub(super) fn nothing_to_send(&mut self, doc: DocKey, now: Now) {
        self.device.nothing_to_send(doc, now.mono);
        let Some(live) = self.documents.get(doc) else { return };
        let waits =
            live.held.is_some() || live.purge_asked || !live.is_saved() || live.is_unsent() || self.is_apart(doc);
        if !waits && self.ledger.unsent.contains(&doc) {
            let at = live.updated_at;
            self.note_known(doc, at, now);
            self.row_changed(doc);
        }
    }

    pub(super) fn acked(&mut self, acked: Acked, now: Now) {
        let doc = acked.doc;
        let Ok(end) = Version::decode(&acked.end) else { return };
        if self.documents.get(doc).is_none() {
            if let Some(place) = acked.cursor {
                self.move_cursor(doc.space, place);
            }
            return;
        }
        self.notice_confirmation(doc, acked.seq);
        let cursor = acked.cursor.and_then(|place| self.reach(doc.space, place));
        let Some(live) = self.documents.get_mut(doc) else {
            return;
        };
        live.known.merge(&if mutant::is(Mutant::AckMovesToHead) { live.document.head() } else { end });
        live.last_seq = live.last_seq.max(acked.seq);
        live.updated_at = live.updated_at.max(acked.timestamp);
        let unsent = live.is_unsent();
        let known = live.known.encode();
        let write = Write::Acked { doc, known, seq: acked.seq, unsent, updated_at: acked.timestamp, cursor };
        self.write(write, After::Touched { doc });
        if unsent {
            self.offer(doc, now);
        } else {
            self.ledger.unsent.remove(&doc);
            self.after_writes(After::Lists);
        }
        self.row_changed(doc);
        self.in_step(self.space, now);
    }

    pub(super) fn purge_acked(&mut self, doc: DocKey, seq: u64, place: Option<Place>) {
        let cursor = place.and_then(|place| self.reach(doc.space, place));
        self.remove_for_good(doc, seq, cursor);
    }

    /// The server refused an update or a removal. It holds back its document alone.
    pub(super) fn refused(&mut self, refused: &Refused, now: Now) {
        let Refused { doc, code, message, .. } = refused;
        let (doc, code) = (*doc, *code);
        if refused.purge {
            return self.purge_refused(doc, code, message, now);
        }
        if self.documents.get(doc).is_none() {
            // What is on its way stays in memory, so it was removed for good meanwhile: nothing is left to hold.
            return;
        }
        if self.device.level() == Some(1) && doc.is_library() {
            return self.folders_refused(message);
        }
        match code {
            // The server lacks what this builds on: it gets the whole document. One that has had that lacks nothing.
            Refusal::UnknownBase
                if self.documents.get(doc).is_some_and(|live| live.last_seq > 0 || !live.known.is_empty()) =>
            {
                if let Some(live) = self.documents.get_mut(doc) {
                    live.known = Version::default();
                    live.last_seq = 0;
                }
                self.offer(doc, now);
            }
            Refusal::Deleted if self.is_untouched_welcome(doc) => {
                self.remove_for_good(doc, 0, None);
            }
            _ => {
                let words = self.refusal_words(doc, code, message);
                let held = Held { at: HeldAt::Push, code: code_name(code), message: words.clone() };
                self.hold(doc, held);
                let error = StatusError { code: ErrorCode::Refused, message: words, note_id: Some(doc.note) };
                self.report.failed(error.clone());
                self.emit(Event::Error(error));
            }
        }
    }

    /// Whether a note is the welcome note as every new device makes it: nobody's text is in it.
    pub(super) fn is_untouched_welcome(&self, doc: DocKey) -> bool {
        if !Self::is_welcome(doc.note) {
            return false;
        }
        let welcome = crate::welcome::document().map(|document| document.head());
        self.documents.get(doc).map(|live| live.document.head()) == welcome
    }

    pub(super) fn title_of(&self, doc: DocKey) -> String {
        let title = match self.documents.get(doc).map(|live| &live.document) {
            Some(Document::Note(note)) => note.title(),
            _ if doc.is_library() => "Folders".to_owned(),
            _ => String::new(),
        };
        if title.trim().is_empty() { "Untitled".to_owned() } else { title }
    }

    /// A note at the head of a sentence. Its title is known while it is in memory.
    pub(super) fn named(&self, doc: DocKey) -> String {
        if self.documents.get(doc).is_some() { format!("“{}”", self.title_of(doc)) } else { "This note".to_owned() }
    }
}

fn code_name(code: Refusal) -> String {
    match serde_json::to_value(code) {
        Ok(serde_json::Value::String(name)) => name,
        _ => "unknown".to_owned(),
    }
}
