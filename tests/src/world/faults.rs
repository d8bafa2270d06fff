//! What goes wrong, carried out; and everything made well again. Never when.

use stet_client::api::command::Pause;
use stet_server::core::Happening;

use super::World;
use super::device::Device;
use super::plan::Fault;
use super::queue::Event;
use super::user::Asked;

/// What a polite server tells its clients to wait, milliseconds.
const RETRY_AFTER_MS: u64 = 1_000;
const DAY: u64 = 86_400_000;

impl World {
    /// Something goes wrong, at once or when there is something that it affects. Where a device has no process, or no
    /// connection, it goes wrong with the next that does.
    pub(super) fn go_wrong(&mut self, mut fault: Fault) {
        self.counts.tried += 1;
        let connected = |state: &Device| state.link.is_some();
        let runs = |state: &Device| state.process.is_some();
        match &mut fault {
            Fault::Disconnect { device, .. } | Fault::HalfOpen { device, .. } | Fault::Stall { device, .. } => {
                *device = self.next(*device, connected);
            }
            Fault::Crash { device, .. } | Fault::Freeze { device, .. } | Fault::Disk { device, .. } => {
                *device = self.next(*device, runs);
            }
            _ => {}
        }
        if self.has_effect(&fault) {
            self.counts.went_wrong(&fault.name());
        }
    }

    /// The first device from this one on of which that is so; this one, if there is none.
    fn next(&self, device: usize, is_so: impl Fn(&Device) -> bool) -> usize {
        let mut devices = (device..self.devices.len()).chain(0..device);
        devices.find(|at| self.devices.get(*at).is_some_and(&is_so)).unwrap_or(device)
    }

    /// What was to go wrong with a device has its effect.
    pub(super) fn affects(&mut self, device: usize, fault: &'static str) {
        if self.devices[device].awaited.remove(fault) {
            self.counts.went_wrong(fault);
        }
    }

    fn awaits(&mut self, device: usize, fault: &'static str) -> bool {
        self.devices[device].awaited.insert(fault);
        false
    }

    /// Carries it out; whether it has an effect at once.
    fn has_effect(&mut self, fault: &Fault) -> bool {
        let now = self.queue.now();
        match *fault {
            Fault::Disconnect { device, server_learns_ms } => self.break_link(device, server_learns_ms),
            Fault::HalfOpen { device, up, down } => self.mute_link(device, up, down),
            Fault::Offline { device, ms, silent } => {
                self.go_offline(device, ms, silent) || self.awaits(device, "Offline")
            }
            Fault::Lag { device, ms, by_ms } => {
                let state = &mut self.devices[device];
                (state.lag_until, state.lag_ms) = (now + ms, by_ms);
                self.awaits(device, "Lag")
            }
            Fault::Stall { device, ms } => self.stall_link(device, now + ms) && self.awaits(device, "Stall"),
            Fault::Lose { device, up, frames } => {
                self.devices[device].lose = (up, frames);
                self.awaits(device, "Lose")
            }
            Fault::Duplicate { device, frames } => {
                self.devices[device].duplicate = frames;
                self.awaits(device, "Duplicate")
            }
            Fault::Restart { down_ms, polite, power } => self.restart_server(down_ms, polite, power),
            Fault::ServerDisk { groups, broken, works } => {
                self.server.break_disk(groups, broken.map(|broken| (broken, works)));
                false
            }
            Fault::Crash { device, down_ms, jobs, power } => self.crash_device(device, down_ms, (jobs, power)),
            Fault::Restore { device, down_ms } => {
                let restored = self.restore_device(device);
                if restored {
                    self.queue.put(now + down_ms, Event::Start(device));
                }
                restored
            }
            Fault::Twin { device } => {
                self.twin(device);
                true
            }
            Fault::Disk { device, ms, broken } => {
                let state = &mut self.devices[device];
                (state.disk_until, state.broken) = (now + ms, broken);
                self.awaits(device, "Disk")
            }
            Fault::Freeze { device, ms } => {
                self.devices[device].frozen_until = now + ms;
                self.awaits(device, "Freeze")
            }
            Fault::Token { device, ms, missing } => {
                let state = &mut self.devices[device];
                (state.token_until, state.token_missing) = (now + ms, missing);
                self.awaits(device, "Token")
            }
            Fault::Clock { device, by_ms } => {
                self.devices[device].wall_off += by_ms;
                true
            }
            Fault::ServerClock { by_ms } => {
                self.server.wall_off += by_ms;
                true
            }
            Fault::Sleep { days } => {
                self.queue.leap(days * DAY);
                true
            }
            Fault::Backup { .. } | Fault::ServerBackup => self.make_copy(fault),
            Fault::ServerRestore { down_ms } => self.restore_server(down_ms),
        }
    }

    fn go_offline(&mut self, device: usize, ms: u64, silent: bool) -> bool {
        let state = &mut self.devices[device];
        (state.offline_until, state.offline_silent) = (self.queue.now() + ms, silent);
        if silent { self.mute_link(device, true, true) } else { self.break_link(device, ms) }
    }

    /// One that hasn't been there yet comes when it comes.
    fn crash_device(&mut self, device: usize, down_ms: u64, (jobs, power): (u8, bool)) -> bool {
        let ends = self.devices[device].process.is_some();
        if self.devices[device].life > 0 {
            self.end_device(device, jobs, power);
            self.queue.put(self.queue.now() + down_ms, Event::Start(device));
        }
        ends
    }

    /// That alone does no harm.
    fn make_copy(&mut self, fault: &Fault) -> bool {
        if let Fault::Backup { device } = *fault {
            self.back_up(device);
        } else {
            self.server.back_up();
            self.reference.log_copied();
        }
        false
    }

    fn restore_server(&mut self, down_ms: u64) -> bool {
        let copied = self.server.has_backup();
        if copied {
            self.break_all_links(true);
            self.server.restore();
            self.reference.log_restored();
            self.devices.iter_mut().for_each(|device| device.looked_at.clear());
            self.queue.put(self.queue.now() + down_ms, Event::ServerStart);
        }
        copied
    }

    fn restart_server(&mut self, down_ms: u64, polite: bool, power: bool) -> bool {
        let now = self.queue.now();
        let ran = self.server.database().is_some();
        if polite {
            self.server.handle(Happening::Drain(RETRY_AFTER_MS), now);
            self.pump_server();
        }
        self.break_all_links(!polite);
        let dice = &mut self.disks;
        let mut chance = |below| dice.below(below);
        self.server.end(power.then_some(&mut chance));
        self.queue.put(now + down_ms, Event::ServerStart);
        ran
    }

    pub(super) fn start_server(&mut self) {
        if let Err(words) = self.server.start() {
            self.fail(format!("the server doesn't start: {words}"));
        }
    }

    /// Nothing goes wrong from now on, and whatever was ended runs. Connections that are broken without anybody's
    /// knowledge stay so: they have to be noticed.
    pub(super) fn heal(&mut self) {
        self.note(|| "everything is made well".to_owned());
        self.healed_at = Some(self.queue.now());
        self.start_server();
        if let Some(database) = self.server.database() {
            database.failing = 0;
        }
        for device in 0..self.devices.len() {
            self.devices[device].heal();
            self.start_device(device);
            self.ask(device, Pause { paused: false }.into(), Asked::Nothing);
        }
    }
}
