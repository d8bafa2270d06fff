//! Both edit one line without a network: both windows say so, and two clicks in one settle it in both.

use stet_tests::wait::{eventually, holds, same};

use super::Pair;

#[tokio::test]
async fn what_both_wrote_in_one_line_without_a_network_is_shown_in_both_windows_and_settled_in_one() {
    let mut pair = Pair::with_note("merged", "Trip", "Pack:").await;
    pair.a.is_synced().await;
    pair.b.is_synced().await;
    pair.server.kill();
    pair.a.sees_pill("offline").await;
    pair.b.sees_pill("offline").await;
    pair.a.type_at_end(" rope").await;
    pair.b.type_at_end(" (by Friday)").await;
    pair.a.sees_on_disk("Pack: rope").await;
    pair.b.sees_on_disk("Pack: (by Friday)").await;
    pair.server.restart().await;
    for app in [&pair.a, &pair.b] {
        eventually("both wordings", async || {
            let body = app.body().await.unwrap_or_default();
            holds(body.contains(" rope") && body.contains(" (by Friday)"), body)
        })
        .await;
        eventually("the mark over the text, in the list and beside the passage", async || {
            let marks = [
                app.count("[data-test='merged-banner']").await,
                app.count("[data-test='note-merged']").await,
                app.count("[data-test='body-editor'] .merged-line").await,
            ];
            same(&marks, &[1, 1, 1])
        })
        .await;
    }
    assert!(pair.a.text("merged-banner").await.contains("Edited here and on Desk"), "who it was");
    pair.b.click("compare").await;
    eventually("what stood there and both sides", async || {
        let panel = pair.b.text("merged-panel").await;
        let all = ["Pack:", "Pack: rope", "Pack: (by Friday)", "Laptop"].iter().all(|words| panel.contains(words));
        holds(all, panel)
    })
    .await;
    pair.b.click("settle-theirs").await;
    for app in [&pair.a, &pair.b] {
        app.sees_body("Pack: rope").await;
        eventually("no mark", async || same(&app.count(".merged-line, [data-test='note-merged']").await, &0)).await;
        app.is_synced().await;
    }
}
