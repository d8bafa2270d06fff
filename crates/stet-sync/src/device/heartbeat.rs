//! Whether the other side is still there: pings, their answers, and bytes of something large on their way.

use stet_protocol::limits::PONG_TIMEOUT_MS;
use stet_protocol::message::level2;

use super::Device;
use super::connection::Phase;
use super::output::Output;

impl Device {
    pub(super) fn ping(&mut self, now: u64) {
        if self.link.ping_due.is_none() {
            self.link.ping_due = Some(now + PONG_TIMEOUT_MS);
            self.link.pinged_at = Some(now);
            self.send_ping();
        }
    }

    /// A level-2 `pong` also says where the logs end. At level 1 not every server knows the message, but all have Pings.
    fn send_ping(&mut self) {
        if self.level == Some(1) {
            self.outputs.push(Output::Ping);
        } else {
            self.send(&level2::ClientMessage::Ping {});
        }
    }

    pub(super) fn pong(&mut self, now: u64) {
        if let Some(sent) = self.link.pinged_at.take() {
            self.link.round_trip_ms = Some(now.saturating_sub(sent));
        }
    }

    /// A WebSocket Ping or Pong came: the other side is there.
    pub fn alive(&mut self, now: u64) {
        if matches!(self.phase, Phase::Idle | Phase::Waiting { .. } | Phase::Opening { .. }) {
            return;
        }
        self.link.ping_due = None;
        if self.level == Some(1) {
            self.link.heard_at = now;
            self.pong(now);
        }
        // At level 2 the next `ping` stays due: its answer says whether a row was missed.
    }

    /// More of something large came, or was taken by the other side: it is there, and a slow line gets its time. What was asked
    /// waits behind that, and so does the answer to a ping.
    pub fn moving(&mut self, now: u64) {
        if let Phase::Live { .. } = self.phase {
            self.link.heard_at = now;
            self.link.ping_due = self.link.ping_due.map(|due| due.max(now + PONG_TIMEOUT_MS));
            self.push.moving(now);
            self.spaces.values_mut().for_each(|space| space.moving(now));
        }
    }
}
