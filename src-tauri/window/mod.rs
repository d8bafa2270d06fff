//! The one window: opened at the start, let go of when the app goes on in the tray, made anew when it is wanted.
//! Its content is the interface's.

pub mod empty;
pub mod failure;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use stet_client::api::Event;
use stet_client::api::event::ShowNote;
use stet_model::id::NoteId;
use tauri::webview::Color;
use tauri::{AppHandle, Manager, Url, WebviewUrl, WebviewWindowBuilder};

use crate::platform;
use crate::shell::{Shell, lock, within};

/// The window's name, also in the capability file and in events.
pub const LABEL: &str = "main";

/// Size at the very first start; later the last one is remembered.
const SIZE: (f64, f64) = (1180.0, 760.0);
/// Below this nothing can be read: one pane at a time still fits.
const LEAST_SIZE: (f64, f64) = (480.0, 400.0);

/// The surface colours of the interface, so that nothing flashes before its first paint.
const PAPER: Color = Color(0xFB, 0xFA, 0xF7, 0xFF);
const DARK_PAPER: Color = Color(0x17, 0x16, 0x14, 0xFF);

/// Longest wait for the page to send its last keys: a hung page must not keep the window open.
const FLUSH_LIMIT: Duration = Duration::from_secs(1);
/// Without a command for this long the page has said everything; it sends within 25 ms of a key.
const QUIET: Duration = Duration::from_millis(60);

/// In the tray for this long, the app lets go of more than the window: what its page kept has been written by then.
const REST_AFTER: Duration = Duration::from_secs(5);

/// Where the window stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// There is none.
    #[default]
    Absent,
    /// It can be shown.
    Open,
    /// The user closed it; its page says its last words.
    Closing,
    /// It is being destroyed.
    Leaving {
        /// It was asked for again meanwhile.
        again: bool,
    },
}

/// The window's state.
#[derive(Default)]
pub struct Window {
    stage: Mutex<Stage>,
    /// Its page listens to events.
    ready: AtomicBool,
    /// The note to show once it does.
    pending: Mutex<Option<NoteId>>,
    /// How many windows have gone.
    turn: AtomicU32,
    /// The system asks for dark colours.
    pub dark: AtomicBool,
    /// The count on the app's icon.
    pub badge: AtomicU32,
}

/// Brings the window to the front, with this note when one is given; makes it when there is none. From any thread.
pub fn show(app: &AppHandle, note: Option<NoteId>) {
    let on_main = app.clone();
    let shown = app.run_on_main_thread(move || {
        if let Err(error) = show_now(&on_main, note) {
            tracing::error!(%error, "the window can't be shown");
        }
    });
    if let Err(error) = shown {
        tracing::error!(%error, "the window can't be asked for");
    }
}

fn show_now(app: &AppHandle, note: Option<NoteId>) -> tauri::Result<()> {
    let shell = app.state::<Shell>();
    if shell.quitting.load(Ordering::Acquire) || failure::focus(app) {
        return Ok(());
    }
    if note.is_some() {
        *lock(&shell.window.pending) = note;
    }
    let before = {
        let mut stage = lock(&shell.window.stage);
        let before = *stage;
        *stage = match before {
            Stage::Leaving { .. } => Stage::Leaving { again: true },
            _ => Stage::Open,
        };
        before
    };
    match before {
        Stage::Absent => open(app).inspect_err(|_| *lock(&shell.window.stage) = Stage::Absent),
        Stage::Leaving { .. } => Ok(()),
        Stage::Open | Stage::Closing => {
            if let Some(window) = app.get_webview_window(LABEL) {
                window.show()?;
                window.unminimize()?;
                window.set_focus()?;
            }
            if shell.window.ready.load(Ordering::Acquire) {
                show_pending(app);
            }
            Ok(())
        }
    }
}

fn open(app: &AppHandle) -> tauri::Result<()> {
    let shell = app.state::<Shell>();
    shell.events.open();
    let paper = if shell.window.dark.load(Ordering::Relaxed) { DARK_PAPER } else { PAPER };
    let window = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::default())
        .title("Stet")
        .inner_size(SIZE.0, SIZE.1)
        .min_inner_size(LEAST_SIZE.0, LEAST_SIZE.1)
        .background_color(paper)
        .data_directory(shell.data_dir.join("webview"))
        .devtools(cfg!(debug_assertions))
        // The page has its own drag and drop, of notes onto folders.
        .disable_drag_drop_handler()
        .on_navigation({
            let app = app.clone();
            move |url| own_page(&app, url)
        })
        .build()?;
    let unsent = shell.window.badge.load(Ordering::Relaxed);
    window.set_badge_count((unsent > 0).then(|| unsent.into()))
}

