//! What the user is told of, and what not.

use std::time::Duration;

use stet_tests::stage::{AppProcess, Notifications, Shown};
use stet_tests::wait::{all_along, eventually, holds};

use super::One;

/// Long enough for every notification that is on its way to arrive: the engine waits at most a few seconds to coalesce.
const AFTERMATH: Duration = Duration::from_secs(6);

/// Waits for the first notification.
async fn first(notifications: &Notifications) -> Shown {
    eventually("a notification", async || {
        let shown = notifications.shown();
        shown.first().cloned().ok_or("none so far")
    })
    .await
}

/// Watches that not more than this many come up.
async fn no_more_than(notifications: &Notifications, most: usize) {
    all_along(AFTERMATH, "no other notification", async || {
        let shown = notifications.shown();
        holds(shown.len() <= most, shown)
    })
    .await;
}

#[tokio::test]
async fn a_remote_edit_raises_exactly_one_notification_and_its_click_opens_the_note() {
    let One { app: a, server, stage } = One::start("remote-edit").await;
    a.write_note("Shared list", "Milk").await;
    a.write_note("Something else", "in view").await;
    a.is_synced().await;
    let b = AppProcess::start(&stage, "Desk", &server, "maria").await;
    b.open_note("Something else").await;
    b.is_synced().await;
    assert_eq!(stage.notifications().shown(), [], "nothing was told yet");

    a.open_note("Shared list").await;
    a.type_at_end(", eggs and a whole long line of other things").await;
    let told = first(stage.notifications()).await;
    assert_eq!(told.summary, "Shared list", "it names the note: {told:?}");
    assert!(told.body.contains("Laptop"), "it names the device: {told:?}");
    assert_eq!(told.actions, ["default"], "it can be clicked: {told:?}");
    no_more_than(stage.notifications(), 1).await;

    stage.notifications().click(told.id).await;
    b.sees_body("Milk, eggs and a whole long line of other things").await;
    assert_eq!(b.title().await.as_deref(), Some("Shared list"));
}

#[tokio::test]
async fn ones_own_edits_raise_none() {
    let one = One::start("own-edits").await;
    let remote = one.remote().await;
    one.app.write_note("My own", "words of mine").await;
    one.app.is_synced().await;
    remote.finds("My own").await;
    no_more_than(one.stage.notifications(), 0).await;
}

#[tokio::test]
async fn an_edit_of_the_note_in_the_focused_window_raises_none_but_a_toast() {
    let one = One::start("in-view").await;
    let remote = one.remote().await;
    one.app.write_note("Watched", "seen").await;
    one.app.is_synced().await;
    one.stage.screen().focus(one.app.id()).await;
    let note = remote.finds("Watched").await;
    remote.sees_body(note, "seen").await;
    remote.append(note, " twice").await;
    one.app.sees_body("seen twice").await;
    eventually("a toast that names the device", async || {
        let toast = one.app.text("toast").await;
        holds(toast.contains("phone"), toast)
    })
    .await;
    no_more_than(one.stage.notifications(), 0).await;
}

#[tokio::test]
async fn catching_up_many_edits_yields_at_most_one() {
    let mut one = One::start("catch-up").await;
    let remote = one.remote().await;
    one.app.kill().await;
    let mut last = None;
    for number in 0..60 {
        let note = remote.create(&format!("Note {number}"), "").await;
        for word in ["many ", "many ", "words"] {
            remote.append(note, word).await;
        }
        last = Some(note);
    }
    remote.is_synced().await;
    one.app.restart().await;
    one.app.is_synced().await;
    one.app.sees_row("Note 59").await;
    no_more_than(one.stage.notifications(), 1).await;

    // Live again: the next edit of a note that isn't in view is told.
    one.app.open_note("Note 58").await;
    let caught_up = one.stage.notifications().shown().len();
    remote.append(last.expect("sixty notes"), ", and one more").await;
    eventually("a notification of the live edit", async || {
        let shown = one.stage.notifications().shown();
        holds(shown.len() == caught_up + 1, shown)
    })
    .await;
}

#[tokio::test]
async fn a_click_opens_the_note_also_when_the_window_was_closed() {
    let one = One::start("click-closed").await;
    let remote = one.remote().await;
    let process = one.app.id();
    one.stage.screen().close_windows(process).await;
    eventually("the window gone", async || holds(one.app.web_views().is_empty(), one.app.web_views())).await;
    let note = remote.create("From afar", "").await;
    remote.append(note, "hello").await;
    let told = first(one.stage.notifications()).await;
    one.stage.notifications().click(told.id).await;
    one.app.look_at_new_window().await;
    one.app.sees_body("hello").await;
    assert_eq!(one.app.id(), process, "the same app, a new window");
}
