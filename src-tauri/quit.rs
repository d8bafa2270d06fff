//! Closing and quitting: nothing typed is lost, what is unsent is said, and no hung part keeps the app alive.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use stet_client::Left;
use stet_client::api::command::SetFocus;
use tauri::{AppHandle, Manager};

use crate::shell::{Shell, within};
use crate::{notifications, tray, window};

/// Longest wait for the engine to end: it gives a slow disk 10 seconds, and closing the database two more.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(15);
/// Why the app ends although closing was to leave it in the tray; said at the first time only.
const NO_TRAY: &str = "This desktop shows no tray, so closing the window quits Stet.";
/// Kept in the data folder once the user knows that closing quits where there is no tray.
const TOLD_FILE: &str = "told-that-closing-quits";

/// What the user is told as the app ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// How much is unsent, if anything is.
    Unsent,
    /// Why it ends, and how much is unsent.
    Why(&'static str),
    /// Only what is lost: how much is unsent the user knows.
    Loss,
    /// Nothing: nobody is there to hear.
    None,
}

/// The user closed the window: the app goes on in the tray, if there is one and the user wants that, else it quits.
pub async fn close(app: AppHandle) {
    if !window::take_away(&app).await {
        return;
    }
    let shell = app.state::<Shell>();
    let to_tray = shell.settings().await.close_to_tray;
    if to_tray && tray::is_there(&app) {
        window::let_go(&app);
        if let Err(error) = shell.ask(SetFocus { note_id: None }).await {
            tracing::debug!(%error, "the engine doesn't know that nobody looks");
        }
        return;
    }
    let first = to_tray && first_time(&shell.data_dir);
    quit(app.clone(), if first { Words::Why(NO_TRAY) } else { Words::Unsent }).await;
}

/// Ends the app: the page's last keys, the engine's flush, a word about what is unsent. What the disk doesn't take keeps
/// the app open the first time: only whoever quits again after hearing that loses it.
pub async fn quit(app: AppHandle, words: Words) {
    let shell = app.state::<Shell>();
    if shell.quitting.swap(true, Ordering::AcqRel) {
        return;
    }
    window::take_away(&app).await;
    let unwritten = shell.unwritten().await;
    if words != Words::None && unwritten > 0 && !shell.warned_of_loss.swap(true, Ordering::AcqRel) {
        shell.quitting.store(false, Ordering::Release);
        tracing::warn!(unwritten, "the disk refuses; the app stays open");
        window::show(&app, None);
        notifications::tell("Stet is still open", &unwritten_sentence(unwritten)).await;
        return;
    }
    let (held, left) = match shell.engine.get() {
        Some(Ok(client)) => (shell.held().await, within(SHUTDOWN_LIMIT, client.shutdown()).await),
        _ => (0, Some(Left::default())),
    };
    let sentence = match left {
        None => {
            tracing::warn!("the engine didn't end in time; it goes on from what is on this disk");
            Some("The disk didn't answer. Stet will go on from what is on it.".to_owned())
        }
        Some(left) => left_sentence(left, held),
    };
    match &sentence {
        None => tracing::info!("stet quits; nothing is unsent"),
        Some(sentence) => tracing::info!("stet quits. {sentence}"),
    }
    let lost = left.is_none_or(|left| left.unsaved > 0);
    let told = match (words, sentence) {
        (Words::Loss, Some(sentence)) if lost => Some(sentence),
        (Words::None | Words::Loss, _) | (Words::Unsent, None) => None,
        (Words::Unsent, Some(sentence)) => Some(sentence),
        (Words::Why(why), None) => Some(why.to_owned()),
        (Words::Why(why), Some(sentence)) => Some(format!("{why} {sentence}")),
    };
    if let Some(body) = told {
        notifications::tell("Stet has quit", &body).await;
    }
    app.exit(0);
}

fn unwritten_sentence(count: u32) -> String {
    let what = if count == 1 { "1 note".to_owned() } else { format!("{count} notes") };
    format!(
        "The latest words in {what} can't be written to the disk. Make room, or copy them; quitting again loses them."
    )
}

/// `held` notes can't go on: of what is unsent, the others are promised to be sent.
fn left_sentence(left: Left, held: u32) -> Option<String> {
    let notes = |count| if count == 1 { "1 note".to_owned() } else { format!("{count} notes") };
    match left {
        Left { unsaved: 0, unsent: 0 } => None,
        Left { unsaved: 0, unsent } => {
            let sent = match unsent.saturating_sub(held) {
                0 => String::new(),
                count => format!("{} will be sent when Stet runs again. ", notes(count)),
            };
            let needy = match held {
                0 => String::new(),
                1 => "1 note needs you. ".to_owned(),
                count => format!("{} need you. ", notes(count)),
            };
            Some(format!("{sent}{needy}Nothing is lost."))
        }
        Left { unsaved, .. } => Some(format!("The disk didn't take the latest words in {}.", notes(unsaved))),
    }
}

/// Whether closing the window quits for the first time with these notes.
fn first_time(data_dir: &Path) -> bool {
    let marked = std::fs::File::create_new(data_dir.join(TOLD_FILE));
    // A folder that can't be written to has no memory: better silent than the same words each time.
    marked.is_ok()
}

#[cfg(test)]
mod tests {
    use stet_client::Left;

    use super::left_sentence;

    #[test]
    fn what_is_unsent_is_counted_in_plain_words() {
        let said = |unsent, unsaved| left_sentence(Left { unsent, unsaved }, 0).unwrap_or_default();
        assert_eq!(said(0, 0), "");
        assert_eq!(said(1, 0), "1 note will be sent when Stet runs again. Nothing is lost.");
        assert_eq!(said(3, 0), "3 notes will be sent when Stet runs again. Nothing is lost.");
        assert_eq!(said(3, 1), "The disk didn't take the latest words in 1 note.", "never that nothing is lost");
    }

    #[test]
    fn only_what_can_go_on_is_promised_to_be_sent() {
        let said = |unsent, held| left_sentence(Left { unsent, unsaved: 0 }, held).unwrap_or_default();
        assert_eq!(said(3, 1), "2 notes will be sent when Stet runs again. 1 note needs you. Nothing is lost.");
        assert_eq!(said(2, 2), "2 notes need you. Nothing is lost.");
        assert_eq!(said(1, 3), "3 notes need you. Nothing is lost.", "some that can't be read have nothing unsent");
    }
}
