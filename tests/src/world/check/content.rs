//! What a device holds, read from its store and made of its operations; that others hold the same. No lists.

use std::collections::BTreeMap;

use stet_model::digest::{ContentDigest, LogDigest};
use stet_model::document::{Folder, LibraryDocument, Merged, NoteDocument};
use stet_model::id::{DocKey, NoteId, PeerId};
use stet_model::note::{NoteFields, content_digest, library_digest};
use stet_store::{Held, StoredDocument};

use crate::world::World;
use crate::world::editor::Field;

/// A note as its operations say.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Note {
    pub(super) title: String,
    pub(super) body: String,
    pub(super) fields: NoteFields,
    /// What is to be settled.
    pub(super) marks: Vec<Merged>,
    /// Why it can't go on.
    pub(super) held: Option<Held>,
}

impl Note {
    fn new(document: &NoteDocument, held: Option<Held>) -> Self {
        let (title, body, fields, marks) = (document.title(), document.body(), document.fields(), document.merged());
        Self { title, body, fields, marks, held }
    }

    /// Both texts.
    pub(super) fn text(&self) -> String {
        format!("{}\n{}", self.title, self.body)
    }
}

/// Everything a device holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Content {
    pub(super) notes: BTreeMap<NoteId, Note>,
    pub(super) folders: Vec<Folder>,
    /// Every document with its last seq, and whether it is gone for good.
    ledger: BTreeMap<NoteId, (u64, bool)>,
    log: LogDigest,
    /// What all of it says.
    says: ContentDigest,
}

impl Content {
    /// The notes that aren't kept here alone.
    pub(super) fn shared(&self) -> impl Iterator<Item = (&NoteId, &Note)> {
        self.notes.iter().filter(|(_, note)| note.held.is_none())
    }

    /// Whether another device holds the same.
    pub(super) fn same(&self, other: &Self) -> Result<(), String> {
        let (mine, theirs): (BTreeMap<_, _>, BTreeMap<_, _>) = (self.shared().collect(), other.shared().collect());
        for note in mine.keys().chain(theirs.keys()) {
            match (mine.get(note), theirs.get(note)) {
                (Some(mine), Some(theirs)) if mine == theirs => {}
                (mine, theirs) => return Err(format!("note {note} is {mine:?} here and {theirs:?} there")),
            }
        }
        if self.folders == other.folders { Ok(()) } else { Err(format!("{:?} and {:?}", self.folders, other.folders)) }
    }
}

/// A row that the disk took and denied comes again, unless the note is removed for good meanwhile: with what is kept of
/// it the row waits for the next start.
fn parts(stored: &StoredDocument) -> Result<Vec<&[u8]>, String> {
    if stored.held.is_none() && stored.updates.iter().any(|update| !update.imported) {
        return Err("rows wait to be imported".to_owned());
    }
    let updates = stored.updates.iter().filter(|update| update.imported).map(|update| update.ops.as_slice());
    Ok(stored.snapshot.as_deref().into_iter().chain(updates).collect())
}

impl World {
    /// What a device has on its disk.
    pub(super) fn content(&self, device: usize) -> Result<Content, String> {
        let process = self.devices[device].process.as_ref().ok_or("no process")?;
        let space = process.engine.space();
        let of = |words: &dyn std::fmt::Display| format!("device {device}: {words}");
        let mut content = Content::default();
        for row in process.reader.ledger(space).map_err(|error| of(&error))? {
            // What was made and removed before it was ever sent is known to nobody else.
            if row.last_seq > 0 {
                content.log.add(row.note, row.last_seq, row.purged);
                content.ledger.insert(row.note, (row.last_seq, row.purged));
            }
            let stored = process.reader.document(DocKey { space, note: row.note }).map_err(|error| of(&error))?;
            let Some(stored) = stored.filter(|stored| !stored.purged) else { continue };
            let parts = parts(&stored).map_err(|words| of(&format!("note {}: {words}", row.note)))?;
            if row.note == space.library() {
                content.folders = LibraryDocument::load(&parts, PeerId(1)).map_err(|error| of(&error))?.folders();
                content.says.add(library_digest(space, &content.folders));
                continue;
            }
            let document = NoteDocument::load(&parts, PeerId(1)).map_err(|error| of(&error))?;
            if process.engine.text(row.note).is_some_and(|text| text != (document.title(), document.body())) {
                return Err(of(&format!("note {} is another one in memory than on disk", row.note)));
            }
            let (title, body, fields) = (document.title(), document.body(), document.fields());
            content.says.add(content_digest(row.note, &title, &body, &fields));
            content.notes.insert(row.note, Note::new(&document, stored.held));
        }
        Ok(content)
    }

