//! Removals for good that come from elsewhere, many at once: they alone wait until people have decided. Of what comes in a
//! catch-up, how many there are is known at its end; of what comes live, a minute later. Until then all are kept.

use std::collections::{BTreeMap, BTreeSet};

use stet_model::document::Document;
use stet_model::id::{DeviceId, DocKey};
use stet_store::{Held, HeldAt, Waiting, Write};

use crate::api::ErrorCode;
use crate::api::status::{Decision, StatusError};
use crate::engine::documents::Task;
use crate::engine::documents::after::After;
use crate::engine::unsent::copy_of;
use crate::engine::{Engine, Now};

/// The code of what is kept until it is known how many there are.
const REMOVED: &str = "removed";
/// The code of what people are asked about. Once they are, only they decide, however many notes there are by then.
const ASKED: &str = "removed-many";
/// The code of what they have decided to keep.
const KEEPING: &str = "removed-kept";
/// Fewer notes may go at once without a question.
const MANY: usize = 20;
/// A smaller part of all notes may, too, in a hundred.
const PART: u64 = 10;
/// Notes kept as new ones are read so many together.
const KEPT_TOGETHER: usize = 64;
/// What comes live within this time is counted together, milliseconds.
const TOGETHER_MS: u64 = 60_000;

/// Removals that came from elsewhere.
#[derive(Debug, Default)]
pub(super) struct Removals {
    /// What came live, and when: for a while others may follow that it is one of.
    live: BTreeMap<DocKey, u64>,
    /// Some are kept on disk, and haven't been counted.
    uncounted: bool,
    /// Who asked for them, as far as is known.
    by: Option<DeviceId>,
    /// How many people are asked about.
    asked: u32,
    /// To be kept as new notes, a few at a time.
    keeping: BTreeSet<DocKey>,
}

/// A removal that came from elsewhere.
pub(in crate::engine) struct Removal {
    pub(in crate::engine) doc: DocKey,
    pub(in crate::engine) seq: u64,
    pub(in crate::engine) by: Option<DeviceId>,
    pub(in crate::engine) live: bool,
}

/// Whether a note waits for such a decision, or for what comes of it.
pub(in crate::engine) fn is_undecided(held: &Held) -> bool {
    has_code(held, &[REMOVED, ASKED, KEEPING])
}

/// Whether it isn't known yet that a note is one of many: nobody is told of it.
pub(in crate::engine) fn is_uncounted(held: &Held) -> bool {
    has_code(held, &[REMOVED])
}

fn has_code(held: &Held, codes: &[&str]) -> bool {
    held.at == HeldAt::Push && codes.contains(&held.code.as_str())
}

impl Engine {
    /// Whether a removal has to wait until it is known how many there are. If so, the note is kept.
    pub(in crate::engine) fn keeps(&mut self, removal: &Removal, now: Now) -> bool {
        if removal.by == Some(self.setup.device_id) {
            return false;
        }
        let held = Held { at: HeldAt::Push, code: REMOVED.to_owned(), message: String::new() };
        self.keep(removal.doc, removal.seq, held);
        let removals = &mut self.decisions.removals;
        removals.by = removal.by.or(removals.by);
        if removal.live {
            removals.live.insert(removal.doc, now.mono);
        }
        removals.uncounted |= !removal.live || removals.live.len() > MANY || removals.asked > 0;
        true
    }

    /// Keeps what is here of a note that is gone for good elsewhere.
    pub(in crate::engine) fn keep(&mut self, doc: DocKey, seq: u64, held: Held) {
        if let Some(live) = self.documents.get_mut(doc) {
            live.last_seq = live.last_seq.max(seq);
            live.held = Some(held.clone());
            self.ledger.held.insert(doc, held.clone());
            self.row_changed(doc);
        } else if self.ledger.unsent.contains(&doc) || self.ledger.held.contains_key(&doc) {
            self.ledger.held.insert(doc, held.clone());
        }
        // Whether there is anything of it to be kept, the store knows.
        self.write(Write::Removed { doc, seq, held }, After::Nothing);
        self.report.lists_changed();
    }

    /// Some were kept by an earlier process.
    pub(in crate::engine) fn remember_removals(&mut self) {
        self.decisions.removals.uncounted = !self.held_as(&[REMOVED]).is_empty();
        self.decisions.removals.asked = self.held_as(&[ASKED]).len() as u32;
        self.decisions.removals.keeping = self.held_as(&[KEEPING]).into_iter().collect();
    }

    /// When some that came live are to be counted, monotonic milliseconds.
    pub(in crate::engine) fn removals_wake_at(&self) -> Option<u64> {
        let Removals { live, uncounted, .. } = &self.decisions.removals;
        live.values().min().filter(|_| !uncounted).map(|at| at + TOGETHER_MS)
    }

    /// Whether some wait until it is known how many there are.
    pub(in crate::engine) fn removals_wait(&self) -> bool {
        self.decisions.removals.uncounted || !self.decisions.removals.live.is_empty()
    }

