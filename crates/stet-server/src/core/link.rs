//! What the hub and whoever writes a socket share: the socket's queue, and a bell for each of the two. Never a decision.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use stet_sync::server::{Outbox, Outgoing, Stage};

/// Which bell rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ring {
    /// Something waits to be written.
    Write,
    /// The next frame may be read.
    Read,
    /// What waits is the last.
    Close,
}

/// What a machine says after a turn.
pub(super) struct AfterTurn {
    pub(super) stage: Stage,
    pub(super) wants_input: bool,
    /// Whether it wants to hear when there is room in the queue.
    pub(super) wants_room: bool,
    /// Whether something waits to be written since this turn.
    pub(super) waiting: bool,
}

/// What a writer takes from a queue.
#[derive(Debug)]
pub struct Taken {
    /// What to write next.
    pub outgoing: Option<Outgoing>,
    /// The hub wants to hear that there is room again.
    pub room: bool,
    /// Several messages had piled up.
    pub several: bool,
    /// Nothing is left in the queue.
    pub all: bool,
}

/// The shared side of a socket.
pub struct Link {
    outbox: Mutex<Outbox>,
    bell: Box<dyn Fn(Ring) + Send + Sync>,
    stage: AtomicU8,
    wants_input: AtomicBool,
    wants_room: AtomicBool,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

impl Link {
    /// `bell` is rung while the hub is at work: it may only wake somebody.
    pub fn new(bell: impl Fn(Ring) + Send + Sync + 'static) -> Self {
        Self {
            outbox: Mutex::new(Outbox::default()),
            bell: Box::new(bell),
            stage: AtomicU8::new(0),
            wants_input: AtomicBool::new(true),
            wants_room: AtomicBool::new(false),
        }
    }

    /// What to write next.
    pub fn take(&self) -> Taken {
        let mut outbox = self.outbox();
        let several = outbox.frames() > 1;
        let outgoing = outbox.take();
        Taken { outgoing, room: self.wants_room.swap(false, Ordering::AcqRel), several, all: outbox.is_empty() }
    }

    /// Whether the next frame may be read.
    pub fn wants_input(&self) -> bool {
        self.wants_input.load(Ordering::Acquire)
    }

    /// How the next frame is to be understood.
    pub fn stage(&self) -> Stage {
        match self.stage.load(Ordering::Acquire) {
            0 => Stage::Opening,
            1 => Stage::Level1,
            _ => Stage::Level2,
        }
    }

    pub(super) fn outbox(&self) -> MutexGuard<'_, Outbox> {
        // A panic elsewhere leaves a queue that is whole: every change to it is one step.
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what the machine says after a turn, and rings.
    pub(super) fn after_turn(&self, after: AfterTurn) {
        self.stage.store(after.stage as u8, Ordering::Release);
        self.wants_room.store(after.wants_room, Ordering::Release);
        let wanted = self.wants_input.swap(after.wants_input, Ordering::AcqRel);
        if after.wants_input && !wanted {
            (self.bell)(Ring::Read);
        }
        if after.waiting {
            (self.bell)(Ring::Write);
        }
    }

    pub(super) fn ring(&self, ring: Ring) {
        (self.bell)(ring);
    }
}
