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
/// Kept in the data folder once the user knows that closing quits where there is no tray.
const TOLD_FILE: &str = "told-that-closing-quits";

/// Whether the user has yet to hear that something is unsent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsent {
    /// Say it.
    Tell,
    /// The user knows, or nobody is there to hear.
    Known,
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
    if to_tray {
        tell_once(&shell.data_dir).await;
    }
    quit(app.clone(), Unsent::Tell).await;
}

/// Ends the app: the page's last keys, the engine's flush, a word about what is unsent.
pub async fn quit(app: AppHandle, unsent: Unsent) {
    let shell = app.state::<Shell>();
    if shell.quitting.swap(true, Ordering::AcqRel) {
        return;
    }
    window::take_away(&app).await;
    let left = match shell.engine.get() {
        Some(Ok(client)) => within(SHUTDOWN_LIMIT, client.shutdown()).await,
        _ => Some(0),
    };
    match left {
        None => tracing::warn!("the engine didn't end in time; it goes on from what is on this disk"),
        Some(0) => tracing::info!("stet quits; nothing is unsent"),
        Some(count) => {
            let sentence = unsent_sentence(count);
            tracing::info!("{sentence}");
            if unsent == Unsent::Tell {
                notifications::tell("Stet has quit", &sentence).await;
            }
        }
    }
    app.exit(0);
}

fn unsent_sentence(count: u32) -> String {
    match count {
        1 => "1 note will be sent when Stet runs again. Nothing is lost.".to_owned(),
        _ => format!("{count} notes will be sent when Stet runs again. Nothing is lost."),
    }
}

/// Says, at the first time only, why closing the window quits although it should have left the app in the tray.
async fn tell_once(data_dir: &Path) {
    let told = data_dir.join(TOLD_FILE);
    if told.exists() {
        return;
    }
    let body = "This desktop shows no tray, so closing the window quits Stet. It syncs again when you open it.";
    if notifications::tell("Stet has quit", body).await
        && let Err(error) = std::fs::write(&told, [])
    {
        tracing::debug!(%error, "the user will be told again");
    }
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
