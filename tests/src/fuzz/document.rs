//! Documents from bytes: nothing panics, and what can't be taken in leaves the document as it was.

use stet_model::document::{Document, LibraryDocument, NoteDocument, NoteEdit, Version};
use stet_model::id::PeerId;
use stet_model::text::TextChange;
use xxhash_rust::xxh32::xxh32;

use super::Choices;

/// Bytes of a document's header: magic, room, checksum; then the kind and the body, which the checksum is of.
const CHECKED_FROM: usize = 20;

pub fn run(data: &[u8]) {
    let mut choices = Choices(data);
    let library = choices.rarely(4);
    let mut document = begun(library);
    for _ in 0..4 {
        let reseal = choices.rarely(2);
        let mut parts = Vec::new();
        for _ in 0..=choices.below(3) {
            let mut part = choices.bytes(1 << 14);
            if reseal {
                seal(&mut part);
            }
            parts.push(part);
        }
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let before = state(&document);
        match document.import(&parts) {
            Ok(_) => {
                assert!(document.head().includes(&before.0), "an import took something away");
                // The library may stop at bytes that are sealed and senseless: then the document says so, and stays.
                let snapshot = snapshot(&document);
                if !snapshot.is_empty() && !reseal {
                    let again = load(library, &[&snapshot]).expect("a snapshot of a sound document loads");
                    assert_eq!(again.head(), document.head());
                }
            }
            Err(_) => assert!(state(&document) == before, "a refused import changed the document"),
        }
        // Whether it can be read from the disk is another way in; both must hold.
        drop(load(library, &parts));
        if choices.is_empty() {
            break;
        }
    }
}

fn begun(library: bool) -> Document {
    if library {
        return Document::Library(LibraryDocument::new(PeerId(7)));
    }
    let mut note = NoteDocument::new(PeerId(7));
    note.edit(&NoteEdit::Body(vec![TextChange::new(0, 0, "A line.\nAnother one 😀.\n")]), 1).expect("an edit");
    Document::Note(note)
}

fn load(library: bool, parts: &[&[u8]]) -> Result<Document, String> {
    let loaded = match library {
        true => LibraryDocument::load(parts, PeerId(8)).map(Document::Library),
        false => NoteDocument::load(parts, PeerId(8)).map(Document::Note),
    };
    loaded.map_err(|error| error.to_string())
}

fn snapshot(document: &Document) -> Vec<u8> {
    match document {
        Document::Note(note) => note.snapshot(),
        Document::Library(library) => library.snapshot(),
    }
}

/// Everything people see of a document, and its version.
fn state(document: &Document) -> (Version, String) {
    let shown = match document {
        Document::Note(note) => format!("{:?}", (note.title(), note.body(), note.fields(), note.merged())),
        Document::Library(library) => format!("{:?}", library.folders()),
    };
    (document.head(), shown)
}

/// Makes the checksum right, so that what it guards is reached.
fn seal(part: &mut [u8]) {
    // The first byte is this project's own.
    let Some((format, blob)) = part.split_first_mut().filter(|(_, blob)| blob.len() > CHECKED_FROM) else { return };
    *format = 1;
    blob[..4].copy_from_slice(b"loro");
    let checksum = xxh32(&blob[CHECKED_FROM..], u32::from_le_bytes(*b"LORO"));
    blob[CHECKED_FROM - 4..CHECKED_FROM].copy_from_slice(&checksum.to_le_bytes());
}
