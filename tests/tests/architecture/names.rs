//! Who may name what: each foreign thing has one place in the sources.

use crate::tree::{Page, names, pages, rust_pages};

/// The crates that may do nothing but compute.
const PURE: &[&str] = &["crates/stet-model/src", "crates/stet-protocol/src", "crates/stet-sync/src"];
/// Where the CRDT library may be named; the model's own tests craft bytes with it that nothing of ours would make.
const DOCUMENTS: &[&str] = &["crates/stet-model/src/document", "crates/stet-model/tests"];
/// Where SQL may be written.
const SQL: &[&str] =
    &["crates/stet-store/src/table", "crates/stet-store/src/migration", "crates/stet-server/src/database"];

#[test]
fn pure_crates_name_no_clock_randomness_thread_file_socket_or_hash_map() {
    let forbidden = [
        "async",
        "await",
        "tokio",
        "futures",
        "std::time::Instant",
        "Instant::now",
        "SystemTime",
        "std::thread",
        "thread::spawn",
        "thread::sleep",
        "getrandom",
        "rand",
        "now_v7",
        "new_v4",
        "std::fs",
        "std::net",
        "std::env",
        "std::process",
        "HashMap",
        "HashSet",
        "RandomState",
    ];
    let mut broken = Vec::new();
    for page in pages(PURE, &[".rs"]) {
        let code = page.rust().code;
        broken.extend(forbidden.iter().filter(|word| names(&code, word)).map(|word| format!("{}: {word}", page.path)));
    }
    assert!(broken.is_empty(), "a pure crate names what is not pure:\n{}", broken.join("\n"));
}

#[test]
fn only_the_document_folder_names_the_crdt_library() {
    let broken = offenders(&rust_pages(), DOCUMENTS, |page| {
        let code = page.rust().code;
        ["loro", "LoroDoc", "LoroText", "LoroMap", "LoroTree", "LoroValue", "LoroError"]
            .iter()
            .any(|word| names(&code, word))
    });
    assert!(broken.is_empty(), "Loro is named outside {DOCUMENTS:?}: {broken:?}");
}

#[test]
fn sql_is_written_only_where_tables_are() {
    let statements = [
        ["SELECT ", " FROM "],
        ["INSERT ", "INTO "],
        ["UPDATE ", " SET "],
        ["DELETE ", "FROM "],
        ["CREATE ", "TABLE "],
        ["CREATE ", "INDEX "],
        ["ALTER ", "TABLE "],
        ["DROP ", "TABLE "],
    ];
    // A test or a measurement may look into a database from outside.
    let aside = ["/tests/", "/tests.rs", "/examples/", "/benches/"];
    let of_the_product = |page: &Page| !aside.iter().any(|place| page.path.contains(place));
    let sources: Vec<Page> = pages(&["crates", "src-tauri"], &[".rs"]).into_iter().filter(of_the_product).collect();
    let broken = offenders(&sources, SQL, |page| {
        page.rust()
            .strings
            .iter()
            .any(|text| statements.iter().any(|parts| parts.iter().all(|part| text.contains(part))))
    });
    assert!(broken.is_empty(), "SQL is written outside {SQL:?}: {broken:?}");
}

#[test]
fn the_shell_names_neither_disk_socket_machine_nor_protocol() {
    let forbidden =
        ["rusqlite", "tungstenite", "tokio_tungstenite", "stet_sync", "stet_protocol", "stet_store", "loro"];
    let broken = offenders(&pages(&["src-tauri"], &[".rs"]), &[], |page| {
        let code = page.rust().code;
        forbidden.iter().any(|word| names(&code, word))
    });
    assert!(broken.is_empty(), "a decision in the shell is in the wrong house: {broken:?}");
}

#[test]
fn the_interface_knows_tauri_in_one_file_and_the_editor_library_in_one_folder() {
    let sources = pages(&["ui/src"], &[".ts", ".svelte"]);
    let broken = offenders(&sources, &["ui/src/host/tauri.ts"], |page| page.text.contains("@tauri-apps/"));
    assert!(broken.is_empty(), "Tauri is imported by {broken:?}");
    let broken = offenders(&sources, &["ui/src/editor"], |page| {
        ["@codemirror/", "@lezer/"].iter().any(|library| page.text.contains(library))
    });
    assert!(broken.is_empty(), "CodeMirror is imported by {broken:?}");
}

#[test]
fn no_file_leaves_a_loose_end() {
    // Written in two halves, so that this page doesn't find itself.
    let marks = [["TO", "DO"], ["FIX", "ME"], ["XX", "X"], ["HA", "CK"]].map(|halves| halves.concat());
    let places = ["crates", "src-tauri", "tests", "xtask", "ui/src", "docs", ".ci/run", "README.md", "CONTRIBUTING.md"];
    let written = pages(&places, &[".rs", ".ts", ".svelte", ".css", ".md", ".toml", "run"]);
    let broken = offenders(&written, &[], |page| marks.iter().any(|mark| names(&page.text, mark)));
    assert!(broken.is_empty(), "finish it, or file an issue: {broken:?}");
}

/// The pages outside `allowed` that break a rule.
fn offenders(pages: &[Page], allowed: &[&str], breaks: impl Fn(&Page) -> bool) -> Vec<String> {
    pages.iter().filter(|page| !page.is_in_any(allowed) && breaks(page)).map(|page| page.path.clone()).collect()
}
