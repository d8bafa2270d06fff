//! Promise 10: while a robot edits the same note from another device, typed text stays whole, the caret stays in its
//! place, and undo takes back one's own edits only.

use std::time::Duration;

use stet_model::id::NoteId;
use stet_tests::device::Device;
use stet_tests::wait::{eventually, holds, same};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::One;

/// The promise's rhythm.
const ROBOT_EVERY: Duration = Duration::from_millis(200);
/// The promise's five minutes, when asked for.
const LONG: Duration = Duration::from_secs(300);
const SHORT: Duration = Duration::from_secs(20);

/// How one's own line begins.
const MINE: &str = "mine: ";
/// Letters after which it is written over.
const LONG_LINE: usize = 300;

const WORDS: [&str; 8] = ["the ", "caret ", "never ", "moves ", "by ", "itself ", "while ", "writing "];

fn period() -> Duration {
    if std::env::var_os("STET_LONG").is_some() { LONG } else { SHORT }
}

/// Writes above and below the middle line, and takes some of it away again, until it is dropped. The note stays short
/// enough to be drawn whole: an editor draws only what is near the window.
async fn robot(device: &Device, note: NoteId) {
    let mut rhythm = interval(ROBOT_EVERY);
    rhythm.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for round in 0_u32.. {
        rhythm.tick().await;
        device.edit(note, |body| robot_edit(round, body)).await;
    }
}

/// What the robot does to the text next. (ASCII: bytes are UTF-16 code units.)
fn robot_edit(round: u32, body: &str) -> (usize, usize, String) {
    let lines: Vec<&str> = body.split('\n').collect();
    let above = lines.iter().position(|line| line.starts_with('m')).unwrap_or_default();
    let below = lines.len() - above;
    let end = body.len();
    match round % 6 {
        0 => (0, 0, format!("r{round}\n")),
        1 => (end, end, format!("\ns{round}")),
        2 => (end - 1, end, String::new()),
        3 if above > 5 => (0, lines[0].len() + 1, String::new()),
        4 if below > 6 => (end - lines[lines.len() - 1].len() - 1, end, String::new()),
        _ => (0, 1, "R".to_owned()),
    }
}

/// Types words at the end of the middle line and looks, after each, where the caret is and what stands before it. A
/// long line is written over from its start.
async fn type_for(one: &One, period: Duration) -> String {
    let mut typed = String::from(MINE);
    let end = Instant::now() + period;
    for word in WORDS.iter().cycle() {
        if Instant::now() > end {
            break;
        }
        if typed.len() > LONG_LINE {
            one.app.select_to_line_start().await;
            one.app.keys(MINE).await;
            MINE.clone_into(&mut typed);
        }
        one.app.keys(word).await;
        typed.push_str(word);
        // The page paints a key within milliseconds, yet after the call has returned.
        eventually("the caret behind what was typed", async || {
            let before = one.app.before_caret().await;
            same(before.as_deref().unwrap_or("no caret"), &typed)
        })
        .await;
    }
    typed
}

#[tokio::test]
async fn under_a_robots_edits_typed_text_caret_and_undo_stay_ones_own() {
    let one = One::start("robot").await;
    one.app.write_note("Busy", "above\nmine: \nbelow").await;
    one.app.go_to_start().await;
    one.app.keys("\u{e015}").await;
    one.app.go_to_line_end().await;
    one.app.is_synced().await;
    let remote = one.remote().await;
    let note = remote.finds("Busy").await;
    remote.sees_body(note, "above\nmine: \nbelow").await;

    let typed = tokio::select! {
        typed = type_for(&one, period()) => typed,
        () = robot(&remote, note) => unreachable!("the robot never stops by itself"),
    };
    one.app.is_synced().await;
    remote.is_synced().await;
    let text = eventually("both equal", async || {
        let here = one.app.body().await;
        let there = remote.text(note).await.map(|(_, body)| body);
        if here == there { here.ok_or("no body".to_owned()) } else { Err(format!("{here:?}\n{there:?}")) }
    })
    .await;
    let mine: Vec<&str> = text.lines().filter(|line| line.starts_with(MINE)).collect();
    assert_eq!(mine, [typed.as_str()], "what was typed stands whole, once, on its own line");

    undo_all(&one, &text).await;
}

/// Undoes until nothing of the typing is left: the robot's lines are untouched.
async fn undo_all(one: &One, text: &str) {
    eventually("one's own words undone", async || {
        let body = one.app.body().await.unwrap_or_default();
        let undone = !body.contains("mine: the");
        if !undone {
            one.app.undo().await;
        }
        holds(undone, body)
    })
    .await;
    let body = one.app.body().await.unwrap_or_default();
    let others = |text: &str| text.lines().filter(|line| !line.starts_with('m')).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(others(&body), others(text), "undo takes back nobody else's edits");
}
