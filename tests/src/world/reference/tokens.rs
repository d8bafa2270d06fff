//! Pieces of text, each with a name of its own: what nobody deletes must be in the final text, once.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Names a piece of text.
pub type Token = u32;

/// What one change of a text does to pieces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// Pieces inserted, with their texts.
    pub inserted: Vec<(Token, String)>,
    /// Pieces deleted whole.
    pub removed: Vec<Token>,
    /// Pieces that may no longer be whole.
    pub cut: Vec<Token>,
    /// Pieces that stand in one of two versions between which a note went back: only the difference is written, so each may
    /// be gone, or there again, or both where two devices go back.
    pub again: Vec<Token>,
    /// Pieces between whose words others may stand: what was written since a side was put in words stays, and there is no one
    /// place for it among the words that come.
    pub parted: Vec<Token>,
}

/// What makes offsets hard.
const AWKWARD: [&str; 12] = ["", "x", "é", "字", "😀", "👩‍👩‍👧‍👦", "שלום", "e\u{301}", "𝔘", "🇩🇪", "# \n", "日本\n"];

/// Every piece ever made.
#[derive(Default)]
pub struct Tokens {
    texts: Vec<String>,
    names: BTreeMap<String, Token>,
}

impl Tokens {
    /// A new piece. Its name stands at both of its ends, so that no two halves make a whole.
    pub fn make(&mut self, chance: u64, one_line: bool) -> (Token, String) {
        let token = self.texts.len() as Token;
        let mut middle = AWKWARD[chance as usize % AWKWARD.len()].to_owned();
        if one_line {
            middle.retain(|c| c != '\n');
        }
        let name = Self::name(token);
        let text = format!("«{name} {middle} {name}»");
        self.texts.push(text.clone());
        self.names.insert(name, token);
        (token, text)
    }

    /// The word a piece can be searched by.
    pub fn name(token: Token) -> String {
        format!("zq{token:05}")
    }

    /// Whether all of a piece is in a text, if not as one.
    pub fn is_parted_in(&self, token: Token, text: &str) -> bool {
        let mut place = 0;
        let mut finds = |word: &str| {
            let found = text[place..].find(word);
            place += found.map_or(0, |at| at + word.len());
            found.is_some()
        };
        let mut words = self.text(token).split(|c: char| c.is_whitespace() || "«»".contains(c));
        words.all(&mut finds)
    }

    /// A piece's text.
    pub fn text(&self, token: Token) -> &str {
        self.texts.get(token as usize).map_or("", String::as_str)
    }

    /// The whole pieces of a text, with their places in UTF-16 units.
    pub fn find(&self, text: &str) -> Vec<(Token, Range<u32>)> {
        let mut found = Vec::new();
        let mut offset = 0;
        let mut open: Option<(usize, u32)> = None;
        for (byte, c) in text.char_indices() {
            if c == '«' {
                open = Some((byte, offset));
            }
            offset += c.len_utf16() as u32;
            if c == '»'
                && let Some((from, start)) = open.take()
            {
                let piece = &text[from..byte + c.len_utf8()];
                let name = piece.trim_start_matches('«').split(' ').next().unwrap_or_default();
                if let Some(token) = self.names.get(name)
                    && self.text(*token) == piece
                {
                    found.push((*token, start..offset));
                }
            }
        }
        found
    }

    /// The pieces of which a text has at least an end: some go over two lines.
    pub fn named(&self, text: &str) -> Vec<Token> {
        let ends = text.match_indices("zq").filter_map(|(at, _)| self.names.get(text.get(at..at + 7)?));
        let pieces: BTreeSet<Token> = ends.copied().collect();
        pieces.into_iter().collect()
    }

    /// What deleting a stretch of a text does to its pieces.
    pub fn deleted(&self, text: &str, stretch: &Range<u32>) -> Touched {
        let mut touched = Touched::default();
        for (token, place) in self.find(text) {
            if stretch.start <= place.start && place.end <= stretch.end {
                touched.removed.push(token);
            } else if stretch.start < place.end && place.start < stretch.end {
                touched.cut.push(token);
            }
        }
        touched
    }

    /// Where text may be put in without cutting a piece, in UTF-16 units: never inside a piece or a character.
    pub fn gaps(&self, text: &str) -> Vec<u32> {
        let mut pieces = self.find(text).into_iter().peekable();
        let mut offset = 0;
        let mut gaps = vec![0];
        for c in text.chars() {
            offset += c.len_utf16() as u32;
            while pieces.next_if(|(_, place)| place.end <= offset).is_some() {}
            // Marks, joiners and variation selectors belong to what they follow; nobody puts a caret between.
            if pieces.peek().is_none_or(|(_, place)| offset <= place.start) {
                gaps.push(offset);
            }
        }
        gaps
    }
}

#[cfg(test)]
mod tests {
    use super::Tokens;

    #[test]
    fn pieces_are_found_by_utf16_offsets_and_halves_are_not() {
        let mut tokens = Tokens::default();
        let (a, first) = tokens.make(4, false);
        let (b, second) = tokens.make(10, true);
        let text = format!("😀{first}{}{second}", &first[..8]);
        let found = tokens.find(&text);
        assert_eq!(found.iter().map(|(token, _)| *token).collect::<Vec<_>>(), [a, b]);
        assert_eq!(found[0].1, 2..2 + first.encode_utf16().count() as u32);
        let gaps = tokens.gaps(&text);
        assert!(gaps.contains(&0) && gaps.contains(&2) && !gaps.contains(&3) && !gaps.contains(&1));
        let touched = tokens.deleted(&text, &(0..found[0].1.end));
        assert_eq!((touched.removed, touched.cut), (vec![a], vec![]));
        assert_eq!(tokens.deleted(&text, &(0..3)).cut, [a]);
        assert_eq!(tokens.named(&text[..20]), [a]);
        let parted = first.replace(' ', " and ");
        assert!(tokens.is_parted_in(a, &parted) && tokens.is_parted_in(a, &first));
        assert!(!tokens.is_parted_in(a, &parted.replace('😀', "")) && !tokens.is_parted_in(a, &first[..8]));
    }
}
