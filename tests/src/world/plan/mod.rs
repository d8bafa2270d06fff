//! What users do and what goes wrong in one run, as data made from the seed: a plan can be run again with steps left out.
//! Never how a step is carried out.

mod level1;
mod scenes;

use serde::{Deserialize, Serialize};
use stet_client::api::merged::MergedChoice;

use self::level1::level1;
use self::scenes::{away_for_long, back_to_the_servers_backup, comes_late, scenes, twins};
use super::random::{Dice, Share};
use crate::disk::Broken;

/// One thing a user does. What it is done to is a share of what there is to choose from at that moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are named after what they are")]
pub enum Action {
    /// Makes a note, now and then in a folder.
    Create { folder: Share, filed: bool },
    /// Opens a note for editing.
    Open { note: Share },
    /// Closes an open note.
    Close { note: Share },
    /// Types into an open note: so many pieces of text, one keystroke each.
    Type { note: Share, place: Share, keys: u8, title: bool },
    /// Pastes a longer text.
    Paste { note: Share, place: Share, kilobytes: u8 },
    /// Deletes a stretch of an open note; a ragged one also cuts pieces in two.
    Erase { note: Share, place: Share, units: u8, ragged: bool },
    /// Gives a note another title from the list.
    Rename { note: Share },
    /// Stars or unstars.
    Star { note: Share, on: bool },
    /// Pins or unpins.
    Pin { note: Share, on: bool },
    /// Archives or takes back.
    Archive { note: Share, on: bool },
    /// Moves a note into a folder, or out of any.
    File { note: Share, folder: Share, out: bool },
    /// Adds or takes away a tag.
    Tag { note: Share, tag: Share, on: bool },
    /// Moves a note to the trash.
    Trash { note: Share },
    /// Takes a note out of the trash.
    Restore { note: Share },
    /// Removes a note in the trash for good, or now and then any note.
    Purge { note: Share, any: bool },
    /// Moves a note to the trash and removes it for good at once.
    Remove { note: Share },
    /// Removes everything in the trash for good.
    EmptyTrash,
    /// Makes a folder.
    MakeFolder { parent: Share, inside: bool },
    /// Renames a folder.
    RenameFolder { folder: Share },
    /// Moves a folder.
    MoveFolder { folder: Share, parent: Share, top: bool },
    /// Removes a folder.
    RemoveFolder { folder: Share },
    /// Looks at a note.
    Join { note: Share },
    /// Clicks *sync now*.
    SyncNow,
    /// Stops syncing, or resumes.
    Pause { on: bool },
    /// The system says that the network is back.
    NetworkUp,
    /// Reads a list and the sidebar.
    Look,
    /// Has a note say again what it once said.
    GoBack { note: Share, version: Share },
    /// Settles a passage that was marked because two sides met there.
    Settle { note: Share, choice: MergedChoice },
    /// Takes the last settling back.
    Unsettle,
    /// Makes a new note of one that was removed for good elsewhere and kept for its text.
    RestoreAsNew { note: Share },
    /// Lets go of such a note.
    Discard { note: Share },
    /// Tries again to send a note.
    Retry { note: Share },
}

/// One thing a user of a level-1 client does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are named after what they are")]
pub enum Level1Action {
    /// Looks at a note.
    Join { note: Share },
    /// Types a line into one that it looks at.
    Type { note: Share, place: Share },
    /// Deletes a line of one.
    Erase { note: Share, place: Share },
    /// Writes into the title of one, or gives it another.
    Title { note: Share, place: Share, whole: bool },
    /// Turns a flag of one.
    Flag { note: Share, flag: Flag },
    /// Moves one into a folder, or out of any.
    File { note: Share, folder: Share, out: bool },
    /// Gives one a tag, or takes it away.
    Tag { note: Share, tag: Share },
    /// Makes a note.
    Create,
    /// Moves one to the trash.
    Delete { note: Share },
    /// Its connection breaks.
    Disconnect,
}

/// Flags that level 1 knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "named as the protocol does")]
pub enum Flag {
    Starred,
    Archived,
    Hidden,
    Deleted,
}

