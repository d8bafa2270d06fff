//! Starts the desktop app. Nothing else happens here.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

fn main() -> std::process::ExitCode {
    stet_desktop::run()
}
