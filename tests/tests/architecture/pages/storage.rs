//! `docs/storage.md`: the figures it gives are those of the store.

use crate::tree::{one_line, page};

/// Bytes of a page of the database.
const PAGE_BYTES: u64 = 4_096;

/// A file of the store, a constant in it, how the page writes its value, and the page's words around that.
type Figure = (&'static str, &'static str, fn(u64) -> String, &'static str);

const FIGURES: &[Figure] = &[
    ("reader.rs", "CONNECTIONS", number, "at most {} read-only connections"),
    ("disk.rs", "GROUP_BYTES", bytes, "as one group, some {} at most"),
    ("disk.rs", "LINGER", time, "lingers up to {},"),
    ("disk.rs", "LINGER_BYTES", bytes, "unless {} wait"),
    ("disk.rs", "QUEUE_JOBS", number, "The queue is bounded ({} jobs,"),
    ("disk.rs", "QUEUE_BYTES", bytes, "jobs, {})"),
    ("disk.rs", "IDLE", time, "folded into the database {} after the last write"),
    ("writer.rs", "FOLD_NOW", pages, "during a long catch-up above {};"),
    ("writer.rs", "CUT", pages, "its file is cut when it has passed {}."),
    ("reader.rs", "SNAPSHOT_LIMIT", time, "A reader holds a moment for at most {},"),
    ("table/search/mod.rs", "FEW_HITS", number, "fewer than {} notes"),
    ("words.rs", "MIN_PART", word, "({} letters or more,"),
    ("table/search/word.rs", "MAX_WORDS", number, "the {} words met first"),
    ("table/search/mod.rs", "MAX_HITS", number, "a search can stop after {} hits"),
    ("open.rs", "LOCK_PATIENCE", time, "another program's lock, for {} |"),
    ("open/salvage.rs", "KEPT", word, "(at most {} of them)"),
    ("open.rs", "SMALL", pages, "Of a file up to {},"),
    ("open.rs", "CHECK_TIME", time, "as many whole tables as it can in {}."),
    ("backup.rs", "KEPT", word, "The last {} copies are kept"),
];

#[test]
fn the_storage_page_gives_the_figures_of_the_store() {
    let text = one_line(&page("docs/storage.md").text);
    for (file, name, written, around) in FIGURES {
        let expected = around.replace("{}", &written(constant(file, name)));
        assert!(text.contains(&expected), "docs/storage.md doesn't say {expected:?}, as {name} in {file} has it");
    }
}

#[test]
fn the_storage_page_says_how_long_the_log_usually_gets() {
    let reckoned = "LOG_BYTES: u64 = (FOLD_WHEN_IDLE as u64 + 64) * 4_120;";
    assert!(source("writer.rs").contains(reckoned), "the log's length is reckoned in another way now");
    let bytes = (constant("writer.rs", "FOLD_WHEN_IDLE") + 64) * 4_120;
    let expected = format!("as long as it usually gets ({:.1} MB)", bytes as f64 / 1e6);
    assert!(one_line(&page("docs/storage.md").text).contains(&expected), "docs/storage.md doesn't say {expected:?}");
}

fn source(file: &str) -> String {
    page(&format!("crates/stet-store/src/{file}")).text
}

/// The value of a constant of the store; a time in milliseconds.
fn constant(file: &str, name: &str) -> u64 {
    let source = source(file);
    let declared = source.split_once(&format!("const {name}: ")).and_then(|(_, rest)| rest.split_once(';'));
    let value = declared.and_then(|(declared, _)| declared.split_once(" = "));
    let (_, value) = value.unwrap_or_else(|| panic!("{file} has no constant {name}"));
    read(value).unwrap_or_else(|| panic!("{name} in {file} is {value:?}, which this test can't read"))
}

fn read(value: &str) -> Option<u64> {
    let digits = |text: &str| text.replace('_', "").parse::<u64>().ok();
    if let Some(seconds) = value.strip_prefix("Duration::from_secs(") {
        return digits(seconds.strip_suffix(')')?).map(|seconds| seconds * 1_000);
    }
    if let Some(milliseconds) = value.strip_prefix("Duration::from_millis(") {
        return digits(milliseconds.strip_suffix(')')?);
    }
    match value.split_once(" << ") {
        Some((number, by)) => Some(digits(number)? << digits(by)?),
        None => digits(value),
    }
}

fn number(number: u64) -> String {
    let digits = number.to_string();
    if digits.len() > 3 { format!("{},{}", &digits[..digits.len() - 3], &digits[digits.len() - 3..]) } else { digits }
}

fn word(number: u64) -> String {
    ["none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"][number as usize].to_owned()
}

fn bytes(bytes: u64) -> String {
    let kib = bytes / 1_024;
    if kib.is_multiple_of(1_024) { format!("{} MiB", kib / 1_024) } else { format!("{kib} KiB") }
}

fn pages(count: u64) -> String {
    bytes(count * PAGE_BYTES)
}

fn time(milliseconds: u64) -> String {
    if milliseconds.is_multiple_of(1_000) {
        format!("{} seconds", milliseconds / 1_000)
    } else {
        format!("{milliseconds} ms")
    }
}
