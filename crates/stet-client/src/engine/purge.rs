//! Removing a note for good: the server does it only for those who have seen the note as it is. What nobody here has seen
//! takes the removal back; what is only our own doesn't.

use stet_model::id::DocKey;
use stet_protocol::message::ErrorCode as Refusal;

use super::documents::after::Fact;
use super::{Engine, Now};
use crate::api::status::StatusError;
use crate::api::{ErrorCode, Event};

const CHANGED: &str =
    "A note you removed for good was changed on another device meanwhile. It is kept: look at it again.";

impl Engine {
    /// The last seq of a document up to which everything was received and is part of it. An acknowledgement may have got
    /// a later one, with rows of others before it that aren't here yet.
    pub(super) fn seen(&self, doc: DocKey) -> u64 {
        let place = self.device.place(doc.space).or(self.report.cursors.get(&doc.space).copied());
        let received = place.map_or(0, |place| place.seq);
        let held = self.documents.get(doc).map_or(0, |live| live.last_seq);
        let waiting = self.documents.first_waiting(doc).map_or(u64::MAX, |seq| seq.saturating_sub(1));
        held.min(received).min(waiting)
    }

    /// Asks the server to remove a note for good, as it was up to this seq.
    pub(super) fn ask_purge(&mut self, doc: DocKey, seen: u64, now: Now) {
        self.ledger.purges.insert(doc, seen);
        self.device.purge(doc, seen, now.mono);
    }

    /// Goes on with a removal asked for in an earlier process, once what came since is part of the document.
    pub(super) fn resume_purge(&mut self, doc: DocKey, now: Now) {
        if self.ledger.purges_to_resume.remove(&doc) && self.ledger.purges.contains_key(&doc) {
            let seen = self.seen(doc);
            self.ask_purge(doc, seen, now);
        }
    }

    /// Rows up to this one came for a note that is to be removed.
    pub(super) fn reconsider_purge(&mut self, doc: DocKey, changed: bool, seq: u64, now: Now) {
        if !self.ledger.purges.contains_key(&doc) {
            return;
        }
        if changed {
            self.take_back_purge(doc, CHANGED.to_owned(), now);
        } else if self.ledger.purges_to_look_at.contains(&doc) {
            self.ask_purge(doc, seq, now);
        }
    }

    pub(super) fn forget_purge(&mut self, doc: DocKey) {
        self.ledger.purges.remove(&doc);
        self.ledger.purges_to_resume.remove(&doc);
        self.ledger.purges_to_look_at.remove(&doc);
    }

    /// The server didn't remove a note for good.
    pub(super) fn purge_refused(&mut self, doc: DocKey, code: Refusal, message: &str, now: Now) {
        let Some(asked) = self.ledger.purges.get(&doc).copied() else {
            return;
        };
        let seen = self.seen(doc);
        match code {
            Refusal::Deleted | Refusal::NotFound => {
                // Somebody else was first. Their row brings the place of the removal, or has brought it.
                let seq = self.documents.get(doc).map_or(0, |live| live.last_seq);
                self.remove_for_good(doc, seq, None);
            }
            // Our own latest edit got its place after the removal was asked for.
            Refusal::Changed if seen > asked => self.ask_purge(doc, seen, now),
            Refusal::Changed if self.ledger.purges_to_look_at.insert(doc) => {
                self.device.fetch(doc.space, vec![doc.note], now.mono);
            }
            Refusal::Changed => self.take_back_purge(doc, CHANGED.to_owned(), now),
            _ => self.take_back_purge(doc, format!("The server didn't remove a note for good: {message}"), now),
        }
    }

    /// The note stays, and what of it is unsent goes out.
    fn take_back_purge(&mut self, doc: DocKey, message: String, now: Now) {
        self.forget_purge(doc);
        self.device.drop_document(doc);
        self.tell_store(Fact::PurgeAsked(doc));
        if let Some(live) = self.documents.get_mut(doc) {
            live.purge_asked = false;
            if live.is_unsent() {
                self.ledger.unsent.insert(doc);
            }
        }
        self.offer(doc, now);
        let error = StatusError { code: ErrorCode::Refused, message, note_id: Some(doc.note) };
        self.report.failed(error.clone());
        self.emit(Event::Error(error));
        self.report.everything_changed();
    }
}
