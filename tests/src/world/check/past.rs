//! Notes whose whole text a level-1 client sent: which version it was made from is a guess, so a piece may be missing in
//! what the note says now; and notes whose marks were settled unseen. What isn't there then is in the note's past. No other notes.

use std::collections::{BTreeMap, BTreeSet};

use stet_client::api::command::ListHistory;
use stet_client::history::{self, Shelf};
use stet_model::document::{History, Point};
use stet_model::id::NoteId;

use super::content::Note;
use super::promises::Fate;
use crate::world::World;
use crate::world::reference::Token;

impl World {
    /// Whether every piece nobody deleted is in the note or in a version of it. What a level-1 client sent is merged at once,
    /// and what an unseen mark gave up nobody knows: that may be in no version people are shown, but is in the operations.
    pub(super) fn check_past(&self, id: NoteId, note: &Note, fates: &BTreeMap<Token, Fate>) -> Result<(), String> {
        let put = fates.iter().filter(|(_, fate)| fate.put.contains(&id) && !fate.maybe_gone);
        let mut missing: BTreeSet<Token> = put.map(|(token, _)| *token).collect();
        self.found_in(&note.text(), &mut missing);
        if missing.is_empty() {
            return Ok(());
        }
        let mut history = History::of(self.stored(0, id).ok_or("it can't be read")?);
        let mut look = |point: &Point, missing: &mut BTreeSet<Token>| {
            if let Ok(text) = history.text_at(point) {
                self.found_in(&format!("{}\n{}", text.title, text.body), missing);
            }
        };
        for point in self.versions(id)? {
            look(&point, &mut missing);
        }
        let unseen = self.reference.is_settled_unseen(id);
        let (mut hidden, mut missing): (BTreeSet<Token>, BTreeSet<Token>) =
            missing.into_iter().partition(|token| unseen || fates[token].by_level1);
        for point in self.server.log.tips(id) {
            look(&point, &mut hidden);
        }
        missing.append(&mut hidden);
        let words: Vec<&str> = missing.iter().map(|token| self.reference.tokens.text(*token)).collect();
        if words.is_empty() { Ok(()) } else { Err(format!("neither it nor its past has {words:?}: {:?}", note.text())) }
    }

    /// The versions of a note that people are shown.
    fn versions(&self, note_id: NoteId) -> Result<Vec<Point>, String> {
        let process = self.devices[0].process.as_ref().ok_or("no process")?;
        let shelf =
            Shelf { reader: &process.reader, space: process.engine.space(), device: process.engine.device_id() };
        let (mut versions, mut after) = (Vec::new(), None);
        loop {
            let page = history::list(shelf, &ListHistory { note_id, after }).map_err(|error| error.message)?;
            for version in &page.versions {
                versions.push(history::point(&version.id).map_err(|error| error.message)?);
            }
            after = page.next;
            if after.is_none() {
                return Ok(versions);
            }
        }
    }

    fn found_in(&self, text: &str, missing: &mut BTreeSet<Token>) {
        for (token, _) in self.reference.tokens.find(text) {
            missing.remove(&token);
        }
    }
}
