//! What comes from the server: raw rows are on disk before anything looks into them; then they are imported, and editors,
//! lists and people hear of it.

use stet_model::document::{Document, Import, Version};
use stet_model::id::{DeviceId, DocKey, SpaceId};
use stet_model::mutant::{self, Mutant};
use stet_model::text::TextChange;
use stet_protocol::message::level2::Receipt;
use stet_store::{DeviceRow, Held, HeldAt, RemoteRow, Write};
use stet_sync::device::Rows;

use super::decisions::Removal;
use super::documents::aborted::is_aborted;
use super::documents::after::After;
use super::documents::live::{Live, PendingRow};
use super::{Engine, Now};
use crate::api::Event;
use crate::api::event::RemoteChange;

/// Documents fetched by name in one request; the rest follows at the next catch-up.
const FETCHED_TOGETHER: usize = 100;

/// Why rows can't be imported.
struct Unusable {
    code: &'static str,
    reason: String,
}

/// How a note stood before an import, to tell what happened to it.
struct Before {
    existed: bool,
    trashed: bool,
    /// It was in the trash and isn't because of what was written since.
    outlived: bool,
    /// The body, when the change came live: then it is told where it is.
    body: Option<String>,
}

impl Engine {
    /// Rows came: they go to the disk with the cursor, in one transaction.
    pub(super) fn rows(&mut self, rows: Rows, now: Now) {
        let Rows { space, rows, cursor: place, live } = rows;
        let mut docs = Vec::new();
        let mut stored = Vec::new();
        let mut purged = Vec::new();
        let write = self.documents.next_row_write();
        for row in rows {
            // Fetched to be compared, not to be taken in: what is new of it comes in the order of the log, too.
            let row = if live || place.is_some() { Some(row) } else { self.rebuild.take(space, row) };
            let Some(row) = row else { continue };
            let doc = DocKey { space, note: row.note_id };
            if mutant::is(Mutant::OwnRowsSkipped) && row.device_id == Some(self.setup.device_id) {
                continue;
            }
            let (seq, timestamp, device) = (row.seq, row.timestamp, row.device_id);
            if row.purged {
                let row = PendingRow { seq, ops: Vec::new(), timestamp, device, live, on_its_way: None };
                purged.push((doc, row));
                continue;
            }
            self.writing.comes_again(doc);
            let ops: Vec<Vec<u8>> = row.ops.into_iter().map(|bytes| bytes.0).collect();
            stored.push(RemoteRow { note: row.note_id, seq, ops: ops.clone(), timestamp, device });
            let pending = PendingRow { seq, ops, timestamp, device, live, on_its_way: Some(write) };
            self.documents.keep_row(doc, pending);
            if docs.last() != Some(&doc) {
                docs.push(doc);
            }
        }
        if stored.is_empty() && purged.is_empty() && place.is_none() {
            return;
        }
        let cursor = place.and_then(|place| self.reach(space, place));
        self.write(Write::Remote { space, rows: stored, cursor }, After::Rows { docs, write });
        for (doc, row) in purged {
            self.purged_elsewhere(doc, &row, now);
        }
    }

    /// The rows of a document that went with this transaction are on disk.
    pub(super) fn rows_stored(&mut self, doc: DocKey, write: u64, now: Now) {
        self.documents.rows_written(doc, write);
        if self.documents.get(doc).is_some() {
            self.import(doc, now);
        } else {
            self.documents.queue_import(doc);
            // A catch-up may bring far more than is to be kept in memory.
            let simple = !self.ledger.unsent.contains(&doc) && !self.ledger.held.contains_key(&doc);
            if simple && !self.ledger.purges.contains_key(&doc) {
                self.documents.let_go_of_rows(doc);
            }
        }
    }

