//! What a rebuild found, as a file for those who look for the cause: ids, places, versions, digests and times. Never a word
//! of a note.

use serde::Serialize;
use stet_model::id::{DeviceId, NoteId, SpaceId};

use super::decide::{Side, Verdict};
use crate::hex::hex;

/// Documents listed one by one; the others are counted.
const LISTED: usize = 1_000;

/// What was found.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Findings {
    device: DeviceId,
    space: SpaceId,
    /// Where the log ended, and its lineage.
    seq: u64,
    lineage: String,
    /// Local times, epoch milliseconds.
    began_at: i64,
    pub(super) ended_at: i64,
    /// What this device said then, and another one at the same place.
    content: String,
    other: DeviceId,
    other_content: String,
    /// How many documents were compared, and how many were the same.
    pub(super) compared: u32,
    pub(super) same: u32,
    /// Not compared: they changed all the time, or the server has no rows of them.
    pub(super) left_out: u32,
    differing: u32,
    documents: Vec<Finding>,
}

/// A document that wasn't the same.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    id: NoteId,
    seq: u64,
    verdict: &'static str,
    here: Stand,
    there: Stand,
}

#[derive(Clone, Debug, Serialize)]
struct Stand {
    version: String,
    digest: String,
    bytes: usize,
}

/// Who contradicted whom, and where.
pub(super) struct Cause {
    pub(super) device: DeviceId,
    pub(super) space: SpaceId,
    pub(super) seq: u64,
    pub(super) lineage: String,
    pub(super) at: i64,
    pub(super) content: String,
    pub(super) other: DeviceId,
    pub(super) other_content: String,
}

impl Findings {
    pub(super) fn new(cause: Cause) -> Self {
        let Cause { device, space, seq, lineage, at, content, other, other_content } = cause;
        Self {
            device,
            space,
            seq,
            lineage,
            began_at: at,
            ended_at: at,
            content,
            other,
            other_content,
            compared: 0,
            same: 0,
            left_out: 0,
            differing: 0,
            documents: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, id: NoteId, seq: u64, verdict: Verdict, (here, there): (&Side, &Side)) {
        self.compared += 1;
        let verdict = match verdict {
            Verdict::Same => {
                self.same += 1;
                return;
            }
            Verdict::Send => "sent again",
            Verdict::Take { keep: false } => "replaced",
            Verdict::Take { keep: true } => "replaced, the former text kept as a note",
        };
        self.differing += 1;
        if self.documents.len() < LISTED {
            self.documents.push(Finding { id, seq, verdict, here: stand(here), there: stand(there) });
        }
    }

    pub(super) fn text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

fn stand(side: &Side) -> Stand {
    let bytes = side.title.len() + side.body.len();
    Stand { version: hex(&side.version.encode()), digest: format!("{:032x}", side.digest), bytes }
}
