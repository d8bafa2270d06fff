//! Editing sessions: the authority an editor rebases against. One session is one editor on one text; it knows revisions
//! and updates, not documents.

use std::collections::VecDeque;

use stet_model::id::{DocKey, NoteId};
use stet_model::text::TextChange;

use crate::api::note::{Replace, TextUpdate};

/// Revisions kept for an editor that doesn't confirm; beyond it the text is opened anew.
const HISTORY_LIMIT: usize = 10_000;

/// The author of changes that came from other devices, in [`TextUpdate::session`].
pub(in crate::engine) const REMOTE: &str = "remote";

/// Which text of a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Field {
    Title,
    Body,
}

/// One editor on one text.
#[derive(Debug)]
pub(in crate::engine) struct Session {
    pub(in crate::engine) doc: DocKey,
    pub(in crate::engine) field: Field,
    /// The revision of `history`'s first update.
    start: u32,
    history: VecDeque<TextUpdate>,
}

/// What a session says to an edit.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::engine) enum Verdict {
    /// Apply the updates from this index on; the ones before are applied already.
    Apply(usize),
    /// Others came first.
    Stale(Vec<TextUpdate>),
    /// The revision is beyond what is known.
    Unknown,
}

impl Session {
    pub(in crate::engine) const fn new(doc: DocKey, field: Field) -> Self {
        Self { doc, field, start: 0, history: VecDeque::new() }
    }

    pub(in crate::engine) fn revision(&self) -> u32 {
        self.start + self.history.len() as u32
    }

    /// Judges an edit of the session `own` that builds on `base`, and forgets what the editor has confirmed by it.
    pub(in crate::engine) fn judge(&mut self, own: &str, base: u32, count: usize) -> Verdict {
        let Some(since) = self.since(base) else {
            return Verdict::Unknown;
        };
        let verdict = if since.iter().all(|update| update.session == own) && since.len() <= count {
            // An answer was lost and the editor sends again: skip what is in already.
            Verdict::Apply(since.len())
        } else {
            Verdict::Stale(since)
        };
        self.confirm(base);
        verdict
    }

    /// The updates after `base`, if they are still known.
    pub(in crate::engine) fn since(&self, base: u32) -> Option<Vec<TextUpdate>> {
        let skip = base.checked_sub(self.start)? as usize;
        (skip <= self.history.len()).then(|| self.history.iter().skip(skip).cloned().collect())
    }

    /// Forgets the updates before `base`: the editor has them.
    pub(in crate::engine) fn confirm(&mut self, base: u32) {
        while self.start < base && self.history.pop_front().is_some() {
            self.start += 1;
        }
    }

    /// Adds a revision.
    pub(in crate::engine) fn push(&mut self, author: &str, changes: &[TextChange]) {
        if self.history.len() >= HISTORY_LIMIT {
            self.history.pop_front();
            self.start += 1;
        }
        let changes =
            changes.iter().map(|change| Replace { from: change.from, to: change.to, insert: change.insert.clone() });
        self.history.push_back(TextUpdate { session: author.to_owned(), changes: changes.collect() });
    }
}

/// The name of a session: the note and the text are in it, so that an unknown one can still be answered.
pub(in crate::engine) fn name(note: NoteId, field: Field, number: u64) -> String {
    let field = match field {
        Field::Title => "title",
        Field::Body => "body",
    };
    format!("{note}/{field}/{number:x}")
}

/// What a session's name says, whether or not the session exists.
pub(in crate::engine) fn parse(name: &str) -> Option<(NoteId, Field)> {
    let mut parts = name.split('/');
    let note = parts.next()?.parse().ok()?;
    let field = match parts.next()? {
        "title" => Field::Title,
        "body" => Field::Body,
        _ => return None,
    };
    Some((note, field))
}

#[cfg(test)]
mod tests {
    use stet_model::id::{DocKey, NoteId, SpaceId};
    use stet_model::text::TextChange;

    use super::{Field, Session, Verdict, name, parse};

    fn session() -> Session {
        let doc = DocKey { space: SpaceId::from_bytes([1; 16]), note: NoteId::from_bytes([2; 16]) };
        Session::new(doc, Field::Body)
    }

    fn insert(text: &str) -> Vec<TextChange> {
        vec![TextChange { from: 0, to: 0, insert: text.to_owned() }]
    }

    #[test]
    fn an_edit_on_the_present_revision_is_applied_whole() {
        assert_eq!(session().judge("me", 0, 3), Verdict::Apply(0));
    }

    #[test]
    fn an_edit_sent_again_after_a_lost_answer_is_applied_only_once() {
        let mut session = session();
        session.push("me", &insert("a"));
        session.push("me", &insert("b"));
        assert_eq!(session.judge("me", 0, 3), Verdict::Apply(2));
    }

    #[test]
    fn an_edit_that_others_came_before_is_stale_and_gets_their_updates() {
        let mut session = session();
        session.push("me", &insert("a"));
        session.push("other", &insert("b"));
        let Verdict::Stale(updates) = session.judge("me", 0, 1) else { panic!("must be stale") };
        assert_eq!(updates.iter().map(|update| update.session.as_str()).collect::<Vec<_>>(), ["me", "other"]);
    }

    #[test]
    fn confirmed_revisions_are_forgotten_and_can_not_be_built_on_any_more() {
        let mut session = session();
        session.push("other", &insert("a"));
        assert_eq!(session.judge("me", 1, 1), Verdict::Apply(0));
        assert_eq!(session.revision(), 1);
        assert_eq!(session.judge("me", 0, 1), Verdict::Unknown);
        assert_eq!(session.judge("me", 2, 1), Verdict::Unknown);
    }

    #[test]
    fn a_name_tells_its_note_and_text_even_when_the_session_is_gone() {
        let note = NoteId::from_bytes([7; 16]);
        assert_eq!(parse(&name(note, Field::Title, 9)), Some((note, Field::Title)));
        assert_eq!(parse("nonsense"), None);
    }
}
