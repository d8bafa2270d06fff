//! Scenes: steps that find something only together, such as writing without a network and then losing the power. A plan has
//! some of them at moments of chance. Never how a step is carried out.

use super::{Action, Fault, Step, What, choice};
use crate::disk::Broken;
use crate::world::random::{Dice, Share};
use crate::world::user::OPEN;

/// A scene being written: each step comes some time after the one before.
struct Scene<'a> {
    dice: &'a mut Dice,
    at: u64,
    steps: Vec<Step>,
}

impl Scene<'_> {
    fn user(&mut self, device: usize, action: Action) {
        self.steps.push(Step { at: self.at, what: What::User(device, action) });
    }

    fn fault(&mut self, fault: Fault) {
        self.steps.push(Step { at: self.at, what: What::Fault(fault) });
    }

    fn wait(&mut self, ms: (u64, u64)) {
        self.at += self.dice.within(ms);
    }

    fn turn_to(&mut self, device: usize, note: Share) {
        self.steps.extend(turn_to(self.at, device, note));
    }

    /// Opens a note and types into it.
    fn write(&mut self, device: usize, note: Share, bursts: u64) {
        self.turn_to(device, note);
        for _ in 0..bursts {
            self.wait((100, 900));
            self.type_into(device, note, (1, 6));
        }
    }

    fn type_into(&mut self, device: usize, note: Share, keys: (u64, u64)) {
        let (place, keys) = (self.dice.share(), self.dice.within(keys) as u8);
        self.user(device, Action::Type { note, place, keys, title: false });
    }

    fn create(&mut self, device: usize) {
        let folder = self.dice.share();
        self.user(device, Action::Create { folder, filed: false });
    }
}

/// Has this note open and no other: typing takes one of what is open.
pub fn turn_to(at: u64, device: usize, note: Share) -> impl Iterator<Item = Step> {
    let closes = (0..OPEN).map(move |_| Action::Close { note });
    let actions = closes.chain([Action::Open { note }]);
    actions.map(move |action| Step { at, what: What::User(device, action) })
}

/// The scenes of a plan that ends at `end`, for devices of these numbers.
pub fn scenes(dice: &mut Dice, devices: usize, end: u64) -> Vec<Step> {
    let mut steps = Vec::new();
    for _ in 0..dice.within((4, 6)) {
        let one = dice.below(devices as u64) as usize;
        let other = (one + 1 + dice.below(devices as u64 - 1) as usize) % devices;
        let (scene, at) = (dice.below(6), dice.below(end));
        let mut writing = Scene { dice, at, steps: Vec::new() };
        match scene {
            0 => power_cut_without_network(&mut writing, one),
            1 => disk_refuses_and_process_ends(&mut writing, one, other),
            2 => removed_for_good_while_written(&mut writing, one, other),
            3 => frames_get_lost(&mut writing, one, other),
            4 => back_to_a_backup(&mut writing, one),
            _ => everybody_apart(&mut writing, devices),
        }
        steps.append(&mut writing.steps);
    }
    steps
}

/// Two machines go on as one device, and somebody writes on both.
pub fn twins(dice: &mut Dice, at: u64, (device, twin): (usize, usize)) -> Vec<Step> {
    let mut scene = Scene { dice, at, steps: Vec::new() };
    scene.fault(Fault::Twin { device });
    for _ in 0..4 {
        let note = scene.dice.share();
        for device in [twin, device] {
            scene.wait((200, 1_500));
            scene.write(device, note, 2);
        }
        scene.create(twin);
    }
    scene.steps
}

/// The server is restored; at times so late that its log has grown past the cursors again.
pub fn back_to_the_servers_backup(dice: &mut Dice, end: u64) -> Vec<Step> {
    let (early, late) = (dice.below(end * 3 / 4), dice.within((2_000, end / 4)));
    let mut scene = Scene { dice, at: early, steps: Vec::new() };
    scene.fault(Fault::ServerBackup);
    scene.at += late;
    let down_ms = scene.dice.one(&[10, 1_000, 20_000]);
    scene.fault(Fault::ServerRestore { down_ms });
    scene.steps
}

/// One device is off while the others write, everybody sleeps for months, the others write, and it comes back.
pub fn away_for_long(dice: &mut Dice, at: u64, device: usize) -> Vec<Step> {
    let mut scene = Scene { dice, at, steps: Vec::new() };
    let note = scene.dice.share();
    scene.fault(Fault::Offline { device, ms: 30_000, silent: false });
    scene.write(device, note, 2);
    scene.create(device);
    scene.wait((500, 2_000));
    scene.fault(Fault::Crash { device, down_ms: 60_000, jobs: 3, power: false });
    scene.wait((2_000, 10_000));
    let other = usize::from(device == 0);
    scene.user(other, Action::Trash { note });
    scene.wait((500, 5_000));
    scene.user(other, Action::Purge { note, any: false });
    scene.wait((2_000, 5_000));
    let days = scene.dice.one(&[35, 400]);
    scene.fault(Fault::Sleep { days });
    scene.steps
}

/// A device that starts only now fetches everything, and is kept from it again and again.
pub fn comes_late(dice: &mut Dice, at: u64, device: usize) -> Vec<Step> {
    let mut scene = Scene { dice, at, steps: Vec::new() };
    for _ in 0..scene.dice.within((4, 9)) {
        scene.wait((1, 1_300));
        match scene.dice.below(4) {
            0 => scene.fault(Fault::Offline { device, ms: 300, silent: false }),
            1 => scene.fault(Fault::Disk { device, ms: 30, broken: Some(Broken::Full) }),
            2 => {
                let (jobs, power) = (scene.dice.below(4) as u8, scene.dice.percent(50));
                scene.fault(Fault::Crash { device, down_ms: 1, jobs, power });
            }
            _ => scene.fault(Fault::Disconnect { device, server_learns_ms: 0 }),
        }
    }
    scene.steps
}

