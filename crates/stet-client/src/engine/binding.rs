//! Whose notes these are: what the store remembers of itself, and what a sign-in has to match. A store belongs to one
//! user of one server database; only a store that never did moves into an account.

use std::collections::{BTreeMap, BTreeSet};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use stet_model::id::{DeviceId, DocKey, NoteId, SpaceId, StoreId, UserId};
use stet_protocol::message::Device as DeviceInfo;
use stet_store::{Boot, Write};
use stet_sync::device::{Agreed, BackoffOptions, Device, Options, Output as Asked, Place};

use super::decisions::LogQuestion;
use super::documents::Task;
use super::documents::after::After;
use super::{Engine, Now, Output, Setup};
use crate::api::Event;
use crate::api::event::Authenticated;
use crate::api::note::Settings;

pub(crate) const SPACE: &str = "space";
pub(super) const BINDING: &str = "binding";
const SETTINGS: &str = "settings";
const LAST_SYNC: &str = "lastSync";
/// What people are told of a damaged store, until they have put it away.
pub(crate) const SALVAGED: &str = "salvaged";

/// The account a store belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Binding {
    /// The server's database; absent for a level-1 server, which names none.
    pub store_id: Option<StoreId>,
    /// The user there.
    pub user_id: UserId,
    /// The personal space.
    pub space: SpaceId,
}

/// What the store remembers of itself.
#[derive(Clone, Debug)]
pub(super) struct Meta {
    pub(super) space: SpaceId,
    pub(super) binding: Option<Binding>,
    pub(super) settings: Settings,
    pub(super) last_sync: Option<i64>,
    pub(super) rebuild: Option<super::rebuild::Last>,
    /// Nobody has begun with this store.
    is_new: bool,
}

impl Meta {
    pub(super) fn read(meta: &BTreeMap<String, String>, random: &mut ChaCha8Rng, now: Now) -> Self {
        let mut fresh = || {
            let mut bytes = [0; 10];
            random.fill_bytes(&mut bytes);
            bytes
        };
        let wall = now.wall.max(0) as u64;
        let space = meta.get(SPACE).and_then(|text| text.parse().ok());
        Self {
            is_new: space.is_none(),
            space: space.unwrap_or_else(|| SpaceId::from_time(wall, fresh())),
            binding: parsed(meta, BINDING),
            settings: parsed(meta, SETTINGS).unwrap_or_default(),
            last_sync: meta.get(LAST_SYNC).and_then(|text| text.parse().ok()),
            rebuild: parsed(meta, super::rebuild::REBUILD),
        }
    }
}

/// A value that the store keeps as JSON; nothing where there is none, or none that can be read.
pub(super) fn parsed<T: DeserializeOwned>(meta: &BTreeMap<String, String>, key: &str) -> Option<T> {
    meta.get(key).and_then(|json| serde_json::from_str(json).ok())
}

/// The machine for this device.
pub(super) fn machine(setup: &Setup, id: DeviceId, meta: &Meta, seed: u64) -> Device {
    let mut device = Device::new(Options {
        device: DeviceInfo {
            id,
            name: setup.device_name.clone(),
            platform: setup.platform.clone(),
            app_version: setup.app_version.clone(),
        },
        backoff: backoff(&meta.settings),
        seed,
    });
    if meta.binding.as_ref().is_some_and(|binding| binding.store_id.is_some()) {
        device.expect_level2();
    }
    device
}

pub(super) fn backoff(settings: &Settings) -> BackoffOptions {
    BackoffOptions {
        base_ms: settings.backoff_base_ms.into(),
        cap_ms: settings.backoff_cap_ms.into(),
        max_attempts: settings.max_attempts.max(1),
    }
}

