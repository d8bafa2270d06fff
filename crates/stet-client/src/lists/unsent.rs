//! What waits to be sent, note by note: since when, how much, why it can't go on. Each note is read by itself, so that one
//! that can't be read hides no other.

use stet_model::document::Version;
use stet_model::id::{DocKey, NoteId};
use stet_store::{ListQuery, ListRow, ListView, Reader, StoredDocument};

use super::unreadable;
use crate::api::command::{ListUnsent, NoteText};
use crate::api::unsent::{UnsentFolders, UnsentNote, UnsentPage};
use crate::api::{CommandError, ErrorCode};
use crate::engine::{ListContext, read_note, stopped};

/// Notes a page may have: each is read whole from the disk.
const PAGE: u32 = 50;

pub(crate) fn page(reader: &Reader, context: ListContext, args: ListUnsent) -> Result<UnsentPage, CommandError> {
    if !context.has_server {
        // Nothing waits where there is nobody to send it to.
        return Ok(UnsentPage { notes: Vec::new(), folders: None, next: None, total: 0 });
    }
    let is_first = args.after.is_none();
    let query = ListQuery {
        space: context.space,
        view: ListView::Unsent,
        search: String::new(),
        after: args.after,
        limit: args.limit.clamp(1, PAGE),
    };
    let page = reader.list(&query).map_err(unreadable)?;
    // Those that need somebody come first: among ten thousand that wait for the network they wouldn't be found.
    let mut rows = if is_first { reader.held(context.space, PAGE).map_err(unreadable)? } else { Vec::new() };
    let first: Vec<NoteId> = rows.iter().map(|row| row.note).collect();
    rows.extend(page.rows.into_iter().filter(|row| !first.contains(&row.note)));
    let notes = rows.into_iter().map(|row| note(reader, context, row)).collect();
    let folders = if is_first { folders(reader, context)? } else { None };
    Ok(UnsentPage { notes, folders, next: page.next, total: page.total })
}

fn note(reader: &Reader, context: ListContext, row: ListRow) -> UnsentNote {
    let doc = DocKey { space: context.space, note: row.note };
    let waits = row.unsent && !row.leaving;
    let bytes = if waits { reader.document(doc).ok().flatten().and_then(|stored| to_send(&stored)) } else { Some(0) };
    UnsentNote { since: row.unsent_since, bytes, removal: row.leaving, row: context.row(row) }
}

/// How many bytes are to be sent of a note.
fn to_send(stored: &StoredDocument) -> Option<u64> {
    let note = read_note(stored).ok()?;
    let known = Version::decode(&stored.known).ok()?;
    Some(note.export(&known).len() as u64)
}

fn folders(reader: &Reader, context: ListContext) -> Result<Option<UnsentFolders>, CommandError> {
    let doc = DocKey { space: context.space, note: context.space.library() };
    let stored = reader.document(doc).map_err(unreadable)?;
    let waits = stored.filter(|stored| stored.unsent || stored.held.is_some());
    Ok(waits.map(|stored| UnsentFolders { stopped: stored.held.as_ref().and_then(stopped) }))
}

/// A note's text as it is on the disk.
pub(crate) fn text(reader: &Reader, context: ListContext, note: NoteId) -> Result<NoteText, CommandError> {
    let stored = reader.document(DocKey { space: context.space, note }).map_err(unreadable)?;
    let missing = || CommandError::new(ErrorCode::NotFound, "This note isn't here any more.");
    let stored = stored.filter(|stored| !stored.purged).ok_or_else(missing)?;
    let read = read_note(&stored).map_err(|error| {
        CommandError::new(ErrorCode::Storage, format!("This note can't be read from the disk: {error}"))
    })?;
    Ok(NoteText { title: read.title(), body: read.body() })
}
