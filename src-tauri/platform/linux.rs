//! Linux: GTK and D-Bus.

use std::collections::BTreeSet;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use std::{env, fs};

use gtk::prelude::GtkSettingsExt;
use rustix::mm::{Advice, madvise};
use rustix::process::{Pid, Signal, kill_process};
use tokio::signal::unix::{SignalKind, signal};
use zbus::blocking::connection::Builder;
use zbus::blocking::fdo::DBusProxy;
use zbus::blocking::{Connection, MessageIterator};
use zbus::message::Type;
use zbus::names::BusName;
use zbus::zvariant::{OwnedValue, Value};
use zbus::{MatchRule, Message};

use super::Change;

const TRAY_HOST: &str = "org.kde.StatusNotifierWatcher";
const BUS: &str = "org.freedesktop.DBus";
const PORTAL: &str = "org.freedesktop.portal.Desktop";
const PORTAL_PATH: &str = "/org/freedesktop/portal/desktop";
const PORTAL_SETTINGS: &str = "org.freedesktop.portal.Settings";
const APPEARANCE: &str = "org.freedesktop.appearance";
const COLOR_SCHEME: &str = "color-scheme";
/// WebKit's network process, as Linux cuts its name.
const WEB_HELPER: &str = "WebKitNetworkPr";
/// Longest wait for it to end, and the time between two looks.
const HELPER_LIMIT: Duration = Duration::from_secs(1);
const HELPER_LOOK: Duration = Duration::from_millis(20);
/// The portal's value for dark.
const DARK: u32 = 1;
/// A blink of the caret, on and off again: a day, milliseconds. (The toolkit's own fields multiply it in 32 bits.)
const BLINK_MS: i32 = 86_400_000;
/// Longest wait for the portal: the window must not wait for a service that is just being started.
const PORTAL_LIMIT: Duration = Duration::from_millis(500);

/// Opens the display. On the main thread.
///
/// # Errors
/// When there is none, with what to do.
pub fn display() -> Result<(), String> {
    gtk::init().map_err(|_| {
        "Stet needs a display and none can be opened. Start it in a desktop session, or set DISPLAY or WAYLAND_DISPLAY. \
         Without a screen, run it under Xvfb: xvfb-run stet"
            .to_owned()
    })?;
    if let Some(settings) = gtk::Settings::default() {
        steady_caret(&settings);
    }
    Ok(())
}

/// The caret stands still: nothing moves, and nothing is painted, while nothing happens. Toolkits stop blinking after some
/// seconds, but the web view blinks for ever; told not to blink at all, it may paint a steady caret with every frame. So it
/// blinks, but so slowly that it never gets to it.
fn steady_caret(settings: &gtk::Settings) {
    settings.set_gtk_cursor_blink(true);
    settings.set_gtk_cursor_blink_time(BLINK_MS);
}

/// Whether the desktop's settings ask for dark colours; None when it has no such setting. Blocks for half a second at most.
pub fn prefers_dark() -> Option<bool> {
    let bus = Builder::session().ok()?.method_timeout(PORTAL_LIMIT).build().ok()?;
    let asked = bus.call_method(Some(PORTAL), PORTAL_PATH, Some(PORTAL_SETTINGS), "Read", &(APPEARANCE, COLOR_SCHEME));
    let value: OwnedValue = asked.ok()?.body().deserialize().ok()?;
    color_scheme(&value).map(|scheme| scheme == DARK)
}

/// The portal wraps its number in one variant or in two.
fn color_scheme(value: &Value<'_>) -> Option<u32> {
    match value {
        Value::Value(inner) => color_scheme(inner),
        Value::U32(scheme) => Some(*scheme),
        _ => None,
    }
}

/// Whether the toolkit's theme is a dark one, as web pages will be told. On the main thread.
pub fn theme_is_dark() -> bool {
    gtk::Settings::default().is_some_and(|settings| {
        let named = settings.gtk_theme_name().is_some_and(|name| name.to_lowercase().ends_with("-dark"));
        let asked = env::var("GTK_THEME").is_ok_and(|name| name.to_lowercase().ends_with("dark"));
        named || asked || settings.is_gtk_application_prefer_dark_theme()
    })
}

