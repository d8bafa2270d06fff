//! What follows a write once it is on the disk, and what is put back in memory when the disk refuses it.

use rand_chacha::rand_core::Rng;
use stet_model::document::Version;
use stet_model::id::{DocKey, PeerId, SpaceId};
use stet_store::Held;
use stet_sync::device::Place;

use crate::api::{Answer, CommandError, ErrorCode};
use crate::engine::decisions::Leaving;
use crate::engine::{Engine, Now, Output};

/// What the store is told as it stands, and again when the disk refused it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::engine) enum Fact {
    /// Who this device is.
    Identity,
    /// The settings.
    Settings,
    /// The folders in the lists' rows.
    Folders,
    /// Whether a document can go on, and why not.
    Held(DocKey),
    /// Whether a note is to be removed for good.
    PurgeAsked(DocKey),
    /// A document is gone.
    Gone(DocKey),
}

impl Fact {
    /// The same about a document of another name.
    pub(super) fn renamed(self, rename: &dyn Fn(DocKey) -> DocKey) -> Self {
        match self {
            Self::Identity | Self::Settings | Self::Folders => self,
            Self::Held(doc) => Self::Held(rename(doc)),
            Self::PurgeAsked(doc) => Self::PurgeAsked(rename(doc)),
            Self::Gone(doc) => Self::Gone(rename(doc)),
        }
    }
}

/// What follows a write.
#[derive(Debug)]
pub(in crate::engine) enum After {
    Nothing,
    /// The log was held against the server's.
    Compared,
    /// A local edit is on disk up to this version.
    Local {
        doc: DocKey,
        head: Version,
    },
    /// The row of a note is on disk after its text.
    Row {
        doc: DocKey,
    },
    /// A document that was made anew is on disk up to this version.
    Adopted {
        doc: DocKey,
        head: Version,
    },
    /// A document's rows are part of it.
    Imported {
        doc: DocKey,
        seq: u64,
        brought: Version,
    },
    /// Something else about a document in memory.
    Touched {
        doc: DocKey,
    },
    /// Rows are on disk: import them.
    Rows {
        docs: Vec<DocKey>,
        /// Which transaction of rows it was.
        write: u64,
    },
    /// The space was received up to here; whether the cursor itself is on disk with it.
    Place {
        space: SpaceId,
        place: Place,
        written: bool,
        /// Failures until then: one more means that something before this place isn't on disk.
        failures: u64,
    },
    /// The cursor is on disk.
    Cursor {
        space: SpaceId,
        place: Place,
    },
    /// The store knows it.
    Fact(Fact),
    /// The local store belongs to an account now.
    Bound,
    /// The log these notes followed is left behind.
    Left(Leaving),
    /// A snapshot replaced the log of a document.
    Folded {
        doc: DocKey,
    },
    /// A note that was removed elsewhere is gone from the disk, and on it as a new one.
    KeptAsNew {
        kept: DocKey,
        held: Option<Held>,
        new: DocKey,
    },
    /// What was kept of a note that was removed elsewhere is on disk as a new one.
    Restored {
        kept: DocKey,
        new: DocKey,
    },
    /// What a document said before the server's rows take its place is on disk as a new note.
    Recovered {
        doc: DocKey,
        new: DocKey,
    },
    /// Search text is in the index.
    Indexed {
        doc: DocKey,
        /// The version the text was taken at.
        head: Version,
        bytes: usize,
    },
    /// Lists, counts or folders are others now.
    Lists,
    /// A command is done.
    Reply {
        call: u64,
        answer: Box<Answer>,
    },
}

