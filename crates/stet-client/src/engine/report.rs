//! What people and lists are told: one status value, rows and lists that changed, the tray. Gathered, and told at most
//! ten times a second.

use std::collections::{BTreeMap, BTreeSet};

use stet_model::id::{DeviceId, DocKey, NoteId, SpaceId};
use stet_model::mutant::{self, Mutant};
use stet_store::{DeviceRow, Held, HeldAt, ListRow, RowFields};
use stet_sync::device::{Place, Problem, State};

use super::decisions::{LogQuestion, is_uncounted};
use super::{Engine, Now, Output};
use crate::api::event::NotesChanged;
use crate::api::note::{Dots, NoteRow};
use crate::api::status::{ConnectionState, HelpTopic, OtherDevice, Status, StatusError};
use crate::api::{ErrorCode, Event};
use crate::network::Failure;
use crate::words::connection::{self, Told};

/// Changes are gathered for this long, milliseconds.
const GATHER_MS: u64 = 100;
/// Notes named in the tray's menu.
const RECENT: usize = 5;

/// What readers of lists have to know to show rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListContext {
    /// The space shown.
    pub space: SpaceId,
    /// Whether a server is set.
    pub has_server: bool,
    /// The furthest seq another device of the user has; absent with a single device.
    pub other_seq: Option<u64>,
    /// Largest note, UTF-8 bytes of title and body.
    pub note_bytes: u64,
}

impl ListContext {
    /// A row as a user interface sees it.
    pub fn row(&self, row: ListRow) -> NoteRow {
        let dots = self.dots(true, row.unsent, row.last_seq, row.held.as_ref());
        self.note_row(row.note, row.fields, row.updated_at, dots)
    }

    fn dots(&self, disk: bool, unsent: bool, last_seq: u64, held: Option<&Held>) -> Dots {
        let sent = !unsent && last_seq > 0;
        Dots {
            disk,
            server: self.has_server.then_some(!unsent),
            other: self.other_seq.filter(|_| self.has_server).map(|seq| sent && seq >= last_seq),
            stopped: held.and_then(super::unsent::stopped),
        }
    }

    fn note_row(&self, id: NoteId, fields: RowFields, updated_at: i64, dots: Dots) -> NoteRow {
        NoteRow {
            id,
            title: fields.title,
            preview: fields.preview,
            folder_id: fields.folder,
            starred: fields.starred,
            pinned: fields.pinned,
            archived: fields.archived,
            trashed: fields.trashed,
            merged: fields.merged,
            tags: fields.tags,
            created_at: fields.created_at,
            updated_at,
            room: super::unsent::size::room(fields.bytes, self.note_bytes),
            dots,
        }
    }
}

/// What was told and what is to be told.
#[derive(Debug, Default)]
pub(super) struct Report {
    lists: bool,
    sidebar: bool,
    rows: BTreeSet<DocKey>,
    told_at: Option<u64>,
    due_at: Option<u64>,
    told: Option<Status>,
    told_tray: Option<crate::desktop::Tray>,
    told_lists: Option<ListContext>,
    told_badge: Option<u32>,
    error: Option<StatusError>,
    /// Where there is more about that error.
    help: Option<HelpTopic>,
    /// The proxy on the way to the server.
    pub(super) proxy: Option<String>,
    storage_error: Option<String>,
    /// What was saved out of a damaged store.
    salvaged: Option<String>,
    recent: Vec<(NoteId, String)>,
    pub(super) cursors: BTreeMap<SpaceId, Place>,
    pub(super) devices: BTreeMap<SpaceId, BTreeMap<DeviceId, DeviceRow>>,
    pub(super) last_sync: Option<i64>,
    /// The same, as it is on disk.
    pub(super) kept_sync: Option<i64>,
    pub(super) binding_retry: bool,
    /// The disk knows whose notes these are.
    pub(super) binding_written: bool,
}

impl Report {
    pub(super) fn new(last_sync: Option<i64>, is_bound: bool) -> Self {
        Self { last_sync, kept_sync: last_sync, binding_written: is_bound, ..Self::default() }
    }

