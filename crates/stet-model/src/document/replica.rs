//! The wall around the document library: whatever touches it with outside bytes goes through here, and a panic inside
//! it ends here. Also authorship and commit times. Never here: what a document means.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use loro::event::DiffEvent;
use loro::{
    CommitOptions, EncodedBlobMode, ExportMode, ID, ImportBlobMetadata, LoroDoc, LoroError, Subscription, VersionVector,
};

use super::changes::Received;
use super::error::DocumentError;
use super::framing;
use super::version::{Point, Version};
use crate::id::PeerId;

/// Operations by one author are kept as one change while they lie within this time, milliseconds. The library writes a
/// time for every change, so this is how finely a history can be dated.
const CHANGE_SPAN_MS: i64 = 60_000;
/// Entries after which the record of a document is drawn together: 1,024 keystrokes are about 100 KB in single entries.
const RECORD_ENTRIES: usize = 1_024;

/// One document of the library underneath, and what it takes to make it again when the library stops inside it.
pub(super) struct Replica {
    kept: Mutex<Kept>,
    peer: PeerId,
}

struct Kept {
    doc: LoroDoc,
    record: Record,
    lost: bool,
}

/// Everything the document took in, so that it can be made again: the library's locks don't survive a panic.
#[derive(Default)]
struct Record {
    entries: Vec<Vec<u8>>,
    until: VersionVector,
}

/// Where a blob's header says what kind it is, and what it says of updates.
const KIND: std::ops::Range<usize> = 20..22;
const UPDATES: [u8; 2] = [0, 4];

/// Blobs whose format and kind were looked at.
pub(super) struct Checked {
    blobs: Vec<Vec<u8>>,
    has_snapshot: bool,
}

impl Checked {
    /// The end version of what they hold.
    pub(super) fn end(&self) -> Result<Version, DocumentError> {
        let mut end = Version::new();
        for blob in &self.blobs {
            end.merge(&Version::from_loro(&meta(blob)?.partial_end_vv));
        }
        Ok(end)
    }
}

/// An empty document by this author. The largest id is reserved by the library and stands for the one before it.
pub(super) fn open(peer: PeerId) -> LoroDoc {
    let doc = LoroDoc::new();
    // Only the reserved id is refused, and that isn't given.
    let _ = doc.set_peer_id(peer.0.min(u64::MAX - 1));
    doc.set_change_merge_interval(CHANGE_SPAN_MS);
    doc
}

fn walled<T>(work: impl FnOnce() -> T) -> Result<T, DocumentError> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let said = panic.downcast_ref::<String>().cloned();
        let said = said.or_else(|| panic.downcast_ref::<&str>().map(|said| (*said).to_owned()));
        let reason = said.unwrap_or_else(|| "no reason given".to_owned()).chars().take(200).collect();
        DocumentError::Stopped { reason }
    })
}

/// Ends the open transaction at this time.
pub(super) fn commit(doc: &LoroDoc, at: i64) {
    doc.commit_with(CommitOptions::new().timestamp(at));
}

/// Whether something waits for operations that are missing.
fn pending(doc: &LoroDoc) -> bool {
    doc.export_pending_updates().is_ok_and(|pending| pending.is_some())
}

pub(super) fn damaged(error: impl std::fmt::Display) -> DocumentError {
    DocumentError::Damaged { reason: error.to_string().chars().take(200).collect() }
}

/// What a blob says of itself, when its checksum is right.
fn meta(blob: &[u8]) -> Result<ImportBlobMetadata, DocumentError> {
    walled(|| LoroDoc::decode_import_blob_meta(blob, true))?.map_err(damaged)
}

/// Looks at blobs from outside without a document: their format byte and kind. To read all that one says of itself takes
/// longer than to import it.
pub(super) fn check(parts: &[&[u8]]) -> Result<Checked, DocumentError> {
    let mut checked = Checked { blobs: Vec::with_capacity(parts.len()), has_snapshot: false };
    for part in parts {
        let blob = framing::blob(part)?;
        if blob.get(KIND) != Some(&UPDATES) {
            match meta(&blob)?.mode {
                EncodedBlobMode::Updates => {}
                EncodedBlobMode::Snapshot => checked.has_snapshot = true,
                other => return Err(damaged(format_args!("it is of the unused kind {other}"))),
            }
        }
        checked.blobs.push(blob.into_owned());
    }
    Ok(checked)
}

