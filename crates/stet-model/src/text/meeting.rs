//! Where two sides that parted at one text have changed the same lines, or lines next to each other. Never here: who
//! the sides are, histories.

use std::ops::Range;

use super::{Offsets, TextChange, utf16_length};

/// A passage both sides changed. Whole lines of the text at which they parted; no two meetings share a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
    /// Where its first line begins, UTF-16 code units.
    pub from: u32,
    /// Where its last line ends, its line end not included, UTF-16 code units.
    pub to: u32,
    /// Which of one side's changes are in it.
    pub mine: Range<usize>,
    /// Which of the other side's changes are in it.
    pub theirs: Range<usize>,
    /// Both have taken the same away and put nothing in its place, which merges to just that. The same words written by
    /// both are not the same: they stand there twice.
    pub agreed: bool,
}

/// Lines next to each other that one side changed.
struct Stretch {
    first: usize,
    last: usize,
    from: u32,
    to: u32,
    changes: Range<usize>,
}

/// Where changes made by two sides to `base` meet, from the front. Both batches must be in order.
pub fn meetings(base: &str, mine: &[TextChange], theirs: &[TextChange]) -> Vec<Meeting> {
    let (mine_at, theirs_at) = (stretches(base, mine), stretches(base, theirs));
    let mut groups: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    let mut start = 0;
    for (index, stretch) in theirs_at.iter().enumerate() {
        while mine_at.get(start).is_some_and(|other| other.last + 1 < stretch.first) {
            start += 1;
        }
        let near = mine_at[start..].iter().take_while(|other| other.first <= stretch.last + 1).count();
        match groups.last_mut() {
            _ if near == 0 => {}
            Some((mine, theirs)) if mine.end > start => {
                (mine.end, theirs.end) = (mine.end.max(start + near), index + 1);
            }
            _ => groups.push((start..start + near, index..index + 1)),
        }
    }
    let meeting = |(mine_in, theirs_in): (Range<usize>, Range<usize>)| {
        let (ours, others) = (&mine_at[mine_in], &theirs_at[theirs_in]);
        let both = || ours.iter().chain(others);
        let (mine_in, theirs_in) = (changes_of(ours), changes_of(others));
        let (a, b) = (&mine[mine_in.clone()], &theirs[theirs_in.clone()]);
        Meeting {
            from: both().map(|stretch| stretch.from).min().unwrap_or(0),
            to: both().map(|stretch| stretch.to).max().unwrap_or(0),
            agreed: a == b && a.iter().all(|change| change.insert.is_empty()),
            mine: mine_in,
            theirs: theirs_in,
        }
    };
    groups.into_iter().map(meeting).collect()
}

/// What one side changed in `base`, as if the other had changed nothing: for marks on passages that didn't meet.
pub fn alone(base: &str, mine: &[TextChange]) -> Vec<Meeting> {
    let whole = |stretch: Stretch| Meeting {
        from: stretch.from,
        to: stretch.to,
        mine: stretch.changes,
        theirs: 0..0,
        agreed: false,
    };
    stretches(base, mine).into_iter().map(whole).collect()
}

/// What makes of the text at which they parted: everything one side wrote, and of what the other wrote, only what lies
/// apart from it. `other` says which changes of the other side a meeting holds.
pub fn with_one_side(
    one: &[TextChange],
    other: &[TextChange],
    meetings: &[Meeting],
    other_in: impl Fn(&Meeting) -> Range<usize>,
) -> Vec<TextChange> {
    let met = |index: usize| meetings.iter().any(|meeting| other_in(meeting).contains(&index));
    let apart = other.iter().enumerate().filter(|(index, _)| !met(*index)).map(|(_, change)| change);
    let mut all: Vec<TextChange> = one.iter().chain(apart).cloned().collect();
    all.sort_by_key(|change| (change.from, change.to));
    all
}

/// Where the place `at` of a text is after these changes: behind what was inserted exactly there if `behind`, else
/// before it. Where the text around it was replaced, at that end of what stands there now.
pub fn carry_place(at: u32, changes: &[TextChange], behind: bool) -> u32 {
    let mut shift = 0_i64;
    let place = |offset: i64| u32::try_from(offset).unwrap_or(0);
    for change in changes {
        let inserted = i64::from(utf16_length(&change.insert));
        if change.to < at || (change.to == at && (change.from < at || behind)) {
            shift += inserted - i64::from(change.to - change.from);
        } else if change.from < at {
            return place(i64::from(change.from) + shift + if behind { inserted } else { 0 });
        } else {
            break;
        }
    }
    place(i64::from(at) + shift)
}

/// The part of a text between two offsets; less at its ends if they don't fit.
pub fn slice(text: &str, from: u32, to: u32) -> &str {
    let mut offsets = Offsets::new(text);
    let from = offsets.byte_at(from).unwrap_or(text.len());
    let to = offsets.byte_at(to).unwrap_or(text.len()).max(from);
    text.get(from..to).unwrap_or_default()
}

fn changes_of(stretches: &[Stretch]) -> Range<usize> {
    match (stretches.first(), stretches.last()) {
        (Some(first), Some(last)) => first.changes.start..last.changes.end,
        _ => 0..0,
    }
}

/// The lines changes touch, those of a line together.
fn stretches(text: &str, changes: &[TextChange]) -> Vec<Stretch> {
    let mut lines = Lines::new(text);
    let mut result: Vec<Stretch> = Vec::new();
    for (index, change) in changes.iter().enumerate() {
        let (first, from, _) = lines.at(change.from);
        let (last, _, to) = lines.at(change.to);
        match result.last_mut() {
            Some(before) if before.last == first => {
                (before.last, before.to, before.changes.end) = (last, to, index + 1);
            }
            _ => result.push(Stretch { first, last, from, to, changes: index..index + 1 }),
        }
    }
    result
}

/// Walks a text once, from the front, telling the line of ascending offsets.
struct Lines<'a> {
    text: &'a str,
    offsets: Offsets<'a>,
    byte: usize,
    line: usize,
    starts_at: u32,
    ends_at: u32,
    next: usize,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let mut lines = Self { text, offsets: Offsets::new(text), byte: 0, line: 0, starts_at: 0, ends_at: 0, next: 0 };
        lines.measure(0, 0);
        lines
    }

    fn measure(&mut self, start: usize, starts_at: u32) {
        let length = self.text[start..].find('\n').unwrap_or(self.text.len() - start);
        self.starts_at = starts_at;
        self.ends_at = starts_at + utf16_length(&self.text[start..start + length]);
        self.next = start + length + 1;
    }

    /// The line an offset is in, where that begins and where it ends, in UTF-16 code units.
    fn at(&mut self, offset: u32) -> (usize, u32, u32) {
        let byte = self.offsets.byte_at(offset).unwrap_or(self.text.len()).max(self.byte);
        self.byte = byte;
        while byte >= self.next && self.next <= self.text.len() {
            let (start, starts_at) = (self.next, self.ends_at + 1);
            self.line += 1;
            self.measure(start, starts_at);
        }
        (self.line, self.starts_at, self.ends_at)
    }
}
