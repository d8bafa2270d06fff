//! The checkout as the tests see it: its files, and Rust code told apart from comments and text. No rules.

use std::fs;
use std::path::{Path, PathBuf};

/// A file of the checkout.
pub struct Page {
    /// Its path from the root, with `/`.
    pub path: String,
    /// What it holds.
    pub text: String,
}

impl Page {
    /// Whether it is in this folder or is this file.
    pub fn is_in(&self, place: &str) -> bool {
        self.path == place || self.path.strip_prefix(place).is_some_and(|rest| rest.starts_with('/'))
    }

    /// Whether it is in one of these.
    pub fn is_in_any(&self, places: &[&str]) -> bool {
        places.iter().any(|place| self.is_in(place))
    }

    /// The folder it is in.
    pub fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// Its Rust code and its string literals.
    pub fn rust(&self) -> Rust {
        Rust::read(&self.text)
    }
}

/// The root of the checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ stands in the root").to_path_buf()
}

/// One file, which must be there.
pub fn page(path: &str) -> Page {
    let text = fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    Page { path: path.to_owned(), text }
}

/// Every file below these places whose name ends in one of `endings`, in order. Fails when a place isn't there or has
/// none: a rule that looks at nothing would never fail.
pub fn pages(places: &[&str], endings: &[&str]) -> Vec<Page> {
    let mut found = Vec::new();
    for place in places {
        let before = found.len();
        collect(&root(), place, endings, &mut found);
        assert!(found.len() > before, "there is no {} in {place}", endings.join(" or "));
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

/// Where Rust code of the project is.
pub const RUST: [&str; 4] = ["crates", "src-tauri", "tests", "xtask"];

/// Every Rust file of the project.
pub fn rust_pages() -> Vec<Page> {
    pages(&RUST, &[".rs"])
}

fn collect(root: &Path, place: &str, endings: &[&str], found: &mut Vec<Page>) {
    let whole = root.join(place);
    if whole.is_file() {
        if endings.iter().any(|ending| place.ends_with(ending)) {
            found.push(page(place));
        }
        return;
    }
    let entries = fs::read_dir(&whole).unwrap_or_else(|error| panic!("{place}: {error}"));
    for entry in entries {
        let name = entry.expect("a readable folder").file_name().to_string_lossy().into_owned();
        // What is installed or built isn't ours.
        if !["node_modules", "target", "dist", "dist-memory"].contains(&name.as_str()) && !name.starts_with('.') {
            collect(root, &format!("{place}/{name}"), endings, found);
        }
    }
}

/// A text with its lines joined: where a line ends says nothing.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A Rust source taken apart.
#[derive(Default)]
pub struct Rust {
    /// The code; comments and the insides of literals are spaces.
    pub code: String,
    /// The insides of string literals.
    pub strings: Vec<String>,
}

impl Rust {
    fn read(text: &str) -> Self {
        let mut rust = Self::default();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            rest = rust.take(rest, first);
        }
        rust
    }

    /// Takes one token's worth from the front and gives what is left.
    fn take<'a>(&mut self, rest: &'a str, first: char) -> &'a str {
        if rest.starts_with("//") {
            return self.skip(rest, rest.find('\n').unwrap_or(rest.len()));
        }
        if rest.starts_with("/*") {
            return self.skip(rest, rest.find("*/").map_or(rest.len(), |end| end + 2));
        }
        if let Some((open, close)) = raw_string(rest) {
            let end = rest[open..].find(&close).map_or(rest.len(), |end| open + end);
            self.strings.push(rest[open..end].to_owned());
            return self.skip(rest, (end + close.len()).min(rest.len()));
        }
        if first == '"' {
            let end = closing_quote(rest);
            self.strings.push(rest[1..end].to_owned());
            return self.skip(rest, (end + 1).min(rest.len()));
        }
        if first == '\''
            && let Some(end) = character(rest)
        {
            return self.skip(rest, end);
        }
        // A word is taken whole, so that the r of `for"` or `var#` opens no raw string.
        let word = rest.find(|one: char| !(one.is_alphanumeric() || one == '_')).unwrap_or(rest.len());
        let end = word.max(first.len_utf8());
        self.code.push_str(&rest[..end]);
        &rest[end..]
    }

    fn skip<'a>(&mut self, rest: &'a str, end: usize) -> &'a str {
        self.code.extend(rest[..end].chars().map(|one| if one == '\n' { '\n' } else { ' ' }));
        &rest[end..]
    }
}

/// Where a raw string's inside begins and how it closes, when one begins here.
fn raw_string(rest: &str) -> Option<(usize, String)> {
    let after = ["br", "cr", "r"].iter().find_map(|mark| rest.strip_prefix(mark))?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..]
        .starts_with('"')
        .then(|| (rest.len() - after.len() + hashes + 1, format!("\"{}", "#".repeat(hashes))))
}

/// Where the string that begins here ends.
fn closing_quote(rest: &str) -> usize {
    let mut escaped = false;
    let inside = rest.char_indices().skip(1);
    for (at, one) in inside {
        match one {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at,
            _ => {}
        }
    }
    rest.len()
}

/// Where the character literal that begins here ends; nothing when it is a lifetime.
fn character(rest: &str) -> Option<usize> {
    let mut inside = rest.char_indices().skip(1);
    let (_, first) = inside.next()?;
    if first == '\\' {
        inside.next()?;
        return inside.find(|(_, one)| *one == '\'').map(|(at, _)| at + 1);
    }
    inside.next().filter(|(_, one)| *one == '\'').map(|(at, _)| at + 1)
}

/// Whether `text` holds `word` with neither a letter, a digit nor `_` on either side.
pub fn names(text: &str, word: &str) -> bool {
    let part = |one: Option<char>| one.is_some_and(|one| one.is_alphanumeric() || one == '_');
    text.match_indices(word)
        .any(|(at, _)| !part(text[..at].chars().next_back()) && !part(text[at + word.len()..].chars().next()))
}

#[test]
fn code_is_told_apart_from_comments_text_and_characters() {
    let text = "use a::b; // tokio\n/* loro */ let s = \"SELECT \\\" x\"; let r = r#\"RAW \" y\"#; let c = '\"'; fn f<'a>(x: &'a str) {}";
    let rust = Rust::read(text);
    assert!(!names(&rust.code, "tokio") && !names(&rust.code, "loro") && !rust.code.contains("SELECT"));
    assert!(rust.code.contains("use a::b;") && rust.code.contains("fn f<'a>(x: &'a str) {}"));
    assert_eq!(rust.strings, ["SELECT \\\" x", "RAW \" y"]);
    assert!(names("a loro::b", "loro") && !names("exploro", "loro") && !names("loro_internal", "loro"));
}
