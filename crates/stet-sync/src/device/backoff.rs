//! When to try again: full-jitter exponential backoff. Its randomness is a seed the caller brings.

use stet_protocol::limits::{
    RECONNECT_ATTEMPTS, RECONNECT_BASE_MS, RECONNECT_CAP_MS, RECONNECT_FACTOR, RECONNECT_SLOW_MS,
};

/// How long to wait between attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackoffOptions {
    /// Upper end of the first wait, milliseconds.
    pub base_ms: u64,
    /// Longest upper end, milliseconds.
    pub cap_ms: u64,
    /// Failed attempts after which attempts go on once a minute.
    pub max_attempts: u32,
}

impl Default for BackoffOptions {
    fn default() -> Self {
        Self { base_ms: RECONNECT_BASE_MS, cap_ms: RECONNECT_CAP_MS, max_attempts: RECONNECT_ATTEMPTS }
    }
}

/// Counts failed attempts and draws the next wait.
#[derive(Clone, Debug)]
pub(super) struct Backoff {
    options: BackoffOptions,
    attempts: u32,
    random: u64,
}

impl Backoff {
    pub(super) const fn new(options: BackoffOptions, seed: u64) -> Self {
        Self { options, attempts: 0, random: seed }
    }

    pub(super) const fn set_options(&mut self, options: BackoffOptions) {
        self.options = options;
    }

    pub(super) const fn attempts(&self) -> u32 {
        self.attempts
    }

    pub(super) const fn is_exhausted(&self) -> bool {
        self.attempts >= self.options.max_attempts
    }

    pub(super) const fn reset(&mut self) {
        self.attempts = 0;
    }

    /// Notes a failed attempt and says how long to wait, milliseconds.
    pub(super) fn failed(&mut self) -> u64 {
        let factor = u64::from(RECONNECT_FACTOR).saturating_pow(self.attempts);
        let ceiling = self.options.base_ms.saturating_mul(factor).clamp(1, self.options.cap_ms.max(1));
        self.attempts = self.attempts.saturating_add(1);
        if self.is_exhausted() { RECONNECT_SLOW_MS } else { self.draw() % (ceiling + 1) }
    }

    // SplitMix64: enough to keep a crowd of devices from knocking at the same moment.
    const fn draw(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::{Backoff, BackoffOptions};

    #[test]
    fn waits_stay_below_a_doubling_ceiling_and_end_in_one_a_minute() {
        let mut backoff = Backoff::new(BackoffOptions::default(), 7);
        for attempt in 0..9_u32 {
            assert!(backoff.failed() <= (1_000 << attempt).min(30_000));
            assert!(!backoff.is_exhausted());
        }
        assert_eq!((backoff.failed(), backoff.failed()), (60_000, 60_000));
        assert!(backoff.is_exhausted());
        backoff.reset();
        assert!(backoff.failed() <= 1_000);
    }

    #[test]
    fn an_absurd_setting_neither_overflows_nor_divides_by_zero() {
        let mut backoff = Backoff::new(BackoffOptions { base_ms: 0, cap_ms: 0, max_attempts: u32::MAX }, 1);
        assert!((0..100).all(|_| backoff.failed() <= 1));
    }
}
