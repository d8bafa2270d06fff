//! Export: asks for a folder with the system's own dialog and has the engine write notes into it. Only folders that were
//! chosen there are ever written to or shown.

use std::path::PathBuf;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use stet_client::Exported;
use stet_client::api::command::Done;
use stet_client::api::{CommandError, ErrorCode};
use stet_model::id::NoteId;
use tauri::{AppHandle, Manager, State};
use tokio::sync::oneshot;

use crate::shell::{Shell, lock};
use crate::window;

/// The folder of the last export.
#[derive(Default)]
pub struct LastExport(Mutex<Option<PathBuf>>);

/// Arguments of `export_notes`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportNotes {
    /// These notes; all that wait when absent.
    note_ids: Option<Vec<NoteId>>,
}

/// The answer to `export_notes`.
#[derive(Serialize)]
pub struct Written {
    /// Where the files are; absent when no folder was chosen.
    folder: Option<String>,
    #[serde(flatten)]
    exported: Exported,
}

/// Asks where to, and exports.
///
/// # Errors
/// What the engine says, or why it didn't start.
pub async fn export(args: ExportNotes, app: AppHandle, shell: State<'_, Shell>) -> Result<Written, CommandError> {
    let Some(folder) = choose(&app).await? else {
        return Ok(Written { folder: None, exported: Exported::default() });
    };
    let exported = shell.client().await?.export(args.note_ids, folder.clone()).await?;
    let shown = folder.display().to_string();
    *lock(&app.state::<LastExport>().0) = Some(folder);
    Ok(Written { folder: Some(shown), exported })
}

/// Shows the folder of the last export in the system's file manager.
///
/// # Errors
/// When there is none, or no program shows it.
pub fn show(app: &AppHandle) -> Result<Done, CommandError> {
    let folder = lock(&app.state::<LastExport>().0).clone();
    let folder = folder.ok_or_else(|| CommandError::new(ErrorCode::NotFound, "Nothing was exported yet."))?;
    tauri_plugin_opener::open_path(&folder, None::<&str>).map_err(|error| {
        let message = format!("No program shows the folder {}: {error}", folder.display());
        CommandError::new(ErrorCode::Internal, message)
    })?;
    Ok(Done {})
}

/// The folder people choose; nothing when they think better of it.
async fn choose(app: &AppHandle) -> Result<Option<PathBuf>, CommandError> {
    let (sender, asked) = oneshot::channel();
    let handle = app.clone();
    // Dialogs are made on the thread of the windows; waiting for the answer is done elsewhere.
    let made = app.run_on_main_thread(move || {
        let mut dialog = rfd::AsyncFileDialog::new().set_title("Export to a folder").set_can_create_directories(true);
        if let Some(window) = handle.get_webview_window(window::LABEL) {
            dialog = dialog.set_parent(&window);
        }
        if let Ok(home) = handle.path().document_dir() {
            dialog = dialog.set_directory(home);
        }
        drop(sender.send(dialog.pick_folder()));
    });
    let failed = |words: String| CommandError::new(ErrorCode::Internal, format!("No folder can be asked for: {words}"));
    made.map_err(|error| failed(error.to_string()))?;
    let chosen = asked.await.map_err(|error| failed(error.to_string()))?.await;
    Ok(chosen.map(|folder| folder.path().to_owned()))
}
