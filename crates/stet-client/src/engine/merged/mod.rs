//! A device that comes back with unsent edits marks what it and others changed in the same lines meanwhile: the one thing
//! a device writes because of what it received, and it is never text. Never here: how sides are compared.
//!
//! Of two devices that come back with edits of one note, the one whose edits are later in the server's log received the
//! other's before its own were confirmed: that one marks, so there is one mark and nobody answers it. It is decided
//! once a connection and document, when the catch-up is through. How the sides parted is read from the history, so a
//! crash before the decision changes nothing as long as the edits are unsent; were they confirmed first, it is written down.

mod kept;
mod settling;

use std::collections::{BTreeMap, BTreeSet};

use stet_model::document::{Document, NoteDocument, NoteEdit, Parting, Version, end_of};
use stet_model::id::DocKey;

use super::documents::Task;
use super::documents::live::{Live, PendingRow};
use super::{Engine, Now};
pub(super) use settling::Settled;

/// Notes compared in one step: a keystroke in between waits for no more.
const TOGETHER: usize = 2;

/// What this device came back with.
#[derive(Debug, Default)]
pub(super) struct Merged {
    /// The first catch-up of the connection isn't through, with what it brought.
    catching_up: bool,
    /// Notes with edits that weren't sent when the connection began, or that were written in its first catch-up; `None`
    /// until they are read. Bounded by the number of unsent notes.
    away: BTreeMap<DocKey, Option<Away>>,
    /// Of these, to be compared now.
    due: BTreeSet<DocKey>,
    next_at: Option<u64>,
    /// What the store has of those that were confirmed, and aren't compared.
    kept: BTreeMap<DocKey, String>,
    /// The last settling, to take it back.
    settled: Option<Settled>,
}

/// A note with edits that weren't sent.
#[derive(Clone, Debug)]
struct Away {
    /// What the server was known to hold.
    known: Version,
    /// What this device held.
    mine: Version,
    /// *known*, and what others wrote that stands before our edits in the log.
    theirs: Version,
    /// Where the log has the first of our edits.
    sent_at: Option<u64>,
}

impl Away {
    fn of(live: &Live) -> Self {
        let (known, mine) = (live.known.clone(), live.document.head());
        Self { theirs: known.clone(), known, mine, sent_at: None }
    }

    /// Whether others wrote in the note meanwhile.
    fn has_met_others(&self) -> bool {
        self.theirs != self.known
    }

    /// Takes notice of a row before it becomes part of the document.
    fn notice(&mut self, row: &PendingRow) {
        let parts: Vec<&[u8]> = row.ops.iter().map(Vec::as_slice).collect();
        // A row that can't be read is set aside by its import.
        let Ok(end) = end_of(&parts) else { return };
        if self.sent_at.is_some_and(|sent_at| row.seq > sent_at) || self.known.includes(&end) {
            return;
        }
        if self.mine.includes(&end) {
            // Ours, whose confirmation was lost.
            self.sent_at = Some(row.seq);
        } else {
            self.theirs.merge(&end);
        }
    }
}

impl Merged {
    pub(super) const fn wake_at(&self) -> Option<u64> {
        self.next_at
    }

    /// Everything before our edits in the log is here, and it isn't about this note.
    fn forget_unmet(&mut self, doc: DocKey) {
        if !self.due.contains(&doc) {
            self.away.remove(&doc);
        }
    }

    fn forget_note(&mut self, doc: DocKey) {
        self.away.remove(&doc);
        self.due.remove(&doc);
    }
}

impl Engine {
    /// A connection begins: what is unsent now was written without having seen what comes.
    pub(super) fn come_back(&mut self) {
        let unsent = self.ledger.unsent.iter().filter(|doc| doc.space == self.space && !doc.is_library());
        let mut away: BTreeMap<_, _> = unsent.filter(|doc| !self.is_apart(**doc)).map(|doc| (*doc, None)).collect();
        let Merged { kept, settled, away: before, .. } = std::mem::take(&mut self.merged);
        away.extend(before.into_iter().filter(|(doc, _)| kept.contains_key(doc)));
        let has_met = |away: &Option<Away>| away.as_ref().is_some_and(Away::has_met_others);
        let due = away.iter().filter(|(_, away)| has_met(away)).map(|(doc, _)| *doc).collect();
        self.merged = Merged { catching_up: true, away, due, kept, settled, next_at: None };
        for doc in self.merged.away.keys().copied().collect::<Vec<_>>() {
            self.note_read(doc);
        }
    }

