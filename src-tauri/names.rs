//! The name of every command the window may call. Read by the build script too, so it uses nothing.

/// Commands of the engine, forwarded as they are.
pub const ENGINE: &[&str] = &[
    "get_start",
    "list_notes",
    "get_sidebar",
    "get_note",
    "get_diagnostics",
    "list_unsent",
    "get_text",
    "pull_note",
    "list_history",
    "get_version",
    "get_merged",
    "open_note",
    "edit_note",
    "close_note",
    "create_note",
    "change_note",
    "trash_note",
    "restore_note",
    "restore_version",
    "purge_note",
    "empty_trash",
    "restore_as_new",
    "discard_note",
    "settle_merged",
    "undo_settle",
    "create_folder",
    "rename_folder",
    "move_folder",
    "delete_folder",
    "update_settings",
    "decide",
    "join_note",
    "leave_note",
    "reconnect",
    "clear_error",
    "pause",
    "sync_now",
    "retry_note",
    "record_details",
    "set_focus",
];

/// Commands of the shell, which the engine doesn't know.
pub const SHELL: &[&str] =
    &["open_link", "copy_text", "export_notes", "show_export", "quit", "window_ready", "next_events"];
