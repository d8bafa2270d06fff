//! A note's fields in its document: reading them, writing one, whether the note is in the trash, which passages are
//! marked as merged. Never here: texts.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use loro::{Frontiers, ID, LoroDoc, LoroError, LoroMap, LoroMapValue, LoroValue, VersionVector};

use super::edit::NoteEdit;
use super::error::{DocumentError, EditError};
use super::version::Point;
use super::{BODY, TITLE};
use crate::id::{DeviceId, FolderId, PeerId};
use crate::note::{NoteFields, normalise_tag};

const FIELDS: &str = "fields";
const TAGS: &str = "tags";
const MERGED: &str = "merged";
const DEVICES: &str = "devices";

const FOLDER: &str = "folderId";
const STARRED: &str = "starred";
const PINNED: &str = "pinned";
const ARCHIVED: &str = "archived";
const HIDDEN: &str = "hidden";
const CREATED_AT: &str = "createdAt";
const TRASH: &str = "trash";

/// What takes a note out of the trash again.
const TEXTS: [&str; 2] = [TITLE, BODY];
/// What a version is made of.
pub(super) const TEXTS_AND_TAGS: [&str; 3] = [TITLE, BODY, TAGS];
/// Operations looked at in one go when asking whether a text was touched: the answer is mostly in the first few.
const TOUCH_STRETCH: i32 = 1_024;

/// A passage where two sides met, for the user to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// Names it; give it to [`NoteEdit::Settle`].
    pub key: String,
    /// Where the two sides parted.
    pub base: Point,
    /// One side alone.
    pub mine: Point,
    /// The other side alone.
    pub theirs: Point,
}

pub(super) fn read(doc: &LoroDoc) -> NoteFields {
    let fields = doc.get_map(FIELDS);
    NoteFields {
        folder: folder(&fields),
        starred: flag(&fields, STARRED),
        pinned: flag(&fields, PINNED),
        archived: flag(&fields, ARCHIVED),
        hidden: flag(&fields, HIDDEN),
        trashed: trashed(doc),
        tags: tags(doc),
        created_at: created_at(&fields).unwrap_or(0),
        devices: devices(doc),
    }
}

/// Which device each author was.
pub(super) fn devices(doc: &LoroDoc) -> BTreeMap<PeerId, DeviceId> {
    let mut devices = BTreeMap::new();
    doc.get_map(DEVICES).for_each(|peer, value| {
        if let (Ok(peer), LoroValue::String(device)) = (u64::from_str_radix(peer, 16), value.get_deep_value())
            && let Ok(device) = device.parse()
        {
            devices.insert(PeerId(peer), device);
        }
    });
    devices
}

/// The tags, sorted.
pub(super) fn tags(doc: &LoroDoc) -> Vec<String> {
    let mut tags = BTreeSet::new();
    doc.get_map(TAGS).for_each(|tag, value| {
        if matches!(value.get_deep_value(), LoroValue::Bool(true)) {
            tags.insert(tag.to_owned());
        }
    });
    tags.into_iter().collect()
}

fn value(map: &LoroMap, key: &str) -> Option<LoroValue> {
    map.get(key).map(|value| value.get_deep_value())
}

fn flag(map: &LoroMap, key: &str) -> bool {
    matches!(value(map, key), Some(LoroValue::Bool(true)))
}

fn folder(map: &LoroMap) -> Option<FolderId> {
    value(map, FOLDER)?.into_string().ok()?.parse().ok()
}

fn created_at(map: &LoroMap) -> Option<i64> {
    value(map, CREATED_AT)?.into_i64().ok()
}

fn point(map: &LoroMapValue, key: &str) -> Option<Point> {
    let LoroValue::Binary(bytes) = map.get(key)? else {
        return None;
    };
    Point::decode(bytes).ok()
}

/// Whether a trashing is set, whether or not it still holds.
pub(super) fn trash_is_set(doc: &LoroDoc) -> bool {
    doc.get_map(FIELDS).get(TRASH).is_some()
}

/// Set, and no operation since what was seen then touches title or body. What can't be judged is not in the trash.
pub(super) fn trashed(doc: &LoroDoc) -> bool {
    let Some(LoroValue::Map(trash)) = value(&doc.get_map(FIELDS), TRASH) else {
        return false;
    };
    point(&trash, "seen").is_some_and(|seen| touched_since(doc, &seen.to_loro(), &TEXTS) == Some(false))
}

/// Who wrote in title or body after a trashing that didn't know of it, so that the note isn't in the trash; nobody when
/// no trashing is set, or it holds. Sorted.
pub(super) fn outlived_trash(doc: &LoroDoc) -> Vec<PeerId> {
    let Some(LoroValue::Map(trash)) = value(&doc.get_map(FIELDS), TRASH) else {
        return Vec::new();
    };
    let seen = point(&trash, "seen").and_then(|seen| doc.frontiers_to_vv(&seen.to_loro()));
    let Some(seen) = seen else { return Vec::new() };
    let touched =
        |(author, end): (&u64, &i32)| touches(doc, *author, seen.get(author).copied().unwrap_or(0)..*end, &TEXTS);
    let ends = doc.oplog_vv();
    let mut authors: Vec<PeerId> =
        ends.iter().filter(|entry| touched(*entry)).map(|(author, _)| PeerId(*author)).collect();
    authors.sort_unstable();
    authors
}

/// Whether any of these were touched after this point; `None` when the point isn't in the history.
pub(super) fn touched_since(doc: &LoroDoc, seen: &Frontiers, names: &[&str]) -> Option<bool> {
    let seen = doc.frontiers_to_vv(seen)?;
    Some(touched_between(doc, &seen, &doc.oplog_vv(), names))
}

