//! What an import did to the texts, from the document library's events (in characters) to UTF-16 changes. Never here:
//! importing.

use loro::event::{Diff, DiffBatch, DiffEvent};
use loro::{ContainerID, LoroDoc, TextDelta};

use super::{BODY, TITLE};
use crate::text::{TextChange, carry_over, coalesce, difference, slice, utf16_length};

/// What the events of one import said.
#[derive(Debug, Default)]
pub(super) struct Received {
    title: Vec<Vec<TextDelta>>,
    body: Vec<Vec<TextDelta>>,
    /// Something else than the two texts changed.
    pub(super) others: bool,
}

impl Received {
    pub(super) fn take(&mut self, event: &DiffEvent<'_>) {
        event.events.iter().for_each(|change| self.take_one(change.target, &change.diff));
    }

    /// What lies between two points.
    pub(super) fn of(batch: &DiffBatch) -> Self {
        let mut received = Self::default();
        batch.iter().for_each(|(target, diff)| received.take_one(target, diff));
        received
    }

    fn take_one(&mut self, target: &ContainerID, diff: &Diff<'_>) {
        // Only roots have names; the library panics when another container is asked for its own.
        let name = if target.is_root() { target.name().as_str() } else { "" };
        match (diff, name) {
            (Diff::Text(delta), TITLE) => self.title.push(delta.clone()),
            (Diff::Text(delta), BODY) => self.body.push(delta.clone()),
            _ => self.others = true,
        }
    }

    /// What an import into an empty document did: all that is there.
    pub(super) fn everything(doc: &LoroDoc) -> Self {
        let whole = |name: &str| {
            let insert = doc.get_text(name).to_string();
            if insert.is_empty() { Vec::new() } else { vec![vec![TextDelta::Insert { insert, attributes: None }]] }
        };
        Self { title: whole(TITLE), body: whole(BODY), others: true }
    }

    /// What turns a title into another, made in the one that this made of the first.
    pub(super) fn carry_title(&self, (from, to): (&str, &str), now: &str) -> Vec<TextChange> {
        carry((from, to), &self.title(from, || now.to_owned()), now)
    }

    /// What turns a body into another, made in the one that this made of the first.
    pub(super) fn carry_body(&self, (from, to): (&str, &str), now: &str) -> Vec<TextChange> {
        carry((from, to), &self.body(from, || now.to_owned()), now)
    }

    /// The changes that turn the title before into the one after.
    pub(super) fn title(&self, before: &str, after: impl FnOnce() -> String) -> Vec<TextChange> {
        changes(&self.title, before, after)
    }

    /// The changes that turn the body before into the one after.
    pub(super) fn body(&self, before: &str, after: impl FnOnce() -> String) -> Vec<TextChange> {
        changes(&self.body, before, after)
    }
}

fn carry((from, to): (&str, &str), since: &[TextChange], now: &str) -> Vec<TextChange> {
    let mut changes = difference(from, to);
    // What was done since in the same way is there already.
    let alike = difference(from, now);
    changes.retain(|change| !alike.contains(change));
    let (there, gone): (Vec<_>, Vec<_>) = changes
        .into_iter()
        .map(|change| (put_back(from, &change, since), change))
        .partition(|(place, _)| place.is_none());
    let there: Vec<TextChange> = there.into_iter().map(|(_, change)| change).collect();
    let again = gone.into_iter().filter_map(|(place, change)| Some(TextChange { insert: change.insert, ..place? }));
    let mut carried = carry_over(&there, since);
    carried.extend(again);
    carried.sort_by_key(|change| (change.from, change.to));
    coalesce(carried)
}

/// Where what a change takes out stands again that was taken out since: a choice that was taken back put it there. As it is,
/// word for word: a part of it may as well be part of something new.
fn put_back(text: &str, change: &TextChange, since: &[TextChange]) -> Option<TextChange> {
    let wording = slice(text, change.from, change.to);
    let mut shift = 0_i64;
    for other in since.iter().take_while(|other| other.from <= change.from) {
        if change.to <= other.to && wording.chars().any(char::is_alphanumeric) {
            let before = &other.insert[..other.insert.find(wording)?];
            let from = u32::try_from(i64::from(other.from) + shift).ok()? + utf16_length(before);
            return Some(TextChange::new(from, from + utf16_length(wording), ""));
        }
        shift += i64::from(utf16_length(&other.insert)) - i64::from(other.to - other.from);
    }
    None
}

fn changes(deltas: &[Vec<TextDelta>], before: &str, after: impl FnOnce() -> String) -> Vec<TextChange> {
    match deltas {
        [] => Vec::new(),
        [delta] => from_delta(before, delta),
        // One import is one event; were it ever several, their offsets would build on each other.
        _ => difference(before, &after()),
    }
}

/// Characters of the old text, walked once from the front; cheap where it is plain ASCII.
struct Walk<'a> {
    rest: &'a str,
    ascii: bool,
}

impl Walk<'_> {
    /// Goes on by `count` characters and says how many UTF-16 units they are.
    fn skip(&mut self, count: usize) -> u32 {
        let end = if self.ascii {
            count.min(self.rest.len())
        } else {
            self.rest.char_indices().nth(count).map_or(self.rest.len(), |(end, _)| end)
        };
        let (skipped, rest) = self.rest.split_at(end);
        self.rest = rest;
        utf16_length(skipped)
    }
}

fn from_delta(before: &str, delta: &[TextDelta]) -> Vec<TextChange> {
    let mut walk = Walk { rest: before, ascii: before.is_ascii() };
    let mut changes = Vec::with_capacity(delta.len());
    let mut at = 0;
    for step in delta {
        match step {
            TextDelta::Retain { retain, .. } => at += walk.skip(*retain),
            TextDelta::Insert { insert, .. } => changes.push(TextChange::new(at, at, insert.as_str())),
            TextDelta::Delete { delete } => {
                let to = at + walk.skip(*delete);
                changes.push(TextChange::new(at, to, ""));
                at = to;
            }
        }
    }
    coalesce(changes)
}
