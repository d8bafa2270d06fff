//! Changes to a text in UTF-16 offsets, as editors count: checking, applying, carrying over, and what of a text that
//! comes in is put straight. Never here: documents, merging of histories.

mod difference;
mod meeting;

use std::borrow::Cow;

pub use difference::{Cost, Piece, cost, difference, pieces};
pub use meeting::{Meeting, alone, carry_place, meetings, slice, with_one_side};

/// One replacement in a text. A batch is ascending and doesn't overlap, and every offset counts UTF-16 code units of
/// the text *before* the batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextChange {
    /// Start, UTF-16 code units.
    pub from: u32,
    /// End, not included, UTF-16 code units.
    pub to: u32,
    /// What stands there afterwards.
    pub insert: String,
}

impl TextChange {
    /// A replacement of `from..to` by `insert`.
    pub fn new(from: u32, to: u32, insert: impl Into<String>) -> Self {
        Self { from, to, insert: insert.into() }
    }
}

/// Why a batch of changes doesn't fit its text. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// A change starts before the one before it ends, or ends before it starts.
    #[error("change {index} is out of order: changes must ascend and not overlap")]
    OutOfOrder {
        /// Which one, from 0.
        index: usize,
    },
    /// A change reaches past the text.
    #[error("change {index} ends at {to} but the text has {length} UTF-16 units")]
    OutOfBounds {
        /// Which one, from 0.
        index: usize,
        /// Where it ends.
        to: u32,
        /// The text's length, UTF-16 code units.
        length: u32,
    },
    /// An offset stands between the two halves of a character outside the Basic Multilingual Plane.
    #[error("change {index} splits a character at {offset}: an offset must not stand inside a surrogate pair")]
    SplitSurrogate {
        /// Which one, from 0.
        index: usize,
        /// The offset, UTF-16 code units.
        offset: u32,
    },
}

/// The length of a text in UTF-16 code units.
pub fn utf16_length(text: &str) -> u32 {
    let units = if text.is_ascii() { text.len() } else { text.chars().map(char::len_utf16).sum() };
    u32::try_from(units).unwrap_or(u32::MAX)
}

/// A text in which every line ends in `\n`: `\r\n` and a lone `\r` become it. Inside the model there is no other kind,
/// because editors count `\r\n` as one and documents as two.
pub fn normalise_line_ends(text: &str) -> Cow<'_, str> {
    if !text.contains('\r') {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
}

/// A text as a title: every line break, of whatever kind, becomes one space.
pub fn one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(is_line_break) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(normalise_line_ends(text).replace(is_line_break, " "))
}

fn is_line_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Checks order and bounds of a batch against the text's length in UTF-16 code units. Surrogate pairs are not looked at.
///
/// # Errors
/// [`ChangeError::OutOfOrder`] or [`ChangeError::OutOfBounds`], for the first change that is.
pub fn check_order(changes: &[TextChange], length: u32) -> Result<(), ChangeError> {
    let mut end = 0;
    for (index, change) in changes.iter().enumerate() {
        if change.from < end || change.to < change.from {
            return Err(ChangeError::OutOfOrder { index });
        }
        if change.to > length {
            return Err(ChangeError::OutOfBounds { index, to: change.to, length });
        }
        end = change.to;
    }
    Ok(())
}

/// The text after a batch of changes. The whole batch is checked first.
///
/// # Errors
/// The first thing that is wrong with the batch.
pub fn apply(text: &str, changes: &[TextChange]) -> Result<String, ChangeError> {
    check_order(changes, utf16_length(text))?;
    let mut result =
        String::with_capacity(text.len() + changes.iter().map(|change| change.insert.len()).sum::<usize>());
    let mut offsets = Offsets::new(text);
    let mut copied = 0;
    for (index, change) in changes.iter().enumerate() {
        let split = |offset| ChangeError::SplitSurrogate { index, offset };
        let from = offsets.byte_at(change.from).ok_or(split(change.from))?;
        let to = offsets.byte_at(change.to).ok_or(split(change.to))?;
        result.push_str(&text[copied..from]);
        result.push_str(&change.insert);
        copied = to;
    }
    result.push_str(&text[copied..]);
    Ok(result)
}

/// Carries `changes` over: both batches are made against one text; the result does what `changes` meant after `first`
/// has been applied. What both delete is deleted once; of two insertions at one place, the one of `first` comes first.
/// Both batches must be in order, else the result is meaningless (but nothing panics).
pub fn carry_over(changes: &[TextChange], first: &[TextChange]) -> Vec<TextChange> {
    let mut result = Vec::new();
    for change in changes {
        let mut insert = change.insert.as_str();
        for (from, to) in surviving(change.from, change.to, first) {
            result.push(TextChange::new(from, to, std::mem::take(&mut insert)));
        }
    }
    coalesce(result)
}

/// The stretches of `from..to` that are still there after `first`, in the offsets of the text after it. Never empty:
/// where nothing survives, an empty stretch says where it was.
fn surviving(from: u32, to: u32, first: &[TextChange]) -> Vec<(u32, u32)> {
    let mut stretches = Vec::new();
    let mut shift = 0_i64;
    let mut at = from;
    let place = |offset: u32, shift: i64| u32::try_from(i64::from(offset) + shift).unwrap_or(0);
    for other in first {
        if other.from > to || (other.from == to && at < to) {
            break;
        }
        if at < other.from {
            stretches.push((place(at, shift), place(other.from, shift)));
        }
        shift += i64::from(utf16_length(&other.insert)) - i64::from(other.to - other.from.min(other.to));
        at = at.max(other.to);
        if other.to > to {
            // The end lies inside what was replaced: what is left of it stands right after the replacement.
            if stretches.is_empty() {
                let after = place(other.to, shift);
                stretches.push((after, after));
            }
            return stretches;
        }
    }
    if at < to || stretches.is_empty() {
        stretches.push((place(at.min(to), shift), place(to, shift)));
    }
    stretches
}

/// One change for changes that touch each other, and none for those that do nothing.
pub(crate) fn coalesce(changes: Vec<TextChange>) -> Vec<TextChange> {
    let mut result: Vec<TextChange> = Vec::with_capacity(changes.len());
    for change in changes {
        if change.from == change.to && change.insert.is_empty() {
            continue;
        }
        match result.last_mut() {
            Some(last) if last.to == change.from => {
                last.to = change.to;
                last.insert.push_str(&change.insert);
            }
            _ => result.push(change),
        }
    }
    result
}

/// Walks a text once, from the front, turning ascending UTF-16 offsets into byte offsets.
pub(crate) struct Offsets<'a> {
    text: &'a str,
    ascii: bool,
    byte: usize,
    utf16: u32,
}

impl<'a> Offsets<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, ascii: text.is_ascii(), byte: 0, utf16: 0 }
    }

    /// The byte offset of a UTF-16 offset not smaller than the one before; `None` inside a pair or past the end.
    pub(crate) fn byte_at(&mut self, utf16: u32) -> Option<usize> {
        if self.ascii {
            return usize::try_from(utf16).ok().filter(|byte| *byte <= self.text.len());
        }
        let mut rest = self.text[self.byte..].chars();
        while self.utf16 < utf16 {
            let c = rest.next()?;
            self.byte += c.len_utf8();
            self.utf16 += if c.len_utf16() == 2 { 2 } else { 1 };
        }
        (self.utf16 == utf16).then_some(self.byte)
    }
}

#[cfg(test)]
mod tests;
