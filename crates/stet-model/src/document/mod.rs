//! Notes and libraries as documents that merge. The only folder that names the library they are made with. Never here:
//! storage, the network, a clock, randomness.
//!
//! Blobs of operations, updates and snapshots alike, begin with a format byte. Versions and points are opaque outside.
//! Times of commits are epoch milliseconds; the library keeps them as they are, but never lets one precede the latest
//! it builds on, so a commit from the future pushes those after it forward. Nothing is decided by them.

mod changes;
mod edit;
mod error;
mod export;
mod fields;
mod foreign;
mod framing;
mod history;
mod library;
mod merged;
mod note;
mod replica;
#[cfg(test)]
mod tests;
mod version;

pub use edit::{Edited, NoteEdit, PASTE_PIECE_BYTES};
pub use error::{DocumentError, EditError};
pub use fields::Merged;
pub use foreign::{Candidate, ForeignAuthor, ForeignText, MergedForeign, Seen};
pub use framing::{packed, plain_len};
pub use history::{History, HistoryEntry, HistoryKind, NoteText, PAUSE_MS, SeenText};
pub use library::{Folder, LibraryDocument, LibraryEdit};
pub use merged::{Choice, Mark, Parting, Passage, Side, end_of};
pub use note::{Import, NoteDocument};
pub use version::{Point, Version};

use crate::id::PeerId;
use replica::Replica;

const TITLE: &str = "title";
const BODY: &str = "body";

/// A document of a space's log: a note, or the space's library.
#[derive(Debug)]
pub enum Document {
    /// A note.
    Note(NoteDocument),
    /// The folders.
    Library(LibraryDocument),
}

impl Document {
    fn replica(&self) -> &Replica {
        match self {
            Self::Note(note) => &note.replica,
            Self::Library(library) => &library.replica,
        }
    }

    fn replica_mut(&mut self) -> &mut Replica {
        match self {
            Self::Note(note) => &mut note.replica,
            Self::Library(library) => &mut library.replica,
        }
    }

    /// Takes in blobs of operations, in any order; what is known already does nothing. Text changes are a note's.
    ///
    /// # Errors
    /// [`DocumentError`] when a blob can't be read or the library refuses: the document is as it was.
    pub fn import(&mut self, parts: &[&[u8]]) -> Result<Import, DocumentError> {
        match self {
            Self::Note(note) => note.import(parts),
            Self::Library(library) => library.import(parts),
        }
    }
}

macro_rules! making {
    ($name:ident, $what:literal) => {
        impl $name {
            #[doc = concat!("An empty ", $what, " whose operations this author writes.")]
            pub fn new(peer: PeerId) -> Self {
                Self { replica: Replica::new(peer) }
            }

            #[doc = concat!("The ", $what, " made of these snapshots and updates, in any order.")]
            ///
            /// # Errors
            /// [`DocumentError::Pending`] when operations are missing; other [`DocumentError`]s when a blob can't be read.
            pub fn load(parts: &[&[u8]], peer: PeerId) -> Result<Self, DocumentError> {
                Replica::load(parts, peer).map(|replica| Self { replica })
            }

            fn replica(&self) -> &Replica {
                &self.replica
            }

            fn replica_mut(&mut self) -> &mut Replica {
                &mut self.replica
            }
        }
    };
}

making!(NoteDocument, "note");
making!(LibraryDocument, "library");

macro_rules! shared {
    ($name:ident) => {
        impl $name {
            /// Who writes this document's operations from now on.
            pub fn set_peer(&mut self, peer: PeerId) {
                self.replica_mut().set_peer(peer);
            }

            /// Takes in blobs of operations as `import` does, in a quarter of the time: it doesn't look at what they change.
            /// Answers whether something waits for operations that are missing.
            ///
            /// # Errors
            /// [`DocumentError`] when a blob can't be read or the library refuses: the document is as it was.
            pub fn absorb(&mut self, parts: &[&[u8]]) -> Result<bool, DocumentError> {
                self.replica_mut().absorb(parts)
            }

            /// Which operations it holds.
            pub fn head(&self) -> Version {
                self.replica().head()
            }

            /// Where its history stands.
            pub fn point(&self) -> Point {
                self.replica().point()
            }

            /// The point of the history at which exactly this version was held.
            ///
            /// # Errors
            /// [`DocumentError::UnknownPoint`] when the document lacks some of it.
            pub fn point_of(&self, version: &Version) -> Result<Point, DocumentError> {
                self.replica().point_of(version)
            }

            /// Every operation after `from`. Like all exports, empty (not even a format byte) when the history can't
            /// be read; such a document must be set aside, not sent.
            pub fn export(&self, from: &Version) -> Vec<u8> {
                self.replica().export_from(from)
            }

            /// Every operation after `from` up to `to`.
            pub fn export_between(&self, from: &Version, to: &Version) -> Vec<u8> {
                self.replica().export_between(from, to)
            }

            /// Operations after `from` up to `to`, in the order of causes, as many as fit into `max_bytes` but at
            /// least one; and the version they reach. Going on from there until `to` is reached gives everything.
            /// The version is `from` itself when the history can't be read.
            pub fn export_bounded(&self, from: &Version, to: &Version, max_bytes: usize) -> (Vec<u8>, Version) {
                self.replica().export_bounded(from, to, max_bytes)
            }

            /// Everything, with its history, in the form that loads fastest.
            pub fn snapshot(&self) -> Vec<u8> {
                self.replica().export(loro::ExportMode::Snapshot)
            }
        }
    };
}

shared!(NoteDocument);
shared!(LibraryDocument);
shared!(Document);