    /// The sums a device keeps are those of what it holds, and it has found its log to be the server's.
    pub(super) fn check_standing(&self, device: usize, content: &Content) -> Result<(), String> {
        let process = self.devices[device].process.as_ref().ok_or("no process")?;
        let standing = process.reader.standing(process.engine.space()).map_err(|error| error.to_string())?;
        if standing.log.is_some_and(|log| log != content.log) || standing.content != Some(content.says) {
            return Err(format!("it keeps {standing:?}, and is at {} and {}", content.log, content.says));
        }
        if content.notes.values().any(|note| note.held.is_some()) {
            return Ok(());
        }
        let new = device + 1 == self.devices.len();
        match standing.compared {
            Some(compared) if !compared.same => Err(format!("it takes the same for another: {compared:?}")),
            None if new => Err("a new device has compared nothing".to_owned()),
            _ => Ok(()),
        }
    }

    /// Every open editor shows what the note says.
    pub(super) fn check_editors(&self, device: usize, content: &Content) -> Result<(), String> {
        let Some(process) = &self.devices[device].process else { return Ok(()) };
        for ((note, field), editor) in &process.editors {
            let Some(note) = content.notes.get(note) else { continue };
            let text = if *field == Field::Title { &note.title } else { &note.body };
            if editor.text.text() != *text || editor.text.confirmed() != *text {
                return Err(format!("an editor of {field:?} shows {:?} for {text:?}", editor.text.text()));
            }
        }
        Ok(())
    }

    /// Nothing is held back but what was edited here and removed for good elsewhere.
    pub(super) fn check_held(&self, content: &Content) -> Result<(), String> {
        match content.notes.iter().find(|(_, note)| note.held.as_ref().is_some_and(|held| held.code != "deleted")) {
            Some((note, held)) => Err(format!("note {note} is held: {:?}", held.held)),
            None => Ok(()),
        }
    }

    /// The server holds what the devices hold, and its digest is theirs.
    pub(super) fn check_server(&mut self, contents: &[Content]) -> Result<(), String> {
        let (_, digest) = self.server.head()?;
        for (device, content) in contents.iter().enumerate() {
            let alone = content.notes.values().any(|note| note.held.is_some());
            if !alone && content.log.to_string() != digest {
                for (note, mine) in &content.ledger {
                    let theirs = self.server.place(*note)?;
                    if theirs != Some(*mine) {
                        return Err(format!("device {device} has note {note} at {mine:?}, the server at {theirs:?}"));
                    }
                }
                return Err(format!("device {device} lacks documents: {:?}", content.ledger));
            }
            for (id, note) in &content.notes {
                let there = self.server.note(*id)?.map(|document| Note::new(&document, None));
                match (there, &note.held) {
                    (Some(there), None) if there == *note => {}
                    (None, Some(_)) => {}
                    (there, _) => return Err(format!("device {device} holds {note:?} and the server {there:?}")),
                }
            }
        }
        let folders = self.server.library()?.folders();
        if folders == contents[0].folders { Ok(()) } else { Err(format!("the server's folders are {folders:?}")) }
    }
}
