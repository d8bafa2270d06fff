//! Level-2 messages on a socket, but for catching up. Never a look inside operations.

use stet_model::id::SpaceId;
use stet_protocol::close::CloseCode;
use stet_protocol::limits::REQUEST_ID_BYTES;
use stet_protocol::message::ErrorCode;
use stet_protocol::message::level2::{ClientMessage, NotePurge, NoteUpdate, ServerMessage};
use stet_protocol::texts;

use super::connection::{Connection, InFlight, Turn};
use super::event::Change;
use super::wire::About;
use super::work::{Commit, CommitOutcome, Effect, Refusal};

/// First byte of operations in a plain space.
const FORMAT_PLAIN: u8 = 1;

impl Connection {
    pub(super) fn level2(&mut self, message: ClientMessage, turn: &mut Turn<'_>) {
        if let ClientMessage::NoteUpdate(update) = message {
            return self.note_update(update, turn);
        }
        if let ClientMessage::Many { messages } = message {
            for message in messages.into_iter().rev() {
                self.inbox.push_front(message);
            }
            return;
        }
        if let Err(wait) = self.messages.take(1, turn.now.mono) {
            let refusal = Refusal::new(ErrorCode::RateLimited).retry_after(wait);
            return self.refuse(about(refusal, &message), turn);
        }
        match message {
            ClientMessage::Auth(auth) => self.renew(auth, turn),
            ClientMessage::Sync(sync) => self.sync(sync, turn),
            ClientMessage::NotePurge(purge) => self.note_purge(purge, turn),
            ClientMessage::Received(received) => {
                if self.feeds.contains_key(&received.space_id) {
                    turn.effects.push(Effect::Receipt(received));
                } else {
                    self.refuse(Refusal::new(ErrorCode::NotFound), turn);
                }
            }
            ClientMessage::JoinNote { space_id, note_id } => {
                let message = texts::NOTE_JOINED.to_owned();
                self.answer_in(space_id, note_id, &ServerMessage::NoteJoined { space_id, note_id, message }, turn);
            }
            ClientMessage::LeaveNote { space_id, note_id } => {
                self.answer_in(space_id, note_id, &ServerMessage::NoteLeft { space_id, note_id }, turn);
            }
            ClientMessage::Ping {} => {
                let seqs = self.feeds.iter().map(|(id, feed)| (*id, feed.seq)).collect();
                self.send2(&ServerMessage::Pong { timestamp: turn.now.wall, seqs }, turn);
            }
            // Presence is reserved: a newer client may send it, nobody is told.
            ClientMessage::Presence { .. } | ClientMessage::NoteUpdate(_) | ClientMessage::Many { .. } => {}
        }
    }

    fn answer_in(
        &self,
        space_id: SpaceId,
        note_id: stet_model::id::NoteId,
        answer: &ServerMessage,
        turn: &mut Turn<'_>,
    ) {
        if self.feeds.contains_key(&space_id) {
            self.send2(answer, turn);
        } else {
            self.refuse(Refusal::new(ErrorCode::NotFound).about(note_id), turn);
        }
    }

    fn note_update(&mut self, update: NoteUpdate, turn: &mut Turn<'_>) {
        let NoteUpdate { id, space_id, note_id, after, ops } = update;
        let bytes = ops.iter().map(|op| u64::try_from(op.0.len()).unwrap_or(u64::MAX)).sum::<u64>();
        let refusal = |code| Refusal::new(code).about(note_id).answering(&short(&id));
        if let Err(wait) = self.updates.take(bytes, turn.now.mono) {
            return self.refuse(refusal(ErrorCode::RateLimited).retry_after(wait), turn);
        }
        if !self.feeds.contains_key(&space_id) {
            return self.refuse(refusal(ErrorCode::NotFound), turn);
        }
        if bytes > self.settings.limits.bytes_in_flight {
            return self.refuse(refusal(ErrorCode::TooLarge), turn);
        }
        if id.is_empty() || id.len() > REQUEST_ID_BYTES {
            return self.malformed(refusal(ErrorCode::Malformed).because("an id has 1 to 64 bytes"), turn);
        }
        if ops.is_empty() || ops.iter().any(|op| op.0.first() != Some(&FORMAT_PLAIN)) {
            return self.malformed(refusal(ErrorCode::Malformed).because("operations of an unknown format"), turn);
        }
        self.commit(
            Commit { id, space_id, note_id, after, device_id: self.device(), change: Change::Update(ops) },
            bytes,
            turn,
        );
    }

