//! Versions of a note, read beside the engine: the list, what one says, what going back needs. Blocking, up to some
//! tenths of a second for a large note with a long past; no decisions. Versions are named by their points in hexadecimal.

use stet_model::document::{DocumentError, History, HistoryEntry, HistoryKind, NoteText, Point, SeenText};
use stet_model::id::{DeviceId, DocKey, NoteId, SpaceId};
use stet_model::text::{Piece, pieces};
use stet_store::{DeviceRow, ReadError, Reader};

use crate::api::command::{GetVersion, ListHistory, RestoreVersion};
use crate::api::history::{
    Author, Comparison, HistoryPage, NoteVersion, PieceKind, TextPiece, VersionKind, VersionRow,
};
use crate::api::{CommandError, ErrorCode};
use crate::engine::read_note;
use crate::hex::hex;
use crate::welcome::NOTE;

/// Versions of a page.
const PAGE: usize = 100;

/// Whose notes are read.
#[derive(Clone, Copy)]
pub struct Shelf<'a> {
    /// The store.
    pub reader: &'a Reader,
    /// The space shown.
    pub space: SpaceId,
    /// This installation.
    pub device: DeviceId,
}

/// What going back needs, read beforehand.
#[derive(Clone, Debug)]
pub struct Restoring {
    /// The note.
    pub note: NoteId,
    /// What it shall say.
    pub to: NoteText,
    /// What it said before the user's eyes.
    pub seen: Option<SeenText>,
}

/// A page of a note's versions.
///
/// # Errors
/// [`CommandError`] when the note isn't here or can't be read.
pub fn list(shelf: Shelf<'_>, args: &ListHistory) -> Result<HistoryPage, CommandError> {
    let doc = DocKey { space: shelf.space, note: args.note_id };
    let history = open(shelf, args.note_id)?;
    let seen = shelf.reader.points(doc).map_err(unreadable)?;
    let seen: Vec<_> =
        seen.into_iter().filter_map(|row| Some((Point::decode(&row.frontiers).ok()?, row.at, row.device))).collect();
    let entries = history.entries(&seen).map_err(damaged)?;
    let start = args.after.as_deref().map_or(0, |after| place_after(&entries, after));
    let end = entries.len().min(start + PAGE);
    let devices = shelf.reader.devices(shelf.space).map_err(unreadable)?;
    let row = |(index, entry)| row(index == 0, entry, args.note_id, shelf.device, &devices);
    Ok(HistoryPage {
        versions: entries.iter().enumerate().take(end).skip(start).map(row).collect(),
        next: entries[..end].last().filter(|_| end < entries.len()).map(key),
    })
}

/// What a version says.
///
/// # Errors
/// [`CommandError`] when the note or the version isn't here, or can't be read.
pub fn version(shelf: Shelf<'_>, args: &GetVersion) -> Result<NoteVersion, CommandError> {
    let mut history = open(shelf, args.note_id)?;
    let now = history.now().clone();
    // Going forward in a long history takes seconds where going backward takes a moment: the newer one is read first.
    Ok(match &args.over {
        Comparison::None => alone(text(&mut history, &args.id)?),
        Comparison::Now => {
            let now = history.text_at(&now).map_err(|error| unknown(&error))?;
            laid_over(&now, &text(&mut history, &args.id)?)
        }
        Comparison::Version { id } => {
            let version = text(&mut history, &args.id)?;
            laid_over(&text(&mut history, id)?, &version)
        }
    })
}

/// What going back needs.
///
/// # Errors
/// [`CommandError`] when the note or a version isn't here, or can't be read.
pub fn restoring(shelf: Shelf<'_>, args: &RestoreVersion) -> Result<Restoring, CommandError> {
    let mut history = open(shelf, args.note_id)?;
    let seen = |id: &str| Ok(SeenText { point: point(id)?, text: text(&mut history, id)? });
    let seen = args.seen.as_deref().map(seen).transpose()?;
    Ok(Restoring { note: args.note_id, to: text(&mut history, &args.id)?, seen })
}

/// The name of a point.
pub(crate) fn id(point: &Point) -> String {
    hex(&point.encode())
}

fn open(shelf: Shelf<'_>, note: NoteId) -> Result<History, CommandError> {
    let missing = || CommandError::new(ErrorCode::NotFound, "This note isn't here any more.");
    let doc = DocKey { space: shelf.space, note };
    let stored = shelf.reader.document(doc).map_err(unreadable)?;
    let stored = stored.filter(|stored| !stored.purged && !doc.is_library()).ok_or_else(missing)?;
    read_note(&stored).map(History::of).map_err(damaged)
}