/// Imports blobs. Of what a snapshot brought, the library reads an author's history in blocks, when it needs one; if it
/// has read a block and not the last, it takes the next operation of that author for a hole in the history and stops. So
/// the last block of each is read first.
///
/// Several blobs become part of the history one by one, and of the text all at once. (`import_batch` first reads them all to
/// put them in order, which takes twice as long as the rest.)
fn take(doc: &LoroDoc, blobs: &[Vec<u8>], has_snapshot: bool) -> Result<(), LoroError> {
    let alone = usize::from(has_snapshot && doc.oplog_vv().is_empty());
    let (first, rest) = blobs.split_at(alone.min(blobs.len()));
    first.iter().try_for_each(|snapshot| doc.import(snapshot).map(drop))?;
    if rest.is_empty() {
        return Ok(());
    }
    for (peer, end) in doc.oplog_vv().iter().filter(|(_, end)| **end > 0) {
        doc.get_change(ID::new(*peer, end - 1));
    }
    if let [one] = rest {
        return doc.import(one).map(drop);
    }
    doc.detach();
    let taken = rest.iter().try_for_each(|blob| doc.import(blob).map(drop));
    doc.attach();
    taken
}

impl Replica {
    pub(super) fn new(peer: PeerId) -> Self {
        Self { kept: Mutex::new(Kept { doc: open(peer), record: Record::default(), lost: false }), peer }
    }

    pub(super) fn load(parts: &[&[u8]], peer: PeerId) -> Result<Self, DocumentError> {
        let mut replica = Self::new(peer);
        if replica.absorb(parts)? {
            return Err(DocumentError::Pending);
        }
        Ok(replica)
    }

    /// Takes in blobs without looking at what they change; answers whether something waits for operations that are missing.
    /// On an error the document is as it was.
    pub(super) fn absorb(&mut self, parts: &[&[u8]]) -> Result<bool, DocumentError> {
        self.take_in(check(parts)?, false).map(|landed| landed.pending)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the document. When the library panics the document is made again.
    pub(super) fn read<T>(&self, work: impl FnOnce(&LoroDoc) -> T) -> Result<T, DocumentError> {
        let doc = {
            let kept = self.kept();
            if kept.lost {
                return Err(DocumentError::Lost);
            }
            kept.doc.clone()
        };
        walled(|| work(&doc)).inspect_err(|_| {
            // Its locks are dead, and dropping it would take them: it is leaked.
            std::mem::forget(doc);
            self.restore();
        })
    }

    /// Writes to the document and commits at this time; the work may commit in between. On an error nothing stays.
    pub(super) fn write<T, E: From<DocumentError>>(
        &mut self,
        at: i64,
        work: impl FnOnce(&LoroDoc) -> Result<T, E>,
    ) -> Result<T, E> {
        let done = self.read(|doc| {
            let done = work(doc);
            if done.is_ok() {
                commit(doc, at);
            }
            done
        })?;
        match done {
            Ok(done) => {
                self.record()?;
                Ok(done)
            }
            Err(error) => {
                let until = self.kept().record.until.clone();
                if self.read(|doc| doc.get_pending_txn_len() > 0 || doc.oplog_vv() != until)? {
                    self.restore();
                }
                Err(error)
            }
        }
    }

    /// Takes in checked blobs. On an error the document is as it was.
    pub(super) fn import(&mut self, checked: Checked) -> Result<Landed, DocumentError> {
        self.take_in(checked, true)
    }

    fn take_in(&mut self, checked: Checked, tells: bool) -> Result<Landed, DocumentError> {
        let Checked { blobs, has_snapshot } = checked;
        let landed = self.read(|doc| {
            let before = doc.oplog_vv();
            // Events of a whole note cost fifty times its loading, and say nothing that the note itself doesn't.
            let events = (tells && !before.is_empty()).then(|| Events::of(doc));
            take(doc, &blobs, has_snapshot)?;
            if has_snapshot {
                // A snapshot is decoded at the first look; a panic there must happen inside this wall.
                doc.get_deep_value();
            }
            let head = doc.oplog_vv();
            let received = match events {
                Some(events) => events.received(),
                None if tells => Received::everything(doc),
                None => Received::default(),
            };
            Ok((Landed { changed: head != before, pending: pending(doc), received }, head))
        })?;
        match landed {
            Ok((landed, head)) => {
                {
                    let mut kept = self.kept();
                    kept.record.entries.extend(blobs);
                    kept.record.until = head;
                }
                self.record()?;
                Ok(landed)
            }
            Err(error) => {
                self.restore();
                let error: LoroError = error;
                Err(damaged(error))
            }
        }
    }

    /// Adds what is new to the record. Called after every change, so that the record is never behind.
    fn record(&mut self) -> Result<(), DocumentError> {
        let (until, full) = {
            let kept = self.kept();
            (kept.record.until.clone(), kept.record.entries.len() >= RECORD_ENTRIES)
        };
        let recorded = self.read(|doc| {
            let head = doc.oplog_vv();
            if full {
                let pending = doc.export_pending_updates().map_err(damaged)?;
                let snapshot = doc.export(ExportMode::Snapshot).map_err(damaged)?;
                return Ok((head, std::iter::once(snapshot).chain(pending).collect()));
            }
            let news = (head != until).then(|| doc.export(ExportMode::updates(&until)));
            Ok((head, news.transpose().map_err(damaged)?.into_iter().collect::<Vec<_>>()))
        })?;
        let (head, news): (VersionVector, Vec<Vec<u8>>) = recorded?;
        let mut kept = self.kept();
        if full {
            kept.record.entries.clear();
        }
        kept.record.entries.extend(news);
        kept.record.until = head;
        Ok(())
    }

    /// Makes the document again from its record.
    fn restore(&self) {
        let mut kept = self.kept();
        let doc = open(self.peer);
        match walled(|| take(&doc, &kept.record.entries, true).map(|()| doc.oplog_vv())) {
            Ok(again) => {
                kept.lost = !again.is_ok_and(|version| version == kept.record.until);
                let old = std::mem::replace(&mut kept.doc, doc);
                // Dropping commits what was left open, which nobody sees any more.
                let _ = walled(|| drop(old));
            }
            Err(_) => {
                kept.lost = true;
                std::mem::forget(std::mem::replace(&mut kept.doc, open(self.peer)));
                std::mem::forget(doc);
            }
        }
    }
}

/// Listens to what an import does.
struct Events {
    received: Arc<Mutex<Received>>,
    subscription: Subscription,
}

impl Events {
    fn of(doc: &LoroDoc) -> Self {
        let received = Arc::new(Mutex::new(Received::default()));
        let sink = Arc::clone(&received);
        let subscription = doc.subscribe_root(Arc::new(move |event: DiffEvent<'_>| {
            sink.lock().unwrap_or_else(PoisonError::into_inner).take(&event);
        }));
        Self { received, subscription }
    }

