//! The engine as a client of a level-1 server: whole fields, one request in flight per note, no catch-up.

use std::collections::BTreeMap;

use stet_model::id::{DocKey, NoteId, SpaceId};
use stet_protocol::codec::{self, Encoding, Frame};
use stet_protocol::limits::ANSWER_TIMEOUT_MS;
use stet_protocol::message::ErrorCode;
use stet_protocol::message::level1::{Changes, ClientMessage, NoteData, ServerMessage};

use super::Device;
use super::connection::Phase;
use super::output::{Output, Refused};
use crate::folders::FolderRequest;

/// What to ask of a level-1 server about one note. Each ends in a `note_update`, whose answer confirms it.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The server doesn't know the note yet: it is created first.
    pub create: Option<NoteData>,
    /// The note was moved to the trash: the others are told.
    pub delete: bool,
    /// The fields.
    pub changes: Changes,
}

/// The state of a level-1 connection.
#[derive(Clone, Debug, Default)]
pub(super) struct LevelOne {
    space: Option<SpaceId>,
    /// A change of the folder tree on its way, and until when the `pong` after it is waited for: nothing answers a folder,
    /// but what is sent after it is handled after it.
    folder: Option<(DocKey, u64)>,
    /// Notes asked to be followed, with how many requests went before: a server answers in order, and its error names
    /// the note alone.
    joins: BTreeMap<NoteId, u64>,
}

impl LevelOne {
    pub(super) fn forget_connection(&mut self) {
        *self = Self::default();
    }
}

impl Device {
    /// The engine takes the level-1 server; its notes are those of this space.
    pub fn enter_level1(&mut self, space: SpaceId, now: u64) {
        if self.phase != Phase::Entering {
            return;
        }
        self.phase = Phase::Live { since: now };
        self.level_one.space = Some(space);
        for (_, note) in self.joined.clone() {
            self.level1_membership(note, true, now);
        }
        self.pump(now);
    }

    pub(super) fn level1_membership(&mut self, note_id: NoteId, join: bool, _now: u64) {
        if join {
            self.level_one.joins.insert(note_id, self.next_request);
            return self.send_level1(&ClientMessage::JoinNote { note_id });
        }
        self.level_one.joins.remove(&note_id);
        self.send_level1(&ClientMessage::LeaveNote { note_id });
    }

    /// Whether an error about a note answers the wish to follow it: then no update of it was sent before that, and none
    /// that was sent after it is answered. Such a wish is refused only for what the note is.
    pub(super) fn is_join_refused(&mut self, note_id: NoteId, code: ErrorCode) -> bool {
        if !matches!(code, ErrorCode::NotFound | ErrorCode::Forbidden | ErrorCode::Deleted | ErrorCode::Unknown) {
            return false;
        }
        let Some(joined_at) = self.level_one.joins.remove(&note_id) else { return false };
        self.push.sent_of_note(note_id).is_none_or(|update| update > joined_at)
    }

    /// An update was answered: whoever was asked before to follow a note, and said nothing, won't.
    fn is_past_joins(&mut self, note_id: NoteId) {
        if let Some(update) = self.push.sent_of_note(note_id) {
            self.level_one.joins.retain(|_, joined_at| *joined_at >= update);
        }
    }

    /// The answer to [`Output::Prepare`] of the library at level 1: one change of the folder tree.
    pub fn prepared_folder(&mut self, doc: DocKey, request: FolderRequest, now: u64) {
        if !self.begin_level1(doc, Vec::new(), 0, now) {
            return;
        }
        self.send_level1(&match request {
            FolderRequest::Create(id, folder_data) => ClientMessage::FolderCreated { folder_id: Some(id), folder_data },
            FolderRequest::Update(folder_id, changes) => ClientMessage::FolderUpdated { folder_id, changes },
            FolderRequest::Delete(folder_id) => ClientMessage::FolderDeleted { folder_id },
        });
        self.send_level1(&ClientMessage::Ping {});
        self.level_one.folder = Some((doc, now + ANSWER_TIMEOUT_MS));
        self.pump(now);
    }

    /// The one `ping` message under way is the one after a folder: the heartbeat is the WebSocket's own.
    fn level1_pong(&mut self, now: u64) {
        if let Some((doc, _)) = self.level_one.folder.take()
            && self.settle(doc)
        {
            self.outputs.push(Output::FolderTold { doc });
            self.pump(now);
        }
    }

    pub(super) fn level1_wake_at(&self) -> Option<u64> {
        self.level_one.folder.map(|(_, until)| until)
    }

