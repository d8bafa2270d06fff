//! Which document is being read just now, in a file of the data folder: what was written stays there when the process
//! aborts, without waiting for the disk. Only where it is written; what follows from it is the engine's.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use stet_model::id::{DocKey, NoteId, SpaceId};

use crate::engine::{Ended, Mark};

/// The file.
const READING: &str = "reading";
/// A record: one byte that says whether it counts, the space and the note.
const RECORD: usize = 33;
/// Where the document is that is being read.
const NOW: u64 = 0;
/// Where the one is at which the last process ended.
const SUSPECT: u64 = 64;

/// The file, opened. Without one nothing is remembered, and everything goes on.
#[derive(Debug)]
pub(crate) struct MarkFile {
    file: Option<File>,
    ended: Option<Ended>,
}

impl MarkFile {
    /// Opens the file of a data folder, and sees what a former process left in it.
    pub(crate) fn open(folder: &Path) -> Self {
        let file = File::options().create(true).truncate(false).read(true).write(true).open(folder.join(READING));
        let file = file.inspect_err(|error| tracing::warn!(%error, "what is being read can't be noted down")).ok();
        let mut mark = Self { file, ended: None };
        let suspect = mark.read(SUSPECT);
        mark.ended = match mark.read(NOW) {
            Some(doc) => Some(Ended { doc, again: suspect == Some(doc) }),
            None => suspect.map(|doc| Ended { doc, again: false }),
        };
        mark.write(SUSPECT, mark.ended.map(|ended| ended.doc));
        mark
    }

    fn read(&mut self, at: u64) -> Option<DocKey> {
        let file = self.file.as_mut()?;
        let mut record = [0; RECORD];
        file.seek(SeekFrom::Start(at)).ok()?;
        // A new file has none.
        file.read_exact(&mut record).ok()?;
        let (counts, ids) = record.split_first()?;
        let (space, note) = ids.split_at(16);
        let doc = DocKey {
            space: SpaceId::from_bytes(space.try_into().ok()?),
            note: NoteId::from_bytes(note.try_into().ok()?),
        };
        (*counts == 1).then_some(doc)
    }

    fn write(&mut self, at: u64, doc: Option<DocKey>) {
        let Some(file) = self.file.as_mut() else { return };
        let mut record = [0; RECORD];
        if let Some(doc) = doc {
            record[0] = 1;
            record[1..17].copy_from_slice(doc.space.as_bytes());
            record[17..].copy_from_slice(doc.note.as_bytes());
        }
        let written = file.seek(SeekFrom::Start(at)).and_then(|_| file.write_all(&record));
        if let Err(error) = written {
            tracing::debug!(%error, "what is being read isn't noted down");
        }
    }
}

impl Mark for MarkFile {
    fn ended(&self) -> Option<Ended> {
        self.ended
    }

    fn begin(&mut self, doc: DocKey) {
        self.write(NOW, Some(doc));
    }

    fn end(&mut self) {
        self.write(NOW, None);
    }

    fn suspect(&mut self, doc: Option<DocKey>) {
        self.write(SUSPECT, doc);
    }
}

#[cfg(test)]
mod tests {
    use stet_model::id::{DocKey, NoteId, SpaceId};

    use super::MarkFile;
    use crate::engine::{Ended, Mark as _};

    const fn doc(n: u8) -> DocKey {
        DocKey { space: SpaceId::from_bytes([1; 16]), note: NoteId::from_bytes([n; 16]) }
    }

    #[test]
    fn the_document_a_process_ended_at_is_known_to_the_next_and_a_second_time_it_is_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let open = || MarkFile::open(folder.path());
        assert_eq!(open().ended(), None);
        let mut first = open();
        first.begin(doc(1));
        first.end();
        assert_eq!(open().ended(), None, "it was read to its end");
        first.begin(doc(1));
        let mut second = open();
        assert_eq!(second.ended(), Some(Ended { doc: doc(1), again: false }));
        second.begin(doc(2));
        second.end();
        assert_eq!(open().ended(), Some(Ended { doc: doc(1), again: false }), "others don't clear it");
        second.begin(doc(1));
        let mut third = open();
        assert_eq!(third.ended(), Some(Ended { doc: doc(1), again: true }));
        third.end();
        third.suspect(None);
        assert_eq!(open().ended(), None);
        third.suspect(Some(doc(3)));
        third.begin(doc(3));
        assert_eq!(open().ended(), Some(Ended { doc: doc(3), again: true }), "somebody took it once more");
    }
}
