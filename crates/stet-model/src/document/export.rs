//! Exports in ranges: between two versions, at most so many bytes, of the past. Never here: imports.

use std::borrow::Cow;

use loro::{ExportMode, ID, IdSpan, LoroDoc};

use super::error::DocumentError;
use super::replica::Replica;
use super::version::{Point, Version};

/// Exports tried to find the largest prefix below a limit: each halves what is unsure, so the last is within 1 %.
const TRIES: usize = 8;

/// A stretch of one author's operations, with the place of its first one in the order of causes and its time.
pub(super) struct Stretch {
    order: u32,
    pub(super) at: i64,
    pub(super) author: u64,
    pub(super) from: i32,
    pub(super) to: i32,
}

impl Replica {
    pub(super) fn export_from(&self, from: &Version) -> Vec<u8> {
        self.export(ExportMode::updates_owned(from.to_loro()))
    }

    pub(super) fn export_between(&self, from: &Version, to: &Version) -> Vec<u8> {
        let head = self.head();
        let span = |(author, end): (u64, i32)| {
            let (start, end) = (from.count(author), end.min(head.count(author)));
            (start < end).then(|| IdSpan::new(author, start, end))
        };
        let spans: Vec<IdSpan> = to.iter().filter_map(span).collect();
        self.export(ExportMode::UpdatesInRange { spans: Cow::Owned(spans) })
    }

    pub(super) fn export_bounded(&self, from: &Version, to: &Version, max_bytes: usize) -> (Vec<u8>, Version) {
        let whole = self.export_between(from, to);
        if whole.len() <= max_bytes {
            return (whole, self.reached(from, to));
        }
        let Ok(stretches) = self.read(|doc| stretches(doc, from, to)) else {
            return (Vec::new(), from.clone());
        };
        let total: usize = stretches.iter().map(Stretch::length).sum();
        let (mut fits, mut exceeds) = (0, total);
        let mut best = None;
        let mut guess = share(total, max_bytes, whole.len());
        for _ in 0..TRIES {
            if exceeds - fits <= 1 {
                break;
            }
            guess = guess.clamp(fits + 1, exceeds - 1);
            let end = prefix(from, &stretches, guess);
            let bytes = self.export_between(from, &end);
            let length = bytes.len();
            if length <= max_bytes {
                fits = guess;
                best = Some((bytes, end));
                // Close enough is better than another export.
                if length >= max_bytes - max_bytes / 8 {
                    break;
                }
            } else {
                exceeds = guess;
            }
            guess = fits + (exceeds - fits) / 2;
        }
        best.unwrap_or_else(|| self.smallest(from, &stretches, max_bytes, exceeds))
    }

    /// The tries ended without one that fits: goes on downwards, and gives one operation whatever its size.
    fn smallest(&self, from: &Version, stretches: &[Stretch], max_bytes: usize, exceeds: usize) -> (Vec<u8>, Version) {
        let mut count = exceeds;
        loop {
            count = (count / 2).max(1);
            let end = prefix(from, stretches, count);
            let bytes = self.export_between(from, &end);
            if bytes.len() <= max_bytes || count == 1 {
                return (bytes, end);
            }
        }
    }

    /// `to` as far as the document goes, together with `from`.
    fn reached(&self, from: &Version, to: &Version) -> Version {
        let head = self.head();
        let mut end = from.clone();
        for (author, count) in to.iter() {
            let count = count.min(head.count(author));
            if count > from.count(author) {
                end.set(author, count);
            }
        }
        end
    }

    /// The document as it stood at a point. Of the past these are its operations: to go back in a long history for a
    /// snapshot takes the library a thousand times as long as to make the document of them again.
    pub(super) fn export_at(&self, point: &Point) -> Result<Vec<u8>, DocumentError> {
        if *point == self.point() {
            return Ok(self.export(ExportMode::Snapshot));
        }
        Ok(self.export_between(&Version::new(), &self.version_at(point)?))
    }
}

impl Stretch {
    fn length(&self) -> usize {
        usize::try_from(self.to - self.from).unwrap_or(0)
    }
}

fn share(total: usize, max_bytes: usize, bytes: usize) -> usize {
    let share = total as u128 * max_bytes as u128 / bytes.max(1) as u128;
    usize::try_from(share * 9 / 10).unwrap_or(total)
}

/// What lies between two versions, sorted so that nothing comes before what it builds on: a change's causes all have a
/// smaller place in the order than its first operation, and inside a change each operation builds on the one before.
pub(super) fn stretches(doc: &LoroDoc, from: &Version, to: &Version) -> Vec<Stretch> {
    let head = Version::from_loro(&doc.oplog_vv());
    let mut stretches = Vec::new();
    for (author, end) in to.iter() {
        let end = end.min(head.count(author));
        let mut at = from.count(author);
        while at < end {
            let Some(change) = doc.get_change(ID::new(author, at)) else {
                break;
            };
            let length = i32::try_from(change.len).unwrap_or(i32::MAX);
            let next = change.id.counter.saturating_add(length).min(end);
            if next <= at {
                break;
            }
            let order = change.lamport + at.abs_diff(change.id.counter);
            stretches.push(Stretch { order, at: change.timestamp, author, from: at, to: next });
            at = next;
        }
    }
    stretches.sort_unstable_by_key(|stretch| (stretch.order, stretch.author));
    stretches
}

/// The version `count` operations after `from`.
fn prefix(from: &Version, stretches: &[Stretch], count: usize) -> Version {
    let mut end = from.clone();
    let mut left = count;
    for stretch in stretches {
        let taken = stretch.length().min(left);
        if taken == 0 {
            break;
        }
        end.set(stretch.author, stretch.from + i32::try_from(taken).unwrap_or(i32::MAX));
        left -= taken;
    }
    end
}
