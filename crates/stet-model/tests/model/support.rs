//! What the tests share: proptest with a fixed seed, texts with everything that makes offsets hard, a device with a
//! shadow of its texts. Never here: tests.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use stet_model::document::{Edited, NoteDocument, NoteEdit};
use stet_model::id::PeerId;
use stet_model::text::{TextChange, apply};

/// The seed of every generator here.
const SEED: u64 = 0x57e7_0001;

/// Proptest with a fixed seed and this many cases; prints the seed when it fails.
pub fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(SEED), failure_persistence: None, ..ProptestConfig::default() }
}

/// Pieces that break naive offsets: emoji, families joined by ZWJ, CJK, right to left with marks, combining characters,
/// every kind of line end.
const PIECES: [&str; 16] = [
    "a",
    "word ",
    "\n",
    "\r\n",
    "\r",
    "😀",
    "👩‍👩‍👧‍👦",
    "日本語",
    "한국",
    "שלום",
    "\u{200f}",
    "e\u{301}",
    "𝔘",
    "🇩🇪",
    "\u{feff}",
    "line\n",
];

/// A text of up to so many awkward pieces.
pub fn awkward(pieces: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES.as_slice()), 0..=pieces).prop_map(|pieces| pieces.concat())
}

/// A place in a text as a fraction of its length, so that shrinking keeps its meaning.
pub fn place() -> impl Strategy<Value = u16> {
    any::<u16>()
}

/// The UTF-16 offset of a character boundary at this fraction of the text.
pub fn offset(text: &str, place: u16) -> u32 {
    let characters = text.chars().count();
    let nth = characters * usize::from(place) / usize::from(u16::MAX);
    text.chars().take(nth).map(|c| u32::try_from(c.len_utf16()).unwrap()).sum()
}

/// A note on a device, with shadows of its texts that follow returned changes only.
pub struct Device {
    pub note: NoteDocument,
    pub title: String,
    pub body: String,
}

impl Device {
    pub fn new(peer: u64) -> Self {
        Self { note: NoteDocument::new(PeerId(peer)), title: String::new(), body: String::new() }
    }

    pub fn edit(&mut self, edit: &NoteEdit, at: i64) -> Edited {
        let edited = self.note.edit(edit, at).unwrap();
        self.follow(&edited.title, &edited.body);
        edited
    }

    pub fn import(&mut self, parts: &[&[u8]]) -> stet_model::document::Import {
        let import = self.note.import(parts).unwrap();
        self.follow(&import.title, &import.body);
        import
    }

    fn follow(&mut self, title: &[TextChange], body: &[TextChange]) {
        self.title = apply(&self.title, title).unwrap();
        self.body = apply(&self.body, body).unwrap();
        assert_eq!(self.title, self.note.title());
        assert_eq!(self.body, self.note.body());
    }

    /// Replaces a stretch of the body and says what stood there.
    pub fn replace(&mut self, from: u16, to: u16, insert: &str, at: i64) -> String {
        let (a, b) = (offset(&self.body, from.min(to)), offset(&self.body, from.max(to)));
        let gone = self.body.encode_utf16().skip(a as usize).take((b - a) as usize).collect::<Vec<u16>>();
        self.edit(&NoteEdit::Body(vec![TextChange::new(a, b, insert)]), at);
        String::from_utf16(&gone).unwrap()
    }
}

/// A note with this body, by this author.
pub fn note(peer: u64, body: &str) -> NoteDocument {
    let mut note = NoteDocument::new(PeerId(peer));
    note.edit(&NoteEdit::SetBody(body.to_owned()), 1_000).unwrap();
    note
}

/// The same note on another device.
pub fn copy(note: &NoteDocument, peer: u64) -> NoteDocument {
    NoteDocument::load(&[&note.snapshot()], PeerId(peer)).unwrap()
}

/// Brings both to the same version.
pub fn exchange(a: &mut NoteDocument, b: &mut NoteDocument) {
    let (to_a, to_b) = (b.export(&a.head()), a.export(&b.head()));
    a.import(&[&to_a]).unwrap();
    b.import(&[&to_b]).unwrap();
    assert_eq!((a.title(), a.body(), a.fields()), (b.title(), b.body(), b.fields()));
    assert_eq!(a.head(), b.head());
    assert_eq!(a.point(), b.point());
}
