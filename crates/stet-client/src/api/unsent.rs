//! What waits to be sent, note by note, as a user interface sees it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::note::{NoteRow, Stopped};

/// A note that waits, or can't go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct UnsentNote {
    /// Its row; `dots.stopped` says why it can't go on.
    pub row: NoteRow,
    /// Local time of the first edit the server hasn't confirmed, epoch milliseconds; `null` when nothing is unsent.
    pub since: Option<i64>,
    /// How many bytes are to be sent; `null` when that can't be told because the note can't be read.
    pub bytes: Option<u64>,
    /// It waits to be removed for good.
    pub removal: bool,
}

/// The folders, when they wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct UnsentFolders {
    /// Why they can't go on.
    pub stopped: Option<Stopped>,
}

/// A page of what waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct UnsentPage {
    /// The notes, those changed last first. The first page begins with those that can't go on, at most 50; a later page
    /// may name them again.
    pub notes: Vec<UnsentNote>,
    /// The folders, when they wait too; on the first page.
    pub folders: Option<UnsentFolders>,
    /// Give this as `after` for the next page; `null` at the end.
    pub next: Option<String>,
    /// How many notes wait in all.
    pub total: u32,
}
