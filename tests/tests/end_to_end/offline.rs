//! The server gone, the app killed: nothing typed is missing afterwards, and the tray tells the truth all along.

use serde_json::json;
use stet_tests::stage::TrayIcon;
use stet_tests::wait::{eventually, holds};

use super::{One, Pair};

/// Waits until the tray's tooltip says this.
async fn says(icon: &TrayIcon, words: &str) {
    eventually(&format!("{words:?} in the tray"), async || {
        let tooltip = icon.tooltip().await;
        holds(tooltip.contains(words), tooltip)
    })
    .await;
}

/// Waits until the tray has nothing to add: neither here nor on the other device is anything missing.
async fn both_have_everything(icon: &TrayIcon) {
    eventually("all of it on both devices", async || {
        let tooltip = icon.tooltip().await;
        holds(tooltip.contains("Synced") && !tooltip.contains("caught up"), tooltip)
    })
    .await;
}

#[tokio::test]
async fn with_the_server_gone_both_edit_and_when_it_is_back_both_are_equal() {
    let mut pair = Pair::with_note("server-gone", "Trip", "Pack: ").await;
    let tray = pair.stage.tray().icon_of(pair.a.id()).await;
    both_have_everything(&tray).await;
    let synced = tray.pixels().await;
    assert!(!synced.is_empty(), "the tray icon has no picture");

    pair.server.kill();
    says(&tray, "Offline").await;
    let offline = eventually("the offline picture", async || {
        let pixels = tray.pixels().await;
        if pixels == synced { Err("the picture is still the synced one") } else { Ok(pixels) }
    })
    .await;
    pair.a.go_to_end().await;
    pair.b.go_to_start().await;
    tokio::join!(pair.a.keys("rope, lamp"), pair.b.keys("(by Friday) "));
    pair.a.sees_body("Pack: rope, lamp").await;
    pair.b.sees_body("(by Friday) Pack: ").await;
    says(&tray, "1 note").await;
    pair.a.sees_pill("offline").await;

    pair.server.restart().await;
    let whole = "(by Friday) Pack: rope, lamp";
    tokio::join!(pair.a.sees_body(whole), pair.b.sees_body(whole));
    both_have_everything(&tray).await;
    eventually("the synced picture again", async || {
        let pixels = tray.pixels().await;
        holds(pixels == synced && pixels != offline, "another picture")
    })
    .await;
}

#[tokio::test]
async fn an_app_killed_while_offline_still_has_the_edit_and_sends_it() {
    let mut pair = Pair::with_note("app-killed", "Ledger", "Sums").await;
    pair.server.kill();
    pair.a.sees_pill("offline").await;
    pair.a.type_at_end(" to be kept").await;
    pair.a.sees_on_disk("Sums to be kept").await;
    pair.a.kill().await;

    pair.a.restart().await;
    pair.a.open_note("Ledger").await;
    pair.a.sees_body("Sums to be kept").await;
    pair.server.restart().await;
    pair.b.sees_body("Sums to be kept").await;
    pair.a.is_synced().await;
}

#[tokio::test]
async fn an_app_that_starts_without_a_server_is_ready_and_keeps_what_is_written() {
    let mut one = One::start("no-server").await;
    one.app.kill().await;
    one.server.kill();
    one.app.restart().await;
    one.app.write_note("Alone", "Written with nobody there.").await;
    one.app.sees_pill("offline").await;
    one.server.restart().await;
    one.app.is_synced().await;
    let remote = one.remote().await;
    let note = remote.finds("Alone").await;
    remote.sees_body(note, "Written with nobody there.").await;
}

#[tokio::test]
async fn a_click_on_reconnect_tries_at_once() {
    let mut one = One::start("reconnect").await;
    let tray = one.stage.tray().icon_of(one.app.id()).await;
    // After the first failure the next attempt is a minute away: none by itself is in time.
    let mut settings = one.app.invoke("get_start", json!({})).await["settings"].take();
    settings["maxAttempts"] = json!(1);
    one.app.invoke("update_settings", json!({"settings": settings})).await;
    one.server.kill();
    eventually("the long wait", async || {
        let status = one.app.status().await;
        holds(status["state"] == json!("error") && status["nextRetryAt"].is_number(), status)
    })
    .await;
    one.server.restart().await;
    tray.click("Reconnect").await;
    says(&tray, "Synced").await;
}

#[tokio::test]
async fn pausing_in_the_tray_stops_syncing_and_resuming_sends_what_was_written() {
    let pair = Pair::with_note("pause", "Quiet", "a").await;
    let tray = pair.stage.tray().icon_of(pair.a.id()).await;
    tray.click("Pause").await;
    says(&tray, "Paused").await;
    pair.a.type_at_end("b").await;
    says(&tray, "1 note").await;
    pair.b.type_at_end("c").await;
    pair.b.is_synced().await;
    pair.a.sees_body("ab").await;
    tray.click("Pause").await;
    eventually("both texts on both pages", async || {
        let (here, there) = (pair.a.body().await, pair.b.body().await);
        let both = here.as_ref().is_some_and(|text| text.contains('b') && text.contains('c'));
        holds(both && here == there, (here, there))
    })
    .await;
    says(&tray, "Synced").await;
}
