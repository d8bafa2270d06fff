//! Edits of a note, as values, and how one is made in a document. Every edit is checked whole before anything is
//! touched, and one that changes nothing writes nothing. Never here: commits, the library of folders.

use loro::cursor::PosType;
use loro::{LoroDoc, LoroError, LoroText};

use super::error::{DocumentError, EditError};
use super::replica::commit;
use super::version::Point;
use super::{BODY, TITLE, fields};
use crate::id::{DeviceId, FolderId, PeerId};
use crate::text::{
    ChangeError, TextChange, check_order, coalesce, difference, normalise_line_ends, one_line, utf16_length,
};

/// Longer insertions are written in pieces of this many bytes, each a change of its own: the library encodes a change
/// as a whole, so one of 1 MB makes every later keystroke in it cost milliseconds. Pieces below 8 KiB are put together
/// again by the library, which costs the same.
pub const PASTE_PIECE_BYTES: usize = 32 * 1024;

/// One edit of a note.
#[derive(Clone, Debug, PartialEq)]
pub enum NoteEdit {
    /// Changes to the title, checked as a whole. Line breaks become spaces.
    Title(Vec<TextChange>),
    /// Changes to the body, checked as a whole. Line ends become `\n`.
    Body(Vec<TextChange>),
    /// A whole new title; only the difference is written.
    SetTitle(String),
    /// A whole new body; only the difference is written.
    SetBody(String),
    /// Into this folder, or out of any.
    Folder(Option<FolderId>),
    /// Starred or not.
    Starred(bool),
    /// Kept at the top or not.
    Pinned(bool),
    /// Put away or not.
    Archived(bool),
    /// Hidden or not (level 1's flag).
    Hidden(bool),
    /// With this tag, in the form of [`crate::note::normalise_tag`].
    AddTag(String),
    /// Without this tag.
    RemoveTag(String),
    /// When the note was made, epoch milliseconds.
    CreatedAt(i64),
    /// The author of this document's operations is this device.
    Device(DeviceId),
    /// Into the trash, as seen now. An edit that wasn't seen takes it out again.
    Trash,
    /// Out of the trash.
    Restore,
    /// Two sides met at the same passage: marks it for the user to look at.
    MarkMerged {
        /// Where the two sides parted.
        base: Point,
        /// One side alone.
        mine: Point,
        /// The other side alone.
        theirs: Point,
    },
    /// The user has looked at this merged passage: takes its mark away, on all devices.
    Settle(String),
}

/// What an edit really did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edited {
    /// Changes of the title, UTF-16, of the title before. Differs from what was asked where line breaks were put straight.
    pub title: Vec<TextChange>,
    /// Changes of the body, UTF-16, of the body before. Differs from what was asked where line ends were put straight.
    pub body: Vec<TextChange>,
    /// Whether anything was written.
    pub changed: bool,
}

/// Which of the two texts of a note.
#[derive(Clone, Copy)]
pub(super) enum Text {
    Title,
    Body,
}

impl Text {
    pub(super) fn of(self, doc: &LoroDoc) -> LoroText {
        doc.get_text(match self {
            Self::Title => TITLE,
            Self::Body => BODY,
        })
    }

    /// A text as this one may hold it.
    pub(super) fn normalise(self, text: &str) -> String {
        match self {
            Self::Title => one_line(text).into_owned(),
            Self::Body => normalise_line_ends(text).into_owned(),
        }
    }
}

/// Makes an edit in the open transaction of a document.
pub(super) fn make(doc: &LoroDoc, edit: &NoteEdit, author: PeerId, at: i64) -> Result<Edited, EditError> {
    match edit {
        NoteEdit::Title(changes) => text(doc, Text::Title, changes, at),
        NoteEdit::Body(changes) => text(doc, Text::Body, changes, at),
        NoteEdit::SetTitle(new) => whole(doc, Text::Title, new, at),
        NoteEdit::SetBody(new) => whole(doc, Text::Body, new, at),
        other => fields::make(doc, other, author, at).map(|changed| Edited { changed, ..Edited::default() }),
    }
}

fn whole(doc: &LoroDoc, which: Text, new: &str, at: i64) -> Result<Edited, EditError> {
    let old = which.of(doc).to_string();
    splice(doc, which, difference(&old, &which.normalise(new)), at)
}

fn text(doc: &LoroDoc, which: Text, changes: &[TextChange], at: i64) -> Result<Edited, EditError> {
    check(&which.of(doc), changes)?;
    let normal = changes.iter().map(|change| TextChange::new(change.from, change.to, which.normalise(&change.insert)));
    splice(doc, which, coalesce(normal.collect()), at)
}

/// Checks a whole batch against a document's text without copying the text.
fn check(text: &LoroText, changes: &[TextChange]) -> Result<(), ChangeError> {
    let length = text.len_utf16();
    check_order(changes, u32::try_from(length).unwrap_or(u32::MAX))?;
    if length == text.len_unicode() {
        return Ok(());
    }
    for (index, change) in changes.iter().enumerate() {
        for offset in [change.from, change.to] {
            let units = offset as usize;
            let there = text.convert_pos(units, PosType::Utf16, PosType::Unicode);
            let back = there.and_then(|characters| text.convert_pos(characters, PosType::Unicode, PosType::Utf16));
            if back != Some(units) {
                return Err(ChangeError::SplitSurrogate { index, offset });
            }
        }
    }
    Ok(())
}

/// Writes checked changes, the last one first, so that their offsets stay true.
fn splice(doc: &LoroDoc, which: Text, changes: Vec<TextChange>, at: i64) -> Result<Edited, EditError> {
    let text = which.of(doc);
    let refused = |error: LoroError| DocumentError::Stopped { reason: error.to_string() };
    for change in changes.iter().rev() {
        let (first, rest) = piece(&change.insert);
        let mut place = change.from as usize;
        text.splice_utf16(place, (change.to - change.from) as usize, first).map_err(refused)?;
        place += utf16_length(first) as usize;
        let mut left = rest;
        while !left.is_empty() {
            commit(doc, at);
            let (next, rest) = piece(left);
            text.insert_utf16(place, next).map_err(refused)?;
            place += utf16_length(next) as usize;
            left = rest;
        }
    }
    let changed = !changes.is_empty();
    Ok(match which {
        Text::Title => Edited { title: changes, changed, ..Edited::default() },
        Text::Body => Edited { body: changes, changed, ..Edited::default() },
    })
}

/// The first piece of an insertion, and the rest of it.
fn piece(text: &str) -> (&str, &str) {
    let mut end = PASTE_PIECE_BYTES.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.split_at(end)
}
