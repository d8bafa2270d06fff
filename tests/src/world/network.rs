//! Links between devices and the server: each direction of each is an ordered queue with delay. What is lost is lost at
//! an end, as with TCP; frames that vanish in between or arrive twice are harsher than that. Never looks into a frame.

use std::collections::VecDeque;

use stet_client::engine::Input;
use stet_protocol::codec::Frame;
use stet_server::core::{Happening, SocketId};
use stet_sync::server::Outgoing;

use super::World;
use super::queue::{Event, ForDevice};
use super::said::Said;

/// Names a connection attempt and the connection it may become.
pub type LinkId = u64;

/// Something on its way.
#[derive(Clone, Debug)]
enum Packet {
    /// The server took the socket.
    Opened,
    /// A data frame for the server.
    Frame(Frame),
    /// A data frame for the device, and the furthest row of the log that it names.
    Said(Frame, u64),
    /// A WebSocket Ping.
    Ping,
    /// A WebSocket Pong.
    Pong,
    /// The end, with the close code the other side gave.
    Closed(Option<u16>, &'static str),
}

/// One direction.
#[derive(Default)]
struct Pipe {
    packets: VecDeque<Packet>,
    last: u64,
    /// What is put in vanishes.
    mute: bool,
}

/// A connection attempt and the connection it may become.
pub struct Link {
    device: usize,
    life: u32,
    /// The server's end.
    pub socket: Option<SocketId>,
    up: Pipe,
    down: Pipe,
    /// The device takes nothing before this.
    stalled_until: u64,
    /// What the server says on it.
    said: Said,
    /// The furthest row of the log that the device was told of.
    pub told: u64,
    /// Something vanished on it, as no TCP lets it.
    lossy: bool,
}

impl Link {
    fn new(device: usize, life: u32) -> Self {
        let (up, down) = (Pipe::default(), Pipe::default());
        let said = Said::default();
        Self { device, life, socket: None, up, down, stalled_until: 0, said, told: 0, lossy: false }
    }

    /// Whether everything the server has to say on it has come to the device: what is wrong with it would be known.
    pub fn has_said_all(&self, now: u64) -> bool {
        let sound = self.socket.is_some() && !self.up.mute && !self.down.mute && !self.lossy;
        sound && now >= self.stalled_until && self.down.packets.is_empty()
    }
}

impl World {
    /// A device opens a socket.
    pub(super) fn open_link(&mut self, device: usize) {
        self.next_link += 1;
        let (id, life) = (self.next_link, self.devices[device].life);
        self.links.insert(id, Link::new(device, life));
        self.devices[device].link = Some(id);
        let now = self.queue.now();
        if now >= self.devices[device].offline_until {
            let at = now + self.latency(device);
            self.queue.put(at, Event::Knock(id));
            return;
        }
        self.affects(device, "Offline");
        if !self.devices[device].offline_silent {
            self.send_down(id, Packet::Closed(None, "there is no network"));
        }
    }

    /// A connection attempt reaches the server, or what stands in its place.
    pub(super) fn knock(&mut self, id: LinkId) {
        let now = self.queue.now();
        match self.server.connect(id, now) {
            Some(socket) => {
                if let Some(link) = self.links.get_mut(&id) {
                    link.socket = Some(socket);
                }
                self.send_down(id, Packet::Opened);
                self.pump_server();
            }
            None => self.send_down(id, Packet::Closed(None, "nothing listens there")),
        }
    }

    /// A device sends a frame.
    pub(super) fn send_frame(&mut self, device: usize, frame: Frame) {
        let Some(id) = self.devices[device].link else { return };
        self.counts.frames += 1;
        if self.vanishes(device, true) {
            return;
        }
        let twice = self.arrives_twice(device);
        if twice {
            self.send_up(id, Packet::Frame(frame.clone()));
        }
        self.send_up(id, Packet::Frame(frame));
    }

    /// A device closes its socket: what it sent before still arrives.
    pub(super) fn close_link(&mut self, device: usize, code: u16) {
        if let Some(id) = self.devices[device].link.take() {
            self.send_up(id, Packet::Closed(Some(code), ""));
        }
    }

    fn vanishes(&mut self, device: usize, up: bool) -> bool {
        let (which, left) = &mut self.devices[device].lose;
        let vanishes = *which == up && *left > 0;
        *left -= u32::from(vanishes);
        if vanishes && let Some(link) = self.devices[device].link.and_then(|id| self.links.get_mut(&id)) {
            link.lossy = true;
            self.affects(device, "Lose");
        }
        vanishes
    }

