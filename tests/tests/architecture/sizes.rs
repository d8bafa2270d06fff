//! How large things may get: a file and a folder are read in one go. (Clippy watches functions and parameters.)

use std::collections::BTreeMap;

use crate::tree::{Page, pages, rust_pages};

/// Lines of a Rust file, tests included; 300 is the aim.
const RUST_LINES: usize = 500;
/// Lines of an interface file.
const UI_LINES: usize = 300;
/// Source files directly in a folder.
const FILES_IN_A_FOLDER: usize = 12;

#[test]
fn rust_files_open_by_saying_what_is_inside() {
    let silent: Vec<String> =
        rust_pages().into_iter().filter(|page| !page.text.starts_with("//!")).map(|page| page.path).collect();
    assert!(silent.is_empty(), "no //! at the head: {silent:?}");
}

#[test]
fn files_stay_short() {
    let long = longer_than(RUST_LINES, &rust_pages());
    assert!(long.is_empty(), "over {RUST_LINES} lines, each two rooms with names of their own: {long:?}");
    let long = longer_than(UI_LINES, &interface());
    assert!(long.is_empty(), "over {UI_LINES} lines, each two parts with names of their own: {long:?}");
}

#[test]
fn folders_hold_few_files() {
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for page in rust_pages().iter().chain(&interface()) {
        *count.entry(page.folder().to_owned()).or_default() += 1;
    }
    count.retain(|_, files| *files > FILES_IN_A_FOLDER);
    assert!(count.is_empty(), "more than {FILES_IN_A_FOLDER} source files: {count:?}");
}

fn longer_than(limit: usize, pages: &[Page]) -> Vec<String> {
    let lines = |page: &Page| page.text.lines().count();
    pages.iter().filter(|page| lines(page) > limit).map(|page| format!("{} ({})", page.path, lines(page))).collect()
}

/// What people wrote of the interface; the generated types are as many as the Rust types.
fn interface() -> Vec<Page> {
    pages(&["ui/src"], &[".ts", ".svelte"]).into_iter().filter(|page| !page.is_in("ui/src/gen")).collect()
}