    /// Imports every row of a document in memory that waits, and is on disk: were others imported with them that the disk
    /// then refuses, what it has of the document would have a hole. Where the log's history takes the place of the document's
    /// own, all that came is looked at together.
    pub(super) fn import(&mut self, doc: DocKey, now: Now) {
        let apart = self.is_apart(doc);
        let Some(live) = self.documents.get_mut(doc) else {
            self.documents.take_rows(doc, |_| true);
            return;
        };
        let mut rows = std::mem::take(&mut live.pending);
        let read = |row: &PendingRow| rows.iter().any(|other| other.seq == row.seq && other.ops == row.ops);
        let on_disk = |row: &PendingRow| apart || row.on_its_way.is_none() || read(row);
        let in_hand = self.documents.take_rows(doc, on_disk);
        rows.retain(|row| in_hand.iter().all(|other| other.seq != row.seq));
        rows.extend(in_hand);
        rows.sort_by_key(|row| row.seq);
        if rows.is_empty() && !apart {
            return;
        }
        if self.is_left_alone(doc) {
            if let Some(live) = self.documents.get_mut(doc) {
                live.pending = rows;
            }
            return;
        }
        self.reading.begin(doc);
        self.import_waiting(doc, rows, now);
        self.reading.end(doc);
    }

    fn import_waiting(&mut self, doc: DocKey, mut rows: Vec<PendingRow>, now: Now) {
        if self.is_apart(doc) {
            return self.import_apart(doc, rows, now);
        }
        let Err(mut failure) = self.import_rows(doc, &rows, now) else {
            return self.release_import(doc);
        };
        // Up to the first that can't be used: what follows may build on it, and is imported together with it later.
        let mut good = 0;
        if failure.code == "damaged" {
            good = rows.len() - 1;
            for (index, row) in rows.iter().enumerate() {
                if let Err(of_row) = self.import_rows(doc, std::slice::from_ref(row), now) {
                    (failure, good) = (of_row, index);
                    break;
                }
            }
        }
        if let Some(live) = self.documents.get_mut(doc) {
            live.pending = rows.split_off(good);
        }
        self.set_aside(doc, failure.code, &failure.reason, now);
    }

    /// Imports these rows together.
    fn import_rows(&mut self, doc: DocKey, rows: &[PendingRow], now: Now) -> Result<(), Unusable> {
        self.notice_rows(doc, rows);
        if rows.iter().any(|row| row.device != Some(self.setup.device_id)) {
            self.keep_merged_state(doc, now);
        }
        let at = self.commit_time(now);
        let (Some(live), Some(last)) = (self.documents.get_mut(doc), rows.last()) else {
            return Ok(());
        };
        let before = Before {
            existed: !live.document.head().is_empty(),
            trashed: live.is_trashed(),
            outlived: live.has_outlived_trash(),
            body: if last.live || live.editors > 0 { live.body() } else { None },
        };
        let in_an_editor = live.editors > 0;
        let parts: Vec<&[u8]> = rows.iter().flat_map(|row| row.ops.iter().map(Vec::as_slice)).collect();
        let import =
            live.document.import(&parts).map_err(|error| Unusable { code: "damaged", reason: error.to_string() })?;
        if import.changed {
            live.moved_at = Some(at);
        }
        if import.pending {
            // A part the rest builds on is missing: the note waits for it, everything else goes on.
            live.queued.merge(&import.brought);
            self.tell_editors(doc, None, &import.title, &import.body);
            return Err(Unusable { code: "pending", reason: "a part of it hasn't arrived yet".to_owned() });
        }
        self.imported(doc, rows, &import);
        if before.outlived || import.fields {
            self.tell_outlived(doc, before.outlived);
        }
        self.reconsider_purge(doc, import.changed, last.seq, now);
        if (last.live || in_an_editor) && last.device != Some(self.setup.device_id) && import.changed {
            let paragraph = before.body.as_deref().and_then(|body| paragraph(body, &import.body));
            let event = self.describe_change(doc, &before, last, paragraph);
            self.tell_people(event, last.live, now);
        }
        Ok(())
    }

    /// Everything that came is part of the document: what it was held for is over.
    fn release_import(&mut self, doc: DocKey) {
        if self.ledger.held.get(&doc).is_some_and(|held| held.at == HeldAt::Import) {
            self.release(doc);
        }
    }

