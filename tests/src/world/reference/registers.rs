//! Values: at the end one of the last writes counts that nobody overwrote knowingly. Also the trash, which an edit nobody
//! had seen takes a note out of.

use std::collections::BTreeSet;

use stet_model::id::FolderId;

use super::{About, Act, Kind, Reference};

/// Something that has one value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// A note is starred: `true` or `false`.
    Starred,
    /// A note is kept at the top.
    Pinned,
    /// A note is put away.
    Archived,
    /// A note is hidden, which only level 1 knows.
    Hidden,
    /// The folder a note says it is in; empty for none.
    Folder,
    /// A note carries this tag.
    Tag(String),
    /// A note was moved to the trash (`true`) or taken out of it.
    Trash,
    /// A folder's name.
    Name(FolderId),
}

/// What a value may be at the end.
#[derive(Debug, PartialEq, Eq)]
pub struct Possible {
    /// Values of the last writes.
    pub values: BTreeSet<String>,
    /// Nobody may have written at all.
    pub unwritten: bool,
}

impl Reference {
    /// What a value may be at the end.
    pub fn possible(&self, about: About, key: &Key) -> Possible {
        let writes = self.writes(about, key);
        Possible {
            values: last(&writes).into_iter().map(|(_, value)| value.to_owned()).collect(),
            unwritten: !writes.iter().any(|(act, _)| act.is_certain()),
        }
    }

    fn writes(&self, about: About, key: &Key) -> Vec<(&Act, &str)> {
        self.sets(about).filter(|(_, set, _)| *set == key).map(|(act, _, value)| (act, value)).collect()
    }

    /// Every tag anybody gave a note.
    pub fn tags(&self, about: About) -> BTreeSet<String> {
        self.sets(about)
            .filter_map(|(_, key, _)| match key {
                Key::Tag(tag) => Some(tag.clone()),
                _ => None,
            })
            .collect()
    }

    /// Every value anybody gave something of it.
    fn sets(&self, about: About) -> impl Iterator<Item = (&Act, &Key, &str)> {
        // A note whose making was answered with an error may be there all the same, under an id nobody was told.
        let named = self.acts(about).any(|(_, act)| matches!(act.kind, Kind::Create));
        let unnamed = self.acts(About::Unknown).filter(move |_| !named && matches!(about, About::Note(_)));
        self.acts(about).chain(unnamed).filter_map(|(_, act)| match &act.kind {
            Kind::Set(key, value) => Some((act, key, value.as_str())),
            _ => None,
        })
    }

    /// Whether a note may be in the trash at the end, and whether it may be out of it.
    pub fn trash(&self, about: About) -> (bool, bool) {
        let writes = self.writes(about, &Key::Trash);
        let edits: Vec<&Act> =
            self.acts(about).filter(|(_, act)| matches!(act.kind, Kind::Text(_))).map(|(_, act)| act).collect();
        let mut inside = false;
        let mut outside = !writes.iter().any(|(act, _)| act.is_certain());
        for (write, value) in last(&writes) {
            if value != "true" {
                outside = true;
                continue;
            }
            inside |= !edits.iter().any(|edit| edit.is_certain() && !write.may_have_seen(edit));
            outside |= edits.iter().any(|edit| !write.has_seen(edit));
        }
        (inside, outside)
    }
}

/// The writes nobody overwrote knowingly; `writes` are in the order they were asked for.
fn last<'a>(writes: &[(&'a Act, &'a str)]) -> Vec<(&'a Act, &'a str)> {
    let overwritten =
        |n: usize, write: &Act| writes[n + 1..].iter().any(|(later, _)| later.is_certain() && later.has_seen(write));
    let last = writes.iter().enumerate().filter(|(n, (act, _))| !overwritten(*n, act));
    last.map(|(_, write)| *write).collect()
}
