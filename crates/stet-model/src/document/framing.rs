//! What stands in front of the library's blobs: the format byte, and how a blob is packed behind it. Never their content.

use std::borrow::Cow;

use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;

use super::error::DocumentError;
use super::replica::damaged;

/// A blob as the library made it.
const PLAIN: u8 = 1;
/// The same, deflated (RFC 1951).
const PACKED: u8 = 3;
/// A packed blob holds at most so many times its own bytes: what is read from outside stays in proportion to what was sent.
const RATIO: usize = 64;
/// Thorough enough: more takes longer and saves next to nothing.
const LEVEL: u8 = 6;

/// A blob with its format byte.
pub(super) fn framed(blob: Vec<u8>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(blob.len() + 1);
    bytes.push(PLAIN);
    bytes.extend(blob);
    bytes
}

/// The blob behind the format byte, from outside.
pub(super) fn blob(bytes: &[u8]) -> Result<Cow<'_, [u8]>, DocumentError> {
    match bytes.split_first() {
        Some((&PLAIN, blob)) => Ok(Cow::Borrowed(blob)),
        Some((&PACKED, packed)) => {
            decompress_to_vec_with_limit(packed, packed.len() * RATIO).map(Cow::Owned).map_err(damaged)
        }
        other => Err(DocumentError::UnknownFormat { format: other.map(|(format, _)| *format) }),
    }
}

/// The same operations in fewer bytes, for what is kept long and read often: an update with thousands of keystrokes takes a
/// quarter. As it was, where that saves nothing.
#[must_use]
pub fn packed(ops: Vec<u8>) -> Vec<u8> {
    let Some((&PLAIN, blob)) = ops.split_first() else { return ops };
    let deflated = compress_to_vec(blob, LEVEL);
    if deflated.len() >= blob.len() || deflated.len() * RATIO < blob.len() {
        return ops;
    }
    std::iter::once(PACKED).chain(deflated).collect()
}

/// How many bytes these operations are when they aren't packed.
#[must_use]
pub fn plain_len(ops: &[u8]) -> usize {
    blob(ops).map_or(ops.len(), |blob| blob.len() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{NoteDocument, NoteEdit, Version};
    use crate::id::PeerId;

    fn written(body: &str) -> Vec<u8> {
        let mut note = NoteDocument::new(PeerId(7));
        note.edit(&NoteEdit::SetBody(body.into()), 0).expect("fits");
        note.export(&Version::default())
    }

    #[test]
    fn packed_operations_say_the_same_in_fewer_bytes() {
        let plain = written(&(0..2_000).map(|n| format!("line {n}\n")).collect::<String>());
        let small = packed(plain.clone());
        assert!(small.len() * 2 < plain.len(), "{} of {}", small.len(), plain.len());
        assert_eq!(blob(&small).expect("readable"), &plain[1..]);
        let note = |ops: &[u8]| NoteDocument::load(&[ops], PeerId(8)).expect("readable");
        assert_eq!((note(&small).body(), note(&small).head()), (note(&plain).body(), note(&plain).head()));
        assert_eq!((plain_len(&small), plain_len(&plain)), (plain.len(), plain.len()));
        assert_eq!(packed(small.clone()), small, "once");
    }

    #[test]
    fn what_packing_would_not_make_smaller_stays() {
        let next =
            |noise: &u64| Some(noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
        let noise = std::iter::successors(Some(7_u64), next).map(|noise| (noise >> 56) as u8);
        let plain = framed(noise.take(1_000).collect());
        assert_eq!(packed(plain.clone()), plain);
    }

    #[test]
    fn a_few_bytes_never_become_many() {
        let bomb: Vec<u8> = std::iter::once(PACKED).chain(compress_to_vec(&vec![0; 1 << 20], LEVEL)).collect();
        assert!(matches!(blob(&bomb), Err(DocumentError::Damaged { .. })), "{} bytes", bomb.len());
        let honest = framed(vec![0; 1 << 20]);
        assert_eq!(packed(honest.clone()), honest, "what couldn't be read back isn't packed");
    }

    #[test]
    fn cut_off_or_damaged_it_is_refused_with_a_reason() {
        let small = packed(written(&"words ".repeat(500)));
        assert_eq!(small[0], PACKED);
        for length in 1..small.len() {
            assert!(matches!(blob(&small[..length]), Err(DocumentError::Damaged { .. })), "{length} bytes");
        }
        assert!(matches!(blob(&[]), Err(DocumentError::UnknownFormat { format: None })));
        assert!(matches!(blob(&[2, 0]), Err(DocumentError::UnknownFormat { format: Some(2) })));
    }
}
