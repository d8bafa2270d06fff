//! Tables `words` and `word_parts`: every longer word that any note has had, once, and in which of them three letters
//! occur. So words inside words are found at a fraction of what an index of all letter triples of all notes takes.

use rusqlite::{Connection, Result};

use crate::migration::Migration;
use crate::words;

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    number: 2026112312,
    name: "words",
    generation: 1,
    sql: "
CREATE TABLE words (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    word TEXT NOT NULL UNIQUE
) STRICT;

CREATE VIRTUAL TABLE word_parts USING fts5 (
    word, content = 'words', content_rowid = 'id', columnsize = 0, detail = none,
    tokenize = 'trigram case_sensitive 1'
);

CREATE TRIGGER words_parted AFTER INSERT ON words BEGIN
    INSERT INTO word_parts (rowid, word) VALUES (new.id, new.word);
END;",
}];

/// Words that a part is looked up as, at most. The earliest are taken: a word met early is one that is used often.
const MAX_WORDS: u32 = 32;

/// Adds a word unless it is there.
pub(crate) fn add(connection: &Connection, word: &str) -> Result<()> {
    connection.prepare_cached("INSERT INTO words (word) VALUES (?1) ON CONFLICT DO NOTHING")?.execute([word])?;
    Ok(())
}

/// Words that have `part`, of three letters or more, after their first letter.
pub(crate) fn with_part(connection: &Connection, part: &str) -> Result<Vec<String>> {
    let letters: Vec<char> = part.chars().collect();
    let triples: Vec<String> = letters.windows(3).map(|triple| words::exactly(&String::from_iter(triple))).collect();
    connection
        .prepare_cached(
            "SELECT w.word FROM word_parts p CROSS JOIN words w ON w.id = p.rowid
             WHERE word_parts MATCH ?1 AND instr(w.word, ?2) > 1 ORDER BY p.rowid LIMIT ?3",
        )?
        .query_map((triples.join(" AND "), part, MAX_WORDS), |row| row.get(0))?
        .collect()
}
