//! What happens when: one queue of events in simulated milliseconds. Events of one moment come in the order they were
//! put in. Never what an event leads to.

use std::collections::BTreeMap;

use stet_client::engine::Input;
use stet_protocol::codec::Frame;

use super::device::{Message, Reading};
use super::network::LinkId;

/// Something that is due.
pub enum Event {
    /// A step of the plan.
    Step(usize),
    /// Something for a device's process; dropped when that process is gone.
    Device {
        /// Which device.
        device: usize,
        /// Which of its processes.
        life: u32,
        /// What.
        what: ForDevice,
    },
    /// A device's process starts.
    Start(usize),
    /// A packet has come to the server's end of a link.
    Up(LinkId),
    /// A packet has come to the device's end of a link.
    Down(LinkId),
    /// A connection attempt reaches the server.
    Knock(LinkId),
    /// The server learns that a socket is gone.
    Gone(LinkId),
    /// Something for a level-1 client, or from it; dropped when that connection is gone.
    Level1 {
        /// Which client.
        client: usize,
        /// Which of its connections.
        life: u32,
        /// What.
        what: ForLevel1,
    },
    /// A stalled reader goes on.
    Resume,
    /// Something is due in the server.
    ServerTimer,
    /// The server starts.
    ServerStart,
    /// Everything is made well.
    Heal,
    /// Looks whether everybody has settled.
    Look,
}

/// Something for a device's process.
pub enum ForDevice {
    /// For the engine.
    Input(Box<Input>),
    /// The engine's alarm.
    Tick,
    /// The disk has done its next transaction.
    Disk,
    /// The disk has read something.
    Read(Box<Reading>),
    /// The interface hears of something.
    Message(Box<Message>),
    /// An editor sends what was typed.
    Flush(stet_model::id::NoteId, super::editor::Field),
    /// The next keystroke of a burst.
    Key(Box<super::user::Burst>),
    /// A question is answered.
    Decide,
}

/// Something for a level-1 client, or from it.
pub enum ForLevel1 {
    /// It connects, if it isn't connected.
    Connect,
    /// A frame has come to the server.
    Up(Frame),
    /// A frame has come to the client; the server's log ended there when it was sent.
    Down(Frame, u64),
    /// What was typed is sent.
    Flush,
}

/// The queue and the clock: nothing happens between two events.
#[derive(Default)]
pub struct Queue {
    now: u64,
    next: u64,
    events: BTreeMap<(u64, u64), Event>,
}

impl Queue {
    /// The simulated time, milliseconds.
    pub const fn now(&self) -> u64 {
        self.now
    }

    /// Puts an event in; one that should have been already is due now.
    pub fn put(&mut self, at: u64, event: Event) {
        self.next += 1;
        self.events.insert((at.max(self.now), self.next), event);
    }

    /// Nobody does anything for so long: everything that is due comes so much later.
    pub fn leap(&mut self, ms: u64) {
        self.now += ms;
        let events = std::mem::take(&mut self.events);
        self.events = events.into_iter().map(|((at, n), event)| ((at + ms, n), event)).collect();
    }

    /// The next event; time goes on to it.
    pub fn take(&mut self) -> Option<Event> {
        let ((at, _), event) = self.events.pop_first()?;
        self.now = at;
        Some(event)
    }
}
