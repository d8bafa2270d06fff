//! The TypeScript types are written by tests of the Rust types. What the tests write must be what is committed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Found, rust};
use crate::failure::Failure;
use crate::project::Project;

/// Where the tests write them.
const GENERATED: &str = "ui/src/gen";

/// Runs the tests and fails when they wrote something new.
pub fn fresh_after_tests(project: &Project) -> Result<Found, Failure> {
    let folder = project.root.join(GENERATED);
    let before = read(&folder)?;
    rust::tests(project)?;
    let after = read(&folder)?;
    let mut changed: Vec<String> =
        after.iter().filter(|(path, text)| before.get(*path) != Some(text)).map(name).collect();
    changed.sort();
    if changed.is_empty() {
        return Ok(Found::Fine);
    }
    Err(Failure::said(format!(
        "the generated types were stale. The tests have now written them anew; commit {GENERATED}: {}",
        changed.join(", ")
    )))
}

fn name((path, _): (&PathBuf, &Vec<u8>)) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn read(folder: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>, Failure> {
    let mut files = BTreeMap::new();
    if !folder.exists() {
        return Ok(files);
    }
    for entry in fs::read_dir(folder).map_err(Failure::file(folder))?.flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.append(&mut read(&path)?);
        } else {
            let text = fs::read(&path).map_err(Failure::file(&path))?;
            files.insert(path, text);
        }
    }
    Ok(files)
}
