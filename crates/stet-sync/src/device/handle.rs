//! What each level-2 message leads to: one line each.

use stet_model::id::DocKey;
use stet_protocol::message::level2::{NoteSync, Row, ServerMessage};

use super::Device;
use super::connection::Phase;
use super::output::Output;
use super::push::Answered;

impl Device {
    pub(super) fn handle(&mut self, message: ServerMessage, now: u64) {
        if !matches!(self.phase, Phase::Live { .. }) {
            return self.handle_before_entering_level2(message, now);
        }
        match message {
            ServerMessage::SyncBatch(batch) => self.sync_batch(batch, now),
            ServerMessage::SyncComplete(complete) => self.sync_complete(complete, now),
            ServerMessage::NoteUpdateSuccess { id, space_id, note_id, seq, timestamp } => {
                let doc = DocKey { space: space_id, note: note_id };
                self.update_answered(&Answered { id: &id, doc, seq, timestamp }, now);
            }
            ServerMessage::NoteSync(sync) => self.live_row(sync.space_id, update_row(sync), now),
            ServerMessage::NotePurgeSync { space_id, note_id, seq, timestamp, from_device_id: device_id, .. } => {
                let row = Row { seq, note_id, ops: Vec::new(), purged: true, timestamp, device_id };
                self.live_row(space_id, row, now);
            }
            ServerMessage::Receipts { space_id, devices } => {
                self.outputs.push(Output::Receipts { space: space_id, devices });
            }
            ServerMessage::Pong { seqs, .. } => {
                self.pong(now);
                self.heard_seqs(&seqs, now);
            }
            ServerMessage::Behind { space_id } => self.behind(space_id, now),
            ServerMessage::AuthSuccess(success) => self.auth_success(success, now),
            ServerMessage::Many { messages } => {
                for message in messages {
                    self.handle(message, now);
                }
            }
            ServerMessage::AuthFailed { message, reason } => self.auth_failed(reason, message, now),
            ServerMessage::Draining { retry_after_ms } => self.draining(retry_after_ms),
            ServerMessage::Error(error) => self.server_error(error, now),
            ServerMessage::ConnectionEstablished { .. }
            | ServerMessage::NoteJoined { .. }
            | ServerMessage::NoteLeft { .. }
            | ServerMessage::PresenceSync { .. } => {}
        }
    }

    fn handle_before_entering_level2(&mut self, message: ServerMessage, now: u64) {
        match message {
            ServerMessage::ConnectionEstablished { .. } => self.greeted(now),
            ServerMessage::AuthSuccess(success) => self.auth_success(success, now),
            ServerMessage::AuthFailed { message, reason } => self.auth_failed(reason, message, now),
            ServerMessage::Error(error) => self.server_error(error, now),
            ServerMessage::Draining { retry_after_ms } => self.draining(retry_after_ms),
            // A socket that was given up may still deliver; after that nothing of it counts.
            _ if matches!(self.phase, Phase::Idle | Phase::Waiting { .. } | Phase::Opening { .. }) => {}
            _ if self.phase == Phase::Entering => {}
            _ => self.garbage("a message that comes before signing in", now),
        }
    }
}

fn update_row(sync: NoteSync) -> Row {
    Row {
        seq: sync.seq,
        note_id: sync.note_id,
        ops: sync.ops,
        purged: false,
        timestamp: sync.timestamp,
        device_id: sync.from_device_id,
    }
}