    fn imported(&mut self, doc: DocKey, rows: &[PendingRow], import: &Import) {
        let (Some(last), Some(live)) = (rows.last(), self.documents.get_mut(doc)) else {
            return;
        };
        live.known.merge(&import.brought);
        live.last_seq = live.last_seq.max(last.seq);
        live.updated_at = live.updated_at.max(last.timestamp);
        live.log_entries += rows.iter().map(|row| row.ops.len()).sum::<usize>();
        let (unsent, row) = (live.is_to_be_sent(), live.row());
        self.write_imported(doc, last.seq, import.brought.clone());
        let Some(live) = self.documents.get(doc) else { return };
        let index = (live.editors == 0 && self.index.has_room()).then(|| live.index_write(doc)).flatten();
        if !doc.is_library() {
            self.index.add(doc);
        }
        if let Some(index) = index {
            self.write_index(doc, index);
        }
        if unsent {
            self.ledger.unsent.insert(doc);
        } else {
            self.ledger.unsent.remove(&doc);
        }
        self.tell_editors(doc, None, &import.title, &import.body);
        if doc.is_library() {
            self.read_folders(true);
        } else if let Some(row) = row {
            self.report.touched(doc.note, &row);
        }
    }

    /// The rows up to this seq are part of the document, and brought this.
    fn write_imported(&mut self, doc: DocKey, seq: u64, brought: Version) {
        let Some(live) = self.documents.get_mut(doc) else { return };
        live.queued.merge(&brought);
        let write = Write::Imported {
            doc,
            seq,
            head: live.queued.encode(),
            known: live.known.encode(),
            unsent: live.is_unsent(),
            row: live.row(),
            updated_at: live.updated_at,
        };
        self.documents.import_begun();
        self.write(write, After::Imported { doc, seq, brought });
    }

    /// A row that can't be used: committed all the same, set aside with a reason, fetched again.
    pub(super) fn set_aside(&mut self, doc: DocKey, code: &str, reason: &str, now: Now) {
        let first = !self.ledger.held.contains_key(&doc);
        let title = self.title_of(doc);
        let message = format!(
            "“{title}” can't be brought up to date: {reason}. What is here can be exported. Try again; if that doesn't \
             help, update Stet."
        );
        self.hold(doc, Held { at: HeldAt::Import, code: code.to_owned(), message });
        if first {
            self.device.fetch(doc.space, vec![doc.note], now.mono);
        }
    }

    /// Rows that can't be read may be readable there by now: they are asked for once a catch-up.
    pub(super) fn fetch_unread_rows(&mut self, space: SpaceId, now: Now) {
        let readable = |held: &Held| held.at == HeldAt::Import && !is_aborted(held);
        let unread = self.ledger.held.iter().filter(|(doc, held)| doc.space == space && readable(held));
        let notes: Vec<_> = unread.map(|(doc, _)| doc.note).take(FETCHED_TOGETHER).collect();
        if !notes.is_empty() {
            self.device.fetch(space, notes, now.mono);
        }
    }

    /// The import of the rows up to this seq couldn't be written.
    pub(super) fn owe_import(&mut self, doc: DocKey, seq: u64, brought: &Version) {
        if let Some(live) = self.documents.get_mut(doc) {
            live.queued = live.on_disk.clone();
            let (owed, version) = live.import_owed.get_or_insert_default();
            *owed = seq.max(*owed);
            version.merge(brought);
        }
    }

    /// Tries that again, unless rows before the last still wait to be read: it goes with them.
    pub(super) fn import_again(&mut self, doc: DocKey) {
        if let Some(live) = self.documents.get_mut(doc)
            && live.pending.is_empty()
            && let Some((seq, brought)) = live.import_owed.take()
        {
            self.write_imported(doc, seq, brought);
            if !doc.is_library() {
                self.index.add(doc);
            }
        }
    }

    fn purged_elsewhere(&mut self, doc: DocKey, row: &PendingRow, now: Now) {
        // Nothing was written here since somebody here removed it, too.
        let wanted = self.ledger.purges.contains_key(&doc);
        self.forget_purge(doc);
        self.device.drop_document(doc);
        if !wanted && self.ledger.unsent.contains(&doc) && !self.is_untouched_welcome(doc) {
            // An edit met a removal: the text is kept here, nothing comes back by itself.
            let held = self.deleted_elsewhere(doc);
            return self.keep(doc, row.seq, held);
        }
        if !wanted && self.keeps(&Removal { doc, seq: row.seq, by: row.device, live: row.live }, now) {
            return;
        }
        let title = self.title_of(doc);
        let open = self.is_open(doc);
        self.end_sessions_of(doc);
        self.remove_for_good(doc, row.seq, None);
        // Whoever has it open hears of it in any case: there is nothing to write in any more.
        if open || (row.live && row.device != Some(self.setup.device_id)) {
            let device = self.device_name(doc.space, row.device);
            let change = RemoteChange {
                note_id: doc.note,
                title,
                device,
                paragraph: None,
                at: row.timestamp,
                purged: true,
                catching_up: false,
            };
            self.emit(Event::NoteDeleted(change));
        }
    }

