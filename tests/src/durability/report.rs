//! What was done and what was found, as numbers and as a few lines for people.

use std::fmt::{Display, Formatter, Result};

/// Where an engine was when it was killed, or a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Opening a store of this version.
    Opening,
    /// Opening a store of an earlier version: before anything was changed.
    BeforeMigration,
    /// The copy from before the migration was being made.
    Copying,
    /// The copy was there, the tables were the old ones.
    Migrating,
    /// The tables were the new ones, the engine not yet open.
    Migrated,
    /// Connecting and fetching; nothing was called saved yet.
    Syncing,
    /// Writing; nothing was called sent yet.
    Writing,
    /// Writing and sending.
    Sending,
}

/// The phases in the order they are told.
const PHASES: [(Phase, &str); 8] = [
    (Phase::Opening, "opening"),
    (Phase::BeforeMigration, "before a migration"),
    (Phase::Copying, "copying before it"),
    (Phase::Migrating, "migrating"),
    (Phase::Migrated, "just migrated"),
    (Phase::Syncing, "syncing"),
    (Phase::Writing, "writing"),
    (Phase::Sending, "writing and sending"),
];

/// Counts.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Kills in each of the phases.
    phases: [u64; PHASES.len()],
    /// Kills of the server.
    pub server_kills: u64,
    /// What the engine called saved.
    pub saved: u64,
    /// What the engine called sent.
    pub sent: u64,
    /// Stores opened and read whole after a kill.
    pub opened: u64,
    /// Copies from before a migration that were read whole.
    pub copies: u64,
    /// What was called saved and was gone.
    pub lost: u64,
    /// Times the device, another one, one that began with nothing and the server were found the same.
    pub agreements: u64,
}

impl Report {
    /// A kill in this phase.
    pub fn killed(&mut self, phase: Phase) {
        self.phases[phase as usize] += 1;
    }

    /// All kills of the engine.
    pub fn kills(&self) -> u64 {
        self.phases.iter().sum()
    }

    /// Kills in a phase.
    pub const fn kills_while(&self, phase: Phase) -> u64 {
        self.phases[phase as usize]
    }

    /// Adds another's.
    pub fn add(&mut self, other: &Self) {
        for (ours, theirs) in self.phases.iter_mut().zip(other.phases) {
            *ours += theirs;
        }
        self.server_kills += other.server_kills;
        self.saved += other.saved;
        self.sent += other.sent;
        self.opened += other.opened;
        self.copies += other.copies;
        self.lost += other.lost;
        self.agreements += other.agreements;
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let phases = PHASES.map(|(phase, name)| format!("{name} {}", self.kills_while(phase))).join(", ");
        writeln!(f, "{} kills of the engine ({phases}), {} of the server", self.kills(), self.server_kills)?;
        writeln!(f, "{} stores opened and read whole, {} copies from before a migration", self.opened, self.copies)?;
        writeln!(f, "{} writes called saved, {} of them called sent: {} lost", self.saved, self.sent, self.lost)?;
        write!(f, "{} agreements of both devices, a new one and the server, each verified", self.agreements)
    }
}
