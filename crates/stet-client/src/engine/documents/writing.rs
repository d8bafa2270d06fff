//! What goes to the disk, and again when it was refused. Everything one input leads to is one transaction.

use std::collections::{BTreeMap, BTreeSet};

use stet_model::id::{DocKey, SpaceId};
use stet_model::mutant::{self, Mutant};
use stet_store::{Cursor, Write};
use stet_sync::device::Place;

use super::after::{After, Fact};
use super::live::Live;
use crate::api::Answer;
use crate::engine::{Engine, Now, Output, SPACE};

/// What couldn't be written is tried again after this long, milliseconds: a full disk may get room.
const RETRY_MS: u64 = 2_000;

/// Texts that go into the search index in one transaction: whoever types meanwhile waits for it.
const TOGETHER: usize = 64;

/// Writes gathered and under way.
#[derive(Debug, Default)]
pub(in crate::engine) struct Writing {
    gathered: Vec<Write>,
    after: Vec<After>,
    /// Search text is handed over in transactions of its own, after a catch-up.
    index: Vec<Write>,
    after_index: Vec<After>,
    under_way: BTreeMap<u64, Vec<After>>,
    next_tag: u64,
    /// Transactions that bring more than search text.
    changes: u64,
    retry_at: Option<u64>,
    /// Couldn't be written.
    pub(super) owed: BTreeSet<Fact>,
    /// Writes under way that a cursor must not get ahead of.
    pub(super) before_cursor: u32,
    /// Of these, how many ever failed.
    pub(super) failures: u64,
    /// A cursor that waits for them.
    pub(super) cursor_after: Option<(SpaceId, Place)>,
    /// A space that was given another name after the write of this number. Until that is on disk it goes with every
    /// transaction: none may be about the new name before the store knows it.
    moved: Option<(u64, SpaceId, SpaceId)>,
}

impl Writing {
    pub(in crate::engine) fn is_idle(&self) -> bool {
        self.gathered.is_empty() && self.under_way.is_empty()
    }

    /// Whether a document is still on the disk only because nobody has told the store that it is gone.
    pub(in crate::engine) fn goes(&self, doc: DocKey) -> bool {
        let gone = Fact::Gone(doc);
        let told = |after: &After| matches!(after, After::Fact(fact) if *fact == gone);
        self.owed.contains(&gone) || self.under_way.values().flatten().chain(&self.after).any(told)
    }

    /// The log has something of a document again: it isn't gone.
    pub(in crate::engine) fn comes_again(&mut self, doc: DocKey) {
        self.owed.retain(|fact| *fact != Fact::Gone(doc));
    }

    /// The log is left: what a document was held for, and who wanted it removed, counts no more. With the notes everything.
    pub(in crate::engine) fn leave_log(&mut self, with_notes: bool) {
        self.owed.retain(|fact| match fact {
            Fact::Identity | Fact::Settings | Fact::Folders => true,
            Fact::Held(_) | Fact::PurgeAsked(_) => false,
            Fact::Gone(_) => !with_notes,
        });
    }

    /// A document goes: but for that nothing is to be told of it.
    pub(in crate::engine) fn forget(&mut self, doc: DocKey) {
        self.owed.retain(|fact| !matches!(fact, Fact::Held(other) | Fact::PurgeAsked(other) if *other == doc));
    }

    /// How many transactions were handed over so far.
    pub(in crate::engine) const fn transactions(&self) -> u64 {
        self.next_tag
    }

    /// How many of them brought more than search text.
    pub(in crate::engine) const fn changes(&self) -> u64 {
        self.changes
    }

    /// Whether something the disk refused is to be tried again.
    pub(in crate::engine) const fn tries_again(&self) -> bool {
        self.retry_at.is_some()
    }

    /// Whether the store has been told everything: nothing is under way, and nothing of it is owed.
    pub(in crate::engine) fn is_done(&self) -> bool {
        self.is_idle() && self.owed.is_empty()
    }

    pub(in crate::engine) const fn wake_at(&self) -> Option<u64> {
        self.retry_at
    }

    /// Whether something received isn't on disk.
    pub(in crate::engine) const fn holds_cursor_back(&self) -> bool {
        self.before_cursor > 0
    }

    /// Whether a space has another name, and the store doesn't know it yet.
    pub(in crate::engine) const fn is_moving(&self) -> bool {
        self.moved.is_some()
    }

