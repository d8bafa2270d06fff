//! What is left after a kill, looked at without disturbing it: the files are copied, and the copy is opened as the engine
//! would open it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use stet_client::api::note::View;
use stet_model::document::NoteDocument;
use stet_model::id::{DocKey, NoteId, PeerId, SpaceId};
use stet_store::{Options, Reader, open};

use super::schema;
use crate::device::Device;

/// The engine's database in its data folder.
pub const DATABASE: &str = "notes.sqlite";

/// What has to be there: the words of each note.
pub type Words = BTreeMap<NoteId, BTreeSet<String>>;

/// What a look at a killed engine's folder found.
pub struct Left {
    /// The last migration of the file, as the kill left it.
    pub version: Option<u32>,
    /// A copy from before a migration is being made.
    pub part: bool,
    /// The copies from before migrations.
    pub copies: Vec<PathBuf>,
}

/// What is in the folder.
pub fn look(folder: &Path, aside: &Path) -> Left {
    let (parts, copies): (Vec<_>, Vec<_>) = look_for_copies(folder).into_iter().partition(|path| is_part(path));
    let part = !parts.is_empty();
    let version = copy(&folder.join(DATABASE), aside).and_then(|copy| schema::version(&copy));
    Left { version, part, copies }
}

/// Removes the copies from before migrations.
pub fn remove_copies(folder: &Path) {
    for copy in look_for_copies(folder) {
        fs::remove_file(copy).expect("remove a copy");
    }
}

/// Whether there is a copy from before a migration, whole.
pub fn has_copy(folder: &Path) -> bool {
    look_for_copies(folder).iter().any(|path| !is_part(path))
}

/// Whether this is a copy that is being made.
fn is_part(path: &Path) -> bool {
    path.to_string_lossy().contains(".part")
}

/// The copies from before migrations, also one that is being made.
fn look_for_copies(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).expect("list a data folder").flatten().map(|entry| entry.path());
    let mut copies: Vec<_> = files.filter(|path| path.to_string_lossy().contains(".before-")).collect();
    copies.sort();
    copies
}

/// A copy of a database with its log; `None` when it isn't there.
fn copy(database: &Path, aside: &Path) -> Option<PathBuf> {
    let to = aside.join("copy.sqlite");
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let beside = |path: &Path| PathBuf::from(format!("{}{suffix}", path.display()));
        let _ = fs::remove_file(beside(&to));
        if suffix != "-shm" && beside(database).exists() {
            fs::copy(beside(database), beside(&to)).expect("copy a database");
        }
    }
    to.exists().then_some(to)
}

/// Opens a copy of the database, which must be whole, and gives the words that are missing.
pub fn missing(database: &Path, aside: &Path, expected: &Words) -> Vec<String> {
    let Some(copy) = copy(database, aside) else {
        return expected.values().flatten().cloned().collect();
    };
    let (writer, reader) = open(&copy, &Options::default()).expect("what a kill left opens");
    let found = reader.check().expect("it can be read whole");
    assert!(found.is_empty(), "what a kill left is damaged: {found:?}");
    let boot = writer.boot().expect("what the engine starts with");
    let space: Option<SpaceId> = boot.meta.get("space").and_then(|space| space.parse().ok());
    let mut missing = Vec::new();
    for (note, words) in expected {
        let text = space.map(|space| text(&reader, DocKey { space, note: *note })).unwrap_or_default();
        missing.extend(words.iter().filter(|word| !text.contains(word.as_str())).cloned());
    }
    missing
}

/// Title, body and tags of a stored note, read as the engine reads it.
fn text(reader: &Reader, doc: DocKey) -> String {
    let Some(stored) = reader.document(doc).expect("a document can be read") else { return String::new() };
    let imported = stored.updates.iter().filter(|update| update.imported).map(|update| update.ops.as_slice());
    let parts: Vec<&[u8]> = stored.snapshot.as_deref().into_iter().chain(imported).collect();
    let note = NoteDocument::load(&parts, PeerId(1)).expect("a stored document loads");
    format!("{}\n{}\n{}", note.title(), note.body(), note.fields().tags.join("\n"))
}

/// Every note a device shows, with its words.
pub async fn contents(device: &Device) -> BTreeMap<NoteId, String> {
    let page = device.page(View::All).await;
    assert!(page.next.is_none(), "one page holds all notes of an episode");
    let mut contents = BTreeMap::new();
    for row in page.rows {
        let (title, body) = device.text(row.id).await.expect("a listed note opens");
        contents.insert(row.id, format!("{title}\n{body}\n{}", row.tags.join("\n")));
    }
    contents
}
