//! What the tray says, in plain words; what is said of connections is in [`connection`]. No decisions about syncing.

pub(crate) mod connection;

use std::collections::BTreeMap;

use stet_model::id::NoteId;
use stet_store::Salvaged;

use crate::api::ErrorCode;
use crate::api::status::{ConnectionState, Status};
use crate::desktop::{Tray, TrayIcon};
use crate::engine::{SALVAGED, SPACE};

/// The tray for a status.
pub(crate) fn tray(status: &Status, recent: Vec<(NoteId, String)>) -> Tray {
    let icon = icon(status);
    let status_line = sentence(status, icon);
    Tray {
        icon,
        tooltip: format!("Stet\n{status_line}"),
        status_line,
        paused: status.paused,
        can_reconnect: !status.is_connected && status.state != ConnectionState::Connecting && icon != TrayIcon::Local,
        recent: recent.into_iter().map(|(note, title)| (note, named(&title))).collect(),
    }
}

fn icon(status: &Status) -> TrayIcon {
    let storage = status.unsaved > 0 && status.error.as_ref().is_some_and(|error| error.code == ErrorCode::Storage);
    if status.decision.is_some() || storage || status.held > 0 {
        return TrayIcon::Attention;
    }
    match status.state {
        ConnectionState::Local => TrayIcon::Local,
        ConnectionState::Error if !status.is_connected && status.error.as_ref().is_some_and(needs_people) => {
            TrayIcon::Attention
        }
        ConnectionState::Connecting | ConnectionState::Connected => TrayIcon::Busy,
        ConnectionState::Authenticated if !status.is_synced => TrayIcon::Busy,
        ConnectionState::Authenticated if status.other_devices.iter().all(|device| device.caught_up) => {
            TrayIcon::Synced
        }
        ConnectionState::Authenticated => TrayIcon::Sent,
        _ => TrayIcon::Offline,
    }
}

fn needs_people(error: &crate::api::status::StatusError) -> bool {
    use ErrorCode::{DivergedLog, Protocol, SignedOut, Storage};
    matches!(error.code, DivergedLog | Protocol | SignedOut | Storage)
}

fn sentence(status: &Status, icon: TrayIcon) -> String {
    let waiting = notes(status.unsent);
    match icon {
        TrayIcon::Local => "Notes are kept on this device".to_owned(),
        // Level 1 has no catch-up: what was written while this device was away isn't known here.
        TrayIcon::Synced | TrayIcon::Sent if status.level == Some(1) => {
            "All sent. This server can't catch up.".to_owned()
        }
        TrayIcon::Synced => "Synced".to_owned(),
        TrayIcon::Sent => {
            let mut behind = status.other_devices.iter().filter(|device| !device.caught_up);
            match (behind.next(), behind.count()) {
                (Some(one), 0) => format!("Synced. {} hasn't caught up yet.", one.name),
                (_, more) => format!("Synced. {} devices haven't caught up yet.", more + 1),
            }
        }
        TrayIcon::Busy if status.state == ConnectionState::Connecting => "Connecting".to_owned(),
        TrayIcon::Busy if status.state == ConnectionState::Connected => "Signing in".to_owned(),
        TrayIcon::Busy => match (status.progress, status.unsent) {
            (Some(progress), _) if progress.total > 0 => {
                let left = progress.seconds_left.map(|seconds| format!(", {}", time_left(seconds)));
                format!("Fetching {} of {}{}", progress.done, progress.total, left.unwrap_or_default())
            }
            (_, 0) => "Catching up".to_owned(),
            _ => format!("Sending {waiting}"),
        },
        TrayIcon::Offline if status.paused && status.unsent == 0 => "Paused".to_owned(),
        TrayIcon::Offline if status.paused => format!("Paused. {waiting} will be sent when you resume."),
        TrayIcon::Offline if status.unsent == 0 => "Offline".to_owned(),
        TrayIcon::Offline => format!("Offline. {waiting} will be sent when you're back."),
        TrayIcon::Attention if status.decision.is_some() => "Syncing waits for you to decide".to_owned(),
        TrayIcon::Attention if status.held > 0 => format!("{} can't go on", notes(status.held)),
        TrayIcon::Attention => status
            .error
            .as_ref()
            .map_or_else(|| "Stet needs you".to_owned(), |error| first_sentence(&error.message).to_owned()),
    }
}

/// How long something will still take, from [`crate::api::status::Progress::seconds_left`].
fn time_left(seconds: u64) -> String {
    match seconds {
        0..=10 => "a few seconds left".to_owned(),
        11..=30 => "about half a minute left".to_owned(),
        31..=60 => "about a minute left".to_owned(),
        61..3_600 => format!("about {} minutes left", seconds / 60),
        3_600..7_200 => "about an hour left".to_owned(),
        _ => format!("about {} hours left", seconds / 3_600),
    }
}

/// Up to the first full stop that ends a sentence: addresses and names have others.
fn first_sentence(text: &str) -> &str {
    text.find(". ").and_then(|at| text.get(..=at)).unwrap_or(text)
}

