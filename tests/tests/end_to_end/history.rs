//! Going back to an earlier version of a note, and taking that back: on both devices.

use stet_tests::stage::AppProcess;
use stet_tests::wait::{eventually, holds};

use super::Pair;

/// WebDriver's code for the arrow downwards.
const DOWN: &str = "\u{e015}";
/// The version's text without what was taken out of it.
const KEPT: &str = r"
    const text = document.querySelector('[data-test=version-body]')?.cloneNode(true);
    text?.querySelectorAll('del').forEach(gone => gone.remove());
    return text?.textContent;";

/// Opens the versions of the note in view, goes to the one below the newest, and restores it once it is shown.
async fn restore_second(app: &AppProcess, text: &str, listed: impl Fn(&[String]) -> bool) {
    app.click("note-menu").await;
    // A menu goes to what begins with the letter.
    app.keys("e\n").await;
    eventually("the versions", async || {
        let versions = app.texts("version").await;
        holds(listed(&versions), versions)
    })
    .await;
    app.keys(DOWN).await;
    eventually("the version below the newest", async || {
        let shown = app.text("version-body").await;
        holds(app.run(KEPT, vec![]).await.as_str() == Some(text), shown)
    })
    .await;
    app.click("restore-version").await;
    app.sees_body(text).await;
}

#[tokio::test]
async fn a_version_is_restored_and_taken_back_on_both_devices() {
    let pair = Pair::with_note("history", "Plan", "sow beans").await;
    pair.b.type_at_end(" and peas").await;
    pair.a.sees_body("sow beans and peas").await;
    pair.a.is_synced().await;

    let each_devices = |versions: &[String]| match versions {
        [now, before] => now.contains("Desk") && now.contains("Now") && before.contains("This device"),
        _ => false,
    };
    restore_second(&pair.a, "sow beans", each_devices).await;
    pair.a.click_css("[data-test='toast'] button:not(.close)").await;
    pair.a.sees_body("sow beans and peas").await;

    let with_both_changes =
        |versions: &[String]| versions.len() == 4 && versions[..2].iter().all(|row| row.contains("restored"));
    restore_second(&pair.a, "sow beans", with_both_changes).await;
    pair.b.sees_body("sow beans").await;
    pair.b.type_at_end("!").await;
    pair.a.sees_body("sow beans!").await;
}
