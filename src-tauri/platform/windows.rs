//! Windows. Not run yet.

use std::io::Write;
use std::process::{Command, Stdio};

use super::Change;

/// There always is a display.
///
/// # Errors
/// None.
pub const fn display() -> Result<(), String> {
    Ok(())
}

/// Asked of the window instead, see `Change::Dark`.
pub const fn prefers_dark() -> Option<bool> {
    None
}

/// The web view follows the system by itself.
pub const fn theme_is_dark() -> bool {
    false
}

/// The menu bar colours template icons by itself; elsewhere the panel is like the windows.
pub const fn panel_is_dark(dark: bool) -> bool {
    dark
}

/// The instance's name can't be chosen here: only the standard data folder has one instance by name, others by their lock.
pub const fn one_per_data_folder() -> bool {
    false
}

/// The tray can't go away here, and the window tells its theme.
pub fn watch(_changed: impl Fn(Change) + Send + 'static) {}

/// The system's web view has no process of its own that outlives it.
pub async fn end_web_helpers() {}

/// Nothing to remember: see [`let_go_of_code`].
pub const fn remember_code() {}

/// The system takes back code by itself when memory is short.
pub const fn let_go_of_code() {}

/// Puts a text on the clipboard, by `clip`, which takes UTF-16.
pub fn copy_text(text: &str) {
    let bytes = text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let copied = Command::new("clip").stdin(Stdio::piped()).spawn().and_then(|mut program| {
        if let Some(mut input) = program.stdin.take() {
            input.write_all(&bytes)?;
        }
        program.wait()
    });
    if let Err(error) = copied {
        tracing::warn!(%error, "the text can't be copied");
    }
}

/// Waits until a terminal asks the program to end. Never, when that can't be heard.
pub async fn terminated() {
    if let Err(error) = tokio::signal::ctrl_c().await {
        tracing::warn!(%error, "Ctrl-C can't be heard");
        std::future::pending::<()>().await;
    }
}