/// One thing that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are named after what they are; times in milliseconds")]
pub enum Fault {
    /// The connection breaks: everything in flight is lost. The server learns of it later.
    Disconnect { device: usize, server_learns_ms: u64 },
    /// Frames vanish from now on, one way or both; nobody is told.
    HalfOpen { device: usize, up: bool, down: bool },
    /// No network; attempts fail at once, or get no answer at all.
    Offline { device: usize, ms: u64, silent: bool },
    /// Everything takes longer.
    Lag { device: usize, ms: u64, by_ms: u64 },
    /// The device doesn't take what the server sends.
    Stall { device: usize, ms: u64 },
    /// The next frames vanish, one way; those after them arrive.
    Lose { device: usize, up: bool, frames: u32 },
    /// The next frames arrive twice.
    Duplicate { device: usize, frames: u32 },
    /// The server ends, politely or not, and starts again; with the power what wasn't synced may be gone.
    Restart { down_ms: u64, polite: bool, power: bool },
    /// The server's disk refuses during its next groups of writes, after so many operations. `None`: it does what it is
    /// told, and says that it didn't.
    ServerDisk { groups: u32, broken: Option<Broken>, works: u32 },
    /// The process ends after so many waiting disk jobs; with the power what wasn't synced may be gone too.
    Crash { device: usize, down_ms: u64, jobs: u8, power: bool },
    /// Somebody copies the device's files aside.
    Backup { device: usize },
    /// The process ends and the device's files are those of its last backup; what was made since is lost unless it was sent.
    Restore { device: usize, down_ms: u64 },
    /// The device's files are copied to another machine, and both go on: as one device, for all they know.
    Twin { device: usize },
    /// The disk refuses, sometimes in the middle of a transaction. `None`: it does what it is told, and says that it didn't.
    Disk { device: usize, ms: u64, broken: Option<Broken> },
    /// The process doesn't run.
    Freeze { device: usize, ms: u64 },
    /// Tokens are missing, or run out at once.
    Token { device: usize, ms: u64, missing: bool },
    /// The wall clock jumps.
    Clock { device: usize, by_ms: i64 },
    /// The server's wall clock jumps.
    ServerClock { by_ms: i64 },
    /// Everybody sleeps for so long, the server too, and wakes at once.
    Sleep { days: u64 },
    /// Somebody copies the server's files aside.
    ServerBackup,
    /// The server ends, and its files are those of its last backup.
    ServerRestore { down_ms: u64 },
}

impl Action {
    /// Its name in counts.
    pub fn name(&self) -> String {
        first_word(&format!("{self:?}"))
    }
}

impl Level1Action {
    /// Its name in counts.
    pub fn name(&self) -> String {
        format!("Level1{}", first_word(&format!("{self:?}")))
    }
}

impl Fault {
    /// Its name in counts.
    pub fn name(&self) -> String {
        first_word(&format!("{self:?}"))
    }
}

fn first_word(text: &str) -> String {
    text.split([' ', '{']).next().unwrap_or_default().to_owned()
}

/// What a step is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// A user on this device does something.
    User(usize, Action),
    /// A user of this level-1 client does something.
    Level1(usize, Level1Action),
    /// Something goes wrong.
    Fault(Fault),
}

/// A step of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// When, simulated milliseconds.
    pub at: u64,
    /// What.
    pub what: What,
}

/// What a run is like throughout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// How many devices.
    pub devices: usize,
    /// When each starts, milliseconds.
    pub starts: Vec<u64>,
    /// One way over the network, milliseconds.
    pub latency_ms: (u64, u64),
    /// One transaction, milliseconds.
    pub disk_ms: (u64, u64),
    /// How long a token lasts, milliseconds.
    pub token_ms: u64,
    /// Bytes of rows in one batch of a catch-up.
    pub batch_bytes: usize,
    /// Bytes waiting for a reader above which the server stops feeding it.
    pub backlog_bytes: usize,
    /// Updates a connection may have in flight.
    pub updates_in_flight: u64,
    /// Messages a minute.
    pub messages_per_minute: u64,
    /// In a hundred frames, so many arrive twice: harsher than any real network.
    pub duplicates: u64,
    /// Level-1 clients of the same user.
    #[serde(default)]
    pub level1: usize,
}

/// A whole run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Where it comes from; latencies and contents are drawn from it too.
    pub seed: u64,
    /// What it is like.
    pub config: Config,
    /// What happens, in order.
    pub steps: Vec<Step>,
    /// When everything is made well, simulated milliseconds.
    pub heal_at: u64,
}

/// What users do at least, beside scenes; some find nothing to be done to.
const ACTIONS: u64 = 250;
/// What is to go wrong at least, beside scenes; some has no effect.
const FAULTS: u64 = 30;

const MINUTE: u64 = 60_000;
const YEARS: i64 = 365 * 86_400_000;
/// How far clocks jump, milliseconds.
const JUMPS: [i64; 4] = [-10 * YEARS, -3_600_000, 3_600_000, 10 * YEARS];

impl Plan {
    /// A plan that was written by [`Plan::to_json`].
    ///
    /// # Errors
    /// Where it isn't one.
    pub fn from_json(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }

