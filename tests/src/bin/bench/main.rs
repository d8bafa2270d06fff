//! What Stet costs, most figures beside a control in the same run. Run it by `cargo xtask bench`, which builds everything at
//! full speed first. Figures are printed, never asserted.

#![expect(clippy::expect_used, clippy::panic, reason = "a measurement that can't be made says why and ends")]

mod app;
mod commit;
mod device;
mod engines;
mod fold;
mod load;
mod relay;
mod samples;
mod server;
mod size;
mod soak;
mod sync;
mod tree;
mod wire;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;
use tempfile::TempDir;

use samples::Comparison;

/// Rounds of each measurement; ours and its controls take turns.
const ROUNDS: usize = 5;
/// Edits in a round, one after the other.
const EDITS: usize = 400;
/// Edits in a round at a person's pace.
const KEYSTROKES: usize = 40;

/// What can be measured.
#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The server alone: an edit in, the other socket out
    Server,
    /// Two engines and the server
    Engines,
    /// What folding a note's rows costs and saves, on the server and on the device
    Fold,
    /// A keystroke in the engine: to the store, to the disk
    Keys,
    /// Commits of the store, one by one and in groups
    Commits,
    /// What keeping the digests costs a commit
    Digests,
    /// Edits delivered to fifty sockets, for the server's processor time
    FanOut,
    /// The memory of 5,000 sockets that say nothing
    Connections,
    /// A first sync, edits made offline, a catch-up, and a connection at rest
    Sync,
    /// The app, from process start to a caret that takes text
    Start,
    /// The app's memory and processor time when nothing happens
    Rest,
    /// The memory that typing for long takes
    Soak,
    /// Programs and packages
    Size,
}

/// Prints what Stet costs beside what the same work costs without it.
#[derive(clap::Parser)]
#[command(name = "bench")]
struct Args {
    /// What to measure; nothing named: everything
    parts: Vec<Part>,
    /// Seconds the app, or a connection, is left alone before what it takes is read
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    idle: u64,
    /// Thousands of keys that are typed to see what memory that takes
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(10..))]
    keys: u64,
    /// Also what takes minutes: a million edits to the server
    #[arg(long)]
    long: bool,
}

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some(relay::ARGUMENT) => return relay::serve(),
        Some(sync::copy::ARGUMENT) => return sync::copy::receive(),
        Some(sync::device::ARGUMENT) => return sync::device::serve(),
        _ => {}
    }
    let args = Args::parse();
    let wanted = |part: Part| args.parts.is_empty() || args.parts.contains(&part);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let (Ok(runtime), Ok(folder)) = (runtime, tempfile::tempdir()) else {
        say("no runtime or no temporary folder can be had");
        return ExitCode::FAILURE;
    };
    if wanted(Part::Server) {
        runtime.block_on(measure_server(&folder));
    }
    if wanted(Part::Engines) {
        runtime.block_on(measure_engines(&folder));
    }
    if wanted(Part::Fold) {
        fold::folds(folder.path());
        device::log::folds(folder.path());
    }
    if wanted(Part::Keys) {
        device::keys::keys(folder.path());
    }
    if wanted(Part::Commits) {
        device::commits::commits(folder.path());
    }
    if wanted(Part::Digests) {
        device::digests::digests();
    }
    if wanted(Part::FanOut) {
        runtime.block_on(load::fan_out::fan_out(folder.path()));
    }
    if wanted(Part::Connections) {
        runtime.block_on(load::connections::connections(folder.path()));
    }
    if args.long {
        runtime.block_on(load::long::long(folder.path()));
    }
    if wanted(Part::Sync) {
        runtime.block_on(sync::measure(folder.path(), Duration::from_secs(args.idle)));
    }
    if wanted(Part::Start) {
        runtime.block_on(app::starts(folder.path()));
    }
    if wanted(Part::Rest) {
        runtime.block_on(app::rest(folder.path(), Duration::from_secs(args.idle)));
    }
    if wanted(Part::Soak) {
        runtime.block_on(soak::soak(folder.path(), args.keys as usize));
    }
    if wanted(Part::Size) {
        size::report();
    }
    ExitCode::SUCCESS
}

/// What the same bytes cost without Stet. The goals are of the first two; the third shows what of the rest is the machine's: a
/// commit in a loop finds its processor awake, one between two sockets doesn't.
const CONTROLS: [&str; 3] = ["relay", "FULL commit", "both in one"];

struct Controls {
    relay: relay::Pair,
    disk: commit::Disk,
    both: relay::Pair,
}

impl Controls {
    async fn start(folder: &Path) -> Self {
        std::fs::create_dir_all(folder).expect("a folder for the controls");
        Self {
            relay: relay::Pair::start(None).await,
            disk: commit::Disk::new(&folder.join("commit.sqlite")),
            both: relay::Pair::start(Some(&folder.join("both.sqlite"))).await,
        }
    }

    async fn round(&mut self, comparison: &mut Comparison, (count, bytes): (usize, usize), pause: Duration) {
        comparison.control(0, self.relay.round(count, bytes, pause).await);
        comparison.control(1, self.disk.round(count, bytes, pause));
        comparison.control(2, self.both.round(count, bytes, pause).await);
    }
}

async fn measure_server(folder: &TempDir) {
    say("\nserver: an edit in → the other socket, committed first; µs");
    let mut ours = server::Pair::start(&folder.path().join("server")).await;
    let mut controls = Controls::start(&folder.path().join("server-controls")).await;
    let mut comparison = Comparison::new("server", &CONTROLS);
    for _ in 0..ROUNDS {
        comparison.ours(ours.round(EDITS).await);
        controls.round(&mut comparison, (EDITS, ours.bytes()), Duration::ZERO).await;
    }
    comparison.print(&[1.0, 1.0, 0.0], 1.5);
}

async fn measure_engines(folder: &TempDir) {
    say("\nengine to engine: an edit → the text of the other device's open note (three commits on the way); µs");
    let mut ours = engines::Pair::start(folder.path()).await;
    let mut controls = Controls::start(&folder.path().join("engines-controls")).await;
    let mut comparison = Comparison::new("engines", &CONTROLS);
    for _ in 0..ROUNDS {
        comparison.ours(ours.round(KEYSTROKES).await);
        controls.round(&mut comparison, (KEYSTROKES, ours.bytes()), engines::PAUSE).await;
    }
    comparison.print(&[1.0, 3.0, 0.0], 1.5);
}

/// Prints a line; a closed pipe hears nothing.
pub fn say(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stdout(), "{line}");
}