    /// A space has another name from now on, and what is under way is about documents of that name.
    pub(in crate::engine) fn move_space(&mut self, from: SpaceId, to: SpaceId, rename: &dyn Fn(DocKey) -> DocKey) {
        self.moved = Some((self.next_tag, from, to));
        self.owed = std::mem::take(&mut self.owed).into_iter().map(|fact| fact.renamed(rename)).collect();
        for after in self.under_way.values_mut().flatten().chain(&mut self.after).chain(&mut self.after_index) {
            match after {
                After::Local { doc, .. }
                | After::Row { doc }
                | After::Adopted { doc, .. }
                | After::Imported { doc, .. }
                | After::Touched { doc }
                | After::Folded { doc }
                | After::Indexed { doc, .. } => *doc = rename(*doc),
                After::Fact(fact) => *fact = fact.renamed(rename),
                After::Recovered { doc, new } => (*doc, *new) = (rename(*doc), rename(*new)),
                After::Restored { kept, new } | After::KeptAsNew { kept, new, .. } => {
                    (*kept, *new) = (rename(*kept), rename(*new));
                }
                After::Rows { docs, .. } => docs.iter_mut().for_each(|doc| *doc = rename(*doc)),
                _ => {}
            }
        }
    }
}

impl Engine {
    /// Adds to the transaction of this step.
    pub(in crate::engine) fn write(&mut self, write: Write, after: After) {
        let is_index = matches!(write, Write::Index { .. });
        if let After::Local { doc, .. }
        | After::Row { doc }
        | After::Adopted { doc, .. }
        | After::Imported { doc, .. }
        | After::Touched { doc }
        | After::Folded { doc } = &after
            && let Some(live) = self.documents.get_mut(*doc)
        {
            live.outstanding += 1;
        }
        let Writing { gathered, after: follows, index, after_index, .. } = &mut self.writing;
        let (writes, follows) = if is_index { (index, after_index) } else { (gathered, follows) };
        writes.push(write);
        follows.push(after);
    }

    /// Has something follow the writes gathered so far in this step.
    pub(in crate::engine) fn after_writes(&mut self, after: After) {
        self.writing.after.push(after);
    }

    /// Answers a command, and has lists read again, once what it changed in this document is on disk.
    pub(in crate::engine) fn reply_written(&mut self, doc: DocKey, call: u64, answer: impl Into<Answer>) {
        let after = [After::Lists, After::Reply { call, answer: Box::new(answer.into()) }];
        match self.documents.get_mut(doc) {
            // The change goes with the next write of the document, after the one under way.
            Some(live) if live.is_dirty() => live.waiting.extend(after),
            _ => self.writing.after.extend(after),
        }
    }

    /// A place is reached with the writes of this step. The cursor goes along when nothing before it may still fail;
    /// else it follows once everything before is on disk: a later transaction may succeed where an earlier one failed,
    /// and rows skipped by the cursor would never come again.
    pub(in crate::engine) fn reach(&mut self, space: SpaceId, place: Place) -> Option<Cursor> {
        let written = self.writing.before_cursor == 0 || mutant::is(Mutant::CursorBeforeRows);
        self.writing.before_cursor += 1;
        self.writing.cursor_after = None;
        let failures = self.writing.failures;
        self.writing.after.push(After::Place { space, place, written, failures });
        written.then_some(Cursor { seq: place.seq, lineage: place.lineage })
    }

    /// Moves the cursor alone.
    pub(in crate::engine) fn move_cursor(&mut self, space: SpaceId, place: Place) {
        if self.writing.before_cursor > 0 {
            self.writing.cursor_after = Some((space, place));
        } else if let Some(cursor) = self.reach(space, place) {
            self.write(Write::Cursor { space, cursor }, After::Nothing);
        }
    }

    /// Everything before a place is on disk.
    pub(super) fn reached(&mut self, space: SpaceId, place: Place, written: bool, now: Now) {
        self.device.stored(space, place, now.mono);
        if written {
            self.report.cursors.insert(space, place);
            self.in_step(space, now);
        } else {
            let cursor = Cursor { seq: place.seq, lineage: place.lineage };
            self.write(Write::Cursor { space, cursor }, After::Cursor { space, place });
        }
    }

