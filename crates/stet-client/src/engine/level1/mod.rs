//! Notes on a level-1 server: whole fields out, foreign texts in. *known* is the version at which this device's text was
//! the server's; the next foreign text is merged against it. Folders are in `folders`.

mod adoption;
pub(super) mod folders;

use rand_chacha::rand_core::Rng;
use stet_model::document::{Candidate, Document, ForeignAuthor, ForeignText, NoteDocument, NoteEdit, Seen, Version};
use stet_model::id::{DocKey, NoteId, PeerId};
use stet_protocol::message::level1::{Changes, Note, NoteData};
use stet_store::Write;
use stet_sync::device::level1::Request;

use super::documents::Task;
use super::documents::after::After;
use super::remote::paragraph;
use super::{Engine, Now};
use crate::api::Event;
use crate::api::event::RemoteChange;

/// Texts a note on a level-1 server may have started from, beside *known*; the newest are kept.
const CANDIDATES: usize = 8;

/// Authors remembered to have stood for a level-1 server in a note; the newest are kept.
const AUTHORS: usize = 64;

/// What a level-1 server says about a note.
pub(super) struct Foreign {
    /// The version we sent, when this is the answer.
    pub(super) end: Option<Vec<u8>>,
    /// The note as it is there; absent when it was deleted.
    pub(super) note: Option<Box<Note>>,
    /// Server time, epoch milliseconds.
    pub(super) timestamp: i64,
    /// It came unasked.
    pub(super) news: bool,
}

/// What is remembered of a note on a level-1 server while connected.
#[derive(Debug, Default)]
pub(super) struct Level1Note {
    candidates: Vec<Candidate>,
    author: Option<PeerId>,
    own: Vec<PeerId>,
}

impl Engine {
    pub(super) fn prepare_level1(&mut self, doc: DocKey, now: Now) {
        let Some(live) = self.documents.get(doc) else { return };
        let Document::Note(note) = &live.document else {
            return self.prepare_folder(doc, now);
        };
        if live.held.is_some() || !live.is_saved() || !live.is_unsent() {
            return self.nothing_to_send(doc, now);
        }
        // A server that takes whole fields as they come would put an old text over a newer one beside what was changed.
        let there = if live.known.is_empty() { None } else { note.past(&live.known).ok() };
        let create = live.known.is_empty().then(|| note_data(doc.note, note));
        let trashed_there = there.as_ref().is_some_and(|there| there.fields().trashed);
        let delete = note.fields().trashed && !trashed_there;
        let request = Request { create, delete, changes: changes(note, there.as_ref()) };
        let end = live.on_disk.encode();
        if let Some(live) = self.documents.get_mut(doc) {
            live.may_be_sent = true;
        }
        self.set_apart(doc);
        self.device.prepared_level1(doc, &request, end, now.mono);
    }

    /// A level-1 server told how a note stands there.
    pub(super) fn level1_note(&mut self, doc: DocKey, foreign: Foreign, now: Now) {
        self.with(doc, Task::Level1(Box::new(foreign)), now);
    }

    pub(super) fn merge_level1(&mut self, doc: DocKey, foreign: Foreign, now: Now) {
        if doc.is_library() {
            return;
        }
        self.set_apart(doc);
        let end = foreign.end.as_ref().and_then(|end| Version::decode(end).ok());
        let Some(live) = self.documents.get_mut(doc) else {
            return;
        };
        let before = live.document.head();
        let existed = !before.is_empty();
        if let Some(end) = &end {
            live.known.merge(end);
        }
        let was_unsent = !live.known.includes(&before);
        let trashed_before = live.is_trashed();
        let paragraph = self.take_over(doc, &foreign, now).unwrap_or_else(|reason| {
            self.recorder.note(&format!("level 1: {reason}"), now);
            None
        });
        let Some(live) = self.documents.get_mut(doc) else {
            return;
        };
        let head = live.document.head();
        let changed = head != before;
        if !was_unsent {
            // Nothing of ours was missing there, so what stands here now stands there too.
            live.known.merge(&head);
        }
        let trashed = live.is_trashed();
        self.note_known(doc, foreign.timestamp, now);
        self.row_changed(doc);
        if foreign.news && changed {
            let event = match (existed, trashed && !trashed_before) {
                (false, _) => Event::NoteCreated,
                (true, true) => Event::NoteDeleted,
                (true, false) => Event::NoteSynced,
            };
            self.tell_level1_news(doc, event, (foreign.timestamp, paragraph), now);
        }
    }

    /// Writes down what the server is known to have; what it lacks goes out.
    pub(super) fn note_known(&mut self, doc: DocKey, at: i64, now: Now) {
        let Some(live) = self.documents.get_mut(doc) else { return };
        live.updated_at = live.updated_at.max(at);
        let (known, unsent, seq) = (live.known.encode(), live.is_unsent(), live.last_seq);
        if live.is_dirty() {
            // What came may put the note elsewhere in lists: its row goes with it.
            live.waiting.push(After::Lists);
        }
        self.save(doc, now);
        let write = Write::Acked { doc, known, seq, unsent, updated_at: at, cursor: None };
        self.write(write, After::Touched { doc });
        if unsent {
            self.offer(doc, now);
        } else {
            self.ledger.unsent.remove(&doc);
            self.report.last_sync = Some(now.wall);
        }
        self.after_writes(After::Lists);
    }

