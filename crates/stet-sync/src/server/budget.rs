//! Counting what a client sends against what it may send. Never an answer to it.

use std::collections::VecDeque;

const MINUTE_MS: i64 = 60_000;

/// An allowance that refills evenly: a full minute's worth may come at once, then only what time has given back.
#[derive(Debug)]
pub(super) struct Allowance {
    per_minute: u64,
    // In units × milliseconds, so that refilling loses nothing to rounding.
    left: u64,
    at: i64,
}

impl Allowance {
    pub(super) fn new(per_minute: u64, now: i64) -> Self {
        Self { per_minute, left: per_minute.saturating_mul(MINUTE_MS.unsigned_abs()), at: now }
    }

    /// Takes `units`, or says in how many milliseconds they will be there.
    pub(super) fn take(&mut self, units: u64, now: i64) -> Result<(), u64> {
        let full = self.per_minute.saturating_mul(MINUTE_MS.unsigned_abs());
        let passed = now.saturating_sub(self.at).max(0).unsigned_abs();
        self.left = self.left.saturating_add(passed.saturating_mul(self.per_minute)).min(full);
        self.at = self.at.max(now);
        // More than a minute's worth can never be saved up: it costs a full allowance.
        let cost = units.saturating_mul(MINUTE_MS.unsigned_abs()).min(full);
        if cost <= self.left {
            self.left -= cost;
            return Ok(());
        }
        Err((cost - self.left).div_ceil(self.per_minute.max(1)))
    }
}

/// Remembers when the last few strikes were.
#[derive(Debug, Default)]
pub(super) struct Strikes(VecDeque<i64>);

impl Strikes {
    /// One more; true when `bound` of them lie within a minute.
    pub(super) fn add(&mut self, bound: usize, now: i64) -> bool {
        self.0.push_back(now);
        while self.0.len() > bound {
            self.0.pop_front();
        }
        self.0.len() >= bound && self.0.front().is_some_and(|first| now - first <= MINUTE_MS)
    }
}
