//! What a device says of itself at any moment: it calls itself synced, and counts nothing unsent, only with everything its
//! user did on the server and everything the server has said on its disk; verified only when what it held was the server's.

use std::collections::BTreeMap;

use stet_client::api::status::{Status, Verified};
use stet_model::digest::LogDigest;
use stet_model::document::{Version, end_of};
use stet_model::id::{DocKey, NoteId, SpaceId};
use stet_store::{StoredDocument, Write};

use crate::world::World;
use crate::world::device::Device;
use crate::world::reference::{About, Act, ActId, Kind};

/// A log held against the server's at the end of a catch-up.
pub(in crate::world) struct Comparison {
    space: SpaceId,
    seq: u64,
    digest: LogDigest,
    at: i64,
}

impl Comparison {
    /// The one among these writes.
    pub(in crate::world) fn among(writes: &[Write]) -> Option<Self> {
        writes.iter().find_map(|write| match *write {
            Write::Compare { space, seq, digest, at, .. } => Some(Self { space, seq, digest, at }),
            _ => None,
        })
    }
}

impl World {
    /// A device says how it stands.
    pub(in crate::world) fn check_status(&mut self, device: usize, status: &Status) {
        let checks =
            [self.says_unsent(device, status), self.says_synced(device, status), self.says_verified(device, status)];
        if let Some(words) = checks.into_iter().find_map(Result::err) {
            self.fail(format!("device {device} {words}"));
        }
    }

    fn says_unsent(&mut self, device: usize, status: &Status) -> Result<(), String> {
        if status.unsent > 0 && !status.is_synced {
            return Ok(());
        }
        for act in self.reference.unsent(device) {
            if self.has_arrived(device, act) {
                self.reference.arrived(device, act);
            } else {
                let synced = if status.is_synced { "calls itself synced" } else { "counts nothing unsent" };
                return Err(format!("{synced}, and this isn't on the server: {:?}", self.reference.act(act)));
            }
        }
        Ok(())
    }

    /// Whether nothing is left to be sent of an act, as far as can be known.
    fn has_arrived(&self, device: usize, act: ActId) -> bool {
        let log = &self.server.log;
        let Act { about, kind, after, .. } = self.reference.act(act);
        let (note, purges) = match about {
            About::Note(note) => (*note, self.reference.may_have_purged(device, *note)),
            About::Library => (self.server.library_id(), false),
            About::Unknown => return false,
        };
        match kind {
            // A device takes a removal back when somebody else has changed the note meanwhile.
            Kind::Purge => log.ever_lost(note) || !log.ever_knew(note) || self.has_note(device, note),
            _ => purges || log.ever_lost(note) || after.as_ref().is_none_or(|after| log.ever_held(note, after)),
        }
    }

    fn has_note(&self, device: usize, note: NoteId) -> bool {
        !self.devices[device].version(note).is_empty()
    }

    /// The cursor is written after the rows it stands for, so it may be behind them for a moment.
    fn says_synced(&self, device: usize, status: &Status) -> Result<(), String> {
        let Device { link, process, .. } = &self.devices[device];
        let link = link.and_then(|id| self.links.get(&id)).filter(|_| status.is_synced);
        let (Some(link), Some(process)) = (link, process) else { return Ok(()) };
        let (log, cursor) = (&self.server.log, status.cursor);
        let end = if link.has_said_all(self.queue.now()) { log.head() } else { link.told };
        if cursor >= end {
            return Ok(());
        }
        let ledger = process.reader.ledger(process.engine.space()).map_err(|error| error.to_string())?;
        let held: BTreeMap<NoteId, u64> = ledger.into_iter().map(|row| (row.note, row.last_seq)).collect();
        match log.rows_at(end).find(|(note, seq)| held.get(note).is_none_or(|held| held < seq)) {
            Some((note, seq)) => Err(format!("calls itself synced at {cursor}, and lacks row {seq} of note {note}")),
            None => Ok(()),
        }
    }

    fn says_verified(&self, device: usize, status: &Status) -> Result<(), String> {
        let Some(Verified { seq, at }) = status.verified else { return Ok(()) };
        match self.devices[device].compared.get(&(seq, at)) {
            Some(Ok(())) => Ok(()),
            Some(Err(words)) => Err(format!("calls itself verified at {seq}, and {words}")),
            None => Err(format!("calls itself verified at {seq}, and has compared nothing there")),
        }
    }

    /// A device has held its log against the server's: notes whether it was right should it have found no difference. With a
    /// disk that refuses nobody knows what came of it.
    pub(in crate::world) fn compared(&mut self, device: usize, comparison: &Comparison, disk_works: bool) {
        let same = if disk_works { self.is_same(device, comparison) } else { Ok(()) };
        self.devices[device].compared.insert((comparison.seq, comparison.at), same);
    }

    /// Whether a device holds what the server held, down to the operations. What came later may be there already.
    fn is_same(&mut self, device: usize, comparison: &Comparison) -> Result<(), String> {
        let Comparison { space, seq: end, digest, .. } = *comparison;
        let Device { process, looked_at, .. } = &mut self.devices[device];
        let (log, Some(process)) = (&self.server.log, process) else { return Ok(()) };
        if log.digest_at(end) != Some(digest) {
            // It was said before the server went back to a copy.
            return if self.reference.is_restored() { Ok(()) } else { Err("the server's log was another".to_owned()) };
        }
        let ledger = process.reader.ledger(space).map_err(|error| error.to_string())?;
        let held: BTreeMap<NoteId, u64> = ledger.iter().map(|row| (row.note, row.last_seq)).collect();
        let there: BTreeMap<NoteId, u64> = log.rows_at(end).collect();
        for (note, seq) in &held {
            if *seq > 0 && *seq <= end && there.get(note) != Some(seq) {
                return Err(format!("has note {note} at {seq}, and the server had it at {:?}", there.get(note)));
            }
        }
        for (note, seq) in there {
            if held.get(&note).is_none_or(|held| *held < seq) {
                return Err(format!("lacks row {seq} of note {note}"));
            }
            let Some(version) = log.held_at(note, seq).filter(|_| looked_at.get(&note) != Some(&seq)) else { continue };
            let stored = process.reader.document(DocKey { space, note }).map_err(|error| error.to_string())?;
            if stored.as_ref().is_some_and(|stored| !stored.purged && !holds(stored).includes(version)) {
                return Err(format!("lacks something of what the server had of note {note} at {seq}"));
            }
            looked_at.insert(note, seq);
        }
        Ok(())
    }
}

/// Every operation of a document on a disk, also those that wait to be imported.
fn holds(stored: &StoredDocument) -> Version {
    let updates = stored.updates.iter().map(|update| update.ops.as_slice());
    let parts: Vec<&[u8]> = stored.snapshot.as_deref().into_iter().chain(updates).collect();
    end_of(&parts).unwrap_or_default()
}
