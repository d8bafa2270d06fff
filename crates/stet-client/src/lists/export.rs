//! Notes as Markdown files, each with a few lines about it in front. Read from the disk: no server, no sign-in and no
//! engine that works is needed. One note that can't be read keeps none of the others, and no file is ever overwritten.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use stet_model::id::{DocKey, FolderId, NoteId};
use stet_store::{ListQuery, ListRow, ListView, Reader};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::unreadable;
use crate::api::CommandError;
use crate::engine::{ListContext, read_note};

/// Characters of a title that go into a file's name: every file system takes these, in any script.
const NAME_CHARS: usize = 60;
/// Notes named that couldn't be exported; the others are counted.
const NAMED: usize = 20;
/// Rows read at a time.
const PAGE: u32 = 200;
/// Files of one name in a folder before an export gives up on it.
const SAME_NAME: u32 = 100_000;
/// Names that Windows keeps for its devices.
const RESERVED: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];

/// What came of an export.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exported {
    /// Files written.
    pub files: u32,
    /// Notes that couldn't be.
    pub missed: u32,
    /// The first of these, by title and with the reason.
    pub reasons: Vec<String>,
}

/// What an export goes on with from note to note.
struct Export<'a> {
    reader: &'a Reader,
    context: ListContext,
    folder: &'a Path,
    /// Where each folder is, from the top.
    folders: BTreeMap<FolderId, String>,
    /// How many files of a name there are.
    names: BTreeMap<String, u32>,
    done: Exported,
}

/// Writes notes into a folder: these, or every one that waits to be sent or can't go on.
///
/// # Errors
/// When the list of notes can't be read. What of single notes fails is in the answer.
pub(crate) fn export(
    reader: &Reader,
    context: ListContext,
    notes: Option<Vec<NoteId>>,
    folder: &Path,
) -> Result<Exported, CommandError> {
    let names = BTreeMap::new();
    let folders = paths(reader, context)?;
    let mut export = Export { reader, context, folder, folders, names, done: Exported::default() };
    match notes {
        Some(notes) => {
            for note in notes {
                let row = reader.row(DocKey { space: context.space, note }).map_err(unreadable)?;
                export.take(note, row);
            }
        }
        None => export.take_waiting()?,
    }
    Ok(export.done)
}

/// Each folder with the names of those it lies in.
fn paths(reader: &Reader, context: ListContext) -> Result<BTreeMap<FolderId, String>, CommandError> {
    let mut paths: BTreeMap<FolderId, String> = BTreeMap::new();
    // Parents come before their children.
    for (folder, _) in reader.sidebar(context.space).map_err(unreadable)?.folders {
        let path = match folder.parent.and_then(|parent| paths.get(&parent)) {
            Some(parent) => format!("{parent}/{}", folder.name),
            None => folder.name,
        };
        paths.insert(folder.id, path);
    }
    Ok(paths)
}

impl Export<'_> {
    fn take_waiting(&mut self) -> Result<(), CommandError> {
        let mut after = None;
        loop {
            let (space, search) = (self.context.space, String::new());
            let query = ListQuery { space, view: ListView::Unsent, search, after, limit: PAGE };
            let page = self.reader.list(&query).map_err(unreadable)?;
            page.rows.into_iter().for_each(|row| self.take(row.note, Some(row)));
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    fn take(&mut self, note: NoteId, row: Option<ListRow>) {
        let title = row.as_ref().map(|row| row.fields.title.clone()).unwrap_or_default();
        match self.write(note, row) {
            Ok(()) => self.done.files += 1,
            Err(reason) => {
                self.done.missed += 1;
                if self.done.reasons.len() < NAMED {
                    self.done
                        .reasons
                        .push(format!("“{}”: {reason}", if title.is_empty() { "Untitled" } else { &title }));
                }
            }
        }
    }

    fn write(&mut self, note: NoteId, row: Option<ListRow>) -> Result<(), String> {
        let doc = DocKey { space: self.context.space, note };
        let stored = self.reader.document(doc).map_err(|error| error.to_string())?;
        let stored = stored.filter(|stored| !stored.purged).ok_or("it isn't here any more")?;
        let read = read_note(&stored).map_err(|error| error.to_string())?;
        let (title, fields) = (read.title(), read.fields());
        let front = Front {
            id: note.to_string(),
            title: &title,
            folder: fields.folder.and_then(|folder| self.folders.get(&folder)),
            tags: &fields.tags,
            created: date(fields.created_at),
            updated: date(row.map_or(stored.updated_at, |row| row.updated_at)),
        };
        let text = format!("{}\n{}\n", front.lines(), read.body().trim_end_matches('\n'));
        self.new_file(&file_name(&title), text.as_bytes())
    }

    /// Writes a file that isn't there yet; what couldn't be written whole isn't left.
    fn new_file(&mut self, name: &str, bytes: &[u8]) -> Result<(), String> {
        let next = self.names.entry(name.to_lowercase()).or_insert(1);
        while *next < SAME_NAME {
            let path = match *next {
                1 => self.folder.join(format!("{name}.md")),
                n => self.folder.join(format!("{name} {n}.md")),
            };
            *next += 1;
            match File::create_new(&path) {
                Ok(file) => return fill(file, &path, bytes),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(format!("{} can't be made: {error}", path.display())),
            }
        }
        Err(format!("there are too many files named {name} in {}", self.folder.display()))
    }
}

fn fill(mut file: File, path: &Path, bytes: &[u8]) -> Result<(), String> {
    file.write_all(bytes).map_err(|error| {
        // A part of a note must not pass for the note.
        let _ = std::fs::remove_file(path);
        format!("{} can't be written: {error}", path.display())
    })
}

/// What stands in front of the text, as YAML.
struct Front<'a> {
    id: String,
    title: &'a str,
    folder: Option<&'a String>,
    tags: &'a [String],
    created: Option<String>,
    updated: Option<String>,
}

