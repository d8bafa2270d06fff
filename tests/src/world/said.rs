//! What the server says of its log on one socket: that it does so in the order of the log, acknowledgements and the rows
//! of others alike, and how far. Never what a device makes of it.

use std::collections::BTreeSet;

use stet_protocol::codec::{Frame, decode};
use stet_protocol::message::level2::ServerMessage;

/// What was said on a socket so far.
#[derive(Default)]
pub struct Said {
    /// The furthest row.
    seq: u64,
    /// Updates that were acknowledged: what is sent twice is acknowledged again, with the place it has.
    acknowledged: BTreeSet<String>,
}

impl Said {
    /// The server says something more. Gives the furthest row that it names.
    ///
    /// # Errors
    /// What is out of order.
    pub fn more(&mut self, frame: &Frame) -> Result<u64, String> {
        let Ok(message) = decode::<ServerMessage>(frame, usize::MAX) else { return Ok(0) };
        match message {
            ServerMessage::Many { messages } => {
                messages.into_iter().try_fold(0, |last, message| Ok(last.max(self.one(message)?)))
            }
            message => self.one(message),
        }
    }

    fn one(&mut self, message: ServerMessage) -> Result<u64, String> {
        match message {
            ServerMessage::NoteSync(sync) => self.next(sync.seq),
            ServerMessage::NotePurgeSync { seq, .. } => self.next(seq),
            ServerMessage::NoteUpdateSuccess { id, seq, .. } => match self.acknowledged.insert(id) {
                true => self.next(seq),
                false => Ok(seq),
            },
            ServerMessage::SyncComplete(complete) if complete.note_ids.is_none() => {
                self.seq = self.seq.max(complete.seq);
                Ok(complete.seq)
            }
            _ => Ok(0),
        }
    }

    fn next(&mut self, seq: u64) -> Result<u64, String> {
        if seq <= self.seq {
            return Err(format!("the server speaks of row {seq} after row {} on one socket", self.seq));
        }
        self.seq = seq;
        Ok(seq)
    }
}
