//! Makes the README's pictures with the real app and server: light, dark, two devices, offline with unsent notes.
//! Run by `cargo xtask screenshots` from the project's folder. Checks nothing but that the app shows what it should.

#![expect(clippy::expect_used, reason = "a picture that can't be taken ends the routine, saying why")]

mod library;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use stet_tests::stage::{AppProcess, Scenery, ServerProcess, Stage};
use stet_tests::wait::eventually;

/// Where the pictures go, from the project's folder.
const FOLDER: &str = "docs/images";
/// One window, as the app opens it.
const WINDOW: (u32, u32) = (1180, 760);
/// Each of two windows side by side.
const HALF: (u32, u32) = (900, 700);
/// Between and around them.
const GAP: u32 = 20;
/// What the two windows lie on.
const DESK: &str = "#d9d4c8";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let folder = PathBuf::from(FOLDER);
    std::fs::create_dir_all(&folder).expect("make docs/images");
    one_device(&folder).await;
    two_devices(&folder).await;
}

fn taken(path: &Path) {
    writeln!(std::io::stdout(), "{}", path.display()).expect("say which picture was taken");
}

async fn one_device(folder: &Path) {
    let stage = Stage::with("pictures", Scenery { screen: WINDOW, ..Scenery::default() }).await;
    let mut server = ServerProcess::start(stage.ground()).await;
    let mut app = AppProcess::start(&stage, "Workshop desk", &server, "maria").await;
    // A second device makes the third dot.
    let phone = AppProcess::start(&stage, "Phone", &server, "maria").await;
    library::fill(&app).await;
    phone.sees_row(library::FIRST).await;
    phone.is_synced().await;
    eventually("the third dot", async || {
        let status = app.status().await;
        if status["otherDevices"][0]["caughtUp"] == true { Ok(()) } else { Err(status.to_string()) }
    })
    .await;
    drop(phone);
    fit(&stage, &app).await;
    page(&stage, &app, library::FIRST, &folder.join("light.png")).await;

    app.kill().await;
    app.set_variable("GTK_THEME", "Adwaita:dark");
    app.restart().await;
    fit(&stage, &app).await;
    dark(&app).await;
    page(&stage, &app, library::FIRST, &folder.join("dark.png")).await;

    app.kill().await;
    app.set_variable("GTK_THEME", "Adwaita");
    app.restart().await;
    fit(&stage, &app).await;
    app.is_synced().await;
    server.kill();
    app.sees_pill("offline").await;
    for (title, more) in library::MEANWHILE {
        app.open_note(title).await;
        app.type_at_end(more).await;
    }
    app.sees_pill("3 notes").await;
    // On this disk, each of them, and nowhere else.
    dots(&app, "ring ring ring", 0).await;
    picture(&stage, &folder.join("offline.png"));
}

async fn two_devices(folder: &Path) {
    let screen = (2 * HALF.0 + 3 * GAP, HALF.1 + 2 * GAP);
    let stage = Stage::with("pictures of two", Scenery { screen, ..Scenery::default() }).await;
    let server = ServerProcess::start(stage.ground()).await;
    let left = AppProcess::start(&stage, "Workshop desk", &server, "maria").await;
    library::fill(&left).await;
    let right = AppProcess::start(&stage, "Maria's laptop", &server, "maria").await;
    stage.screen().place(left.id(), (GAP, GAP), HALF).await;
    stage.screen().place(right.id(), (HALF.0 + 2 * GAP, GAP), HALF).await;
    left.open_note(library::FIRST).await;
    right.open_note(library::FIRST).await;
    left.type_at_end(library::LIVE).await;
    right.sees_in_body(library::LIVE.trim()).await;
    for app in [&left, &right] {
        app.is_synced().await;
        app.sees_pill("synced").await;
        dots(app, "filled filled ring", 0).await;
    }
    let path = folder.join("two-devices.png");
    picture(&stage, &path);
    lay_on_desk(&path);
}

/// Gives the bare screen, which is black as nothing in the app is, the colour of a desk.
fn lay_on_desk(path: &Path) {
    let painted = Command::new("mogrify").args(["-fill", DESK, "-opaque", "black"]).arg(path).status();
    assert!(painted.expect("start mogrify, of ImageMagick").success(), "mogrify failed");
}

async fn fit(stage: &Stage, app: &AppProcess) {
    stage.screen().place(app.id(), (0, 0), WINDOW).await;
}

/// Waits until so many groups of dots on the page look like this.
async fn dots(app: &AppProcess, look: &str, count: usize) {
    eventually(&format!("{count} times the dots {look:?}"), async || {
        let seen = app.count(&format!("[data-dots='{look}']")).await;
        if seen == count { Ok(()) } else { Err(seen.to_string()) }
    })
    .await;
}

async fn dark(app: &AppProcess) {
    eventually("dark colours", async || {
        let dark = app.run("return matchMedia('(prefers-color-scheme: dark)').matches", Vec::new()).await;
        if dark == true { Ok(()) } else { Err("the page is still light") }
    })
    .await;
}

async fn page(stage: &Stage, app: &AppProcess, title: &str, path: &Path) {
    app.open_note(title).await;
    app.go_to_end().await;
    app.is_synced().await;
    app.sees_pill("synced").await;
    picture(stage, path);
}

fn picture(stage: &Stage, path: &Path) {
    stage.screen().picture(path);
    taken(path);
}
