//! Where a device's own edits and what others wrote meanwhile parted, told from the history alone: so it is the same
//! answer before and after what came was taken in, and after a crash in between. Never here: texts.

use loro::{Frontiers, ID, LoroDoc, VersionVector};

use super::super::error::DocumentError;
use super::super::export::stretches;
use super::super::fields::{marked_between, wrote_between};
use super::super::note::NoteDocument;
use super::super::replica;
use super::super::version::{Point, Version};

/// Stretches of own edits looked at. Each is at least a minute's writing or what was written between two receipts.
const STRETCHES: usize = 1_024;

/// Two sides of a note and where they parted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parting {
    /// What both sides had seen.
    pub base: Point,
    /// One side alone.
    pub mine: Point,
    /// The other side alone.
    pub theirs: Point,
}

impl NoteDocument {
    /// What was written up to `mine` without having seen all of `theirs`, and `theirs`; nothing when one side wrote no
    /// text the other hadn't seen, or when who held `mine` has already made or settled a mark with both before them.
    /// `theirs` is what the server is known to hold without the edits of this device in
    /// question, `mine` what this device held.
    ///
    /// # Errors
    /// [`DocumentError`] when the history can't be read.
    pub fn parting(&self, mine: &Version, theirs: &Version) -> Result<Option<Parting>, DocumentError> {
        self.replica.read(|doc| parting(doc, mine, theirs))
    }
}

/// The end version of what these blobs of operations hold.
///
/// # Errors
/// [`DocumentError`] when one can't be read.
pub fn end_of(parts: &[&[u8]]) -> Result<Version, DocumentError> {
    replica::check(parts)?.end()
}

fn parting(doc: &LoroDoc, mine: &Version, theirs: &Version) -> Option<Parting> {
    let theirs = closed(doc, &theirs.to_loro())?;
    let own = stretches(doc, &Version::from_loro(&theirs), mine);
    let first = own.first()?;
    let base = seen_by(doc, ID::new(first.author, first.from))?;
    let held = mine.to_loro();
    let mut mine = base.clone();
    for stretch in own.iter().take(STRETCHES) {
        let seen = seen_by(doc, ID::new(stretch.author, stretch.from))?;
        if theirs.iter().any(|(author, count)| seen_of(&seen, *author).min(*count) > seen_of(&base, *author)) {
            break;
        }
        mine.insert(stretch.author, stretch.to);
    }
    let wrote = wrote_between(doc, &base, &mine) && wrote_between(doc, &base, &theirs);
    let mut both = theirs.clone();
    both.merge(&mine);
    let wrote = wrote && !marked_between(doc, &both, &held);
    let point = |version: &VersionVector| Point::from_loro(&doc.vv_to_frontiers(version));
    wrote.then(|| Parting { base: point(&base), mine: point(&mine), theirs: point(&theirs) })
}

/// A version with everything it builds on, as far as this document goes.
fn closed(doc: &LoroDoc, version: &VersionVector) -> Option<VersionVector> {
    let head = doc.oplog_vv();
    let held = version.iter().map(|(author, count)| (*author, seen_of(&head, *author).min(*count)));
    let held: VersionVector = held.filter(|(_, count)| *count > 0).collect();
    doc.frontiers_to_vv(&doc.vv_to_frontiers(&held))
}

/// What its author had seen when this operation was written.
fn seen_by(doc: &LoroDoc, operation: ID) -> Option<VersionVector> {
    let change = doc.get_change(operation)?;
    if change.id.counter < operation.counter {
        return doc.frontiers_to_vv(&Frontiers::from_id(ID::new(operation.peer, operation.counter - 1)));
    }
    doc.frontiers_to_vv(&change.deps)
}

fn seen_of(version: &VersionVector, author: u64) -> i32 {
    version.get(&author).copied().unwrap_or(0)
}
