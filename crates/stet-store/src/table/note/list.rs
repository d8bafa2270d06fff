//! Pages of lists, by key and never by offset, so that a page costs the same wherever it is.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Result, Row};
use stet_model::id::{FolderId, NoteId};

use crate::read::{ListRow, ListView};
use crate::table::note::{tag, tags_from};
use crate::table::{document, folder, space};
use crate::write::{DocKey, RowFields};

/// Where a row stands in a list: pinned, unsent, time, number in this file, each in descending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// 2 for pinned, plus 1 for unsent.
    pub rank: i64,
    /// Epoch milliseconds.
    pub at: i64,
    pub doc: i64,
}

impl Place {
    /// Before every row.
    pub(crate) const START: Self = Self { rank: i64::MAX, at: i64::MAX, doc: i64::MAX };
}

/// A list as the tables know it.
pub(crate) struct View {
    /// What a row of `notes` (as `n`) must satisfy; `?1` is the space, `?2` the key.
    condition: &'static str,
    /// The index that has the view in order; a tag's is on `note_tags`.
    index: Option<&'static str>,
    space: i64,
    key: i64,
    total: u32,
}

impl View {
    /// Looks the view up; `None` for one that can't have notes.
    pub(crate) fn find(connection: &Connection, space: i64, view: &ListView) -> Result<Option<Self>> {
        const BY_VIEW: &str = "n.space = ?1 AND n.view = ?2";
        let fixed = |list: usize, key: i64, index, condition| -> Result<Option<Self>> {
            let total = space::counts(connection, space)?.get(list).copied().unwrap_or_default();
            Ok(Some(Self { condition, index: Some(index), space, key, total }))
        };
        match view {
            ListView::All => fixed(0, 0, "notes_by_view", BY_VIEW),
            ListView::Starred => {
                fixed(1, 1, "notes_starred", "n.space = ?1 AND n.view = 0 AND n.starred = 1 AND ?2 = 1")
            }
            ListView::Unfiled => fixed(2, 0, "notes_by_shelf", "n.space = ?1 AND n.shelf IS NULL AND n.view = ?2"),
            ListView::Archived => fixed(3, 1, "notes_by_view", BY_VIEW),
            ListView::Trash => fixed(4, 2, "notes_by_view", BY_VIEW),
            ListView::Unsent => fixed(5, 1, "notes_waiting", "n.space = ?1 AND n.waiting = 1 AND ?2 = 1"),
            ListView::Folder(id) => Ok(folder::find(connection, space, *id)?.map(|(id, total)| Self {
                condition: "n.space = ?1 AND n.shelf = ?2 AND n.view = 0",
                index: Some("notes_by_shelf"),
                space,
                key: id,
                total,
            })),
            ListView::Tag(name) => Ok(tag::find(connection, space, name)?.map(|(id, total)| Self {
                condition: "n.space = ?1 AND t.tag = ?2 AND t.live = 1",
                index: None,
                space,
                key: id,
                total,
            })),
        }
    }

    /// How many notes the view has.
    pub(crate) const fn total(&self) -> u32 {
        self.total
    }

    /// Tables that give the view's notes in order as `n`, and in which of them the order is.
    fn source(&self) -> (String, char) {
        match self.index {
            Some(index) => (format!("notes n INDEXED BY {index}"), 'n'),
            None => ("note_tags t INDEXED BY note_tags_in_order CROSS JOIN notes n ON n.doc = t.doc".to_owned(), 't'),
        }
    }
}

const COLUMNS: &str = "n.rank, n.at, n.doc, d.note, n.title, n.preview, iif(n.shelf IS NULL, NULL, n.folder), n.starred, n.pinned, n.archived, n.hidden,
    n.trashed, n.tags, n.created_at, n.bytes, n.unsent, n.held, d.last_seq, d.held, n.merged, d.unsent_since, n.leaving";

