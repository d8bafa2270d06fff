//! The app: from process start to a caret that takes text, and the memory of its process tree, beside the same program
//! with an empty window.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use stet_client::api::Event;
use stet_client::api::command::CreateNote;
use stet_client::config::TokenSource;
use stet_client::desktop::{Notice, Tray};
use stet_client::network::Network;
use stet_client::{Client, Config, Desktop};
use stet_model::id::NoteId;
use stet_tests::stage::{Program, Stage, program};
use stet_tests::wait::{eventually_within, holds};

use crate::samples::Round;
use crate::say;
use crate::tree;

/// Notes in the data folder, and how much longer than an empty window a start with them may take.
const STORES: [(usize, f64); 2] = [(10_000, 1.5), (100_000, 2.0)];
/// Notes that are made at once, so that they share commits.
const AT_ONCE: usize = 64;
/// Starts that are measured, after one that warms the caches.
const STARTS: usize = 12;
/// The share of starts that are quicker than the one that counts: without a graphics card WebKit waits half a second for a
/// first picture now and then, in either window, and a median would be a draw.
const QUICK: f64 = 0.25;
/// Quiet after a start, before it counts as idle.
const SETTLE: Duration = Duration::from_secs(10);
/// What has less to do than the app is watched no longer than this.
const SHORTER: Duration = Duration::from_secs(60);
/// A start may take this long.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Making the search index of the largest store may take this long.
const INDEXED_WITHIN: Duration = Duration::from_secs(900);
/// The line that says that the window takes keys, or that the empty window has its page.
const READY: &str = "stet ready";

/// A desktop nobody looks at.
struct Nobody;

impl Desktop for Nobody {
    fn emit(&self, _event: &Event) {}

    fn set_tray(&self, _tray: &Tray) {}

    fn notify(&self, _notice: &Notice) {}

    fn show_window(&self, _note: Option<NoteId>) {}

    fn open_url(&self, _url: &str) {}

    fn set_badge(&self, _unsent: u32) {}
}

/// From process start to a caret that takes text.
pub async fn starts(folder: &Path) {
    let stage = Stage::set_up("bench").await;
    for (notes, goal) in STORES {
        let data = data(folder, notes).await;
        start_often(&stage, &data, notes, goal).await;
    }
}

async fn start_often(stage: &Stage, data: &Path, notes: usize, goal: f64) {
    say(&format!("\napp with {notes} notes: from process start, beside the same program with an empty window"));
    let (mut full, mut empty) = (Vec::new(), Vec::new());
    for n in 0..=STARTS {
        let times = [start(stage, data, false, n).await.1, start(stage, data, true, n).await.1];
        if n > 0 {
            full.push(times[0]);
            empty.push(times[1]);
        }
    }
    let ours = line("caret takes text, ms", full);
    let control = line("empty window, ms", empty);
    say(&format!("  ours ÷ control: {:.2}  (goal ≤ {goal})", ours / control));
}

/// What a program takes when nothing happens.
struct AtRest {
    megabytes: f64,
    /// Share of a core, %.
    busy: f64,
}

impl AtRest {
    async fn of(program: &mut Program, idle: Duration) -> Self {
        let process = program.id();
        tokio::time::sleep(SETTLE).await;
        let before = tree::processor_time(process);
        tokio::time::sleep(idle).await;
        program.expect_alive();
        let spent = tree::processor_time(process).saturating_sub(before);
        Self { megabytes: tree::memory(process), busy: 100.0 * spent.as_secs_f64() / idle.as_secs_f64() }
    }
}

