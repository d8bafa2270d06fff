//! A disk in memory that keeps through a power cut only what was synced. SQLite opens files on it by the name of the
//! VFS in [`vfs`]; it decides nothing about when things go wrong.

mod file;
mod vfs;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use file::File;
pub use vfs::NAME as VFS;

/// Tells disks apart in paths.
static DISKS: AtomicU64 = AtomicU64::new(0);

/// Decides what a power cut leaves of what wasn't synced: a number below the one it is given.
pub type Chance<'a> = &'a mut dyn FnMut(u64) -> u64;

/// What a broken disk refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Broken {
    /// Every write: there is no room.
    Full,
    /// Every write.
    Write,
    /// Every sync. What it should have kept is kept or lost, as a power cut decides.
    Sync,
    /// Every read.
    Read,
}

/// A disk. Clones are the same one.
#[derive(Clone)]
pub struct Disk {
    number: u64,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    files: BTreeMap<String, Arc<Mutex<File>>>,
    /// Handles opened in an earlier life do nothing any more.
    life: u32,
    broken: Option<Broken>,
    /// Operations that still work before it is.
    works: u32,
    /// Something was refused since it was told what to refuse.
    refused: bool,
    /// Syncs do nothing, and say that they did: what a test must find.
    lies: bool,
}

impl Disk {
    /// An empty disk.
    pub fn new() -> Self {
        let disk =
            Self { number: DISKS.fetch_add(1, Ordering::Relaxed), state: Arc::new(Mutex::new(State::default())) };
        vfs::mount(&disk);
        disk
    }

    /// A path on this disk, for SQLite.
    pub fn path(&self, name: &str) -> String {
        format!("/{}/{name}", self.number)
    }

    /// Another disk with the same files, as they would be after everything was synced.
    pub fn copy(&self) -> Self {
        let copy = Self::new();
        let files =
            lock(&self.state).files.iter().map(|(name, file)| (name.clone(), shared(lock(file).copy()))).collect();
        lock(&copy.state).files = files;
        copy
    }

    /// What was on another disk is on this one now, and what was here is gone. Whoever has files open has them no more.
    pub fn restore(&self, from: &Self) {
        let files = from.copy();
        let files = std::mem::take(&mut lock(&files.state).files);
        let mut state = lock(&self.state);
        (state.files, state.life) = (files, state.life + 1);
    }

    /// The process ends, just so: what it wrote stays, its locks don't.
    pub fn abandon(&self) {
        let mut state = lock(&self.state);
        state.life += 1;
        state.files = state.files.iter().map(|(name, file)| (name.clone(), shared(lock(file).abandoned()))).collect();
    }

    /// The power is cut: of what wasn't synced since, chance decides what is there.
    pub fn cut(&self, chance: Chance<'_>) {
        let mut state = lock(&self.state);
        state.life += 1;
        let files = std::mem::take(&mut state.files);
        for (name, file) in files {
            if let Some(left) = lock(&file).cut(chance) {
                state.files.insert(name, shared(left));
            }
        }
    }

    /// From the operation after so many on, the disk refuses; `None` mends it. Says whether it has refused something since it
    /// was told so before.
    pub fn breaks(&self, broken: Option<Broken>, works: u32) -> bool {
        let mut state = lock(&self.state);
        (state.broken, state.works) = (broken, works);
        std::mem::take(&mut state.refused)
    }

    /// Syncs do nothing from now on.
    pub fn lies(&self) {
        lock(&self.state).lies = true;
    }
}

impl Default for Disk {
    fn default() -> Self {
        Self::new()
    }
}

impl State {
    /// Whether the disk refuses this now. Each question is one operation.
    fn refuses(&mut self, what: &[Broken]) -> bool {
        let refused = self.broken.is_some_and(|broken| what.contains(&broken));
        if refused && self.works > 0 {
            self.works -= 1;
            return false;
        }
        self.refused |= refused;
        refused
    }
}

fn shared(file: File) -> Arc<Mutex<File>> {
    Arc::new(Mutex::new(file))
}

// Every method leaves the values whole, so a panic elsewhere can't have torn them.
fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}
