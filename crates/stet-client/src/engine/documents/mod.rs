//! The documents in memory: loading, what waits for a load, and letting go.

pub(in crate::engine) mod aborted;
pub(in crate::engine) mod after;
pub(in crate::engine) mod live;
mod saving;
pub(in crate::engine) mod writing;

use std::collections::{BTreeMap, BTreeSet};

use stet_model::document::{Document, DocumentError, LibraryDocument, NoteDocument};
use stet_model::id::{DocKey, PeerId};
use stet_model::mutant::{self, Mutant};
use stet_store::{Held, HeldAt, StoredDocument};
use stet_sync::device::Device;
use stet_sync::folders::FolderRequest;

use self::aborted::is_aborted;
use self::after::Fact;
use self::live::{Live, PendingRow, read_stored};
use super::history::GoingBack;
use super::{Engine, Now, Output};
use crate::api::status::StatusError;
use crate::api::{Command, ErrorCode};

/// Documents kept in memory without an open editor: opening a recent note again is free.
const KEPT: usize = 32;
/// Documents read in one go: enough to keep the disk busy, few enough to answer a keystroke in between.
const LOAD_BATCH: usize = 64;
/// Imports on their way to the disk before the next documents are read: what isn't written yet stays in memory.
const IMPORTS_UNDER_WAY: usize = 256;
/// Rows in memory before the socket has to wait, bytes and documents.
const WAITING_BYTES: usize = 16 * 1024 * 1024;
const WAITING_DOCUMENTS: usize = 4_096;

/// The documents in memory.
#[derive(Default)]
pub(in crate::engine) struct Documents {
    live: BTreeMap<DocKey, Live>,
    /// What to do once a document is there.
    waiting: BTreeMap<DocKey, Vec<Task>>,
    /// Asked for in this step.
    wanted: Vec<DocKey>,
    /// Gone while they were being read: what was read doesn't count.
    gone: BTreeSet<DocKey>,
    /// Couldn't be read; asked for again in a while.
    unread: BTreeSet<DocKey>,
    /// Imports of closed documents, oldest first; read in batches, so that a keystroke never waits for many.
    imports: BTreeSet<DocKey>,
    /// Those that are being read.
    importing: BTreeSet<DocKey>,
    /// Documents whose import is on its way to the disk.
    unsettled: usize,
    loading: usize,
    /// Rows on their way to the disk, and those of documents in memory until they are imported.
    rows: BTreeMap<DocKey, Vec<PendingRow>>,
    row_bytes: usize,
    /// Transactions of rows so far.
    row_writes: u64,
}

/// Something that needs a document in memory.
pub(in crate::engine) enum Task {
    Command(u64, Command),
    GoBack(u64, Box<GoingBack>),
    Import,
    Prepare,
    Index,
    /// It is gone elsewhere, and is made a new note of.
    KeepAsNew,
    /// Rows of it were fetched to be compared with it.
    Compare,
    /// Both sides of a note this device came back with are to be compared.
    Mark,
    Level1(Box<super::level1::Foreign>),
    /// A level-1 server's folder tree was changed elsewhere.
    Folder(FolderRequest),
    /// The folders are read when the engine starts.
    Folders {
        /// Those in the lists' rows aren't known to be the library's.
        changed: bool,
    },
}

impl Documents {
    pub(in crate::engine) fn get(&self, doc: DocKey) -> Option<&Live> {
        self.live.get(&doc)
    }

    pub(in crate::engine) fn get_mut(&mut self, doc: DocKey) -> Option<&mut Live> {
        self.live.get_mut(&doc)
    }

    pub(in crate::engine) fn insert(&mut self, doc: DocKey, live: Live) {
        self.live.insert(doc, live);
    }

    pub(in crate::engine) fn remove(&mut self, doc: DocKey) {
        self.live.remove(&doc);
        self.imports.remove(&doc);
        self.importing.remove(&doc);
        self.take_rows(doc, |_| true);
        if self.waiting.contains_key(&doc) {
            self.gone.insert(doc);
        }
    }

