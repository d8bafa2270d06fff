//! A stage for real programs: a folder, a screen and a D-Bus of their own, with a notification service and a tray that
//! record what they are told. Everything started on it ends with it, also after a panic. It holds no expectations.

mod app;
mod bus;
mod ground;
mod keys;
mod notifications;
mod page;
mod processes;
mod screen;
mod server;
mod tray;

use std::path::{Path, PathBuf};

pub use app::{AppProcess, AppSettings};
pub use bus::Bus;
pub use ground::Ground;
pub use notifications::{Notifications, Shown};
pub use processes::{Process, Program, marked, marked_as, program};
pub use screen::Screen;
pub use server::ServerProcess;
pub use tray::{MenuItem, TrayHost, TrayIcon};

/// Which of the desktop's services stand ready when the app starts.
#[derive(Clone, Copy, Debug)]
pub struct Scenery {
    /// Somebody shows tray icons.
    pub tray: bool,
    /// Somebody shows notifications.
    pub notifications: bool,
    /// Pixels of the screen.
    pub screen: (u32, u32),
}

impl Default for Scenery {
    fn default() -> Self {
        Self { tray: true, notifications: true, screen: (1280, 860) }
    }
}

/// A screen, a bus and the services on it.
pub struct Stage {
    notifications: Option<Notifications>,
    tray: Option<TrayHost>,
    screen: Screen,
    bus: Bus,
    ground: Ground,
}

impl Stage {
    /// Sets up a stage with everything on it.
    pub async fn set_up(name: &str) -> Self {
        Self::with(name, Scenery::default()).await
    }

    /// Sets up a stage with only some services. Waits until no other stage is up: each takes most of a small machine.
    pub async fn with(name: &str, scenery: Scenery) -> Self {
        let ground = Ground::alone(name);
        let bus = Bus::start(&ground).await;
        let screen = Screen::start(&ground, scenery.screen).await;
        let notifications = match scenery.notifications {
            true => Some(Notifications::start(&bus).await),
            false => None,
        };
        let tray = match scenery.tray {
            true => Some(TrayHost::start(&bus).await),
            false => None,
        };
        Self { notifications, tray, screen, bus, ground }
    }

    /// What notifications were shown.
    pub fn notifications(&self) -> &Notifications {
        self.notifications.as_ref().expect("this stage shows no notifications")
    }

    /// The tray.
    pub fn tray(&self) -> &TrayHost {
        self.tray.as_ref().expect("this stage has no tray")
    }

    /// The screen.
    pub fn screen(&self) -> &Screen {
        &self.screen
    }

    /// The message bus.
    pub fn bus(&self) -> &Bus {
        &self.bus
    }

    /// The folder everything happens in.
    pub fn ground(&self) -> &Ground {
        &self.ground
    }

    /// A folder on this stage, made if it isn't there.
    pub fn folder(&self, name: &str) -> PathBuf {
        self.ground.folder(name)
    }

    /// What a program needs to know to play on this stage, and nothing of the developer's own desktop.
    pub fn environment(&self, home: &Path) -> Vec<(String, String)> {
        let mut environment = self.ground.environment();
        let under = |folder: &str| home.join(folder).display().to_string();
        let fixed = [
            ("DISPLAY", self.screen.display().to_owned()),
            ("DBUS_SESSION_BUS_ADDRESS", self.bus.address().to_owned()),
            ("HOME", home.display().to_string()),
            ("XDG_DATA_HOME", under("share")),
            ("XDG_CONFIG_HOME", under("config")),
            ("XDG_CACHE_HOME", under("cache")),
            ("XDG_RUNTIME_DIR", under("run")),
            ("GDK_BACKEND", "x11".to_owned()),
            ("NO_AT_BRIDGE", "1".to_owned()),
            ("WEBKIT_DISABLE_DMABUF_RENDERER", "1".to_owned()),
        ];
        environment.extend(fixed.map(|(name, value)| (name.to_owned(), value)));
        environment
    }
}
