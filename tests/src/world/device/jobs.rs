//! What a device's disk does: one job after the other, while it may refuse. Never when things go wrong.

use stet_client::engine::Input;
use stet_model::id::{DocKey, SpaceId};
use stet_store::Write;

use crate::disk::Broken;
use crate::world::World;
use crate::world::queue::ForDevice;

/// Operations of a job that still work when the disk refuses, at most.
const STILL_WORKS: u64 = 8;

/// Something for the disk.
pub(super) enum Job {
    Write { tag: u64, writes: Vec<Write> },
    Load(Vec<DocKey>),
    Standing(SpaceId),
    Ledger(SpaceId),
    Waiting,
    Copy,
}

impl World {
    /// A device found that it holds something else than the server or another device. It mends that, which would hide that
    /// it ever came to it: only a server that lost what it had confirmed may be the reason.
    pub(in crate::world) fn found_differing(&mut self, device: usize, words: &str) {
        if !self.reference.is_restored() {
            self.fail(format!("device {device} has come to hold something else than the others: {words}"));
        }
    }

    pub(super) fn job(&mut self, device: usize, job: Job) {
        let Some(process) = &mut self.devices[device].process else { return };
        process.jobs.push_back(job);
        if !process.disk_busy {
            process.disk_busy = true;
            self.next_job(device);
        }
    }

    fn next_job(&mut self, device: usize) {
        let at = self.queue.now() + self.dice.within(self.plan.config.disk_ms);
        self.for_device(device, at, ForDevice::Disk);
    }

    /// The disk does its next job.
    pub(in crate::world) fn disk(&mut self, device: usize) {
        let Some(process) = &mut self.devices[device].process else { return };
        let Some(job) = process.jobs.pop_front() else {
            process.disk_busy = false;
            return;
        };
        let broken = self.broken(device);
        let Some(process) = &mut self.devices[device].process else { return };
        let input = match job {
            Job::Load(docs) => {
                let read = |doc| (doc, process.reader.document(doc).map_err(|error| error.to_string()));
                Input::Loaded(docs.into_iter().map(read).collect())
            }
            Job::Standing(space) => match process.reader.standing(space) {
                Ok(standing) => {
                    if let Some(compared) = standing.compared.filter(|compared| !compared.same) {
                        self.found_differing(device, &format!("{compared:?}"));
                    }
                    Input::Standing(space, standing)
                }
                // As in the app: nothing comes.
                Err(_) => Input::Tick,
            },
            Job::Ledger(space) => match process.reader.ledger(space) {
                Ok(ledger) => Input::Ledger(space, ledger),
                Err(_) => Input::Tick,
            },
            Job::Waiting => Input::Waiting(process.reader.waiting().ok()),
            // Copies aren't looked at here.
            Job::Copy => Input::Copied(Ok("a copy".to_owned())),
            Job::Write { tag, writes } => Input::Written { tag, result: self.commit(device, &writes) },
        };
        if broken.is_some() {
            self.devices[device].disk.breaks(None, 0);
        }
        let delay = self.dice.within((0, 3));
        let now = self.queue.now();
        let Some(process) = &mut self.devices[device].process else { return };
        process.written_until = process.written_until.max(now + delay);
        let at = process.written_until;
        if process.jobs.is_empty() {
            process.disk_busy = false;
        } else {
            self.next_job(device);
        }
        self.for_device(device, at, ForDevice::Input(Box::new(input)));
    }

    /// What is wrong with a disk now, if anything.
    fn wrong(&self, device: usize) -> Option<Option<Broken>> {
        let state = &self.devices[device];
        (self.queue.now() < state.disk_until).then_some(state.broken)
    }

    /// Has the disk refuse what it is to refuse during the next job; `Some` when there is something wrong with it.
    fn broken(&mut self, device: usize) -> Option<Option<Broken>> {
        let broken = self.wrong(device)?;
        let works = self.disks.below(STILL_WORKS) as u32;
        self.devices[device].disk.breaks(broken, works);
        Some(broken)
    }

    pub(super) fn commit(&mut self, device: usize, writes: &[Write]) -> Result<(), String> {
        let broken = self.wrong(device);
        let Some(process) = &mut self.devices[device].process else { return Ok(()) };
        match (process.writer.commit(writes), broken) {
            (Ok(()), Some(None)) => Err("the simulated disk said nothing".to_owned()),
            (Err(error), Some(Some(_))) => Err(error.to_string()),
            (Err(error), _) => {
                self.fail(format!("device {device}'s store refuses {writes:?}: {error}"));
                Ok(())
            }
            (Ok(()), _) => Ok(()),
        }
    }
}
