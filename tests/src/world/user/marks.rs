//! What users do with passages that were marked because two sides met there: they settle them, and take that back. Never
//! how a mark comes about.

use stet_client::api::command::{GetMerged, SettleMerged, UndoSettle};
use stet_client::api::merged::MergedChoice;
use stet_model::document::{Mark, NoteDocument};
use stet_model::id::{DocKey, NoteId, PeerId};
use stet_store::ListView;

use super::Asked;
use crate::world::World;
use crate::world::random::Share;
use crate::world::reference::{Kind, Token, Touched};

impl World {
    /// Settles a mark of a note that has some, or all there are where the text stays as it was put right by hand.
    pub(super) fn settle(&mut self, device: usize, note: Share, choice: MergedChoice) -> Option<()> {
        let rows = self.rows(device, &ListView::All).into_iter().filter(|row| row.fields.merged > 0);
        let marked: Vec<NoteId> = rows.map(|row| row.note).collect();
        let note_id = marked[note.of(marked.len())?];
        self.ask(device, GetMerged { note_id }.into(), Asked::Nothing);
        let mut marks = self.stored(device, note_id)?.marks();
        if choice != MergedChoice::Done {
            marks.truncate(1);
        }
        let key = marks.first().filter(|_| choice != MergedChoice::Done).map(|mark| mark.key.clone());
        let text = self.text(device, note_id)?;
        let stands = self.reference.tokens.named(&text);
        let mut again = self.pieces_of(&marks);
        if marks.iter().any(|mark| mark.passages.is_empty()) {
            // A mark that shows nothing doesn't tell what is given up with it.
            self.reference.settle_unseen(note_id);
        } else if !matches!(choice, MergedChoice::Mine | MergedChoice::Theirs) {
            // What stands there stays. What doesn't, nobody misses any more.
            again.retain(|token| !stands.contains(token));
        }
        let acts = marks.into_iter().map(|mark| self.about_note(device, note_id, Kind::Settle(mark.key))).collect();
        self.devices[device].process.as_mut()?.settled = Some((note_id, again.clone()));
        self.touches(device, note_id, Touched { again, parted: stands, ..Touched::default() });
        self.ask(device, SettleMerged { note_id, key, choice }.into(), Asked::Acts(acts));
        Some(())
    }

    /// Takes the last settling back.
    pub(super) fn unsettle(&mut self, device: usize) -> Option<()> {
        let (note_id, again) = self.devices[device].process.as_mut()?.settled.take()?;
        let parted = self.reference.tokens.named(&self.text(device, note_id)?);
        self.touches(device, note_id, Touched { again, parted, ..Touched::default() });
        self.ask(device, UndoSettle { note_id }.into(), Asked::Nothing);
        Some(())
    }

    /// This may have happened to pieces of a note, whatever the answer is.
    fn touches(&mut self, device: usize, note: NoteId, touched: Touched) {
        let act = self.about_note(device, note, Kind::Text(touched));
        self.reference.doubtful(act);
    }

    fn pieces_of(&self, marks: &[Mark]) -> Vec<Token> {
        let passages = marks.iter().flat_map(|mark| &mark.passages);
        let texts = passages.flat_map(|passage| [&passage.base, &passage.mine, &passage.theirs, &passage.now]);
        self.reference.tokens.named(&texts.map(String::as_str).collect::<Vec<_>>().join("\n"))
    }

    /// Both texts of it.
    pub(super) fn text(&self, device: usize, note: NoteId) -> Option<String> {
        let document = self.stored(device, note)?;
        Some(format!("{}\n{}", document.title(), document.body()))
    }

    /// A note as it is on a device's disk.
    pub(in crate::world) fn stored(&self, device: usize, note: NoteId) -> Option<NoteDocument> {
        let process = self.devices[device].process.as_ref()?;
        let stored = process.reader.document(DocKey { space: process.engine.space(), note }).ok()??;
        let updates = stored.updates.iter().filter(|update| update.imported).map(|update| update.ops.as_slice());
        let parts: Vec<&[u8]> = stored.snapshot.as_deref().into_iter().chain(updates).collect();
        NoteDocument::load(&parts, PeerId(1)).ok()
    }
}
