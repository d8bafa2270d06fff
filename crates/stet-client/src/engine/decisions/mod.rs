//! What only people can decide: which of two logs these notes follow, and whether many notes at once are really to go.
//! Until they have, nothing is given up; before anything large is applied, a copy of the store is made.

mod log;
mod removals;

use stet_store::{Waiting, Write};

pub(in crate::engine) use log::{Leaving, LogQuestion};
pub(in crate::engine) use removals::{Removal, is_uncounted, is_undecided};

use log::Rejoin;
use removals::Removals;

use super::documents::after::After;
use super::{Engine, Now, Occasion, Output};
use crate::api::ErrorCode;
use crate::api::command::{Decide, Decided};
use crate::api::status::{Decision, Way};

/// What waits for people, and what they have decided.
#[derive(Debug, Default)]
pub(super) struct Decisions {
    log: Option<LogQuestion>,
    rejoin: Option<Rejoin>,
    removals: Removals,
    /// A decision that waits for the copy of the store.
    copying: Option<Copying>,
    asked: Asked,
}

/// A decision before it is carried out.
#[derive(Debug)]
struct Copying {
    call: u64,
    way: Way,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// The copy is to be made as soon as everything is on the disk.
    Wanted,
    /// It is being made, after so many changes.
    UnderWay { after: u64 },
    /// It is made, under this name.
    Made { copy: String, after: u64 },
}

/// Whether the store was asked what waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Asked {
    #[default]
    No,
    /// Since the store has left the log, or before; after so many transactions.
    Yes { left: bool, after: u64 },
    /// It couldn't be read, and is asked again in a while.
    InVain,
}

impl Engine {
    /// What people are asked.
    pub(super) fn decision(&self) -> Option<Decision> {
        let log = self.decisions.log.map(|question| match question {
            LogQuestion::OtherStore => Decision::OtherStore,
            LogQuestion::OlderLog => Decision::OlderLog,
        });
        log.or_else(|| self.removals_question())
    }

    /// People have decided: once everything is on the disk, first of all a copy is made.
    pub(super) fn decide(&mut self, call: u64, args: &Decide) {
        let fits = match args.way {
            Way::UploadAgain | Way::TakeServers => self.decisions.log.is_some(),
            Way::RemoveNotes | Way::KeepNotes => self.removals_question().is_some(),
        };
        if !fits || self.decisions.copying.is_some() || self.decisions.rejoin.is_some() {
            return self.refuse(call, ErrorCode::Invalid, "There is nothing to decide any more.");
        }
        if self.decisions.log.is_some() {
            // Whatever came of another attempt meanwhile would be about the log that is being left.
            self.device.disconnect();
        }
        self.decisions.copying = Some(Copying { call, way: args.way, stage: Stage::Wanted });
    }

    /// A copy of the store was made under this name, or couldn't be.
    pub(super) fn copied(&mut self, result: Result<String, String>, now: Now) {
        let Some(copying) = &mut self.decisions.copying else { return };
        let Stage::UnderWay { after } = copying.stage else { return };
        match result {
            Ok(copy) => copying.stage = Stage::Made { copy, after },
            Err(words) => {
                let call = copying.call;
                self.decisions.copying = None;
                self.not_copied(call, &words, now);
            }
        }
    }

    fn not_copied(&mut self, call: u64, words: &str, now: Now) {
        if self.decisions.log.is_some() {
            self.device.connect(now.mono);
        }
        let words = format!("A copy of your notes has to be made first, and it can't be: {words} Nothing was changed.");
        self.refuse(call, ErrorCode::Storage, words);
    }

    /// Takes a decision a step further when nothing is on its way to the disk: what was read or written of a log must not come
    /// after that log was left, and where notes are given up, all there is has to be in the copy.
    pub(super) fn go_on_deciding(&mut self, now: Now) {
        if !self.writing.is_idle() {
            return;
        }
        let Some(Copying { call, way, stage }) = self.decisions.copying.take() else { return };
        let changes = self.writing.changes();
        let gives_up_notes = way == Way::TakeServers;
        let stage = match stage {
            Stage::Made { after, .. } if gives_up_notes && after != changes && self.decisions.log.is_some() => {
                Stage::Wanted
            }
            Stage::Made { copy, .. } if !self.documents.is_reading() || self.decisions.log.is_none() => {
                return self.carry_out_decision(call, way, copy);
            }
            stage => stage,
        };
        let stage = match stage {
            Stage::Wanted if gives_up_notes && !self.is_saved() && self.writing.tries_again() => {
                return self.not_copied(call, "some of what was written isn't on the disk yet.", now);
            }
            Stage::Wanted if !gives_up_notes || self.is_saved() => {
                self.outputs.push(Output::Copy(Occasion::Decision));
                Stage::UnderWay { after: changes }
            }
            stage => stage,
        };
        self.decisions.copying = Some(Copying { call, way, stage });
    }

    fn carry_out_decision(&mut self, call: u64, way: Way, copy: String) {
        if matches!(way, Way::UploadAgain | Way::TakeServers) {
            if self.decisions.log.is_none() {
                return self.refuse(call, ErrorCode::Invalid, "There is nothing to decide any more.");
            }
            // Somebody may have connected meanwhile.
            self.device.disconnect();
        }
        match way {
            Way::UploadAgain => self.forget_log(),
            Way::TakeServers => self.empty_space(),
            Way::RemoveNotes => self.remove_removed(),
            Way::KeepNotes => self.keep_removed(),
        }
        self.after_writes(After::Reply { call, answer: Box::new(Decided { copy }.into()) });
        self.report.everything_changed();
    }

    /// Whether what would be read now would be of a log that is being left.
    pub(super) fn holds_reading(&self) -> bool {
        let copied = self.decisions.copying.as_ref().is_some_and(|copying| matches!(copying.stage, Stage::Made { .. }));
        (copied && self.decisions.log.is_some()) || self.is_leaving()
    }

    /// Asks what waits, once everything that was written is on disk and a catch-up is over.
    pub(super) fn consider_decisions(&mut self, now: Now) {
        let left = self.rejoin_is_written();
        if (left || self.removals_are_due(now)) && self.decisions.asked == Asked::No {
            self.decisions.asked = Asked::Yes { left, after: self.writing.transactions() };
            self.outputs.push(Output::ReadWaiting);
        }
    }

    /// What waits, as it is on disk.
    pub(super) fn waiting(&mut self, waiting: Option<&Waiting>, now: Now) {
        let asked = std::mem::take(&mut self.decisions.asked);
        let Some(waiting) = waiting else {
            self.decisions.asked = Asked::InVain;
            return self.retry_soon(now);
        };
        match asked {
            Asked::Yes { left: true, .. } => self.rejoin(waiting, now),
            // Something was written meanwhile that it may have or not: it is asked again.
            Asked::Yes { after, .. } if after != self.writing.transactions() => return,
            _ => {}
        }
        self.weigh_removals(waiting, now);
    }

    /// Asks again for what couldn't be written or read.
    pub(super) fn decide_again(&mut self) {
        if self.decisions.asked == Asked::InVain {
            self.decisions.asked = Asked::No;
        }
        self.leave_again();
    }

    /// A log that people were asked about is followed again, or another server is.
    pub(super) fn log_is_followed(&mut self) {
        self.decisions.log = None;
    }

    /// Writes that this store belongs to nobody yet: the next sign-in says whose it is.
    fn unbind(&mut self) {
        self.binding = None;
        self.report.binding_written = false;
        self.write(Write::Meta { key: super::binding::BINDING.into(), value: None }, After::Nothing);
    }
}
