//! What a device's disk does: one transaction after the other, and reading beside them, while it may refuse. Never when
//! things go wrong.

use stet_client::engine::{Input, Occasion};
use stet_model::id::{DocKey, SpaceId};
use stet_store::{Write, only_indexes, renames};

use crate::disk::Broken;
use crate::world::World;
use crate::world::check::Comparison;
use crate::world::queue::ForDevice;

/// Operations that still work when the disk refuses, at most.
const STILL_WORKS: u64 = 8;

/// One transaction.
pub(super) struct Transaction {
    pub(super) tag: u64,
    pub(super) writes: Vec<Write>,
}

/// Something to be read. It isn't in line with what is written: it may be read before what was to be written earlier.
pub enum Reading {
    Documents(Vec<DocKey>),
    Standing(SpaceId, u64),
    Ledger(SpaceId),
    Waiting,
    Copy(Occasion),
}

impl World {
    /// A device found that it holds something else than the server or another device. It mends that, which would hide that
    /// it ever came to it: only a server that lost what it had confirmed may be the reason.
    pub(in crate::world) fn found_differing(&mut self, device: usize, words: &str) {
        if !self.reference.is_restored() {
            self.fail(format!("device {device} has come to hold something else than the others: {words}"));
        }
    }

    pub(super) fn write(&mut self, device: usize, transaction: Transaction) {
        let Some(process) = &mut self.devices[device].process else { return };
        process.transactions.push_back(transaction);
        if !process.disk_busy {
            process.disk_busy = true;
            self.next_transaction(device);
        }
    }

    fn next_transaction(&mut self, device: usize) {
        let at = self.queue.now() + self.dice.within(self.plan.config.disk_ms);
        self.for_device(device, at, ForDevice::Disk);
    }

    /// The disk does its next transaction.
    pub(in crate::world) fn disk(&mut self, device: usize) {
        let Some(process) = &mut self.devices[device].process else { return };
        // Search text comes last, as in the app, but before documents get other names.
        let urgent = process.transactions.iter().position(|next| !only_indexes(&next.writes));
        let next = urgent.filter(|at| !renames(&process.transactions[*at].writes)).unwrap_or(0);
        let Some(Transaction { tag, writes }) = process.transactions.remove(next) else {
            process.disk_busy = false;
            return;
        };
        let result = self.on_the_disk(device, |world| world.commit(device, &writes));
        let delay = self.dice.within((0, 3));
        let now = self.queue.now();
        let Some(process) = &mut self.devices[device].process else { return };
        process.written_until = process.written_until.max(now + delay);
        let at = process.written_until;
        if process.transactions.is_empty() {
            process.disk_busy = false;
        } else {
            self.next_transaction(device);
        }
        self.for_device(device, at, ForDevice::Input(Box::new(Input::Written { tag, result })));
    }

    pub(super) fn read_soon(&mut self, device: usize, reading: Reading) {
        let at = self.queue.now() + self.dice.within(self.plan.config.disk_ms);
        self.for_device(device, at, ForDevice::Read(Box::new(reading)));
    }

    /// Something is read, and the engine hears of it.
    pub(in crate::world) fn read(&mut self, device: usize, reading: Reading) {
        let Some(input) = self.on_the_disk(device, |world| world.read_one(device, reading)) else { return };
        let at = self.queue.now() + self.dice.within((0, 3));
        self.for_device(device, at, ForDevice::Input(Box::new(input)));
    }

    fn read_one(&mut self, device: usize, reading: Reading) -> Option<Input> {
        let process = self.devices[device].process.as_ref()?;
        Some(match reading {
            Reading::Documents(docs) => {
                let read = |doc| (doc, process.reader.document(doc).map_err(|error| error.to_string()));
                Input::Loaded(docs.into_iter().map(read).collect())
            }
            Reading::Standing(space, after) => {
                let standing = process.reader.standing(space).ok();
                if let Some(compared) =
                    standing.and_then(|standing| standing.compared).filter(|compared| !compared.same)
                {
                    self.found_differing(device, &format!("{compared:?}"));
                }
                Input::Standing { space, after, standing }
            }
            Reading::Ledger(space) => Input::Ledger(space, process.reader.ledger(space).ok()),
            Reading::Waiting => Input::Waiting(process.reader.waiting().ok()),
            // Copies aren't looked at here.
            Reading::Copy(cause) => Input::Copied(cause, Ok("a copy".to_owned())),
        })
    }

    /// Does something during which the disk refuses what it is to refuse.
    fn on_the_disk<T>(&mut self, device: usize, act: impl FnOnce(&mut Self) -> T) -> T {
        let broken = self.broken(device);
        let done = act(self);
        if broken.is_some() && self.devices[device].disk.breaks(None, 0) {
            self.affects(device, "Disk");
        }
        done
    }

    /// What is wrong with a disk now, if anything.
    fn wrong(&self, device: usize) -> Option<Option<Broken>> {
        let state = &self.devices[device];
        (self.queue.now() < state.disk_until).then_some(state.broken)
    }

    /// Has the disk refuse what it is to refuse during what comes next; `Some` when there is something wrong with it.
    fn broken(&mut self, device: usize) -> Option<Option<Broken>> {
        let broken = self.wrong(device)?;
        let works = self.disks.below(STILL_WORKS) as u32;
        self.devices[device].disk.breaks(broken, works);
        Some(broken)
    }

    pub(super) fn commit(&mut self, device: usize, writes: &[Write]) -> Result<(), String> {
        let broken = self.wrong(device);
        let Some(process) = &mut self.devices[device].process else { return Ok(()) };
        let result = process.writer.commit(writes);
        if let Some(comparison) = Comparison::among(writes) {
            self.compared(device, &comparison, result.is_ok() && broken.is_none());
        }
        match (result, broken) {
            (Ok(()), Some(None)) => {
                self.affects(device, "Disk");
                Err("the simulated disk said nothing".to_owned())
            }
            (Err(error), Some(Some(_))) => Err(error.to_string()),
            (Err(error), _) => {
                self.fail(format!("device {device}'s store refuses {writes:?}: {error}"));
                Ok(())
            }
            (Ok(()), _) => Ok(()),
        }
    }
}
