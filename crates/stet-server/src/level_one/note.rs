//! What a level-1 client asks of a note. Whole fields are merged against the versions it may have started from. Never the
//! folder tree.

use stet_model::document::{
    Candidate, ForeignAuthor, ForeignText, MergedForeign, NoteDocument, NoteEdit, Parting, Seen, Version,
};
use stet_model::id::PeerId;
use stet_model::note::note_bytes;
use stet_protocol::message::ErrorCode;
use stet_protocol::message::level1::{Changes, NoteData, ServerMessage};
use stet_protocol::texts;
use stet_sync::server::{Change, LevelOne, Refusal};

use super::show::{note_of, rendered, show_changes};
use super::{FRESH_PEERS, NoteKey, Worked, Writer, blobs, exported, unread, unreadable};
use crate::database::{Read, StoredDocument};

/// What a request is done with.
pub(super) struct Means {
    pub(super) writer: Writer,
    pub(super) fresh: [PeerId; FRESH_PEERS],
    pub(super) note_bytes: u64,
    pub(super) now: i64,
}

/// A note that is there.
struct Known<'a> {
    key: &'a NoteKey,
    stored: StoredDocument,
    document: NoteDocument,
}

pub(super) fn ask(key: &NoteKey, request: LevelOne, means: Means, database: &dyn Read) -> Result<Worked, Refusal> {
    if key.is_library() {
        return Err(Refusal::new(ErrorCode::NotFound).about(key.note_id));
    }
    let stored = database.document(key.access(), key.note_id).map_err(|error| unread(key.note_id, &error))?;
    let Some(stored) = stored else {
        return match request {
            LevelOne::Create(_, data) => create(key, data, &means),
            _ => Err(Refusal::new(ErrorCode::NotFound).about(key.note_id)),
        };
    };
    if stored.purged {
        return Err(Refusal::new(ErrorCode::Deleted).about(key.note_id));
    }
    let document =
        NoteDocument::load(&blobs(&stored), means.fresh[0]).map_err(|error| unreadable(key.note_id, &error))?;
    let known = Known { key, stored, document };
    match request {
        LevelOne::Update(_, changes) => known.update(changes, means, database),
        LevelOne::Create(_, data) => known.update(all_fields(data), means, database),
        LevelOne::Delete(_) => known.delete(&means),
        LevelOne::Join(_) | LevelOne::Folder(_) => Ok(known.join()),
    }
}

fn create(key: &NoteKey, data: NoteData, means: &Means) -> Result<Worked, Refusal> {
    let failed = |error| unreadable(key.note_id, &error);
    let mut document = NoteDocument::new(means.fresh[0]);
    let created_at = data.created_at.unwrap_or(means.now);
    let changes = all_fields(data);
    check_size(key, &changes, means.note_bytes)?;
    document.edit(&NoteEdit::CreatedAt(created_at), means.now).map_err(failed)?;
    let author = author(means, means.fresh[0]);
    document.merge_foreign(&foreign(changes), &[], &author, means.now).map_err(failed)?;
    let seen = Seen::at(document.point()).encode();
    let mut writer = Writer { has: Some(Vec::new()), ..means.writer.clone() };
    writer.wrote_as(means.fresh[0]);
    writer.got(&seen);
    let note = rendered(key, &document, (created_at, means.now));
    let (timestamp, from_user_id) = (means.now, key.user_id.clone());
    Ok(Worked {
        row: Some((0, exported(key.note_id, document.export(&Version::new()))?)),
        reply: None,
        tell: vec![ServerMessage::NoteCreatedSync { note_data: note, timestamp, from_user_id }],
        seen: vec![seen],
        writer: Some(writer),
    })
}

fn author(means: &Means, last: PeerId) -> ForeignAuthor {
    let [_, title, body, fields] = means.fresh;
    let last = means.writer.last.unwrap_or(last);
    ForeignAuthor { last: Some(last), fresh: [title, body, fields], own: means.writer.own.clone() }
}

