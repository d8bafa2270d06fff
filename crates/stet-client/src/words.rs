//! What the tray says, in plain words. No decisions about syncing.

use stet_model::id::NoteId;

use crate::api::status::{ConnectionState, Status};
use crate::desktop::{Tray, TrayIcon};

/// The tray for a status.
pub(crate) fn tray(status: &Status, recent: Vec<(NoteId, String)>, diverged: bool) -> Tray {
    let icon = icon(status, diverged);
    let status_line = sentence(status, icon);
    Tray {
        icon,
        tooltip: format!("Stet\n{status_line}"),
        status_line,
        paused: status.paused,
        can_reconnect: icon == TrayIcon::Offline || icon == TrayIcon::Attention,
        recent: recent.into_iter().map(|(note, title)| (note, named(&title))).collect(),
    }
}

fn icon(status: &Status, diverged: bool) -> TrayIcon {
    let storage = status.unsaved > 0 && status.error.is_some();
    if diverged || storage || status.held > 0 {
        return TrayIcon::Attention;
    }
    match status.state {
        ConnectionState::Local => TrayIcon::Local,
        ConnectionState::Error if !status.is_connected && status.error.as_ref().is_some_and(needs_people) => {
            TrayIcon::Attention
        }
        ConnectionState::Authenticated if status.is_synced => TrayIcon::Synced,
        ConnectionState::Authenticated => TrayIcon::Busy,
        _ => TrayIcon::Offline,
    }
}

fn needs_people(error: &crate::api::status::StatusError) -> bool {
    use crate::api::ErrorCode::{DivergedLog, Protocol, SignedOut, Storage};
    matches!(error.code, DivergedLog | Protocol | SignedOut | Storage)
}

fn sentence(status: &Status, icon: TrayIcon) -> String {
    let waiting = notes(status.unsent);
    match icon {
        TrayIcon::Local => "Notes are kept on this device".to_owned(),
        TrayIcon::Synced => "Synced".to_owned(),
        TrayIcon::Busy => match (status.progress, status.unsent) {
            (Some(progress), _) if progress.total > 0 => format!("Fetching {} of {}", progress.done, progress.total),
            (_, 0) => "Catching up".to_owned(),
            _ => format!("Sending {waiting}"),
        },
        TrayIcon::Offline if status.paused && status.unsent == 0 => "Paused".to_owned(),
        TrayIcon::Offline if status.paused => format!("Paused. {waiting} will be sent when you resume."),
        TrayIcon::Offline if status.unsent == 0 => "Offline".to_owned(),
        TrayIcon::Offline => format!("Offline. {waiting} will be sent when you're back."),
        TrayIcon::Attention if status.held > 0 => format!("{} can't go on", notes(status.held)),
        TrayIcon::Attention => status
            .error
            .as_ref()
            .and_then(|error| error.message.split_inclusive('.').next())
            .map_or_else(|| "Stet needs you".to_owned(), ToOwned::to_owned),
    }
}

fn notes(count: u32) -> String {
    if count == 1 { "1 note".to_owned() } else { format!("{count} notes") }
}

fn named(title: &str) -> String {
    if title.trim().is_empty() { "Untitled".to_owned() } else { title.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::tray;
    use crate::api::ErrorCode;
    use crate::api::status::{ConnectionState, Status, StatusError};
    use crate::desktop::TrayIcon;

    fn said(status: Status) -> (TrayIcon, String) {
        let tray = tray(&status, Vec::new(), false);
        (tray.icon, tray.status_line)
    }

    #[test]
    fn offline_says_how_many_notes_wait() {
        let status = Status { state: ConnectionState::Reconnecting, unsent: 3, ..Status::default() };
        assert_eq!(said(status), (TrayIcon::Offline, "Offline. 3 notes will be sent when you're back.".to_owned()));
    }

    #[test]
    fn synced_is_said_only_when_it_is_true() {
        let status = Status { state: ConnectionState::Authenticated, unsent: 1, ..Status::default() };
        assert_eq!(said(status.clone()), (TrayIcon::Busy, "Sending 1 note".to_owned()));
        let synced = Status { unsent: 0, is_synced: true, ..status };
        assert_eq!(said(synced), (TrayIcon::Synced, "Synced".to_owned()));
    }

    #[test]
    fn a_refused_sign_in_asks_for_the_user() {
        let error = StatusError {
            code: ErrorCode::SignedOut,
            message: "Your sign-in has run out. Sign in.".into(),
            note_id: None,
        };
        let status = Status { state: ConnectionState::Error, error: Some(error), ..Status::default() };
        assert_eq!(said(status), (TrayIcon::Attention, "Your sign-in has run out.".to_owned()));
    }

    #[test]
    fn without_a_server_nothing_is_called_offline() {
        assert_eq!(said(Status::default()), (TrayIcon::Local, "Notes are kept on this device".to_owned()));
    }
}
