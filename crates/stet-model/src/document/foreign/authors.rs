//! Who wrote what an edit deletes. Never here: the edit itself.

use super::super::edit::{NoteEdit, Text};
use super::super::error::DocumentError;
use super::super::note::NoteDocument;
use super::ForeignAuthor;
use crate::id::PeerId;
use crate::text::Offsets;

/// Deleted characters whose author is asked for, about a microsecond each. Above that some are taken to be others':
/// marking a note too often costs a look, too seldom a paragraph.
const LOOK_UPS: usize = 16_384;

/// Whether an edit of a text deletes characters this writer didn't write.
pub(super) fn deletes_others(
    note: &NoteDocument,
    edit: &NoteEdit,
    author: &ForeignAuthor,
) -> Result<bool, DocumentError> {
    let (which, changes) = match edit {
        NoteEdit::Title(changes) => (Text::Title, changes),
        NoteEdit::Body(changes) => (Text::Body, changes),
        _ => return Ok(false),
    };
    if changes.iter().all(|change| change.from == change.to) {
        return Ok(false);
    }
    let own = |peer: u64| {
        let peer = PeerId(peer);
        author.last == Some(peer) || author.fresh.contains(&peer) || author.own.contains(&peer)
    };
    note.replica.read(|doc| {
        let text = which.of(doc);
        let content = text.to_string();
        let mut offsets = Offsets::new(&content);
        let (mut byte, mut character, mut looked) = (0, 0, 0);
        for change in changes {
            let (Some(from), Some(to)) = (offsets.byte_at(change.from), offsets.byte_at(change.to)) else {
                continue;
            };
            character += content[byte..from].chars().count();
            for _ in content[from..to].chars() {
                looked += 1;
                if looked > LOOK_UPS || !text.get_editor_at_unicode_pos(character).is_some_and(own) {
                    return true;
                }
                character += 1;
            }
            byte = to;
        }
        false
    })
}
