//! Which remote changes deserve a native notification: none for the note in view, at most one a note in ten minutes, and
//! of a crowd of notes three and one that counts the rest. Each waits for a pause, so that a note is named by its title and
//! not by the first letter of it.

use std::collections::BTreeMap;

use stet_model::document::Document;
use stet_model::id::{DocKey, NoteId};

use super::{Engine, Now, Output};
use crate::api::Event;
use crate::desktop::Notice;

/// A note is spoken of at most this often, milliseconds.
const QUIET_MS: u64 = 10 * 60 * 1_000;
/// Notifications in a minute, all notes together; a crowd of edits is not a crowd of pop-ups.
const PER_MINUTE: usize = 3;
const MINUTE_MS: u64 = 60_000;
/// A change is told after this much quiet, milliseconds.
const SETTLE_MS: u64 = 1_500;
/// But not later than this, however long somebody goes on writing.
const LATEST_MS: u64 = 10_000;

/// What people were told, what they are to be told, and what they look at.
#[derive(Debug, Default)]
pub(super) struct Notices {
    in_view: Option<NoteId>,
    told: BTreeMap<NoteId, u64>,
    /// When notifications were shown within the last minute.
    shown: Vec<u64>,
    waiting: BTreeMap<NoteId, Waiting>,
}

/// A change people will be told of.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Waiting {
    words: &'static str,
    title: String,
    device: String,
    /// Nothing is in the note yet.
    blank: bool,
    since: u64,
    due: u64,
}

impl Notices {
    pub(super) fn look_at(&mut self, note: Option<NoteId>) {
        self.in_view = note;
        if let Some(note) = note {
            self.waiting.remove(&note);
        }
    }

    pub(super) fn wake_at(&self) -> Option<u64> {
        self.waiting.values().filter(|waiting| !waiting.blank).map(|waiting| waiting.due).min()
    }

    /// A change came.
    fn take(&mut self, note: NoteId, mut change: Waiting, now: u64) {
        self.told.retain(|_, at| now < *at + QUIET_MS);
        if self.in_view == Some(note) || self.told.contains_key(&note) {
            return;
        }
        if let Some(before) = self.waiting.get(&note) {
            // What was written into a new note is part of its making.
            if before.words == WRITTEN && change.words == CHANGED {
                change.words = WRITTEN;
            }
            if !before.blank {
                change.since = before.since;
            }
        }
        change.due = (now + SETTLE_MS).min(change.since + LATEST_MS);
        self.waiting.insert(note, change);
    }

    /// What is to be told now.
    fn due(&mut self, now: u64) -> Vec<Notice> {
        if self.wake_at().is_none_or(|at| now < at) {
            return Vec::new();
        }
        self.shown.retain(|at| now < *at + MINUTE_MS);
        let is_due = |waiting: &Waiting| !waiting.blank && waiting.due <= now;
        let mut due: Vec<(NoteId, Waiting)> = Vec::new();
        self.waiting.retain(|note, waiting| {
            let ready = is_due(waiting);
            if ready {
                due.push((*note, waiting.clone()));
            }
            !ready
        });
        due.sort_by_key(|(_, waiting)| waiting.since);
        let free = PER_MINUTE.saturating_sub(self.shown.len());
        if free == 0 {
            // Together with what comes until then.
            let next = self.shown.first().map_or(now, |first| first + MINUTE_MS);
            self.waiting.extend(due.into_iter().map(|(note, waiting)| (note, Waiting { due: next, ..waiting })));
            return Vec::new();
        }
        let single = if due.len() > free { free - 1 } else { due.len() };
        let rest = due.split_off(single);
        let mut notices: Vec<Notice> =
            due.into_iter().map(|(note, waiting)| self.notice(note, &waiting, now)).collect();
        if let Some((newest, waiting)) = rest.last() {
            let count = rest.len();
            let title = if count == 1 { waiting.title.clone() } else { format!("{count} notes") };
            let words = if count == 1 { waiting.words } else { CHANGED };
            let body = format!("{words} {}", waiting.device);
            rest.iter().for_each(|(note, _)| _ = self.told.insert(*note, now));
            self.shown.push(now);
            notices.push(Notice { note_id: *newest, title, body });
        }
        notices
    }

    fn notice(&mut self, note: NoteId, waiting: &Waiting, now: u64) -> Notice {
        self.told.insert(note, now);
        self.shown.push(now);
        let body = format!("{} {}", waiting.words, waiting.device);
        Notice { note_id: note, title: waiting.title.clone(), body }
    }

    fn forget(&mut self, note: NoteId) {
        self.waiting.remove(&note);
    }
}

const CHANGED: &str = "Changed on";
const WRITTEN: &str = "Written on";
const TRASHED: &str = "Moved to the trash on";

