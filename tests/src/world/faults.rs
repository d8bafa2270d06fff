//! What goes wrong, carried out; and everything made well again. Never when.

use stet_client::api::command::Pause;
use stet_server::core::Happening;

use super::World;
use super::plan::Fault;
use super::queue::Event;
use super::user::Asked;

/// What a polite server tells its clients to wait, milliseconds.
const RETRY_AFTER_MS: u64 = 1_000;
const DAY: u64 = 86_400_000;

impl World {
    /// Something goes wrong.
    pub(super) fn go_wrong(&mut self, fault: &Fault) {
        let now = self.queue.now();
        *self.counts.faults.entry(fault.name()).or_default() += 1;
        match *fault {
            Fault::Disconnect { device, server_learns_ms } => self.break_link(device, server_learns_ms),
            Fault::HalfOpen { device, up, down } => self.mute_link(device, up, down),
            Fault::Offline { device, ms, silent } => {
                let state = &mut self.devices[device];
                (state.offline_until, state.offline_silent) = (now + ms, silent);
                if silent {
                    self.mute_link(device, true, true);
                } else {
                    self.break_link(device, ms);
                }
            }
            Fault::Lag { device, ms, by_ms } => {
                let state = &mut self.devices[device];
                (state.lag_until, state.lag_ms) = (now + ms, by_ms);
            }
            Fault::Stall { device, ms } => self.stall_link(device, now + ms),
            Fault::Lose { device, up, frames } => self.devices[device].lose = (up, frames),
            Fault::Duplicate { device, frames } => self.devices[device].duplicate = frames,
            Fault::Restart { down_ms, polite, power } => self.restart_server(down_ms, polite, power),
            Fault::ServerDisk { groups, broken, works } => {
                if let Some(database) = self.server.database() {
                    (database.failing, database.broken) = (groups, broken.map(|broken| (broken, works)));
                }
            }
            Fault::Crash { device, down_ms, jobs, power } => {
                // One that hasn't been there yet comes when it comes.
                if self.devices[device].life > 0 {
                    self.end_device(device, jobs, power);
                    self.queue.put(now + down_ms, Event::Start(device));
                }
            }
            Fault::Backup { device } => self.back_up(device),
            Fault::Restore { device, down_ms } => {
                if self.restore_device(device) {
                    self.queue.put(now + down_ms, Event::Start(device));
                }
            }
            Fault::Twin { device } => self.twin(device),
            Fault::Disk { device, ms, broken } => {
                let state = &mut self.devices[device];
                (state.disk_until, state.broken) = (now + ms, broken);
            }
            Fault::Freeze { device, ms } => self.devices[device].frozen_until = now + ms,
            Fault::Token { device, ms, missing } => {
                let state = &mut self.devices[device];
                (state.token_until, state.token_missing) = (now + ms, missing);
            }
            Fault::Clock { device, by_ms } => self.devices[device].wall_off += by_ms,
            Fault::Sleep { days } => self.queue.leap(days * DAY),
            Fault::ServerBackup => self.server.back_up(),
            Fault::ServerRestore { down_ms } => {
                if self.server.has_backup() {
                    self.break_all_links(true);
                    self.server.restore();
                    self.reference.log_restored();
                    self.queue.put(now + down_ms, Event::ServerStart);
                }
            }
        }
    }

    fn restart_server(&mut self, down_ms: u64, polite: bool, power: bool) {
        let now = self.queue.now();
        if polite {
            self.server.handle(Happening::Drain(RETRY_AFTER_MS), now);
            self.pump_server();
        }
        self.break_all_links(!polite);
        let dice = &mut self.disks;
        let mut chance = |below| dice.below(below);
        self.server.end(power.then_some(&mut chance));
        self.queue.put(now + down_ms, Event::ServerStart);
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
