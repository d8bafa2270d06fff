//! What the pages, above all `docs/testing.md`, name of routines, their options, parts of the bench and places is there.

use std::collections::BTreeSet;

use crate::tree::{Page, one_line, page, pages, root};

/// Where routines and the programs they call are.
const PROGRAMS: &[&str] = &["xtask/src", "tests/src/bin"];
/// Options of cargo, and one that every program has.
const OF_OTHERS: &[&str] = &["--workspace", "--help"];
/// What the path of something in the checkout begins with.
const PLACES: &[&str] = &[".ci/", "crates/", "docs/", "fuzz/", "icons/", "src-tauri/", "tests/", "ui/", "xtask/"];

#[test]
fn the_pages_name_routines_that_are_there() {
    let routines = routines();
    for page in written() {
        for rest in one_line(&page.text).split("cargo xtask ").skip(1) {
            let routine = leading(rest, |one| one.is_ascii_lowercase());
            assert!(routines.contains(routine), "{}: there is no `cargo xtask {routine}`", page.path);
        }
    }
}

#[test]
fn the_testing_page_names_options_that_are_there() {
    let (routines, sources) = (routines(), pages(PROGRAMS, &[".rs"]));
    let mut looked_at = 0;
    for span in spans(&page("docs/testing.md").text) {
        let words: Vec<&str> = span.split_whitespace().filter(|word| !["cargo", "xtask"].contains(word)).collect();
        // One that stands alone is anybody's.
        let routine = words.first().filter(|first| routines.contains(**first));
        let known: BTreeSet<String> = sources
            .iter()
            .filter(|source| routine.is_none_or(|routine| belongs_to(&source.path, routine)))
            .flat_map(|source| options(&source.text))
            .collect();
        for option in words.iter().filter(|word| word.len() > 2 && word.starts_with("--")) {
            let is_known = known.contains(*option) || OF_OTHERS.contains(option);
            assert!(is_known, "docs/testing.md: nobody takes the {option} of `{span}`");
            looked_at += 1;
        }
    }
    assert!(looked_at > 10, "only {looked_at} options were found in docs/testing.md");
}

#[test]
fn the_testing_page_lists_every_part_of_the_bench() {
    let text = page("docs/testing.md").text;
    let table = text.split_once("| part |").and_then(|(_, rest)| rest.split_once("\n\n"));
    let (table, _) = table.expect("docs/testing.md has a table of parts");
    let listed = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let listed: BTreeSet<String> = listed.filter(|part| !part.starts_with("--")).map(str::to_owned).collect();
    assert_eq!(listed, variants("tests/src/bin/bench/main.rs", "enum Part {"));
}

#[test]
fn places_in_the_pages_are_there() {
    let mut gone = Vec::new();
    for page in written() {
        let places = spans(&page.text).filter_map(|span| span.split_whitespace().next());
        let named = places.filter(|place| PLACES.iter().any(|folder| place.starts_with(folder)));
        gone.extend(named.filter(|place| !root().join(place).exists()).map(|place| format!("{}: {place}", page.path)));
    }
    assert!(gone.is_empty(), "nothing is there:\n{}", gone.join("\n"));
}

/// The pages that speak of the checkout as it is.
fn written() -> Vec<Page> {
    pages(&["README.md", "CONTRIBUTING.md", "docs"], &[".md"])
}

fn routines() -> BTreeSet<String> {
    variants("xtask/src/main.rs", "enum Routine {")
}

/// An enum's variants as words of a command line.
fn variants(file: &str, open: &str) -> BTreeSet<String> {
    let text = page(file).text;
    let block = text.split_once(open).and_then(|(_, rest)| rest.split_once("\n}"));
    let (block, _) = block.unwrap_or_else(|| panic!("{file} has no {open:?}"));
    let lines = block.lines().map(str::trim).filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()));
    lines.map(|line| in_kebab_case(leading(line, char::is_alphanumeric))).collect()
}

fn in_kebab_case(name: &str) -> String {
    let mut kebab = String::new();
    for one in name.chars() {
        if one.is_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.extend(one.to_lowercase());
    }
    kebab
}

/// Whether a source is a routine's own, or of the program that it calls.
fn belongs_to(path: &str, routine: &str) -> bool {
    path.split('/').any(|part| part.trim_end_matches(".rs") == routine)
}

/// The long options that a source declares: clap names them as their fields.
fn options(source: &str) -> Vec<String> {
    let declared = source.split("#[arg(").skip(1).filter_map(|rest| rest.split_once(")]\n"));
    let long = declared.filter(|(settings, _)| settings.split(", ").any(|setting| setting == "long"));
    let fields = long.filter_map(|(_, rest)| rest.split(':').next()?.split_whitespace().next_back());
    fields.map(|field| format!("--{}", field.replace('_', "-"))).collect()
}

/// What stands in backquotes.
fn spans(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// What a text begins with, as far as its characters are of a kind.
fn leading(text: &str, kind: impl Fn(char) -> bool) -> &str {
    &text[..text.find(|one: char| !kind(one)).unwrap_or(text.len())]
}
