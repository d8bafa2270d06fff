//! What only people can decide: which of two logs these notes follow, and whether many notes at once are really to go.
//! Until they have, nothing is given up; before anything large is applied, a copy of the store is made.

mod log;
mod removals;

use stet_store::{Waiting, Write};

pub(in crate::engine) use log::{Leaving, LogQuestion};
pub(in crate::engine) use removals::{Removal, is_undecided};

use log::Rejoin;
use removals::Removals;

use super::documents::after::After;
use super::{Engine, Now, Output};
use crate::api::ErrorCode;
use crate::api::command::{Decide, Decided};
use crate::api::status::{Decision, Way};

/// What waits for people, and what they have decided.
#[derive(Debug, Default)]
pub(super) struct Decisions {
    log: Option<LogQuestion>,
    rejoin: Option<Rejoin>,
    removals: Removals,
    /// A decision that waits for the copy of the store: the call, and what it says.
    copying: Option<(u64, Way)>,
    /// What waits was asked of the store.
    asked: bool,
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

    /// People have decided: first of all a copy of everything is made.
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
        self.decisions.copying = Some((call, args.way));
        self.outputs.push(Output::Copy);
    }

    /// A copy of the store was made under this name, or couldn't be.
    pub(super) fn copied(&mut self, result: Result<String, String>, now: Now) {
        let Some((call, way)) = self.decisions.copying.take() else { return };
        let copy = match result {
            Ok(copy) => copy,
            Err(words) => {
                if self.decisions.log.is_some() {
                    self.device.connect(now.mono);
                }
                let words =
                    format!("A copy of your notes has to be made first, and it can't be: {words} Nothing was changed.");
                return self.refuse(call, ErrorCode::Storage, words);
            }
        };
        match way {
            Way::UploadAgain => self.forget_log(),
            Way::TakeServers => self.empty_space(),
            Way::RemoveNotes => self.remove_removed(),
            Way::KeepNotes => self.keep_removed(),
        }
        self.after_writes(After::Reply { call, answer: Box::new(Decided { copy }.into()) });
        self.report.everything_changed();
    }

    /// Asks what waits, once everything that was written is on disk and a catch-up is over.
    pub(super) fn consider_decisions(&mut self) {
        let due = self.rejoin_is_written() || self.removals_are_due();
        if due && !self.decisions.asked {
            self.decisions.asked = true;
            self.outputs.push(Output::ReadWaiting);
        }
    }

    /// What waits, as it is on disk.
    pub(super) fn waiting(&mut self, waiting: Option<&Waiting>, now: Now) {
        let Some(waiting) = waiting else { return self.retry_soon(now) };
        self.decisions.asked = false;
        self.rejoin(waiting, now);
        self.weigh_removals(waiting, now);
    }

    /// Asks again for what couldn't be written or read.
    pub(super) fn decide_again(&mut self) {
        self.decisions.asked = false;
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