    /// To be kept in a file: a line a step.
    pub fn to_json(&self) -> String {
        let steps: Vec<String> = self.steps.iter().filter_map(|step| serde_json::to_string(step).ok()).collect();
        let config = serde_json::to_string(&self.config).unwrap_or_default();
        let (seed, heal_at) = (self.seed, self.heal_at);
        let steps = steps.join(",\n");
        format!("{{\"seed\":{seed},\"heal_at\":{heal_at},\n\"config\":{config},\n\"steps\":[\n{steps}\n]}}\n")
    }

    /// The plan of a seed.
    pub fn from_seed(seed: u64) -> Self {
        let mut dice = Dice::new(seed, 1);
        let mut disks = Dice::new(seed, 3);
        let mut copies = Dice::new(seed, 5);
        let mut staged = Dice::new(seed, 6);
        let mut config = config(&mut dice);
        let mut steps = Vec::new();
        let mut at = 500;
        let actions = dice.within((ACTIONS, ACTIONS + 30));
        for n in 0..actions {
            let what = What::User(dice.below(config.devices as u64) as usize, action(&mut dice, n));
            steps.push(Step { at, what });
            at += match dice.below(100) {
                0..70 => dice.within((20, 500)),
                70..95 => dice.within((500, 4_000)),
                _ => dice.within((5_000, 70_000)),
            };
        }
        for _ in 0..dice.within((FAULTS, FAULTS + 8)) {
            let fault = fault(&mut dice, &mut disks, config.devices);
            steps.push(Step { at: dice.below(at), what: What::Fault(fault) });
        }
        steps.extend(copied(&mut copies, config.devices, at));
        steps.extend(scenes(&mut staged, config.devices, at));
        steps.extend(rare(&mut Dice::new(seed, 7), config.devices, at));
        let mut older = Dice::new(seed, 8);
        config.level1 = older.one(&[0, 0, 0, 1, 2]);
        for client in 0..config.level1 {
            steps.extend(level1(&mut older, (client, config.devices), at));
        }
        let mut late = Dice::new(seed, 9);
        if late.percent(40) {
            let (device, start) = (late.below(config.devices as u64) as usize, at / 3 + late.below(at / 2));
            config.starts[device] = start;
            steps.extend(comes_late(&mut late, start, device));
        }
        steps.sort_by_key(|step| step.at);
        let end = steps.last().map_or(at, |step| step.at.max(at));
        Self { seed, config, steps, heal_at: end + 2_000 }
    }
}

fn config(dice: &mut Dice) -> Config {
    let devices = dice.within((3, 4)) as usize;
    Config {
        devices,
        starts: (0..devices).map(|_| dice.one(&[0, 100, 3_000, 20_000])).collect(),
        latency_ms: dice.one(&[(1, 5), (5, 60), (20, 400)]),
        disk_ms: dice.one(&[(0, 1), (1, 15), (5, 120)]),
        token_ms: dice.one(&[2 * MINUTE, 15 * MINUTE, 30 * 24 * 60 * MINUTE]),
        batch_bytes: dice.one(&[400, 4_000, 1 << 20]),
        backlog_bytes: dice.one(&[1_500, 8 << 20, 8 << 20]),
        updates_in_flight: dice.one(&[1, 3, 64]),
        messages_per_minute: dice.one(&[200, 6_000, 6_000]),
        duplicates: dice.one(&[0, 0, 0, 10]),
        level1: 0,
    }
}

fn action(dice: &mut Dice, n: u64) -> Action {
    let (note, place, folder) = (dice.share(), dice.share(), dice.share());
    let on = dice.percent(60);
    if n < 6 && dice.percent(50) {
        return Action::Create { folder, filed: false };
    }
    match dice.below(124) {
        0..30 => Action::Type { note, place, keys: dice.within((1, 6)) as u8, title: dice.percent(15) },
        30..32 => Action::Type { note, place, keys: dice.one(&[10, 10, 20, 20, 40, 160]), title: false },
        32..46 => Action::Open { note },
        46..50 => Action::Close { note },
        50..53 => Action::Paste { note, place, kilobytes: dice.one(&[1, 1, 1, 1, 1, 2, 2, 2, 4, 16]) },
        53..62 => Action::Erase { note, place, units: dice.within((1, 90)) as u8, ragged: dice.percent(35) },
        62..69 => Action::Create { folder, filed: on },
        69..72 => Action::Rename { note },
        72..76 => Action::Star { note, on },
        76..77 => Action::Pin { note, on },
        77..79 => Action::Archive { note, on },
        79..83 => Action::File { note, folder, out: dice.percent(25) },
        83..87 => Action::Tag { note, tag: folder, on },
        87..91 => Action::Trash { note },
        91..93 => Action::Restore { note },
        93..95 => Action::Purge { note, any: false },
        95..96 => Action::Remove { note },
        96..97 => Action::EmptyTrash,
        97..100 => Action::MakeFolder { parent: folder, inside: on },
        100..102 => Action::RenameFolder { folder },
        102..104 => Action::MoveFolder { folder, parent: place, top: dice.percent(30) },
        104..105 => Action::RemoveFolder { folder },
        105..107 => Action::Join { note },
        107..108 => Action::SyncNow,
        108..110 => Action::Pause { on: dice.percent(40) },
        110..111 => Action::NetworkUp,
        111..112 => Action::Look,
        112..115 => Action::GoBack { note, version: place },
        115..119 => Action::Settle { note, choice: choice(dice) },
        119..121 => Action::Unsettle,
        121..122 => Action::RestoreAsNew { note },
        122..123 => Action::Discard { note },
        _ => Action::Retry { note },
    }
}

