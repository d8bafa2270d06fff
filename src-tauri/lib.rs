//! The desktop shell: a window, a tray, notifications and links around the engine. What a note is, what is synced and who
//! is told is decided in the engine; nothing here reads or writes a note.

mod commands;
mod deep_link;
mod desktop;
mod events;
mod export;
mod links;
#[cfg(test)]
mod names;
mod notifications;
mod platform;
mod quit;
mod shell;
mod start;
mod tray;
mod window;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use tauri::{AppHandle, RunEvent, WindowEvent};

use crate::start::arguments::Arguments;
use crate::window::{empty, failure};

/// The exit code without a display.
const NO_DISPLAY: u8 = 2;

/// Runs the app until the user quits it.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    stet_client::log::start();
    platform::remember_code();
    if let Err(message) = platform::display() {
        say(&message);
        return ExitCode::from(NO_DISPLAY);
    }
    let app = tauri::Builder::default()
        .invoke_handler(commands::handler())
        .register_uri_scheme_protocol(failure::SCHEME, failure::serve)
        .register_uri_scheme_protocol(empty::SCHEME, empty::serve)
        .setup(move |app| {
            if arguments.empty_window {
                return Ok(empty::open(app.handle())?);
            }
            start::set_up(app.handle(), arguments);
            Ok(())
        })
        .build(tauri::generate_context!());
    match app {
        Ok(app) => {
            app.run(happened);
            ExitCode::SUCCESS
        }
        Err(error) => {
            say(&format!("Stet can't start: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Says something where no window can. A closed terminal hears nothing.
fn say(message: &str) {
    writeln!(std::io::stderr(), "{message}").ok();
}

fn happened(app: &AppHandle, event: RunEvent) {
    match event {
        RunEvent::WindowEvent { label, event, .. } => window_happened(app, &label, &event),
        // Without a window the app goes on in the tray; only `quit` ends it, with a code.
        RunEvent::ExitRequested { code: None, api, .. } => api.prevent_exit(),
        #[cfg(target_os = "macos")]
        RunEvent::Reopen { .. } => window::show(app, None),
        #[cfg(target_os = "macos")]
        RunEvent::Opened { urls } => {
            let note = urls.iter().find_map(|url| deep_link::note(url.as_str()));
            window::show(app, note);
        }
        _ => {}
    }
}

fn window_happened(app: &AppHandle, label: &str, event: &WindowEvent) {
    match event {
        WindowEvent::CloseRequested { .. } if label == empty::LABEL => app.exit(0),
        WindowEvent::CloseRequested { .. } if failure::is_window(label) => app.exit(failure::EXIT_CODE),
        WindowEvent::CloseRequested { api, .. } => {
            api.prevent_close();
            tauri::async_runtime::spawn(quit::close(app.clone()));
        }
        WindowEvent::Destroyed if label == window::LABEL => window::gone(app),
        WindowEvent::ThemeChanged(theme) => start::colours(app, *theme == tauri::Theme::Dark),
        _ => {}
    }
}
