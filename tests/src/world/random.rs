//! Chance, all of it from the seed. Each part of the world draws from a stream of its own, so that leaving a step out
//! doesn't change what the others draw. No clock, no system randomness.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// A stream of chance.
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// Stream number `stream` of a seed.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(stream);
        Self(random)
    }

    /// A number below `end`; 0 when there is none.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0.next_u64() % end.max(1)
    }

    /// A number from `from` to `to`, both included.
    pub fn within(&mut self, (from, to): (u64, u64)) -> u64 {
        from + self.below(to.saturating_sub(from) + 1)
    }

    /// True so many times in a hundred.
    pub fn percent(&mut self, times: u64) -> bool {
        self.below(100) < times
    }

    /// One of these.
    pub fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    /// A share of whatever there will be, for [`Share::of`].
    pub fn share(&mut self) -> Share {
        Share(self.below(1 << 16) as u16)
    }

    /// Fills a buffer.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }
}

/// A choice made before it is known among how many: a share of the range. Leaving out another step keeps its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share(u16);

impl Share {
    /// The first of whatever there will be.
    pub const FIRST: Self = Self(0);

    /// The index among `count`; `None` when there is nothing to choose from.
    pub const fn of(self, count: usize) -> Option<usize> {
        if count == 0 { None } else { Some((self.0 as usize * count) >> 16) }
    }
}