/// Only the app's own pages are shown in the window: whatever a note's text links to is not.
fn own_page(app: &AppHandle, url: &Url) -> bool {
    let built_in = url.scheme() == "tauri" || url.host_str() == Some("tauri.localhost");
    let developed =
        tauri::is_dev() && app.config().build.dev_url.as_ref().is_some_and(|dev| dev.origin() == url.origin());
    built_in || developed || url.as_str() == "about:blank"
}

/// The page has painted, takes keys and listens.
pub fn ready(app: &AppHandle) {
    app.state::<Shell>().window.ready.store(true, Ordering::Release);
    tracing::info!("stet ready");
    show_pending(app);
}

fn show_pending(app: &AppHandle) {
    let Some(note_id) = lock(&app.state::<Shell>().window.pending).take() else { return };
    app.state::<Shell>().events.put(&Event::ShowNote(ShowNote { note_id }));
}

/// Whether there is a window a person could see or bring back.
pub fn is_open(app: &AppHandle) -> bool {
    *lock(&app.state::<Shell>().window.stage) == Stage::Open
}

/// Takes the window from sight and waits until its page has sent what it held. False: it was closing already.
pub async fn take_away(app: &AppHandle) -> bool {
    let shell = app.state::<Shell>();
    {
        let mut stage = lock(&shell.window.stage);
        if *stage != Stage::Open {
            return false;
        }
        *stage = Stage::Closing;
    }
    if let Some(window) = app.get_webview_window(LABEL) {
        if let Err(error) = window.hide() {
            tracing::debug!(%error, "the window can't be hidden");
        }
        if within(FLUSH_LIMIT, flush(&shell)).await.is_none() {
            tracing::warn!("the page didn't finish sending in time");
        }
    }
    true
}

async fn flush(shell: &Shell) {
    shell.events.leave().await;
    let mut in_flight = shell.in_flight.subscribe();
    while within(QUIET, in_flight.changed()).await.is_some() || *in_flight.borrow_and_update() > 0 {}
}

/// Destroys the window that was taken away, and with it the web view and its processes, unless it was asked for again.
pub fn let_go(app: &AppHandle) {
    let on_main = app.clone();
    let asked = app.run_on_main_thread(move || {
        let shell = on_main.state::<Shell>();
        {
            let mut stage = lock(&shell.window.stage);
            if *stage != Stage::Closing {
                return;
            }
            *stage = Stage::Leaving { again: false };
        }
        shell.window.ready.store(false, Ordering::Release);
        if let Some(window) = on_main.get_webview_window(LABEL)
            && let Err(error) = window.destroy()
        {
            tracing::error!(%error, "the window can't be let go of");
        }
    });
    if let Err(error) = asked {
        tracing::error!(%error, "the window can't be let go of");
    }
}

/// The window is gone. It is made again if it was asked for meanwhile.
pub fn gone(app: &AppHandle) {
    let shell = app.state::<Shell>();
    shell.window.ready.store(false, Ordering::Release);
    shell.events.close();
    shell.page_gone();
    let turn = shell.window.turn.fetch_add(1, Ordering::Relaxed) + 1;
    absent(app);
    tauri::async_runtime::spawn(rest(app.clone(), turn));
}

fn absent(app: &AppHandle) {
    let before = std::mem::take(&mut *lock(&app.state::<Shell>().window.stage));
    if before == (Stage::Leaving { again: true }) {
        show(app, None);
    }
}

/// A while in the tray: lets go of what is kept for the next window. One that is asked for meanwhile waits for that.
async fn rest(app: AppHandle, turn: u32) {
    tokio::time::sleep(REST_AFTER).await;
    let shell = app.state::<Shell>();
    {
        let mut stage = lock(&shell.window.stage);
        let since = shell.window.turn.load(Ordering::Relaxed);
        if *stage != Stage::Absent || since != turn || !app.webview_windows().is_empty() {
            return;
        }
        *stage = Stage::Leaving { again: false };
    }
    platform::end_web_helpers().await;
    if let Some(Ok(client)) = shell.engine.get() {
        client.rest();
    }
    platform::let_go_of_code();
    absent(&app);
}