    pub(in crate::engine) fn count(&self) -> usize {
        self.live.len()
    }

    pub(in crate::engine) fn keys(&self) -> Vec<DocKey> {
        self.live.keys().copied().collect()
    }

    pub(in crate::engine) fn takes_rows(&self) -> bool {
        self.row_bytes < WAITING_BYTES && self.rows.len() < WAITING_DOCUMENTS
    }

    pub(in crate::engine) fn keep_row(&mut self, doc: DocKey, row: PendingRow) {
        self.row_bytes += row.ops.iter().map(Vec::len).sum::<usize>();
        self.rows.entry(doc).or_default().push(row);
    }

    /// The number of the next transaction of rows.
    pub(in crate::engine) const fn next_row_write(&mut self) -> u64 {
        self.row_writes += 1;
        self.row_writes
    }

    /// The rows of a document that went with this transaction are on the disk.
    pub(in crate::engine) fn rows_written(&mut self, doc: DocKey, write: u64) {
        let in_hand = self.rows.get_mut(&doc).into_iter().flatten();
        let pending = self.live.get_mut(&doc).into_iter().flat_map(|live| &mut live.pending);
        in_hand.chain(pending).filter(|row| row.on_its_way == Some(write)).for_each(|row| row.on_its_way = None);
    }

    pub(in crate::engine) fn take_rows(&mut self, doc: DocKey, which: impl Fn(&PendingRow) -> bool) -> Vec<PendingRow> {
        let (taken, left): (Vec<_>, Vec<_>) =
            self.rows.remove(&doc).unwrap_or_default().into_iter().partition(|row| which(row));
        if !left.is_empty() {
            self.rows.insert(doc, left);
        }
        let bytes: usize = taken.iter().flat_map(|row| &row.ops).map(Vec::len).sum();
        self.row_bytes = self.row_bytes.saturating_sub(bytes);
        taken
    }

    /// The first row of a document that isn't part of it yet.
    pub(in crate::engine) fn first_waiting(&self, doc: DocKey) -> Option<u64> {
        let in_hand = self.rows.get(&doc).into_iter().flatten();
        let pending = self.live.get(&doc).into_iter().flat_map(|live| &live.pending);
        in_hand.chain(pending).map(|row| row.seq).min()
    }

    /// Lets go of rows that are on the disk: whoever reads the document reads them with it. Those that came live are told
    /// to people, and what is being read may have been read before them.
    pub(in crate::engine) fn let_go_of_rows(&mut self, doc: DocKey) {
        let is_live = self.rows.get(&doc).into_iter().flatten().any(|row| row.live);
        if !is_live && !self.waiting.contains_key(&doc) {
            self.take_rows(doc, |row| row.on_its_way.is_none() || mutant::is(Mutant::RowsLetGoEarly));
        }
    }

    /// Whether documents are being read.
    pub(in crate::engine) const fn is_reading(&self) -> bool {
        self.loading > 0
    }

    /// Whether rows wait to become part of their documents.
    pub(in crate::engine) fn has_imports(&self) -> bool {
        !self.imports.is_empty() || !self.importing.is_empty() || !self.rows.is_empty()
    }

    /// How many documents rows wait to become part of.
    pub(in crate::engine) fn waiting_imports(&self) -> u64 {
        (self.rows.len() + self.imports.len() + self.importing.len()) as u64
    }

    pub(in crate::engine) fn queue_import(&mut self, doc: DocKey) {
        self.imports.insert(doc);
    }

    /// An import is on its way to the disk.
    pub(in crate::engine) const fn import_begun(&mut self) {
        self.unsettled += 1;
    }

    /// An import is on the disk, or failed.
    pub(in crate::engine) const fn import_settled(&mut self) {
        self.unsettled = self.unsettled.saturating_sub(1);
    }