    /// A server that knows neither folders nor `ping` says nothing to them: that is its answer.
    pub(super) fn level1_tick(&mut self, now: u64) {
        // Silence altogether is a dead line, and what was on its way is said again on the next one.
        let heard = |until: u64| self.link.heard_at > until.saturating_sub(ANSWER_TIMEOUT_MS);
        if let Some((doc, _)) = self.level_one.folder.take_if(|(_, until)| now >= *until && heard(*until))
            && self.settle(doc)
        {
            let message = "it doesn't answer".to_owned();
            self.outputs.push(Output::Refused(Refused { doc, code: ErrorCode::NotFound, message, purge: false }));
            self.pump(now);
        }
    }

    /// The frames of a request, in order.
    pub(super) fn level1_frames(note_id: NoteId, request: &Request) -> Vec<Frame> {
        let create = request.create.clone();
        let create = create.map(|note_data| ClientMessage::NoteCreated { note_id: None, note_data });
        let delete = request.delete.then_some(ClientMessage::NoteDeleted { note_id });
        let update = ClientMessage::NoteUpdate { note_id, changes: request.changes.clone() };
        create.iter().chain(&delete).chain([&update]).map(|message| codec::encode(message, Encoding::Json)).collect()
    }

    pub(super) fn received_level1(&mut self, frame: &Frame, now: u64) {
        match codec::decode::<ServerMessage>(frame, usize::MAX) {
            Ok(message) => self.handle_level1(message, now),
            Err(error) => self.garbage(&error.to_string(), now),
        }
    }

    fn handle_level1(&mut self, message: ServerMessage, now: u64) {
        let Some(space) = self.level_one.space else {
            return self.handle_before_entering(message, now);
        };
        match message {
            ServerMessage::NoteUpdateSuccess { updated_note, timestamp, .. } => {
                self.is_past_joins(updated_note.id);
                let settled = self.settle_level1(&updated_note);
                let doc = DocKey { space, note: updated_note.id };
                let end = settled.map(|(_, end)| end);
                let note = Box::new(updated_note);
                self.outputs.push(Output::Level1Note { doc, end, note, timestamp, news: false });
                self.pump(now);
            }
            ServerMessage::NoteSync { updated_note, timestamp, .. }
            | ServerMessage::NoteCreatedSync { note_data: updated_note, timestamp, .. } => {
                let doc = DocKey { space, note: updated_note.id };
                let note = Box::new(updated_note);
                self.outputs.push(Output::Level1Note { doc, end: None, note, timestamp, news: true });
            }
            ServerMessage::NoteJoined { note: Some(note), .. } => {
                self.level_one.joins.remove(&note.id);
                let doc = DocKey { space, note: note.id };
                let timestamp = note.updated_at;
                self.outputs.push(Output::Level1Note { doc, end: None, note: Box::new(note), timestamp, news: false });
            }
            ServerMessage::Pong { .. } => self.level1_pong(now),
            ServerMessage::Error(error) => self.server_error(error, now),
            ServerMessage::AuthFailed { message, reason } => self.auth_failed(reason, message, now),
            ServerMessage::NoteDeletedSync { note_id, timestamp, .. } => {
                self.outputs.push(Output::Level1Deleted { doc: DocKey { space, note: note_id }, timestamp });
            }
            ServerMessage::FolderCreatedSync { folder_id, folder_data, .. } => {
                self.outputs.push(Output::Level1Folder(FolderRequest::Create(folder_id, folder_data)));
            }
            ServerMessage::FolderUpdatedSync { folder_id, changes, .. } => {
                self.outputs.push(Output::Level1Folder(FolderRequest::Update(folder_id, changes)));
            }
            ServerMessage::FolderDeletedSync { folder_id, .. } => {
                self.outputs.push(Output::Level1Folder(FolderRequest::Delete(folder_id)));
            }
            ServerMessage::NoteJoined { note: None, note_id, .. } => {
                self.level_one.joins.remove(&note_id);
            }
            ServerMessage::ConnectionEstablished { .. }
            | ServerMessage::AuthSuccess(_)
            | ServerMessage::NoteLeft { .. } => {}
        }
    }

    // News of a note may arrive while the engine still opens the user's store: they are told again by the next update.
    fn handle_before_entering(&mut self, message: ServerMessage, now: u64) {
        match message {
            ServerMessage::Error(error) => self.server_error(error, now),
            ServerMessage::AuthFailed { message, reason } => self.auth_failed(reason, message, now),
            _ => {}
        }
    }

    fn send_level1(&mut self, message: &ClientMessage) {
        self.send_frame(codec::encode(message, Encoding::Json));
    }
}
