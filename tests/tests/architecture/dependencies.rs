//! Who may depend on whom, from `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::tree::root;

/// What each package of ours may use of ours; a package that isn't here is a wall nobody planned.
const ALLOWED: &[(&str, &[&str])] = &[
    ("stet", &["stet-client", "stet-model"]),
    ("stet-client", &["stet-model", "stet-protocol", "stet-store", "stet-sync"]),
    ("stet-model", &[]),
    ("stet-protocol", &["stet-model"]),
    ("stet-server", &["stet-model", "stet-protocol", "stet-sync"]),
    ("stet-store", &["stet-model"]),
    ("stet-sync", &["stet-model", "stet-protocol"]),
    ("stet-tests", &["stet-client", "stet-model", "stet-protocol", "stet-server", "stet-store", "stet-sync"]),
    ("xtask", &[]),
];

/// What a package may not use of others', with all it draws in by that name's beginning, and why.
const FORBIDDEN: &[(&str, &[&str], &str)] = &[
    ("stet-model", IMPURE, "it must run exactly and fast in a simulation"),
    ("stet-protocol", IMPURE, "it must run exactly and fast in a simulation"),
    ("stet-sync", IMPURE, "it must run exactly and fast in a simulation"),
    ("stet-protocol", &["loro"], "only the model knows the documents' library"),
    ("stet-sync", &["loro", "rusqlite"], "documents and disk are asked for as values"),
    ("stet-store", &["loro", "tokio", "tauri"], "it keeps opaque bytes, on a thread"),
    ("stet-client", &["tauri", "axum", "loro", "rusqlite"], "the engine runs in tests, later on a phone"),
    ("stet-server", &["tauri", "loro"], "its documents are the model's"),
    (
        "stet",
        &["rusqlite", "tokio-tungstenite", "tungstenite", "loro"],
        "a decision in the shell is in the wrong house",
    ),
    ("stet-tests", &["tauri"], "end-to-end tests start the built programs"),
];

const IMPURE: &[&str] =
    &["tokio", "async-", "futures", "rand", "getrandom", "fastrand", "rusqlite", "chrono", "time", "tracing"];

#[test]
fn packages_depend_on_each_other_only_as_the_design_allows() {
    let packages = packages();
    let expected: BTreeSet<&str> = ALLOWED.iter().map(|(name, _)| *name).collect();
    let found: BTreeSet<&str> = packages.keys().map(String::as_str).collect();
    assert_eq!(found, expected, "the packages of the workspace");
    for (name, allowed) in ALLOWED {
        let ours = packages[*name].iter().filter(|dependency| expected.contains(dependency.as_str()));
        let broken: Vec<&String> = ours.filter(|dependency| !allowed.contains(&dependency.as_str())).collect();
        assert!(broken.is_empty(), "{name} may not depend on {broken:?}");
    }
}

#[test]
fn packages_leave_alone_what_belongs_to_others() {
    let packages = packages();
    for (name, forbidden, reason) in FORBIDDEN {
        let broken: Vec<&String> =
            packages[*name].iter().filter(|dependency| forbidden.iter().any(|one| is_of(dependency, one))).collect();
        assert!(broken.is_empty(), "{name} may not depend on {broken:?}: {reason}");
    }
}

/// Whether a dependency is this one or one of its family (`tauri` and `tauri-plugin-x`).
fn is_of(dependency: &str, family: &str) -> bool {
    dependency
        .strip_prefix(family)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-') || family.ends_with('-'))
}

/// Each package with what it depends on in use or to build; what only its tests use doesn't count.
fn packages() -> BTreeMap<String, BTreeSet<String>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .expect("cargo answers");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo answers in JSON");
    let packages = metadata["packages"].as_array().expect("packages").iter();
    packages.map(|package| (text(&package["name"]), dependencies(package))).collect()
}

fn dependencies(package: &Value) -> BTreeSet<String> {
    let all = package["dependencies"].as_array().expect("dependencies").iter();
    all.filter(|dependency| dependency["kind"] != "dev").map(|dependency| text(&dependency["name"])).collect()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a name").to_owned()
}
