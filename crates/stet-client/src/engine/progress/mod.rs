//! How far a catch-up is and how long it will still take, from the pace of the last while. Says nothing before it can be
//! known, and in steps as people say it, so that nothing on the screen jumps. No clock of its own.

mod steps;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use super::{Engine, Now};
use crate::api::status::Progress;
use steps::{nearest, still_fits};

/// Nothing is said of the time left before a catch-up has gone on for this long, milliseconds: its beginning has another pace.
const KNOWN_AFTER_MS: u64 = 2_000;
/// Nor before it has moved so often: rows come in batches, and two of them have no pace.
const KNOWN_AFTER_MOVES: usize = 4;
/// The pace is that of this last while, milliseconds.
const SPAN_MS: u64 = 15_000;
/// Between two looks at how far it is, milliseconds; and when nothing moves.
const LOOK_MS: u64 = 250;
const STILL_MS: u64 = 2_000;

/// A catch-up as it goes on.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// How far it was, and when, the oldest first: bounded by span and look.
    looks: VecDeque<Look>,
    /// What is told.
    seconds_left: Option<u64>,
    total: u64,
    /// The first look was taken when something had just come.
    moves: bool,
}

#[derive(Clone, Copy, Debug)]
struct Look {
    at: u64,
    done: u64,
}

impl Pace {
    /// Takes notice of how far it is at this moment, monotonic milliseconds.
    fn notice(&mut self, done: u64, total: u64, at: u64) {
        // Another catch-up: within one, what it will bring is never less than was said before.
        if total < self.total || self.looks.front().is_some_and(|first| done < first.done) {
            *self = Self::default();
        }
        self.total = total;
        // What comes first says nothing of the pace: nobody knows how long it had been on its way.
        if self.looks.front().is_some_and(|first| done > first.done) && self.stands(at) {
            self.looks.clear();
            self.moves = true;
        }
        match self.looks.back_mut() {
            // Between two batches nothing moves, and that is no slower pace.
            Some(last) if last.done == done && at < last.at + STILL_MS => return,
            Some(last) if at < last.at + LOOK_MS => last.done = done,
            _ => self.looks.push_back(Look { at, done }),
        }
        // The one before the span stays: the pace is that of the whole span.
        while self.looks.get(1).is_some_and(|second| second.at + SPAN_MS <= at) {
            self.looks.pop_front();
        }
        self.seconds_left = self.left(done, total, at).map(|left| match self.seconds_left {
            Some(told) if still_fits(told, left) => told,
            _ => nearest(left),
        });
    }

    /// Whether nothing has come yet, or nothing for a whole span.
    fn stands(&self, at: u64) -> bool {
        let long = self.looks.front().is_some_and(|first| first.at + SPAN_MS <= at);
        let still = self.looks.iter().zip(self.looks.iter().skip(1)).all(|(before, after)| before.done == after.done);
        still && (long || !self.moves)
    }

    /// Milliseconds left at the pace of the span; nothing while nothing moves.
    fn left(&self, done: u64, total: u64, at: u64) -> Option<u64> {
        let first = self.looks.front()?;
        let (took, moved) = (at - first.at, done.saturating_sub(first.done));
        let moves = self.looks.iter().zip(self.looks.iter().skip(1)).filter(|(before, after)| before.done < after.done);
        let is_known = took >= SPAN_MS || moves.take(KNOWN_AFTER_MOVES).count() == KNOWN_AFTER_MOVES;
        if took < KNOWN_AFTER_MS || moved == 0 || !is_known {
            return None;
        }
        let left = u128::from(total.saturating_sub(done)) * u128::from(took) / u128::from(moved);
        Some(u64::try_from(left).unwrap_or(u64::MAX))
    }
}

impl Engine {
    /// How far the catch-up is; nothing when none is under way. What came and isn't part of its document yet isn't done.
    fn rows_done(&self) -> Option<(u64, u64)> {
        let waiting = self.documents.waiting_imports();
        match self.device.progress(self.space) {
            Some((done, total)) => Some((done.saturating_sub(waiting), total)),
            None if waiting > 0 && self.pace.total > 0 => {
                Some((self.pace.total.saturating_sub(waiting), self.pace.total))
            }
            None => None,
        }
    }

    /// Takes notice of how far the catch-up is.
    pub(super) fn keep_pace(&mut self, now: Now) {
        match self.rows_done() {
            Some((done, total)) => self.pace.notice(done, total, now.mono),
            None => self.pace = Pace::default(),
        }
    }

    /// How far the catch-up is, as it is told.
    pub(super) fn progress(&self) -> Option<Progress> {
        let (done, total) = self.rows_done()?;
        Some(Progress { done, total, seconds_left: self.pace.seconds_left })
    }
}
