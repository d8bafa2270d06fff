//! The first words of a body, Markdown marks taken out. Not a Markdown parser: it reads a bounded stretch of lines and
//! drops what is certainly a mark. Never here: rendering.

/// Characters of the body that are looked at for each one that is wanted; the rest can't be reached in a preview.
const LOOK_AT: usize = 8;
/// Characters looked at in any case, so that a body that opens with a picture or a table still shows words.
const LOOK_AT_LEAST: usize = 2_000;

/// The first words of `body` in one line of at most `max_chars` characters, without Markdown marks. Ends in `…` when
/// there is more of it.
pub fn preview(body: &str, max_chars: usize) -> String {
    let look = max_chars.saturating_mul(LOOK_AT).max(LOOK_AT_LEAST);
    let seen = body.char_indices().nth(look).map_or(body, |(end, _)| &body[..end]);
    let mut words = String::new();
    for line in seen.lines() {
        for word in plain(line).split_whitespace() {
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(word);
        }
        if words.chars().count() > max_chars {
            break;
        }
    }
    shorten(words, max_chars)
}

fn shorten(words: String, max_chars: usize) -> String {
    if max_chars == 0 {
        return String::new();
    }
    let Some((end, _)) = words.char_indices().nth(max_chars) else {
        return words;
    };
    let Some((cut, _)) = words.char_indices().nth(max_chars.saturating_sub(1)) else {
        return String::new();
    };
    let whole = if words[cut..end].trim().is_empty() { cut } else { words[..cut].rfind(' ').unwrap_or(cut) };
    // A word longer than half of the preview is cut; else the preview ends with a whole word.
    let end = if whole * 2 >= cut { whole } else { cut };
    format!("{}…", words[..end].trim_end())
}

/// A line without its Markdown marks; empty for a rule, a fence or a table's ruler.
fn plain(line: &str) -> String {
    let line = without_opening(line);
    if is_ruler(line) {
        return String::new();
    }
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = match c {
            '\\' if after.starts_with(|next: char| next.is_ascii_punctuation()) => {
                text.extend(after.chars().next());
                &after[1..]
            }
            '!' if after.starts_with('[') && opens_link(&after[1..]) => after,
            '[' if opens_link(after) => after,
            ']' if after.starts_with('(') => after.split_once(')').map_or(after, |(_, rest)| rest),
            '~' if after.starts_with('~') => &after[1..],
            '*' | '`' if !stands_alone(&text, after) => after,
            '_' if !within_word(&text, after) => after,
            '|' => {
                text.push(' ');
                after
            }
            _ => {
                text.push(c);
                after
            }
        };
    }
    text
}

/// Whether what follows a bracket is a link's words and then its target.
fn opens_link(after: &str) -> bool {
    after.find(']').is_some_and(|end| after[end + 1..].starts_with('('))
}

fn stands_alone(before: &str, after: &str) -> bool {
    before.ends_with(char::is_whitespace) && after.starts_with(char::is_whitespace)
}

fn within_word(before: &str, after: &str) -> bool {
    before.ends_with(char::is_alphanumeric) && after.trim_start_matches('_').starts_with(char::is_alphanumeric)
}

/// A line without heading, quote, list and task marks, however deep.
fn without_opening(line: &str) -> &str {
    let mut line = line.trim();
    loop {
        let before = line;
        let hashes = line.trim_start_matches('#');
        if hashes.len() < line.len() && (hashes.is_empty() || hashes.starts_with(' ')) {
            line = hashes.trim_start();
        }
        line = line.strip_prefix('>').unwrap_or(line).trim_start();
        for mark in ["- ", "* ", "+ ", "[ ] ", "[x] ", "[X] "] {
            line = line.strip_prefix(mark).unwrap_or(line).trim_start();
        }
        line = without_number(line);
        if line.len() == before.len() {
            return line;
        }
    }
}

fn without_number(line: &str) -> &str {
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = line.len() - rest.len();
    if !(1..=9).contains(&digits) {
        return line;
    }
    rest.strip_prefix(". ").or_else(|| rest.strip_prefix(") ")).map_or(line, str::trim_start)
}

fn is_ruler(line: &str) -> bool {
    let fence = line.starts_with("```") || line.starts_with("~~~");
    let rule = line.chars().count() >= 3 && line.chars().all(|c| matches!(c, '-' | '*' | '_' | '=' | '|' | ':' | ' '));
    fence || rule
}
