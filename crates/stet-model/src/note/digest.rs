//! The digest of a document's content, the same on every device that holds the same content. Never here: logs, seqs.
//!
//! Canonical form, all numbers big-endian: the document's id (16 bytes), a byte for the kind and version of the form,
//! then every field in the order below; texts and lists are preceded by their length (8 bytes), an absent value is a
//! zero byte, a present one follows a one byte. The digest is the first 16 bytes of SHA-256 as a number.

use sha2::{Digest, Sha256};

use super::NoteFields;
use crate::document::Folder;
use crate::id::{NoteId, SpaceId};

/// A note's form, version 1.
const NOTE: u8 = 1;
/// A library's form, version 1.
const LIBRARY: u8 = 129;

/// One note's part of the sum two devices compare. Add all notes' up with [`u128::wrapping_add`]. What the text says
/// counts, not how it came about; who is which device doesn't.
pub fn content_digest(note: NoteId, title: &str, body: &str, fields: &NoteFields) -> u128 {
    let mut form = Form::new(*note.as_bytes(), NOTE);
    form.text(title);
    form.text(body);
    form.optional(fields.folder.as_ref().map(|folder| folder.as_bytes().as_slice()));
    for flag in [fields.starred, fields.pinned, fields.archived, fields.hidden, fields.trashed] {
        form.0.update([u8::from(flag)]);
    }
    form.0.update(fields.created_at.to_be_bytes());
    form.length(fields.tags.len());
    for tag in &fields.tags {
        form.text(tag);
    }
    form.finish()
}

/// The library's part of the same sum, from its folders in display order.
pub fn library_digest(space: SpaceId, folders: &[Folder]) -> u128 {
    let mut form = Form::new(*space.as_bytes(), LIBRARY);
    form.length(folders.len());
    for folder in folders {
        form.0.update(folder.id.as_bytes());
        form.text(&folder.name);
        form.optional(folder.color.as_ref().map(String::as_bytes));
        form.optional(folder.parent.as_ref().map(|parent| parent.as_bytes().as_slice()));
    }
    form.finish()
}

struct Form(Sha256);

impl Form {
    fn new(id: [u8; 16], kind: u8) -> Self {
        let mut hash = Sha256::new();
        hash.update(id);
        hash.update([kind]);
        Self(hash)
    }

    fn length(&mut self, length: usize) {
        self.0.update((length as u64).to_be_bytes());
    }

    fn text(&mut self, text: &str) {
        self.length(text.len());
        self.0.update(text.as_bytes());
    }

    fn optional(&mut self, bytes: Option<&[u8]>) {
        self.0.update([u8::from(bytes.is_some())]);
        if let Some(bytes) = bytes {
            self.length(bytes.len());
            self.0.update(bytes);
        }
    }

    fn finish(self) -> u128 {
        let hash = self.0.finalize();
        hash.iter().take(16).fold(0, |number, byte| (number << 8) | u128::from(*byte))
    }
}
