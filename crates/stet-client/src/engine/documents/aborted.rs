//! Documents whose rows end the process when they are read: a fault in the documents' library that no wall holds. Which one
//! is being read is noted down outside the process; one at which it ended twice in a row is left alone until people try
//! it again. Never here: where that is noted down.

use std::fmt::Debug;

use stet_model::id::DocKey;
use stet_store::{Held, HeldAt};

use super::Task;
use crate::engine::{Engine, Now};

/// The code of what is left alone.
const ABORTED: &str = "aborted";

const LEFT_ALONE: &str = "Stet ended twice while it read what the server has of this note, so that is left alone; what was \
                          here before can be read and exported. Everything else goes on. Update Stet, then try again.";

/// The document at which a former process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Which.
    pub doc: DocKey,
    /// It wasn't the first time. Once may be anything: the battery, a person.
    pub again: bool,
}

/// Notes down which document is being read, so that another process knows. Called in the middle of a step, since it is the
/// step that may never end; costs about as much as a look at the clock.
pub trait Mark: Debug + Send {
    /// Where the process before ended, if it was reading.
    fn ended(&self) -> Option<Ended>;
    /// This document is about to be read.
    fn begin(&mut self, doc: DocKey);
    /// It was read.
    fn end(&mut self);
    /// The document that is to be left alone should the process end at it; a former one isn't any more.
    fn suspect(&mut self, doc: Option<DocKey>);
}

/// Remembers nothing: for engines that nobody starts again.
#[derive(Clone, Copy, Debug)]
pub struct NoMark;

impl Mark for NoMark {
    fn ended(&self) -> Option<Ended> {
        None
    }

    fn begin(&mut self, _: DocKey) {}

    fn end(&mut self) {}

    fn suspect(&mut self, _: Option<DocKey>) {}
}

/// What is being read, and what is looked at twice.
#[derive(Debug)]
pub(in crate::engine) struct Reading {
    mark: Box<dyn Mark>,
    suspect: Option<DocKey>,
}

impl Reading {
    pub(in crate::engine) fn new(mark: Box<dyn Mark>) -> Self {
        let suspect = mark.ended().map(|ended| ended.doc);
        Self { mark, suspect }
    }

    /// Outside bytes of a document are about to be read.
    pub(in crate::engine) fn begin(&mut self, doc: DocKey) {
        self.mark.begin(doc);
    }

    /// They were.
    pub(in crate::engine) fn end(&mut self, doc: DocKey) {
        self.mark.end();
        if self.suspect == Some(doc) {
            self.suspect(None);
        }
    }

    fn suspect(&mut self, doc: Option<DocKey>) {
        self.suspect = doc;
        self.mark.suspect(doc);
    }
}

pub(in crate::engine) fn is_aborted(held: &Held) -> bool {
    held.at == HeldAt::Import && held.code == ABORTED
}

impl Engine {
    /// Leaves a document alone at which the processes before ended.
    pub(in crate::engine) fn leave_aborted_alone(&mut self) {
        if let Some(Ended { doc, again: true }) = self.reading.mark.ended() {
            self.hold(doc, Held { at: HeldAt::Import, code: ABORTED.to_owned(), message: LEFT_ALONE.to_owned() });
        }
    }

    /// The store knows that a document is held: what is noted down beside it has done its work.
    pub(in crate::engine) fn aborted_is_kept(&mut self, doc: DocKey) {
        if self.reading.suspect == Some(doc) && self.ledger.held.get(&doc).is_some_and(is_aborted) {
            self.reading.end(doc);
        }
    }

    /// Whether what came for a document is left alone.
    pub(in crate::engine) fn is_left_alone(&self, doc: DocKey) -> bool {
        self.ledger.held.get(&doc).is_some_and(is_aborted)
    }

    /// People want it to be read once more; should the process end at it again, it is left alone at once.
    pub(in crate::engine) fn read_once_more(&mut self, doc: DocKey, now: Now) {
        self.reading.suspect(Some(doc));
        self.with(doc, Task::Import, now);
    }
}
