//! Tables `search_title` and `search_text`: which words each note has, without the text itself. The words are cut by
//! `crate::words`; FTS5 only keeps them.
//!
//! A note's row is a *slot*: a number that grows with the time of its last change, so that reading the index backwards
//! gives the newest notes first, and a search can stop early.

pub(crate) mod word;

use std::collections::BTreeMap;

use rusqlite::{Connection, Result};

use crate::migration::Migration;
use crate::table::note;
use crate::table::note::list::{self, Hit, Place, View};
use crate::words::{self, Term};

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    number: 2026_11_23_11,
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

/// Milliseconds a slot stands for, as a power of two: about two minutes. Finer makes the index larger without telling
/// apart what people would.
const SLOT_BITS: u32 = 17;

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
pub(crate) fn hits(connection: &Connection, view: &View, text: &str) -> Result<Vec<(bool, Hit)>> {
    let terms = words::query(text);
    if terms.is_empty() {
        return Ok(Vec::new());
    }
    let mut found = Found::default();
    let beginnings: Vec<Vec<String>> = terms.iter().map(|term| vec![term.expression()]).collect();
    found.collect(connection, view, &beginnings)?;
    if found.texts.len() < FEW_HITS {
        let (widened, grew) = with_parts(connection, &terms)?;
        if grew {
            found.collect(connection, view, &widened)?;
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

#[derive(Default)]
struct Found {
    titles: BTreeMap<i64, Place>,
    texts: BTreeMap<i64, Place>,
}

impl Found {
    fn collect(&mut self, connection: &Connection, view: &View, terms: &[Vec<String>]) -> Result<()> {
        let groups: Vec<String> = terms.iter().map(|choices| format!("({})", choices.join(" OR "))).collect();
        let expression = groups.join(" AND ");
        matching(connection, view, "search_title", &expression, &mut self.titles)?;
        matching(connection, view, "search_text", &expression, &mut self.texts)
    }

    fn in_order(mut self) -> Vec<(bool, Hit)> {
        self.texts.retain(|doc, _| !self.titles.contains_key(doc));
        let mut hits: Vec<(bool, Hit)> = self.titles.into_iter().map(|hit| (true, hit)).collect();
        hits.extend(self.texts.into_iter().map(|hit| (false, hit)));
        hits.sort_unstable_by_key(|(title, (_, place))| std::cmp::Reverse((*title, *place)));
        hits.truncate(MAX_HITS);
        hits
    }
}

fn matching(
    connection: &Connection,
    view: &View,
    table: &str,
    expression: &str,
    into: &mut BTreeMap<i64, Place>,
) -> Result<()> {
    if view.total() > SMALL_VIEW {
        let matches = format!("SELECT rowid FROM {table} WHERE {table} MATCH ?3 ORDER BY rowid DESC");
        return list::each_member(connection, view, &matches, expression, |(doc, place)| {
            into.insert(doc, place);
            into.len() < MAX_HITS
        });
    }
    let members = list::members(connection, view)?;
    let (Some((first, _)), Some((last, _))) = (members.first_key_value(), members.last_key_value()) else {
        return Ok(());
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT rowid FROM {table} WHERE {table} MATCH ?1 AND rowid BETWEEN ?2 AND ?3 ORDER BY rowid DESC"
    ))?;
    let mut rows = statement.query((expression, first, last))?;
    while into.len() < MAX_HITS
        && let Some(row) = rows.next()?
    {
        into.extend(members.get(&row.get(0)?).copied());
    }
    Ok(())
}