    fn describe_change(&self, doc: DocKey, before: &Before, row: &PendingRow, paragraph: Option<u32>) -> Option<Event> {
        if doc.is_library() {
            return None;
        }
        let trashed = self.documents.get(doc).is_some_and(Live::is_trashed);
        let change = RemoteChange {
            note_id: doc.note,
            title: self.title_of(doc),
            device: self.device_name(doc.space, row.device),
            paragraph,
            at: row.timestamp,
            purged: false,
            catching_up: !row.live,
        };
        Some(match (before.existed, before.trashed, trashed) {
            (false, ..) => Event::NoteCreated(change),
            (true, false, true) => Event::NoteDeleted(change),
            _ => Event::NoteSynced(change),
        })
    }

    fn tell_people(&mut self, event: Option<Event>, live: bool, now: Now) {
        if let Some(event) = event {
            // A catch-up tells those who look at the note, and raises no notifications.
            if live {
                self.consider_notice(&event, now);
            }
            self.emit(event);
        }
    }

    pub(super) fn device_name(&self, space: SpaceId, device: Option<DeviceId>) -> Option<String> {
        let known = self.report.devices.get(&space)?.get(&device?)?;
        Some(known.name.clone())
    }

    /// How far the other devices are.
    pub(super) fn receipts(&mut self, space: SpaceId, devices: Vec<Receipt>) {
        let before = self.list_context().other_seq;
        for receipt in devices {
            if space == self.space && receipt.device_id != self.setup.device_id {
                self.heard_content(&receipt);
            }
            let device = DeviceRow {
                id: receipt.device_id,
                name: receipt.name,
                seq: receipt.seq,
                unsent: receipt.unsent,
                last_seen: receipt.last_seen,
            };
            if device.id == self.setup.device_id {
                continue;
            }
            self.report.devices.entry(space).or_default().insert(device.id, device.clone());
            self.write(Write::Device { space, device }, After::Nothing);
        }
        let after = self.list_context().other_seq;
        if after == before {
            return;
        }
        for doc in self.documents.keys() {
            let last_seq = self.documents.get(doc).map(|live| live.last_seq);
            // Without a first device there was no dot at all.
            if before.is_none() || (before < last_seq && last_seq <= after) {
                self.row_changed(doc);
            }
        }
        self.report.lists_changed();
    }
}

impl Live {
    pub(super) fn is_trashed(&self) -> bool {
        match &self.document {
            Document::Note(note) => note.fields().trashed,
            Document::Library(_) => false,
        }
    }

    fn body(&self) -> Option<String> {
        match &self.document {
            Document::Note(note) => Some(note.body()),
            Document::Library(_) => None,
        }
    }
}

/// The paragraph the first change is in, counted from 1.
pub(super) fn paragraph(text: &str, changes: &[TextChange]) -> Option<u32> {
    let first = changes.first()?;
    let mut units = 0;
    let mut count = 1;
    let mut blank = true;
    for line in text.split_inclusive('\n') {
        let is_blank = line.trim().is_empty();
        if !is_blank && blank && units > 0 {
            count += 1;
        }
        blank = is_blank;
        units += stet_model::text::utf16_length(line);
        if units > first.from {
            break;
        }
    }
    Some(count)
}

#[cfg(test)]
mod tests {
    use stet_model::text::TextChange;

    use super::paragraph;

    #[test]
    fn the_changed_paragraph_is_counted_by_blank_lines() {
        let text = "one\nstill one\n\ntwo\n\n\nthree 🌿 here";
        let at = |from| paragraph(text, &[TextChange::new(from, from, "x")]);
        assert_eq!((at(0), at(5), at(16), at(24)), (Some(1), Some(1), Some(2), Some(3)));
        assert_eq!(paragraph(text, &[]), None);
    }
}
