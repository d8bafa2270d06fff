//! What a note's history tells by itself: who wrote in it and when, in stretches without a long pause, what it said at
//! any point, and going back to that. A history is a copy that moves; a note that is in use never does, but for the moment
//! in which two of its points are compared.

use std::collections::{BTreeMap, BTreeSet};

use loro::{Frontiers, ID, LoroDoc};

use super::changes::Received;
use super::edit::{Edited, NoteEdit, Text, make};
use super::error::{DocumentError, EditError};
use super::fields::{self, TEXTS_AND_TAGS};
use super::note::NoteDocument;
use super::version::Point;
use crate::id::{DeviceId, PeerId};

/// A pause as long as this ends a stretch of writing, and a longer stretch is told in pieces of this length.
/// Milliseconds.
pub const PAUSE_MS: i64 = 10 * 60 * 1_000;

/// How the message begins of a change that goes back to an earlier version. Part of the history, so all devices tell it
/// alike. The time follows: changes with one message may become one.
const RESTORED: &str = "restored";

/// What a version of a note says: what is shown of it, and what going back brings back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoteText {
    /// The title.
    pub title: String,
    /// The body.
    pub body: String,
    /// Its tags, sorted.
    pub tags: Vec<String>,
}

/// What a note said before somebody's eyes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenText {
    /// Where in its history.
    pub point: Point,
    /// What.
    pub text: NoteText,
}

/// A version worth telling of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// Where it stands in the history.
    pub point: Point,
    /// Where it came from: what changed is the difference from there.
    pub before: Point,
    /// When it was complete, epoch milliseconds.
    pub at: i64,
    /// Who had it; `None` for a writer that isn't a device of the user's, or for nobody in particular.
    pub device: Option<DeviceId>,
    /// How it came to be.
    pub kind: HistoryKind,
    /// Among entries of one time, what built on more comes later.
    order: (u32, usize),
}

/// How a version came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryKind {
    /// Somebody wrote, and then paused.
    Written,
    /// Somebody went back to an earlier version.
    Restored,
    /// What was written in several places came together.
    Merged,
    /// One side alone of a passage that is marked as merged.
    Side,
}

/// The history of a note: a copy of the note that can be moved to any point of it.
#[derive(Debug)]
pub struct History {
    note: NoteDocument,
    now: Point,
    devices: BTreeMap<PeerId, DeviceId>,
    sides: Vec<Point>,
}

impl History {
    /// The history of this note, which becomes part of it.
    pub fn of(note: NoteDocument) -> Self {
        let marks = note.merged();
        let sides = marks.into_iter().flat_map(|mark| [mark.mine, mark.theirs]).collect();
        Self { now: note.point(), devices: note.fields().devices, sides, note }
    }

    /// Where the note stands now.
    pub const fn now(&self) -> &Point {
        &self.now
    }

    /// Every version worth telling of, the newest first; the first one says what the note says now. `seen` are points
    /// that somebody had before them and that the history can't tell of by itself. Changes of anything but texts and
    /// tags make no version.
    ///
    /// # Errors
    /// [`DocumentError`] when the history can't be read.
    pub fn entries(&self, seen: &[(Point, i64, Option<DeviceId>)]) -> Result<Vec<HistoryEntry>, DocumentError> {
        self.note.replica.read(|doc| {
            let mut entries = Vec::new();
            for stretch in stretches(doc, &self.devices) {
                if !stretch.says_something(doc) {
                    continue;
                }
                let entry = stretch.entry(doc);
                if stretch.began_at.len() > 1 {
                    entries.extend(entry_at(doc, &entry.before, None, entry.device, HistoryKind::Merged));
                }
                entries.push(entry);
            }
            for (point, at, device) in seen {
                entries.extend(entry_at(doc, point, Some(*at), *device, HistoryKind::Merged));
            }
            for point in &self.sides {
                entries.extend(entry_at(doc, point, None, None, HistoryKind::Side));
            }
            // Of entries with one point the first counts.
            let mut points = BTreeSet::new();
            entries.retain(|entry| points.insert(entry.point.clone()));
            entries.sort_by_key(|entry| std::cmp::Reverse((entry.at, entry.order)));
            let newest = entries.first().map(|entry| entry.point.to_loro());
            let told = newest.is_some_and(|point| fields::touched_since(doc, &point, &TEXTS_AND_TAGS) == Some(false));
            if !told && !self.now.to_loro().is_empty() {
                entries.retain(|entry| entry.point != self.now);
                let now = entry_at(doc, &self.now, None, None, HistoryKind::Merged);
                entries.splice(0..0, now);
            }
            entries
        })
    }

