//! From a committed row to everybody who is told of it, through the bus and in the order of the log. Never a write.

use std::sync::Arc;

use stet_protocol::message::level1;
use stet_sync::server::{Change, Committed, Input, Now, Origin, Place, Shared, Stage};

use super::SocketId;
use super::hub::Hub;
use super::job::{Purpose, RowKey, WriteJob};
use super::level_one::Show;

impl Hub {
    /// Hands a row on that has just been committed, with its place: seq, whether it is its document's first, and when.
    pub(super) fn publish(
        &mut self,
        row: RowKey,
        change: Change,
        (seq, first, now): (u64, bool, Now),
        origin: Option<Origin>,
    ) {
        let RowKey { space_id, note_id, user_id, device_id } = row;
        let place = Place { space_id, note_id, seq, timestamp: now.wall, first };
        let event = Arc::new(Committed::new(place, change, (user_id, device_id), origin));
        if let Err(error) = self.bus.publish(event) {
            tracing::error!(target: "bus", %error, "a row wasn't handed on: sockets will find the gap");
        }
        self.arrived(now);
    }

    /// A fault on purpose: hands rows on that aren't committed, with the place they will probably have.
    pub(super) fn publish_early(&mut self, writes: &[WriteJob], now: Now) {
        for job in writes {
            let Purpose::Request { origin, row, change, .. } = &job.purpose else { continue };
            let seq = self.rooms.get(&row.space_id).map_or(0, |room| room.last) + 1;
            self.publish(row.clone(), change.clone(), (seq, false, now), Some(origin.clone()));
        }
    }

    /// Delivers what has arrived on the bus.
    pub fn arrived(&mut self, now: Now) {
        while let Some(event) = self.bus.poll() {
            self.deliver(&event, now);
        }
    }

    fn deliver(&mut self, event: &Arc<Committed>, now: Now) {
        let Some(room) = self.rooms.get_mut(&event.space_id) else { return };
        // A bus may bring a row twice. A row after a gap goes on: each machine sees the gap and has its client sync.
        if event.seq <= room.last {
            return;
        }
        room.last = event.seq;
        let spoken_for = room.spoken_for.remove(&event.seq);
        let sockets: Vec<SocketId> = room.sockets.iter().copied().collect();
        for socket in &sockets {
            self.turn(*socket, Input::Committed(event), now);
        }
        if spoken_for || !sockets.iter().any(|socket| self.sees_level_1(*socket, event)) {
            return;
        }
        if event.purged {
            let Committed { note_id, timestamp, .. } = **event;
            let message =
                level1::ServerMessage::NoteDeletedSync { note_id, timestamp, from_user_id: event.user_id.clone() };
            self.broadcast_1(event.space_id, None, &Shared::new(message), now);
        } else {
            let show =
                Show { from: event.seq, author: event.user_id.clone(), timestamp: event.timestamp, first: event.first };
            self.show(event.space_id, event.note_id, show);
        }
    }

    fn sees_level_1(&self, socket: SocketId, event: &Committed) -> bool {
        self.sockets.get(&socket).is_some_and(|entry| {
            entry.connection.stage() == Stage::Level1 && entry.connection.personal_space() == Some(event.space_id)
        })
    }

    /// Tells every level-1 socket of a space, but for one.
    pub(super) fn broadcast_1(
        &mut self,
        space_id: stet_model::id::SpaceId,
        but: Option<SocketId>,
        message: &Shared<level1::ServerMessage>,
        now: Now,
    ) {
        let Some(room) = self.rooms.get(&space_id) else { return };
        let sockets: Vec<SocketId> = room.sockets.iter().copied().filter(|socket| Some(*socket) != but).collect();
        for socket in sockets {
            let Some(entry) = self.sockets.get(&socket) else { continue };
            if entry.connection.stage() == Stage::Level1 && entry.connection.personal_space() == Some(space_id) {
                self.turn(socket, Input::Broadcast1(message), now);
            }
        }
    }
}
