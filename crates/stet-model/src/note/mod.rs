//! What a note is made of besides its texts, and small questions about a note that any room may ask: its preview, its
//! size, its tags in one form, its digest. Never here: documents, merging.

mod digest;
mod preview;

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;

pub use digest::{content_digest, library_digest};
pub use preview::preview;

use crate::id::{DeviceId, FolderId, PeerId};

/// A tag may have this many characters: what fits a list row, and nobody's text is kept in a map key.
pub const TAG_CHARS: usize = 100;

/// Everything of a note that isn't its title or body, as read from its document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoteFields {
    /// Its folder, whether or not the library has it.
    pub folder: Option<FolderId>,
    /// Starred by the user.
    pub starred: bool,
    /// Kept at the top.
    pub pinned: bool,
    /// Put away.
    pub archived: bool,
    /// Hidden (level 1's flag).
    pub hidden: bool,
    /// In the trash. Derived: it was put there, and nothing was typed since that the one who put it there hadn't seen.
    pub trashed: bool,
    /// Sorted, in the form of [`normalise_tag`].
    pub tags: Vec<String>,
    /// Epoch milliseconds; 0 when nobody said.
    pub created_at: i64,
    /// Which author of operations is which device.
    pub devices: BTreeMap<PeerId, DeviceId>,
}

/// A tag in its one form: NFC, trimmed, without leading `#`, white space inside as single spaces, at most
/// [`TAG_CHARS`] characters. `None` when nothing is left.
pub fn normalise_tag(tag: &str) -> Option<String> {
    let bare = tag.trim().trim_start_matches('#');
    let words: Vec<&str> = bare.split_whitespace().collect();
    let tag: String = words.join(" ").nfc().take(TAG_CHARS).collect();
    let tag = tag.trim_end();
    (!tag.is_empty()).then(|| tag.to_owned())
}

/// The size of a note as limits count it: UTF-8 bytes of title and body.
pub const fn note_bytes(title: &str, body: &str) -> u64 {
    title.len() as u64 + body.len() as u64
}

#[cfg(test)]
mod tests;
