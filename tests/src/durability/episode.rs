//! One server, one device that is killed again and again, and one that isn't: writes, kills, and a look after each kill.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use stet_client::api::note::Settings;

use super::check::{self, DATABASE, Left, Words};
use super::process::{Heard, Stage, Writer};
use super::report::{Phase, Report};
use super::{Options, schema};
use crate::device::Device;
use crate::stage::{Ground, ServerProcess};
use crate::wait::{eventually, same};
use crate::world::random::Dice;

/// How long opening takes, before it was ever measured.
const OPENING: Duration = Duration::from_millis(40);
/// The longest time a process is let be beyond what was waited for.
const A_MOMENT: u64 = 60_000;

/// Between two looks for a file that is soon there.
const A_GLANCE: Duration = Duration::from_micros(200);
/// Microseconds within which a migration of a small store is done.
const MIGRATING: u64 = 6_000;

/// When the engine is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// While it opens its store.
    Opening,
    /// As soon as the copy from before a migration is there.
    Migrating,
    /// Soon after, while it connects and fetches.
    Syncing,
    /// As soon as it has called so many writes saved.
    Saved(usize),
    /// As soon as so many were called saved, after a longer time, in which the server was killed.
    WithoutServer(usize),
}

/// What goes on.
pub struct Episode<'a> {
    options: &'a Options,
    number: u64,
    report: &'a Mutex<Report>,
    dice: Dice,
    server: ServerProcess,
    token: String,
    /// The device that isn't killed.
    other: Device,
    /// What the killed engines called saved.
    saved: Words,
    kills: u64,
    /// New devices so far, each with a folder of its own.
    fresh: u64,
    opening: Duration,
    /// The version of the tables that isn't migrated any more.
    newest: u32,
    // Last, so that what runs on it is gone first.
    ground: Ground,
}

impl<'a> Episode<'a> {
    /// A server and two devices with nothing in them.
    pub async fn start(options: &'a Options, number: u64, report: &'a Mutex<Report>) -> Self {
        let ground = Ground::shared("durability");
        let server = ServerProcess::start(&ground).await;
        let token = server.token("anna");
        let other = Device::start(&ground.folder("other"), "Other", &server.url(), &token).await;
        // The server goes away often: nobody has the time to wait as long as people would.
        let hurry = |settings: &mut Settings| {
            (settings.backoff_base_ms, settings.backoff_cap_ms, settings.max_attempts) = (20, 200, u32::MAX);
        };
        other.set(hurry).await;
        let dice = Dice::new(options.seed, number);
        let newest = schema::version(&ground.folder("other").join(DATABASE)).expect("the other device's tables");
        let (saved, opening, kills, fresh) = (Words::new(), OPENING, 0, 0);
        Self { options, number, report, dice, server, token, other, saved, kills, fresh, opening, newest, ground }
    }

    /// Kills so many times; after a few each, everybody has to agree.
    pub async fn run(&mut self, kills: u64) {
        while self.kills < kills {
            self.grow_older();
            for _ in 0..self.dice.within((1, 3)).min(kills - self.kills) {
                self.write_elsewhere().await;
                self.kill_once().await;
            }
            self.agree().await;
        }
    }

    /// Ends what still runs.
    pub async fn end(self) {
        self.other.stop().await;
    }

    fn report(&self) -> MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn folder(&self) -> PathBuf {
        self.ground.folder("killed")
    }

    /// Sometimes the device goes back to the tables of an earlier version.
    fn grow_older(&mut self) {
        let database = self.folder().join(DATABASE);
        if database.exists() && self.dice.percent(45) {
            let versions = schema::older_versions(&database);
            schema::make_older(&database, self.dice.one(&versions));
            // What a migration before this one left behind would be taken for this one's.
            check::remove_copies(&self.folder());
        }
    }

    /// The other device writes, so that there is something to fetch, and something to merge.
    async fn write_elsewhere(&mut self) {
        for count in 0..self.dice.below(4) {
            let title = format!("Elsewhere {}-{count}", self.kills);
            self.other.create(&title, "Written on the other device.\n").await;
        }
        let notes: Vec<_> = self.saved.keys().copied().collect();
        for note in notes.into_iter().take(3) {
            if self.other.row(note).await.is_some() {
                self.other.append(note, "Appended on the other device.\n").await;
            }
        }
    }

    async fn kill_once(&mut self) {
        let folder = self.folder();
        let before = check::look(&folder, &self.ground.folder("aside"));
        let old = before.version.is_some_and(|version| version < self.newest);
        let moment = match self.dice.below(100) {
            0..50 if old => Moment::Migrating,
            50..85 if old => Moment::Opening,
            0..12 => Moment::Opening,
            12..30 => Moment::Syncing,
            30..80 => Moment::Saved(self.dice.below(80) as usize),
            _ => Moment::WithoutServer(self.dice.below(60) as usize),
        };
        let writer = Writer::start(&self.arguments(), &self.ground.environment(), &self.ground.log("writer.log"));
        let heard = self.kill_at(moment, writer).await;
        let left = check::look(&folder, &self.ground.folder("aside"));
        self.note_down(&before, &left, old, &heard);
        self.check(&left, old);
    }