    fn received(self) -> Received {
        self.subscription.unsubscribe();
        std::mem::take(&mut self.received.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What an import did.
pub(super) struct Landed {
    /// The version moved.
    pub(super) changed: bool,
    /// Something waits for operations that are missing.
    pub(super) pending: bool,
    pub(super) received: Received,
}

/// What all documents can.
impl Replica {
    pub(super) fn peer(&self) -> PeerId {
        self.peer
    }

    pub(super) fn set_peer(&mut self, peer: PeerId) {
        self.peer = peer;
        // Nothing is uncommitted here, and the reserved id isn't given: it can't be refused.
        let _ = self.read(|doc| doc.set_peer_id(peer.0.min(u64::MAX - 1)));
    }

    pub(super) fn head(&self) -> Version {
        self.read(|doc| Version::from_loro(&doc.oplog_vv())).unwrap_or_default()
    }

    pub(super) fn point(&self) -> Point {
        self.read(|doc| Point::from_loro(&doc.oplog_frontiers())).unwrap_or_default()
    }

    pub(super) fn point_of(&self, version: &Version) -> Result<Point, DocumentError> {
        if !self.head().includes(version) {
            return Err(DocumentError::UnknownPoint);
        }
        self.read(|doc| Point::from_loro(&doc.vv_to_frontiers(&version.to_loro())))
    }

    /// Which operations a point of the history holds.
    pub(super) fn version_at(&self, point: &Point) -> Result<Version, DocumentError> {
        let seen = self.read(|doc| doc.frontiers_to_vv(&point.to_loro()))?;
        seen.map(|seen| Version::from_loro(&seen)).ok_or(DocumentError::UnknownPoint)
    }

    /// Exports with the format byte in front; empty when the history can't be read.
    pub(super) fn export(&self, mode: ExportMode<'_>) -> Vec<u8> {
        let exported = self.read(|doc| doc.export(mode));
        exported.ok().and_then(Result::ok).map(framing::framed).unwrap_or_default()
    }
}

impl std::fmt::Debug for Replica {
    /// Never shows content: note text must not reach a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replica").field("peer", &self.peer).field("head", &self.head()).finish_non_exhaustive()
    }
}