impl Engine {
    pub(super) fn consider_notice(&mut self, event: &Event, now: Now) {
        let (change, words) = match event {
            Event::NoteSynced(change) => (change, CHANGED),
            Event::NoteCreated(change) => (change, WRITTEN),
            Event::NoteDeleted(change) => (change, TRASHED),
            _ => return,
        };
        if !self.settings.notifications {
            return self.notices.forget(change.note_id);
        }
        let waiting = Waiting {
            words,
            title: change.title.clone(),
            device: change.device.clone().unwrap_or_else(|| "another device".to_owned()),
            blank: words != TRASHED && self.is_blank(self.doc(change.note_id)),
            since: now.mono,
            due: 0,
        };
        self.notices.take(change.note_id, waiting, now.mono);
    }

    pub(super) fn tell_notices(&mut self, now: Now) {
        for notice in self.notices.due(now.mono) {
            self.outputs.push(Output::Notify(notice));
        }
    }

    fn is_blank(&self, doc: DocKey) -> bool {
        match self.documents.get(doc).map(|live| &live.document) {
            Some(Document::Note(note)) => note.title().trim().is_empty() && note.body().trim().is_empty(),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use stet_model::id::NoteId;

    use super::{CHANGED, LATEST_MS, MINUTE_MS, Notices, QUIET_MS, SETTLE_MS, WRITTEN, Waiting};

    const fn note(n: u8) -> NoteId {
        NoteId::from_bytes([n; 16])
    }

    fn change(words: &'static str, title: &str, now: u64) -> Waiting {
        let blank = title.is_empty();
        Waiting { words, title: title.to_owned(), device: "Desk".to_owned(), blank, since: now, due: 0 }
    }

    fn told(notices: &mut Notices, now: u64) -> Vec<(String, String)> {
        notices.due(now).into_iter().map(|notice| (notice.title, notice.body)).collect()
    }

    #[test]
    fn a_note_is_spoken_of_once_in_ten_minutes() {
        let mut notices = Notices::default();
        notices.take(note(1), change(CHANGED, "A", 0), 0);
        assert_eq!(told(&mut notices, SETTLE_MS).len(), 1);
        notices.take(note(1), change(CHANGED, "A", 9_000), 9_000);
        assert_eq!(notices.wake_at(), None);
        let later = QUIET_MS + SETTLE_MS;
        notices.take(note(1), change(CHANGED, "A", later), later);
        assert_eq!(told(&mut notices, later + SETTLE_MS).len(), 1);
    }

    #[test]
    fn the_note_in_view_is_never_spoken_of_even_when_it_comes_into_view_meanwhile() {
        let mut notices = Notices::default();
        notices.look_at(Some(note(1)));
        notices.take(note(1), change(CHANGED, "A", 0), 0);
        notices.take(note(2), change(CHANGED, "B", 0), 0);
        notices.look_at(Some(note(2)));
        assert_eq!(notices.wake_at(), None);
    }

    #[test]
    fn a_new_note_is_told_of_once_it_says_something_and_under_its_whole_title() {
        let mut notices = Notices::default();
        notices.take(note(1), change(WRITTEN, "", 0), 0);
        assert_eq!(notices.wake_at(), None, "nothing is in it");
        for (at, title) in [(60_000, "S"), (60_400, "Sh"), (60_800, "Shopping")] {
            notices.take(note(1), change(CHANGED, title, at), at);
        }
        assert!(told(&mut notices, 60_800 + SETTLE_MS - 1).is_empty());
        let expected = [("Shopping".to_owned(), "Written on Desk".to_owned())];
        assert_eq!(told(&mut notices, 60_800 + SETTLE_MS), expected);
    }

    #[test]
    fn somebody_who_never_pauses_is_told_of_all_the_same() {
        let mut notices = Notices::default();
        for at in (0..LATEST_MS).step_by(500) {
            notices.take(note(1), change(CHANGED, "A", at), at);
            assert!(told(&mut notices, at).is_empty());
        }
        assert_eq!(told(&mut notices, LATEST_MS).len(), 1);
    }

    #[test]
    fn of_a_crowd_three_notifications_are_shown_in_a_minute_and_the_last_counts_the_rest() {
        let mut notices = Notices::default();
        (1..=50).for_each(|n| notices.take(note(n), change(CHANGED, "A", u64::from(n)), u64::from(n)));
        let titles: Vec<String> = told(&mut notices, 50 + SETTLE_MS).into_iter().map(|(title, _)| title).collect();
        assert_eq!(titles, ["A", "A", "48 notes"]);
        let next = 50 + SETTLE_MS + 1;
        notices.take(note(60), change(CHANGED, "B", next), next);
        assert!(told(&mut notices, next + SETTLE_MS).is_empty(), "not in this minute");
        let minute = 50 + SETTLE_MS + MINUTE_MS;
        assert_eq!(told(&mut notices, minute), [("B".to_owned(), "Changed on Desk".to_owned())]);
    }
}
