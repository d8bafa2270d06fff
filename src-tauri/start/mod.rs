//! The start: one instance a data folder, the engine beside the window, the tray after both; and what follows when the
//! desktop around the app changes.

pub mod arguments;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Parser;
use stet_client::api::{CommandError, ErrorCode};
use stet_client::{Client, Config, StartError};
use tauri::{AppHandle, Manager};
use tauri_plugin_window_state::StateFlags;
use tokio::sync::{SetOnce, watch};

use self::arguments::Arguments;
use crate::desktop::TauriDesktop;
use crate::events::Events;
use crate::notifications::Notifications;
use crate::platform::{self, Change};
use crate::shell::Shell;
use crate::window::failure;
use crate::{deep_link, quit, tray, window};

/// The folder's name in the user's data folder.
const FOLDER: &str = "stet";
/// The window's last place and size, in the data folder.
const WINDOW_FILE: &str = "window.json";
/// How long the desktop's tray may be away before the window comes back: panels are restarted at times.
const HOST_GRACE: Duration = Duration::from_secs(5);

/// Starts everything, or shows why it can't. On the main thread, before the event loop runs.
pub fn set_up(app: &AppHandle, arguments: Arguments) {
    let dark = std::thread::spawn(platform::prefers_dark);
    let standard = app.path().data_dir().ok().map(|folder| folder.join(FOLDER));
    let (config, refused) = match Config::from_environment(arguments.data.clone(), standard.clone()) {
        Ok(config) => (Some(config), None),
        Err(error) => (None, Some(error.to_string())),
    };
    let wanted = config.as_ref().map(|config| config.data_dir.clone()).or(arguments.data).or(standard.clone());
    let data_dir = whole(&wanted.unwrap_or_default());
    let clicked = app.clone();
    app.manage(crate::export::LastExport::default());
    app.manage(Shell {
        data_dir: data_dir.clone(),
        engine: SetOnce::new(),
        window: window::Window::default(),
        events: Events::default(),
        tray: tray::Tray::default(),
        notifications: Notifications::start(move |note| window::show(&clicked, Some(note))),
        quitting: AtomicBool::new(false),
        warned_of_loss: AtomicBool::new(false),
        in_flight: watch::Sender::new(0),
    });
    let refused = refused.or_else(|| plug_in(app, &data_dir, standard.as_deref()).err());
    let dark = dark.join().ok().flatten().unwrap_or_else(platform::theme_is_dark);
    app.state::<Shell>().window.dark.store(dark, Ordering::Relaxed);
    follow_signals(app);
    let Some(config) = config.filter(|_| refused.is_none()) else {
        return failure::show(app, &refused.unwrap_or_default(), &data_dir, Vec::new());
    };
    start_engine(app, Config { data_dir, ..config });
    let note = arguments.link.as_deref().and_then(deep_link::note);
    if !arguments.hidden {
        window::show(app, note);
    }
    tray::build(app);
    if arguments.hidden && !tray::is_there(app) {
        window::show(app, note);
    }
    follow_desktop(app);
}

/// The plugins. The first one ends the process here when another serves this data folder already.
fn plug_in(app: &AppHandle, data_dir: &Path, standard: Option<&Path>) -> Result<(), String> {
    if platform::one_per_data_folder() || standard.is_some_and(|standard| whole(standard) == data_dir) {
        let instance = tauri_plugin_single_instance::Builder::new()
            .callback(|app, argv, _| handed_over(app, &argv))
            .dbus_id(instance_name(data_dir));
        app.plugin(instance.build()).map_err(|error| {
            format!(
                "Stet is running with these notes already, but it doesn't answer ({error}). End it, or restart the \
                 computer, and try again."
            )
        })?;
    }
    let remembered = StateFlags::SIZE | StateFlags::POSITION | StateFlags::MAXIMIZED | StateFlags::FULLSCREEN;
    let window_state = tauri_plugin_window_state::Builder::new()
        .with_filename(data_dir.join(WINDOW_FILE).to_string_lossy())
        .with_state_flags(remembered)
        .with_filter(|label| label == window::LABEL);
    app.plugin(window_state.build()).map_err(|error| error.to_string())
}

