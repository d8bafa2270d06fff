//! The difference between two texts, bounded by work and never by time. Never here: histories, merging.
//!
//! Common ends are trimmed. A small rest is compared by words; a large one first by lines that stand exactly once in
//! both texts, then by words between them. Where the work limit is reached, the rest is replaced as a whole.

use std::collections::BTreeMap;
use std::ops::Range;

use super::TextChange;

/// Above this many bytes on both sides together, lines come first: comparing by words then costs more than it gives.
const BY_LINE_ABOVE: usize = 16 * 1024;
/// Differing words a single comparison may find. Its record grows with the square: 1,024 are 8 MiB.
const WORDS_APART: usize = 1_024;
/// How far a deletion or insertion is moved to begin with a line or a word, in characters.
const SETTLE: usize = 256;
/// Steps all comparisons of two texts may take together: about 20 ms.
const STEPS: usize = 4_000_000;

/// What turning one text into another takes, in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost {
    /// Characters deleted and inserted together: the distance.
    pub distance: usize,
    /// Characters deleted.
    pub deleted: usize,
}

/// A stretch of the old text replaced by one of the new, both in bytes.
struct Hunk {
    old: Range<usize>,
    new: Range<usize>,
}

/// The changes that turn `old` into `new`: ascending, apart from each other, never inside a character.
pub fn difference(old: &str, new: &str) -> Vec<TextChange> {
    let mut changes = Vec::new();
    let (mut byte, mut utf16) = (0, 0);
    for hunk in hunks(old, new) {
        let from = utf16 + super::utf16_length(&old[byte..hunk.old.start]);
        let to = from + super::utf16_length(&old[hunk.old.clone()]);
        (byte, utf16) = (hunk.old.end, to);
        changes.push(TextChange::new(from, to, &new[hunk.new]));
    }
    super::coalesce(changes)
}

/// A stretch of two texts laid over each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// In both.
    Same(String),
    /// In the old one only.
    Removed(String),
    /// In the new one only.
    Added(String),
}

/// Both texts laid over each other, to be read: without the removed pieces it is `new`, without the added ones `old`.
/// The comparison is that of [`difference`], but changes with nothing but spaces and marks between them are one. None
/// is empty.
pub fn pieces(old: &str, new: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = 0;
    let mut add = |piece: fn(String) -> Piece, text: &str| {
        if !text.is_empty() {
            pieces.push(piece(text.to_owned()));
        }
    };
    for hunk in joined(hunks(old, new), new) {
        add(Piece::Same, &new[at..hunk.new.start]);
        add(Piece::Removed, &old[hunk.old]);
        at = hunk.new.end;
        add(Piece::Added, &new[hunk.new]);
    }
    add(Piece::Same, &new[at..]);
    pieces
}

/// Hunks with no word and no line end between them as one: word by word nobody can read what was written anew.
fn joined(hunks: Vec<Hunk>, new: &str) -> Vec<Hunk> {
    let mut joined: Vec<Hunk> = Vec::with_capacity(hunks.len());
    for hunk in hunks {
        match joined.last_mut() {
            Some(last) if new[last.new.end..hunk.new.start].chars().all(|c| !c.is_alphanumeric() && c != '\n') => {
                (last.old.end, last.new.end) = (hunk.old.end, hunk.new.end);
            }
            _ => joined.push(hunk),
        }
    }
    joined
}

/// What turning `old` into `new` takes, by the same comparison as [`difference`].
pub fn cost(old: &str, new: &str) -> Cost {
    hunks(old, new).iter().fold(Cost::default(), |sum, hunk| {
        let deleted = old[hunk.old.clone()].chars().count();
        let inserted = new[hunk.new.clone()].chars().count();
        Cost { distance: sum.distance + deleted + inserted, deleted: sum.deleted + deleted }
    })
}

fn hunks(old: &str, new: &str) -> Vec<Hunk> {
    let mut comparison = Comparison { old, new, hunks: Vec::new(), steps: STEPS };
    if let Some((old, new)) = comparison.trim(0..old.len(), 0..new.len()) {
        if old.len() + new.len() > BY_LINE_ABOVE {
            comparison.by_line(old, new);
        } else {
            comparison.by_word(old, new);
        }
    }
    comparison.settle();
    comparison.hunks
}

struct Comparison<'a> {
    old: &'a str,
    new: &'a str,
    hunks: Vec<Hunk>,
    steps: usize,
}