    /// Nothing waits to be imported any more.
    pub(in crate::engine) fn forget_imports(&mut self) {
        self.imports.clear();
        self.importing.clear();
        self.rows.clear();
        self.row_bytes = 0;
    }

    /// Everything known under one space belongs to another from now on.
    pub(in crate::engine) fn move_space(&mut self, rename: impl Fn(DocKey) -> DocKey) {
        self.live = std::mem::take(&mut self.live).into_iter().map(|(doc, live)| (rename(doc), live)).collect();
        self.waiting = std::mem::take(&mut self.waiting).into_iter().map(|(doc, tasks)| (rename(doc), tasks)).collect();
        self.rows = std::mem::take(&mut self.rows).into_iter().map(|(doc, rows)| (rename(doc), rows)).collect();
        self.imports = std::mem::take(&mut self.imports).into_iter().map(&rename).collect();
        self.importing = std::mem::take(&mut self.importing).into_iter().map(&rename).collect();
        self.unread = std::mem::take(&mut self.unread).into_iter().map(&rename).collect();
        self.wanted = self.waiting.keys().copied().collect();
    }

    /// Lets go of documents nobody uses, the longest unused first.
    pub(in crate::engine) fn evict(&mut self, device: &Device, now: u64) {
        if self.live.len() <= KEPT {
            return;
        }
        let idle = |doc: &DocKey, live: &Live| {
            live.editors == 0
                && live.outstanding == 0
                && live.is_saved()
                && live.import_owed.is_none()
                && live.pending.iter().all(|row| row.on_its_way.is_none())
                && !doc.is_library()
                && !Engine::is_welcome(doc.note)
                && !self.waiting.contains_key(doc)
                && !self.rows.contains_key(doc)
                && !device.is_in_flight(*doc)
                && live.used_at < now
        };
        let mut unused: Vec<_> =
            self.live.iter().filter(|(doc, live)| idle(doc, live)).map(|(doc, live)| (live.used_at, *doc)).collect();
        unused.sort_unstable();
        for (_, doc) in unused.into_iter().take(self.live.len() - KEPT) {
            self.live.remove(&doc);
        }
    }
}

impl Engine {
    /// Does something with a document, now or once it is read.
    pub(in crate::engine) fn with(&mut self, doc: DocKey, task: Task, now: Now) {
        if let Some(live) = self.documents.get_mut(doc) {
            live.used_at = now.mono;
            return self.run(doc, task, now);
        }
        let tasks = self.documents.waiting.entry(doc).or_default();
        if tasks.is_empty() || self.documents.unread.remove(&doc) {
            self.documents.wanted.push(doc);
        }
        tasks.push(task);
    }

    /// Asks for everything wanted, and for the next imports when none is under way.
    pub(in crate::engine) fn flush_loads(&mut self) {
        if self.documents.loading == 0 && self.documents.unsettled < IMPORTS_UNDER_WAY {
            let next: Vec<_> = self.documents.imports.iter().copied().take(LOAD_BATCH).collect();
            for doc in next {
                self.documents.imports.remove(&doc);
                self.documents.importing.insert(doc);
                let tasks = self.documents.waiting.entry(doc).or_default();
                if tasks.is_empty() {
                    self.documents.wanted.push(doc);
                }
                tasks.push(Task::Import);
            }
        }
        // Under a new name nothing is found before the store knows it, nor what a document is apart from the log that is left.
        if !self.documents.wanted.is_empty() && !self.writing.is_moving() && !self.holds_reading() {
            let wanted = std::mem::take(&mut self.documents.wanted);
            self.documents.loading += 1;
            self.outputs.push(Output::Load(wanted));
        }
    }

