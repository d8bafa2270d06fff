//! Typing on one device, reading on the other.

use stet_tests::stage::AppProcess;
use stet_tests::wait::{eventually, holds};

use super::Pair;

/// The dots of every row of the list.
const DOTS: &str = "return [...document.querySelectorAll('[data-test=note-row]')]
    .map(row => [row.innerText, row.getAttribute('aria-selected'), row.querySelector('[data-dots]')?.dataset.dots])";

#[tokio::test]
async fn what_is_typed_on_one_device_appears_on_the_other() {
    let pair = Pair::start("typed").await;
    let text = "Wheat paste, one part to four.\nStir until it clears: 20 min.";
    pair.a.write_note("Paste", text).await;
    pair.b.open_note("Paste").await;
    pair.b.sees_body(text).await;

    pair.b.type_at_end("\nKeep it cool.").await;
    pair.a.sees_body(&format!("{text}\nKeep it cool.")).await;
    eventually("the title on the other device", async || {
        let title = pair.b.title().await;
        holds(title.as_deref() == Some("Paste"), title)
    })
    .await;
    pair.a.is_synced().await;
    pair.b.is_synced().await;
}

#[tokio::test]
async fn a_letter_is_on_the_other_device_before_the_sentence_is_done() {
    let pair = Pair::with_note("letters", "Live", "").await;
    let mut typed = String::new();
    for word in ["every ", "word ", "as ", "it ", "comes"] {
        pair.a.keys(word).await;
        typed.push_str(word);
        pair.b.sees_body(&typed).await;
    }
}

#[tokio::test]
async fn when_both_type_at_once_both_texts_survive_and_both_pages_are_equal() {
    let pair = Pair::with_note("at-once", "Tea", "middle").await;
    pair.a.go_to_start().await;
    pair.b.go_to_end().await;
    let (mine, theirs) = ("This was written above, ", ", while that was written below.");
    tokio::join!(pair.a.keys(mine), pair.b.keys(theirs));
    let whole = format!("{mine}middle{theirs}");
    tokio::join!(pair.a.sees_body(&whole), pair.b.sees_body(&whole));
}

#[tokio::test]
async fn when_both_type_into_the_same_word_no_letter_is_lost() {
    let pair = Pair::with_note("same-place", "Word", "").await;
    pair.b.go_to_start().await;
    let (mine, theirs) = ("abcdefghijklmnop", "0123456789");
    tokio::join!(pair.a.keys(mine), pair.b.keys(theirs));
    let text = eventually("both pages equal, with every letter", async || {
        let (here, there) = (pair.a.body().await.unwrap_or_default(), pair.b.body().await.unwrap_or_default());
        let whole = here == there && here.chars().count() == mine.len() + theirs.len();
        if whole { Ok(here) } else { Err(format!("{here:?} and {there:?}")) }
    })
    .await;
    for typed in [mine, theirs] {
        let kept: String = text.chars().filter(|letter| typed.contains(*letter)).collect();
        assert_eq!(kept, typed, "in the order it was typed in {text:?}");
    }
}

#[tokio::test]
async fn umlauts_emoji_and_other_scripts_come_through() {
    let pair = Pair::with_note("scripts", "Grüße", "").await;
    let text = "Ängste 書く 👩‍🌾 שלום 𝄞 fin";
    let script = "document.execCommand('insertText', false, arguments[0])";
    // No keyboard has these keys: an input method inserts them into the page.
    pair.a.run(script, vec![text.into()]).await;
    pair.b.sees_body(text).await;
    pair.b.type_at_end("!").await;
    pair.a.sees_body(&format!("{text}!")).await;
}

#[tokio::test]
async fn the_dots_say_where_a_note_has_arrived() {
    let mut pair = Pair::with_note("dots", "Dots", "everywhere").await;
    let here = pair.a.name().to_owned();
    let look = async |app: &AppProcess, look: &str| {
        let wanted = format!("[data-test='note-row'][aria-selected='true'] [data-dots='{look}']");
        eventually(&format!("the dots {look:?} on {here}"), async || {
            let seen = app.count(&wanted).await;
            holds(seen == 1, app.run(DOTS, Vec::new()).await.to_string())
        })
        .await;
    };
    look(&pair.a, "filled filled filled").await;
    pair.server.kill();
    pair.a.sees_pill("offline").await;
    pair.a.type_at_end(", and now only here").await;
    look(&pair.a, "filled ring ring").await;
    pair.server.restart().await;
    look(&pair.a, "filled filled filled").await;
    pair.b.sees_body("everywhere, and now only here").await;
}
