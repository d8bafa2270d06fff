//! Whether what is here is what the server and the other devices have: digests are held against each other whenever
//! everything is settled. What differs is read anew, once; nothing is ever given up for it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use stet_model::digest::{ContentDigest, LogDigest};
use stet_model::id::{DeviceId, SpaceId};
use stet_model::mutant::{self, Mutant};
use stet_protocol::message::level2::Receipt;
use stet_store::{Compared, Standing, Write};
use stet_sync::device::{Content, Place};

use super::documents::after::After;
use super::{Engine, Now, Output};
use crate::api::ErrorCode;
use crate::api::status::{StatusError, Verified};

/// Two logs that aren't the same, as a file for those who look for the cause. Never a word of a note.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Logs {
    device: DeviceId,
    space: SpaceId,
    lineage: String,
    /// Local time, epoch milliseconds.
    at: i64,
    /// Where the documents stand here; more may have come since they were compared.
    here: Option<End>,
    /// What the server said.
    there: End,
}

#[derive(Serialize)]
struct End {
    seq: u64,
    digest: String,
}

/// What the digests said so far.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    standing: Standing,
    /// The place of the log whose standing was asked for last.
    asked_at: Option<u64>,
    /// What came of the last comparison with the server's log is to be read.
    unread: bool,
    /// What the server said of its log when they were compared last, and when that was.
    said: Option<(Place, LogDigest, i64)>,
    /// What other devices say, and at which place of the log.
    others: BTreeMap<DeviceId, (u64, ContentDigest)>,
    /// Those that said something else at one place, until they say the same at another.
    differing: BTreeSet<DeviceId>,
    /// Every row was asked for again because the logs differed.
    read_anew: bool,
    /// They still did, and people were asked.
    differs: bool,
    /// They have answered, and this device has begun with the server's log anew.
    begun_anew: bool,
}

impl Comparison {
    /// What this device says, where everything is settled.
    pub(super) const fn content(&self) -> Option<ContentDigest> {
        self.standing.content
    }

    /// Every document was held against the server's rows: what is here is to be read again.
    pub(super) fn compared_with_server(&mut self) {
        self.asked_at = None;
        self.differing.clear();
    }

    /// Whether what others say is what is said here, as far as it is of one place.
    fn hold_against_others(&mut self) {
        let Some(content) = self.standing.content else { return };
        for (device, (_, other)) in self.others.iter().filter(|(_, (at, _))| *at == self.standing.seq) {
            if *other == content {
                self.differing.remove(device);
            } else {
                self.differing.insert(*device);
            }
        }
    }

    /// This device begins with the server's log anew.
    pub(super) fn begin_anew(&mut self) {
        *self = Self { begun_anew: true, ..Self::default() };
    }

    /// What stood there is another space's.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

impl Engine {
    /// The end of a catch-up: the log is held against the server's before anything that comes later is written.
    pub(super) fn caught_up(&mut self, space: SpaceId, place: Place, digest: Option<String>, now: Now) {
        self.move_cursor(space, place);
        if !self.comparison.differs {
            self.log_is_followed();
        }
        self.pulled();
        if let Some(digest) = digest.and_then(|digest| digest.parse::<LogDigest>().ok()) {
            // Should rows before it not be on disk, the connection begins anew, and this does with it.
            self.comparison.said = Some((place, digest, now.wall));
            let end = self.device.end(space);
            self.write(Write::Compare { space, seq: place.seq, digest, end, at: now.wall }, After::Compared);
        }
    }

    /// That is done: what came of it is to be read.
    pub(super) fn compared(&mut self) {
        (self.comparison.asked_at, self.comparison.unread) = (None, true);
    }

    /// Asks for the standing once everything is settled: received, imported, indexed, sent and written. How the logs compare
    /// doesn't wait for that: a note that is held back must not keep from people that the server has lost others.
    pub(super) fn consider_standing(&mut self) {
        let Some(place) = self.report.cursors.get(&self.space).map(|place| place.seq) else { return };
        let settled = self.is_settled() && self.comparison.asked_at != Some(place);
        let unread = self.comparison.unread && self.writing.is_idle() && !self.writing.tries_again();
        let unread = unread && self.holds_something() && self.device.is_caught_up(self.space);
        if settled || unread {
            self.comparison.asked_at = settled.then_some(place);
            self.comparison.unread = false;
            self.outputs.push(Output::ReadStanding { space: self.space, after: self.writing.transactions() });
        }
    }

    /// Whether everything is received, imported, indexed, sent and written, and no removal waits to be counted.
    pub(super) fn is_settled(&self) -> bool {
        let still = self.writing.is_idle() && !self.writing.tries_again() && self.index.is_clean();
        still && !self.holds_something() && self.is_in_step()
    }

