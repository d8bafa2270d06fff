//! Digests two sides compare to know that they hold the same: sums modulo 2^128 of one hash a document, so that a change
//! costs one subtraction and one addition and the order of documents doesn't matter. Never the choice of what to do when
//! they differ.

use std::fmt;
use std::str::FromStr;

use crate::id::NoteId;
use sha2::{Digest as _, Sha256};

/// A text that should have been a digest: 32 hexadecimal digits are expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a digest: 32 hexadecimal digits are expected")]
pub struct InvalidDigest;

macro_rules! digest {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub struct $name(u128);

        impl $name {
            /// The digest stored as these bytes, most significant first.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(u128::from_be_bytes(bytes))
            }

            /// The digest as bytes, most significant first.
            pub const fn to_bytes(self) -> [u8; 16] {
                self.0.to_be_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:032x}", self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidDigest;

            fn from_str(text: &str) -> Result<Self, InvalidDigest> {
                // from_str_radix would also take a sign.
                if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                    return Err(InvalidDigest);
                }
                u128::from_str_radix(text, 16).map(Self).map_err(|_| InvalidDigest)
            }
        }
    };
}

digest!(
    /// What a space's log holds: every document, with library and tombstones, at its last seq. Empty is zero.
    LogDigest
);
digest!(
    /// What the documents of a device say: the sum of one hash a document, made by the model from its canonical form.
    ContentDigest
);

impl LogDigest {
    /// A document entered the log, or came to stand at a new last seq (after [`LogDigest::remove`] of the one before).
    pub fn add(&mut self, note: NoteId, seq: u64, purged: bool) {
        self.0 = self.0.wrapping_add(standing(note, seq, purged));
    }

    /// Takes out what [`LogDigest::add`] put in with the same values.
    pub fn remove(&mut self, note: NoteId, seq: u64, purged: bool) {
        self.0 = self.0.wrapping_sub(standing(note, seq, purged));
    }
}

impl ContentDigest {
    /// A document's hash comes in, as the model makes it: `content_digest` or `library_digest`.
    pub fn add(&mut self, hash: u128) {
        self.0 = self.0.wrapping_add(hash);
    }

    /// Takes out what [`ContentDigest::add`] put in.
    pub fn remove(&mut self, hash: u128) {
        self.0 = self.0.wrapping_sub(hash);
    }
}

/// The first 16 bytes of SHA-256 over the id's 16 bytes, the seq as 8 bytes and one byte (0 live, 1 purged), all numbers
/// most significant byte first.
fn standing(note: NoteId, seq: u64, purged: bool) -> u128 {
    let mut hash = Sha256::new();
    hash.update(note.as_bytes());
    hash.update(seq.to_be_bytes());
    hash.update([u8::from(purged)]);
    let mut first = [0; 16];
    first.copy_from_slice(&hash.finalize()[..16]);
    u128::from_be_bytes(first)
}
