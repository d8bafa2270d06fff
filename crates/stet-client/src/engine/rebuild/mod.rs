//! Two devices that hold the same log and say different things: every document is made anew from the server's rows, a few
//! at a time, and what differs gives way to them. Text that would be gone is kept as a note of its own, what the server
//! lacks is sent, and a report is left. Once a day and lineage; then people are told.

mod decide;
mod report;
mod taking;

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use stet_model::id::{DocKey, NoteId, SpaceId};
use stet_protocol::message::level2::Row;
use stet_store::{LedgerRow, Write};

use super::documents::Task;
use super::documents::after::After;
use super::{Engine, Now, Occasion, Output};
use crate::api::ErrorCode;
use crate::api::status::StatusError;
use report::{Cause, Findings};

/// What the store remembers of the last one.
pub(super) const REBUILD: &str = "rebuild";

/// Documents whose rows are fetched and held together.
const SLICE: usize = 16;
/// How often a document that changes meanwhile is looked at again.
const TRIES: u8 = 3;
/// Between two of one lineage, milliseconds.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// The other device takes its time, too: only what still differs after this is told, milliseconds.
const GRACE_MS: i64 = 10 * 60 * 1_000;

/// A disk that has no room for a copy is asked again after this long, milliseconds.
const COPY_AGAIN_MS: u64 = 10 * 60 * 1_000;

/// The last rebuild.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Last {
    /// When it ended, local time in epoch milliseconds.
    at: i64,
    lineage: String,
    /// The report's file in the data folder.
    report: String,
}

/// Rebuilding, and what came of it.
pub(super) struct Rebuild {
    last: Option<Last>,
    run: Option<Run>,
    told: bool,
    /// No copy could be made: not before then, monotonic milliseconds.
    not_before: u64,
}

/// One under way.
struct Run {
    space: SpaceId,
    /// A copy of everything is made, then the list of documents is read: neither is here yet.
    listing: bool,
    waiting: VecDeque<NoteId>,
    /// Rows being fetched, by document.
    fetching: BTreeMap<NoteId, Vec<Row>>,
    /// Documents that are being looked at.
    open: BTreeMap<NoteId, taking::Fetched>,
    tries: BTreeMap<NoteId, u8>,
    findings: Findings,
}

impl Rebuild {
    /// What is known of the last one.
    pub(super) const fn after(last: Option<Last>) -> Self {
        Self { last, run: None, told: false, not_before: 0 }
    }

    /// The file with what the last one found.
    pub(super) fn report(&self) -> Option<String> {
        self.last.as_ref().map(|last| last.report.clone())
    }

    /// The connection ended: what was being fetched is fetched again later.
    pub(super) fn interrupted(&mut self) {
        // Without its list it begins anew when everything is settled again.
        self.run.take_if(|run| run.listing);
        if let Some(run) = &mut self.run {
            run.waiting.extend(std::mem::take(&mut run.fetching).into_keys());
        }
    }

    /// Takes a row that was fetched for comparing; what is returned isn't.
    pub(super) fn take(&mut self, space: SpaceId, row: Row) -> Option<Row> {
        let run = self.run.as_mut().filter(|run| run.space == space);
        match run.and_then(|run| run.fetching.get_mut(&row.note_id)) {
            Some(rows) => {
                rows.push(row);
                None
            }
            None => Some(row),
        }
    }
}

impl Engine {
    /// Begins, goes on or ends, whenever everything is settled.
    pub(super) fn consider_rebuild(&mut self, now: Now) {
        if self.device.level() != Some(2) || !self.device.is_caught_up(self.space) {
            return;
        }
        match &self.rebuild.run {
            Some(run) if run.listing || !run.fetching.is_empty() || !run.open.is_empty() => {}
            Some(run) if run.waiting.is_empty() => self.end_rebuild(now),
            Some(_) => self.fetch_slice(now),
            None => self.consider_beginning(now),
        }
    }

    fn consider_beginning(&mut self, now: Now) {
        let Some((other, other_content)) = self.contradiction() else {
            self.rebuild.told = false;
            return;
        };
        let place = self.report.cursors.get(&self.space).copied();
        let (Some(place), Some(content)) = (place, self.comparison.content()) else { return };
        if !self.is_settled() || now.mono < self.rebuild.not_before {
            return;
        }
        let lineage = place.lineage.to_string();
        let last = self.rebuild.last.as_ref().filter(|last| last.lineage == lineage);
        let ago = last.map(|last| now.wall.saturating_sub(last.at));
        // One that is yet to come was written down by a clock that ran ahead.
        if let Some(ago) = ago.filter(|ago| (0..DAY_MS).contains(ago)) {
            if ago >= GRACE_MS && !std::mem::replace(&mut self.rebuild.told, true) {
                self.tell_contradiction(other);
            }
            return;
        }
        self.recorder.note("another device says something else: every document is compared with the server's", now);
        let (device, space, seq) = (self.setup.device_id, self.space, place.seq);
        let (content, other_content) = (content.to_string(), other_content.to_string());
        let cause = Cause { device, space, seq, lineage, at: now.wall, content, other, other_content };
        self.rebuild.run = Some(Run {
            space,
            listing: true,
            waiting: VecDeque::new(),
            fetching: BTreeMap::new(),
            open: BTreeMap::new(),
            tries: BTreeMap::new(),
            findings: Findings::new(cause),
        });
        self.outputs.push(Output::Copy(Occasion::Comparison));
    }

