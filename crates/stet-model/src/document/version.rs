//! Versions and points: which operations a document holds, and where in its history something stood. Canonical bytes:
//! equal values have equal bytes. Never here: the operations themselves.

use std::collections::BTreeMap;

use loro::{Frontiers, ID, VersionVector};

use super::error::DocumentError;

/// Authors a version or point may name: far more than a note can work with, little enough to be read at once.
const MAX_AUTHORS: usize = 1 << 20;
/// Bytes of an entry: author and count, both big-endian.
const ENTRY: usize = 12;

/// Which operations are held: for every author, how many of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(BTreeMap<u64, i32>);

impl Version {
    /// Nothing held.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether everything `other` holds is held here.
    pub fn includes(&self, other: &Self) -> bool {
        other.0.iter().all(|(author, count)| self.0.get(author).is_some_and(|held| held >= count))
    }

    /// Takes up what `other` holds.
    pub fn merge(&mut self, other: &Self) {
        for (author, count) in &other.0 {
            let held = self.0.entry(*author).or_default();
            *held = (*held).max(*count);
        }
    }

    /// The bytes of this version, the same for equal versions.
    pub fn encode(&self) -> Vec<u8> {
        encode(self.0.iter().map(|(author, count)| (*author, *count)))
    }

    /// The version with these bytes; no bytes at all are the empty one.
    ///
    /// # Errors
    /// [`DocumentError::NotAVersion`] for bytes [`Version::encode`] doesn't make.
    pub fn decode(bytes: &[u8]) -> Result<Self, DocumentError> {
        decode(bytes, "version", 1).map(Self)
    }

    pub(super) fn from_loro(vector: &VersionVector) -> Self {
        Self(vector.iter().filter(|(_, count)| **count > 0).map(|(author, count)| (*author, *count)).collect())
    }

    pub(super) fn to_loro(&self) -> VersionVector {
        self.0.iter().map(|(author, count)| (*author, *count)).collect()
    }

    /// How many operations of this author are held.
    pub(super) fn count(&self, author: u64) -> i32 {
        self.0.get(&author).copied().unwrap_or(0)
    }

    pub(super) fn set(&mut self, author: u64, count: i32) {
        self.0.insert(author, count);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, i32)> + '_ {
        self.0.iter().map(|(author, count)| (*author, *count))
    }
}

/// A point in a document's history: the last operations nothing known there builds on. Empty = before the first.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point(BTreeMap<u64, i32>);

impl Point {
    /// The bytes of this point, the same for equal points.
    pub fn encode(&self) -> Vec<u8> {
        encode(self.0.iter().map(|(author, counter)| (*author, *counter)))
    }

    /// The point with these bytes; no bytes at all are the beginning.
    ///
    /// # Errors
    /// [`DocumentError::NotAVersion`] for bytes [`Point::encode`] doesn't make.
    pub fn decode(bytes: &[u8]) -> Result<Self, DocumentError> {
        decode(bytes, "point", 0).map(Self)
    }

    /// Whether what was written in several places came together here, and nobody has built on it: the history alone
    /// doesn't tell that this was ever before somebody's eyes.
    pub fn is_merge(&self) -> bool {
        self.0.len() > 1
    }

    pub(super) fn from_loro(frontiers: &Frontiers) -> Self {
        Self(frontiers.iter().map(|id| (id.peer, id.counter)).collect())
    }

    pub(super) fn to_loro(&self) -> Frontiers {
        self.0.iter().map(|(author, counter)| ID::new(*author, *counter)).collect()
    }
}

fn encode(entries: impl Iterator<Item = (u64, i32)>) -> Vec<u8> {
    entries.flat_map(|(author, number)| author.to_be_bytes().into_iter().chain(number.to_be_bytes())).collect()
}

fn decode(bytes: &[u8], what: &'static str, least: i32) -> Result<BTreeMap<u64, i32>, DocumentError> {
    let wrong = |reason| DocumentError::NotAVersion { what, reason };
    if !bytes.len().is_multiple_of(ENTRY) {
        return Err(wrong("its length isn't one of whole entries"));
    }
    if bytes.len() / ENTRY > MAX_AUTHORS {
        return Err(wrong("it names too many authors"));
    }
    let mut entries = BTreeMap::new();
    for entry in bytes.chunks_exact(ENTRY) {
        let author = entry[..8].iter().fold(0, |number, byte| (number << 8) | u64::from(*byte));
        let number = entry[8..].iter().fold(0, |number: i64, byte| (number << 8) | i64::from(*byte));
        let number =
            i32::try_from(number).ok().filter(|number| *number >= least).ok_or(wrong("a count is out of range"))?;
        if entries.last_key_value().is_some_and(|(last, _)| *last >= author) {
            return Err(wrong("its authors aren't in order"));
        }
        entries.insert(author, number);
    }
    Ok(entries)
}