    fn arrives_twice(&mut self, device: usize) -> bool {
        if self.devices[device].duplicate > 0 {
            self.devices[device].duplicate -= 1;
            self.affects(device, "Duplicate");
            return true;
        }
        let times = self.plan.config.duplicates;
        times > 0 && self.healed_at.is_none() && self.dice.percent(times)
    }

    fn send_up(&mut self, id: LinkId, packet: Packet) {
        let Some(device) = self.links.get(&id).map(|link| link.device) else { return };
        let due = self.queue.now() + self.latency(device);
        let Some(link) = self.links.get_mut(&id).filter(|link| !link.up.mute) else { return };
        link.up.last = link.up.last.max(due);
        link.up.packets.push_back(packet);
        self.queue.put(link.up.last, Event::Up(id));
    }

    fn send_down(&mut self, id: LinkId, packet: Packet) {
        let Some(device) = self.links.get(&id).map(|link| link.device) else { return };
        let due = self.queue.now() + self.latency(device);
        let Some(link) = self.links.get_mut(&id).filter(|link| !link.down.mute) else { return };
        link.down.last = link.down.last.max(due);
        link.down.packets.push_back(packet);
        self.queue.put(link.down.last, Event::Down(id));
    }

    fn latency(&mut self, device: usize) -> u64 {
        let state = &self.devices[device];
        let lag = if self.queue.now() < state.lag_until { state.lag_ms } else { 0 };
        if lag > 0 {
            self.affects(device, "Lag");
        }
        self.dice.within(self.plan.config.latency_ms) + lag
    }

    /// The next packet has come to the server.
    pub(super) fn arrived_up(&mut self, id: LinkId) {
        let now = self.queue.now();
        let Some(link) = self.links.get_mut(&id) else { return };
        let (packet, socket) = (link.up.packets.pop_front(), link.socket);
        let (Some(packet), Some(socket)) = (packet, socket) else { return };
        let happening = match packet {
            Packet::Frame(frame) => Happening::Frame(socket, frame),
            Packet::Pong => Happening::Alive(socket),
            _ => {
                link.socket = None;
                Happening::Gone(socket)
            }
        };
        self.server.handle(happening, now);
        self.pump_server();
    }

    /// The next packet has come to the device. Says whether it has to wait.
    pub(super) fn arrived_down(&mut self, id: LinkId) {
        let now = self.queue.now();
        let Some(link) = self.links.get_mut(&id) else { return };
        let (device, life) = (link.device, link.life);
        if self.devices[device].link != Some(id) || self.devices[device].life != life {
            link.down.packets.clear();
            return;
        }
        if now < self.devices[device].frozen_until || !self.takes_frames(device) {
            if now < self.devices[device].frozen_until {
                self.affects(device, "Freeze");
            }
            let later = self.devices[device].frozen_until.max(now + 5);
            return self.queue.put(later, Event::Down(id));
        }
        let Some(link) = self.links.get_mut(&id) else { return };
        let Some(packet) = link.down.packets.pop_front() else { return };
        match packet {
            Packet::Opened => self.input(device, Input::Opened),
            Packet::Said(frame, seq) => {
                link.told = link.told.max(seq);
                self.input(device, Input::Frame(frame));
            }
            Packet::Ping => self.send_up(id, Packet::Pong),
            Packet::Frame(_) | Packet::Pong => {}
            Packet::Closed(code, reason) => {
                self.devices[device].link = None;
                self.input(device, Input::Closed { code, reason: reason.to_owned() });
            }
        }
    }

    /// Puts everything the server has to say on its way, and sets its timer.
    pub(super) fn pump_server(&mut self) {
        let now = self.queue.now();
        self.learn();
        loop {
            let mut said = false;
            for (socket, id) in self.server.sockets.clone() {
                let (device, until) = self.links.get(&id).map_or((0, 0), |link| (link.device, link.stalled_until));
                while now >= until
                    && let Some(outgoing) = self.server.take(socket, now)
                {
                    said = true;
                    if until > 0 {
                        self.affects(device, "Stall");
                    }
                    if self.pass_on(socket, id, outgoing) {
                        break;
                    }
                }
            }
            said |= self.pump_level1();
            if !said {
                break;
            }
            self.learn();
        }
        if let Some(at) = self.server.deadline()
            && self.server.timer_at.is_none_or(|set| at < set || set < now)
        {
            self.server.timer_at = Some(at.max(now));
            self.queue.put(at, Event::ServerTimer);
        }
    }