fn power_cut_without_network(scene: &mut Scene<'_>, device: usize) {
    let note = scene.dice.share();
    let silent = scene.dice.percent(30);
    scene.fault(Fault::Offline { device, ms: 40_000, silent });
    scene.wait((50, 500));
    scene.create(device);
    scene.write(device, note, 3);
    scene.wait((100, 2_500));
    let down_ms = scene.dice.one(&[1, 500, 5_000]);
    scene.fault(Fault::Crash { device, down_ms, jobs: 0, power: true });
    scene.wait((6_000, 8_000));
    scene.write(device, note, 1);
}

/// New notes come in meanwhile: what is lost of a note that goes on is found by what follows, of others by nothing.
fn disk_refuses_and_process_ends(scene: &mut Scene<'_>, device: usize, other: usize) {
    let ms = scene.dice.one(&[20, 60, 150]);
    for _ in 0..scene.dice.below(4) {
        scene.create(other);
        scene.wait((10, 90));
    }
    let broken = scene.dice.one(&[Broken::Full, Broken::Write, Broken::Sync]);
    scene.fault(Fault::Disk { device, ms, broken: Some(broken) });
    for _ in 0..3 {
        scene.create(other);
        scene.wait((5, 90));
    }
    let (jobs, power) = (scene.dice.below(4) as u8, scene.dice.percent(50));
    scene.fault(Fault::Crash { device, down_ms: 1, jobs, power });
}

fn removed_for_good_while_written(scene: &mut Scene<'_>, writer: usize, remover: usize) {
    let note = scene.dice.share();
    scene.turn_to(writer, note);
    scene.wait((800, 2_500));
    let far = scene.dice.one(&[writer, remover]);
    match scene.dice.below(3) {
        0 => scene.fault(Fault::Lag { device: far, ms: 4_000, by_ms: 1_500 }),
        1 => scene.fault(Fault::Offline { device: far, ms: 5_000, silent: false }),
        _ => {}
    }
    if scene.dice.percent(50) {
        scene.type_into(writer, note, (1, 4));
        scene.wait((0, 400));
        scene.user(remover, Action::Remove { note });
    } else {
        scene.user(remover, Action::Remove { note });
        scene.wait((0, 400));
        scene.type_into(writer, note, (1, 4));
    }
    scene.wait((6_000, 12_000));
    match scene.dice.below(5) {
        0 | 1 => scene.user(writer, Action::RestoreAsNew { note }),
        2 => scene.user(writer, Action::Discard { note }),
        3 => scene.user(writer, Action::Retry { note }),
        _ => {}
    }
}

fn frames_get_lost(scene: &mut Scene<'_>, device: usize, other: usize) {
    let note = scene.dice.share();
    for device in [device, other] {
        scene.turn_to(device, note);
    }
    scene.wait((500, 2_000));
    let (up, frames) = (scene.dice.percent(30), scene.dice.within((1, 3)) as u32);
    scene.fault(Fault::Lose { device, up, frames });
    let new = scene.dice.percent(50);
    for writer in [other, if new { other } else { device }, other] {
        match new {
            true => scene.create(writer),
            false => scene.type_into(writer, note, (2, 8)),
        }
        scene.wait((50, 700));
    }
}

fn back_to_a_backup(scene: &mut Scene<'_>, device: usize) {
    let note = scene.dice.share();
    scene.fault(Fault::Backup { device });
    scene.create(device);
    scene.wait((100, 800));
    scene.write(device, note, 2);
    scene.wait((1_000, 6_000));
    scene.fault(Fault::Restore { device, down_ms: 10 });
    if scene.dice.percent(60) {
        scene.fault(Fault::Offline { device, ms: 12_000, silent: false });
    }
    scene.wait((100, 600));
    scene.create(device);
    scene.wait((100, 600));
    scene.write(device, note, 2);
}

fn everybody_apart(scene: &mut Scene<'_>, devices: usize) {
    let note = scene.dice.share();
    for device in 0..devices {
        scene.turn_to(device, note);
    }
    scene.wait((500, 2_000));
    for device in 0..devices {
        let ms = scene.dice.one(&[4_000, 15_000, 40_000]);
        scene.fault(Fault::Offline { device, ms, silent: false });
    }
    for _ in 0..2 * devices {
        let device = scene.dice.below(devices as u64) as usize;
        let (place, units) = (scene.dice.share(), scene.dice.within((1, 60)) as u8);
        match scene.dice.below(10) {
            0..6 => scene.type_into(device, note, (1, 6)),
            6..8 => scene.user(device, Action::Erase { note, place, units, ragged: false }),
            8 => scene.user(device, Action::Trash { note }),
            _ => scene.user(device, Action::Rename { note }),
        }
        scene.wait((50, 900));
    }
    let come_back = scene.at;
    for device in 0..devices {
        scene.at = come_back + scene.dice.within((8_000, 50_000));
        for _ in 0..2 {
            let choice = choice(scene.dice);
            scene.user(device, Action::Settle { note, choice });
            scene.wait((200, 3_000));
        }
        if scene.dice.percent(30) {
            scene.user(device, Action::Unsettle);
        }
    }
}
