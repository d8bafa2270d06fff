//! Documents from bytes: nothing panics, and what can't be taken in leaves the document as it was. The checksum in a blob
//! is never made right here: forged blobs make the library stop in a way that no wall holds (a panic while another one
//! unwinds), and the fuzzer would find nothing else.

use stet_model::document::{Document, LibraryDocument, NoteDocument, NoteEdit, Version};
use stet_model::id::PeerId;
use stet_model::text::TextChange;

use super::Choices;

pub fn run(data: &[u8]) {
    let mut choices = Choices(data);
    let library = choices.rarely(4);
    let mut document = begun(library);
    for _ in 0..4 {
        let mut parts = Vec::new();
        for _ in 0..=choices.below(3) {
            parts.push(choices.bytes(1 << 14));
        }
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let before = state(&document);
        match document.import(&parts) {
            Ok(_) => {
                assert!(document.head().includes(&before.0), "an import took something away");
                let again = load(library, &[&snapshot(&document)]).expect("a snapshot of a sound document loads");
                assert_eq!(again.head(), document.head());
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
