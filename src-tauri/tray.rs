//! The tray: the state of the library as three dots, and a short menu. What it says is the engine's; what stands here is
//! how it gets there. Menu items are changed in place, so that an open menu doesn't flicker.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use stet_client::api::command::{CreateNote, Pause, Reconnect, SyncNow};
use stet_client::desktop::{Tray as Wanted, TrayIcon as Picture};
use stet_model::id::NoteId;
use tauri::image::Image;
use tauri::menu::{CheckMenuItem, IsMenuItem, Menu, MenuItem, PredefinedMenuItem, Submenu};
use tauri::tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Manager, Wry};

use crate::shell::{Shell, lock};
use crate::{platform, quit, window};

/// The tray icon's name on the bus.
const ID: &str = "main";
/// Recent notes in the menu.
const RECENT: usize = 5;
/// Longest title in the menu, in characters: a menu is as wide as its longest line.
const TITLE_CHARS: usize = 40;
/// Ids of the menu's items; a recent note's is this prefix and the note's id.
const NOTE: &str = "note:";
const OPEN: &str = "open";
const NEW: &str = "new";
const SYNC: &str = "sync";
const PAUSE: &str = "pause";
const QUIT: &str = "quit";

/// The tray's state.
#[derive(Default)]
pub struct Tray {
    /// What the engine wants shown; None until it says so.
    wanted: Mutex<Option<Wanted>>,
    /// The main thread was asked to show it and hasn't yet.
    asked: AtomicBool,
    /// What is shown. Touched on the main thread only.
    built: Mutex<Option<Built>>,
    /// The desktop has a place for it right now.
    host: AtomicBool,
}

struct Built {
    icon: TrayIcon,
    status: MenuItem<Wry>,
    sync: MenuItem<Wry>,
    pause: CheckMenuItem<Wry>,
    recent: Submenu<Wry>,
    notes: Vec<(NoteId, MenuItem<Wry>)>,
    shown: Option<(Wanted, bool)>,
}

/// Shows this in the tray, soon; of several in a row only the last. From any thread.
pub fn show(app: &AppHandle, wanted: Wanted) {
    *lock(&app.state::<Shell>().tray.wanted) = Some(wanted);
    refresh(app);
}

/// Shows what is wanted in colours that fit the panel. Makes the icon if there is none. From any thread.
pub fn refresh(app: &AppHandle) {
    if app.state::<Shell>().tray.asked.swap(true, Ordering::AcqRel) {
        return;
    }
    let on_main = app.clone();
    let asked = app.run_on_main_thread(move || {
        let tray = &on_main.state::<Shell>().tray;
        tray.asked.store(false, Ordering::Release);
        if let Err(error) = apply(&on_main, tray) {
            tracing::warn!(%error, "the tray can't be changed");
        }
    });
    if let Err(error) = asked {
        tracing::warn!(%error, "the tray can't be changed");
    }
}

/// Registers the icon with the desktop. On the main thread. Without a place for it the app goes on, and knows.
pub fn build(app: &AppHandle) {
    let shell = app.state::<Shell>();
    if matches!(shell.engine.get(), Some(Err(_))) {
        return;
    }
    let tray = &shell.tray;
    if lock(&tray.built).is_some() {
        tray.host.store(true, Ordering::Release);
        return;
    }
    match Built::new(app) {
        Ok(built) => {
            *lock(&tray.built) = Some(built);
            tray.host.store(true, Ordering::Release);
            refresh(app);
        }
        Err(error) => {
            tray.host.store(false, Ordering::Release);
            tracing::info!(%error, "no tray: closing the window will quit");
        }
    }
}

/// Takes the icon away. On the main thread.
pub fn remove(app: &AppHandle) {
    let tray = &app.state::<Shell>().tray;
    tray.host.store(false, Ordering::Release);
    if lock(&tray.built).take().is_some() {
        app.remove_tray_by_id(ID);
    }
}

/// Whether a person can find the app in a tray right now.
pub fn is_there(app: &AppHandle) -> bool {
    app.state::<Shell>().tray.host.load(Ordering::Acquire)
}

/// The desktop's tray went away.
pub fn host_left(app: &AppHandle) {
    app.state::<Shell>().tray.host.store(false, Ordering::Release);
}

fn apply(app: &AppHandle, tray: &Tray) -> tauri::Result<()> {
    let Some(wanted) = lock(&tray.wanted).clone() else { return Ok(()) };
    let dark = platform::panel_is_dark(app.state::<Shell>().window.dark.load(Ordering::Relaxed));
    match lock(&tray.built).as_mut() {
        Some(built) => built.show(app, wanted, dark),
        None => Ok(()),
    }
}

