//! Passages that two sides changed without having seen each other, as a user interface sees them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What of a note is to be settled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct MergedNote {
    /// Its marks: most often none, or one.
    pub marks: Vec<MergedMark>,
}

/// Two sides that met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct MergedMark {
    /// Names it.
    pub key: String,
    /// One side; this device's, if it wrote one.
    pub mine: MergedSide,
    /// The other side.
    pub theirs: MergedSide,
    /// The passages, title first. None when the history can't be read.
    pub passages: Vec<MergedPassage>,
}

/// Who wrote a side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct MergedSide {
    /// Written on this device.
    pub here: bool,
    /// The names of the other devices that wrote it, as far as they are known.
    pub devices: Vec<String>,
    /// When the last of it was written, epoch milliseconds; `null` if unknown.
    pub at: Option<i64>,
}

/// A passage both sides changed: whole lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct MergedPassage {
    /// It is the title; else it is in the body.
    pub title: bool,
    /// What stood there when the sides parted.
    pub base: String,
    /// What one side made of it.
    pub mine: String,
    /// What the other made of it.
    pub theirs: String,
    /// What stands there now.
    pub now: String,
    /// Where that begins, UTF-16 code units of the text as the engine has it.
    pub from: u32,
    /// Where it ends, UTF-16 code units.
    pub to: u32,
    /// It was changed since the sides were put together.
    pub edited: bool,
}

/// What becomes of marked passages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub enum MergedChoice {
    /// The text stays as it was put together.
    KeepBoth,
    /// What `mine` says there.
    Mine,
    /// What `theirs` says there.
    Theirs,
    /// The user has put it right by hand.
    Done,
}