/// Notes down what people are to be told of a damaged store, and whose documents were saved if that can't be read.
pub(crate) fn tell_salvaged(meta: &mut BTreeMap<String, String>, salvaged: &Salvaged) {
    if let Some(doc) = salvaged.documents.first()
        && !meta.contains_key(SPACE)
    {
        meta.insert(SPACE.to_owned(), doc.space.to_string());
    }
    let kept = salvaged.kept.file_name().unwrap_or_default().to_string_lossy();
    let saved = match salvaged.documents.iter().filter(|doc| !doc.is_library()).count() {
        0 => "There was nothing unsent in it that could be read.".to_owned(),
        count => format!("{} with something unsent could be saved out of it.", notes(count as u32)),
    };
    let unread = if salvaged.unreadable == 0 { "" } else { " Some of it couldn't be read." };
    let words = format!(
        "The file with your notes was damaged and is kept as {kept}. {saved}{unread} Everything else comes back from your \
         server; without one, restore a backup."
    );
    meta.insert(SALVAGED.to_owned(), words);
}

/// "1 note", "3 notes".
pub(crate) fn notes(count: u32) -> String {
    if count == 1 { "1 note".to_owned() } else { format!("{count} notes") }
}

fn named(title: &str) -> String {
    if title.trim().is_empty() { "Untitled".to_owned() } else { title.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::tray;
    use crate::api::ErrorCode;
    use stet_model::id::DeviceId;

    use crate::api::status::{ConnectionState, OtherDevice, Status, StatusError};
    use crate::desktop::TrayIcon;

    fn said(status: Status) -> (TrayIcon, String) {
        let tray = tray(&status, Vec::new());
        (tray.icon, tray.status_line)
    }

    #[test]
    fn offline_says_how_many_notes_wait() {
        let status = Status { state: ConnectionState::Reconnecting, unsent: 3, ..Status::default() };
        assert_eq!(said(status), (TrayIcon::Offline, "Offline. 3 notes will be sent when you're back.".to_owned()));
    }

    #[test]
    fn a_key_on_its_way_to_the_disk_is_no_alarm_whatever_else_is_wrong() {
        let error = |code| Some(StatusError { code, message: "Something.".to_owned(), note_id: None });
        let typing = |code| Status {
            state: ConnectionState::Reconnecting,
            unsaved: 1,
            unsent: 1,
            error: error(code),
            ..Status::default()
        };
        assert_eq!(said(typing(ErrorCode::Offline)).0, TrayIcon::Offline);
        assert_eq!(said(typing(ErrorCode::Storage)).0, TrayIcon::Attention);
    }

    #[test]
    fn connecting_and_signing_in_are_told_apart_and_offer_no_second_try() {
        for (state, words) in [(ConnectionState::Connecting, "Connecting"), (ConnectionState::Connected, "Signing in")]
        {
            let is_connected = state == ConnectionState::Connected;
            let tray = tray(&Status { state, is_connected, ..Status::default() }, Vec::new());
            assert_eq!((tray.icon, tray.status_line.as_str(), tray.can_reconnect), (TrayIcon::Busy, words, false));
        }
    }

    #[test]
    fn synced_is_said_only_when_it_is_true() {
        let status = Status { state: ConnectionState::Authenticated, unsent: 1, ..Status::default() };
        assert_eq!(said(status.clone()), (TrayIcon::Busy, "Sending 1 note".to_owned()));
        let synced = Status { unsent: 0, is_synced: true, ..status };
        assert_eq!(said(synced.clone()), (TrayIcon::Synced, "Synced".to_owned()));
        let words = "All sent. This server can't catch up.".to_owned();
        assert_eq!(said(Status { level: Some(1), ..synced }), (TrayIcon::Synced, words));
    }

    #[test]
    fn the_third_dot_is_filled_when_the_other_devices_have_everything_too() {
        let device = |name: &str, caught_up| OtherDevice {
            id: DeviceId::from_bytes([1; 16]),
            name: name.to_owned(),
            unsent: 0,
            caught_up,
            as_of: 0,
        };
        let status = |other_devices| Status {
            state: ConnectionState::Authenticated,
            is_synced: true,
            other_devices,
            ..Status::default()
        };
        assert_eq!(said(status(vec![device("Desk", true)])), (TrayIcon::Synced, "Synced".to_owned()));
        let one = status(vec![device("Desk", true), device("Phone", false)]);
        assert_eq!(said(one), (TrayIcon::Sent, "Synced. Phone hasn't caught up yet.".to_owned()));
        let two = status(vec![device("Desk", false), device("Phone", false)]);
        assert_eq!(said(two), (TrayIcon::Sent, "Synced. 2 devices haven't caught up yet.".to_owned()));
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
    fn an_address_in_an_error_is_shown_to_its_end() {
        let error = StatusError {
            code: ErrorCode::Protocol,
            message: "There is no Stet at wss://notes.example.org (HTTP 404). Check the path.".into(),
            note_id: None,
        };
        let status = Status { state: ConnectionState::Error, error: Some(error), ..Status::default() };
        assert_eq!(said(status).1, "There is no Stet at wss://notes.example.org (HTTP 404).");
    }

    #[test]
    fn without_a_server_nothing_is_called_offline() {
        assert_eq!(said(Status::default()), (TrayIcon::Local, "Notes are kept on this device".to_owned()));
    }
}