impl Built {
    fn new(app: &AppHandle) -> tauri::Result<Self> {
        let status = MenuItem::with_id(app, "status", "Starting…", false, None::<&str>)?;
        let open = MenuItem::with_id(app, OPEN, "Open Stet", true, None::<&str>)?;
        let new = MenuItem::with_id(app, NEW, "New note", true, None::<&str>)?;
        let recent = Submenu::with_id(app, "recent", "Recent notes", false)?;
        let sync = MenuItem::with_id(app, SYNC, "Sync now", false, None::<&str>)?;
        let pause = CheckMenuItem::with_id(app, PAUSE, "Pause syncing", false, false, None::<&str>)?;
        let quit = MenuItem::with_id(app, QUIT, "Quit", true, None::<&str>)?;
        let line = || PredefinedMenuItem::separator(app);
        let lines = (line()?, line()?, line()?);
        let items: [&dyn IsMenuItem<Wry>; 10] =
            [&status, &lines.0, &open, &new, &recent, &lines.1, &sync, &pause, &lines.2, &quit];
        let icon = TrayIconBuilder::with_id(ID)
            .title("Stet")
            .tooltip("Starting…")
            .icon(picture(Picture::Local, platform::panel_is_dark(false))?)
            .icon_as_template(cfg!(target_os = "macos"))
            .menu(&Menu::with_items(app, &items)?)
            .show_menu_on_left_click(cfg!(target_os = "macos"))
            .on_menu_event(|app, event| chosen(app, event.id.as_ref()))
            .on_tray_icon_event(|icon, event| {
                if let TrayIconEvent::Click { button: MouseButton::Left, button_state: MouseButtonState::Up, .. } =
                    event
                {
                    window::show(icon.app_handle(), None);
                }
            })
            .build(app)?;
        Ok(Self { icon, status, sync, pause, recent, notes: Vec::new(), shown: None })
    }

    fn show(&mut self, app: &AppHandle, wanted: Wanted, dark: bool) -> tauri::Result<()> {
        let before = self.shown.take();
        let differs = |same: fn(&Wanted, &Wanted) -> bool| before.as_ref().is_none_or(|(old, _)| !same(old, &wanted));
        if differs(|a, b| a.icon == b.icon) || before.as_ref().is_none_or(|(_, old)| *old != dark) {
            self.icon.set_icon(Some(picture(wanted.icon, dark)?))?;
            // A template is drawn in the panel's own colour; the red of attention must stay red.
            self.icon.set_icon_as_template(cfg!(target_os = "macos") && wanted.icon != Picture::Attention)?;
        }
        if differs(|a, b| a.tooltip == b.tooltip) {
            self.icon.set_tooltip(Some(tooltip(&wanted.tooltip)))?;
        }
        if differs(|a, b| a.status_line == b.status_line) {
            self.status.set_text(plain(&wanted.status_line))?;
        }
        let syncs = wanted.icon != Picture::Local;
        if differs(|a, b| a.can_reconnect == b.can_reconnect && a.icon == b.icon) {
            self.sync.set_text(if wanted.can_reconnect { "Reconnect" } else { "Sync now" })?;
            self.sync.set_enabled(syncs)?;
            self.pause.set_enabled(syncs)?;
        }
        // Always: a click has toggled the mark already, whether or not the engine did as asked.
        if self.pause.is_checked()? != wanted.paused {
            self.pause.set_checked(wanted.paused)?;
        }
        if differs(|a, b| a.recent == b.recent) {
            self.show_recent(app, &wanted.recent)?;
        }
        self.shown = Some((wanted, dark));
        Ok(())
    }

    /// New titles are set in place; items are only made anew when the notes or their order changed.
    fn show_recent(&mut self, app: &AppHandle, recent: &[(NoteId, String)]) -> tauri::Result<()> {
        let recent = &recent[..recent.len().min(RECENT)];
        let same = self.notes.iter().map(|(id, _)| id).eq(recent.iter().map(|(id, _)| id));
        if !same {
            for (_, item) in self.notes.drain(..) {
                self.recent.remove(&item)?;
            }
        }
        for (index, (id, title)) in recent.iter().enumerate() {
            let line = line_of(title);
            if let Some((_, item)) = self.notes.get(index) {
                item.set_text(&line)?;
            } else {
                let item = MenuItem::with_id(app, format!("{NOTE}{id}"), &line, true, None::<&str>)?;
                self.recent.append(&item)?;
                self.notes.push((*id, item));
            }
        }
        self.recent.set_enabled(!recent.is_empty())
    }
}