impl Engine {
    /// What has to happen first: the store is told who it is, what was left over goes on, and the connection begins.
    pub(super) fn start(&mut self, boot: Boot, meta: Meta, now: Now) {
        if self.setup.is_news() || meta.is_new {
            self.write_identity();
        }
        if let Some(words) = boot.meta.get(SALVAGED) {
            self.report.salvaged(words);
            self.write(Write::Meta { key: SALVAGED.into(), value: Some(words.clone()) }, After::Nothing);
        }
        for (space, cursor) in boot.cursors {
            self.report.cursors.insert(space, Place { seq: cursor.seq, lineage: cursor.lineage });
        }
        for document in boot.unsent {
            let doc = document.doc;
            if document.purge_asked {
                self.ledger.purges.insert(doc, document.last_seq);
                self.ledger.purges_to_resume.insert(doc);
                self.documents.queue_import(doc);
            } else if !document.held {
                self.device.dirty(doc, now.mono);
            }
            if !document.purge_asked {
                self.ledger.unsent.insert(doc);
            }
        }
        self.ledger.held.extend(boot.held);
        self.leave_aborted_alone();
        self.remember_removals();
        self.remember_away(&boot.meta);
        self.ledger.apart.extend(boot.apart);
        self.await_adoption();
        for doc in self.ledger.held.keys().copied().collect::<Vec<_>>() {
            self.reconsider_kept(doc, now);
        }
        boot.pending.into_iter().for_each(|doc| self.documents.queue_import(doc));
        let welcome = self.doc(crate::welcome::NOTE);
        if self.ledger.unsent.contains(&welcome) {
            // Whether somebody wrote in it has to be known when it was removed elsewhere.
            self.documents.queue_import(welcome);
        }
        boot.unindexed.into_iter().for_each(|doc| self.index.doubt_row(doc));
        let undigested = boot.undigested.contains(&self.library_doc());
        for (space, device) in boot.devices {
            self.report.devices.entry(space).or_default().insert(device.id, device);
        }
        self.with(self.library_doc(), Task::Folders { changed: undigested }, now);
        if meta.is_new && boot.documents == 0 {
            self.write_welcome(now);
        }
        if self.server_url().is_some() && self.settings.connect_at_start {
            self.device.connect(now.mono);
        }
        self.report.everything_changed();
    }

    /// The last error was read and put away.
    pub(super) fn clear_error(&mut self) {
        if self.report.clear_error() {
            self.write(Write::Meta { key: SALVAGED.into(), value: None }, After::Nothing);
        }
    }

    /// A level-2 server took the token.
    pub(super) fn agreed(&mut self, agreed: Agreed, now: Now) {
        self.server_offset_ms = agreed.timestamp - now.wall;
        self.note_bytes = agreed.note_bytes;
        let Some(personal) = agreed.spaces.iter().find(|space| space.role == "owner").or(agreed.spaces.first()) else {
            return self.device.refuse("the server gave this account no space".to_owned(), now.mono);
        };
        let offered = Binding { store_id: Some(agreed.store_id), user_id: agreed.user_id, space: personal.id };
        self.bind(offered, now);
    }

    /// A level-1 server took the token.
    pub(super) fn agreed_level1(&mut self, user_id: UserId, now: Now) {
        let offered = Binding { store_id: None, user_id, space: self.space };
        match &self.binding {
            Some(binding) if binding.store_id.is_some() => {
                let reason = "this server speaks only the older protocol, and these notes were synced with one that \
                              speaks the newer. Nothing was sent.";
                self.device.refuse(reason.to_owned(), now.mono);
            }
            _ => self.bind(offered, now),
        }
    }

    fn bind(&mut self, offered: Binding, now: Now) {
        match self.binding.clone() {
            None => self.move_into(offered, now),
            // Until the disk knows whose notes these are, nothing of them is sent.
            Some(binding) if binding == offered && !self.report.binding_written => {
                self.report.binding_retry = true;
                self.retry_binding();
            }
            Some(binding) if binding == offered => self.bound(now),
            // Every database has users of its own: to ask for another one of this server would send people nowhere.
            Some(binding) if binding.store_id.is_some() && binding.store_id != offered.store_id => {
                self.ask_about_log(LogQuestion::OtherStore);
                let reason = "this server's database is another one than these notes were synced with. Syncing is \
                              stopped; everything on this device is untouched.";
                self.device.refuse(reason.to_owned(), now.mono);
            }
            Some(binding) if binding.user_id != offered.user_id => {
                let reason = "these notes belong to another account of this server. Sign in as that user, or use \
                              another data folder. Nothing was sent.";
                self.device.refuse(reason.to_owned(), now.mono);
            }
            Some(_) => self.move_into(offered, now),
        }
    }

