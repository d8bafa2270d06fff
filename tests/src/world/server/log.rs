//! What the server's log holds and ever held, row by row as it came in: what devices say is held against it. Never what
//! the server itself makes of its rows.

use std::collections::{BTreeMap, BTreeSet};

use stet_model::digest::LogDigest;
use stet_model::document::{Point, Version, end_of};
use stet_model::id::NoteId;
use stet_protocol::message::level2::Row;

/// Bytes of an author and how many operations of theirs there are, in a version; in a point, which is the last of them.
const ENTRY: usize = 12;

/// A document at one of its rows.
struct Place {
    seq: u64,
    purged: bool,
    /// Everything up to this row.
    holds: Version,
}

/// A log.
#[derive(Default)]
pub struct Log {
    /// Its digest at each of its rows.
    digests: BTreeMap<u64, LogDigest>,
    places: BTreeMap<NoteId, Vec<Place>>,
    /// What it ever held, also before it went back to a copy.
    ever: BTreeMap<NoteId, Version>,
    /// What each row ever brought.
    brought: BTreeMap<NoteId, Vec<Version>>,
    /// What was ever gone for good.
    gone: BTreeSet<NoteId>,
}

impl Log {
    /// The last of its rows.
    pub fn head(&self) -> u64 {
        self.digests.last_key_value().map_or(0, |(seq, _)| *seq)
    }

    /// A row came in.
    pub fn take(&mut self, row: &Row) -> Result<(), String> {
        let parts: Vec<&[u8]> = row.ops.iter().map(|ops| ops.0.as_slice()).collect();
        let brought = end_of(&parts).map_err(|error| format!("the server's row {} can't be read: {error}", row.seq))?;
        let mut digest = self.digests.last_key_value().map(|(_, digest)| *digest).unwrap_or_default();
        let places = self.places.entry(row.note_id).or_default();
        let mut holds = Version::default();
        if let Some(before) = places.last() {
            digest.remove(row.note_id, before.seq, before.purged);
            holds = before.holds.clone();
        }
        digest.add(row.note_id, row.seq, row.purged);
        holds.merge(&brought);
        places.push(Place { seq: row.seq, purged: row.purged, holds });
        self.digests.insert(row.seq, digest);
        self.ever.entry(row.note_id).or_default().merge(&brought);
        self.brought.entry(row.note_id).or_default().push(brought);
        if row.purged {
            self.gone.insert(row.note_id);
        }
        Ok(())
    }

    /// It ends here: what came after isn't in it any more.
    pub fn ends_at(&mut self, head: u64) {
        self.digests.split_off(&(head + 1));
        for places in self.places.values_mut() {
            places.retain(|place| place.seq <= head);
        }
    }

    /// Its digest when it ended there.
    pub fn digest_at(&self, seq: u64) -> Option<LogDigest> {
        if seq == 0 { Some(LogDigest::default()) } else { self.digests.get(&seq).copied() }
    }

    /// The last row of each document when it ended there.
    pub fn rows_at(&self, end: u64) -> impl Iterator<Item = (NoteId, u64)> {
        let last = move |places: &Vec<Place>| places.iter().rev().map(|place| place.seq).find(|seq| *seq <= end);
        self.places.iter().filter_map(move |(note, places)| Some((*note, last(places)?)))
    }

    /// What it held of a document when the last row of it was this one; nothing when it was gone for good.
    pub fn held_at(&self, note: NoteId, seq: u64) -> Option<&Version> {
        let place = self.places.get(&note)?.iter().find(|place| place.seq == seq)?;
        (!place.purged).then_some(&place.holds)
    }

    /// What it held of a document when it ended there.
    pub fn version_at(&self, note: NoteId, end: u64) -> Version {
        let place = self.places.get(&note).and_then(|places| places.iter().rev().find(|place| place.seq <= end));
        place.map(|place| place.holds.clone()).unwrap_or_default()
    }

    /// The last row of a document.
    pub fn last(&self, note: NoteId) -> u64 {
        self.places.get(&note).and_then(|places| places.last()).map_or(0, |place| place.seq)
    }

    /// How far each author of a row of this document was when it was sent.
    pub fn tips(&self, note: NoteId) -> impl Iterator<Item = Point> {
        let versions = self.brought.get(&note).into_iter().flatten().map(Version::encode);
        let ends = versions.flat_map(|bytes| bytes.chunks_exact(ENTRY).map(<[u8]>::to_vec).collect::<Vec<_>>());
        ends.filter_map(|mut end| {
            let count = u32::from_be_bytes(end[8..].try_into().ok()?);
            end[8..].copy_from_slice(&(count - 1).to_be_bytes());
            Point::decode(&end).ok()
        })
    }

    /// Whether it ever held all of this.
    pub fn ever_held(&self, note: NoteId, version: &Version) -> bool {
        self.ever.get(&note).is_some_and(|ever| ever.includes(version))
    }

    /// Whether it ever held anything of a document.
    pub fn ever_knew(&self, note: NoteId) -> bool {
        self.ever.contains_key(&note)
    }

    /// Whether a document was ever gone for good.
    pub fn ever_lost(&self, note: NoteId) -> bool {
        self.gone.contains(&note)
    }
}