fn list_row(row: &Row<'_>) -> Result<ListRow> {
    Ok(ListRow {
        note: NoteId::from_bytes(row.get(3)?),
        fields: RowFields {
            title: row.get(4)?,
            preview: row.get(5)?,
            folder: row.get::<_, Option<[u8; 16]>>(6)?.map(FolderId::from_bytes),
            starred: row.get(7)?,
            pinned: row.get(8)?,
            archived: row.get(9)?,
            hidden: row.get(10)?,
            trashed: row.get(11)?,
            merged: row.get(19)?,
            tags: tags_from(row.get_ref(12)?.as_str()?, 12)?,
            created_at: row.get(13)?,
            bytes: row.get(14)?,
        },
        updated_at: row.get(1)?,
        unsent: row.get(15)?,
        last_seq: row.get(17)?,
        held: if row.get(16)? { document::held_at(row, 18)? } else { None },
        unsent_since: row.get(20)?,
        leaving: row.get(21)?,
    })
}

fn placed_row(row: &Row<'_>) -> Result<(Place, ListRow)> {
    Ok((Place { rank: row.get(0)?, at: row.get(1)?, doc: row.get(2)? }, list_row(row)?))
}

/// At most `limit` rows of the view below `after`, in order.
pub(crate) fn page(connection: &Connection, view: &View, after: &Place, limit: u32) -> Result<Vec<(Place, ListRow)>> {
    connection
        .prepare_cached(&page_statement(view))?
        .query_map((view.space, view.key, after.rank, after.at, after.doc, limit), placed_row)?
        .collect()
}

fn page_statement(view: &View) -> String {
    let (source, k) = view.source();
    format!(
        "SELECT {COLUMNS} FROM {source} CROSS JOIN documents d ON d.id = n.doc
         WHERE {} AND ({k}.rank, {k}.at, {k}.doc) < (?3, ?4, ?5)
         ORDER BY {k}.rank DESC, {k}.at DESC, {k}.doc DESC LIMIT ?6",
        view.condition
    )
}

/// One note's row.
pub(crate) fn row(connection: &Connection, doc: DocKey) -> Result<Option<ListRow>> {
    let Some(found) = document::find(connection, doc)? else { return Ok(None) };
    Ok(rows_of(connection, &[found.id])?.pop())
}

/// The rows of the documents with these numbers, in this order; nothing for one without a row.
pub(crate) fn rows_of(connection: &Connection, docs: &[i64]) -> Result<Vec<ListRow>> {
    let sql = format!("SELECT {COLUMNS} FROM notes n CROSS JOIN documents d ON d.id = n.doc WHERE n.doc = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = Vec::with_capacity(docs.len());
    for doc in docs {
        rows.extend(statement.query_row([doc], list_row).optional()?);
    }
    Ok(rows)
}

fn place(row: &Row<'_>) -> Result<Place> {
    Ok(Place { rank: row.get(0)?, at: row.get(1)?, doc: row.get(2)? })
}

/// Every note of the view that is in the search index, by its slot.
pub(crate) fn members(connection: &Connection, view: &View) -> Result<BTreeMap<i64, Place>> {
    let (source, _) = view.source();
    let sql =
        format!("SELECT n.rank, n.at, n.doc, n.slot FROM {source} WHERE {} AND n.slot IS NOT NULL", view.condition);
    connection.prepare_cached(&sql)?.query_map((view.space, view.key), |row| Ok((row.get(3)?, place(row)?)))?.collect()
}

/// The notes of the view whose words in `table` match, those of the latest slots first, handed to `take` until it
/// answers `false`.
pub(crate) fn each_match(
    connection: &Connection,
    view: &View,
    table: &str,
    expression: &str,
    mut take: impl FnMut(Place) -> bool,
) -> Result<()> {
    let tag = if view.index.is_none() { "CROSS JOIN note_tags t ON t.doc = n.doc" } else { "" };
    let sql = format!(
        "SELECT n.rank, n.at, n.doc
         FROM {table} s CROSS JOIN notes n INDEXED BY notes_by_slot ON n.slot = s.rowid {tag}
         WHERE {table} MATCH ?3 AND {} ORDER BY s.rowid DESC",
        view.condition
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query((view.space, view.key, expression))?;
    while let Some(row) = rows.next()? {
        if !take(place(row)?) {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