    /// What the note said at a point.
    ///
    /// # Errors
    /// [`DocumentError::UnknownPoint`] when the history hasn't got it.
    pub fn text_at(&mut self, point: &Point) -> Result<NoteText, DocumentError> {
        let frontiers = point.to_loro();
        let text = self.note.replica.read(|doc| {
            doc.frontiers_to_vv(&frontiers)?;
            doc.checkout(&frontiers).ok()?;
            let text = |which: Text| which.of(doc).to_string();
            Some(NoteText { title: text(Text::Title), body: text(Text::Body), tags: fields::tags(doc) })
        })?;
        text.ok_or(DocumentError::UnknownPoint)
    }
}

impl NoteDocument {
    /// Goes back to what an earlier version said, by the smallest change: an edit like any other, so what others write
    /// meanwhile stays, and it can be taken back in the same way. `seen` is what the note said when that was asked for;
    /// what was written since then stays as well. Without it everything becomes as it was.
    ///
    /// # Errors
    /// [`EditError`] when the library refuses: nothing was made.
    pub fn restore(&mut self, to: &NoteText, seen: Option<&SeenText>, at: i64) -> Result<Vec<Edited>, EditError> {
        let now = NoteText { title: self.title(), body: self.body(), tags: self.fields().tags };
        let since = seen.map_or_else(|| Ok(Received::default()), |seen| self.since(&seen.point))?;
        let edits = going_back(&now, &since, seen.map_or(&now, |seen| &seen.text), to);
        let author = self.replica.peer();
        self.replica.write(at, |doc| {
            doc.set_next_commit_message(&format!("{RESTORED} {at}"));
            let made = edits.iter().map(|edit| make(doc, edit, author, at)).collect();
            if Result::is_err(&made) {
                doc.set_next_commit_message("");
            }
            made
        })
    }

    /// What was done to the texts since a point, keystroke by keystroke: told from the texts alone, a piece that was written
    /// could share its letters with what stood there, and go with it.
    pub(super) fn since(&self, point: &Point) -> Result<Received, DocumentError> {
        let point = point.to_loro();
        self.replica
            .read(|doc| {
                doc.frontiers_to_vv(&point)?;
                doc.diff(&point, &doc.oplog_frontiers()).ok().map(|batch| Received::of(&batch))
            })?
            .ok_or(DocumentError::UnknownPoint)
    }
}

/// The edits that do to `now` what turns `seen` into `to`.
fn going_back(now: &NoteText, since: &Received, seen: &NoteText, to: &NoteText) -> Vec<NoteEdit> {
    let mut edits = vec![
        NoteEdit::Title(since.carry_title((&seen.title, &to.title), &now.title)),
        NoteEdit::Body(since.carry_body((&seen.body, &to.body), &now.body)),
    ];
    edits.extend(to.tags.iter().filter(|tag| !seen.tags.contains(tag)).cloned().map(NoteEdit::AddTag));
    edits.extend(seen.tags.iter().filter(|tag| !to.tags.contains(tag)).cloned().map(NoteEdit::RemoveTag));
    edits
}

/// One change of the library's, in short.
struct Change {
    device: Option<DeviceId>,
    at: i64,
    lamport: u32,
    author: u64,
    from: i32,
    to: i32,
    deps: Frontiers,
    restored: bool,
}

/// What one device wrote without a long pause.
struct Stretch {
    device: Option<DeviceId>,
    began: i64,
    ended: i64,
    began_at: Frontiers,
    lamport: u32,
    restored: bool,
    /// From which operation to which, by author; a device has another author in every process.
    authors: BTreeMap<u64, (i32, i32)>,
}

impl Stretch {
    fn of(change: Change) -> Self {
        Self {
            device: change.device,
            began: change.at,
            ended: change.at,
            began_at: change.deps,
            lamport: change.lamport,
            restored: change.restored,
            authors: BTreeMap::from([(change.author, (change.from, change.to))]),
        }
    }

