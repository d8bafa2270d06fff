//! A file: what processes see of it, what a power cut leaves of it, who has it locked, and the memory that its users
//! share. It knows nothing of names or of other files.

use std::ptr::NonNull;

use super::Chance;

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;
/// Locks in the shared memory of a log.
const SHARED_LOCKS: usize = 8;

/// Something done to a file since it was synced.
#[derive(Clone, Debug)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Length(usize),
}

/// How far a user of a file has locked it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Not at all.
    #[default]
    None,
    /// For reading.
    Shared,
    /// To write soon.
    Reserved,
    /// Nobody new may read.
    Pending,
    /// For writing.
    Exclusive,
}

/// A file on the disk.
#[derive(Default)]
pub struct File {
    now: Vec<u8>,
    /// What is there after a power cut for certain.
    kept: Vec<u8>,
    since: Vec<Change>,
    /// Its name is in the folder for certain.
    named: bool,
    /// Users who read, and the highest lock beside.
    readers: u32,
    reserved: bool,
    pending: bool,
    exclusive: bool,
    /// The shared memory, in regions that stay where they are.
    regions: Vec<Box<[u64]>>,
    /// Who holds each lock of the shared memory: readers, or -1 for a writer.
    held: [i32; SHARED_LOCKS],
}

impl File {
    /// A new file; a log's name is on the disk only once the log is synced.
    pub fn new(named: bool) -> Self {
        Self { named, ..Self::default() }
    }

    fn with(bytes: Vec<u8>) -> Self {
        Self { now: bytes.clone(), kept: bytes, named: true, ..Self::default() }
    }

    pub fn copy(&self) -> Self {
        Self::with(self.now.clone())
    }

    pub fn abandoned(&mut self) -> Self {
        Self {
            now: std::mem::take(&mut self.now),
            kept: std::mem::take(&mut self.kept),
            since: std::mem::take(&mut self.since),
            named: self.named,
            ..Self::default()
        }
    }

    /// What a power cut leaves: nothing if its name is lost.
    pub fn cut(&mut self, chance: Chance<'_>) -> Option<Self> {
        if !self.named && chance(2) == 0 {
            return None;
        }
        self.keep_some(chance);
        Some(Self::with(std::mem::take(&mut self.kept)))
    }

    /// Some of what wasn't synced is kept: each write whole, not at all, or its first sectors.
    pub fn keep_some(&mut self, chance: Chance<'_>) {
        let nothing = chance(3) == 0;
        for change in std::mem::take(&mut self.since) {
            match change {
                Change::Write { at, bytes } => {
                    let whole = bytes.len();
                    let reached = match chance(4) {
                        _ if nothing => 0,
                        0 => 0,
                        1 => (chance(whole as u64 + 1) as usize / SECTOR) * SECTOR,
                        _ => whole,
                    };
                    if reached > 0 {
                        put(&mut self.kept, at, &bytes[..reached]);
                    }
                }
                Change::Length(length) if !nothing && chance(2) == 0 => self.kept.resize(length, 0),
                Change::Length(_) => {}
            }
        }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.now
    }

    /// Fills `into`; false when the file ends before, and the rest is zeros.
    pub fn read(&self, at: usize, into: &mut [u8]) -> bool {
        let there = self.now.len().saturating_sub(at).min(into.len());
        if there > 0 {
            into[..there].copy_from_slice(&self.now[at..at + there]);
        }
        into[there..].fill(0);
        there == into.len()
    }

    pub fn write(&mut self, at: usize, bytes: &[u8]) {
        put(&mut self.now, at, bytes);
        self.since.push(Change::Write { at, bytes: bytes.to_vec() });
    }

    pub fn set_length(&mut self, length: usize) {
        self.now.resize(length, 0);
        self.since.push(Change::Length(length));
    }

    pub fn sync(&mut self) {
        for change in std::mem::take(&mut self.since) {
            match change {
                Change::Write { at, bytes } => put(&mut self.kept, at, &bytes),
                Change::Length(length) => self.kept.resize(length, 0),
            }
        }
        self.named = true;
    }

    /// Locks further, if nobody is in the way; `held` is what this user has, and becomes what it has then.
    pub fn lock(&mut self, held: &mut Level, wanted: Level) -> bool {
        if *held == Level::None && wanted >= Level::Shared {
            if self.pending || self.exclusive {
                return false;
            }
            self.readers += 1;
            *held = Level::Shared;
        }
        if *held == Level::Shared && wanted >= Level::Reserved {
            if self.reserved {
                return false;
            }
            self.reserved = true;
            *held = Level::Reserved;
        }
        if *held < Level::Exclusive && wanted == Level::Exclusive {
            self.pending = true;
            *held = Level::Pending;
            if self.readers > 1 {
                return false;
            }
            self.exclusive = true;
            *held = Level::Exclusive;
        }
        true
    }

    pub fn unlock(&mut self, held: &mut Level, to: Level) {
        if *held > Level::Shared {
            (self.reserved, self.pending, self.exclusive) = (false, false, false);
            *held = Level::Shared;
        }
        if *held == Level::Shared && to == Level::None {
            self.readers -= 1;
            *held = Level::None;
        }
    }

    pub const fn is_reserved(&self) -> bool {
        self.reserved
    }

    /// A region of the shared memory, made if it may be.
    pub fn region(&mut self, number: usize, bytes: usize, make: bool) -> Option<NonNull<u64>> {
        while make && self.regions.len() <= number {
            self.regions.push(vec![0; bytes.div_ceil(size_of::<u64>())].into_boxed_slice());
        }
        self.regions.get_mut(number).and_then(|region| NonNull::new(region.as_mut_ptr()))
    }

    /// Takes locks of the shared memory, all or none.
    pub fn take(&mut self, from: usize, count: usize, exclusive: bool) -> bool {
        let Some(held) = self.held.get_mut(from..from + count) else { return false };
        let free = |lock: &i32| if exclusive { *lock == 0 } else { *lock >= 0 };
        if !held.iter().all(free) {
            return false;
        }
        held.iter_mut().for_each(|lock| *lock = if exclusive { -1 } else { *lock + 1 });
        true
    }

    pub fn give(&mut self, from: usize, count: usize, exclusive: bool) {
        let held = self.held.get_mut(from..from + count).unwrap_or_default();
        held.iter_mut().for_each(|lock| *lock = if exclusive { 0 } else { (*lock - 1).max(0) });
    }
}

fn put(file: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[at..end].copy_from_slice(bytes);
}