    /// The local store moves into an account.
    fn move_into(&mut self, offered: Binding, now: Now) {
        let (from, to) = (self.space, offered.space);
        // What was gathered in this step is about documents of the old name.
        self.flush_writes(now);
        if from != to {
            let rename = move |doc: DocKey| match doc {
                DocKey { space, note } if space == from && note == from.library() => {
                    DocKey { space: to, note: to.library() }
                }
                DocKey { space, note } if space == from => DocKey { space: to, note },
                other => other,
            };
            self.writing.move_space(from, to, &rename);
            self.rename_documents(&rename, now);
            self.device.move_space(from, to);
            self.comparison.forget();
            self.merged = super::merged::Merged::default();
            self.space = to;
            // What a library says is counted under its id, and that is another one now.
            self.with(self.library_doc(), Task::Folders { changed: true }, now);
        }
        let json = serde_json::to_string(&offered).unwrap_or_default();
        self.write(Write::Meta { key: BINDING.into(), value: Some(json) }, After::Bound);
        self.binding = Some(offered);
        self.report.binding_written = false;
        self.await_adoption();
    }

    fn rename_documents(&mut self, rename: &dyn Fn(DocKey) -> DocKey, now: Now) {
        self.documents.move_space(rename);
        self.sessions.values_mut().for_each(|session| session.doc = rename(session.doc));
        let ledger = &mut self.ledger;
        for doc in ledger.unsent.iter().chain(ledger.purges.keys()) {
            self.device.drop_document(*doc);
        }
        ledger.unsaved = std::mem::take(&mut ledger.unsaved).into_iter().map(rename).collect();
        ledger.unsent = std::mem::take(&mut ledger.unsent).into_iter().map(rename).collect();
        ledger.apart = std::mem::take(&mut ledger.apart).into_iter().map(rename).collect();
        ledger.held = std::mem::take(&mut ledger.held).into_iter().map(|(doc, held)| (rename(doc), held)).collect();
        ledger.purges = std::mem::take(&mut ledger.purges).into_iter().map(|(doc, seq)| (rename(doc), seq)).collect();
        self.index.rename(rename);
        let unsent = if self.pulls_first() { BTreeSet::new() } else { self.ledger.unsent.clone() };
        for doc in unsent {
            self.device.dirty(doc, now.mono);
        }
        for (doc, after) in self.ledger.purges.clone() {
            self.device.purge(doc, after, now.mono);
        }
    }

    /// The store and the account belong together: catch up and send.
    pub(super) fn bound(&mut self, now: Now) {
        let Some(binding) = self.binding.clone() else { return };
        self.report.binding_written = true;
        if self.leaves_log() {
            // The store is still being told: what came now would be forgotten with the log. See `rejoin`.
            return;
        }
        self.report.overcome();
        self.emit(Event::Authenticated(Authenticated { user_id: binding.user_id }));
        self.report.everything_changed();
        if binding.store_id.is_none() {
            self.level1_folders.begin();
            self.level1_notes.clear();
            return self.device.enter_level1(self.space, now.mono);
        }
        self.come_back();
        let place = self.report.cursors.get(&self.space).copied();
        self.device.enter(&[(self.space, place)], now.mono);
    }

    /// The move into the account couldn't be written; nothing is sent before it is.
    pub(super) fn binding_failed(&mut self) {
        self.report.binding_retry = true;
    }

    pub(super) fn retry_binding(&mut self) {
        if !std::mem::take(&mut self.report.binding_retry) {
            return;
        }
        if let Some(binding) = self.binding.clone() {
            let json = serde_json::to_string(&binding).unwrap_or_default();
            self.write(Write::Meta { key: BINDING.into(), value: Some(json) }, After::Bound);
        }
    }