    pub(super) fn remember(&mut self, recent: Vec<(NoteId, String)>) {
        self.recent.extend(recent);
        self.recent.truncate(RECENT);
    }

    pub(super) const fn lists_changed(&mut self) {
        self.lists = true;
    }

    pub(super) const fn sidebar_changed(&mut self) {
        self.sidebar = true;
    }

    pub(super) const fn everything_changed(&mut self) {
        self.lists = true;
        self.sidebar = true;
    }

    pub(super) const fn wake_at(&self) -> Option<u64> {
        self.due_at
    }

    /// A note was changed: it goes to the head of the recent ones, or out of them.
    pub(super) fn touched(&mut self, note: NoteId, row: &RowFields) {
        if self.recent.first().is_some_and(|(first, title)| *first == note && *title == row.title && !row.trashed) {
            return;
        }
        self.recent.retain(|(other, _)| *other != note);
        if !row.trashed && !row.archived && !row.hidden {
            self.recent.insert(0, (note, row.title.clone()));
            self.recent.truncate(RECENT);
        }
    }

    pub(super) fn forget_note(&mut self, note: NoteId) {
        self.recent.retain(|(other, _)| *other != note);
    }

    pub(super) fn failed(&mut self, error: StatusError) {
        self.error = Some(error);
        self.help = None;
    }

    /// Whether what was put away was kept on disk, too.
    pub(super) fn clear_error(&mut self) -> bool {
        self.error.take().is_none() && self.salvaged.take().is_some()
    }

    pub(super) fn salvaged(&mut self, words: &str) {
        self.salvaged = Some(words.to_owned());
    }

    /// The connection works: what was wrong with it is over.
    pub(super) fn overcome(&mut self) {
        if self.error.as_ref().is_some_and(|error| error.code != ErrorCode::Refused) {
            self.error = None;
        }
    }

    /// The server is another one now: what was wrong with the one before is of no interest.
    pub(super) fn turn_to_another_server(&mut self) {
        self.error = None;
    }

    pub(super) fn storage_failed(&mut self, words: &str) {
        self.storage_error = Some(words.to_owned());
    }

    pub(super) fn storage_works(&mut self) {
        self.storage_error = None;
    }
}

impl Engine {
    /// This note's row is another one now.
    pub(super) fn row_changed(&mut self, doc: DocKey) {
        if !doc.is_library() {
            self.report.rows.insert(doc);
        }
    }

    /// Something about the connection went wrong.
    pub(super) fn problem(&mut self, problem: Problem, now: Now) {
        self.recorder.note(&format!("problem: {problem:?}"), now);
        if problem == Problem::DivergedLog {
            self.ask_about_log(LogQuestion::OlderLog);
        }
        let of_binding = matches!(problem, Problem::Binding(_));
        let mut told = connection::problem(problem, self.server_url().unwrap_or_default());
        if of_binding && self.decision().is_some() {
            told.code = ErrorCode::DivergedLog;
        }
        self.connection_failed(told);
    }

    /// No connection came about.
    pub(super) fn unopened(&mut self, failure: &Failure, now: Now) {
        let told = connection::failure(failure, self.server_url().unwrap_or_default());
        self.recorder.note(&format!("no connection: {}", told.message), now);
        self.keep_sync_time();
        if self.device.failed(failure.retry_after_ms(), now.mono) {
            self.connection_failed(told);
        }
    }

    fn connection_failed(&mut self, told: Told) {
        let Told { code, topic, message } = told;
        self.went_wrong(StatusError { code, message, note_id: None });
        self.report.help = Some(topic);
    }

    /// Tells it, once, and keeps it in the status.
    pub(super) fn went_wrong(&mut self, error: StatusError) {
        if self.report.error.as_ref() != Some(&error) {
            self.emit(Event::Error(error.clone()));
        }
        self.report.failed(error);
    }

