//! The first note of a new store, which is the tour. It is the same on every device, operation by operation.

use stet_model::document::{NoteDocument, NoteEdit};
use stet_model::id::{NoteId, PeerId};

/// The welcome note's id, the same everywhere. A new text gets a new id.
pub(crate) const NOTE: NoteId = NoteId::from_bytes([
    0x57, 0x65, 0x6c, 0x63, 0x6f, 0x6d, 0x40, 0x00, 0x80, 0x00, 0x53, 0x74, 0x65, 0x74, 0x00, 0x01,
]);

/// The peer all its operations come from. No process ever draws it for edits of its own: those are random.
const PEER: PeerId = PeerId(0x5374_6574_2121_0001);

/// The moment its operations bear, epoch milliseconds.
const MADE_AT: i64 = 1_767_225_600_000;

const TITLE: &str = "Welcome to Stet";
const BODY: &str = include_str!("welcome.md");

/// The welcome note.
pub(crate) fn document() -> Option<NoteDocument> {
    let mut document = NoteDocument::new(PEER);
    let edits =
        [NoteEdit::CreatedAt(MADE_AT), NoteEdit::SetTitle(TITLE.to_owned()), NoteEdit::SetBody(BODY.to_owned())];
    edits.iter().try_for_each(|edit| document.edit(edit, MADE_AT).map(|_| ())).ok()?;
    Some(document)
}

#[cfg(test)]
mod tests {
    use stet_model::document::Version;

    #[test]
    fn two_devices_that_meet_hold_one_welcome_note() {
        let (mine, theirs) = (super::document().expect("builds"), super::document().expect("builds"));
        let mut merged = mine;
        merged.import(&[&theirs.export(&Version::default())]).expect("imports");
        assert_eq!(merged.body(), super::BODY);
        assert_eq!(merged.title(), super::TITLE);
    }
}