impl Engine {
    pub(super) fn follow(&mut self, after: After, now: Now) {
        match after {
            After::Local { doc, head } => self.local_written(doc, &head, now),
            After::Row { doc } => {
                self.settled(doc);
                // A list that was read in between shows the row before.
                self.row_changed(doc);
            }
            After::Adopted { doc, head } => {
                self.adopted(doc);
                self.local_written(doc, &head, now);
                self.import(doc, now);
            }
            After::Imported { doc, brought, .. } => {
                self.documents.import_settled();
                if let Some(live) = self.settled(doc) {
                    live.on_disk.merge(&brought);
                    // Another write was refused meanwhile, and this one not.
                    live.queued.merge(&brought);
                    // A local write that came to its end before may have left only this to wait for.
                    if live.is_saved() {
                        self.ledger.unsaved.remove(&doc);
                    }
                }
                // Lists are read from the disk, so only now is there something else to read.
                self.row_changed(doc);
                self.report.everything_changed();
                self.import(doc, now);
                self.reconsider_kept(doc, now);
                self.fold_if_long(doc);
                self.offer(doc, now);
            }
            After::Touched { doc } => {
                self.settled(doc);
            }
            After::Folded { doc } => {
                if let Some(live) = self.settled(doc) {
                    live.log_entries = 0;
                }
            }
            After::Rows { docs, write } => docs.into_iter().for_each(|doc| self.rows_stored(doc, write, now)),
            After::Cursor { space, place } => {
                self.report.cursors.insert(space, place);
            }
            After::Place { space, place, written, failures } => {
                self.writing.before_cursor -= 1;
                if failures == self.writing.failures {
                    self.reached(space, place, written, now);
                }
                if self.writing.before_cursor == 0
                    && let Some((space, place)) = self.writing.cursor_after.take()
                {
                    self.move_cursor(space, place);
                }
            }
            After::Bound => self.bound(now),
            After::Left(leaving) => self.left(leaving, true),
            After::Compared => self.compared(),
            After::Recovered { doc, .. } => self.take_theirs(doc, now),
            After::Restored { kept, .. } => self.let_go_of_kept(kept),
            After::Indexed { doc, head, bytes } => self.indexed(doc, &head, bytes),
            After::Lists => self.report.everything_changed(),
            After::Reply { call, answer } => self.outputs.push(Output::Reply { call, result: Ok(*answer) }),
            After::Fact(Fact::Held(doc)) => self.aborted_is_kept(doc),
            After::Fact(Fact::Identity) => self.identity_kept(),
            // What was read from the disk meanwhile still knew of it.
            After::Fact(Fact::Gone(doc)) if self.documents.get(doc).is_none() => {
                self.ledger.unsent.remove(&doc);
                self.ledger.held.remove(&doc);
            }
            After::Fact(_) | After::KeptAsNew { .. } | After::Nothing => {}
        }
    }

    pub(super) fn undo(&mut self, after: After, words: &str, now: Now) {
        match after {
            After::Local { doc, .. } | After::Adopted { doc, .. } => {
                // Whether a failed commit reached the disk can't be known. The next one covers it whole, and later
                // operations come from a new peer, so that nothing is ever written twice under one name.
                let peer = PeerId(self.random.next_u64());
                if let Some(live) = self.settled(doc) {
                    live.writing = false;
                    live.queued = live.on_disk.clone();
                    live.document.set_peer(peer);
                    live.signed = false;
                }
                if doc.is_library() {
                    self.writing.owed.insert(Fact::Folders);
                }
            }
            After::Imported { doc, seq, brought } => {
                self.documents.import_settled();
                let left = self.leaves_log();
                match self.settled(doc) {
                    // Its rows go with the log they stand in: what they brought is written like what people write.
                    Some(live) if left => live.queued = live.on_disk.clone(),
                    _ => self.owe_import(doc, seq, &brought),
                }
                self.device.store_failed(now.mono);
            }
            After::Row { doc } => {
                if let Some(live) = self.settled(doc) {
                    live.lists_owed = true;
                }
                self.index.doubt_row(doc);
            }
            After::Touched { doc } | After::Folded { doc } => {
                self.settled(doc);
            }
            After::Rows { docs, .. } => {
                // With what came after them: all of it comes again, and no cursor may get ahead of it.
                for doc in docs {
                    self.documents.take_rows(doc, |row| row.on_its_way.is_some());
                }
                self.writing.failures += 1;
                self.writing.cursor_after = None;
                self.device.store_failed(now.mono);
            }
            After::Cursor { .. } => self.device.store_failed(now.mono),
            After::Place { .. } => {
                self.writing.before_cursor -= 1;
                self.writing.failures += 1;
                self.writing.cursor_after = None;
                self.device.store_failed(now.mono);
            }
            After::Bound => self.binding_failed(),
            After::Left(leaving) => self.left(leaving, false),
            // The kept copy goes with the write that succeeds.
            After::Restored { new, .. } | After::Recovered { new, .. } => {
                if let Some(live) = self.documents.get_mut(new) {
                    live.waiting.push(after);
                }
            }
            After::Reply { call, .. } => {
                let message = format!("This isn't saved yet: {words} Stet keeps trying.");
                let result = Err(CommandError::new(ErrorCode::Storage, message));
                self.outputs.push(Output::Reply { call, result });
            }
            After::Fact(fact) => _ = self.writing.owed.insert(fact),
            After::KeptAsNew { kept, held, new } => self.not_kept_as_new(kept, held, new),
            After::Indexed { bytes, .. } => self.index.settled(bytes),
            After::Lists | After::Compared | After::Nothing => {}
        }
    }
}