impl Comparison<'_> {
    /// The two ranges without what they have in common at their ends; `None` when nothing is left.
    fn trim(&self, old: Range<usize>, new: Range<usize>) -> Option<(Range<usize>, Range<usize>)> {
        let (a, b) = (&self.old[old.clone()], &self.new[new.clone()]);
        let mut start = common(a.bytes().zip(b.bytes()));
        while !(a.is_char_boundary(start) && b.is_char_boundary(start)) {
            start -= 1;
        }
        let (a, b) = (&a[start..], &b[start..]);
        let mut end = common(a.bytes().rev().zip(b.bytes().rev()));
        while !(a.is_char_boundary(a.len() - end) && b.is_char_boundary(b.len() - end)) {
            end -= 1;
        }
        let (old, new) = (old.start + start..old.end - end, new.start + start..new.end - end);
        (!old.is_empty() || !new.is_empty()).then_some((old, new))
    }

    fn replace(&mut self, old: Range<usize>, new: Range<usize>) {
        let Some((old, new)) = self.trim(old, new) else { return };
        match self.hunks.last_mut() {
            Some(last) if last.old.end == old.start && last.new.end == new.start => {
                (last.old.end, last.new.end) = (old.end, new.end);
            }
            _ => self.hunks.push(Hunk { old, new }),
        }
    }

    /// Between lines that stand exactly once in both texts, in the longest order they share.
    fn by_line(&mut self, old: Range<usize>, new: Range<usize>) {
        let (mut old_at, mut new_at) = (old.start, new.start);
        for anchor in anchors(&self.old[old.clone()], &self.new[new.clone()]) {
            let (old_line, new_line) = (old.start + anchor.old, new.start + anchor.new);
            self.gap(old_at..old_line, new_at..new_line);
            (old_at, new_at) = (old_line + anchor.length, new_line + anchor.length);
        }
        self.gap(old_at..old.end, new_at..new.end);
    }

    fn gap(&mut self, old: Range<usize>, new: Range<usize>) {
        if let Some((old, new)) = self.trim(old, new) {
            self.by_word(old, new);
        }
    }

    fn by_word(&mut self, old: Range<usize>, new: Range<usize>) {
        if old.is_empty() || new.is_empty() {
            return self.replace(old, new);
        }
        let (old_words, new_words) = (words(self.old, old.clone()), words(self.new, new.clone()));
        let same = |a: usize, b: usize| self.old[old_words[a].clone()] == self.new[new_words[b].clone()];
        let mut steps = self.steps;
        let found = shortest(old_words.len(), new_words.len(), same, &mut steps);
        self.steps = steps;
        let Some(found) = found else {
            return self.replace(old, new);
        };
        for (a, b) in found {
            self.replace(bytes(&old_words, a, old.end), bytes(&new_words, b, new.end));
        }
    }
}

impl Comparison<'_> {
    /// Moves pure deletions and insertions to where a line or a word begins, when that says the same: of "two two" it
    /// is the second "two" that was typed, not "wo t".
    fn settle(&mut self) {
        let (mut old_end, mut new_end) = (0, 0);
        for hunk in &mut self.hunks {
            let (text, range, floor) = match (hunk.old.is_empty(), hunk.new.is_empty()) {
                (false, true) => (self.old, hunk.old.clone(), old_end),
                (true, false) => (self.new, hunk.new.clone(), new_end),
                _ => (self.old, 0..0, 0),
            };
            let back = range.start - best_start(text, range, floor);
            for range in [&mut hunk.old, &mut hunk.new] {
                *range = range.start - back..range.end - back;
            }
            (old_end, new_end) = (hunk.old.end, hunk.new.end);
        }
    }
}

/// The best place at or before the start of a range that holds the same text when moved there.
fn best_start(text: &str, range: Range<usize>, floor: usize) -> usize {
    let begins = |at: usize| match text[..at].chars().next_back() {
        None | Some('\n') => 2,
        Some(c) => u8::from(c.is_whitespace()),
    };
    let mut best = (begins(range.start), range.start);
    let (mut start, mut end) = (range.start, range.end);
    for _ in 0..SETTLE {
        let (before, last) = (text[floor..start].chars().next_back(), text[start..end].chars().next_back());
        let Some(c) = before.filter(|before| Some(*before) == last) else {
            break;
        };
        (start, end) = (start - c.len_utf8(), end - c.len_utf8());
        if begins(start) > best.0 {
            best = (begins(start), start);
        }
    }
    best.1
}

fn common(pairs: impl Iterator<Item = (u8, u8)>) -> usize {
    pairs.take_while(|(a, b)| a == b).count()
}

/// The bytes of a range of words; an empty range stands before the word it starts at.
fn bytes(words: &[Range<usize>], range: Range<usize>, end: usize) -> Range<usize> {
    let start_of = |index: usize| words.get(index).map_or(end, |word| word.start);
    start_of(range.start)..start_of(range.end)
}

/// Runs of letters and digits; everything else is a word of one character. In scripts without spaces every character
/// is a word, so that one changed character doesn't replace a sentence.
fn words(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    let mut in_word = false;
    for (offset, c) in text[range.clone()].char_indices() {
        let start = range.start + offset;
        let joins = c.is_alphanumeric() && u32::from(c) < 0x2e80;
        match words.last_mut() {
            Some(last) if in_word && joins => last.end = start + c.len_utf8(),
            _ => words.push(start..start + c.len_utf8()),
        }
        in_word = joins;
    }
    words
}