    pub(super) fn unsent_count(&self) -> u32 {
        let sent = |doc: DocKey| mutant::is(Mutant::SentCountsAsThere) && self.device.is_in_flight(doc);
        let hidden = |doc: &&DocKey| (self.level1_folders.refused && doc.is_library()) || sent(**doc);
        (self.ledger.unsent.iter().filter(|doc| !hidden(doc)).count() + self.ledger.purges.len()) as u32
    }

    /// What readers of lists have to know now.
    pub(crate) fn list_context(&self) -> ListContext {
        let devices = self.report.devices.get(&self.space);
        let other_seq = devices.and_then(|devices| devices.values().map(|device| device.seq).max());
        let (space, note_bytes) = (self.space, self.note_bytes);
        ListContext { space, has_server: self.server_url().is_some(), other_seq, note_bytes }
    }

    /// A note in memory, as lists show it.
    pub(super) fn note_row(&self, doc: DocKey) -> Option<NoteRow> {
        let live = self.documents.get(doc)?;
        let mut fields = live.row()?;
        fields.folder = fields.folder.filter(|folder| self.folders.contains(folder));
        let context = self.list_context();
        let dots = context.dots(live.is_saved(), live.is_unsent(), live.last_seq, live.held.as_ref());
        Some(context.note_row(doc.note, fields, live.changed_at(), dots))
    }

    /// Whether everything received is part of its document and on disk.
    fn has_taken_in(&self) -> bool {
        let waits = self.ledger.held.values().any(|held| held.at == HeldAt::Import);
        let on_disk = !self.writing.holds_cursor_back() || mutant::is(Mutant::SyncedBeforeRows);
        !waits && !self.documents.has_imports() && on_disk
    }

    /// Whether everything the server is known to have is part of its document and on disk.
    pub(super) fn is_caught_up(&self) -> bool {
        self.device.is_caught_up(self.space) && self.has_taken_in()
    }

    /// Whether everything is here and there.
    pub(super) fn is_in_step(&self) -> bool {
        let sent = self.unsent() == 0 || mutant::is(Mutant::SyncedWithUnsent);
        self.connection_state() == ConnectionState::Authenticated && self.is_caught_up() && sent
    }

    /// The one value.
    pub(super) fn status(&self, now: Now) -> Status {
        let state = self.connection_state();
        let is_authenticated = state == ConnectionState::Authenticated;
        let unsent = self.unsent();
        let cursor = self.report.cursors.get(&self.space).map_or(0, |place| place.seq);
        let wall_at = |at: u64| now.wall + (at as i64 - now.mono as i64);
        let storage = self.report.storage_error.as_ref().map(|words| StatusError {
            code: ErrorCode::Storage,
            message: format!("Your latest words aren't on the disk yet: {words}"),
            note_id: None,
        });
        let help = self.report.help.filter(|_| storage.is_none() && self.report.error.is_some());
        let salvaged = || {
            let message = self.report.salvaged.clone()?;
            Some(StatusError { code: ErrorCode::Storage, message, note_id: None })
        };
        Status {
            state,
            paused: self.device.is_paused(),
            is_connected: self.device.is_connected(),
            is_authenticated,
            user_id: self.binding.as_ref().filter(|_| is_authenticated).map(|binding| binding.user_id.clone()),
            reconnect_attempts: self.device.attempts(),
            next_retry_at: self.device.next_attempt_at().map(wall_at),
            sends_again_at: self.device.sends_again_at(now.mono).map(wall_at),
            last_sync: self.report.last_sync,
            is_synced: self.is_in_step(),
            joined_notes: self.device.joined().collect(),
            unsent,
            unsaved: self.ledger.unsaved.len() as u32,
            held: self.ledger.held.values().filter(|held| !is_uncounted(held)).count() as u32,
            progress: self.progress(),
            error: storage.or_else(|| self.report.error.clone()).or_else(salvaged),
            help,
            server_url: self.server_url().map(ToOwned::to_owned),
            proxy: self.report.proxy.clone().filter(|_| self.server_url().is_some()),
            level: self.device.level(),
            round_trip_ms: self.device.round_trip_ms().map(|ms| ms as u32),
            verified: self.verified(),
            space_id: Some(self.space),
            cursor,
            other_devices: self.other_devices(cursor),
            recording_until: self.recorder.until(now),
            decision: self.decision(),
            report: self.rebuild.report(),
        }
    }