/// Whether an operation of `to` that isn't one of `from` touches title or body.
pub(super) fn wrote_between(doc: &LoroDoc, from: &VersionVector, to: &VersionVector) -> bool {
    touched_between(doc, from, to, &TEXTS)
}

/// Whether an operation of `to` that isn't one of `from` makes or takes away a mark.
pub(super) fn marked_between(doc: &LoroDoc, from: &VersionVector, to: &VersionVector) -> bool {
    touched_between(doc, from, to, &[MERGED])
}

fn touched_between(doc: &LoroDoc, from: &VersionVector, to: &VersionVector, names: &[&str]) -> bool {
    let since = |author: &u64| from.get(author).copied().unwrap_or(0);
    to.iter().any(|(author, end)| touches(doc, *author, since(author)..*end, names))
}

/// Whether these operations of one author touch any of these.
pub(super) fn touches(doc: &LoroDoc, author: u64, operations: Range<i32>, names: &[&str]) -> bool {
    let mut at = operations.start;
    while at < operations.end {
        let length = TOUCH_STRETCH.min(operations.end - at);
        let containers = doc.get_changed_containers_in(ID::new(author, at), length.unsigned_abs() as usize);
        if containers.iter().any(|id| id.is_root() && names.contains(&id.name().as_str())) {
            return true;
        }
        at += length;
    }
    false
}

pub(super) fn merged(doc: &LoroDoc) -> Vec<Merged> {
    let mut marks = BTreeMap::new();
    doc.get_map(MERGED).for_each(|key, value| {
        if let LoroValue::Map(mark) = value.get_deep_value()
            && let (Some(base), Some(mine), Some(theirs)) =
                (point(&mark, "base"), point(&mark, "mine"), point(&mark, "theirs"))
        {
            marks.insert(key.to_owned(), Merged { key: key.to_owned(), base, mine, theirs });
        }
    });
    marks.into_values().collect()
}

/// Writes one field; says whether there was anything to write.
pub(super) fn make(doc: &LoroDoc, edit: &NoteEdit, author: PeerId, at: i64) -> Result<bool, EditError> {
    let fields = doc.get_map(FIELDS);
    match edit {
        NoteEdit::Folder(folder) => match folder {
            Some(folder) => put(&fields, FOLDER, folder.to_string().into()),
            None => take(&fields, FOLDER),
        },
        NoteEdit::Starred(on) => set_flag(&fields, STARRED, *on),
        NoteEdit::Pinned(on) => set_flag(&fields, PINNED, *on),
        NoteEdit::Archived(on) => set_flag(&fields, ARCHIVED, *on),
        NoteEdit::Hidden(on) => set_flag(&fields, HIDDEN, *on),
        NoteEdit::AddTag(tag) => put(&doc.get_map(TAGS), &normal_tag(tag)?, true.into()),
        NoteEdit::RemoveTag(tag) => take(&doc.get_map(TAGS), &normal_tag(tag)?),
        NoteEdit::CreatedAt(time) => put(&fields, CREATED_AT, (*time).into()),
        NoteEdit::Device(device) => {
            put(&doc.get_map(DEVICES), &format!("{:016x}", author.0), device.to_string().into())
        }
        NoteEdit::Trash if trashed(doc) => Ok(false),
        NoteEdit::Trash => {
            let seen = Point::from_loro(&doc.oplog_frontiers()).encode();
            put(&fields, TRASH, map([("at", at.into()), ("seen", seen.into())]))
        }
        NoteEdit::Restore => take(&fields, TRASH),
        NoteEdit::MarkMerged { base, mine, theirs } => mark_merged(doc, [base, mine, theirs], author),
        NoteEdit::Settle(key) => take(&doc.get_map(MERGED), key),
        NoteEdit::Title(_) | NoteEdit::Body(_) | NoteEdit::SetTitle(_) | NoteEdit::SetBody(_) => Ok(false),
    }
}

fn mark_merged(doc: &LoroDoc, [base, mine, theirs]: [&Point; 3], author: PeerId) -> Result<bool, EditError> {
    let sides = [("base", base), ("mine", mine), ("theirs", theirs)].map(|(key, point)| (key, point.encode().into()));
    let (marks, mark) = (doc.get_map(MERGED), map(sides));
    let mut written = doc.oplog_vv().get(&author.0).copied().unwrap_or(0);
    let mut key = format!("{:016x}-{written}", author.0);
    // What is uncommitted isn't counted yet: of several marks made together each takes a number of its own.
    while value(&marks, &key).is_some_and(|there| there != mark) {
        written += 1;
        key = format!("{:016x}-{written}", author.0);
    }
    put(&marks, &key, mark)
}

fn normal_tag(tag: &str) -> Result<String, EditError> {
    normalise_tag(tag).ok_or_else(|| EditError::NoTag { tag: tag.chars().take(100).collect() })
}

fn map<const N: usize>(entries: [(&str, LoroValue); N]) -> LoroValue {
    LoroValue::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<LoroMapValue>())
}

/// A flag that was never set is off: switching it off writes nothing.
fn set_flag(map: &LoroMap, key: &str, on: bool) -> Result<bool, EditError> {
    if flag(map, key) == on {
        return Ok(false);
    }
    put(map, key, on.into())
}

fn put(map: &LoroMap, key: &str, new: LoroValue) -> Result<bool, EditError> {
    if value(map, key).as_ref() == Some(&new) {
        return Ok(false);
    }
    map.insert(key, new).map_err(refused)?;
    Ok(true)
}

fn take(map: &LoroMap, key: &str) -> Result<bool, EditError> {
    if map.get(key).is_none() {
        return Ok(false);
    }
    map.delete(key).map_err(refused)?;
    Ok(true)
}

fn refused(error: LoroError) -> EditError {
    DocumentError::Stopped { reason: error.to_string() }.into()
}