impl Front<'_> {
    fn lines(&self) -> String {
        // A JSON string, and a list of them, is the same in YAML, whatever is in it.
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let tags = (!self.tags.is_empty()).then(|| serde_json::Value::from(self.tags.to_vec()).to_string());
        let lines = [
            ("title", Some(quoted(self.title))),
            ("folder", self.folder.map(|folder| quoted(folder))),
            ("tags", tags),
            ("created", self.created.clone()),
            ("updated", self.updated.clone()),
            ("id", Some(self.id.clone())),
        ];
        let lines = lines.into_iter().filter_map(|(key, value)| Some(format!("{key}: {}\n", value?)));
        format!("---\n{}---\n", lines.collect::<String>())
    }
}

/// A time as people and programs read it; nothing for one nobody knows.
fn date(at: i64) -> Option<String> {
    let seconds = (at > 0).then_some(at / 1_000)?;
    OffsetDateTime::from_unix_timestamp(seconds).ok()?.format(&Rfc3339).ok()
}

/// What a file is called, without its ending: the title, as every file system takes it.
fn file_name(title: &str) -> String {
    let plain = |letter: char| if letter.is_control() || r#"/\:*?"<>|"#.contains(letter) { ' ' } else { letter };
    let words: String = title.chars().map(plain).take(NAME_CHARS).collect();
    let name = words.split_whitespace().collect::<Vec<_>>().join(" ");
    // A leading dot hides a file, and Windows drops dots at the end.
    let name = name.trim_matches(['.', ' ']);
    let stem: String = name.to_lowercase().split('.').next().unwrap_or_default().trim_end().to_owned();
    let device = stem.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let reserved = RESERVED.contains(&device) && (stem.len() == 3 || (stem.len() == 4 && device.len() == 3));
    match name {
        "" => "Untitled".to_owned(),
        name if reserved => format!("{name}_"),
        name => name.to_owned(),
    }
}

/// Where an export goes, as a path for people.
pub(crate) fn checked(folder: PathBuf) -> Result<PathBuf, CommandError> {
    if folder.is_dir() {
        return Ok(folder);
    }
    let message = format!("{} isn't a folder. Choose another one.", folder.display());
    Err(CommandError::new(crate::api::ErrorCode::Invalid, message))
}

#[cfg(test)]
mod tests {
    use super::{Front, date, file_name};

    #[test]
    fn a_title_becomes_a_name_that_every_file_system_takes() {
        for (title, name) in [
            ("Plans", "Plans"),
            ("a/b\\c: what? \"x\" <y>|*", "a b c what x y"),
            ("  ", "Untitled"),
            ("...", "Untitled"),
            (".hidden", "hidden"),
            ("../../etc/passwd", "etc passwd"),
            ("CON", "CON_"),
            ("com7.txt", "com7.txt_"),
            ("Contents", "Contents"),
            ("line\nbreak\t\0", "line break"),
            ("読書メモ", "読書メモ"),
        ] {
            assert_eq!(file_name(title), name, "{title:?}");
        }
        assert_eq!(file_name(&"🌿".repeat(300)).chars().count(), 60);
    }

    #[test]
    fn what_stands_in_front_is_yaml_whatever_is_in_the_title() {
        let front = Front {
            id: "7".to_owned(),
            title: "a: \"b\" # c\\",
            folder: Some(&"Work/Lantern".to_owned()),
            tags: &["x, y".to_owned()],
            created: date(1_700_000_000_500),
            updated: date(0),
        };
        let lines = "---\ntitle: \"a: \\\"b\\\" # c\\\\\"\nfolder: \"Work/Lantern\"\ntags: [\"x, y\"]\n\
                     created: 2023-11-14T22:13:20Z\nid: 7\n---\n";
        assert_eq!(front.lines(), lines);
    }
}
