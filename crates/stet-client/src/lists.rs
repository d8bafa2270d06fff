//! Lists, read beside the engine: pages of notes, the sidebar, one row. Blocking; no decisions.

pub(crate) mod export;
pub(crate) mod read_only;
pub(crate) mod unsent;

use stet_model::id::{DocKey, NoteId};
use stet_store::{ListQuery, ListView, ReadError, Reader};

use crate::api::command::ListNotes;
use crate::api::note::{Counts, FolderRow, NotePage, NoteRow, Sidebar, TagRow, View};
use crate::api::{CommandError, ErrorCode};
use crate::engine::ListContext;

/// Rows a page may have.
const PAGE: u32 = 200;
/// Longest search, characters.
const SEARCH_CHARS: usize = 200;

pub(crate) fn page(reader: &Reader, context: ListContext, args: ListNotes) -> Result<NotePage, CommandError> {
    let query = ListQuery {
        space: context.space,
        view: view(args.view),
        search: args.search.chars().take(SEARCH_CHARS).collect(),
        after: args.after,
        limit: args.limit.clamp(1, PAGE),
    };
    let page = reader.list(&query).map_err(unreadable)?;
    let rows = page.rows.into_iter().map(|row| context.row(row)).collect();
    Ok(NotePage { rows, next: page.next, total: page.total })
}

pub(crate) fn row(reader: &Reader, context: ListContext, note: NoteId) -> Result<NoteRow, CommandError> {
    let row = reader.row(DocKey { space: context.space, note }).map_err(unreadable)?;
    let missing = || CommandError::new(ErrorCode::NotFound, "This note isn't here any more.");
    row.map(|row| context.row(row)).ok_or_else(missing)
}

pub(crate) fn sidebar(reader: &Reader, context: ListContext) -> Result<Sidebar, CommandError> {
    let rows = reader.sidebar(context.space).map_err(unreadable)?;
    let [all, starred, unfiled, archived, trash, unsent] = rows.counts;
    let unsent = if context.has_server { unsent } else { 0 };
    let folder = |(folder, count): (stet_store::FolderFields, u32)| FolderRow {
        id: folder.id,
        name: folder.name,
        color: folder.color,
        parent_id: folder.parent,
        depth: folder.depth,
        count,
    };
    Ok(Sidebar {
        counts: Counts { all, starred, unfiled, archived, trash, unsent },
        folders: rows.folders.into_iter().map(folder).collect(),
        tags: rows.tags.into_iter().map(|(name, count)| TagRow { name, count }).collect(),
    })
}

/// Every note in the trash.
pub(crate) fn trashed(reader: &Reader, context: ListContext) -> Result<Vec<NoteId>, CommandError> {
    let mut notes = Vec::new();
    let mut after = None;
    loop {
        let query =
            ListQuery { space: context.space, view: ListView::Trash, search: String::new(), after, limit: PAGE };
        let page = reader.list(&query).map_err(unreadable)?;
        notes.extend(page.rows.iter().map(|row| row.note));
        after = page.next;
        if after.is_none() {
            return Ok(notes);
        }
    }
}

fn view(view: View) -> ListView {
    match view {
        View::All => ListView::All,
        View::Starred => ListView::Starred,
        View::Unfiled => ListView::Unfiled,
        View::Archived => ListView::Archived,
        View::Trash => ListView::Trash,
        View::Unsent => ListView::Unsent,
        View::Folder { folder_id } => ListView::Folder(folder_id),
        View::Tag { tag } => ListView::Tag(tag),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands where an error is mapped")]
pub(crate) fn unreadable(error: ReadError) -> CommandError {
    CommandError::new(ErrorCode::Storage, error.to_string())
}