    /// Carries out what the machine asks for.
    pub(super) fn carry_out(&mut self, asked: Asked, now: Now) {
        match asked {
            Asked::Open => {
                if let Some(url) = self.server_url().map(ToOwned::to_owned) {
                    self.recorder.note("connecting", now);
                    self.outputs.push(Output::Open { url });
                }
            }
            Asked::Close { code } => {
                self.rebuild.interrupted();
                self.outputs.push(Output::CloseSocket { code });
            }
            Asked::Send(frame) => {
                self.recorder.frame("→", &frame, now);
                self.outputs.push(Output::Send(frame));
            }
            Asked::Ping => self.outputs.push(Output::Ping),
            Asked::NeedToken { fresh } => self.fetch_token(fresh),
            Asked::Agreed(agreed) => self.agreed(*agreed, now),
            Asked::AgreedLevel1 { user_id } => self.agreed_level1(user_id, now),
            Asked::Rows(rows) => self.rows(rows, now),
            Asked::Fetched { space, notes } => self.fetched(space, &notes, now),
            Asked::CaughtUp { space, cursor, digest } => {
                self.caught_up(space, cursor, digest, now);
                self.note_sync_time(now);
                self.adopt_all();
                self.fetch_unread_rows(space, now);
                self.send_failed_again(now);
            }
            Asked::InStep { space } => self.in_step(space, now),
            Asked::Prepare { doc } => self.with(doc, Task::Prepare, now),
            Asked::Acked(acked) => self.acked(acked, now),
            Asked::PurgeAcked { doc, seq, cursor } => self.purge_acked(doc, seq, cursor),
            Asked::Refused(refused) => self.refused(&refused, now),
            Asked::Receipts { space, devices } => self.receipts(space, devices),
            Asked::Level1Note { doc, end, note, timestamp, news } => {
                self.level1_note(doc, super::level1::Foreign { end, note: Some(note), timestamp, news }, now);
            }
            Asked::Level1Deleted { doc, timestamp } => self.level1_deleted(doc, timestamp, now),
            Asked::Level1Folder(request) => self.level1_folder(request, now),
            Asked::FolderTold { doc } => self.folder_told(doc, now),
            Asked::Problem(problem) => self.problem(problem, now),
        }
    }

    /// Something was confirmed: if nothing waits, everything is here and there now. Written down when the connection ends.
    pub(super) fn in_step(&mut self, space: SpaceId, now: Now) {
        if space == self.space && self.is_in_step() {
            self.report.last_sync = Some(now.wall);
        }
    }

    /// Remembers when everything was last known to be here and there.
    pub(super) fn note_sync_time(&mut self, now: Now) {
        self.report.last_sync = Some(now.wall);
        self.keep_sync_time();
    }

    /// Writes it down. Not with every confirmation: an app that is left alone writes nothing.
    pub(super) fn keep_sync_time(&mut self) {
        if self.report.last_sync != self.report.kept_sync {
            self.report.kept_sync = self.report.last_sync;
            let value = self.report.last_sync.map(|at| at.to_string());
            self.write(Write::Meta { key: LAST_SYNC.into(), value }, After::Nothing);
        }
    }

    pub(super) fn settings_write(&self) -> Write {
        Write::Meta { key: SETTINGS.into(), value: serde_json::to_string(&self.settings).ok() }
    }

    /// The first note of a new store. Every new device makes the very same operations, so that two of them meeting in
    /// one account hold one welcome note, not two.
    fn write_welcome(&mut self, now: Now) {
        let doc = self.doc(crate::welcome::NOTE);
        let Some(document) = crate::welcome::document() else {
            return;
        };
        let document = stet_model::document::Document::Note(document);
        self.documents.insert(doc, super::documents::live::Live::new(document, now.mono));
        if let Some(live) = self.documents.get_mut(doc) {
            live.document.set_peer(self.peer);
        }
        self.save(doc, now);
    }

    pub(super) fn is_welcome(note: NoteId) -> bool {
        note == crate::welcome::NOTE
    }
}
