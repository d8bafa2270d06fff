//! What bytes from outside may do: each target turns bytes into inputs and panics when something doesn't hold. The fuzzers
//! of `fuzz/` take these very files in by their path, so nothing here names another part of this package.

mod device;
mod document;
mod frames;
mod server;

/// A target: what it is called, and what it does with an input.
type Target = (&'static str, fn(&[u8]));

/// Every target with its name: a folder of `fuzz/corpus` and a program of `fuzz/fuzz_targets`.
pub const TARGETS: [Target; 4] =
    [("frames", frames::run), ("server", server::run), ("device", device::run), ("document", document::run)];

/// Runs one target on one input.
///
/// # Panics
/// When what the target promises doesn't hold.
pub fn run(target: &str, data: &[u8]) {
    if let Some((_, run)) = TARGETS.iter().find(|(name, _)| *name == target) {
        run(data);
    }
}

/// Bytes as choices. When they are used up, every choice is the first.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    /// A number below `end`.
    fn below(&mut self, end: u8) -> u8 {
        self.byte() % end.max(1)
    }

    /// One in so many.
    fn rarely(&mut self, times: u8) -> bool {
        self.below(times) == 1
    }

    /// Mostly a small number, now and then any.
    fn number(&mut self) -> u64 {
        match self.byte() {
            255 => u64::from_le_bytes([(); 8].map(|()| self.byte())),
            254 => u64::from(self.byte()) << 16,
            small => u64::from(small),
        }
    }

    /// At most so many bytes.
    fn bytes(&mut self, most: usize) -> Vec<u8> {
        let length = (usize::from(self.byte()) | usize::from(self.byte()) << 8) % (most + 1);
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        taken.to_vec()
    }
}
