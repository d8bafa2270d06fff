//! The search index, off the keystroke path: changed texts go into it a moment after they are on disk.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use stet_model::document::{Document, Version};
use stet_model::id::DocKey;
use stet_model::mutant::{self, Mutant};
use stet_model::note::{NoteFields, content_digest};
use stet_store::Write;

use super::documents::Task;
use super::documents::after::After;
use super::documents::live::Live;
use super::{Engine, Now};

/// How long a changed text waits for more of itself, milliseconds.
const REST_MS: u64 = 1_000;
/// Between two batches while many wait, as after a large import, milliseconds.
const PACE_MS: u64 = 25;
/// Texts read and written in one go: few enough that a keystroke in between doesn't notice.
const BATCH: usize = 64;
/// Bytes of texts on their way to the index above which what is received is indexed later: a large library is indexed as it
/// comes, and memory stays bounded.
const UNDER_WAY_BYTES: usize = 32 * 1024 * 1024;

/// The texts that aren't in the search index as they are, gone through in passes.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// With the version that is on its way to the index, if one is.
    texts: BTreeMap<DocKey, Option<Version>>,
    /// Of these, those whose row in lists may be older than their text too: a crash or a full disk came between.
    rows: BTreeSet<DocKey>,
    /// The last one this pass has come to.
    reached: Option<DocKey>,
    next_at: Option<u64>,
    under_way: usize,
    bytes: usize,
}

impl Index {
    /// A text is another one now.
    pub(super) fn add(&mut self, doc: DocKey) {
        self.texts.insert(doc, None);
    }

    /// A text that isn't in the index, and whose row is doubtful with it.
    pub(super) fn doubt_row(&mut self, doc: DocKey) {
        self.texts.insert(doc, None);
        self.rows.insert(doc);
    }

    pub(super) fn remove(&mut self, doc: DocKey) {
        self.texts.remove(&doc);
        self.rows.remove(&doc);
    }

    pub(super) fn rename(&mut self, rename: impl Fn(DocKey) -> DocKey) {
        self.texts = std::mem::take(&mut self.texts).into_iter().map(|(doc, version)| (rename(doc), version)).collect();
        self.rows = std::mem::take(&mut self.rows).into_iter().map(&rename).collect();
        self.reached = None;
    }

    /// Whether every text is in the index as it is.
    pub(super) fn is_clean(&self) -> bool {
        self.texts.is_empty() && self.under_way == 0
    }

    pub(super) fn wake_at(&self) -> Option<u64> {
        if self.texts.is_empty() { None } else { self.next_at }
    }

    /// A write of a text came to its end, whichever.
    pub(super) fn settled(&mut self, bytes: usize) {
        self.under_way = self.under_way.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// Something else comes first.
    const fn wait(&mut self, now: Now) {
        self.next_at = Some(now.mono + REST_MS);
    }

    /// Whether a text may be indexed at once.
    pub(super) const fn has_room(&self) -> bool {
        self.bytes < UNDER_WAY_BYTES
    }

    /// What is to be indexed now.
    fn due(&mut self, now: Now) -> Vec<DocKey> {
        if self.texts.is_empty() {
            self.next_at = None;
            return Vec::new();
        }
        match self.next_at {
            Some(at) if now.mono >= at => {}
            Some(_) => return Vec::new(),
            None => {
                self.next_at = Some(now.mono + REST_MS);
                return Vec::new();
            }
        }
        if self.under_way > 0 {
            self.next_at = Some(now.mono + PACE_MS);
            return Vec::new();
        }
        let from = self.reached.map_or(Bound::Unbounded, Bound::Excluded);
        let batch: Vec<_> = self.texts.range((from, Bound::Unbounded)).map(|(doc, _)| *doc).take(BATCH).collect();
        // What couldn't be indexed in this pass gets its turn in the next.
        let more = batch.len() == BATCH;
        self.reached = batch.last().copied().filter(|_| more);
        self.next_at = Some(now.mono + if more { PACE_MS } else { REST_MS });
        batch
    }
}

impl Engine {
    /// Goes on with the search index when it is time.
    pub(super) fn index_idle(&mut self, now: Now) {
        if self.documents.waiting_imports() > BATCH as u64 || self.holds_reading() || self.writing.is_moving() {
            // Notes can be read before they can be searched; and nothing is read before the store knows where it belongs.
            return self.index.wait(now);
        }
        self.index.due(now).into_iter().for_each(|doc| self.with(doc, Task::Index, now));
    }

    /// Puts a text into the search index. One on its way to the disk is indexed once it is there.
    pub(super) fn index(&mut self, doc: DocKey) {
        let Some(live) = self.documents.get(doc).filter(|live| live.is_saved() && live.outstanding == 0) else {
            return;
        };
        if let Some(index) = live.index_write(doc) {
            // The mark on disk stands for both.
            if self.index.rows.remove(&doc) {
                let _ = self.write_row(doc);
            }
            self.write_index(doc, index);
        }
    }

    pub(super) fn write_index(&mut self, doc: DocKey, (write, head): (Write, Version)) {
        let bytes = match &write {
            Write::Index { title, body, .. } => title.len() + body.len(),
            _ => 0,
        };
        self.index.under_way += 1;
        self.index.bytes += bytes;
        self.index.texts.insert(doc, Some(head.clone()));
        self.write(write, After::Indexed { doc, head, bytes });
    }

    /// A text is in the index, unless it was another one meanwhile: that one is still to come.
    pub(super) fn indexed(&mut self, doc: DocKey, head: &Version, bytes: usize) {
        self.index.settled(bytes);
        if self.index.texts.get(&doc).is_some_and(|version| version.as_ref() == Some(head)) {
            self.index.remove(doc);
        }
    }
}

impl Live {
    /// The write that puts the text into the index, and the version it is of; nothing for a library.
    pub(super) fn index_write(&self, doc: DocKey) -> Option<(Write, Version)> {
        let Document::Note(note) = &self.document else {
            return None;
        };
        let (title, body) = (note.title(), note.body());
        let fields = if mutant::is(Mutant::ContentWithoutFields) { NoteFields::default() } else { note.fields() };
        let content = content_digest(doc.note, &title, &body, &fields);
        let write = Write::Index { doc, head: self.queued.encode(), title, body, content };
        Some((write, self.queued.clone()))
    }
}