/// Whether the panel is dark when windows are `dark` or not: some desktops' panels always are.
pub fn panel_is_dark(dark: bool) -> bool {
    let desktop = env::var("XDG_CURRENT_DESKTOP").unwrap_or_default();
    dark || desktop.split(':').any(|name| matches!(name, "GNOME" | "Unity"))
}

/// One instance per data folder can be told from another's.
pub const fn one_per_data_folder() -> bool {
    true
}

/// Tells about changes of the desktop from a thread of its own, for as long as there is a bus.
pub fn watch(changed: impl Fn(Change) + Send + 'static) {
    let follows = std::thread::Builder::new().name("desktop-changes".to_owned()).spawn(move || {
        if let Err(error) = follow(&changed) {
            tracing::info!(%error, "changes of the desktop go unnoticed");
        }
    });
    if let Err(error) = follows {
        tracing::warn!(%error, "changes of the desktop go unnoticed");
    }
}

fn follow(changed: &impl Fn(Change)) -> zbus::Result<()> {
    let bus = Connection::session()?;
    let signals = DBusProxy::new(&bus)?;
    let signal = || MatchRule::builder().msg_type(Type::Signal);
    signals
        .add_match_rule(signal().sender(BUS)?.interface(BUS)?.member("NameOwnerChanged")?.arg(0, TRAY_HOST)?.build())?;
    signals
        .add_match_rule(signal().interface(PORTAL_SETTINGS)?.member("SettingChanged")?.arg(0, APPEARANCE)?.build())?;
    let messages = MessageIterator::from(&bus);
    // It may have come between the first look for it and the rule above.
    if signals.name_has_owner(BusName::try_from(TRAY_HOST)?)? {
        changed(Change::TrayHost(true));
    }
    for message in messages {
        if let Some(change) = change_in(&message?) {
            changed(change);
        }
    }
    Ok(())
}