/// The folder's one name: two ways to write it must not make two instances.
fn whole(folder: &Path) -> PathBuf {
    // Only a folder that exists has one. That it can't be made is the engine's to say, with the remedy.
    std::fs::create_dir_all(folder).ok();
    folder.canonicalize().or_else(|_| std::path::absolute(folder)).unwrap_or_else(|_| folder.to_owned())
}

/// The instance's name on the bus, from the data folder (FNV-1a: short, and the same in every build).
fn instance_name(data_dir: &Path) -> String {
    let bytes = data_dir.as_os_str().as_encoded_bytes();
    let hash = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    format!("app.stet.notes.data{hash:016x}")
}

/// A second start handed over what it was started with.
fn handed_over(app: &AppHandle, argv: &[String]) {
    let arguments = Arguments::try_parse_from(argv).unwrap_or_default();
    if !arguments.hidden {
        window::show(app, arguments.link.as_deref().and_then(deep_link::note));
    }
}

/// Starts the engine beside the window, which loads meanwhile. Commands wait for it.
fn start_engine(app: &AppHandle, config: Config) {
    let app = app.clone();
    tauri::async_runtime::spawn_blocking(move || {
        let data_dir = config.data_dir.clone();
        let started = Client::start(config, Arc::new(TauriDesktop::new(app.clone())));
        let legible = |error: &StartError| match error.leaves_notes_legible() {
            true => stet_client::read_only(&data_dir),
            false => Vec::new(),
        };
        let refused = started.as_ref().err().map(|error| (error.to_string(), legible(error)));
        let engine = started.map_err(|error| CommandError::new(ErrorCode::Storage, error.to_string()));
        if app.state::<Shell>().engine.set(engine).is_err() {
            tracing::error!("the engine was started twice");
        }
        if let Some((message, notes)) = refused {
            failure::show(&app, &message, &data_dir, notes);
        }
    });
}

fn follow_signals(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        platform::terminated().await;
        quit::quit(app, quit::Words::None).await;
    });
}

fn follow_desktop(app: &AppHandle) {
    let app = app.clone();
    platform::watch(move |change| match change {
        Change::Dark(dark) => colours(&app, dark),
        Change::TrayHost(true) => {
            let on_main = app.clone();
            if let Err(error) = app.run_on_main_thread(move || tray::build(&on_main)) {
                tracing::warn!(%error, "the tray is back but not used");
            }
        }
        Change::TrayHost(false) => {
            tray::host_left(&app);
            tauri::async_runtime::spawn(stay_reachable(app.clone()));
        }
    });
}

/// Light or dark: the tray's picture changes with the panel. The page follows by itself.
pub fn colours(app: &AppHandle, dark: bool) {
    // An empty window for benchmarks has no shell behind it.
    let Some(shell) = app.try_state::<Shell>() else { return };
    shell.window.dark.store(dark, Ordering::Relaxed);
    tray::refresh(app);
}

/// Brings the window back when the tray the app went on in doesn't return.
async fn stay_reachable(app: AppHandle) {
    tokio::time::sleep(HOST_GRACE).await;
    if !tray::is_there(&app) && !window::is_open(&app) {
        tracing::info!("the tray went away: the window comes back");
        window::show(&app, None);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{instance_name, whole};

    #[test]
    fn each_data_folder_has_an_instance_name_of_its_own_that_the_bus_accepts() {
        let one = instance_name(Path::new("/home/ann/.local/share/stet"));
        assert_ne!(one, instance_name(Path::new("/home/ann/.local/share/stet2")));
        assert!(one.split('.').all(|part| part.starts_with(|first: char| first.is_ascii_alphabetic())));
        assert!(one.chars().all(|each| each.is_ascii_alphanumeric() || each == '.'));
    }

    #[test]
    fn two_ways_to_write_a_folder_are_one_folder() {
        let parent = std::env::temp_dir();
        let folder = parent.join(format!("stet-one-folder-{}", std::process::id()));
        assert_eq!(whole(&folder), whole(&folder.join("..").join(folder.file_name().unwrap()).join(".")));
        std::fs::remove_dir(folder).unwrap();
    }
}