    pub(super) fn removals_are_due(&mut self, now: Now) -> bool {
        self.decisions.removals.uncounted |= self.removals_wake_at().is_some_and(|at| now.mono >= at);
        self.decisions.removals.uncounted && self.writing.is_done() && self.device.is_caught_up(self.space)
    }

    /// They are counted: few go, about many people are asked.
    pub(super) fn weigh_removals(&mut self, waiting: &Waiting, now: Now) {
        if !self.decisions.removals.uncounted || !self.writing.is_done() {
            return;
        }
        self.decisions.removals.uncounted = false;
        let kept = waiting.held.iter().filter(|(doc, held)| doc.space == self.space && held.code == REMOVED);
        self.ledger.held.extend(kept.cloned());
        let removed = self.held_as(&[REMOVED]);
        let count = removed.len() as u64;
        let many = count > MANY as u64 && count * 100 > waiting.documents * PART;
        if !many && self.decisions.removals.asked == 0 {
            let live = &mut self.decisions.removals.live;
            live.retain(|_, at| now.mono < *at + TOGETHER_MS);
            let due = removed.into_iter().filter(|doc| !live.contains_key(doc)).collect();
            return self.remove(due);
        }
        self.decisions.removals.live.clear();
        self.decisions.removals.asked += removed.len() as u32;
        self.hold_as(removed, ASKED);
        self.report.everything_changed();
    }

    pub(super) fn removals_question(&self) -> Option<Decision> {
        let notes = self.decisions.removals.asked;
        let device = self.device_name(self.space, self.decisions.removals.by);
        (notes > 0).then_some(Decision::Removals { notes, device })
    }

    fn held_as(&self, codes: &[&str]) -> Vec<DocKey> {
        let held = self.ledger.held.iter().filter(|(doc, held)| doc.space == self.space && has_code(held, codes));
        held.map(|(doc, _)| *doc).collect()
    }

    fn hold_as(&mut self, docs: Vec<DocKey>, code: &str) {
        for doc in docs {
            if let Some(held) = self.ledger.held.get(&doc).cloned() {
                let note = self.named(doc);
                let message = format!(
                    "{note} was removed for good on another device, with many others. It is kept here until you decide."
                );
                self.hold(doc, Held { code: code.to_owned(), message, ..held });
            }
        }
    }

    /// They go.
    pub(super) fn remove_removed(&mut self) {
        self.decisions.removals.asked = 0;
        self.remove(self.held_as(&[REMOVED, ASKED]));
    }

    fn remove(&mut self, docs: Vec<DocKey>) {
        for doc in docs {
            if self.ledger.unsent.contains(&doc) {
                // Somebody has written in it since: that isn't anybody's to remove.
                let held = self.deleted_elsewhere(doc);
                self.hold(doc, held);
                continue;
            }
            self.close_gone(doc);
            self.remove_for_good(doc, 0, None);
        }
    }

    /// They stay, as new notes: what is gone from the log doesn't come back.
    pub(super) fn keep_removed(&mut self) {
        self.decisions.removals.asked = 0;
        // On disk before the first is read: an end of the process in between must not turn it round.
        self.hold_as(self.held_as(&[REMOVED, ASKED]), KEEPING);
        self.decisions.removals.keeping = self.held_as(&[KEEPING]).into_iter().collect();
    }

    /// Reads the next few that are to be kept.
    pub(in crate::engine) fn keep_next(&mut self, now: Now) {
        if !self.writing.is_idle() || self.writing.tries_again() {
            return;
        }
        let next: Vec<DocKey> = self.decisions.removals.keeping.iter().copied().take(KEPT_TOGETHER).collect();
        for doc in next {
            self.decisions.removals.keeping.remove(&doc);
            self.with(doc, Task::KeepAsNew, now);
        }
    }

    /// Makes a new note of one that is gone elsewhere, in one transaction with the end of that.
    pub(in crate::engine) fn keep_as_new(&mut self, doc: DocKey, now: Now) {
        let Some(Document::Note(note)) = self.documents.get(doc).map(|live| &live.document) else { return };
        match self.make_note(&copy_of(note), now) {
            Ok(new) => {
                self.close_gone(doc);
                let held = self.ledger.held.get(&doc).cloned();
                self.write(Write::Purged { doc, seq: 0, cursor: None }, After::KeptAsNew { kept: doc, held, new });
                self.forget(doc);
            }
            Err(message) => {
                self.went_wrong(StatusError { code: ErrorCode::Internal, message, note_id: Some(doc.note) });
            }
        }
    }

    /// The disk refused that: all is as it was before, and done once more in a while.
    pub(in crate::engine) fn not_kept_as_new(&mut self, kept: DocKey, held: Option<Held>, new: DocKey) {
        self.device.drop_document(new);
        self.end_sessions_of(new);
        self.forget(new);
        self.ledger.held.extend(held.map(|held| (kept, held)));
        self.decisions.removals.keeping.insert(kept);
    }
}
