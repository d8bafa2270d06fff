//! An empty window and nothing beside it: what the benchmarks hold the app against. No engine, no tray, no notes.

use tauri::webview::PageLoadEvent;
use tauri::{AppHandle, Url, WebviewUrl, WebviewWindowBuilder};

/// The window's name. No capability names it.
pub const LABEL: &str = "empty";

/// Opens it, and logs when its page is there.
///
/// # Errors
/// When the system gives no window.
pub fn open(app: &AppHandle) -> tauri::Result<()> {
    let blank = Url::parse("about:blank").map_err(|_| tauri::Error::UnknownPath)?;
    let (width, height) = super::SIZE;
    WebviewWindowBuilder::new(app, LABEL, WebviewUrl::External(blank))
        .title("Stet")
        .inner_size(width, height)
        .on_page_load(|_, page| {
            if page.event() == PageLoadEvent::Finished {
                tracing::info!("stet ready");
            }
        })
        .build()?;
    Ok(())
}
