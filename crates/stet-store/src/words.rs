//! Cuts text into the words that are searched: letters and digits, case and accents aside, width and ligatures too.
//! Scripts without spaces are cut into pairs of characters. No SQL beyond the quoting of one word, no tables.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Characters of a word that count, in the index and in a query. Longer "words" are encoded data.
const MAX_WORD: usize = 64;

/// Words of a query that count.
const MAX_TERMS: usize = 16;

/// Characters of the words that are also found by a part of them.
const PARTED: std::ops::RangeInclusive<usize> = 4..=32;

/// Characters a part has at least.
const MIN_PART: usize = 3;

/// A word looked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Term {
    /// Words that begin with it.
    Beginning(String),
    /// One character of a script without spaces, anywhere.
    Character(String),
    /// Two neighbouring ones.
    Pair(String),
}

impl Term {
    /// As FTS5 wants it.
    pub(crate) fn expression(&self) -> String {
        match self {
            Self::Beginning(word) | Self::Character(word) => format!("{}*", exactly(word)),
            Self::Pair(pair) => exactly(pair),
        }
    }

    /// What is looked for inside words.
    pub(crate) fn part(&self) -> Option<&str> {
        match self {
            Self::Beginning(word) if word.chars().count() >= MIN_PART => Some(word),
            _ => None,
        }
    }
}

/// One word as FTS5 wants it. Words have letters, marks and digits only, but a quote in it would still be taken as one.
pub(crate) fn exactly(word: &str) -> String {
    format!("\"{}\"", word.replace('"', "\"\""))
}

/// The words of a text for the index, each once, in order.
pub(crate) fn index(text: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for piece in pieces(text) {
        match piece {
            Piece::Word(word) => {
                words.insert(word);
            }
            Piece::Run(run) => {
                words.extend(run.windows(2).map(String::from_iter::<&[char]>));
                // The last one begins no pair, so it stands for itself: every character begins something.
                words.extend(run.last().map(char::to_string));
            }
        }
    }
    words
}

/// What a query looks for; empty when it has no letter and no digit.
pub(crate) fn query(text: &str) -> Vec<Term> {
    let mut terms = BTreeSet::new();
    for piece in pieces(text).into_iter().take(MAX_TERMS) {
        match piece {
            Piece::Word(word) => {
                terms.insert(Term::Beginning(word));
            }
            Piece::Run(run) if run.len() == 1 => {
                terms.insert(Term::Character(String::from_iter(run)));
            }
            Piece::Run(run) => {
                terms.extend(run.windows(2).take(MAX_WORD).map(|pair| Term::Pair(String::from_iter(pair))));
            }
        }
    }
    terms.into_iter().collect()
}

/// Whether a word of the index is worth finding by a part of it: not a number, not encoded data, and of a script with
/// spaces.
pub(crate) fn has_parts(word: &str) -> bool {
    PARTED.contains(&word.chars().count()) && word.chars().any(|c| !c.is_numeric()) && !word.chars().any(is_unspaced)
}

enum Piece {
    /// Letters and digits of a script with spaces.
    Word(String),
    /// Neighbouring characters of a script without.
    Run(Vec<char>),
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut word = String::new();
    let mut length = 0;
    let mut run = Vec::new();
    let end_word = |pieces: &mut Vec<Piece>, word: &mut String, length: &mut usize| {
        if !word.is_empty() {
            pieces.push(Piece::Word(std::mem::take(word)));
        }
        *length = 0;
    };
    let mut take = |c: char| {
        let unspaced = is_unspaced(c);
        if !unspaced && !run.is_empty() {
            pieces.push(Piece::Run(std::mem::take(&mut run)));
        }
        if unspaced {
            end_word(&mut pieces, &mut word, &mut length);
            run.push(c);
        } else if c.is_alphanumeric() || (is_combining_mark(c) && !word.is_empty()) {
            length += 1;
            if length <= MAX_WORD {
                word.push(c);
            }
        } else {
            end_word(&mut pieces, &mut word, &mut length);
        }
    };
    if text.is_ascii() {
        text.bytes().for_each(|byte| take(char::from(byte.to_ascii_lowercase())));
    } else {
        let folded = text.nfkd().filter(|c| !is_accent(*c)).flat_map(char::to_lowercase).map(one_sigma);
        folded.filter(|c| !is_accent(*c)).nfc().for_each(&mut take);
    }
    take(' ');
    pieces
}

/// Marks that people leave out when they search. Vowel signs of Indic scripts are marks too, but part of the word.
const fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{487}' | '\u{591}'..='\u{5bd}' | '\u{610}'..='\u{61a}'
        | '\u{64b}'..='\u{65f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}')
}

const fn one_sigma(c: char) -> char {
    if c == 'ς' { 'σ' } else { c }
}

/// Scripts written without spaces between words or whose words are mostly looked for in part (Han, kana, Hangul, Thai,
/// Lao, Burmese, Khmer), and emoji.
const fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e01}'..='\u{e4e}' | '\u{e81}'..='\u{ece}' | '\u{1000}'..='\u{103f}' | '\u{1100}'..='\u{11ff}'
        | '\u{1780}'..='\u{17d3}' | '\u{2600}'..='\u{27bf}' | '\u{2e80}'..='\u{2fd5}' | '\u{3005}'..='\u{3007}'
        | '\u{3031}'..='\u{3035}' | '\u{3041}'..='\u{3096}' | '\u{309d}'..='\u{309f}' | '\u{30a1}'..='\u{30fa}'
        | '\u{30fc}'..='\u{30ff}' | '\u{3105}'..='\u{312f}' | '\u{3131}'..='\u{318e}' | '\u{31a0}'..='\u{31bf}'
        | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{a960}'..='\u{a97c}'
        | '\u{ac00}'..='\u{d7fb}' | '\u{f900}'..='\u{fad9}' | '\u{1f300}'..='\u{1faff}' | '\u{20000}'..='\u{323af}')
}

#[cfg(test)]
mod tests;
