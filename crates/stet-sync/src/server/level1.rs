//! Level-1 messages on a socket: one at a time, each to its end. What they do to notes is the façade's.

use stet_model::id::FolderId;
use stet_protocol::close::CloseCode;
use stet_protocol::message::ErrorCode;
use stet_protocol::message::level1::{ClientMessage, NoteData, ServerMessage};

use super::connection::{Connection, Turn};
use super::event::Shared;
use super::work::{Effect, LevelOne, LevelOneOutcome, Refusal};
use crate::folders::FolderRequest;

impl Connection {
    pub(super) fn level1(&mut self, message: ClientMessage, turn: &mut Turn<'_>) {
        if let Err(wait) = self.messages.take(1, turn.now.mono) {
            let refusal = Refusal::new(ErrorCode::RateLimited).retry_after(wait);
            return self.refuse(about(refusal, &message), turn);
        }
        let request = match message {
            ClientMessage::Auth(auth) => return self.renew(auth, turn),
            ClientMessage::Ping {} => return self.send1(&ServerMessage::Pong { timestamp: turn.now.wall }, turn),
            ClientMessage::LeaveNote { note_id } => return self.send1(&ServerMessage::NoteLeft { note_id }, turn),
            ClientMessage::JoinNote { note_id } => Ok(LevelOne::Join(note_id)),
            ClientMessage::NoteUpdate { note_id, changes } => Ok(LevelOne::Update(note_id, changes)),
            ClientMessage::NoteDeleted { note_id } => Ok(LevelOne::Delete(note_id)),
            ClientMessage::NoteCreated { note_id, note_data } => create_note(note_id, note_data),
            ClientMessage::FolderCreated { folder_id, folder_data } => one_id(folder_id, folder_data.id)
                .map(|id: FolderId| LevelOne::Folder(FolderRequest::Create(id, folder_data))),
            ClientMessage::FolderUpdated { folder_id, changes } => {
                Ok(LevelOne::Folder(FolderRequest::Update(folder_id, changes)))
            }
            ClientMessage::FolderDeleted { folder_id } => Ok(LevelOne::Folder(FolderRequest::Delete(folder_id))),
        };
        match request {
            Ok(request) => {
                self.busy = true;
                turn.effects.push(Effect::LevelOne(request));
            }
            Err(refusal) => self.malformed(refusal, turn),
        }
    }

    pub(super) fn level_one(&mut self, outcome: LevelOneOutcome, turn: &mut Turn<'_>) {
        self.busy = false;
        match outcome {
            LevelOneOutcome::Done(Some(answer)) => self.send1(&answer, turn),
            LevelOneOutcome::Done(None) => {}
            LevelOneOutcome::Refused(refusal) => self.refuse(refusal, turn),
            LevelOneOutcome::Unknown => self.close(CloseCode::Restarting, turn),
        }
    }

    /// What another socket did. A reader too slow for it is cut off: level 1 has no other way to catch up.
    pub(super) fn broadcast1(&mut self, message: &Shared<ServerMessage>, turn: &mut Turn<'_>) {
        if turn.outbox.bytes() > self.settings.backlog_bytes {
            return self.close(CloseCode::Restarting, turn);
        }
        turn.outbox.push(message.frame(self.encoding));
    }
}

fn create_note(note_id: Option<stet_model::id::NoteId>, data: NoteData) -> Result<LevelOne, Refusal> {
    one_id(note_id, data.id).map(|id| LevelOne::Create(id, data))
}

/// The id of something made: at the top level, inside, or the same at both places.
fn one_id<T: PartialEq>(top: Option<T>, inside: Option<T>) -> Result<T, Refusal> {
    let refusal = |why: &str| Err(Refusal::new(ErrorCode::Malformed).because(why));
    match (top, inside) {
        (Some(top), Some(inside)) if top != inside => refusal("two different ids"),
        (Some(id), _) | (None, Some(id)) => Ok(id),
        (None, None) => refusal("an id is missing"),
    }
}

fn about(refusal: Refusal, message: &ClientMessage) -> Refusal {
    match message {
        ClientMessage::JoinNote { note_id }
        | ClientMessage::LeaveNote { note_id }
        | ClientMessage::NoteUpdate { note_id, .. }
        | ClientMessage::NoteDeleted { note_id } => refusal.about(*note_id),
        ClientMessage::NoteCreated { note_id, note_data } => Refusal { note_id: note_id.or(note_data.id), ..refusal },
        _ => refusal,
    }
}
