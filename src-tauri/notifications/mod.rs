//! Native notifications, shown one after the other beside the engine. Who is told what is the engine's decision.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(target_os = "macos", path = "macos.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod here;

use std::time::Duration;

use stet_client::desktop::Notice;
use stet_model::id::NoteId;
use tokio::sync::mpsc;

use crate::shell::within;

/// Notices that wait while the desktop shows one; the engine coalesces, so more than this is noise.
const QUEUE: usize = 32;
/// Longest wait for the desktop to take a notification: its service may have to be started first.
const SHOW_LIMIT: Duration = Duration::from_secs(5);

/// The notifications of the app.
pub struct Notifications {
    queue: mpsc::Sender<Notice>,
}

impl Notifications {
    /// Starts showing notices; `clicked` gets the note of one the user clicked.
    pub fn start(clicked: impl Fn(NoteId) + Clone + Send + Sync + 'static) -> Self {
        let (queue, mut notices) = mpsc::channel::<Notice>(QUEUE);
        tauri::async_runtime::spawn(async move {
            let mut board = here::Board::new(clicked);
            while let Some(notice) = notices.recv().await {
                log(within(SHOW_LIMIT, board.show(&notice)).await);
            }
        });
        Self { queue }
    }

    /// Shows a notice soon; one for the same note replaces the former. Never waits.
    pub fn show(&self, notice: Notice) {
        if self.queue.try_send(notice).is_err() {
            tracing::warn!("a notification was dropped: too many wait for the desktop");
        }
    }
}

/// Tells the user something that is about no note and outlives the app. False: it couldn't be shown.
pub async fn tell(title: &str, body: &str) -> bool {
    log(within(SHOW_LIMIT, here::tell(title, body)).await)
}

/// Notes what went wrong; the window's own messages say the same, so nothing else stands in.
fn log(shown: Option<Result<(), notify_rust::error::Error>>) -> bool {
    match shown {
        Some(Ok(())) => return true,
        Some(Err(error)) => tracing::warn!(%error, "a notification can't be shown"),
        None => tracing::warn!("the desktop didn't take a notification in time"),
    }
    false
}