    /// Takes note of what came into the server's log.
    fn learn(&mut self) {
        if let Err(words) = self.server.learn() {
            self.fail(words);
        }
        if self.server.disk_has_failed() {
            self.counts.went_wrong("ServerDisk");
        }
    }

    /// One thing the server says. Whether it was the last.
    fn pass_on(&mut self, socket: SocketId, id: LinkId, outgoing: Outgoing) -> bool {
        match outgoing {
            Outgoing::Frame(frame) => {
                self.counts.frames += 1;
                let Some(link) = self.links.get_mut(&id) else { return false };
                let (device, said) = (link.device, link.said.more(&frame));
                let packet = || Packet::Said(frame.as_ref().clone(), *said.as_ref().unwrap_or(&0));
                if let Err(words) = &said {
                    self.fail(words.clone());
                }
                if self.devices[device].link == Some(id) && self.vanishes(device, false) {
                    return false;
                }
                if self.arrives_twice(device) {
                    self.send_down(id, packet());
                }
                self.send_down(id, packet());
            }
            Outgoing::Ping => self.send_down(id, Packet::Ping),
            Outgoing::Close(code) => {
                self.send_down(id, Packet::Closed(Some(code.number()), "the server closed the connection"));
                if let Some(link) = self.links.get_mut(&id) {
                    link.socket = None;
                }
                self.server.handle(Happening::Gone(socket), self.queue.now());
                return true;
            }
        }
        false
    }

    /// The server learns that a socket is gone.
    pub(super) fn server_learns(&mut self, id: LinkId) {
        let socket = self.links.get_mut(&id).and_then(|link| link.socket.take());
        if let Some(socket) = socket {
            self.server.handle(Happening::Gone(socket), self.queue.now());
            self.pump_server();
        }
    }

    /// The server's process has ended and its sockets break. With `lost` nothing of what is on its way arrives.
    pub(super) fn break_all_links(&mut self, lost: bool) {
        self.level1_all_broke();
        let open: Vec<LinkId> =
            self.links.iter().filter(|(_, link)| link.socket.is_some()).map(|(id, _)| *id).collect();
        for id in open {
            if let Some(link) = self.links.get_mut(&id) {
                link.socket = None;
                link.up.packets.clear();
                if lost {
                    link.down.packets.clear();
                }
            }
            self.send_down(id, Packet::Closed(None, "the connection broke"));
        }
    }

    /// A device's connection breaks with everything in flight, if there is one.
    pub(super) fn break_link(&mut self, device: usize, server_learns_ms: u64) -> bool {
        let Some(id) = self.devices[device].link else { return false };
        if let Some(link) = self.links.get_mut(&id) {
            link.up.packets.clear();
            link.down.packets.clear();
            link.down.mute = false;
        }
        self.send_down(id, Packet::Closed(None, "the connection broke"));
        self.queue.put(self.queue.now() + server_learns_ms, Event::Gone(id));
        if let Some(link) = self.links.get_mut(&id) {
            (link.up.mute, link.down.mute) = (true, true);
        }
        true
    }

    /// A device's process has ended: its system closes the socket.
    pub(super) fn drop_link(&mut self, device: usize) {
        self.close_link(device, 1001);
    }

    /// Frames vanish from now on, and what is in flight with them, if there is a connection.
    pub(super) fn mute_link(&mut self, device: usize, up: bool, down: bool) -> bool {
        let Some(link) = self.devices[device].link.and_then(|id| self.links.get_mut(&id)) else { return false };
        for (pipe, mute) in [(&mut link.up, up), (&mut link.down, down)] {
            if mute {
                pipe.packets.clear();
                pipe.mute = true;
            }
        }
        true
    }

    /// The device takes nothing of what the server says for a while, if there is a connection.
    pub(super) fn stall_link(&mut self, device: usize, until: u64) -> bool {
        let Some(link) = self.devices[device].link.and_then(|id| self.links.get_mut(&id)) else { return false };
        link.stalled_until = until;
        self.queue.put(until, Event::Resume);
        true
    }

    /// It takes what has gathered.
    pub(super) fn resume(&mut self) {
        self.pump_server();
        let now = self.queue.now();
        for link in self.links.values_mut().filter(|link| link.stalled_until <= now) {
            link.stalled_until = 0;
        }
    }

    /// An event for a device's process.
    pub(super) fn for_device(&mut self, device: usize, at: u64, what: ForDevice) {
        let life = self.devices[device].life;
        self.queue.put(at, Event::Device { device, life, what });
    }
}
