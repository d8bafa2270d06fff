//! `docs/troubleshooting.md`: what it shows is what the app says, and what the app says in certain places it shows. (That it
//! has every message about a connection is held where those are made, in `stet-client`.)

use crate::tree::{Page, one_line, page, pages};

const PAGE: &str = "docs/troubleshooting.md";
/// Where the interface's own words are, but for what is made up for its tests and made from Rust types.
const INTERFACE: &[&str] = &["ui/src"];
const NOT_SAID: &[&str] = &["ui/src/gen", "ui/src/host/memory"];
/// Where messages are made.
const ENGINE: &[&str] = &["crates/stet-client/src", "crates/stet-store/src", "src-tauri"];
/// What differs from device to device, as the page shows it, and where sentences end: the code has them in pieces.
const BREAKS: &[&str] = &[
    "wss://notes.example.org",
    "https://notes.example.org/login",
    "http://proxy.example.org:3128",
    "www.example.org",
    "notes.example.org",
    "/path/to/token",
    "/path/to/ca.pem",
    "notes.sqlite.damaged-1",
    "01 Jan 2026",
    "01 Jan 2030",
    "HTTPS_PROXY",
    "70000",
    "3 notes",
    "(HTTP ",
    "…",
    ". ",
    ": ",
];
/// Messages that are no connection's: the file that makes each, and what it begins with.
const MESSAGES: &[(&str, &str)] = &[
    ("token.rs", "You aren't signed in"),
    ("token.rs", "The token file {shown} can't be read"),
    ("token.rs", "The token file {shown} holds no token"),
    ("token.rs", "The token file {shown} is empty"),
    ("words/mod.rs", "The file with your notes was damaged"),
    ("words/mod.rs", "There was nothing unsent in it"),
    ("words/mod.rs", "{} with something unsent"),
    ("words/mod.rs", " Some of it couldn't be read."),
    ("engine/report.rs", "Your latest words aren't on the disk yet"),
    ("engine/documents/mod.rs", "This note can't be read from the disk"),
    ("engine/compare.rs", "What is on this device and what is on the server"),
    ("engine/rebuild/mod.rs", "This device and {name} don't say the same"),
    ("engine/level1/folders.rs", "This server takes no folders"),
];

#[test]
fn the_troubleshooting_page_shows_nothing_that_the_app_does_not_say() {
    let said = said();
    let shown = shown();
    assert!(shown.len() > 80, "only {} are shown", shown.len());
    let unknown: Vec<String> = shown.into_iter().filter(|words| !said.contains(&longest_part(words))).collect();
    assert!(unknown.is_empty(), "nobody says:\n{}", unknown.join("\n"));
}

#[test]
fn the_troubleshooting_page_shows_every_word_of_the_pill() {
    let words = page("ui/src/state/words.ts").text;
    let of_pill = words.split_once("export function statusWords").and_then(|(_, rest)| rest.split_once("/** Whether"));
    let (of_pill, _) = of_pill.expect("words.ts has the words of the pill, then whether one may quit");
    let is_said = |text: &&str| text.starts_with("${") || text.starts_with(char::is_uppercase);
    let wanted: Vec<&str> = literals(of_pill).into_iter().filter(is_said).map(longest_fixed_part).collect();
    assert!(wanted.len() > 12, "{wanted:?}");
    assert_shown(&wanted);
}

#[test]
fn the_troubleshooting_page_names_every_way_to_decide() {
    let decisions = page("ui/src/state/acts/decisions.ts").text;
    let ways: Vec<&str> = decisions.split("verb: \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(ways.len(), 4, "{ways:?}");
    assert_shown(&ways);
}

#[test]
fn the_troubleshooting_page_shows_the_messages_about_tokens_the_disk_and_differences() {
    for (file, beginning) in MESSAGES {
        let path = format!("crates/stet-client/src/{file}");
        let strings = strings(page(&path));
        let message = strings.iter().find(|text| text.starts_with(beginning));
        let message = message.unwrap_or_else(|| panic!("{path} has no message {beginning:?}"));
        assert_shown(&fixed_parts(message).collect::<Vec<_>>());
    }
}

fn assert_shown(wanted: &[&str]) {
    let shown = shown();
    let missing: Vec<&&str> =
        wanted.iter().filter(|words| !shown.iter().any(|shown| shown.contains(**words))).collect();
    assert!(missing.is_empty(), "{PAGE} doesn't show: {missing:?}");
}

/// What the page shows as said by the app: in italics, or quoted.
fn shown() -> Vec<String> {
    let text = page(PAGE).text;
    // Code isn't said, and what is bold is the page's own.
    let prose = text.split('`').step_by(2).collect::<Vec<_>>().join(" ").replace("**", "");
    let prose = one_line(&prose);
    ['*', '"'].iter().flat_map(|mark| prose.split(*mark).skip(1).step_by(2)).map(str::to_owned).collect()
}

/// Everything that the interface and the engine may say, comments left out.
fn said() -> String {
    let of_interface = pages(INTERFACE, &[".ts", ".svelte"]).into_iter().filter(|page| !page.is_in_any(NOT_SAID));
    let is_code = |line: &&str| !["//", "/*", "*", "<!--"].iter().any(|mark| line.trim().starts_with(mark));
    let of_interface = of_interface.map(|page| page.text.lines().filter(is_code).collect::<Vec<_>>().join(" "));
    let of_engine = pages(ENGINE, &[".rs"]).into_iter().filter(|page| !page.path.ends_with("/tests.rs"));
    let mut said: Vec<String> = of_interface.map(|text| one_line(&text)).collect();
    said.extend(of_engine.flat_map(strings));
    said.join("\n")
}

/// The texts in a source as they are said, those of its tests left out.
fn strings(mut source: Page) -> Vec<String> {
    let code = source.text.split("#[cfg(test)]").next().map(str::len);
    source.text.truncate(code.unwrap_or(0));
    let spoken = |text: &String| {
        let words = one_line(&text.replace("\\\n", " "));
        // What begins with a space goes on with a sentence.
        if text.starts_with(' ') { format!(" {words}") } else { words }
    };
    source.rust().strings.iter().map(spoken).collect()
}

/// The longest part of what the page shows that stands in the code in one piece.
fn longest_part(shown: &str) -> String {
    let broken = BREAKS.iter().fold(shown.to_owned(), |text, end| text.replace(end, "\n"));
    longest(broken.split('\n')).to_owned()
}

/// The longest part of a text of the code that is the same on every device.
fn longest_fixed_part(text: &str) -> &str {
    longest(fixed_parts(text))
}

fn longest<'a>(parts: impl Iterator<Item = &'a str>) -> &'a str {
    parts.map(str::trim).max_by_key(|part| part.len()).unwrap_or_default()
}

/// What stands between the placeholders, `{…}` or `${…}`.
fn fixed_parts(text: &str) -> impl Iterator<Item = &str> {
    let pieces = text.split('{').enumerate();
    let parts =
        pieces.map(|(n, piece)| if n == 0 { piece } else { piece.split_once('}').map_or("", |(_, rest)| rest) });
    parts.map(|part| part.trim_end_matches('$').trim()).filter(|part| part.len() > 1)
}

/// The string and template literals of TypeScript, which have no quotes of their own kind inside.
fn literals(code: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(open) = rest.find(['"', '`']) {
        let quote = &rest[open..=open];
        let Some((inside, after)) = rest[open + 1..].split_once(quote) else { break };
        found.push(inside);
        rest = after;
    }
    found
}