    fn arguments(&mut self) -> Vec<String> {
        self.kills += 1;
        let text = |path: PathBuf| path.to_string_lossy().into_owned();
        let (round, seed) = (self.kills.to_string(), self.dice.below(u64::MAX).to_string());
        let mut arguments: Vec<String> = ["--data", &text(self.folder()), "--server", &self.server.url()]
            .into_iter()
            .chain(["--token", &self.token, "--round", &round, "--seed", &seed])
            .map(ToOwned::to_owned)
            .collect();
        arguments.extend(self.options.mutant.iter().flat_map(|name| ["--mutant".to_owned(), name.clone()]));
        arguments
    }

    /// Waits for the moment, and kills.
    async fn kill_at(&mut self, moment: Moment, mut writer: Writer) -> Heard {
        writer.until("its first word", |heard| heard.stage >= Stage::Opening).await;
        match moment {
            Moment::Opening => {
                let most = self.opening.as_micros() as u64 * 5 / 4;
                writer.let_be(Duration::from_micros(self.dice.below(most))).await;
                return writer.kill();
            }
            Moment::Migrating => {
                while writer.is_opening() && !check::has_copy(&self.folder()) {
                    writer.let_be(A_GLANCE).await;
                }
                writer.let_be(Duration::from_micros(self.dice.below(MIGRATING))).await;
                return writer.kill();
            }
            Moment::Syncing => {
                let begun = Instant::now();
                writer.until("an open store", |heard| heard.stage >= Stage::Open).await;
                self.opening = begun.elapsed();
                writer.let_be(Duration::from_micros(self.dice.below(A_MOMENT))).await;
            }
            Moment::Saved(count) => {
                writer.until("writes that are saved", |heard| heard.saved.len() > count).await;
                // Most often at once: what was just called saved has to be.
                if self.dice.percent(30) {
                    writer.let_be(Duration::from_micros(self.dice.below(A_MOMENT))).await;
                }
            }
            Moment::WithoutServer(count) => {
                writer.until("writes that are saved", |heard| heard.saved.len() > count).await;
                self.server.kill();
                self.report().server_kills += 1;
                writer.until("writes without a server", |heard| heard.saved.len() > count * 2).await;
                if self.dice.percent(50) {
                    self.server.restart().await;
                    writer.until("writes sent again", |heard| heard.sent.len() > count).await;
                    return writer.kill();
                }
                let heard = writer.kill();
                self.server.restart().await;
                return heard;
            }
        }
        writer.kill()
    }

    fn note_down(&mut self, before: &Left, left: &Left, old: bool, heard: &Heard) {
        let phase = match heard.stage {
            Stage::Started | Stage::Opening if !old => Phase::Opening,
            Stage::Started | Stage::Opening if left.version != before.version => Phase::Migrated,
            Stage::Started | Stage::Opening if left.part => Phase::Copying,
            Stage::Started | Stage::Opening if left.copies != before.copies => Phase::Migrating,
            Stage::Started | Stage::Opening => Phase::BeforeMigration,
            Stage::Open if heard.saved.is_empty() => Phase::Syncing,
            Stage::Open if heard.sent.is_empty() => Phase::Writing,
            Stage::Open => Phase::Sending,
        };
        for (note, word) in &heard.saved {
            self.saved.entry(*note).or_default().insert(word.clone());
        }
        let mut report = self.report();
        report.killed(phase);
        report.saved += heard.saved.len() as u64;
        report.sent += heard.sent.len() as u64;
    }

    /// What the kill left is whole, and everything that was ever called saved is in it.
    fn check(&self, left: &Left, old: bool) {
        let aside = self.ground.folder("aside");
        self.expect_nothing_missing(&check::missing(&self.folder().join(DATABASE), &aside, &self.saved));
        self.report().opened += 1;
        if old {
            for copy in &left.copies {
                // It is of an earlier moment: it has to be whole, not to have the newest words.
                check::missing(copy, &aside, &Words::new());
                self.report().copies += 1;
            }
        }
    }

    fn expect_nothing_missing(&self, missing: &[String]) {
        self.report().lost += missing.len() as u64;
        assert!(
            missing.is_empty(),
            "kill {} of episode {}: called saved, and lost: {missing:?}",
            self.kills,
            self.number
        );
    }

    /// The device starts again and catches up: it, the other one and one that begins with nothing have the same notes,
    /// every word among them that was called saved, and each finds itself identical with the server.
    async fn agree(&mut self) {
        self.fresh += 1;
        let start = async |folder: &Path, name: &str| {
            let device = Device::start(folder, name, &self.server.url(), &self.token).await;
            device.is_synced().await;
            device
        };
        let device = start(&self.folder(), "Writer").await;
        self.other.is_synced().await;
        let fresh = start(&self.ground.folder(&format!("fresh-{}", self.fresh)), "New").await;
        for (name, one) in [("the killed device", &device), ("the other device", &self.other), ("a new device", &fresh)]
        {
            one.until(&format!("{name} verified"), |status| status.is_synced && status.verified.is_some()).await;
        }
        let contents = eventually("the same notes everywhere", async || {
            let here = check::contents(&device).await;
            same(&check::contents(&fresh).await, &here)?;
            same(&check::contents(&self.other).await, &here)?;
            Ok::<_, String>(here)
        })
        .await;
        let nothing = String::new();
        let lacks = |note, word: &String| !contents.get(note).unwrap_or(&nothing).contains(word.as_str());
        let words = self.saved.iter().flat_map(|(note, words)| words.iter().map(move |word| (note, word)));
        let missing: Vec<String> =
            words.filter(|(note, word)| lacks(note, word)).map(|(_, word)| word.clone()).collect();
        self.expect_nothing_missing(&missing);
        device.stop().await;
        fresh.stop().await;
        self.report().agreements += 1;
    }
}
