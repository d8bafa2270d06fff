//! What can go wrong with a document, told apart by what the caller can do about it. Never here: how it is found out.

use crate::text::ChangeError;

/// Why bytes or a point couldn't be used. The document is as it was before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// The first byte names a format this version doesn't read (`None`: there is no byte at all).
    #[error("operations of unknown format {format:?}: a newer version of the app may be needed")]
    UnknownFormat {
        /// The first byte.
        format: Option<u8>,
    },
    /// The bytes aren't what was once exported.
    #[error("the operations are damaged ({reason}): fetch them again")]
    Damaged {
        /// What the document library says.
        reason: String,
    },
    /// Some of the operations build on others that are missing.
    #[error("operations are missing: fetch the document again from its beginning")]
    Pending,
    /// The point isn't in this document's history.
    #[error("the point in history isn't known here: fetch what the document lacks")]
    UnknownPoint,
    /// Bytes that should be a version or a point aren't.
    #[error("{what} can't be read: {reason}")]
    NotAVersion {
        /// `version`, `point` or the like.
        what: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
    /// The document library gave up on the content. The document was put back to what it was.
    #[error("the document library stopped ({reason}): set the document aside and fetch it again")]
    Stopped {
        /// What it said.
        reason: String,
    },
    /// The library stopped and the document couldn't be put back; it takes and gives nothing any more.
    #[error("the document is lost in memory: load it again from what is stored")]
    Lost,
}

/// Why an edit wasn't made. The document is as it was before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The changes don't fit the text.
    #[error("the edit doesn't fit the text: {0}")]
    Change(#[from] ChangeError),
    /// A tag of nothing but marks and space.
    #[error("{tag:?} isn't a tag: it needs at least one character")]
    NoTag {
        /// What was given.
        tag: String,
    },
    /// The folder isn't in the library.
    #[error("the folder {folder} isn't there")]
    NoFolder {
        /// Which one.
        folder: crate::id::FolderId,
    },
    /// A folder with this id is there already.
    #[error("the folder {folder} is there already")]
    FolderExists {
        /// Which one.
        folder: crate::id::FolderId,
    },
    /// A folder can't go into itself or one of its own.
    #[error("the folder {folder} can't go into itself or a folder inside it")]
    FolderInItself {
        /// Which one.
        folder: crate::id::FolderId,
    },
    /// The document itself refused.
    #[error(transparent)]
    Document(#[from] DocumentError),
}
