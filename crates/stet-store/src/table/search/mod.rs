//! Tables `search_title` and `search_text`: which words each note has, without the text itself. The words are cut by
//! `crate::words`; FTS5 only keeps them.
//!
//! A note's row is a *slot*: a number that grows with the time of its last change, so that reading the index backwards
//! gives the newest notes first, and a search can stop early.

pub(crate) mod word;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use rusqlite::{Connection, Result};

use crate::migration::Migration;
use crate::table::note;
use crate::table::note::list::{self, Place, View};
use crate::words::{self, Term};

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    number: 2026112311,
    name: "search",
    generation: 1,
    sql: "
CREATE VIRTUAL TABLE search_title USING fts5 (
    words, content = '', contentless_delete = 1, detail = none, prefix = '1 2 3',
    tokenize = \"unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'\"
);
CREATE VIRTUAL TABLE search_text USING fts5 (
    words, content = '', contentless_delete = 1, detail = none, prefix = '1 2 3',
    tokenize = \"unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'\"
);",
}];

/// Hits a search looks at: the newest ones. Nobody reads on after that many; they type another letter.
pub(crate) const MAX_HITS: usize = 1000;

/// With fewer hits than this, words that have the query's inside are looked for too: a screen or two.
const FEW_HITS: usize = 100;

/// Up to this many notes, a view's are fetched first and looked for among the hits; beyond, each hit is asked whether
/// it is in the view. A common word has a hundred thousand hits, and asking costs several times as much as reading.
const SMALL_VIEW: u32 = 2_000;

/// Milliseconds a slot stands for, as a power of two: 17 minutes. Finer makes the index larger, and decides only which
/// of more than [`MAX_HITS`] hits are looked at.
const SLOT_BITS: u32 = 20;

/// Slots looked at in one go.
const SLOT_WINDOW: i64 = 16;

/// Puts a note's words, separated by spaces, into the index in place of what was there.
pub(crate) fn set(connection: &Connection, doc: i64, title: &str, all: &str) -> Result<()> {
    let Some((at, old)) = note::indexed_at(connection, doc)? else { return Ok(()) };
    if let Some(slot) = old {
        remove(connection, slot)?;
    }
    let slot = free_slot(connection, at, old)?;
    note::set_slot(connection, doc, slot)?;
    connection.prepare_cached("INSERT INTO search_title (rowid, words) VALUES (?1, ?2)")?.execute((slot, title))?;
    connection.prepare_cached("INSERT INTO search_text (rowid, words) VALUES (?1, ?2)")?.execute((slot, all))?;
    Ok(())
}

/// Takes a slot's words out of the index.
pub(crate) fn remove(connection: &Connection, slot: i64) -> Result<()> {
    connection.prepare_cached("DELETE FROM search_title WHERE rowid = ?1")?.execute([slot])?;
    connection.prepare_cached("DELETE FROM search_text WHERE rowid = ?1")?.execute([slot])?;
    Ok(())
}

/// A slot for a note that changed at `at`: its own moment's, else a free one in the past, looked for in growing
/// distance. Never in the future, so that what is edited next still comes first.
fn free_slot(connection: &Connection, at: i64, own: Option<i64>) -> Result<i64> {
    let mut last = at >> SLOT_BITS;
    let mut reach = SLOT_WINDOW;
    let mut scatter = at.unsigned_abs();
    loop {
        let first = last.saturating_sub(SLOT_WINDOW - 1);
        let used = note::slots(connection, first, last)?;
        if let Some(free) = (first..=last).rev().find(|slot| Some(*slot) == own || !used.contains(slot)) {
            return Ok(free);
        }
        // Spread over the whole reach: notes that all changed at once (an import) must not queue up behind each other.
        scatter = scatter.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(first.unsigned_abs());
        reach = reach.saturating_mul(2);
        last = first.saturating_sub(i64::try_from((scatter >> 33) % reach.unsigned_abs()).unwrap_or(SLOT_WINDOW));
    }
}

