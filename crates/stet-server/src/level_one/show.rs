//! Notes as level 1 sees them, and what it is told of rows that came from level 2. Never a merge.

use stet_model::document::{NoteDocument, Seen};
use stet_model::id::{PeerId, UserId};
use stet_protocol::message::level1::{Changes, Note, ServerMessage};

use super::{FRESH_PEERS, NoteKey, Shown, blobs};
use crate::database::{Read, StoredDocument};

/// Rows to be shown.
pub(super) struct Event {
    /// The first of them.
    pub(super) from: u64,
    pub(super) author: UserId,
    pub(super) timestamp: i64,
    /// Whether the note begins with them.
    pub(super) first: bool,
}

/// A note as it stands. Times are the server's but for a `createdAt` somebody gave.
pub(super) fn note_of(key: &NoteKey, document: &NoteDocument, stored: &StoredDocument) -> Note {
    rendered(key, document, (stored.created_at, stored.updated_at))
}

pub(super) fn rendered(key: &NoteKey, document: &NoteDocument, (created_at, updated_at): (i64, i64)) -> Note {
    let fields = document.fields();
    Note {
        id: key.note_id,
        user_id: key.user_id.clone(),
        folder_id: fields.folder,
        title: document.title(),
        content: document.body(),
        starred: fields.starred,
        archived: fields.archived,
        deleted: fields.trashed,
        hidden: fields.hidden,
        tags: fields.tags,
        created_at: if fields.created_at > 0 { fields.created_at } else { created_at },
        updated_at,
    }
}

/// The fields in which two states of a note differ, and those somebody asked to set, as they now stand.
pub(super) fn show_changes(before: &Note, after: &Note, asked: Option<&Changes>) -> Changes {
    let asked = asked.cloned().unwrap_or_default();
    let show = |differs: bool, asked: bool| differs || asked;
    Changes {
        title: show(before.title != after.title, asked.title.is_some()).then(|| after.title.clone()),
        content: show(before.content != after.content, asked.content.is_some()).then(|| after.content.clone()),
        starred: show(before.starred != after.starred, asked.starred.is_some()).then_some(after.starred),
        archived: show(before.archived != after.archived, asked.archived.is_some()).then_some(after.archived),
        deleted: show(before.deleted != after.deleted, asked.deleted.is_some()).then_some(after.deleted),
        hidden: show(before.hidden != after.hidden, asked.hidden.is_some()).then_some(after.hidden),
        folder_id: show(before.folder_id != after.folder_id, asked.folder_id.is_some()).then_some(after.folder_id),
        tags: show(before.tags != after.tags, asked.tags.is_some()).then(|| after.tags.clone()),
    }
}

/// What level 1 is told of a note's rows.
pub(super) fn note(
    key: &NoteKey,
    event: &Event,
    fresh: [PeerId; FRESH_PEERS],
    database: &dyn Read,
) -> Result<Shown, String> {
    let why = |error: &dyn std::fmt::Display| error.to_string();
    let stored = database.document(key.access(), key.note_id).map_err(|error| why(&error))?;
    let Some(stored) = stored.filter(|stored| !stored.purged) else { return Ok(Shown::default()) };
    let mut earlier = stored.clone();
    earlier.rows.retain(|row| row.seq < event.from);
    let document = NoteDocument::load(&blobs(&stored), fresh[0]).map_err(|error| why(&error))?;
    let after = note_of(key, &document, &stored);
    let (note_id, timestamp, from_user_id) = (key.note_id, event.timestamp, event.author.clone());
    let message = if event.first {
        ServerMessage::NoteCreatedSync { note_data: after, timestamp, from_user_id }
    } else {
        let before = match earlier.rows.as_slice() {
            // Compaction came between: everything is shown as changed.
            [] => NoteDocument::new(fresh[1]),
            _ => NoteDocument::load(&blobs(&earlier), fresh[1]).map_err(|error| why(&error))?,
        };
        let changes = show_changes(&note_of(key, &before, &stored), &after, None);
        if changes == Changes::default() {
            return Ok(Shown::default());
        }
        ServerMessage::NoteSync { note_id, changes, updated_note: after, timestamp, from_user_id }
    };
    Ok(Shown { tell: vec![message], seen: vec![Seen::at(document.point()).encode()] })
}
