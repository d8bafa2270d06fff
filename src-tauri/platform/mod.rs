//! What differs between platforms, one file each: the display, colours, the tray's host, the clipboard, signals. Each
//! file offers the same functions.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(target_os = "macos", path = "macos.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod here;

pub use here::{
    copy_text, display, end_web_helpers, let_go_of_code, one_per_data_folder, panel_is_dark, prefers_dark,
    remember_code, terminated, theme_is_dark, watch,
};

/// Something about the desktop changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only Linux desktops can lose their tray"))]
pub enum Change {
    /// A place for tray icons came or went.
    TrayHost(bool),
    /// The system asks for dark colours, or no longer.
    Dark(bool),
}
