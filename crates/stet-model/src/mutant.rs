//! Faults put into the product on purpose, to show that the simulation finds each. They are compiled in only with the
//! feature `mutants`, and then at most one is at work.

#[cfg(feature = "mutants")]
use std::sync::atomic::{AtomicU8, Ordering};

/// A fault that an engineer could make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Mutant {
    /// Everything a document has counts as the server's when a part of it is acknowledged.
    AckMovesToHead = 1,
    /// What was sent counts as the server's before it is acknowledged.
    BaseIsLastSent,
    /// A live row moves the cursor although rows before it are missing.
    CursorSkipsGaps,
    /// The cursor is written although rows before it may still fail.
    CursorBeforeRows,
    /// All processes of a device write under one peer id.
    PeerFromDevice,
    /// A device skips rows it wrote itself.
    OwnRowsSkipped,
    /// A text is called saved when its write is handed over.
    SavedWhenHandedOver,
    /// The device doesn't wait for its disk.
    DeviceSkipsSync,
    /// The server doesn't wait for its disk.
    ServerSkipsSync,
    /// A removal for good doesn't look whether something newer came in.
    PurgeIgnoresNewer,
    /// An edit while a write is under way isn't written when that is done.
    EditDuringWriteForgotten,
    /// Documents that are gone for good aren't part of a device's sum of its log.
    DigestWithoutTombstones,
    /// The sum of a device's log isn't kept when the server confirms what the device sent.
    DigestForgetsAcks,
    /// What a note says is digested without its fields' changes.
    ContentWithoutFields,
    /// A server doesn't look whether a cursor is of its log.
    LineageIgnored,
    /// A device that begins with another log takes for sent what the former one had.
    RejoinKeepsKnown,
    /// The server folds rows without looking whether they are still what they were.
    FoldIgnoresChange,
    /// Folded rows stand where the first of them stood.
    FoldStandsFirst,
    /// The cursor moves to the last row of a document that came ahead of its turn.
    CursorFollowsDocuments,
    /// What was removed for good longer than a year ago is no part of the server's answers.
    TombstonesExpire,
    /// The server tells everybody of a row before it is on its disk.
    FanOutBeforeCommit,
    /// Acknowledgements travel in another queue than the rows of others: they leave before rows that come first.
    AcksOvertakeRows,
    /// What a level-1 client says of tags and flags is held against what is there, not against what it had.
    Level1TagsOverwrite,
    /// What is restored as a new note loses its tags.
    NewNoteWithoutTags,
    /// A device's log makes way for a snapshot while some of it is still to be written or read.
    SnapshotBeforeWrites,
    /// Rows that are on their way to the disk are let go with those that are there.
    RowsLetGoEarly,
    /// What a space holds is believed although it was written to while that was read.
    StandingOverWrites,
    /// A device calls itself synced while something of it is unsent.
    SyncedWithUnsent,
    /// A device calls itself synced while rows it received aren't on its disk.
    SyncedBeforeRows,
    /// What is on its way to the server isn't counted as unsent.
    SentCountsAsThere,
    /// A device calls itself verified once it is synced, whatever it holds.
    VerifiedWhenSynced,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Self; 31] = [
        Self::AckMovesToHead,
        Self::BaseIsLastSent,
        Self::CursorSkipsGaps,
        Self::CursorBeforeRows,
        Self::PeerFromDevice,
        Self::OwnRowsSkipped,
        Self::SavedWhenHandedOver,
        Self::DeviceSkipsSync,
        Self::ServerSkipsSync,
        Self::PurgeIgnoresNewer,
        Self::EditDuringWriteForgotten,
        Self::DigestWithoutTombstones,
        Self::DigestForgetsAcks,
        Self::ContentWithoutFields,
        Self::LineageIgnored,
        Self::RejoinKeepsKnown,
        Self::FoldIgnoresChange,
        Self::FoldStandsFirst,
        Self::CursorFollowsDocuments,
        Self::TombstonesExpire,
        Self::FanOutBeforeCommit,
        Self::AcksOvertakeRows,
        Self::Level1TagsOverwrite,
        Self::NewNoteWithoutTags,
        Self::SnapshotBeforeWrites,
        Self::RowsLetGoEarly,
        Self::StandingOverWrites,
        Self::SyncedWithUnsent,
        Self::SyncedBeforeRows,
        Self::SentCountsAsThere,
        Self::VerifiedWhenSynced,
    ];
}

#[cfg(feature = "mutants")]
static AT_WORK: AtomicU8 = AtomicU8::new(0);

/// Puts a fault to work in this process, or none.
#[cfg(feature = "mutants")]
pub fn put(mutant: Option<Mutant>) {
    AT_WORK.store(mutant.map_or(0, |mutant| mutant as u8), Ordering::Relaxed);
}

/// Whether this fault is at work.
#[cfg(feature = "mutants")]
pub fn is(mutant: Mutant) -> bool {
    AT_WORK.load(Ordering::Relaxed) == mutant as u8
}

/// Whether this fault is at work: never, in what is shipped.
#[cfg(not(feature = "mutants"))]
pub const fn is(_: Mutant) -> bool {
    false
}