fn text(history: &mut History, id: &str) -> Result<NoteText, CommandError> {
    history.text_at(&point(id)?).map_err(|error| unknown(&error))
}

/// The point of this name.
///
/// # Errors
/// [`ErrorCode::Invalid`] where it isn't the name of a version.
pub fn point(id: &str) -> Result<Point, CommandError> {
    let bytes =
        (0..id.len()).step_by(2).map(|at| id.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()));
    let point = bytes.collect::<Option<Vec<u8>>>().and_then(|bytes| Point::decode(&bytes).ok());
    point.ok_or_else(|| CommandError::new(ErrorCode::Invalid, "This isn't the name of a version."))
}

/// Where a page begins. A version that was still growing may have another name by now: then its time counts.
fn place_after(entries: &[HistoryEntry], after: &str) -> usize {
    let known = entries.iter().position(|entry| key(entry) == after).map(|place| place + 1);
    let at: i64 = after.split_once('-').and_then(|(at, _)| at.parse().ok()).unwrap_or(i64::MAX);
    known.unwrap_or_else(|| entries.partition_point(|entry| entry.at >= at))
}

fn key(entry: &HistoryEntry) -> String {
    format!("{}-{}", entry.at, id(&entry.point))
}

fn row(current: bool, entry: &HistoryEntry, note: NoteId, here: DeviceId, devices: &[DeviceRow]) -> VersionRow {
    let author = match entry.device {
        // Every device makes the welcome note itself, as one and the same author.
        None if note == NOTE && entry.kind == HistoryKind::Written => Author::Device { name: Some("Stet".to_owned()) },
        None => Author::Unknown,
        Some(device) if device == here => Author::Here,
        Some(device) => {
            let known = devices.iter().find(|row| row.id == device);
            Author::Device { name: known.map(|row| row.name.clone()) }
        }
    };
    let kind = match entry.kind {
        HistoryKind::Written => VersionKind::Written,
        HistoryKind::Restored => VersionKind::Restored,
        HistoryKind::Merged => VersionKind::Merged,
        HistoryKind::Side => VersionKind::Side,
    };
    VersionRow { id: id(&entry.point), before: id(&entry.before), at: entry.at, author, kind, current }
}

fn piece(kind: PieceKind, text: impl Into<String>) -> TextPiece {
    TextPiece { kind, text: text.into() }
}

fn alone(version: NoteText) -> NoteVersion {
    let whole = |text: String| if text.is_empty() { Vec::new() } else { vec![piece(PieceKind::Same, text)] };
    let tags = version.tags.into_iter().map(|tag| piece(PieceKind::Same, tag)).collect();
    NoteVersion { title: whole(version.title), body: whole(version.body), tags, added: 0, removed: 0 }
}

/// A version laid over another text of the note.
fn laid_over(other: &NoteText, version: &NoteText) -> NoteVersion {
    let (mut added, mut removed) = (0, 0);
    let mut lay = |old: &str, new: &str| -> Vec<TextPiece> {
        let laid = pieces(old, new).into_iter().map(|laid| match laid {
            Piece::Same(text) => piece(PieceKind::Same, text),
            Piece::Added(text) => {
                added += text.chars().count() as u32;
                piece(PieceKind::Added, text)
            }
            Piece::Removed(text) => {
                removed += text.chars().count() as u32;
                piece(PieceKind::Removed, text)
            }
        });
        laid.collect()
    };
    let (title, body) = (lay(&other.title, &version.title), lay(&other.body, &version.body));
    let mut tags: Vec<TextPiece> = Vec::new();
    for tag in &version.tags {
        let kind = if other.tags.contains(tag) { PieceKind::Same } else { PieceKind::Added };
        tags.push(piece(kind, tag.as_str()));
    }
    let gone = other.tags.iter().filter(|tag| !version.tags.contains(tag));
    tags.extend(gone.map(|tag| piece(PieceKind::Removed, tag.as_str())));
    NoteVersion { title, body, tags, added, removed }
}

fn unknown(error: &DocumentError) -> CommandError {
    match error {
        DocumentError::UnknownPoint => CommandError::new(
            ErrorCode::NotFound,
            "This version isn't in the note's history any more. Choose another one.",
        ),
        error => damaged(error),
    }
}

fn damaged(error: impl std::fmt::Display) -> CommandError {
    CommandError::new(ErrorCode::Storage, format!("The history of this note can't be read: {error}"))
}

#[expect(clippy::needless_pass_by_value, reason = "it stands where an error is mapped")]
fn unreadable(error: ReadError) -> CommandError {
    CommandError::new(ErrorCode::Storage, format!("This note can't be read from the disk: {error}"))
}