/// Memory and processor time of the app at rest, with its window and in the tray, after and before an empty window. Never
/// both at once: of what they share each would count half, and people have one.
pub async fn rest(folder: &Path, idle: Duration) {
    let (notes, _) = STORES[0];
    let stage = &Stage::set_up("bench").await;
    let data = &data(folder, notes).await;
    say(&format!("\napp with {notes} notes at rest for {} s, between two empty windows", idle.as_secs()));
    let before = empty_at_rest(stage, data, 101, idle).await;
    let (mut app, _) = start(stage, data, false, 100).await;
    let shown = AtRest::of(&mut app, idle).await;
    stage.screen().close_windows(app.id()).await;
    eventually_within(PATIENCE, "the web view to be let go of", async || {
        let web = tree::processes(app.id()).iter().filter(|it| tree::name(**it).contains("WebKitWebPro")).count();
        holds(web == 0, web)
    })
    .await;
    let hidden = AtRest::of(&mut app, idle.min(SHORTER)).await;
    drop(app);
    let after = empty_at_rest(stage, data, 102, idle).await;
    let control = f64::midpoint(before.megabytes, after.megabytes);
    say(&format!("  processor, % of a core      {:.2}  (goal < 0.5)", shown.busy));
    say(&format!("  in the tray                 {:.2}", hidden.busy));
    say(&format!("  empty windows               {:.2} and {:.2}", before.busy, after.busy));
    say(&format!("  memory (PSS), MB            {:.0}", shown.megabytes));
    say(&format!("  in the tray                 {:.0}", hidden.megabytes));
    say(&format!("  empty windows               {:.0} and {:.0}", before.megabytes, after.megabytes));
    say(&format!("  ours ÷ empty window         {:.2}  (goal ≤ 1.25)", shown.megabytes / control));
    say(&format!("  in the tray ÷ empty window  {:.2}  (goal ≤ 0.6)", hidden.megabytes / control));
}

async fn empty_at_rest(stage: &Stage, data: &Path, n: usize, idle: Duration) -> AtRest {
    let (mut window, _) = start(stage, data, true, n).await;
    AtRest::of(&mut window, idle.min(SHORTER)).await
}

/// Starts the app and waits until it says that it is ready; milliseconds from process start.
pub async fn start(stage: &Stage, data: &Path, empty: bool, n: usize) -> (Program, f64) {
    let notes = data.file_name().expect("a folder has a name").to_string_lossy();
    let home = stage.folder("bench-home");
    ["share", "config", "cache", "run"].iter().for_each(|folder| {
        stage.folder(&format!("bench-home/{folder}"));
    });
    let log: PathBuf = stage.ground().log(&format!("{notes}-{empty}-{n}.log"));
    let mut command = Command::new(program("stet"));
    command.env_clear().envs(stage.environment(&home)).env("STET_LOG", "info").arg("--data").arg(data);
    if empty {
        command.arg("--empty-window");
    }
    let begun = Instant::now();
    let app = Program::start(&mut command, &log);
    while !app.errors().contains(READY) {
        assert!(begun.elapsed() < PATIENCE, "the app didn't get ready: {}", app.errors());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let took = begun.elapsed().as_secs_f64() * 1e3;
    (app, took)
}

/// A data folder with this many notes, every one in the search index, made if it isn't there.
async fn data(folder: &Path, notes: usize) -> PathBuf {
    let data = folder.join(format!("app-data-{notes}"));
    if !data.exists() {
        fill(&data, notes).await;
    }
    data
}

async fn fill(data: &Path, notes: usize) {
    let config = Config {
        data_dir: data.to_owned(),
        server_url: None,
        token: TokenSource::Kept(data.join("token")),
        network: Network::default(),
        device_name: "bench".into(),
        platform: "linux".into(),
        app_version: "0".into(),
    };
    let client = Client::start(config, Arc::new(Nobody)).expect("an engine");
    let text = "The bed along the wall gets sun until four. Beans at the back, where the wire is.\n".repeat(12);
    let make = async |n| {
        let note = CreateNote { folder_id: None, title: format!("Note {n}"), body: format!("{n} {text}") };
        client.call(note).await.expect("a note");
    };
    futures_util::stream::iter(0..notes).map(make).buffer_unordered(AT_ONCE).collect::<()>().await;
    let (_, reader) = stet_store::open(&data.join("notes.sqlite"), &stet_store::Options::default()).expect("a store");
    eventually_within(INDEXED_WITHIN, "every note to be in the search index", async || {
        let left = reader.unindexed(1).expect("a store that can be read");
        holds(left.is_empty(), left.len())
    })
    .await;
    client.shutdown().await;
}

fn line(what: &str, times: Vec<f64>) -> f64 {
    let low = times.iter().copied().fold(f64::INFINITY, f64::min);
    let high = times.iter().copied().fold(0.0, f64::max);
    let times = Round(times);
    let quick = times.quantile(QUICK);
    say(&format!("  {what:<22} p25 {quick:>6.0}  p50 {:>6.0}  ({low:.0} to {high:.0})", times.quantile(0.5)));
    quick
}
