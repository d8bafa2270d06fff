//! What is shown when the app can't start: one plain page with the reason, what to do, and *Try again*. It needs neither
//! the engine nor the interface, and may call nothing.

use std::path::Path;

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

/// The exit code after a failed start.
pub const EXIT_CODE: i32 = 1;

const SIZE: (f64, f64) = (560.0, 360.0);

/// The page to serve.
struct Page(std::sync::Mutex<String>);

/// Shows why the app can't start, in place of the window. The main thread's work; from any thread.
pub fn show(app: &AppHandle, message: &str, data_dir: &Path) {
    tracing::error!(%message, "stet can't start");
    let page = page(message, &data_dir.display().to_string());
    let on_main = app.clone();
    let asked = app.run_on_main_thread(move || {
        if !on_main.manage(Page(std::sync::Mutex::new(page.clone()))) {
            *lock(&on_main.state::<Page>().0) = page;
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
        "" => return true,
        _ => {}
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

/// Answers the page's scheme. The page has no script and loads nothing.
pub fn serve<R: Runtime>(context: UriSchemeContext<'_, R>, _request: Request<Vec<u8>>) -> Response<Vec<u8>> {
    let page = context.app_handle().try_state::<Page>().map(|page| lock(&page.0).clone()).unwrap_or_default();
    let mut response = Response::new(page.into_bytes());
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
    ] {
        response.headers_mut().insert(name, header::HeaderValue::from_static(value));
    }
    response
}

fn page(message: &str, folder: &str) -> String {
    include_str!("failure.html")
        .replace("{{retry}}", RETRY)
        .replace("{{quit}}", QUIT)
        .replace("{{folder}}", &escaped(folder))
        .replace("{{message}}", &escaped(message))
}

/// Text as HTML.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn the_reason_is_shown_as_text_whatever_it_holds() {
        let page = page("<script>{{folder}}</script> & so on", "/home/\"me\"/<notes>");
        assert!(page.contains("&lt;script&gt;{{folder}}&lt;/script&gt; &amp; so on"));
        assert!(page.contains("/home/&quot;me&quot;/&lt;notes&gt;"));
        assert!(!page.contains("<script>"));
    }
}