    /// A level-1 server says that a note was deleted.
    pub(super) fn level1_deleted(&mut self, doc: DocKey, timestamp: i64, now: Now) {
        self.level1_note(doc, Foreign { end: None, note: None, timestamp, news: true }, now);
    }

    /// Merges what the server has; the first changed paragraph.
    fn take_over(&mut self, doc: DocKey, foreign: &Foreign, now: Now) -> Result<Option<u32>, String> {
        let Some(theirs) = &foreign.note else {
            return self.edit_document(doc, &[NoteEdit::Trash], now).map(|()| None);
        };
        let fresh = [(); 3].map(|()| PeerId(self.random.next_u64()));
        let at = self.commit_time(now);
        let remembered = self.level1_notes.entry(doc.note).or_default();
        let Some(live) = self.documents.get_mut(doc) else {
            return Ok(None);
        };
        let Document::Note(note) = &mut live.document else {
            return Ok(None);
        };
        let mut candidates = std::mem::take(&mut remembered.candidates);
        if note.head().is_empty() {
            note.edit(&NoteEdit::CreatedAt(theirs.created_at), at).map_err(|error| error.to_string())?;
        } else if !live.known.is_empty()
            && let Ok(point) = note.point_of(&live.known)
        {
            candidates.insert(0, Candidate::at(Seen::at(point)));
        }
        let author = ForeignAuthor { last: remembered.author, fresh, own: remembered.own.clone() };
        let before = note.body();
        let merged =
            note.merge_foreign(&foreign_text(theirs), &candidates, &author, at).map_err(|error| error.to_string())?;
        candidates.push(merged.made);
        let excess = candidates.len().saturating_sub(CANDIDATES);
        remembered.candidates = candidates.split_off(excess);
        if let Some(author) = merged.author {
            remembered.author = Some(author);
            remembered.own.push(author);
            let excess = remembered.own.len().saturating_sub(AUTHORS);
            remembered.own.drain(..excess);
        }
        self.tell_editors(doc, None, &merged.title, &merged.body);
        Ok(paragraph(&before, &merged.body))
    }

    fn tell_level1_news(
        &mut self,
        doc: DocKey,
        event: fn(RemoteChange) -> Event,
        (at, paragraph): (i64, Option<u32>),
        now: Now,
    ) {
        let change = RemoteChange {
            note_id: doc.note,
            title: self.title_of(doc),
            device: None,
            paragraph,
            at,
            purged: false,
            catching_up: false,
        };
        let event = event(change);
        self.consider_notice(&event, now);
        self.emit(event);
    }
}

fn foreign_text(note: &Note) -> ForeignText {
    ForeignText {
        title: Some(note.title.clone()),
        body: Some(note.content.clone()),
        tags: Some(note.tags.clone()),
        folder: Some(note.folder_id),
        starred: Some(note.starred),
        archived: Some(note.archived),
        hidden: Some(note.hidden),
        trashed: Some(note.deleted),
    }
}

fn note_data(id: NoteId, note: &NoteDocument) -> NoteData {
    let fields = note.fields();
    NoteData {
        id: Some(id),
        folder_id: fields.folder,
        title: Some(note.title()),
        content: Some(note.body()),
        starred: Some(fields.starred),
        archived: Some(fields.archived),
        deleted: Some(fields.trashed),
        hidden: Some(fields.hidden),
        tags: Some(fields.tags),
        created_at: Some(fields.created_at),
    }
}

/// The fields that differ from how the note stands there; all of them where that isn't known. One at least: it is the
/// answer to them that confirms an update.
fn changes(note: &NoteDocument, there: Option<&NoteDocument>) -> Changes {
    let fields = note.fields();
    let mut changes = Changes {
        title: Some(note.title()),
        content: Some(note.body()),
        starred: Some(fields.starred),
        archived: Some(fields.archived),
        deleted: Some(fields.trashed),
        hidden: Some(fields.hidden),
        folder_id: Some(fields.folder),
        tags: Some(fields.tags),
    };
    let Some(there) = there else { return changes };
    let known = there.fields();
    changes.content.take_if(|body| *body == there.body());
    changes.starred.take_if(|on| *on == known.starred);
    changes.archived.take_if(|on| *on == known.archived);
    changes.deleted.take_if(|on| *on == known.trashed);
    changes.hidden.take_if(|on| *on == known.hidden);
    changes.folder_id.take_if(|folder| *folder == known.folder);
    changes.tags.take_if(|tags| *tags == known.tags);
    let others = Changes { title: None, ..changes.clone() } != Changes::default();
    changes.title.take_if(|title| others && *title == there.title());
    changes
}
