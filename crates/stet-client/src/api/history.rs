//! Versions of a note as a user interface sees them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A page of a note's versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct HistoryPage {
    /// The newest first. The very first is what the note says now.
    pub versions: Vec<VersionRow>,
    /// Give this as `after` for the next page; `null` at the end.
    pub next: Option<String>,
}

/// A version in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct VersionRow {
    /// Names it.
    pub id: String,
    /// Names the version it came from: what changed is the difference from there. Empty: it is the first.
    pub before: String,
    /// When it was complete, epoch milliseconds.
    pub at: i64,
    /// Who had it.
    pub author: Author,
    /// How it came to be.
    pub kind: VersionKind,
    /// The note says this now.
    pub current: bool,
}

/// Who had a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[ts(export)]
pub enum Author {
    /// This device.
    Here,
    /// Another device of the user's.
    Device {
        /// What people call it; `null` when nobody has said.
        name: Option<String>,
    },
    /// An app that syncs by the older protocol, or nobody in particular.
    Unknown,
}

/// How a version came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub enum VersionKind {
    /// Somebody wrote, and then paused.
    Written,
    /// Somebody went back to an earlier version.
    Restored,
    /// What was written in several places came together.
    Merged,
    /// One side alone of a passage both sides changed.
    Side,
}

/// What a version is laid over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[ts(export)]
pub enum Comparison {
    /// Nothing: its text alone.
    None,
    /// What the note says now.
    Now,
    /// Another version.
    Version {
        /// Its name; empty for before the first.
        id: String,
    },
}

/// What a version says. Removed pieces are only in what it is laid over; everything else is its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct NoteVersion {
    /// The title.
    pub title: Vec<TextPiece>,
    /// The body.
    pub body: Vec<TextPiece>,
    /// A piece a tag.
    pub tags: Vec<TextPiece>,
    /// Characters of the texts that are in this version only.
    pub added: u32,
    /// Characters that are only in what it is laid over.
    pub removed: u32,
}

/// A stretch of text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct TextPiece {
    /// Where it is.
    pub kind: PieceKind,
    /// Never empty.
    pub text: String,
}

/// Where a stretch of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub enum PieceKind {
    /// In both.
    Same,
    /// In this version only.
    Added,
    /// Only in what it is laid over.
    Removed,
}
