//! Pages of lists and searches, and the keys between them. No SQL.

use rusqlite::{Connection, Result};

use crate::error::ReadError;
use crate::read::{ListPage, ListQuery};
use crate::table::note::list::{self, Place, View};
use crate::table::{search, space};

/// Rows of a page at most: several screens.
pub const MAX_PAGE: u32 = 500;

/// Where a page ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    /// The last row's title matched (in a search).
    title: bool,
    place: Place,
}

impl Key {
    pub(crate) fn parse(text: &str) -> Result<Self, ReadError> {
        Self::read(text).ok_or_else(|| ReadError::PageKey { key: text.chars().take(80).collect() })
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let title = match parts.next()? {
            "t" => true,
            "n" => false,
            _ => return None,
        };
        let rank = parts.next()?.parse().ok()?;
        let at = parts.next()?.parse().ok()?;
        let doc = parts.next()?.parse().ok()?;
        parts.next().is_none().then_some(Self { title, place: Place { rank, at, doc } })
    }

    fn write(&self) -> String {
        let Place { rank, at, doc } = self.place;
        let kind = if self.title { 't' } else { 'n' };
        format!("{kind}/{rank}/{at}/{doc}")
    }
}

/// Answers a query. A search of nothing but spaces is none.
pub(crate) fn read(connection: &Connection, query: &ListQuery, after: Option<Key>) -> Result<ListPage> {
    let Some(space) = space::find(connection, query.space)? else { return Ok(ListPage::default()) };
    let Some(view) = View::find(connection, space, &query.view)? else { return Ok(ListPage::default()) };
    let limit = query.limit.clamp(1, MAX_PAGE);
    if query.search.trim().is_empty() {
        plain(connection, &view, after, limit)
    } else {
        searched(connection, query, &view, after, limit)
    }
}

fn plain(connection: &Connection, view: &View, after: Option<Key>, limit: u32) -> Result<ListPage> {
    let after = after.map_or(Place::START, |key| key.place);
    // One more than wanted tells whether there is a next page.
    let mut rows = list::page(connection, view, &after, limit + 1)?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more).map(|(place, _)| Key { title: false, place: *place }.write());
    Ok(ListPage { rows: rows.into_iter().map(|(_, row)| row).collect(), next, total: view.total() })
}

fn searched(
    connection: &Connection,
    query: &ListQuery,
    view: &View,
    after: Option<Key>,
    limit: u32,
) -> Result<ListPage> {
    let hits = search::hits(connection, view, &query.search)?;
    let total = u32::try_from(hits.len()).unwrap_or(u32::MAX);
    let mut below = hits
        .into_iter()
        .map(|(title, place)| Key { title, place })
        .skip_while(|key| after.is_some_and(|after| *key >= after));
    let keys: Vec<Key> = below.by_ref().take(limit as usize).collect();
    let next = keys.last().filter(|_| below.next().is_some()).map(Key::write);
    let docs: Vec<i64> = keys.iter().map(|key| key.place.doc).collect();
    Ok(ListPage { rows: list::rows_of(connection, &docs)?, next, total })
}
