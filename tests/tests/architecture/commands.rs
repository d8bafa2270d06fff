//! The list of commands stands in five places, each in its own language: the engine's types, what the shell forwards and
//! answers, what the window is allowed, and what the interface calls. They must agree, types included.

use std::collections::BTreeSet;

use stet_client::api::Command;

use crate::tree::{Page, page};

/// A command's name, and its arguments' and answer's types.
type Signature = (String, String, String);

#[test]
fn the_shell_forwards_every_command_of_the_engine_with_its_types() {
    let block = between(&page("src-tauri/commands.rs").text, "forwarded! {", "}");
    let forwarded: Vec<Signature> = entries(&block).map(|(name, types)| signature(name, types, "=>")).collect();
    assert_eq!(forwarded, engine());
}

#[test]
fn the_interface_calls_every_command_of_the_engine_with_its_types() {
    let block = between(&page("ui/src/host/commands.ts").text, "export interface CommandMap {", "}");
    let called: Vec<Signature> = entries(&block)
        .map(|(name, types)| signature(name, types.trim_start_matches('[').trim_end_matches(']'), ","))
        .collect();
    assert_eq!(called, engine());
}

#[test]
fn the_shell_answers_what_the_window_is_allowed_and_the_interface_calls() {
    let engine: Vec<String> = engine().into_iter().map(|(name, ..)| name).collect();
    let named = |list: &str| literals(&between(&page("src-tauri/names.rs").text, list, "]"));
    let shell = named("SHELL: &[&str] =");
    assert!(!shell.is_empty(), "the shell has commands of its own");
    assert_eq!(named("ENGINE: &[&str] = &["), engine, "names for the build script");

    let answered = between(&page("src-tauri/commands.rs").text, "generate_handler![$($name,)*", "]");
    let answered: Vec<&str> = answered.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    assert_eq!(answered, shell, "answered beside the forwarded ones");

    let interface = between(&page("ui/src/host/commands.ts").text, "export interface ShellMap {", "\n}");
    let interface: BTreeSet<String> = entries(&interface).map(|(name, _)| name.to_owned()).collect();
    assert_eq!(interface, shell.iter().cloned().collect(), "called beside the engine's");

    let allow = |name: &String| format!("allow-{}", name.replace('_', "-"));
    let expected: BTreeSet<String> = engine.iter().chain(&shell).map(allow).collect();
    assert_eq!(permissions(), expected, "allowed to the window");
}

fn engine() -> Vec<Signature> {
    let all = Command::ALL.iter();
    all.map(|(name, _, args, answer)| ((*name).to_owned(), (*args).to_owned(), (*answer).to_owned())).collect()
}

/// Every permission of every capability.
fn permissions() -> BTreeSet<String> {
    let files = crate::tree::pages(&["src-tauri/capabilities"], &[".json"]);
    files.iter().flat_map(listed_permissions).collect()
}

fn listed_permissions(file: &Page) -> Vec<String> {
    let json: serde_json::Value =
        serde_json::from_str(&file.text).unwrap_or_else(|error| panic!("{}: {error}", file.path));
    let listed = json["permissions"].as_array().unwrap_or_else(|| panic!("{} lists no permissions", file.path));
    listed.iter().map(|one| one.as_str().expect("a permission by name").to_owned()).collect()
}

/// What stands between two marks, which must be there.
fn between(text: &str, open: &str, close: &str) -> String {
    let rest = text.split_once(open).unwrap_or_else(|| panic!("{open:?} is gone")).1;
    rest.split_once(close).unwrap_or_else(|| panic!("nothing closes {open:?}")).0.to_owned()
}

/// Lines of the form `name: types`, without what ends them.
fn entries(block: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = block.lines().map(|line| line.trim().trim_end_matches([',', ';']));
    lines.filter_map(|line| line.split_once(": "))
}

fn signature(name: &str, types: &str, between: &str) -> Signature {
    let (args, answer) = types.split_once(between).unwrap_or_else(|| panic!("{name}: {types:?} has no {between:?}"));
    (name.to_owned(), args.trim().to_owned(), answer.trim().to_owned())
}

fn literals(list: &str) -> Vec<String> {
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}