/// The newest hits of a view, titles that match first, then in the order of lists. Words are met by words that begin
/// with them, and when that gives few notes also by words that have them inside.
pub(crate) fn hits(connection: &Connection, view: &View, text: &str) -> Result<Vec<(bool, Place)>> {
    let terms = words::query(text);
    if terms.is_empty() {
        return Ok(Vec::new());
    }
    let members = if view.total() <= SMALL_VIEW { Some(list::members(connection, view)?) } else { None };
    let mut found = Found { connection, view, members, titles: Vec::new(), texts: Vec::new() };
    let beginnings: Vec<Vec<String>> = terms.iter().map(|term| vec![term.expression()]).collect();
    found.collect(&beginnings)?;
    if found.texts.len() < FEW_HITS {
        let (widened, grew) = with_parts(connection, &terms)?;
        if grew {
            found.collect(&widened)?;
        }
    }
    Ok(found.in_order())
}

/// The terms with the words that have them inside, and whether there are any.
fn with_parts(connection: &Connection, terms: &[Term]) -> Result<(Vec<Vec<String>>, bool)> {
    let mut grew = false;
    let mut widened = Vec::with_capacity(terms.len());
    for term in terms {
        let mut choices = vec![term.expression()];
        if let Some(part) = term.part() {
            choices.extend(word::with_part(connection, part)?.iter().map(|word| words::exactly(word)));
        }
        grew |= choices.len() > 1;
        widened.push(choices);
    }
    Ok((widened, grew))
}

struct Found<'a> {
    connection: &'a Connection,
    view: &'a View,
    /// The notes of a small view by slot.
    members: Option<BTreeMap<i64, Place>>,
    titles: Vec<Place>,
    texts: Vec<Place>,
}

impl Found<'_> {
    fn collect(&mut self, terms: &[Vec<String>]) -> Result<()> {
        let groups: Vec<String> = terms.iter().map(|choices| format!("({})", choices.join(" OR "))).collect();
        let expression = groups.join(" AND ");
        self.titles = self.matching("search_title", &expression)?;
        self.texts = self.matching("search_text", &expression)?;
        Ok(())
    }

    /// In descending order, as lists are.
    fn matching(&self, table: &str, expression: &str) -> Result<Vec<Place>> {
        let mut places = Vec::new();
        let mut take = |place| {
            places.push(place);
            places.len() < MAX_HITS
        };
        match &self.members {
            Some(members) => among(self.connection, members, table, expression, &mut take)?,
            None => list::each_match(self.connection, self.view, table, expression, &mut take)?,
        }
        places.sort_unstable_by_key(|place| Reverse(*place));
        Ok(places)
    }

    fn in_order(self) -> Vec<(bool, Place)> {
        let in_title = |place: &Place| self.titles.binary_search_by_key(&Reverse(*place), |p| Reverse(*p)).is_ok();
        let texts = self.texts.iter().filter(|place| !in_title(place)).map(|place| (false, *place));
        self.titles.iter().map(|place| (true, *place)).chain(texts).take(MAX_HITS).collect()
    }
}

fn among(
    connection: &Connection,
    members: &BTreeMap<i64, Place>,
    table: &str,
    expression: &str,
    mut take: impl FnMut(Place) -> bool,
) -> Result<()> {
    let (Some((first, _)), Some((last, _))) = (members.first_key_value(), members.last_key_value()) else {
        return Ok(());
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT rowid FROM {table} WHERE {table} MATCH ?1 AND rowid BETWEEN ?2 AND ?3 ORDER BY rowid DESC"
    ))?;
    let mut rows = statement.query((expression, first, last))?;
    while let Some(row) = rows.next()? {
        if let Some(place) = members.get(&row.get(0)?)
            && !take(*place)
        {
            break;
        }
    }
    Ok(())
}
