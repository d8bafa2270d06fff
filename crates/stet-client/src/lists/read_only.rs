//! The notes of a data folder in which no engine can be started: to be read, nothing else.

use std::path::Path;

use stet_model::document::NoteDocument;
use stet_model::id::PeerId;

use crate::client::DATABASE;

/// A note as it was when it was last written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegibleNote {
    /// One line.
    pub title: String,
    /// The text.
    pub body: String,
    /// Whether it is in the trash.
    pub trashed: bool,
}

/// What can be read, by title. A note that can't be is left out, and so is everything where the file itself can't be read.
pub fn read_only(data_dir: &Path) -> Vec<LegibleNote> {
    let documents = stet_store::read_only(&data_dir.join(DATABASE)).unwrap_or_else(|error| {
        tracing::warn!(%error, "nothing can be read of the database either");
        Vec::new()
    });
    let notes = documents.into_iter().filter(|found| !found.doc.is_library()).filter_map(|found| {
        let parts: Vec<&[u8]> = found.parts.iter().map(Vec::as_slice).collect();
        let note = NoteDocument::load(&parts, PeerId(1)).ok()?;
        Some(LegibleNote { title: note.title(), body: note.body(), trashed: note.fields().trashed })
    });
    let mut notes: Vec<LegibleNote> = notes.collect();
    notes.sort_by_cached_key(|note| (note.trashed, note.title.to_lowercase()));
    notes
}

#[cfg(test)]
mod tests {
    use stet_model::document::{NoteDocument, NoteEdit, Version};
    use stet_model::id::{DocKey, NoteId, PeerId, SpaceId};
    use stet_store::{Options, Write, open};

    use super::read_only;
    use crate::client::DATABASE;

    fn written(n: u8, title: &str, trashed: bool) -> Write {
        let mut note = NoteDocument::new(PeerId(100 + u64::from(n)));
        note.edit_all(&[NoteEdit::SetTitle(title.into()), NoteEdit::SetBody("text".into())], 0).expect("fits");
        if trashed {
            note.edit(&NoteEdit::Trash, 0).expect("fits");
        }
        let doc = DocKey { space: SpaceId::from_bytes([7; 16]), note: NoteId::from_bytes([n; 16]) };
        let (delta, head) = (note.export(&Version::default()), note.head().encode());
        Write::Local { doc, delta, head, unsent: true, row: None, at: 0 }
    }

    #[test]
    fn every_note_that_can_be_read_is_there_those_in_the_trash_last() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut writer, reader) = open(&folder.path().join(DATABASE), &Options::default()).expect("opens");
        let Write::Local { doc, head, .. } = written(9, "", false) else { unreachable!() };
        let damaged = Write::Local { doc, delta: vec![1, 2, 3], head, unsent: true, row: None, at: 0 };
        writer
            .commit(&[written(1, "Peas", false), written(2, "beans", false), written(3, "Ants", true), damaged])
            .expect("is written");
        drop((reader, writer));
        let notes: Vec<_> = read_only(folder.path()).into_iter().map(|note| (note.title, note.trashed)).collect();
        assert_eq!(notes, [("beans".to_owned(), false), ("Peas".to_owned(), false), ("Ants".to_owned(), true)]);
        assert_eq!(read_only(&folder.path().join("elsewhere")), []);
    }
}