    /// A document is in memory: if it was unsent when the connection began, how it stood then is known now.
    pub(super) fn note_read(&mut self, doc: DocKey) {
        let Some(away @ None) = self.merged.away.get_mut(&doc) else { return };
        let Some(live) = self.documents.get(doc) else { return };
        *away = Some(Away::of(live));
        // Something may have come before a crash, or before the last connection broke.
        let parted = self.note(doc).is_some_and(|note| {
            let Some(Some(Away { mine, theirs, .. })) = self.merged.away.get(&doc) else { return false };
            note.parting(mine, theirs).is_ok_and(|parting| parting.is_some())
        });
        if parted {
            self.merged.due.insert(doc);
        }
    }

    /// Takes notice of rows that are about to become part of a document.
    pub(super) fn notice_rows(&mut self, doc: DocKey, rows: &[PendingRow]) {
        let Some(live) = self.documents.get(doc).filter(|_| !doc.is_library()) else { return };
        let written_meanwhile = self.merged.catching_up && live.is_unsent();
        if !written_meanwhile && !self.merged.away.contains_key(&doc) {
            return;
        }
        let away = self.merged.away.entry(doc).or_default().get_or_insert_with(|| Away::of(live));
        if !away.has_met_others() && away.sent_at.is_none() && live.held.is_none() {
            // What was typed until now hasn't seen them either.
            away.mine = live.document.head();
        }
        rows.iter().for_each(|row| away.notice(row));
        if away.has_met_others() {
            self.merged.due.insert(doc);
        }
        self.keep_away(doc);
    }

    /// The server is about to be known to hold edits of ours, at this place of the log.
    pub(super) fn notice_confirmation(&mut self, doc: DocKey, seq: u64) {
        let Some(live) = self.documents.get(doc).filter(|_| !doc.is_library()) else { return };
        if self.merged.catching_up && !self.is_apart(doc) {
            self.merged.away.entry(doc).or_default().get_or_insert_with(|| Away::of(live));
        }
        if let Some(Some(away)) = self.merged.away.get_mut(&doc) {
            away.sent_at = Some(away.sent_at.map_or(seq, |before| before.min(seq)));
            if away.has_met_others() {
                self.merged.due.insert(doc);
            } else if self.device.is_caught_up(doc.space) && self.documents.first_waiting(doc).is_none() {
                self.merged.forget_unmet(doc);
            }
        }
        self.keep_away(doc);
    }

    /// Compares what is to be compared, once everything the server has is here.
    pub(super) fn consider_marks(&mut self, now: Now) {
        self.merged.next_at = None;
        if !self.device.is_caught_up(self.space) {
            return;
        }
        for _ in 0..TOGETHER {
            let Some(doc) = self.merged.due.pop_first() else { break };
            self.with(doc, Task::Mark, now);
        }
        if !self.merged.due.is_empty() {
            self.merged.next_at = Some(now.mono);
        } else if self.merged.catching_up && !self.documents.has_imports() {
            self.merged.catching_up = false;
            let done = |away: &Option<Away>| away.as_ref().is_some_and(|away| away.sent_at.is_some());
            self.merged.away.retain(|_, away| !done(away));
            for doc in self.merged.kept.keys().copied().collect::<Vec<_>>() {
                self.keep_away(doc);
            }
        }
    }

    /// Marks a note if both sides changed the same lines. With rows still to come the import asks again.
    pub(super) fn mark_if_met(&mut self, doc: DocKey, now: Now) {
        let Some(Some(away)) = self.merged.away.get(&doc) else { return };
        if self.documents.first_waiting(doc).is_some() || self.documents.get(doc).is_none() {
            return;
        }
        let (mine, theirs, sent) = (away.mine.clone(), away.theirs.clone(), away.sent_at.is_some());
        let met = self.note(doc).map_or(Ok(None), |note| met(note, &mine, &theirs));
        match met {
            Ok(None) if !sent => return,
            Ok(None) => {}
            Ok(Some(Parting { base, mine, theirs })) => {
                let marked = self.edit_document(doc, &[NoteEdit::MarkMerged { base, mine, theirs }], now);
                if let Err(reason) = marked {
                    self.recorder.note(&format!("not marked: {reason}"), now);
                }
                self.save(doc, now);
                self.row_changed(doc);
                self.report.lists_changed();
            }
            Err(reason) => self.recorder.note(&format!("not compared: {reason}"), now),
        }
        self.forget_away(doc);
    }

    fn note(&self, doc: DocKey) -> Option<&NoteDocument> {
        match &self.documents.get(doc).filter(|live| !live.purge_asked)?.document {
            Document::Note(note) => Some(note),
            Document::Library(_) => None,
        }
    }
}

fn met(note: &NoteDocument, mine: &Version, theirs: &Version) -> Result<Option<Parting>, String> {
    let parting = note.parting(mine, theirs).map_err(|error| error.to_string())?;
    let Some(parting) = parting else { return Ok(None) };
    let meet = note.sides_meet(&parting).map_err(|error| error.to_string())?;
    Ok(meet.then_some(parting))
}
