//! Which documents are being worked on just now, in a file of the data folder: what was written stays there when the process
//! aborts, without waiting for the disk. Documents at which two processes in a row ended are left alone from then on.
//! Never the work.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use stet_model::id::{NoteId, SpaceId};

/// The file.
const READING: &str = "reading";
/// A record: its kind, the space and the document.
const RECORD: usize = 33;
/// Records for documents being worked on, one a thread.
const SLOTS: usize = 8;
/// Records there are room for. Who forges more documents than that has more restarts to answer for.
const RECORDS: usize = 1_024;

const EMPTY: u8 = 0;
const NOW: u8 = 1;
/// A process ended at it, once.
const SUSPECT: u8 = 2;
/// Two did.
const ALONE: u8 = 3;

type Key = (SpaceId, NoteId);

/// The file, opened. Without one nothing is remembered, and everything goes on.
#[derive(Debug, Default)]
pub struct Marks(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    file: Option<File>,
    /// With the place of the record.
    suspects: BTreeMap<Key, usize>,
    alone: BTreeSet<Key>,
}

impl Marks {
    /// Opens the file of a data folder, and draws the conclusions from what the last process left in it.
    pub fn open(folder: &Path) -> Self {
        let file = File::options().create(true).truncate(false).read(true).write(true).open(folder.join(READING));
        let file = file.inspect_err(|error| {
            tracing::warn!(target: "server", %error, "what is being worked on can't be noted down");
        });
        let mut state = State { file: file.ok(), ..State::default() };
        state.conclude();
        Self(Mutex::new(state))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Work on a document begins, on the thread of this number. False where it is to be left alone.
    pub fn begin(&self, thread: usize, space: SpaceId, note: NoteId) -> bool {
        let mut state = self.lock();
        if state.alone.contains(&(space, note)) {
            return false;
        }
        state.write(thread % SLOTS, NOW, (space, note));
        true
    }

    /// The work has come to an end, and the process is still there.
    pub fn end(&self, thread: usize, space: SpaceId, note: NoteId) {
        let mut state = self.lock();
        state.write(thread % SLOTS, EMPTY, (space, note));
        if let Some(record) = state.suspects.remove(&(space, note)) {
            state.write(record, EMPTY, (space, note));
        }
    }
}

impl State {
    fn conclude(&mut self) {
        let records = self.read();
        let of = |kind| records.iter().filter(move |(found, _)| *found == kind).map(|(_, key)| *key);
        let before: BTreeSet<Key> = of(SUSPECT).collect();
        let ended: BTreeSet<Key> = of(NOW).collect();
        self.alone = of(ALONE).chain(ended.intersection(&before).copied()).collect();
        for (space, note) in &self.alone {
            tracing::error!(target: "server", %space, %note,
                "the server ended twice while it worked on this document: level 1 and folding leave it alone. To try it \
                 again, stop the server and remove the file `{READING}` from its data folder");
        }
        let suspects = before.union(&ended).filter(|key| !self.alone.contains(key)).copied();
        let kept: Vec<(u8, Key)> =
            self.alone.iter().map(|key| (ALONE, *key)).chain(suspects.map(|key| (SUSPECT, key))).collect();
        for record in 0..SLOTS {
            self.write(record, EMPTY, (SpaceId::from_bytes([0; 16]), NoteId::from_bytes([0; 16])));
        }
        for (record, (kind, key)) in (SLOTS..RECORDS).zip(kept.iter().copied()) {
            self.write(record, kind, key);
            if kind == SUSPECT {
                self.suspects.insert(key, record);
            }
        }
        let length = (SLOTS + kept.len()).min(RECORDS) * RECORD;
        if let Some(file) = &self.file
            && let Err(error) = file.set_len(length as u64)
        {
            tracing::warn!(target: "server", %error, "what is being worked on can't be noted down");
        }
    }

    fn read(&mut self) -> Vec<(u8, Key)> {
        let mut bytes = Vec::new();
        let Some(file) = &self.file else { return Vec::new() };
        if let Err(error) = file.take((RECORD * RECORDS) as u64).read_to_end(&mut bytes) {
            tracing::warn!(target: "server", %error, "what was being worked on can't be read");
        }
        let key = |record: &[u8]| {
            let (space, note) = record[1..].split_at(16);
            let key = (SpaceId::from_bytes(space.try_into().ok()?), NoteId::from_bytes(note.try_into().ok()?));
            Some((record[0], key))
        };
        bytes.chunks_exact(RECORD).filter_map(key).collect()
    }

    fn write(&mut self, record: usize, kind: u8, (space, note): Key) {
        let Some(file) = &mut self.file else { return };
        let mut bytes = [0; RECORD];
        bytes[0] = kind;
        bytes[1..17].copy_from_slice(space.as_bytes());
        bytes[17..].copy_from_slice(note.as_bytes());
        let written = file.seek(SeekFrom::Start((record * RECORD) as u64)).and_then(|_| file.write_all(&bytes));
        if let Err(error) = written {
            tracing::debug!(target: "server", %error, "what is being worked on isn't noted down");
        }
    }
}

#[cfg(test)]
mod tests {
    use stet_model::id::{NoteId, SpaceId};

    use super::Marks;

    const SPACE: SpaceId = SpaceId::from_bytes([1; 16]);

    const fn note(n: u8) -> NoteId {
        NoteId::from_bytes([n; 16])
    }

    #[test]
    fn a_document_at_which_two_processes_in_a_row_ended_is_left_alone_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Marks::open(folder.path());
        let first = open();
        assert!(first.begin(0, SPACE, note(1)) && first.begin(1, SPACE, note(2)));
        // Both were being worked on; only one is at fault.
        let second = open();
        assert!(second.begin(0, SPACE, note(2)));
        second.end(0, SPACE, note(2));
        assert!(second.begin(2, SPACE, note(1)));
        let third = open();
        assert!(!third.begin(0, SPACE, note(1)));
        assert!(third.begin(0, SPACE, note(2)));
        let fourth = open();
        assert!(!fourth.begin(0, SPACE, note(1)), "it stays so");
        assert!(fourth.begin(0, SPACE, note(2)), "what went well since isn't held against it");
        fourth.end(0, SPACE, note(2));
        std::fs::remove_file(folder.path().join("reading")).unwrap();
        assert!(open().begin(0, SPACE, note(1)), "whoever runs the server may have it tried again");
    }
}