    /// Documents were read.
    pub(in crate::engine) fn loaded(
        &mut self,
        loaded: Vec<(DocKey, Result<Option<StoredDocument>, String>)>,
        now: Now,
    ) {
        self.documents.loading = self.documents.loading.saturating_sub(1);
        for (doc, result) in loaded {
            let Some(tasks) = self.documents.waiting.remove(&doc) else {
                continue;
            };
            let gone = self.documents.gone.remove(&doc);
            if self.documents.get(doc).is_none() {
                match result {
                    _ if gone => self.take_in(doc, None, &tasks, now),
                    Ok(stored) => self.take_in(doc, stored, &tasks, now),
                    Err(error) => {
                        self.not_read(doc, tasks, &error, now);
                        continue;
                    }
                }
            }
            for task in tasks {
                if self.documents.get(doc).is_some() {
                    self.run(doc, task, now);
                } else {
                    self.without_document(doc, task, now);
                }
            }
        }
    }

    /// A document couldn't be read. Whoever waits for an answer is told; everything else waits until it can.
    fn not_read(&mut self, doc: DocKey, tasks: Vec<Task>, error: &str, now: Now) {
        let message = format!("This note can't be read from the disk: {error}");
        let mut left = Vec::new();
        for task in tasks {
            match task {
                Task::Command(call, _) | Task::GoBack(call, _) => {
                    self.refuse(call, ErrorCode::Storage, message.as_str());
                }
                task => left.push(task),
            }
        }
        self.report.failed(StatusError { code: ErrorCode::Storage, message, note_id: Some(doc.note) });
        if !left.is_empty() {
            self.documents.waiting.insert(doc, left);
            self.documents.unread.insert(doc);
            self.retry_soon(now);
        }
    }

    /// Asks again for what couldn't be read.
    pub(in crate::engine) fn read_again(&mut self) {
        let unread = std::mem::take(&mut self.documents.unread);
        self.documents.wanted.extend(unread);
    }

    /// Makes the document in memory from what was stored; unknown ones are made new where the tasks ask for it.
    fn take_in(&mut self, doc: DocKey, stored: Option<StoredDocument>, tasks: &[Task], now: Now) {
        if tasks.iter().any(|task| matches!(task, Task::Level1(_))) {
            self.writing.comes_again(doc);
        }
        let Some(stored) = stored.filter(|stored| !stored.purged && !self.writing.goes(doc)) else {
            let new = doc.is_library() || tasks.iter().any(|task| matches!(task, Task::Level1(_)));
            if new {
                self.documents.insert(doc, Live::new(empty(doc, self.peer), now.mono));
            }
            return;
        };
        let left_alone = self.is_left_alone(doc);
        let loaded = read_stored(&stored, left_alone, |parts, unread| {
            if unread {
                self.reading.begin(doc);
            }
            let made = made_of(doc, parts, self.peer);
            if unread {
                self.reading.end(doc);
            }
            made
        });
        match loaded {
            Ok(document) => {
                let head_is_so = stored.head == document.head().encode();
                let mut live = Live::from_stored(document, stored, now.mono);
                // Writes of which the disk refused some left another version noted down than is there: search text would
                // never be of that.
                if !head_is_so && live.pending.is_empty() {
                    live.import_owed = Some((0, live.queued.clone()));
                }
                // What was read may be older than what is on its way to the disk.
                live.held = self.ledger.held.get(&doc).cloned();
                live.purge_asked = self.ledger.purges.contains_key(&doc) || self.ledger.restored.contains_key(&doc);
                self.documents.insert(doc, live);
                self.import_again(doc);
                self.note_read(doc);
            }
            Err(_) if left_alone => {}
            Err(error) => {
                // Its title isn't known here: it stands beside these words, or the window puts it into what it says.
                let message = format!(
                    "What is on this device's disk of it can't be read. Update Stet, then try again. For whoever helps you: \
                     {error}."
                );
                self.hold(doc, Held { at: HeldAt::Import, code: "damaged".to_owned(), message });
            }
        }
    }