/// Linux desktops set the app's name above the text by themselves.
fn tooltip(text: &str) -> &str {
    if cfg!(target_os = "linux") { text.strip_prefix("Stet\n").unwrap_or(text) } else { text }
}

/// A menu item was chosen.
fn chosen(app: &AppHandle, id: &str) {
    match id {
        OPEN => window::show(app, None),
        NEW => ask(app, |app| async move {
            let note = CreateNote { folder_id: None, title: String::new(), body: String::new() };
            let created = app.state::<Shell>().ask(note).await?;
            window::show(&app, Some(created.note_id));
            Ok(())
        }),
        SYNC => ask(app, |app| async move {
            let shell = app.state::<Shell>();
            let reconnects = lock(&shell.tray.wanted).as_ref().is_some_and(|wanted| wanted.can_reconnect);
            if reconnects {
                shell.ask(Reconnect {}).await?;
            } else {
                shell.ask(SyncNow {}).await?;
            }
            Ok(())
        }),
        PAUSE => ask(app, |app| async move {
            let shell = app.state::<Shell>();
            let paused = lock(&shell.tray.wanted).as_ref().is_some_and(|wanted| wanted.paused);
            let answer = shell.ask(Pause { paused: !paused }).await;
            refresh(&app);
            answer.map(|_| ())
        }),
        QUIT => {
            tauri::async_runtime::spawn(quit::quit(app.clone(), quit::Words::Unsent));
        }
        _ => {
            if let Some(note) = id.strip_prefix(NOTE).and_then(|id| id.parse().ok()) {
                window::show(app, Some(note));
            }
        }
    }
}

fn ask<F>(app: &AppHandle, work: impl FnOnce(AppHandle) -> F)
where
    F: Future<Output = Result<(), stet_client::api::CommandError>> + Send + 'static,
{
    let work = work(app.clone());
    tauri::async_runtime::spawn(async move {
        if let Err(error) = work.await {
            tracing::warn!(%error, "the tray's menu asked for something that failed");
        }
    });
}

fn line_of(title: &str) -> String {
    let title = title.trim();
    if title.is_empty() {
        return "Untitled".to_owned();
    }
    let mut line: String = title.chars().take(TITLE_CHARS).collect();
    if title.chars().count() > TITLE_CHARS {
        line.push('…');
    }
    plain(&line)
}

/// Menus underline the letter after `&`; in a title it is just a character.
fn plain(text: &str) -> String {
    text.replace('&', "&&")
}

macro_rules! pictures {
    ($dark:expr, $picture:expr, $($state:ident: $name:literal,)*) => {
        match ($picture, $dark) {
            $(
                (Picture::$state, false) => include_bytes!(concat!("../icons/tray/", $name, "-light.png")).as_slice(),
                (Picture::$state, true) => include_bytes!(concat!("../icons/tray/", $name, "-dark.png")).as_slice(),
            )*
        }
    };
}

fn picture(picture: Picture, dark: bool) -> tauri::Result<Image<'static>> {
    Image::from_bytes(pictures! {
        dark, picture,
        Local: "local",
        Synced: "synced",
        Busy: "busy",
        Offline: "offline",
        Attention: "attention",
    })
}

#[cfg(test)]
mod tests {
    use super::{Picture, line_of, picture};

    #[test]
    fn every_state_has_a_picture_of_its_own_for_light_and_for_dark_panels() {
        let states = [Picture::Local, Picture::Synced, Picture::Busy, Picture::Offline, Picture::Attention];
        let all: Vec<_> = states.iter().flat_map(|state| [picture(*state, false), picture(*state, true)]).collect();
        let pixels: Vec<_> = all.iter().filter_map(|image| image.as_ref().ok()).map(|image| image.rgba()).collect();
        assert_eq!(pixels.len(), 10);
        for (index, one) in pixels.iter().enumerate() {
            assert!(pixels[index + 1..].iter().all(|other| other != one), "picture {index} is there twice");
        }
    }

    #[test]
    fn a_title_in_the_menu_is_one_short_line_without_marks_of_its_own() {
        assert_eq!(line_of("Salt & pepper"), "Salt && pepper");
        assert_eq!(line_of("  "), "Untitled");
        assert_eq!(line_of(&"ä".repeat(41)), format!("{}…", "ä".repeat(40)));
        assert_eq!(line_of(&"ä".repeat(40)), "ä".repeat(40));
    }
}