fn change_in(message: &Message) -> Option<Change> {
    let header = message.header();
    let body = message.body();
    match header.member()?.as_str() {
        "NameOwnerChanged" => {
            let (name, _, owner): (String, String, String) = body.deserialize().ok()?;
            (name == TRAY_HOST).then_some(Change::TrayHost(!owner.is_empty()))
        }
        "SettingChanged" => {
            let (namespace, key, value): (String, String, Value<'_>) = body.deserialize().ok()?;
            let scheme = color_scheme(&value)?;
            (namespace == APPEARANCE && key == COLOR_SCHEME).then_some(Change::Dark(scheme == DARK))
        }
        _ => None,
    }
}

/// Ends the process that WebKit keeps for the next web view's network and storage; it starts another one then. Only
/// without any web view, and a while after the last. Answers when it is gone.
pub async fn end_web_helpers() {
    let helpers: Vec<Pid> = children().into_iter().filter(|child| is_web_helper(*child)).collect();
    for helper in &helpers {
        if let Err(error) = kill_process(*helper, Signal::TERM) {
            tracing::debug!(%error, "WebKit's network process stays");
        }
    }
    let end = Instant::now() + HELPER_LIMIT;
    while Instant::now() < end && helpers.iter().any(|helper| is_web_helper(*helper)) {
        tokio::time::sleep(HELPER_LOOK).await;
    }
}

/// The processes this one started, by whichever thread.
fn children() -> Vec<Pid> {
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    let numbers = |list: String| list.split_whitespace().filter_map(|word| word.parse().ok()).collect::<Vec<i32>>();
    lists.flat_map(numbers).filter_map(Pid::from_raw).collect()
}

fn is_web_helper(process: Pid) -> bool {
    let name = fs::read_to_string(format!("/proc/{}/comm", process.as_raw_nonzero()));
    name.is_ok_and(|name| name.trim_end() == WEB_HELPER)
}

/// Where the code of the program and of the libraries it is linked with lies: that is never unloaded.
static LINKED: OnceLock<BTreeSet<(usize, usize)>> = OnceLock::new();

/// Notes down which code the process begins with. Before anything is loaded at run time, as by [`display`].
pub fn remember_code() {
    let mappings = fs::read_to_string("/proc/self/smaps").unwrap_or_default();
    LINKED.get_or_init(|| clean_code(&mappings).into_iter().collect());
}

/// Gives back the pages of linked code that were run so far. What is run again is read again, mostly from the system's
/// cache; the rest of what a web view needed stays away. Only worth it where nothing waits for the next window.
pub fn let_go_of_code() {
    let (Some(linked), Ok(mappings)) = (LINKED.get(), fs::read_to_string("/proc/self/smaps")) else { return };
    for (start, length) in clean_code(&mappings).into_iter().filter(|code| linked.contains(code)) {
        #[expect(unsafe_code, reason = "the mapping is code of a file, and no page of it was ever written")]
        // SAFETY: it is mapped for as long as the process runs, and the kernel reads a page from its file again when it is
        // needed.
        let given_back = unsafe { madvise(start as *mut _, length, Advice::LinuxDontNeed) };
        if let Err(error) = given_back {
            tracing::debug!(%error, "code stays in memory");
        }
    }
}

/// Where code lies that is as its file has it, and how long it is.
fn clean_code(mappings: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut code = None;
    for line in mappings.lines() {
        let mut words = line.split_whitespace();
        let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        if let Some((start, end)) = first.split_once('-') {
            let file = words.nth(3).is_some_and(|path| path.starts_with('/')) && !line.ends_with("(deleted)");
            let place = usize::from_str_radix(start, 16).ok().zip(usize::from_str_radix(end, 16).ok());
            code = place.filter(|_| file && second == "r-xp").map(|(start, end)| (start, end - start));
        } else if first == "Anonymous:" && second == "0" {
            found.extend(code.take());
        }
    }
    found
}

/// Puts a text on the clipboard. On the main thread.
pub fn copy_text(text: &str) {
    let clipboard = gtk::Clipboard::get(&gtk::gdk::SELECTION_CLIPBOARD);
    clipboard.set_text(text);
    // Hands it to the clipboard's keeper, where there is one, so that it outlives the app.
    clipboard.store();
}

/// Waits until the system or a terminal asks the program to end. Never, when signals can't be heard.
pub async fn terminated() {
    let heard = |kind| signal(kind).inspect_err(|error| tracing::warn!(%error, "a signal can't be heard")).ok();
    let (Some(mut end), Some(mut interrupt), Some(mut hang_up)) =
        (heard(SignalKind::terminate()), heard(SignalKind::interrupt()), heard(SignalKind::hangup()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = end.recv() => {}
        _ = interrupt.recv() => {}
        _ = hang_up.recv() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{Value, clean_code, color_scheme};

    #[test]
    fn only_code_that_nobody_has_written_to_is_given_back() {
        let mapping = |range: &str, mode: &str, path: &str, anonymous: u32| {
            format!("{range} {mode} 00001000 fe:00 77    {path}\nRss:    40 kB\nAnonymous:    {anonymous} kB\n")
        };
        let mappings = [
            mapping("1000-3000", "r-xp", "/usr/lib/one.so", 0),
            mapping("4000-5000", "r-xp", "/usr/lib/patched.so", 4),
            mapping("6000-7000", "r--p", "/usr/lib/one.so", 0),
            mapping("8000-9000", "rw-p", "/usr/lib/one.so", 0),
            mapping("a000-b000", "r-xs", "/dev/shared", 0),
            mapping("c000-d000", "r-xp", "/usr/lib/replaced.so (deleted)", 0),
            mapping("e000-f000", "r-xp", "", 0),
            mapping("f000-f800", "r-xp", "[vdso]", 0),
        ];
        assert_eq!(clean_code(&mappings.concat()), [(0x1000, 0x2000)]);
        let own = std::fs::read_to_string("/proc/self/smaps").expect("Linux tells");
        assert!(!clean_code(&own).is_empty(), "this test is code, too");
        super::remember_code();
        super::let_go_of_code();
    }

    #[test]
    fn the_colour_scheme_is_read_from_one_variant_or_two() {
        let once = Value::U32(1);
        let twice = Value::Value(Box::new(Value::Value(Box::new(Value::U32(2)))));
        assert_eq!(color_scheme(&once), Some(1));
        assert_eq!(color_scheme(&twice), Some(2));
        assert_eq!(color_scheme(&Value::from("dark")), None);
    }
}