impl Known<'_> {
    fn join(&self) -> Worked {
        let note = note_of(self.key, &self.document, &self.stored);
        let message = texts::NOTE_JOINED.to_owned();
        Worked {
            reply: Some(ServerMessage::NoteJoined { note_id: self.key.note_id, message, note: Some(note) }),
            seen: vec![Seen::at(self.document.point()).encode()],
            ..Worked::default()
        }
    }

    fn delete(mut self, means: &Means) -> Result<Worked, Refusal> {
        let before = self.document.head();
        if !self.document.fields().trashed {
            self.document.edit(&NoteEdit::Trash, means.now).map_err(|error| unreadable(self.key.note_id, &error))?;
        }
        let row = self.row_since(&before)?;
        let (note_id, timestamp, from_user_id) = (self.key.note_id, means.now, self.key.user_id.clone());
        let tell = ServerMessage::NoteDeletedSync { note_id, timestamp, from_user_id };
        Ok(Worked {
            tell: row.iter().map(|_| tell.clone()).collect(),
            row,
            seen: vec![Seen::at(self.document.point()).encode()],
            ..Worked::default()
        })
    }

    fn update(mut self, changes: Changes, means: Means, database: &dyn Read) -> Result<Worked, Refusal> {
        check_size(self.key, &changes, means.note_bytes)?;
        let has = match &means.writer.has {
            Some(has) => has.clone(),
            None => {
                let seen = database.seen(self.key.access(), self.key.note_id);
                seen.map_err(|error| unread(self.key.note_id, &error))?.into_iter().map(|seen| seen.point).collect()
            }
        };
        let candidates = self.candidates(&has);
        let foreign = foreign(changes.clone());
        let before = self.document.head();
        let fields_before = rendered(self.key, &self.document, (0, 0));
        let merged = self.merge(&foreign, &candidates, &means)?;
        let row = self.row_since(&before)?;
        let updated_note = note_of(self.key, &self.document, &self.stored);
        if row.is_some() && note_bytes(&updated_note.title, &updated_note.content) > means.note_bytes {
            return Err(Refusal::new(ErrorCode::TooLarge).about(self.key.note_id));
        }
        let made = merged.made.seen.as_ref().map(Seen::encode);
        let answered = Seen::at(self.document.point()).encode();
        let writer = after_update(means.writer, &merged);
        let (note_id, timestamp, from_user_id) = (self.key.note_id, means.now, self.key.user_id.clone());
        let changes = show_changes(&fields_before, &updated_note, Some(&changes));
        let sync =
            ServerMessage::NoteSync { note_id, changes, updated_note: updated_note.clone(), timestamp, from_user_id };
        Ok(Worked {
            tell: row.iter().map(|_| sync.clone()).collect(),
            row,
            reply: Some(ServerMessage::NoteUpdateSuccess { note_id, updated_note, timestamp }),
            seen: made.into_iter().chain([answered]).collect(),
            writer: Some(writer),
        })
    }

    fn merge(
        &mut self,
        foreign: &ForeignText,
        candidates: &[Candidate],
        means: &Means,
    ) -> Result<MergedForeign, Refusal> {
        let failed = |error| unreadable(self.key.note_id, &error);
        let [_, title, body, fields] = means.fresh;
        let author =
            ForeignAuthor { last: means.writer.last, fresh: [title, body, fields], own: means.writer.own.clone() };
        let merged = self.document.merge_foreign(foreign, candidates, &author, means.now).map_err(failed)?;
        let mark = |Parting { base, mine, theirs }| NoteEdit::MarkMerged { base, mine, theirs };
        let marks: Vec<NoteEdit> = merged.marks.iter().cloned().map(mark).collect();
        self.document.edit_all(&marks, means.now).map_err(failed)?;
        Ok(merged)
    }

    /// The versions the writer may have, with their texts. One that is in no history any more is passed over.
    fn candidates(&self, has: &[Vec<u8>]) -> Vec<Candidate> {
        let of = |bytes: &Vec<u8>| {
            let seen = Seen::decode(bytes).ok()?;
            let (title, body) = if seen.title == seen.body {
                self.document.text_at(&seen.body).ok()?
            } else {
                (self.document.text_at(&seen.title).ok()?.0, self.document.text_at(&seen.body).ok()?.1)
            };
            Some(Candidate { seen: Some(seen), title: Some(title), body: Some(body) })
        };
        has.iter().filter_map(of).collect()
    }

    /// The operations written since, as a row; `None` when nothing was.
    fn row_since(&self, before: &Version) -> Result<Option<(u64, Change)>, Refusal> {
        if before.includes(&self.document.head()) {
            return Ok(None);
        }
        Ok(Some((self.stored.seq, exported(self.key.note_id, self.document.export(before))?)))
    }
}

/// The writer's memory after an update. The answer isn't in it yet: it is when it was sent.
fn after_update(mut writer: Writer, merged: &MergedForeign) -> Writer {
    writer.has = Some(Vec::new());
    merged.still_possible.iter().for_each(|seen| writer.got(&seen.encode()));
    if let Some(author) = merged.author {
        writer.wrote_as(author);
    }
    writer
}

fn check_size(key: &NoteKey, changes: &Changes, limit: u64) -> Result<(), Refusal> {
    let size = |text: &Option<String>| text.as_deref().unwrap_or_default().len();
    let bytes = u64::try_from(size(&changes.title) + size(&changes.content)).unwrap_or(u64::MAX);
    if bytes > limit { Err(Refusal::new(ErrorCode::TooLarge).about(key.note_id)) } else { Ok(()) }
}

fn foreign(changes: Changes) -> ForeignText {
    let Changes { title, content, starred, archived, deleted, hidden, folder_id, tags } = changes;
    ForeignText { title, body: content, tags, folder: folder_id, starred, archived, hidden, trashed: deleted }
}

/// A whole note as an update. What isn't said stays.
fn all_fields(data: NoteData) -> Changes {
    let NoteData { folder_id, title, content, starred, archived, deleted, hidden, tags, .. } = data;
    Changes { title, content, starred, archived, deleted, hidden, folder_id: folder_id.map(Some), tags }
}