    fn run(&mut self, doc: DocKey, task: Task, now: Now) {
        match task {
            Task::Command(call, command) => self.command_on(doc, call, command, now),
            Task::GoBack(call, back) => self.go_back(doc, call, &back, now),
            Task::Import => {
                self.documents.importing.remove(&doc);
                self.import(doc, now);
                self.resume_purge(doc, now);
            }
            Task::Prepare => self.prepare(doc, now),
            Task::Index => self.index(doc),
            Task::KeepAsNew => self.keep_as_new(doc, now),
            Task::Compare => self.compare_document(doc, now),
            Task::Mark => self.mark_if_met(doc, now),
            Task::Level1(foreign) => self.merge_level1(doc, *foreign, now),
            Task::Folder(request) => self.merge_folder(doc, &request, now),
            Task::Folders { changed } => {
                self.import(doc, now);
                self.read_folders(changed);
            }
        }
    }

    fn without_document(&mut self, doc: DocKey, task: Task, now: Now) {
        match task {
            Task::Command(call, _) | Task::GoBack(call, _) => {
                let words = match self.ledger.held.get(&doc) {
                    Some(held) => format!("This note can't be opened: {}", held.message),
                    None => "This note isn't here any more.".to_owned(),
                };
                self.refuse(call, ErrorCode::NotFound, words);
            }
            Task::Prepare => self.device.nothing_to_send(doc, now.mono),
            Task::Import => {
                self.documents.importing.remove(&doc);
                self.documents.take_rows(doc, |_| true);
                self.resume_purge(doc, now);
            }
            Task::Index => self.index.remove(doc),
            Task::Compare => self.compare_document(doc, now),
            Task::Mark => self.forget_away(doc),
            Task::KeepAsNew | Task::Level1(_) | Task::Folder(_) | Task::Folders { .. } => {}
        }
    }

    /// Sets a document aside with its reason; everything else goes on.
    pub(in crate::engine) fn hold(&mut self, doc: DocKey, held: Held) {
        if let Some(live) = self.documents.get_mut(doc) {
            live.held = Some(held.clone());
        }
        self.ledger.held.insert(doc, held);
        self.tell_store(Fact::Held(doc));
        self.report.lists_changed();
        self.row_changed(doc);
    }

    /// Lets a held document go on.
    pub(in crate::engine) fn release(&mut self, doc: DocKey) {
        if self.ledger.held.remove(&doc).is_some() {
            if let Some(live) = self.documents.get_mut(doc) {
                live.held = None;
            }
            self.tell_store(Fact::Held(doc));
            self.row_changed(doc);
        }
    }
}

/// A document nobody has written to.
pub(in crate::engine) fn empty(doc: DocKey, peer: PeerId) -> Document {
    if doc.is_library() {
        Document::Library(LibraryDocument::new(peer))
    } else {
        Document::Note(NoteDocument::new(peer))
    }
}

/// A note as it is on the disk, to be read only.
///
/// # Errors
/// Why it can't be read.
pub(crate) fn read_note(stored: &StoredDocument) -> Result<NoteDocument, DocumentError> {
    let left_alone = stored.held.as_ref().is_some_and(is_aborted);
    read_stored(stored, left_alone, |parts, _| NoteDocument::load(parts, PeerId(1)))
}

/// The document that these blobs make.
///
/// # Errors
/// Why they can't be read.
pub(in crate::engine) fn made_of(doc: DocKey, parts: &[&[u8]], peer: PeerId) -> Result<Document, DocumentError> {
    match doc.is_library() {
        true => LibraryDocument::load(parts, peer).map(Document::Library),
        false => NoteDocument::load(parts, peer).map(Document::Note),
    }
}

/// Whether a snapshot reads back as the same document.
pub(in crate::engine) fn reads_back(doc: DocKey, snapshot: &[u8], document: &Document) -> bool {
    made_of(doc, &[snapshot], PeerId(1)).is_ok_and(|copy| copy.head() == document.head())
}
