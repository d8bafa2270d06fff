//! What Stet costs, each figure beside its control in the same run. Run it by `cargo xtask bench`, which builds
//! everything at full speed first. Figures are printed, never asserted.

#![expect(clippy::expect_used, clippy::panic, reason = "a measurement that can't be made says why and ends")]

mod app;
mod commit;
mod engines;
mod relay;
mod samples;
mod server;
mod size;
mod wire;

use std::process::ExitCode;

use tempfile::TempDir;

use samples::Comparison;

/// Rounds of each measurement; ours and its controls take turns.
const ROUNDS: usize = 5;
/// Edits in a round.
const EDITS: usize = 400;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|argument| argument == relay::ARGUMENT) {
        return relay::serve();
    }
    if arguments.iter().any(|argument| argument == "--help") {
        say("bench [server] [engines] [app] [size]    without a name: all of them");
        return ExitCode::SUCCESS;
    }
    let wanted = |name: &str| arguments.is_empty() || arguments.iter().any(|argument| argument == name);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let (Ok(runtime), Ok(folder)) = (runtime, tempfile::tempdir()) else {
        say("no runtime or no temporary folder can be had");
        return ExitCode::FAILURE;
    };
    if wanted("server") {
        runtime.block_on(measure_server(&folder));
    }
    if wanted("engines") {
        runtime.block_on(measure_engines(&folder));
    }
    if wanted("app") {
        runtime.block_on(app::report(folder.path()));
    }
    if wanted("size") {
        size::report();
    }
    ExitCode::SUCCESS
}

async fn measure_server(folder: &TempDir) {
    say("\nserver: an edit in → the other socket, committed first; µs");
    let mut ours = server::Pair::start(&folder.path().join("server")).await;
    let mut relay = relay::Pair::start().await;
    let mut disk = commit::Disk::new(&folder.path().join("commit.sqlite"));
    let mut comparison = Comparison::new("server", &["relay", "FULL commit"]);
    for _ in 0..ROUNDS {
        comparison.ours(ours.round(EDITS).await);
        comparison.control(0, relay.round(EDITS, ours.bytes()).await);
        comparison.control(1, disk.round(EDITS, ours.bytes()));
    }
    comparison.print(&[1.0, 1.0], 1.5);
}

async fn measure_engines(folder: &TempDir) {
    say("\nengine to engine: an edit → the text of the other device's open note (three commits on the way); µs");
    let mut ours = engines::Pair::start(folder.path()).await;
    let mut relay = relay::Pair::start().await;
    let mut disk = commit::Disk::new(&folder.path().join("commit3.sqlite"));
    let mut comparison = Comparison::new("engines", &["relay", "FULL commit"]);
    for _ in 0..ROUNDS {
        comparison.ours(ours.round(EDITS).await);
        comparison.control(0, relay.round(EDITS, engines::BYTES).await);
        comparison.control(1, disk.round(EDITS, engines::BYTES));
    }
    comparison.print(&[1.0, 3.0], 1.5);
}

/// Prints a line; a closed pipe hears nothing.
pub fn say(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stdout(), "{line}");
}