struct Anchor {
    old: usize,
    new: usize,
    length: usize,
}

/// Lines that stand exactly once in both texts, as many as keep their order.
fn anchors(old: &str, new: &str) -> Vec<Anchor> {
    #[derive(Default)]
    struct Places {
        old: (usize, usize),
        new: (usize, usize),
    }
    let mut lines: BTreeMap<&str, Places> = BTreeMap::new();
    let mut offset = 0;
    for line in old.split_inclusive('\n') {
        let places = lines.entry(line).or_default();
        places.old = (places.old.0 + 1, offset);
        offset += line.len();
    }
    offset = 0;
    for line in new.split_inclusive('\n') {
        if let Some(places) = lines.get_mut(line) {
            places.new = (places.new.0 + 1, offset);
        }
        offset += line.len();
    }
    let mut unique: Vec<Anchor> = lines
        .iter()
        .filter(|(_, places)| places.old.0 == 1 && places.new.0 == 1)
        .map(|(line, places)| Anchor { old: places.old.1, new: places.new.1, length: line.len() })
        .collect();
    unique.sort_unstable_by_key(|anchor| anchor.old);
    longest_ascending(unique)
}

/// The longest subsequence whose places in the new text ascend too.
fn longest_ascending(anchors: Vec<Anchor>) -> Vec<Anchor> {
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(anchors.len());
    for (index, anchor) in anchors.iter().enumerate() {
        let place = ends.partition_point(|end| anchors[*end].new < anchor.new);
        before.push(place.checked_sub(1).map(|place| ends[place]));
        if place == ends.len() {
            ends.push(index);
        } else {
            ends[place] = index;
        }
    }
    let mut chosen = vec![false; anchors.len()];
    let mut next = ends.last().copied();
    while let Some(index) = next {
        chosen[index] = true;
        next = before[index];
    }
    anchors.into_iter().zip(chosen).filter_map(|(anchor, chosen)| chosen.then_some(anchor)).collect()
}

type Pair = (Range<usize>, Range<usize>);

/// The shortest edit between two sequences (Myers, 1986), as replaced ranges in order; `None` above the limits.
fn shortest(n: usize, m: usize, same: impl Fn(usize, usize) -> bool, steps: &mut usize) -> Option<Vec<Pair>> {
    // `rows[d][k + d]` is how far along the first sequence d edits get on diagonal k (first minus second).
    let mut rows: Vec<Vec<usize>> = Vec::new();
    for d in 0..=WORDS_APART.min(n + m) {
        let mut row = vec![0; 2 * d + 1];
        for (slot, reached) in row.iter_mut().enumerate().step_by(2) {
            let mut x = rows.last().map_or(0, |last| furthest(last, slot, d));
            let mut y = x + d - slot;
            while x < n && y < m && same(x, y) {
                (x, y) = (x + 1, y + 1);
                *steps = steps.checked_sub(1)?;
            }
            *reached = x;
            *steps = steps.checked_sub(1)?;
            if x >= n && y >= m {
                rows.push(row);
                return Some(trace(&rows, n, m));
            }
        }
        rows.push(row);
    }
    None
}

/// Where edit `d` starts on the diagonal of `slot`: one down (an insertion) or one right (a deletion) of edit `d - 1`.
fn furthest(last: &[usize], slot: usize, d: usize) -> usize {
    match (slot.checked_sub(2), last.get(slot)) {
        (None, Some(down)) => *down,
        (Some(right), None) => last[right] + 1,
        (Some(right), Some(down)) if last[right] < *down => *down,
        (Some(right), Some(_)) => last[right] + 1,
        (None, None) => d,
    }
}

fn trace(rows: &[Vec<usize>], n: usize, m: usize) -> Vec<Pair> {
    let mut pairs: Vec<Pair> = Vec::new();
    let (mut x, mut y) = (n, m);
    for d in (1..rows.len()).rev() {
        let slot = x + d - y;
        let start_x = furthest(&rows[d - 1], slot, d);
        let start_y = start_x + d - slot;
        let down = slot
            .checked_sub(2)
            .is_none_or(|right| rows[d - 1].get(slot).is_some_and(|down| rows[d - 1][right] < *down));
        let (old, new) =
            if down { (start_x..start_x, start_y - 1..start_y) } else { (start_x - 1..start_x, start_y..start_y) };
        (x, y) = (old.start, new.start);
        match pairs.last_mut() {
            Some((last_old, last_new)) if last_old.start == old.end && last_new.start == new.end => {
                (last_old.start, last_new.start) = (old.start, new.start);
            }
            _ => pairs.push((old, new)),
        }
    }
    pairs.reverse();
    pairs
}