fn choice(dice: &mut Dice) -> MergedChoice {
    dice.one(&[MergedChoice::KeepBoth, MergedChoice::Mine, MergedChoice::Theirs, MergedChoice::Done])
}

fn fault(dice: &mut Dice, disks: &mut Dice, devices: usize) -> Fault {
    let device = dice.below(devices as u64) as usize;
    let ms = dice.one(&[300, 2_000, 12_000, 50_000]);
    match dice.below(100) {
        0..16 => Fault::Disconnect { device, server_learns_ms: dice.one(&[0, 50, 5_000, 90_000]) },
        16..24 => {
            let up = dice.percent(60);
            Fault::HalfOpen { device, up, down: !up || dice.percent(50) }
        }
        24..36 => Fault::Offline { device, ms, silent: dice.percent(30) },
        36..40 => Fault::Lag { device, ms, by_ms: dice.one(&[200, 3_000]) },
        40..46 => Fault::Stall { device, ms },
        46..50 => Fault::Duplicate { device, frames: dice.within((1, 12)) as u32 },
        50..58 => {
            let down_ms = dice.one(&[10, 1_000, 20_000]);
            Fault::Restart { down_ms, polite: dice.percent(40), power: disks.percent(50) }
        }
        58..63 => {
            let groups = dice.within((1, 5)) as u32;
            let broken = broken(dice.percent(50), disks, &[Broken::Full, Broken::Write, Broken::Sync]);
            Fault::ServerDisk { groups, broken, works: disks.below(8) as u32 }
        }
        63..80 => {
            let (down_ms, jobs) = (dice.one(&[1, 500, 30_000]), dice.below(4) as u8);
            Fault::Crash { device, down_ms, jobs, power: disks.percent(60) }
        }
        80..88 => {
            let ms = dice.one(&[300, 3_000, 10_000]);
            let all = [Broken::Full, Broken::Write, Broken::Sync, Broken::Read];
            Fault::Disk { device, ms, broken: broken(dice.percent(40), disks, &all) }
        }
        88..92 => Fault::Freeze { device, ms },
        92..96 => Fault::Token { device, ms, missing: dice.percent(50) },
        96..99 => Fault::Clock { device, by_ms: dice.one(&JUMPS) },
        _ => Fault::ServerClock { by_ms: dice.one(&JUMPS) },
    }
}

/// A third of all runs have a device that goes on in two places, another third one that goes back to an old backup.
fn copied(dice: &mut Dice, devices: usize, end: u64) -> Vec<Step> {
    let device = dice.below(devices as u64) as usize;
    let (early, late) = (dice.below(end / 2), end / 2 + dice.below(end / 2));
    match dice.below(3) {
        0 => {
            let down_ms = dice.one(&[10, 1_000, 20_000]);
            let (backup, restore) = (Fault::Backup { device }, Fault::Restore { device, down_ms });
            [(early, backup), (late, restore)].map(|(at, fault)| Step { at, what: What::Fault(fault) }).into()
        }
        1 => twins(dice, early, (device, devices)),
        _ => Vec::new(),
    }
}

/// A quarter of all runs have a server that goes back to an old backup, another one a device that is away for long.
fn rare(dice: &mut Dice, devices: usize, end: u64) -> Vec<Step> {
    match dice.below(4) {
        0 => back_to_the_servers_backup(dice, end),
        1 => {
            let device = dice.below(devices as u64) as usize;
            let at = end / 4 + dice.below(end / 2);
            away_for_long(dice, at, device)
        }
        _ => Vec::new(),
    }
}

/// What a disk refuses, if it doesn't only say so.
fn broken(only_says_so: bool, disks: &mut Dice, of: &[Broken]) -> Option<Broken> {
    let broken = disks.one(of);
    (!only_says_so).then_some(broken)
}
