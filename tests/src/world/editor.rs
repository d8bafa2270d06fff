//! Editors without a window: the side of the interface in the engine's line of revisions. One request in flight, rebase
//! over what came first, begin again where the engine says so. Never draws chance, never talks to the engine itself.

use std::collections::BTreeMap;

use stet_client::api::command::EditNote;
use stet_client::api::note::{OpenedText, TextUpdate};

use super::reference::Touched;
use super::units::Units;

/// Which text of a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// The title.
    Title,
    /// The body.
    Body,
}

/// An editor on one text.
pub struct Editor {
    /// The engine's name for this session.
    pub session: String,
    /// The revision the confirmed text is at.
    pub revision: u32,
    /// The text.
    pub text: Units,
    /// What each unconfirmed change does, for the reference.
    pub touched: Vec<Touched>,
    /// What was sent and waits for its answer.
    pub in_flight: Option<EditNote>,
    inbox: BTreeMap<u32, TextUpdate>,
}

impl Editor {
    /// A text as the engine opened it.
    pub fn new(opened: &OpenedText) -> Self {
        Self {
            session: opened.session.clone(),
            revision: opened.revision,
            text: Units::new(&opened.text),
            touched: Vec::new(),
            in_flight: None,
            inbox: BTreeMap::new(),
        }
    }

    /// The user replaces a stretch of what is shown.
    pub fn replace(&mut self, (from, to): (u32, u32), insert: &str, touched: Touched) {
        self.text.replace(from, to, insert);
        self.touched.push(touched);
    }

    /// Everything that is to be sent now, and what it does; nothing while an answer is awaited.
    pub fn outgoing(&mut self) -> Option<(EditNote, Vec<Touched>)> {
        if self.in_flight.is_some() || self.text.unconfirmed() == 0 || self.inbox.contains_key(&self.revision) {
            return None;
        }
        let update = |changes| TextUpdate { session: self.session.clone(), changes };
        let updates = self.text.outgoing().into_iter().map(update).collect();
        let edit = EditNote { session: self.session.clone(), base_revision: self.revision, updates };
        self.in_flight = Some(edit.clone());
        Some((edit, self.touched.clone()))
    }

    /// Revisions, in any order, any number of times. An error says what doesn't fit.
    pub fn receive(&mut self, from: u32, updates: Vec<TextUpdate>) -> Result<(), String> {
        for (revision, update) in (from..).zip(updates) {
            if revision >= self.revision {
                self.inbox.insert(revision, update);
            }
        }
        while let Some(update) = self.inbox.remove(&self.revision) {
            if update.session == self.session {
                if !self.text.confirm() {
                    return Err(format!("revision {} of {} is ours and was never sent", self.revision, self.session));
                }
                self.touched.remove(0);
            } else if !self.text.receive(&update.changes) {
                return Err(format!("revision {} of {} doesn't fit: {update:?}", self.revision, self.session));
            }
            self.revision += 1;
        }
        Ok(())
    }

    /// A revision is missing.
    pub fn has_hole(&self) -> bool {
        !self.inbox.is_empty()
    }

    /// Begins anew from a text. What was typed and isn't in it goes to its end.
    pub fn adopt(&mut self, opened: &OpenedText) {
        let unsent: Vec<Touched> = std::mem::take(&mut self.touched);
        *self = Self::new(opened);
        for touched in unsent {
            let missing: String = touched
                .inserted
                .iter()
                .filter(|(_, text)| !opened.text.contains(text))
                .map(|(_, text)| text.as_str())
                .collect();
            if !missing.is_empty() {
                let end = self.text.text().encode_utf16().count() as u32;
                let touched = Touched { inserted: touched.inserted, ..Touched::default() };
                self.replace((end, end), &missing, touched);
            }
        }
    }
}
