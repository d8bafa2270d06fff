//! Whether anything is lost when the engine is killed: the real engine in a process of its own, a real server, `kill -9`
//! at random moments, and a look at what is left after each. What is done is decided by a seed; when it happens isn't:
//! processes run as fast as they run, so a seed doesn't bring the same moment again. Nothing is killed gently here.

mod check;
mod episode;
mod process;
mod report;
pub mod schema;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

pub use report::Report;

use episode::Episode;

/// Kills in an episode: a server, a device's folder and what is written there from nothing on.
const KILLS_IN_AN_EPISODE: u64 = 10;

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many kills.
    pub kills: u64,
    /// What decides.
    pub seed: u64,
    /// Episodes at the same time.
    pub lanes: u32,
    /// A fault to put into the engine's process, by name.
    pub mutant: Option<String>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What was done and found.
    pub report: Report,
    /// The episodes in which something didn't hold, each with what that was.
    pub failed: Vec<String>,
}

/// Kills, looks, and kills again. An episode ends at the first thing that doesn't hold; its folder is kept. `tell` hears
/// what came of each episode.
pub fn run(options: &Options, tell: impl Fn(&Report) + Sync) -> Outcome {
    let episodes = options.kills.div_ceil(KILLS_IN_AN_EPISODE);
    let (next, outcome) = (AtomicU64::new(0), Mutex::new(Outcome::default()));
    std::thread::scope(|scope| {
        for _ in 0..options.lanes.max(1) {
            scope.spawn(|| {
                loop {
                    let episode = next.fetch_add(1, Ordering::Relaxed);
                    if episode >= episodes {
                        return;
                    }
                    let kills = KILLS_IN_AN_EPISODE.min(options.kills - episode * KILLS_IN_AN_EPISODE);
                    let (report, failure) = one(options, episode, kills);
                    let mut outcome = outcome.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    outcome.report.add(&report);
                    outcome.failed.extend(failure);
                    tell(&outcome.report);
                }
            });
        }
    });
    outcome.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// One episode on a runtime of its own; a thing that doesn't hold is told by a panic.
fn one(options: &Options, number: u64, kills: u64) -> (Report, Option<String>) {
    let report = Mutex::new(Report::default());
    let run = || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        runtime.block_on(async {
            let mut episode = Episode::start(options, number, &report).await;
            episode.run(kills).await;
            episode.end().await;
        });
    };
    // On a thread of its own, so that the panic ends nothing else.
    let ended = std::thread::scope(|scope| scope.spawn(run).join());
    let failure = ended.err().map(|panic| {
        let said = panic.downcast_ref::<String>().cloned();
        let said = said.or_else(|| panic.downcast_ref::<&str>().map(|said| (*said).to_owned()));
        format!("episode {number} of seed {}: {}", options.seed, said.unwrap_or_default())
    });
    (report.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner), failure)
}
