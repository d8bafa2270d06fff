//! The server's log isn't the one these notes follow: another database, or an older copy of it. Nothing is sent or taken
//! until people say how to go on: put both together, or take what the server has.

use stet_model::document::Version;
use stet_store::{Waiting, Write};

use crate::engine::documents::Task;
use crate::engine::documents::after::After;
use crate::engine::{Engine, Ledger, Now};

/// Why the log can't be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum LogQuestion {
    /// The server's database is another one.
    OtherStore,
    /// The server's database is the same one as it was earlier, or has gone on without us since.
    OlderLog,
}

/// How far a device is that begins with another log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rejoin {
    /// The store is being told.
    Writing,
    /// It couldn't be, and is told again.
    Failed(Leaving),
    /// It knows.
    Written,
    /// What the server has is fetched before anything is sent: most of it may be there.
    Pulling,
    /// It is here and becomes part of the documents; the rest is sent after that.
    Importing,
}

/// What is left behind with the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Leaving {
    /// Places and confirmations.
    Log,
    /// Everything.
    Notes,
}

impl Engine {
    /// People have to be asked about the log. What they were asked before stays until they answer.
    pub(in crate::engine) fn ask_about_log(&mut self, question: LogQuestion) {
        self.decisions.log = Some(question);
    }

    /// Nothing here is known to be anywhere else: the server's notes are fetched, and then the rest is sent.
    pub(super) fn forget_log(&mut self) {
        let docs = self.ledger.unsent.iter().chain(self.ledger.purges.keys()).copied().collect::<Vec<_>>();
        for doc in docs {
            self.device.drop_document(doc);
            self.forget_purge(doc);
        }
        self.ledger.held.clear();
        for doc in self.documents.keys() {
            if let Some(live) = self.documents.get_mut(doc) {
                live.known = Version::default();
                (live.last_seq, live.purge_asked, live.held) = (0, false, None);
                live.pending.clear();
                if live.import_owed.take().is_some() {
                    live.queued = live.on_disk.clone();
                }
            }
            self.row_changed(doc);
        }
        self.documents.forget_imports();
        self.leave(Leaving::Log);
    }

    /// Nothing of what is here stays, but the copy that was made of it.
    pub(super) fn empty_space(&mut self) {
        for doc in self.documents.keys() {
            self.close_gone(doc);
            self.device.drop_document(doc);
            self.forget(doc);
        }
        self.documents.forget_imports();
        self.ledger = Ledger::default();
        self.folders.clear();
        self.leave(Leaving::Notes);
    }

    fn leave(&mut self, leaving: Leaving) {
        self.report.cursors.remove(&self.space);
        self.report.devices.remove(&self.space);
        self.comparison.begin_anew();
        self.writing.leave_log(leaving == Leaving::Notes);
        self.write_leaving(leaving);
    }

    fn write_leaving(&mut self, leaving: Leaving) {
        let space = self.space;
        let write = match leaving {
            Leaving::Log => Write::ForgetLog { space },
            Leaving::Notes => Write::EmptySpace { space },
        };
        self.decisions.rejoin = Some(Rejoin::Writing);
        self.write(write, After::Left(leaving));
        if self.decisions.log == Some(LogQuestion::OtherStore) {
            self.unbind();
        }
    }

    /// The store has left the log, or couldn't be told.
    pub(in crate::engine) fn left(&mut self, leaving: Leaving, written: bool) {
        self.decisions.rejoin = Some(if written { Rejoin::Written } else { Rejoin::Failed(leaving) });
    }

    /// Tells the store again.
    pub(super) fn leave_again(&mut self) {
        if let Some(Rejoin::Failed(leaving)) = self.decisions.rejoin {
            self.write_leaving(leaving);
        }
    }

    pub(super) fn rejoin_is_written(&self) -> bool {
        self.decisions.rejoin == Some(Rejoin::Written)
    }

    /// Whether the store is being told that the log is left.
    pub(super) const fn is_leaving(&self) -> bool {
        matches!(self.decisions.rejoin, Some(Rejoin::Writing | Rejoin::Failed(_)))
    }

    /// Whether the store isn't known to have left the log that people decided to leave.
    pub(in crate::engine) fn leaves_log(&self) -> bool {
        self.is_leaving() || self.rejoin_is_written()
    }

    /// Whether nothing is to be sent before the server's notes are here.
    pub(in crate::engine) const fn pulls_first(&self) -> bool {
        self.decisions.rejoin.is_some()
    }

    /// The store has left the log: begin with the server's.
    pub(super) fn rejoin(&mut self, waiting: &Waiting, now: Now) {
        if self.decisions.rejoin != Some(Rejoin::Written) {
            return;
        }
        let unsent = waiting.unsent.iter().map(|unsent| unsent.doc).filter(|doc| doc.space == self.space);
        self.ledger.unsent.extend(unsent);
        self.decisions.rejoin = Some(Rejoin::Pulling);
        self.decisions.log = None;
        self.with(self.library_doc(), Task::Folders { changed: true }, now);
        self.report.everything_changed();
        if self.device.awaits_entry() && self.report.binding_written {
            // Somebody connected meanwhile.
            self.bound(now);
        } else {
            self.device.connect(now.mono);
        }
    }

    /// Everything the server has was received.
    pub(in crate::engine) fn pulled(&mut self) {
        if self.decisions.rejoin == Some(Rejoin::Pulling) {
            self.decisions.rejoin = Some(Rejoin::Importing);
        }
    }

    /// Sends what the server hasn't got, once what it has is part of the documents.
    pub(in crate::engine) fn push_after_pull(&mut self, now: Now) {
        if self.decisions.rejoin != Some(Rejoin::Importing)
            || self.documents.has_imports()
            || self.writing.holds_cursor_back()
        {
            return;
        }
        self.decisions.rejoin = None;
        let unsent = self.ledger.unsent.iter().filter(|doc| !self.ledger.held.contains_key(doc)).copied();
        for doc in unsent.collect::<Vec<_>>() {
            self.device.dirty(doc, now.mono);
        }
    }
}
