//! Closing and quitting: nothing typed is lost, what is unsent is said, and no hung part keeps the app alive.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use stet_client::api::command::SetFocus;
use tauri::{AppHandle, Manager};

use crate::shell::{Shell, within};
use crate::{notifications, tray, window};

/// Longest wait for the engine to end: it gives a slow disk 10 seconds itself.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(12);
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
    /// Nothing: the user knows, or nobody is there to hear.
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

/// Ends the app: the page's last keys, the engine's flush, a word about what is unsent.
pub async fn quit(app: AppHandle, words: Words) {
    let shell = app.state::<Shell>();
    if shell.quitting.swap(true, Ordering::AcqRel) {
        return;
    }
    window::take_away(&app).await;
    let left = match shell.engine.get() {
        Some(Ok(client)) => within(SHUTDOWN_LIMIT, client.shutdown()).await,
        _ => Some(0),
    };
    let unsent = left.filter(|count| *count > 0).map(unsent_sentence);
    match (&left, &unsent) {
        (None, _) => tracing::warn!("the engine didn't end in time; it goes on from what is on this disk"),
        (_, None) => tracing::info!("stet quits; nothing is unsent"),
        (_, Some(sentence)) => tracing::info!("stet quits. {sentence}"),
    }
    let told = match (words, unsent) {
        (Words::None, _) | (Words::Unsent, None) => None,
        (Words::Unsent, Some(unsent)) => Some(unsent),
        (Words::Why(why), None) => Some(why.to_owned()),
        (Words::Why(why), Some(unsent)) => Some(format!("{why} {unsent}")),
    };
    if let Some(body) = told {
        notifications::tell("Stet has quit", &body).await;
    }
    app.exit(0);
}

fn unsent_sentence(count: u32) -> String {
    match count {
        1 => "1 note will be sent when Stet runs again. Nothing is lost.".to_owned(),
        _ => format!("{count} notes will be sent when Stet runs again. Nothing is lost."),
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
    use super::unsent_sentence;

    #[test]
    fn what_is_unsent_is_counted_in_plain_words() {
        assert_eq!(unsent_sentence(1), "1 note will be sent when Stet runs again. Nothing is lost.");
        assert_eq!(unsent_sentence(3), "3 notes will be sent when Stet runs again. Nothing is lost.");
    }
}
