//! What is shown when the app can't start: one plain page with the reason, what to do, and *Try again*; where the notes are
//! there all the same, pages to read them. It needs neither the engine nor the interface, and may call nothing.

use std::path::Path;

use stet_client::LegibleNote;
use tauri::http::{Request, Response, header};
use tauri::{AppHandle, Manager, Runtime, UriSchemeContext, Url, WebviewUrl, WebviewWindowBuilder};

use crate::shell::lock;
use crate::{tray, window};

/// The window's name. No capability names it.
const LABEL: &str = "failure";
/// The page's scheme, answered by [`serve`].
pub const SCHEME: &str = "stet-failure";
/// Where *Try again* and *Quit* lead; both are caught before they are loaded.
const RETRY: &str = "retry";
const QUIT: &str = "quit";

/// Where the list of notes is, and each of them by its number.
const NOTES: &str = "notes";
const NOTE: &str = "note-";

/// The exit code after a failed start.
pub const EXIT_CODE: i32 = 1;

const SIZE: (f64, f64) = (560.0, 360.0);

/// What there is to serve.
#[derive(Clone, Default)]
struct Pages {
    reason: String,
    notes: Vec<LegibleNote>,
}

struct Shown(std::sync::Mutex<Pages>);

/// Shows why the app can't start, in place of the window, and the notes that can be read. The main thread's work; from any
/// thread.
pub fn show(app: &AppHandle, message: &str, data_dir: &Path, notes: Vec<LegibleNote>) {
    tracing::error!(%message, "stet can't start");
    let reason = reason(message, &data_dir.display().to_string(), notes.len());
    let pages = Pages { reason, notes };
    let on_main = app.clone();
    let asked = app.run_on_main_thread(move || {
        if !on_main.manage(Shown(std::sync::Mutex::new(pages.clone()))) {
            *lock(&on_main.state::<Shown>().0) = pages;
        }
        tray::remove(&on_main);
        if let Err(error) = open(&on_main) {
            tracing::error!(%error, "the reason can't be shown");
            on_main.exit(EXIT_CODE);
        }
    });
    if let Err(error) = asked {
        tracing::error!(%error, "the reason can't be shown");
    }
}

fn open(app: &AppHandle) -> tauri::Result<()> {
    let home = Url::parse(&format!("{SCHEME}://localhost/")).map_err(|_| tauri::Error::UnknownPath)?;
    WebviewWindowBuilder::new(app, LABEL, WebviewUrl::CustomProtocol(home))
        .title("Stet can't start")
        .inner_size(SIZE.0, SIZE.1)
        .center()
        .incognito(true)
        .devtools(false)
        .on_navigation({
            let app = app.clone();
            move |url| follow(&app, url)
        })
        .build()?;
    if let Some(window) = app.get_webview_window(window::LABEL) {
        window.destroy()?;
    }
    Ok(())
}

fn follow(app: &AppHandle, url: &Url) -> bool {
    match url.path().trim_start_matches('/') {
        RETRY => app.request_restart(),
        QUIT => app.exit(EXIT_CODE),
        path => return path.is_empty() || path == NOTES || path.starts_with(NOTE),
    }
    false
}

/// Brings the page to the front if it is shown.
pub fn focus(app: &AppHandle) -> bool {
    let Some(window) = app.get_webview_window(LABEL) else { return false };
    if let Err(error) = window.set_focus() {
        tracing::debug!(%error, "the window can't be focused");
    }
    true
}

/// Whether this is the page's window.
pub fn is_window(label: &str) -> bool {
    label == LABEL
}

/// Answers the pages' scheme. They have no script and load nothing.
pub fn serve<R: Runtime>(context: UriSchemeContext<'_, R>, request: Request<Vec<u8>>) -> Response<Vec<u8>> {
    let path = request.uri().path().trim_start_matches('/');
    let shown = context.app_handle().try_state::<Shown>();
    let page = shown.map(|shown| lock(&shown.0).page(path)).unwrap_or_default();
    let mut response = Response::new(page.into_bytes());
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
    ] {
        response.headers_mut().insert(name, header::HeaderValue::from_static(value));
    }
    response
}

impl Pages {
    fn page(&self, path: &str) -> String {
        let note = || self.notes.get(path.strip_prefix(NOTE)?.parse::<usize>().ok()?);
        match note() {
            Some(note) => legible(&title(note), NOTES, &format!("<pre>{}</pre>", escaped(&note.body))),
            None if path == NOTES => {
                let line = |(number, note): (usize, &LegibleNote)| {
                    let trashed = if note.trashed { " <span class=\"quiet\">in the trash</span>" } else { "" };
                    format!("<li><a href=\"{NOTE}{number}\">{}{trashed}</a></li>", escaped(&title(note)))
                };
                let lines: String = self.notes.iter().enumerate().map(line).collect();
                legible("Your notes, to be read", "/", &format!("<ul>{lines}</ul>"))
            }
            None => self.reason.clone(),
        }
    }
}

fn title(note: &LegibleNote) -> String {
    if note.title.trim().is_empty() { "Untitled".to_owned() } else { note.title.clone() }
}

/// A page with HTML as its content.
fn legible(title: &str, back: &str, content: &str) -> String {
    let page = include_str!("legible.html").replace("{{back}}", back).replace("{{title}}", &escaped(title));
    page.replace("{{content}}", content)
}

fn reason(message: &str, folder: &str, notes: usize) -> String {
    let read = match notes {
        0 => String::new(),
        1 => format!("<a href=\"{NOTES}\">Read your note</a>"),
        notes => format!("<a href=\"{NOTES}\">Read your {notes} notes</a>"),
    };
    include_str!("failure.html")
        .replace("{{retry}}", RETRY)
        .replace("{{quit}}", QUIT)
        .replace("{{read}}", &read)
        .replace("{{folder}}", &escaped(folder))
        .replace("{{message}}", &escaped(message))
}

/// Text as HTML.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::{LegibleNote, Pages, reason};

    #[test]
    fn the_reason_is_shown_as_text_whatever_it_holds() {
        let page = reason("<script>{{folder}}</script> & so on", "/home/\"me\"/<notes>", 0);
        assert!(page.contains("&lt;script&gt;{{folder}}&lt;/script&gt; &amp; so on"));
        assert!(page.contains("/home/&quot;me&quot;/&lt;notes&gt;"));
        assert!(!page.contains("<script>"));
    }

    #[test]
    fn notes_are_read_as_text_whatever_they_hold() {
        let note = |title: &str, body: &str, trashed| LegibleNote { title: title.into(), body: body.into(), trashed };
        let notes = vec![note("<b>Beans</b>", "{{back}} <img src=x>\nnext", false), note("", "", true)];
        let pages = Pages { reason: reason("It can't.", "/notes", notes.len()), notes };
        assert!(pages.page("").contains("href=\"notes\">Read your 2 notes"));
        let list = pages.page("notes");
        assert!(
            list.contains("href=\"note-0\">&lt;b&gt;Beans&lt;/b&gt;<") && list.contains("Untitled <span"),
            "{list}"
        );
        let read = pages.page("note-0");
        assert!(
            read.contains("<pre>{{back}} &lt;img src=x&gt;\nnext</pre>") && read.contains("href=\"notes\""),
            "{read}"
        );
        for missing in ["note-2", "note-x", "else"] {
            assert!(pages.page(missing).contains("It can't."), "{missing}");
        }
    }
}
