//! What users do about notes that can't simply be sent, and what they answer when they are asked. Never what comes first.

use stet_client::api::command::{Decide, DiscardNote, RestoreAsNew, RetryNote};
use stet_client::api::status::{Decision, Way};
use stet_model::document::Version;
use stet_model::id::NoteId;
use stet_store::ListView;

use super::Asked;
use crate::world::World;
use crate::world::queue::ForDevice;
use crate::world::random::Share;
use crate::world::reference::{About, ActId, Key, Kind, Token, Touched};

/// How long a user thinks about a question, milliseconds.
const THINKS_MS: (u64, u64) = (200, 8_000);
/// The code of a note that was removed for good elsewhere while there was something unsent of it here.
const DELETED: &str = "deleted";

impl World {
    /// A question that wasn't there before is answered after a while.
    pub(in crate::world) fn consider_question(&mut self, device: usize, was_there: bool) {
        if !was_there && self.question(device).is_some() {
            let at = self.queue.now() + self.dice.within(THINKS_MS);
            self.for_device(device, at, ForDevice::Decide);
        }
    }

    fn question(&self, device: usize) -> Option<Decision> {
        self.devices[device].process.as_ref()?.status.as_ref()?.decision.clone()
    }

    /// The question is answered.
    pub(in crate::world) fn decide(&mut self, device: usize) {
        let way = match self.question(device) {
            Some(Decision::OtherStore | Decision::OlderLog) if self.dice.percent(25) => Way::TakeServers,
            Some(Decision::OtherStore | Decision::OlderLog) => Way::UploadAgain,
            Some(Decision::Removals { .. }) if self.dice.percent(50) => Way::KeepNotes,
            Some(Decision::Removals { .. }) => Way::RemoveNotes,
            None => return,
        };
        *self.counts.actions.entry(format!("Decide{way:?}")).or_default() += 1;
        let mut asked = Asked::Nothing;
        if way == Way::TakeServers {
            self.gives_up(device, true);
            asked = Asked::TakeServers;
        }
        self.ask(device, Decide { way }.into(), asked);
        self.consider_question(device, false);
    }

    /// From now on, or until now, what is on this device alone may go.
    pub(super) fn gives_up(&mut self, device: usize, begins: bool) {
        let log = &self.server.log;
        let library = self.server.library_id();
        self.reference.gives_up(device, begins, |about, after| match about {
            About::Note(note) => log.version_at(note, u64::MAX).includes(after),
            About::Library => log.version_at(library, u64::MAX).includes(after),
            About::Unknown => false,
        });
        self.devices[device].looked_at.clear();
    }

    fn pick_kept(&self, device: usize, note: Share) -> Option<NoteId> {
        let rows = self.rows(device, &ListView::Unsent).into_iter();
        let kept = rows.filter(|row| row.held.as_ref().is_some_and(|kept| kept.code == DELETED));
        let kept: Vec<NoteId> = kept.map(|row| row.note).collect();
        Some(kept[note.of(kept.len())?])
    }

    /// Makes a new note of one that is kept; its user waits until all that was asked before is done.
    pub(super) fn restore_as_new(&mut self, device: usize, note: Share) -> Option<()> {
        let note_id = self.pick_kept(device, note)?;
        let process = self.devices[device].process.as_ref()?;
        if !process.engine.is_saved() || process.is_asked() {
            return None;
        }
        self.leave(device, note_id)?;
        let document = self.stored(device, note_id)?;
        let (text, fields) = (self.text(device, note_id)?, document.fields());
        let tokens: Vec<Token> = self.reference.tokens.find(&text).into_iter().map(|(token, _)| token).collect();
        let inserted = tokens.iter().map(|token| (*token, self.reference.tokens.text(*token).to_owned())).collect();
        // What isn't sure to be there once isn't so in a copy of it either.
        let again = if self.reference.is_doubtful(note_id) { tokens } else { Vec::new() };
        let folder = fields.folder.map(|folder| folder.to_string()).unwrap_or_default();
        let values = [
            (Key::Starred, fields.starred.to_string()),
            (Key::Pinned, fields.pinned.to_string()),
            (Key::Archived, fields.archived.to_string()),
            (Key::Hidden, fields.hidden.to_string()),
            (Key::Folder, folder),
        ];
        let tags = fields.tags.into_iter().map(|tag| (Key::Tag(tag), true.to_string()));
        let values = values.into_iter().chain(tags).map(|(key, value)| Kind::Set(key, value));
        let kinds =
            [Kind::Create, Kind::Text(Touched { inserted, again, ..Touched::default() })].into_iter().chain(values);
        let ask = |kind| self.reference.ask(device, About::Unknown, kind, Version::default());
        let mut acts: Vec<ActId> = kinds.map(ask).collect();
        acts.push(self.about_note(device, note_id, Kind::Purge));
        self.ask(device, RestoreAsNew { note_id }.into(), Asked::Acts(acts));
        Some(())
    }

    pub(super) fn discard(&mut self, device: usize, note: Share) -> Option<()> {
        let note_id = self.pick_kept(device, note)?;
        self.leave(device, note_id)?;
        self.ask_one(device, note_id, Kind::Purge, DiscardNote { note_id }.into());
        Some(())
    }

    /// The interface turns to another note, unless something typed in this one is on its way.
    fn leave(&mut self, device: usize, left: NoteId) -> Option<()> {
        let editors = &mut self.devices[device].process.as_mut()?.editors;
        let mut of_note = editors.iter().filter(|((note, _), _)| *note == left);
        if of_note.any(|(_, editor)| editor.in_flight.is_some() || editor.text.unconfirmed() > 0) {
            return None;
        }
        editors.retain(|(note, _), _| *note != left);
        Some(())
    }

    pub(super) fn retry(&mut self, device: usize, note: Share) -> Option<()> {
        let note_id = self.pick(device, note, &ListView::Unsent)?.note;
        self.ask(device, RetryNote { note_id }.into(), Asked::Nothing);
        Some(())
    }
}
