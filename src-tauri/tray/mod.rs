//! The tray: the state of the library as three dots, with a tooltip and a menu. What they say is the engine's; what stands
//! here is how it gets there, and whether the desktop has a place for it.

mod menu;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use stet_client::desktop::{Tray as Wanted, TrayIcon as Picture};
use tauri::image::Image;
use tauri::include_image;
use tauri::tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Manager};

use self::menu::Menu;
use crate::shell::{Shell, lock};
use crate::{platform, window};

/// The tray icon's name on the bus.
const ID: &str = "main";

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
    menu: Menu,
    /// What is shown, and whether for a dark panel.
    shown: Option<(Wanted, bool)>,
}

impl Tray {
    /// What the engine said last.
    fn wants(&self, question: impl Fn(&Wanted) -> bool) -> bool {
        lock(&self.wanted).as_ref().is_some_and(question)
    }
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
        let (menu, native) = Menu::new(app)?;
        let icon = TrayIconBuilder::with_id(ID)
            .title("Stet")
            .tooltip("Starting…")
            .icon(picture(Picture::Local, platform::panel_is_dark(false)))
            .icon_as_template(cfg!(target_os = "macos"))
            .menu(&native)
            .show_menu_on_left_click(cfg!(target_os = "macos"))
            .on_menu_event(|app, event| menu::chosen(app, event.id.as_ref()))
            .on_tray_icon_event(|icon, event| {
                if let TrayIconEvent::Click { button: MouseButton::Left, button_state: MouseButtonState::Up, .. } =
                    event
                {
                    window::show(icon.app_handle(), None);
                }
            })
            .build(app)?;
        Ok(Self { icon, menu, shown: None })
    }

    fn show(&mut self, app: &AppHandle, wanted: Wanted, dark: bool) -> tauri::Result<()> {
        let (before, before_dark) = self.shown.take().unzip();
        if before.as_ref().map(|before| before.icon) != Some(wanted.icon) || before_dark != Some(dark) {
            self.icon.set_icon(Some(picture(wanted.icon, dark)))?;
            // A template is drawn in the panel's own colour; the red of attention must stay red.
            self.icon.set_icon_as_template(cfg!(target_os = "macos") && wanted.icon != Picture::Attention)?;
        }
        if before.as_ref().is_none_or(|before| before.tooltip != wanted.tooltip) {
            self.icon.set_tooltip(Some(tooltip(&wanted.tooltip)))?;
        }
        self.menu.show(app, before.as_ref(), &wanted)?;
        self.shown = Some((wanted, dark));
        Ok(())
    }
}

/// Linux desktops set the app's name above the text by themselves.
fn tooltip(text: &str) -> &str {
    if cfg!(target_os = "linux") { text.strip_prefix("Stet\n").unwrap_or(text) } else { text }
}

const fn picture(picture: Picture, dark: bool) -> Image<'static> {
    match (picture, dark) {
        (Picture::Local, false) => include_image!("icons/tray/local-light.png"),
        (Picture::Local, true) => include_image!("icons/tray/local-dark.png"),
        (Picture::Synced, false) => include_image!("icons/tray/synced-light.png"),
        (Picture::Synced, true) => include_image!("icons/tray/synced-dark.png"),
        (Picture::Sent, false) => include_image!("icons/tray/sent-light.png"),
        (Picture::Sent, true) => include_image!("icons/tray/sent-dark.png"),
        (Picture::Busy, false) => include_image!("icons/tray/busy-light.png"),
        (Picture::Busy, true) => include_image!("icons/tray/busy-dark.png"),
        (Picture::Offline, false) => include_image!("icons/tray/offline-light.png"),
        (Picture::Offline, true) => include_image!("icons/tray/offline-dark.png"),
        (Picture::Attention, false) => include_image!("icons/tray/attention-light.png"),
        (Picture::Attention, true) => include_image!("icons/tray/attention-dark.png"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Image, Picture, picture};

    #[test]
    fn every_state_has_a_picture_of_its_own_for_light_and_for_dark_panels() {
        let states =
            [Picture::Local, Picture::Synced, Picture::Sent, Picture::Busy, Picture::Offline, Picture::Attention];
        let all: Vec<_> = states.iter().flat_map(|state| [picture(*state, false), picture(*state, true)]).collect();
        let pixels: Vec<_> = all.iter().map(Image::rgba).collect();
        assert_eq!(pixels.len(), 12);
        for (index, one) in pixels.iter().enumerate() {
            assert!(pixels[index + 1..].iter().all(|other| other != one), "picture {index} is there twice");
        }
    }
}