    /// Hands the gathered writes over as one transaction, and search text as another.
    pub(in crate::engine) fn flush_writes(&mut self, now: Now) {
        let after = std::mem::take(&mut self.writing.after);
        let writes = std::mem::take(&mut self.writing.gathered);
        if writes.is_empty() {
            // Nothing to wait for: what should follow a write follows at once.
            after.into_iter().for_each(|after| self.follow(after, now));
        } else {
            self.writing.changes += 1;
            self.hand_over(writes, after);
        }
        // Notes can be read before they can be searched.
        if self.documents.waiting_imports() <= TOGETHER as u64 {
            self.flush_index();
        }
    }

    fn flush_index(&mut self) {
        let mut follow = std::mem::take(&mut self.writing.after_index).into_iter();
        let mut writes = std::mem::take(&mut self.writing.index).into_iter().peekable();
        while writes.peek().is_some() {
            self.hand_over(writes.by_ref().take(TOGETHER).collect(), follow.by_ref().take(TOGETHER).collect());
        }
    }

    fn hand_over(&mut self, writes: Vec<Write>, after: Vec<After>) {
        let moved = self.writing.moved.map(|(_, from, to)| {
            [Write::MoveSpace { from, to }, Write::Meta { key: SPACE.into(), value: Some(to.to_string()) }]
        });
        let writes = moved.into_iter().flatten().chain(writes).collect();
        self.writing.next_tag += 1;
        let tag = self.writing.next_tag;
        self.writing.under_way.insert(tag, after);
        self.outputs.push(Output::Write { tag, writes });
    }

    /// A transaction is on disk, or failed.
    pub(in crate::engine) fn written(&mut self, tag: u64, result: Result<(), String>, now: Now) {
        let Some(after) = self.writing.under_way.remove(&tag) else {
            return;
        };
        match result {
            Ok(()) => {
                self.writing.moved = self.writing.moved.filter(|(before, ..)| tag <= *before);
                after.into_iter().for_each(|after| self.follow(after, now));
                // That one thing could be written doesn't say so of what couldn't.
                if self.ledger.unsaved.is_empty() {
                    self.report.storage_works();
                }
            }
            Err(words) => {
                self.report.storage_failed(&words);
                self.retry_soon(now);
                after.into_iter().for_each(|after| self.undo(after, &words, now));
            }
        }
    }

    pub(super) fn settled(&mut self, doc: DocKey) -> Option<&mut Live> {
        let live = self.documents.get_mut(doc)?;
        live.outstanding = live.outstanding.saturating_sub(1);
        Some(live)
    }

    /// Has what the disk refused tried again in a while.
    pub(in crate::engine) fn retry_soon(&mut self, now: Now) {
        self.writing.retry_at = Some(now.mono + RETRY_MS);
    }

    /// Tries again what the disk refused.
    pub(in crate::engine) fn retry_writes(&mut self, now: Now) {
        if self.writing.retry_at.is_some_and(|at| now.mono >= at) {
            self.writing.retry_at = None;
            self.read_again();
            let mut owed = std::mem::take(&mut self.writing.owed);
            let folders = owed.remove(&Fact::Folders);
            // Who this device is comes before what it has decided, and all else after that.
            let (first, others): (Vec<_>, Vec<_>) = owed.into_iter().partition(|fact| *fact == Fact::Identity);
            first.into_iter().for_each(|fact| self.tell_store(fact));
            self.retry_binding();
            self.decide_again();
            others.into_iter().for_each(|fact| self.tell_store(fact));
            self.flush_writes(now);
            for doc in self.documents.keys() {
                self.import_again(doc);
                self.save(doc, now);
                // Each on its own: one that the disk never takes must not hold up the others.
                self.flush_writes(now);
            }
            if folders {
                // After the library: of one that isn't on disk the store can't note what it says.
                self.tell_store(Fact::Folders);
                self.flush_writes(now);
            }
        }
    }

    /// Writes how something stands.
    pub(in crate::engine) fn tell_store(&mut self, fact: Fact) {
        let write = match fact {
            Fact::Identity => return self.write_identity(),
            Fact::Folders => return self.read_folders(true),
            Fact::Settings => self.settings_write(),
            Fact::Held(doc) => Write::Held { doc, held: self.ledger.held.get(&doc).cloned() },
            Fact::PurgeAsked(doc) => Write::PurgeAsked { doc, asked: self.ledger.purges.contains_key(&doc) },
            // Where it went is in the store already, or comes again with the row that says so.
            Fact::Gone(doc) => Write::Purged { doc, seq: 0, cursor: None },
        };
        self.write(write, After::Fact(fact));
    }
}
