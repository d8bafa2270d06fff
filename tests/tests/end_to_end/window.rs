//! The window's life: closed to the tray, brought back, found by links and second starts, ended by the tray.

use serde_json::json;
use stet_tests::stage::{AppProcess, AppSettings, Scenery, ServerProcess, Stage};
use stet_tests::wait::{eventually, holds};

use super::{One, Pair};

async fn lets_go(one: &One) {
    one.stage.screen().close_windows(one.app.id()).await;
    eventually("the web view's process gone", async || {
        let views = one.app.web_views();
        holds(views.is_empty(), views)
    })
    .await;
}

#[tokio::test]
async fn closing_the_window_leaves_the_tray_lets_go_of_the_web_view_and_open_brings_it_back() {
    let one = One::start("close").await;
    one.app.write_note("Still here", "when the window is back").await;
    let process = one.app.id();
    let tray = one.stage.tray().icon_of(process).await;
    lets_go(&one).await;
    assert_eq!(one.app.processes().len(), 1, "the app itself goes on");
    assert!(one.stage.screen().windows(process).is_empty());

    tray.click("Open").await;
    one.app.look_at_new_window().await;
    one.app.open_note("Still here").await;
    one.app.sees_body("when the window is back").await;
    assert_eq!(one.stage.screen().windows(process).len(), 1);
}

/// The driver's session ends with the web view's helpers: what the window does from then on is read from the app's log,
/// which says so once the page has its note and takes keys.
#[tokio::test]
async fn after_a_while_in_the_tray_nothing_of_the_web_view_is_left_and_open_brings_all_of_it_back() {
    let mut one = One::start("rest").await;
    one.app.write_note("Still here", "when the window is back").await;
    let tray = one.stage.tray().icon_of(one.app.id()).await;
    for times in 2..=3 {
        lets_go(&one).await;
        eventually("the web view's helpers gone", async || {
            let helpers = one.app.web_helpers();
            holds(helpers.is_empty(), helpers)
        })
        .await;
        tray.click("Open").await;
        eventually("a window that takes keys", async || {
            let said = one.app.said();
            holds(said.matches("stet ready").count() == times, said)
        })
        .await;
        eventually("one window", async || {
            let windows = one.stage.screen().windows(one.app.id());
            holds(windows.len() == 1, windows)
        })
        .await;
    }
    tray.click("Quit").await;
    one.app.gone().await;
    one.app.restart().await;
    one.app.sees_body("when the window is back").await;
}

#[tokio::test]
async fn keys_typed_just_before_closing_are_kept() {
    let one = One::start("last-keys").await;
    let remote = one.remote().await;
    one.app.write_note("Last words", "said").await;
    one.app.keys(" in a hurry").await;
    lets_go(&one).await;
    let note = remote.finds("Last words").await;
    remote.sees_body(note, "said in a hurry").await;
}

#[tokio::test]
async fn while_the_window_is_closed_edits_still_arrive() {
    let one = One::start("closed-sync").await;
    let remote = one.remote().await;
    let tray = one.stage.tray().icon_of(one.app.id()).await;
    lets_go(&one).await;
    let note = remote.create("Arrived meanwhile", "quietly").await;
    remote.is_synced().await;
    eventually("the note among the recent ones", async || {
        let labels = tray.labels().await;
        holds(labels.iter().any(|label| label == "Arrived meanwhile"), labels)
    })
    .await;
    tray.click("Arrived meanwhile").await;
    one.app.look_at_new_window().await;
    one.app.sees_body("quietly").await;
    remote.append(note, ", then aloud").await;
    one.app.sees_body("quietly, then aloud").await;
}

#[tokio::test]
async fn quitting_by_the_tray_says_what_is_unsent_and_keeps_it() {
    let mut one = One::start("quit").await;
    let tray = one.stage.tray().icon_of(one.app.id()).await;
    one.server.kill();
    one.app.write_note("Unsent", "waits on this disk").await;
    one.app.sees_pill("offline").await;
    tray.click("Quit").await;
    one.app.gone().await;
    let shown = one.stage.notifications().shown();
    let told = shown.iter().any(|shown| shown.body.contains("1 note will be sent"));
    assert!(told, "{shown:?}");

    one.app.restart().await;
    one.app.open_note("Unsent").await;
    one.app.sees_body("waits on this disk").await;
}

#[tokio::test]
async fn quitting_with_everything_sent_says_nothing() {
    let mut one = One::start("quit-sent").await;
    let tray = one.stage.tray().icon_of(one.app.id()).await;
    tray.click("Quit").await;
    one.app.gone().await;
    assert_eq!(one.stage.notifications().shown(), []);
}

#[tokio::test]
async fn a_second_start_on_the_same_data_folder_hands_over_and_ends() {
    let one = One::start("second").await;
    let process = one.app.id();
    lets_go(&one).await;
    assert!(one.app.start_again(&[]).await, "the second process ends well");
    one.app.look_at_new_window().await;
    assert_eq!(one.app.processes().len(), 1);
    assert_eq!(one.app.id(), process, "the first one goes on");
}

#[tokio::test]
async fn two_data_folders_are_two_apps() {
    let pair = Pair::start("two-folders").await;
    assert_ne!(pair.a.id(), pair.b.id());
    assert!(pair.a.start_again(&[]).await);
    assert_eq!((pair.a.processes().len(), pair.b.processes().len()), (1, 1));
}

#[tokio::test]
async fn a_link_opens_its_note_in_the_running_app() {
    let one = One::start("link").await;
    let note = json!({ "folderId": null, "title": "Linked", "body": "the very note" });
    let made = one.app.invoke("create_note", note).await;
    one.app.write_note("Another", "in view").await;
    let link = format!("stet://note/{}", made["noteId"].as_str().expect("an id"));
    assert!(one.app.start_again(&[&link]).await);
    one.app.sees_body("the very note").await;
    assert_eq!(one.app.title().await.as_deref(), Some("Linked"));
}

#[tokio::test]
async fn without_a_tray_closing_the_window_quits_and_nothing_is_lost() {
    let stage = Stage::with("no-tray", Scenery { tray: false, ..Scenery::default() }).await;
    let server = ServerProcess::start(stage.ground()).await;
    let mut app = AppProcess::start(&stage, "Laptop", &server, "maria").await;
    app.write_note("No tray here", "kept").await;
    stage.screen().close_windows(app.id()).await;
    app.gone().await;
    app.restart().await;
    app.open_note("No tray here").await;
    app.sees_body("kept").await;
}

#[tokio::test]
async fn without_a_bus_of_services_the_app_starts_and_takes_text() {
    let scenery = Scenery { tray: false, notifications: false, ..Scenery::default() };
    let stage = Stage::with("bare", scenery).await;
    let nowhere = ("STET_SERVER_URL".to_owned(), "ws://127.0.0.1:9".to_owned());
    let settings = AppSettings { environment: vec![nowhere] };
    let mut app = AppProcess::install(&stage, "Laptop", settings);
    app.set_variable("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere");
    app.restart().await;
    app.write_note("Bare", "and yet it writes").await;
    app.sees_on_disk("and yet it writes").await;
    app.kill().await;
    app.restart().await;
    app.open_note("Bare").await;
    app.sees_body("and yet it writes").await;
}
