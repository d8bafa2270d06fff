//! Going back to an earlier version of a note, and keeping what only this device saw. Never here: reading versions,
//! which happens beside the engine.

use stet_model::document::{Document, NoteText, PAUSE_MS, SeenText};
use stet_model::id::DocKey;
use stet_model::note::note_bytes;
use stet_store::Write;

use super::documents::Task;
use super::documents::after::After;
use super::{Engine, Now};
use crate::api::ErrorCode;
use crate::api::command::Restored;
use crate::history::{Restoring, id};

/// A note that shall say again what it once said.
pub(in crate::engine) struct GoingBack {
    pub(in crate::engine) to: NoteText,
    /// What it said before the user's eyes.
    pub(in crate::engine) seen: Option<SeenText>,
}

impl Engine {
    pub(in crate::engine) fn restore_version(&mut self, call: u64, restoring: Restoring, now: Now) {
        let Restoring { note, to, seen } = restoring;
        self.with(self.doc(note), Task::GoBack(call, Box::new(GoingBack { to, seen })), now);
    }

    /// Goes back, by an edit like any other.
    pub(in crate::engine) fn go_back(&mut self, doc: DocKey, call: u64, back: &GoingBack, now: Now) {
        let Some(live) = self.documents.get(doc) else { return };
        if live.purge_asked {
            return self.refuse(call, ErrorCode::NotFound, "This note is being removed for good.");
        }
        if live.is_trashed() {
            let message = "This note is in the trash. Restore it from there first.";
            return self.refuse(call, ErrorCode::Invalid, message);
        }
        let bytes = note_bytes(&back.to.title, &back.to.body);
        if bytes > self.note_bytes {
            return self.refuse_size(call, &back.to.title, bytes);
        }
        let before = live.document.point();
        match self.make_in(doc, now, |note, at| note.restore(&back.to, back.seen.as_ref(), at)) {
            Ok(made) => {
                for edited in made {
                    self.tell_editors(doc, None, &edited.title, &edited.body);
                }
                let after = self.documents.get(doc).map_or_else(|| before.clone(), |live| live.document.point());
                self.save(doc, now);
                self.row_changed(doc);
                self.reply_written(doc, call, Restored { before: id(&before), after: id(&after) });
            }
            Err(message) => self.refuse(call, ErrorCode::Invalid, message),
        }
    }

    /// Before another device's edits come in: what several devices wrote, merged and then left alone for a while, was
    /// before the user's eyes, and only the store can tell of it. Everything else the history tells by itself.
    pub(in crate::engine) fn keep_merged_state(&mut self, doc: DocKey, now: Now) {
        let at = self.commit_time(now);
        let Some(live) = self.documents.get(doc) else { return };
        let since = live.moved_at.unwrap_or_else(|| live.changed_at());
        if !matches!(live.document, Document::Note(_)) || at - since < PAUSE_MS {
            return;
        }
        let point = live.document.point();
        if point.is_merge() {
            let (frontiers, at) = (point.encode(), since);
            let device = Some(self.setup.device_id);
            self.write(Write::Point { doc, frontiers, at, device }, After::Nothing);
        }
    }
}