    fn ends_before(&self, next: &Change) -> bool {
        self.device != next.device
            || next.at - self.ended >= PAUSE_MS
            || next.at - self.began >= PAUSE_MS
            // Going back may be several changes, all of one moment: the library splits large ones.
            || (self.restored && next.at != self.ended)
            || (!self.restored && next.restored)
    }

    fn take(&mut self, change: &Change) {
        self.ended = change.at;
        self.lamport = self.lamport.max(change.lamport);
        let span = self.authors.entry(change.author).or_insert((change.from, change.to));
        *span = (span.0.min(change.from), span.1.max(change.to));
    }

    /// Whether texts or tags were touched.
    fn says_something(&self, doc: &LoroDoc) -> bool {
        let mut spans = self.authors.iter();
        spans.any(|(author, (from, to))| fields::touches(doc, *author, *from..*to, &TEXTS_AND_TAGS))
    }

    fn entry(&self, doc: &LoroDoc) -> HistoryEntry {
        let ends = self.authors.iter().map(|(author, (_, to))| ID::new(*author, to - 1)).collect::<Frontiers>();
        let point = if ends.len() > 1 { doc.minimize_frontiers(&ends).unwrap_or(ends) } else { ends };
        HistoryEntry {
            order: (self.lamport, point.len()),
            point: Point::from_loro(&point),
            before: Point::from_loro(&self.began_at),
            at: self.ended,
            device: self.device,
            kind: if self.restored { HistoryKind::Restored } else { HistoryKind::Written },
        }
    }
}

/// Everything ever written, by device and in order of time.
fn stretches(doc: &LoroDoc, devices: &BTreeMap<PeerId, DeviceId>) -> Vec<Stretch> {
    let mut changes = Vec::new();
    for (author, end) in doc.oplog_vv().iter() {
        let device = devices.get(&PeerId(*author)).copied();
        let mut at = 0;
        while at < *end {
            let Some(change) = doc.get_change(ID::new(*author, at)) else {
                break;
            };
            let to = change.id.counter.saturating_add(i32::try_from(change.len).unwrap_or(i32::MAX));
            if to <= at {
                break;
            }
            changes.push(Change {
                device,
                at: change.timestamp,
                lamport: change.lamport,
                author: *author,
                from: at,
                to,
                deps: change.deps,
                restored: change.message.is_some_and(|message| message.starts_with(RESTORED)),
            });
            at = to;
        }
    }
    changes.sort_unstable_by_key(|change| (change.device, change.at, change.lamport, change.author));
    let mut stretches: Vec<Stretch> = Vec::new();
    for change in changes {
        match stretches.last_mut() {
            Some(last) if !last.ends_before(&change) => last.take(&change),
            _ => stretches.push(Stretch::of(change)),
        }
    }
    stretches
}

/// The entry for a point by itself; nothing when the history hasn't got it, or when its newest part says the same. That of a
/// side is then the entry: in the stretch it lies in, what a side says may have been taken away again.
fn entry_at(
    doc: &LoroDoc,
    point: &Point,
    at: Option<i64>,
    device: Option<DeviceId>,
    kind: HistoryKind,
) -> Option<HistoryEntry> {
    let frontiers = point.to_loro();
    let held = doc.frontiers_to_vv(&frontiers)?;
    let tips = frontiers.iter().map(|id| doc.get_change(id).map(|change| (change.timestamp, change.lamport, id)));
    let newest = tips.collect::<Option<Vec<_>>>()?.into_iter().max_by_key(|(at, lamport, _)| (*at, *lamport))?;
    let before = Frontiers::from_id(newest.2);
    // What was starred here while it was written there makes no version.
    let told = doc.frontiers_to_vv(&before)?;
    let added = |author: &u64| told.get(author).copied().unwrap_or(0);
    let says_something =
        held.iter().any(|(author, end)| fields::touches(doc, *author, added(author)..*end, &TEXTS_AND_TAGS));
    let before = Point::from_loro(&before);
    let (point, tips) = match says_something || frontiers.len() == 1 {
        true => (point.clone(), frontiers.len()),
        false if kind == HistoryKind::Side => (before.clone(), 1),
        false => return None,
    };
    Some(HistoryEntry { order: (newest.1, tips), point, before, at: at.unwrap_or(newest.0), device, kind })
}