    fn note_purge(&mut self, purge: NotePurge, turn: &mut Turn<'_>) {
        let NotePurge { id, space_id, note_id, after } = purge;
        let refusal = |code| Refusal::new(code).about(note_id).answering(&short(&id));
        if !self.feeds.contains_key(&space_id) {
            return self.refuse(refusal(ErrorCode::NotFound), turn);
        }
        if id.is_empty() || id.len() > REQUEST_ID_BYTES {
            return self.malformed(refusal(ErrorCode::Malformed).because("an id has 1 to 64 bytes"), turn);
        }
        if note_id == space_id.library() {
            return self.refuse(refusal(ErrorCode::Forbidden), turn);
        }
        self.commit(Commit { id, space_id, note_id, after, device_id: self.device(), change: Change::Purge }, 0, turn);
    }

    fn commit(&mut self, commit: Commit, bytes: u64, turn: &mut Turn<'_>) {
        self.in_flight.push(InFlight { id: commit.id.clone(), note_id: commit.note_id, bytes });
        turn.effects.push(Effect::Commit(commit));
    }

    fn device(&self) -> stet_model::id::DeviceId {
        // Level 2 is never reached without a device.
        self.device_id.unwrap_or(stet_model::id::DeviceId::from_bytes([0; 16]))
    }

    pub(super) fn settle(&mut self, id: &str) -> Option<InFlight> {
        let place = self.in_flight.iter().position(|update| update.id == id)?;
        Some(self.in_flight.remove(place))
    }

    pub(super) fn outcome(&mut self, id: &str, space_id: SpaceId, outcome: CommitOutcome, turn: &mut Turn<'_>) {
        let Some(InFlight { id, note_id, .. }) = self.settle(id) else { return };
        match outcome {
            CommitOutcome::Repeated { seq, timestamp } => {
                self.send2(&ServerMessage::NoteUpdateSuccess { id, space_id, note_id, seq, timestamp }, turn);
            }
            CommitOutcome::Refused(code) => {
                let refusal = Refusal::new(code).about(note_id).answering(&id);
                let refusal = if code == ErrorCode::Internal { refusal.retry_after(RETRY_MS) } else { refusal };
                self.refuse(refusal, turn);
            }
            CommitOutcome::Unknown => self.close(CloseCode::Restarting, turn),
        }
    }
}

/// How long a client waits after the server's own fault, milliseconds.
const RETRY_MS: u64 = 5_000;

/// A request's name, cut so that a hostile one isn't echoed whole.
fn short(id: &str) -> String {
    id.chars().take(REQUEST_ID_BYTES).collect()
}

/// A refusal with what it is about, as far as that is known.
pub(super) fn named(refusal: Refusal, about: Option<About>) -> Refusal {
    match about {
        None => refusal,
        Some(About { note_id, id: None }) => refusal.about(note_id),
        Some(About { note_id, id: Some(id) }) => refusal.about(note_id).answering(&short(&id)),
    }
}

fn about(refusal: Refusal, message: &ClientMessage) -> Refusal {
    match message {
        ClientMessage::NotePurge(purge) => refusal.about(purge.note_id).answering(&short(&purge.id)),
        ClientMessage::JoinNote { note_id, .. } | ClientMessage::LeaveNote { note_id, .. } => refusal.about(*note_id),
        ClientMessage::Sync(sync) => match sync.note_ids.as_deref() {
            Some([note_id]) => refusal.about(*note_id),
            _ => refusal,
        },
        _ => refusal,
    }
}
