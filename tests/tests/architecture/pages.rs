//! The pages people read: that they name what exists, that what they point to is there, and that what they say of the code
//! is so.

mod storage;
mod testing;
mod troubleshooting;

use crate::tree::{names, page, pages, root, rust_pages};

/// Every name that the seed's page gives to a hook, what it returns, an option, a callback, a component, a prop, a
/// setting and a source file.
const SEED: &[&str] = &[
    "useNotes",
    "notes",
    "selectedNote",
    "webSocket",
    "updateNote",
    "createNote",
    "deleteNote",
    "useWebSocket",
    "autoConnect",
    "onNoteSync",
    "onNoteCreatedSync",
    "onError",
    "onAuthenticated",
    "status",
    "isConnected",
    "isAuthenticated",
    "reconnectAttempts",
    "lastSync",
    "joinedNotes",
    "error",
    "reconnect",
    "clearError",
    "joinNote",
    "leaveNote",
    "sendNoteUpdate",
    "WebSocketStatus",
    "WebSocketStatusCompact",
    "showDetails",
    "onReconnect",
    "onClearError",
    "VITE_WEBSOCKET_URL",
    "localStorage",
    "webSocketService.ts",
    "types/websocket.ts",
];

#[test]
fn the_architecture_page_names_every_crate() {
    let text = page("docs/architecture.md").text;
    let manifests = pages(&["Cargo.toml", "crates", "tests", "xtask"], &["Cargo.toml"]);
    for manifest in manifests {
        let name = manifest.text.lines().find_map(|line| line.strip_prefix("name = "));
        let name = name.unwrap_or_else(|| panic!("{} has no name", manifest.path)).trim_matches('"');
        assert!(text.contains(&format!("`{name}`")), "docs/architecture.md doesn't name `{name}`");
    }
}

#[test]
fn the_architecture_page_maps_every_name_of_the_seed() {
    let text = page("docs/architecture.md").text;
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| ")).collect();
    for name in SEED {
        let mapped =
            rows.iter().any(|row| row.split('|').nth(1).is_some_and(|cell| cell.contains(&format!("`{name}`"))));
        assert!(mapped, "docs/architecture.md has no row for `{name}`");
    }
}

#[test]
fn links_between_pages_lead_somewhere() {
    let mut broken = Vec::new();
    for page in pages(&["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs"], &[".md"]) {
        for link in links(&page.text) {
            let target = link.split('#').next().unwrap_or_default();
            if !target.is_empty() && !root().join(page.folder()).join(target).exists() {
                broken.push(format!("{} → {link}", page.path));
            }
        }
    }
    assert!(broken.is_empty(), "nothing is there:\n{}", broken.join("\n"));
}

#[test]
fn the_storage_page_calls_the_database_by_its_name() {
    let client = page("crates/stet-client/src/client.rs").text;
    let name = client.split("DATABASE: &str = \"").nth(1).and_then(|rest| rest.split('"').next());
    let name = name.expect("the engine names its file");
    let storage = page("docs/storage.md").text;
    assert!(storage.contains(&format!("put the copy in place as `{name}`")), "docs/storage.md restores another file");
}

/// The protocol's page is held against the constants, and these against the code: a constant that nothing goes by says
/// nothing.
#[test]
fn every_limit_of_the_protocol_is_what_the_code_goes_by() {
    let limits = "crates/stet-protocol/src/limits.rs";
    let declared = page(limits);
    let declared = declared.text.lines().filter_map(|line| line.strip_prefix("pub const ")?.split(':').next());
    // What a server announces goes by way of its defaults; presence isn't built yet.
    let announced = page(limits).text.split("impl Default").nth(1).expect("the announced limits").to_owned();
    let mut code: Vec<String> = rust_pages()
        .iter()
        .filter(|page| page.path.contains("/src/") && page.path != limits)
        .map(|page| page.rust().code)
        .collect();
    code.push(announced);
    let idle: Vec<&str> =
        declared.filter(|name| !name.starts_with("PRESENCE_") && !code.iter().any(|code| names(code, name))).collect();
    assert!(idle.is_empty(), "no code goes by these limits: {idle:?}");
}

#[test]
fn continuous_integration_runs_the_test_command_of_the_readme() {
    let command = "cargo xtask test --yes";
    assert!(page("README.md").text.contains(command), "README.md doesn't say `{command}`");
    let script = page(".ci/run").text;
    let runs: Vec<&str> = script.lines().filter(|line| line.contains("cargo xtask")).collect();
    assert_eq!(runs.len(), 1, ".ci/run has its own way: {runs:?}");
    assert!(runs[0].contains(command), ".ci/run runs {runs:?}");
}

/// What a page's links and pictures point to in the checkout.
fn links(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> = text.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    found.extend(text.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next()));
    found.retain(|link| !link.contains("://") && !link.starts_with("mailto:"));
    found
}
