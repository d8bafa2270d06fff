//! An empty window and nothing beside it: what the benchmarks hold the app against. No engine, no tray, no notes; whoever
//! clicks into it can type.

use tauri::http::{Request, Response, header};
use tauri::{AppHandle, Runtime, UriSchemeContext, Url, WebviewUrl, WebviewWindowBuilder};

/// The window's name. No capability names it.
pub const LABEL: &str = "empty";
/// The scheme of its page, answered by [`serve`].
pub const SCHEME: &str = "stet-empty";
/// What the page asks for once it has been painted: it may call nothing.
const PAINTED: &str = "/painted";
/// The page.
const PAGE: &str = "<!doctype html><title>Stet</title><body contenteditable style=\"min-height: 90vh\">\
    <script>requestAnimationFrame(() => setTimeout(() => (new Image().src = \"/painted\")))</script>";

/// Opens it. [`serve`] logs when it was painted first.
///
/// # Errors
/// When the system gives no window.
pub fn open(app: &AppHandle) -> tauri::Result<()> {
    let blank = Url::parse(&format!("{SCHEME}://localhost/")).map_err(|_| tauri::Error::UnknownPath)?;
    let (width, height) = super::SIZE;
    WebviewWindowBuilder::new(app, LABEL, WebviewUrl::CustomProtocol(blank))
        .title("Stet")
        .inner_size(width, height)
        .build()?;
    Ok(())
}

/// Answers with a page that shows nothing.
pub fn serve<R: Runtime>(_: UriSchemeContext<'_, R>, request: Request<Vec<u8>>) -> Response<Vec<u8>> {
    if request.uri().path() == PAINTED {
        tracing::info!("stet ready");
    }
    let mut response = Response::new(PAGE.as_bytes().to_vec());
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/html; charset=utf-8"));
    response
}