    /// A copy of everything as it was was made, or why there is none. Without one nothing is replaced.
    pub(super) fn copied_for_comparing(&mut self, failed: Option<String>, now: Now) {
        let Some(run) = self.rebuild.run.as_ref().filter(|run| run.listing) else { return };
        let Some(words) = failed else {
            return self.outputs.push(Output::ReadLedger(run.space));
        };
        self.recorder.note(&format!("nothing is compared without a copy: {words}"), now);
        self.rebuild.run = None;
        self.rebuild.not_before = now.mono + COPY_AGAIN_MS;
    }

    fn tell_contradiction(&mut self, other: stet_model::id::DeviceId) {
        let name = self.device_name(self.space, Some(other)).unwrap_or_else(|| "another device".to_owned());
        let report = self.rebuild.report().unwrap_or_default();
        let message = format!(
            "This device and {name} don't say the same in every note, although all of them were compared with the \
             server. Nothing is lost. What was found is in {report} in the data folder: give it to whoever runs the \
             server."
        );
        self.went_wrong(StatusError { code: ErrorCode::Internal, message, note_id: None });
    }

    /// The documents of a space, as they are on disk, if that can be read.
    pub(super) fn ledger_read(&mut self, space: SpaceId, ledger: Option<&[LedgerRow]>, now: Now) {
        let Some(run) = self.rebuild.run.as_mut().filter(|run| run.listing && run.space == space) else { return };
        let Some(ledger) = ledger else {
            self.rebuild.run = None;
            return self.retry_soon(now);
        };
        run.listing = false;
        run.waiting = ledger.iter().filter(|row| !row.purged && row.last_seq > 0).map(|row| row.note).collect();
    }

    fn fetch_slice(&mut self, now: Now) {
        let Some(run) = &mut self.rebuild.run else { return };
        let count = SLICE.min(run.waiting.len());
        let notes: Vec<NoteId> = run.waiting.drain(..count).collect();
        run.fetching = notes.iter().map(|note| (*note, Vec::new())).collect();
        let space = run.space;
        self.device.fetch(space, notes, now.mono);
    }

    /// Every row of these documents is here.
    pub(super) fn fetched(&mut self, space: SpaceId, notes: &[NoteId], now: Now) {
        let Some(run) = self.rebuild.run.as_mut().filter(|run| run.space == space) else { return };
        if run.fetching.is_empty() || !run.fetching.keys().all(|note| notes.contains(note)) {
            return;
        }
        let fetched = std::mem::take(&mut run.fetching);
        for (note, rows) in fetched {
            run.open.insert(note, taking::Fetched { rows, theirs: None });
        }
        let notes: Vec<NoteId> = run.open.keys().copied().collect();
        for note in notes {
            self.with(DocKey { space, note }, Task::Compare, now);
        }
    }

    /// A document was looked at, or has to be looked at again.
    fn looked_at(&mut self, note: NoteId, again: bool) {
        let Some(run) = &mut self.rebuild.run else { return };
        run.open.remove(&note);
        if !again {
            return;
        }
        let tries = run.tries.entry(note).or_default();
        *tries += 1;
        if *tries < TRIES {
            run.waiting.push_back(note);
        } else {
            run.findings.left_out += 1;
        }
    }

    fn end_rebuild(&mut self, now: Now) {
        let Some(mut run) = self.rebuild.run.take() else { return };
        run.findings.ended_at = now.wall;
        let name = format!("rebuild-{}.json", now.wall);
        let lineage = self.report.cursors.get(&run.space).map(|place| place.lineage.to_string()).unwrap_or_default();
        let last = Last { at: now.wall, lineage, report: name.clone() };
        let value = serde_json::to_string(&last).ok();
        self.rebuild.last = Some(last);
        self.write(Write::Meta { key: REBUILD.into(), value }, After::Nothing);
        self.outputs.push(Output::LeaveReport { name, text: run.findings.text() });
        self.comparison.compared_with_server();
    }
}