    fn holds_something(&self) -> bool {
        !self.ledger.held.is_empty() || self.removals_wait()
    }

    /// The standing of a space, as it is on disk, if that can be read; asked for after so many transactions.
    pub(super) fn standing(&mut self, space: SpaceId, after: u64, standing: Option<Standing>, now: Now) {
        if space != self.space {
            return;
        }
        let Some(standing) = standing else {
            self.retry_soon(now);
            return self.compared();
        };
        let written = self.writing.transactions() != after;
        if written && !mutant::is(Mutant::StandingOverWrites) {
            // It may be of a moment when some of what was written meanwhile was there and some wasn't.
            return self.compared();
        }
        // What was asked for while something was unsent or held says nothing of this place of the log.
        let content = standing.content.filter(|_| self.comparison.asked_at == Some(standing.seq));
        self.comparison.standing = Standing { content, ..standing };
        self.comparison.hold_against_others();
        if let Some(content) = content {
            self.device.set_content(Content { space, seq: standing.seq, digest: content.to_string() });
        }
        // Of an earlier comparison, where this one couldn't be made, nothing is to be done any more.
        let said = self.comparison.said.as_ref().map(|(place, _, at)| (place.seq, *at));
        match standing.compared.filter(|compared| said == Some((compared.seq, compared.at))) {
            Some(Compared { same: false, .. }) if self.comparison.read_anew => self.differs(now),
            Some(Compared { same: false, .. }) => {
                self.recorder.note("the server's log is another one: every row is read anew", now);
                self.leave_log_report(&standing, now);
                self.comparison.read_anew = self.device.read_anew(space, now.mono);
            }
            Some(Compared { same: true, .. }) => {
                self.comparison.read_anew = false;
                if std::mem::take(&mut self.comparison.differs) {
                    self.log_is_followed();
                }
            }
            None => {}
        }
    }

    fn leave_log_report(&mut self, standing: &Standing, now: Now) {
        let Some((place, there, _)) = self.comparison.said else { return };
        let logs = Logs {
            device: self.setup.device_id,
            space: self.space,
            lineage: place.lineage.to_string(),
            at: now.wall,
            here: standing.log.map(|here| End { seq: standing.seq, digest: here.to_string() }),
            there: End { seq: place.seq, digest: there.to_string() },
        };
        let text = serde_json::to_string_pretty(&logs).unwrap_or_default();
        self.outputs.push(Output::LeaveReport { name: format!("log-{}.json", now.wall), text });
    }

    /// What the server has confirmed isn't in its log, or something else is in its place: as after a restore from a copy
    /// that lacks what this device's cursor hadn't come to. Only people know what happened there.
    fn differs(&mut self, now: Now) {
        if !self.comparison.begun_anew {
            self.comparison.differs = true;
            if self.device.is_caught_up(self.space) {
                self.device.diverged(now.mono);
            }
            return;
        }
        let message = "What is on this device and what is on the server isn't the same, and reading all of it again \
                       didn't help. Nothing is lost. Copy the diagnostics for whoever runs the server.";
        self.went_wrong(StatusError { code: ErrorCode::Internal, message: message.to_owned(), note_id: None });
    }

    /// What another device says.
    pub(super) fn heard_content(&mut self, receipt: &Receipt) {
        match receipt.content.as_ref().and_then(|content| content.parse().ok()) {
            Some(content) => self.comparison.others.insert(receipt.device_id, (receipt.seq, content)),
            None => self.comparison.others.remove(&receipt.device_id),
        };
        self.comparison.hold_against_others();
    }

    /// When everything was last found to be the same as on the server; nothing while another device has said something
    /// else at the same place of the log.
    pub(super) fn verified(&self) -> Option<Verified> {
        if mutant::is(Mutant::VerifiedWhenSynced) && self.is_in_step() {
            let place = self.report.cursors.get(&self.space)?;
            return Some(Verified { seq: place.seq, at: self.report.last_sync? });
        }
        let Compared { seq, at, .. } = self.comparison.standing.compared.filter(|compared| compared.same)?;
        self.comparison.differing.is_empty().then_some(Verified { seq, at })
    }

    /// Another device that says something else at the same place of the log, and what.
    pub(super) fn contradiction(&self) -> Option<(DeviceId, ContentDigest)> {
        let Standing { seq, content, .. } = self.comparison.standing;
        let others = self.comparison.others.iter();
        let contradicts = |at: u64, other: ContentDigest| at == seq && content.is_some_and(|content| content != other);
        others
            .map(|(device, (at, other))| (*device, *at, *other))
            .find(|(_, at, other)| contradicts(*at, *other))
            .map(|(device, _, other)| (device, other))
    }
}
