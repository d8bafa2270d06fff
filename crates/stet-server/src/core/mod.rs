//! The server without sockets, threads or a clock. [`Hub`] holds every connection and decides everything; it hands out
//! work as values and takes the answers. [`Core`] is a hub with a database that does the work at once, in one thread (all but
//! folding): what simulations drive. The server's shell feeds the same hub from threads.

mod deliver;
mod hub;
mod job;
mod level_one;
mod link;
mod resting;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use stet_model::mutant::{self, Mutant};
use stet_protocol::codec::Frame;
use stet_sync::server::{Now, Outgoing, Settings, receive};

pub use hub::{Hub, Jobs};
pub use job::{Answer, Audience, Claims, Purpose, ReadJob, RowKey, Verify, WriteJob, answer, write};
pub use link::{Link, Ring, Taken};

use crate::bus::Bus;
use crate::database::{Database, Random, ReadError};

/// Names a socket within one hub.
pub type SocketId = u64;

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// A data frame came.
    Frame(SocketId, Frame),
    /// A WebSocket Ping or Pong came.
    Alive(SocketId),
    /// A socket is gone.
    Gone(SocketId),
    /// Time has passed.
    Timer,
    /// The server goes down; clients may come back after so many milliseconds.
    Drain(u64),
}

/// How long folding takes, in happenings: longer than a few rows take to come.
const FOLDING: u32 = 12;

/// A whole server in one thread.
pub struct Core<D> {
    hub: Hub,
    database: D,
    verify: Box<dyn Verify>,
    settings: Arc<Settings>,
    links: BTreeMap<SocketId, (Arc<Link>, VecDeque<Frame>)>,
    /// What folding came to, and so many happenings before the hub hears of it.
    slow: VecDeque<(u32, Answer)>,
}

impl<D: Database> Core<D> {
    /// A server that has just started on this database.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn new(
        mut database: D,
        settings: Settings,
        verify: Box<dyn Verify>,
        bus: Box<dyn Bus>,
        random: Random,
    ) -> Result<Self, ReadError> {
        database.begin_life();
        let store_id = database.store_id()?;
        let settings = Arc::new(settings);
        let hub = Hub::new(Arc::clone(&settings), bus, store_id, random);
        Ok(Self { hub, database, verify, settings, links: BTreeMap::new(), slow: VecDeque::new() })
    }

    /// A new socket.
    pub fn connect(&mut self, now: Now) -> SocketId {
        let link = Arc::new(Link::new(|_| {}));
        let socket = self.hub.connect(Arc::clone(&link), now);
        self.links.insert(socket, (link, VecDeque::new()));
        socket
    }

    /// Handles what happened to its end, with all the work it leads to, committed or refused.
    pub fn handle(&mut self, happening: Happening, now: Now) {
        match happening {
            Happening::Frame(socket, frame) => {
                if let Some((_, frames)) = self.links.get_mut(&socket) {
                    frames.push_back(frame);
                }
            }
            Happening::Alive(socket) => self.hub.alive(socket, now),
            Happening::Gone(socket) => {
                self.links.remove(&socket);
                self.hub.disconnect(socket);
            }
            Happening::Timer => self.hub.timer(now),
            Happening::Drain(retry_after_ms) => self.hub.drain(retry_after_ms, now),
        }
        self.settle(now);
        self.slow.iter_mut().for_each(|(happenings, _)| *happenings = happenings.saturating_sub(1));
        while self.slow.front().is_some_and(|(happenings, _)| *happenings == 0)
            && let Some((_, answer)) = self.slow.pop_front()
        {
            self.hub.answer(answer, now);
            self.settle(now);
        }
    }

    /// What to write to a socket next. After [`Outgoing::Close`] the socket is to be closed and reported as gone.
    pub fn take(&mut self, socket: SocketId, now: Now) -> Option<Outgoing> {
        let (link, _) = self.links.get(&socket)?;
        let Taken { outgoing, room, .. } = link.take();
        if room {
            self.hub.room(socket, now);
            self.settle(now);
        }
        outgoing
    }

    /// When [`Happening::Timer`] is due next, on the clock that only goes on.
    pub fn deadline(&self) -> Option<i64> {
        self.hub.deadline()
    }

    /// The database, as a crash of the server leaves it.
    pub fn into_database(self) -> D {
        self.database
    }

    /// The database, to look at.
    pub fn database(&mut self) -> &mut D {
        &mut self.database
    }

    fn settle(&mut self, now: Now) {
        loop {
            let jobs = self.hub.take_jobs();
            if !jobs.writes.is_empty() {
                if mutant::is(Mutant::FanOutBeforeCommit) {
                    self.hub.publish_early(&jobs.writes, now);
                }
                let written = write(jobs.writes, &mut self.database, now.wall);
                self.hub.written(written, now);
            }
            let mut idle = jobs.reads.is_empty();
            for job in jobs.reads {
                let folds = job.can_wait();
                let answer = answer(job, &self.database, self.verify.as_ref(), now.wall);
                if folds {
                    // A thread of its own takes a while for it, and the log goes on meanwhile.
                    self.slow.push_back((FOLDING, answer));
                } else {
                    self.hub.answer(answer, now);
                }
            }
            idle &= !self.bring_frames(now);
            if idle && self.hub.is_idle() {
                return;
            }
        }
    }

    /// Brings every socket's next frame, where it is wanted.
    fn bring_frames(&mut self, now: Now) -> bool {
        let mut brought = false;
        for (socket, (link, frames)) in &mut self.links {
            if link.wants_input()
                && let Some(frame) = frames.pop_front()
            {
                self.hub.message(*socket, receive(&frame, link.stage(), &self.settings), now);
                brought = true;
            }
        }
        brought
    }
}
