//! Tests of previews, tags and digests.

use super::*;
use crate::id::NoteId;

#[test]
fn a_preview_is_the_first_words_without_marks() {
    let body =
        "# Shopping\n\n- [ ] **milk** and `eggs`\n> see [the list](https://x.example/a_b)\n\n1. snake_case stays";
    assert_eq!(preview(body, 200), "Shopping milk and eggs see the list snake_case stays");
    assert_eq!(preview("", 10), "");
    assert_eq!(preview("---\n```rust\nfn main() {}\n```", 80), "fn main() {}");
    assert_eq!(preview("| a | b |\n|---|:-:|\n| 1 | 2 |", 80), "a b 1 2");
    assert_eq!(preview("2 * 3 \\* 4 and ~5, ~~not~~ 6", 80), "2 * 3 * 4 and ~5, not 6");
    assert_eq!(preview("![a cat](cat.png) at list[0] (see [x])", 80), "a cat at list[0] (see [x])");
}

#[test]
fn a_preview_never_exceeds_its_length_and_ends_with_a_whole_word() {
    assert_eq!(preview("one two three four", 10), "one two…");
    assert_eq!(preview("one two", 7), "one two");
    assert_eq!(preview("extraordinarily", 6), "extra…");
    assert_eq!(preview("日本語の文章です", 4), "日本語…");
    assert_eq!(preview("anything", 0), "");
    for length in 0..40 {
        let short = preview("a **bold** 👩‍👩‍👧 word, [and](x) _more_ of it\n\n* then a list", length);
        assert!(short.chars().count() <= length, "{length}: {short}");
    }
}

#[test]
fn a_preview_of_a_huge_body_reads_only_its_beginning() {
    let body = "word ".repeat(2_000_000);
    assert_eq!(preview(&body, 12), "word word…");
}

#[test]
fn a_tag_has_one_form() {
    assert_eq!(normalise_tag(" #Travel "), Some("Travel".to_owned()));
    assert_eq!(normalise_tag("##a  b\tc"), Some("a b c".to_owned()));
    assert_eq!(normalise_tag("cafe\u{301}"), Some("café".to_owned()));
    assert_eq!(normalise_tag(" # "), None);
    assert_eq!(normalise_tag(&"x".repeat(500)).map(|tag| tag.chars().count()), Some(TAG_CHARS));
}

#[test]
fn a_digest_tells_every_part_of_the_content_apart() {
    let note = NoteId::from_bytes([7; 16]);
    let fields = NoteFields { tags: vec!["a".into(), "b".into()], ..NoteFields::default() };
    let digest = content_digest(note, "title", "body", &fields);
    let others = [
        content_digest(NoteId::from_bytes([8; 16]), "title", "body", &fields),
        content_digest(note, "titleb", "ody", &fields),
        content_digest(note, "title", "body", &NoteFields { starred: true, ..fields.clone() }),
        content_digest(note, "title", "body", &NoteFields { pinned: true, ..fields.clone() }),
        content_digest(note, "title", "body", &NoteFields { trashed: true, ..fields.clone() }),
        content_digest(note, "title", "body", &NoteFields { created_at: 1, ..fields.clone() }),
        content_digest(note, "title", "body", &NoteFields { tags: vec!["ab".into()], ..fields.clone() }),
        content_digest(
            note,
            "title",
            "body",
            &NoteFields { folder: Some(FolderId::from_bytes([0; 16])), ..fields.clone() },
        ),
    ];
    for other in others {
        assert_ne!(digest, other);
    }
    let elsewhere = NoteFields { devices: BTreeMap::from([(PeerId(1), DeviceId::from_bytes([1; 16]))]), ..fields };
    assert_eq!(digest, content_digest(note, "title", "body", &elsewhere));
}

#[test]
fn digests_stay_what_they_are() {
    let note = NoteId::from_bytes([1; 16]);
    let digest = content_digest(note, "Milk", "- two litres\n", &NoteFields::default());
    assert_eq!(format!("{digest:032x}"), "02faca306a09b3363297742bf57b39ec");
}
