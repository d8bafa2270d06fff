//! What the engine asks of the machine it runs on: a trait the shell implements and tests record. No decisions.

use stet_model::id::NoteId;

use crate::api::Event;

/// The desktop around the engine. Calls come from the engine's task and must return at once.
pub trait Desktop: Send + Sync + 'static {
    /// Hands an event to the user interface, if one is open.
    fn emit(&self, event: &Event);
    /// Shows this in the tray.
    fn set_tray(&self, tray: &Tray);
    /// Shows a notification; one for the same note replaces the former.
    fn notify(&self, notice: &Notice);
    /// Brings the window to the front, with this note when one is given.
    fn show_window(&self, note: Option<NoteId>);
    /// Opens a link outside the app; the scheme was checked.
    fn open_url(&self, url: &str);
    /// Shows a count on the app's icon, where the platform has that; 0 removes it.
    fn set_badge(&self, unsent: u32);
}

/// What the tray shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tray {
    /// The icon: the three dots of the whole library.
    pub icon: TrayIcon,
    /// Shown when the pointer rests on it: state and counts.
    pub tooltip: String,
    /// The first line of the menu.
    pub status_line: String,
    /// Whether the user stopped syncing.
    pub paused: bool,
    /// Whether the menu offers "Reconnect" (else "Sync now").
    pub can_reconnect: bool,
    /// The notes changed last, newest first, with their titles.
    pub recent: Vec<(NoteId, String)>,
}

/// The tray's icon.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrayIcon {
    /// No server is set: one dot of one.
    #[default]
    Local,
    /// All filled: synced, and the other devices caught up.
    Synced,
    /// Third hollow: everything is on the server, but another device hasn't fetched it.
    Sent,
    /// Second hollow: unsent or syncing.
    Busy,
    /// Second and third hollow: offline.
    Offline,
    /// Red: the user has to act.
    Attention,
}

/// A native notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The note a click opens.
    pub note_id: NoteId,
    /// The note's title.
    pub title: String,
    /// What happened, and on which device.
    pub body: String,
}
