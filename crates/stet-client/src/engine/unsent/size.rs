//! How large a note may be: what is left is told before it is used up, and what is refused says by how much.

use crate::api::ErrorCode;
use crate::engine::Engine;

/// Largest note before a server has named its own limit, UTF-8 bytes of title and body.
pub(crate) const NOTE_BYTES: u64 = 10 * 1024 * 1024;
/// Of every ten parts of what a note may have, how many are used when people are told what is left.
const TOLD_AT: u64 = 9;

/// How many bytes still fit into a note of this size, once people should know.
pub(in crate::engine) const fn room(bytes: u64, limit: u64) -> Option<u64> {
    if bytes >= (limit / 10).saturating_mul(TOLD_AT) { Some(limit.saturating_sub(bytes)) } else { None }
}

/// A size for people: "10 MB", "9.4 MB", "820 KB", "12 bytes". Rounded up, so that nothing seems to fit that doesn't.
fn words(bytes: u64) -> String {
    const KB: u64 = 1024;
    const MB: u64 = 1024 * KB;
    match bytes {
        MB.. if bytes.is_multiple_of(MB) => format!("{} MB", bytes / MB),
        MB.. => {
            let tenths = (bytes * 10).div_ceil(MB);
            format!("{}.{} MB", tenths / 10, tenths % 10)
        }
        KB.. => format!("{} KB", bytes.div_ceil(KB)),
        1 => "1 byte".to_owned(),
        _ => format!("{bytes} bytes"),
    }
}

impl Engine {
    /// Refuses what would make a note larger than it may be.
    pub(in crate::engine) fn refuse_size(&mut self, call: u64, title: &str, bytes: u64) {
        let title = if title.trim().is_empty() { "Untitled" } else { title };
        let (limit, over) = (words(self.note_bytes), words(bytes - self.note_bytes.min(bytes)));
        let message = format!(
            "“{title}” is full: a note can have {limit}, and this is {over} too much. Split it into two notes."
        );
        self.refuse(call, ErrorCode::TooLarge, message);
    }
}

#[cfg(test)]
mod tests {
    use super::{NOTE_BYTES, room, words};

    #[test]
    fn what_is_left_is_told_from_nine_tenths_on() {
        assert_eq!(room(0, NOTE_BYTES), None);
        assert_eq!(room(NOTE_BYTES / 10 * 9 - 1, NOTE_BYTES), None);
        assert_eq!(room(900, 1_000), Some(100));
        assert_eq!(room(1_000, 1_000), Some(0));
        assert_eq!(room(1_200, 1_000), Some(0), "it came so from elsewhere");
    }

    #[test]
    fn sizes_are_rounded_up() {
        let mb = 1024 * 1024;
        let said = [12, 1024, 1025, mb, mb + 1, 10 * mb].map(words);
        assert_eq!(said, ["12 bytes", "1 KB", "2 KB", "1 MB", "1.1 MB", "10 MB"]);
    }
}
