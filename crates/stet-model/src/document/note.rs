//! A note as a document: texts, fields, tags, marks. Never here: storage, the network, what a list shows.

use super::edit::{Edited, NoteEdit, Text, make};
use super::error::{DocumentError, EditError};
use super::fields::{self, Merged};
use super::replica::{self, Replica};
use super::version::{Point, Version};
use crate::id::PeerId;
use crate::note::NoteFields;
use crate::text::TextChange;

/// A note: one document with a title, a Markdown body, fields, tags, marks of merged passages and the devices that wrote.
#[derive(Debug)]
pub struct NoteDocument {
    pub(super) replica: Replica,
}

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Import {
    /// Something imported now or earlier waits for operations that are missing.
    pub pending: bool,
    /// The end version of what the blobs hold, whether or not it was new.
    pub brought: Version,
    /// Whether the document's version moved.
    pub changed: bool,
    /// Changes of the title, UTF-16, of the title before this import.
    pub title: Vec<TextChange>,
    /// Changes of the body, UTF-16, of the body before this import.
    pub body: Vec<TextChange>,
    /// Whether anything else may have changed, the derived trash included.
    pub fields: bool,
}

impl NoteDocument {
    /// Takes in blobs of operations, in any order; what is known already does nothing.
    ///
    /// # Errors
    /// [`DocumentError`] when a blob can't be read or the library refuses: the document is as it was.
    pub fn import(&mut self, parts: &[&[u8]]) -> Result<Import, DocumentError> {
        let checked = replica::check(parts)?;
        let brought = checked.end()?;
        let (title, body) = (self.title(), self.body());
        let landed = self.replica.import(checked)?;
        let received = landed.received;
        let title = received.title(&title, || self.title());
        let body = received.body(&body, || self.body());
        let texts = !title.is_empty() || !body.is_empty();
        let fields = received.others || (texts && self.replica.read(fields::trash_is_set)?);
        Ok(Import { pending: landed.pending, brought, changed: landed.changed, title, body, fields })
    }

    /// Makes one edit and commits it at this time, epoch milliseconds. What changes nothing writes nothing.
    ///
    /// # Errors
    /// [`EditError`] when the edit doesn't fit: nothing of it was made.
    pub fn edit(&mut self, edit: &NoteEdit, at: i64) -> Result<Edited, EditError> {
        let author = self.replica.peer();
        self.replica.write(at, |doc| make(doc, edit, author, at))
    }

    /// Makes edits one after the other, each of what the ones before have left, and commits them together.
    ///
    /// # Errors
    /// [`EditError`] when one doesn't fit: nothing of any was made.
    pub fn edit_all(&mut self, edits: &[NoteEdit], at: i64) -> Result<Vec<Edited>, EditError> {
        let author = self.replica.peer();
        self.replica.write(at, |doc| edits.iter().map(|edit| make(doc, edit, author, at)).collect())
    }

    /// The title, as it stands.
    pub fn title(&self) -> String {
        self.text(Text::Title)
    }

    /// The body, as it stands.
    pub fn body(&self) -> String {
        self.text(Text::Body)
    }

    pub(super) fn text(&self, which: Text) -> String {
        self.replica.read(|doc| which.of(doc).to_string()).unwrap_or_default()
    }

    /// The fields, as they stand.
    pub fn fields(&self) -> NoteFields {
        self.replica.read(fields::read).unwrap_or_default()
    }

    /// The size of title and body together, UTF-8 bytes, without a copy of them.
    pub fn bytes(&self) -> u64 {
        let length = |which: Text| self.replica.read(|doc| which.of(doc).len_utf8()).unwrap_or_default() as u64;
        length(Text::Title) + length(Text::Body)
    }

    /// Who wrote in it after it was put in the trash, without knowing of that: why it isn't there. Nobody otherwise.
    pub fn outlived_trash(&self) -> Vec<PeerId> {
        self.replica.read(fields::outlived_trash).unwrap_or_default()
    }

    /// The passages marked as merged, in a fixed order.
    pub fn merged(&self) -> Vec<Merged> {
        self.replica.read(fields::merged).unwrap_or_default()
    }

    /// Title and body as they stood at a point of the history.
    ///
    /// # Errors
    /// [`DocumentError::UnknownPoint`] when the history hasn't got it.
    pub fn text_at(&self, point: &Point) -> Result<(String, String), DocumentError> {
        if *point == self.point() {
            return Ok((self.title(), self.body()));
        }
        let past = self.at(point, self.replica.peer())?;
        Ok((past.title(), past.body()))
    }

    /// The note as it stood when exactly this version was held.
    ///
    /// # Errors
    /// [`DocumentError::UnknownPoint`] when the document lacks some of it.
    pub fn past(&self, version: &Version) -> Result<Self, DocumentError> {
        self.at(&self.replica.point_of(version)?, self.replica.peer())
    }

    /// The note as it stood at a point, written to by another author.
    pub(super) fn at(&self, point: &Point, author: PeerId) -> Result<Self, DocumentError> {
        Self::load(&[&self.replica.export_at(point)?], author)
    }
}
