//! Notifications by the freedesktop.org interface. Each open one is waited for, so that a click finds its note.

use std::collections::VecDeque;

use notify_rust::error::Error;
use notify_rust::{Hint, Notification, NotificationResponse};
use stet_client::desktop::Notice;
use stet_model::id::NoteId;
use tokio::task::{AbortHandle, spawn};

use crate::window::failure::escaped;

/// Notifications that may be open at once; one more takes the place of the oldest.
const MOST_OPEN: usize = 20;
/// The installed icon's and the desktop entry's names, by which desktops group what is ours.
const ICON: &str = "stet";
const DESKTOP_ENTRY: &str = "Stet";
/// The action of a click on the notification itself.
const CLICK: &str = "default";

/// The open notifications, oldest first.
pub struct Board<C> {
    clicked: C,
    open: VecDeque<Open>,
}

struct Open {
    id: u32,
    note: NoteId,
    waiting: AbortHandle,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.waiting.abort();
    }
}

impl<C: Fn(NoteId) + Clone + Send + Sync + 'static> Board<C> {
    /// An empty board.
    pub const fn new(clicked: C) -> Self {
        Self { clicked, open: VecDeque::new() }
    }

    /// Shows a notice, in place of an open one for the same note.
    pub async fn show(&mut self, notice: &Notice) -> Result<(), Error> {
        self.open.retain(|open| !open.waiting.is_finished());
        let mut shown = notification(&notice.title, &notice.body);
        shown.hint(Hint::DesktopEntry(DESKTOP_ENTRY.to_owned())).action(CLICK, "Open");
        // Held until the new one is shown, so that the desktop replaces instead of closing and opening.
        let replaced = self.take_place_for(notice.note_id);
        if let Some(replaced) = &replaced {
            shown.id(replaced.id);
        }
        let handle = shown.show_async().await?;
        let (id, note, clicked) = (handle.id(), notice.note_id, self.clicked.clone());
        let waiting = spawn(async move {
            let answered = handle.wait_for_action_async(move |response: &NotificationResponse| {
                if *response == NotificationResponse::Default {
                    clicked(note);
                }
            });
            answered.await;
        });
        self.open.push_back(Open { id, note, waiting: waiting.abort_handle() });
        Ok(())
    }

    fn take_place_for(&mut self, note: NoteId) -> Option<Open> {
        match self.open.iter().position(|open| open.note == note) {
            Some(index) => self.open.remove(index),
            None if self.open.len() >= MOST_OPEN => self.open.pop_front(),
            None => None,
        }
    }
}

/// Shows a text about no note. Without a desktop entry, or some desktops take it away when the app ends.
pub async fn tell(title: &str, body: &str) -> Result<(), Error> {
    notification(title, body).show_async().await.map(|_| ())
}

fn notification(title: &str, body: &str) -> Notification {
    let title = if title.trim().is_empty() { "Untitled" } else { title };
    // The title is plain text; the body may carry marks, so that what looks like one has to be escaped.
    Notification::new().appname("Stet").summary(title).body(&escaped(body)).icon(ICON).finalize()
}
