//! The engine's view of the desktop: hands each call to the part of the shell that does it, and returns at once.

use std::sync::atomic::Ordering;

use stet_client::Desktop;
use stet_client::api::Event;
use stet_client::desktop::{Notice, Tray};
use stet_model::id::NoteId;
use tauri::{AppHandle, Manager};

use crate::shell::Shell;
use crate::{links, tray, window};

/// The desktop the app runs on.
pub struct TauriDesktop {
    app: AppHandle,
}

impl TauriDesktop {
    /// The desktop of this app.
    pub const fn new(app: AppHandle) -> Self {
        Self { app }
    }
}

impl Desktop for TauriDesktop {
    fn emit(&self, event: &Event) {
        self.app.state::<Shell>().events.put(event);
    }

    fn set_tray(&self, wanted: &Tray) {
        tray::show(&self.app, wanted.clone());
    }

    fn notify(&self, notice: &Notice) {
        self.app.state::<Shell>().notifications.show(notice.clone());
    }

    fn show_window(&self, note: Option<NoteId>) {
        window::show(&self.app, note);
    }

    fn open_url(&self, url: &str) {
        if let Err(error) = links::open(url) {
            tracing::warn!(%error, "a link wasn't opened");
        }
    }

    fn set_badge(&self, unsent: u32) {
        // For the next window, when there is none.
        self.app.state::<Shell>().window.badge.store(unsent, Ordering::Relaxed);
        let count = (unsent > 0).then(|| unsent.into());
        if let Some(window) = self.app.get_webview_window(window::LABEL)
            && let Err(error) = window.set_badge_count(count)
        {
            tracing::debug!(%error, "no badge");
        }
    }
}
