//! Notes that were put in the trash and written in by somebody who didn't know: the words keep the note, and whoever looks
//! at it is told why it is still there.

use stet_model::document::Document;
use stet_model::id::{DeviceId, DocKey};

use crate::api::Event;
use crate::api::event::NoteOutlived;
use crate::api::note::Outlived;
use crate::engine::Engine;
use crate::engine::documents::live::Live;

impl Live {
    pub(in crate::engine) fn has_outlived_trash(&self) -> bool {
        match &self.document {
            Document::Note(note) => !note.outlived_trash().is_empty(),
            Document::Library(_) => false,
        }
    }
}

impl Engine {
    /// Why a note in memory isn't in the trash although somebody put it there.
    pub(in crate::engine) fn outlived(&self, doc: DocKey) -> Option<Outlived> {
        let Document::Note(note) = &self.documents.get(doc)?.document else { return None };
        let authors = note.outlived_trash();
        if authors.is_empty() {
            return None;
        }
        let devices = note.fields().devices;
        let wrote: Vec<DeviceId> = authors.iter().filter_map(|author| devices.get(author).copied()).collect();
        let others = wrote.iter().filter(|device| **device != self.setup.device_id);
        Some(Outlived {
            here: wrote.contains(&self.setup.device_id),
            device: others.filter_map(|device| self.device_name(doc.space, Some(*device))).next(),
        })
    }

    /// Tells who looks at a note what an import made of it.
    pub(in crate::engine) fn tell_outlived(&mut self, doc: DocKey, before: bool) {
        let is_open = self.documents.get(doc).is_some_and(|live| live.editors > 0);
        let outlived = self.outlived(doc);
        if is_open && (before || outlived.is_some()) {
            self.emit(Event::NoteOutlived(NoteOutlived { note_id: doc.note, outlived }));
        }
    }
}
