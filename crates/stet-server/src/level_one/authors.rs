//! What a level-1 socket may have of each note, and in whose name it wrote. Lives as long as the socket; what every socket
//! of the user may have had is in the database. Never text.

use std::collections::BTreeMap;

use stet_model::id::{NoteId, PeerId};
use stet_protocol::limits::MERGE_BASES;

/// Notes one socket is remembered to have written to; for one forgotten the database's versions count.
const NOTES: usize = 256;
/// Authors remembered a note: enough for a long session, small enough to hand around.
const OWN: usize = 64;

/// What is known of the writer of a note.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Writer {
    /// The author of its last update.
    pub last: Option<PeerId>,
    /// Every author that stood for it.
    pub own: Vec<PeerId>,
    /// The versions it may have, oldest first; `None` before its first update.
    pub has: Option<Vec<Vec<u8>>>,
}

impl Writer {
    /// Another version was sent to it, or made by it.
    pub fn got(&mut self, version: &[u8]) {
        if let Some(has) = &mut self.has {
            has.retain(|known| known != version);
            has.push(version.to_vec());
            while has.len() > MERGE_BASES {
                has.remove(0);
            }
        }
    }

    /// It wrote under this name.
    pub(super) fn wrote_as(&mut self, author: PeerId) {
        self.last = Some(author);
        if !self.own.contains(&author) {
            self.own.push(author);
        }
        while self.own.len() > OWN {
            self.own.remove(0);
        }
    }
}

/// Every note a socket wrote to.
#[derive(Debug, Default)]
pub struct Authors(BTreeMap<NoteId, Writer>);

impl Authors {
    /// What is known of this socket as a writer of a note.
    pub fn of(&self, note_id: NoteId) -> Writer {
        self.0.get(&note_id).cloned().unwrap_or_default()
    }

    /// Notes what became of an update.
    pub fn wrote(&mut self, note_id: NoteId, writer: Writer) {
        if self.0.len() >= NOTES && !self.0.contains_key(&note_id) {
            self.0.pop_first();
        }
        self.0.insert(note_id, writer);
    }

    /// Notes that versions of a note were sent to the socket.
    pub fn got(&mut self, note_id: NoteId, versions: &[Vec<u8>]) {
        if let Some(writer) = self.0.get_mut(&note_id) {
            for version in versions {
                writer.got(version);
            }
        }
    }
}
