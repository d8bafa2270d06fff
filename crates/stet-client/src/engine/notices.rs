//! Which remote change deserves a native notification: at most one a note in ten minutes, none for the note in view.

use std::collections::BTreeMap;

use stet_model::id::NoteId;

use super::{Engine, Now, Output};
use crate::api::Event;
use crate::desktop::Notice;

/// A note is spoken of at most this often, milliseconds.
const QUIET_MS: u64 = 10 * 60 * 1_000;
/// Notifications in a minute, all notes together; a crowd of edits is not a crowd of pop-ups.
const PER_MINUTE: usize = 3;

/// What people were told, and what they look at.
#[derive(Debug, Default)]
pub(super) struct Notices {
    in_view: Option<NoteId>,
    told: BTreeMap<NoteId, u64>,
}

impl Notices {
    pub(super) const fn look_at(&mut self, note: Option<NoteId>) {
        self.in_view = note;
    }

    fn allow(&mut self, note: NoteId, now: u64) -> bool {
        self.told.retain(|_, at| now < *at + QUIET_MS);
        let recent = self.told.values().filter(|at| now < **at + 60_000).count();
        if self.in_view == Some(note) || self.told.contains_key(&note) || recent >= PER_MINUTE {
            return false;
        }
        self.told.insert(note, now);
        true
    }
}

impl Engine {
    pub(super) fn consider_notice(&mut self, event: &Event, now: Now) {
        let (change, words) = match event {
            Event::NoteSynced(change) => (change, "Changed on"),
            Event::NoteCreated(change) => (change, "Written on"),
            Event::NoteDeleted(change) => (change, "Moved to the trash on"),
            _ => return,
        };
        if !self.settings.notifications || !self.notices.allow(change.note_id, now.mono) {
            return;
        }
        let device = change.device.as_deref().unwrap_or("another device");
        let notice = Notice { note_id: change.note_id, title: change.title.clone(), body: format!("{words} {device}") };
        self.outputs.push(Output::Notify(notice));
    }
}

#[cfg(test)]
mod tests {
    use stet_model::id::NoteId;

    use super::{Notices, QUIET_MS};

    const fn note(n: u8) -> NoteId {
        NoteId::from_bytes([n; 16])
    }

    #[test]
    fn a_note_is_spoken_of_once_in_ten_minutes() {
        let mut notices = Notices::default();
        assert!(notices.allow(note(1), 0));
        assert!(!notices.allow(note(1), QUIET_MS - 1));
        assert!(notices.allow(note(1), QUIET_MS));
    }

    #[test]
    fn the_note_in_view_is_never_spoken_of() {
        let mut notices = Notices::default();
        notices.look_at(Some(note(1)));
        assert!(!notices.allow(note(1), 0));
        assert!(notices.allow(note(2), 0));
    }

    #[test]
    fn a_crowd_of_changed_notes_gives_three_notifications_a_minute() {
        let mut notices = Notices::default();
        assert_eq!((1..100).filter(|n| notices.allow(note(*n), 0)).count(), 3);
    }
}
