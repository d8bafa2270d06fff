//! The app: from process start to a caret that takes text, and the memory of its process tree, beside the same program
//! with an empty window.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use stet_client::api::Event;
use stet_client::api::command::CreateNote;
use stet_client::config::TokenSource;
use stet_client::desktop::{Notice, Tray};
use stet_client::{Client, Config, Desktop};
use stet_model::id::NoteId;
use stet_tests::stage::{Program, Stage, program};
use stet_tests::wait::{eventually_within, holds};

use crate::samples::Round;
use crate::say;

/// Notes in the data folder.
const NOTES: usize = 10_000;
/// Starts that are measured, after one that warms the caches.
const STARTS: usize = 7;
/// Quiet before memory is read.
const SETTLE: Duration = Duration::from_secs(10);
/// A start may take this long.
const PATIENCE: Duration = Duration::from_secs(60);
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

pub async fn report(folder: &Path) {
    say(&format!("\napp with {NOTES} notes beside the same program with an empty window"));
    let data = folder.join("app-data");
    fill(&data).await;
    let stage = Stage::set_up("bench").await;
    let (mut full, mut empty) = (Vec::new(), Vec::new());
    for n in 0..=STARTS {
        let times = [start(&stage, &data, false, n).await.1, start(&stage, &data, true, n).await.1];
        if n > 0 {
            full.push(times[0]);
            empty.push(times[1]);
        }
    }
    let ours = line("caret takes text, ms", full);
    let control = line("empty window, ms", empty);
    say(&format!("  ours ÷ control: {:.2}  (goal ≤ 1.5)", ours / control));
    memory(&stage, &data).await;
}

async fn memory(stage: &Stage, data: &Path) {
    let (app, _) = start(stage, data, false, 100).await;
    tokio::time::sleep(SETTLE).await;
    let idle = tree_pss(app.id());
    stage.screen().close_windows(app.id()).await;
    eventually_within(PATIENCE, "the web view to be let go of", async || {
        let web = tree(app.id()).iter().filter(|process| name(**process).contains("WebKitWebPro")).count();
        holds(web == 0, web)
    })
    .await;
    tokio::time::sleep(SETTLE).await;
    let hidden = tree_pss(app.id());
    drop(app);
    let (blank, _) = start(stage, data, true, 101).await;
    tokio::time::sleep(SETTLE).await;
    let control = tree_pss(blank.id());
    say(&format!(
        "  memory of the process tree (PSS), MB: idle {idle:.0}, in the tray {hidden:.0}, empty window {control:.0}"
    ));
    say(&format!(
        "  idle ÷ empty: {:.2}  (goal ≤ 1.25)   tray ÷ empty: {:.2}  (goal ≤ 0.6)",
        idle / control,
        hidden / control
    ));
}

/// Starts the app and waits until it says that it is ready; milliseconds from process start.
async fn start(stage: &Stage, data: &Path, empty: bool, n: usize) -> (Program, f64) {
    let home = stage.folder("bench-home");
    ["share", "config", "cache", "run"].iter().for_each(|folder| {
        stage.folder(&format!("bench-home/{folder}"));
    });
    let log: PathBuf = stage.ground().log(&format!("bench-{empty}-{n}.log"));
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

async fn fill(data: &Path) {
    let config = Config {
        data_dir: data.to_owned(),
        server_url: None,
        token: TokenSource::Kept(data.join("token")),
        device_name: "bench".into(),
        platform: "linux".into(),
        app_version: "0".into(),
    };
    let client = Client::start(config, Arc::new(Nobody)).expect("an engine");
    let text = "The bed along the wall gets sun until four. Beans at the back, where the wire is.\n".repeat(12);
    for n in 0..NOTES {
        let note = CreateNote { folder_id: None, title: format!("Note {n}"), body: format!("{n} {text}") };
        client.call(note).await.expect("a note");
    }
    client.shutdown().await;
}

fn line(what: &str, times: Vec<f64>) -> f64 {
    let low = times.iter().copied().fold(f64::INFINITY, f64::min);
    let high = times.iter().copied().fold(0.0, f64::max);
    let middle = Round(times).quantile(0.5);
    say(&format!("  {what:<22} median {middle:>6.0}  ({low:.0} to {high:.0})"));
    middle
}

/// A process and everything it started.
fn tree(root: u32) -> Vec<u32> {
    let mut tree = vec![root];
    let all: Vec<(u32, u32)> = std::fs::read_dir("/proc")
        .expect("Linux")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|process: u32| Some((process, parent(process)?)))
        .collect();
    let mut next = 0;
    while let Some(process) = tree.get(next).copied() {
        tree.extend(all.iter().filter(|(_, parent)| *parent == process).map(|(child, _)| *child));
        next += 1;
    }
    tree
}

fn parent(process: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit(')').next()?.split_whitespace().nth(1)?.parse().ok()
}

fn name(process: u32) -> String {
    std::fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default()
}

/// Memory of a process tree, shared pages counted once, megabytes.
fn tree_pss(root: u32) -> f64 {
    let kilobytes = |process: &u32| -> Option<f64> {
        let rollup = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
        rollup.lines().find_map(|line| line.strip_prefix("Pss:")?.split_whitespace().next()?.parse().ok())
    };
    tree(root).iter().filter_map(kilobytes).sum::<f64>() / 1024.0
}
