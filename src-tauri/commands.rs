//! What the window may call: each command of the engine handed on as it is, and the shell's own few. No decisions.

use serde::{Deserialize, Serialize};
use stet_client::api::command::{
    ChangeNote, ClearError, CloseNote, CreateFolder, CreateNote, Created, CreatedFolder, Decide, Decided, DeleteFolder,
    Diagnostics, DiscardNote, Done, EditAnswer, EditNote, EmptyTrash, GetDiagnostics, GetMerged, GetNote, GetSidebar,
    GetStart, GetText, GetVersion, JoinNote, LeaveNote, ListHistory, ListNotes, ListUnsent, MoveFolder, NoteText,
    OpenNote, Pause, PullNote, Pulled, PurgeNote, Reconnect, RecordDetails, RenameFolder, RestoreAsNew, RestoreNote,
    RestoreVersion, Restored, RetryNote, SetFocus, SettleMerged, Start, SyncNow, TrashNote, UndoSettle, UpdateSettings,
};
use stet_client::api::history::{HistoryPage, NoteVersion};
use stet_client::api::merged::MergedNote;
use stet_client::api::note::{NotePage, NoteRow, OpenedNote, Settings, Sidebar};
use stet_client::api::unsent::UnsentPage;
use stet_client::api::{CommandError, ErrorCode};
use tauri::ipc::Invoke;
use tauri::{AppHandle, State, Wry};

use crate::events::NextEvents;
use crate::shell::Shell;
use crate::{export, links, platform, quit, window};

macro_rules! forwarded {
    ($($name:ident: $args:ident => $answer:ident,)*) => {
        $(
            #[tauri::command]
            async fn $name(args: $args, shell: State<'_, Shell>) -> Result<$answer, CommandError> {
                shell.call(args).await
            }
        )*

        /// Answers every command.
        pub fn handler() -> impl Fn(Invoke<Wry>) -> bool + Send + Sync + 'static {
            tauri::generate_handler![$($name,)* open_link, copy_text, export_notes, show_export, quit, window_ready, next_events]
        }

        #[cfg(test)]
        const FORWARDED: &[&str] = &[$(stringify!($name),)*];
    };
}

forwarded! {
    get_start: GetStart => Start,
    list_notes: ListNotes => NotePage,
    get_sidebar: GetSidebar => Sidebar,
    get_note: GetNote => NoteRow,
    get_diagnostics: GetDiagnostics => Diagnostics,
    list_unsent: ListUnsent => UnsentPage,
    get_text: GetText => NoteText,
    pull_note: PullNote => Pulled,
    list_history: ListHistory => HistoryPage,
    get_version: GetVersion => NoteVersion,
    get_merged: GetMerged => MergedNote,
    open_note: OpenNote => OpenedNote,
    edit_note: EditNote => EditAnswer,
    close_note: CloseNote => Done,
    create_note: CreateNote => Created,
    change_note: ChangeNote => Done,
    trash_note: TrashNote => Done,
    restore_note: RestoreNote => Done,
    restore_version: RestoreVersion => Restored,
    purge_note: PurgeNote => Done,
    empty_trash: EmptyTrash => Done,
    restore_as_new: RestoreAsNew => Created,
    discard_note: DiscardNote => Done,
    settle_merged: SettleMerged => Done,
    undo_settle: UndoSettle => Done,
    create_folder: CreateFolder => CreatedFolder,
    rename_folder: RenameFolder => Done,
    move_folder: MoveFolder => Done,
    delete_folder: DeleteFolder => Done,
    update_settings: UpdateSettings => Settings,
    decide: Decide => Decided,
    join_note: JoinNote => Done,
    leave_note: LeaveNote => Done,
    reconnect: Reconnect => Done,
    clear_error: ClearError => Done,
    pause: Pause => Done,
    sync_now: SyncNow => Done,
    retry_note: RetryNote => Done,
    record_details: RecordDetails => Done,
    set_focus: SetFocus => Done,
}

/// Arguments of `open_link`.
#[derive(Deserialize)]
struct OpenLink {
    url: String,
}

/// Arguments of `copy_text`.
#[derive(Deserialize)]
struct CopyText {
    text: String,
}

/// Arguments of `quit`.
#[derive(Deserialize)]
struct Quit {
    /// Quit although something is unsent: the user knows.
    force: bool,
}

/// The answer to `quit`.
#[derive(Serialize)]
struct Unsent {
    /// Notes the server doesn't have yet. Not 0 and not forced: the app goes on.
    unsent: u32,
}

/// Arguments of `window_ready`.
#[derive(Deserialize)]
struct WindowReady {}

#[tauri::command]
async fn open_link(args: OpenLink) -> Result<Done, CommandError> {
    links::open(&args.url)?;
    Ok(Done {})
}

#[tauri::command]
async fn copy_text(args: CopyText, app: AppHandle) -> Result<Done, CommandError> {
    let copied = app.run_on_main_thread(move || platform::copy_text(&args.text));
    copied.map_err(|error| CommandError::new(ErrorCode::Internal, format!("The text can't be copied: {error}")))?;
    Ok(Done {})
}

#[tauri::command]
async fn export_notes(
    args: export::ExportNotes,
    app: AppHandle,
    shell: State<'_, Shell>,
) -> Result<export::Written, CommandError> {
    export::export(args, app, shell).await
}

/// Arguments of `show_export`.
#[derive(Deserialize)]
struct ShowExport {}

#[tauri::command]
async fn show_export(args: ShowExport, app: AppHandle) -> Result<Done, CommandError> {
    let ShowExport {} = args;
    export::show(&app)
}

#[tauri::command]
async fn quit(args: Quit, app: AppHandle, shell: State<'_, Shell>) -> Result<Unsent, CommandError> {
    let unsent = shell.unsent().await;
    if args.force || unsent == 0 {
        tauri::async_runtime::spawn(quit::quit(app, quit::Words::Loss));
    }
    Ok(Unsent { unsent })
}

#[tauri::command]
async fn window_ready(args: WindowReady, app: AppHandle) -> Result<Done, CommandError> {
    let WindowReady {} = args;
    window::ready(&app);
    Ok(Done {})
}

/// Arguments of `next_events`.
#[derive(Deserialize)]
struct AskNext {}

#[tauri::command]
async fn next_events(args: AskNext, shell: State<'_, Shell>) -> Result<NextEvents, CommandError> {
    let AskNext {} = args;
    Ok(shell.events.next().await)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use stet_client::api::Command;

    use crate::names;

    #[test]
    fn every_command_of_the_engine_is_forwarded_and_named_for_the_build_script() {
        let engine: Vec<&str> = Command::ALL.iter().map(|(name, ..)| *name).collect();
        assert_eq!(super::FORWARDED, engine);
        assert_eq!(names::ENGINE, engine);
    }

    #[test]
    fn the_window_is_allowed_each_command_by_name_and_nothing_beside_them() {
        let file: serde_json::Value = serde_json::from_str(include_str!("capabilities/main.json")).unwrap();
        let allowed: BTreeSet<&str> =
            file["permissions"].as_array().unwrap().iter().map(|permission| permission.as_str().unwrap()).collect();
        let commands = names::ENGINE.iter().chain(names::SHELL);
        let named: Vec<String> = commands.map(|name| format!("allow-{}", name.replace('_', "-"))).collect();
        let expected: BTreeSet<&str> = named.iter().map(String::as_str).collect();
        assert_eq!(allowed, expected);
    }
}