    fn connection_state(&self) -> ConnectionState {
        if self.server_url().is_none() {
            return ConnectionState::Local;
        }
        match self.device.state() {
            State::Disconnected => ConnectionState::Disconnected,
            State::Connecting => ConnectionState::Connecting,
            State::Connected => ConnectionState::Connected,
            State::Authenticated => ConnectionState::Authenticated,
            State::Reconnecting => ConnectionState::Reconnecting,
            State::Error => ConnectionState::Error,
        }
    }

    fn other_devices(&self, cursor: u64) -> Vec<OtherDevice> {
        let devices = self.report.devices.get(&self.space).map(BTreeMap::values).into_iter().flatten();
        let other = |device: &DeviceRow| OtherDevice {
            id: device.id,
            name: device.name.clone(),
            unsent: device.unsent.min(u32::MAX.into()) as u32,
            caught_up: device.seq >= cursor && device.unsent == 0,
            as_of: device.last_seen,
        };
        devices.map(other).collect()
    }

    /// Tells what changed, at most every [`GATHER_MS`].
    pub(super) fn report_changes(&mut self, now: Now) {
        let context = self.list_context();
        if self.report.told_lists != Some(context) {
            self.report.told_lists = Some(context);
            self.outputs.push(Output::Lists(context));
        }
        let quiet_until = self.report.told_at.map(|at| at + GATHER_MS);
        if quiet_until.is_some_and(|until| now.mono < until) {
            let something = self.report.lists || self.report.sidebar || !self.report.rows.is_empty();
            if something || self.report.told.as_ref() != Some(&self.status(now)) {
                self.report.due_at = quiet_until;
            }
            return;
        }
        self.report.due_at = None;
        self.tell_status(now);
        for doc in std::mem::take(&mut self.report.rows) {
            if let Some(row) = self.note_row(doc) {
                self.emit(Event::NoteRow(row));
                self.report.told_at = Some(now.mono);
            }
        }
        let changed = NotesChanged { lists: self.report.lists, sidebar: self.report.sidebar };
        if changed != NotesChanged::default() {
            self.report.lists = false;
            self.report.sidebar = false;
            self.emit(Event::NotesChanged(changed));
            self.report.told_at = Some(now.mono);
        }
    }

    fn tell_status(&mut self, now: Now) {
        let status = self.status(now);
        let tray = crate::words::tray(&status, self.report.recent.clone());
        if self.report.told_tray.as_ref() != Some(&tray) {
            self.report.told_tray = Some(tray.clone());
            self.outputs.push(Output::Tray(tray));
        }
        if self.report.told_badge != Some(status.unsent) {
            self.report.told_badge = Some(status.unsent);
            self.outputs.push(Output::Badge(status.unsent));
        }
        if self.report.told.as_ref() != Some(&status) {
            self.report.told = Some(status.clone());
            self.report.told_at = Some(now.mono);
            self.emit(Event::Status(Box::new(status)));
        }
    }

    /// A text people may send to those who help: no tokens, no note text.
    pub(super) fn diagnostics(&mut self, now: Now) -> String {
        let mut status = self.status(now);
        if let Some(error) = status.error.as_mut().filter(|error| error.note_id.is_some()) {
            error.message = "(about a note; left out)".to_owned();
        }
        let json = serde_json::to_string_pretty(&status).unwrap_or_default();
        let held: Vec<&str> = self.ledger.held.values().map(|held| held.code.as_str()).collect();
        format!(
            "Stet {} on {}\nheld back: {held:?}\n{json}\n\n{}",
            self.setup.app_version,
            std::env::consts::OS,
            self.recorder.text()
        )
    }
}
