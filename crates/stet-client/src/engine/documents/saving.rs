//! A document's own edits on their way to the disk: one write of a document at a time, so that typing is grouped by the
//! disk's own pace; its row in lists after it, its log folded when it is long.

use stet_model::document::Version;
use stet_model::id::DocKey;
use stet_model::mutant::{self, Mutant};
use stet_store::{Held, HeldAt, RowFields, Write};

use super::after::After;
use crate::engine::{Engine, Now};

impl Engine {
    /// A local edit is on disk.
    pub(super) fn local_written(&mut self, doc: DocKey, head: &Version, now: Now) {
        if let Some(live) = self.settled(doc) {
            live.writing = false;
            live.on_disk.merge(head);
            live.log_entries += 1;
            if live.is_saved() {
                self.ledger.unsaved.remove(&doc);
            }
        }
        self.fold_if_long(doc);
        if !mutant::is(Mutant::EditDuringWriteForgotten) {
            self.save(doc, now);
        }
        self.offer(doc, now);
        self.row_changed(doc);
        if self.documents.get(doc).is_some_and(|live| live.row_owed && !live.writing)
            && let Some(row) = self.write_row(doc)
        {
            self.report.touched(doc.note, &row);
        }
    }

    /// Writes a note's row after its text. Nobody waits for it: lists show an edited note as it is in memory.
    pub(in crate::engine) fn write_row(&mut self, doc: DocKey) -> Option<RowFields> {
        let live = self.documents.get_mut(doc)?;
        live.row_owed = false;
        let (row, lists) = (live.row()?, std::mem::take(&mut live.lists_owed));
        let head = live.queued.encode();
        self.write(Write::Row { doc, head, row: row.clone() }, After::Row { doc });
        if lists {
            self.after_writes(After::Lists);
        }
        Some(row)
    }

    /// Writes what isn't on its way to the disk, unless a write of this document is.
    pub(in crate::engine) fn save(&mut self, doc: DocKey, now: Now) {
        let at = self.commit_time(now);
        let Some(live) = self.documents.get_mut(doc) else {
            return;
        };
        if live.writing || !live.is_dirty() {
            return;
        }
        if live.adopting {
            return self.save_adopted(doc);
        }
        let head = live.document.head();
        let delta = live.document.export_between(&live.queued, &head);
        if delta.is_empty() {
            // The library underneath can't read its own history: what is on disk stays as it is.
            let title = self.title_of(doc);
            let message = format!(
                "“{title}” can't be saved, since its history can't be read. What is on the disk is untouched. Copy its text \
                 to a new note, start Stet again, then try again."
            );
            return self.hold(doc, Held { at: HeldAt::Import, code: "damaged".to_owned(), message });
        }
        self.ledger.unsaved.insert(doc);
        let (unsent, to_be_sent) = (live.is_unsent(), live.is_to_be_sent());
        live.writing = true;
        live.queued = head.clone();
        live.local_at = at;
        if mutant::is(Mutant::SavedWhenHandedOver) {
            (live.on_disk, live.writing) = (head.clone(), false);
            self.ledger.unsaved.remove(&doc);
        }
        let mut waiting = std::mem::take(&mut live.waiting);
        // Unsent notes stand first in lists and have a view of their own.
        let moves = if to_be_sent { self.ledger.unsent.insert(doc) } else { self.ledger.unsent.remove(&doc) };
        live.lists_owed |= moves;
        // The row is written by its own when the text is on disk, unless somebody waits for it, or it has waited itself.
        let row = if waiting.is_empty() && !live.row_owed { None } else { live.row() };
        live.row_owed = row.is_none();
        if let Some(row) = &row {
            self.report.touched(doc.note, row);
            if std::mem::take(&mut live.lists_owed) {
                waiting.push(After::Lists);
            }
        }
        if !doc.is_library() {
            self.index.add(doc);
        }
        let write = Write::Local { doc, delta, head: head.encode(), unsent, row, at };
        self.write(write, After::Local { doc, head });
        waiting.into_iter().for_each(|after| self.after_writes(after));
    }

    /// Folds a long log into a snapshot.
    pub(super) fn fold_if_long(&mut self, doc: DocKey) {
        let Some(live) = self.documents.get_mut(doc) else {
            return;
        };
        let ready = live.pending.is_empty() && !live.writing || mutant::is(Mutant::SnapshotBeforeWrites);
        if live.log_entries < self.fold_entries || !ready || live.adopting {
            return;
        }
        live.log_entries = 0;
        let bytes = live.document.snapshot();
        // The log is dropped only for a snapshot that reads back as the same document.
        let reads_back = super::reads_back(doc, &bytes, &live.document);
        if reads_back {
            self.write(Write::Snapshot { doc, bytes, through: i64::MAX }, After::Folded { doc });
        }
    }
}
