//! Fifty devices of one user: what an edit delivered to one of them costs the server's processor.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use stet_model::document::{NoteDocument, NoteEdit};
use stet_model::id::{DeviceId, NoteId, PeerId, SpaceId, UserId};
use stet_model::text::TextChange;
use stet_protocol::bytes::Bytes as Ops;
use stet_protocol::codec::{Encoding, encode};
use stet_protocol::message::level2::{ClientMessage, NoteSync, NoteUpdate, ServerMessage};
use tokio::sync::Semaphore;
use tokio_tungstenite::tungstenite::Message;

use crate::relay::Relay;
use crate::samples::figure;
use crate::server::{Server, message, read, sign_in};
use crate::wire::Wire;
use crate::{say, tree};

/// Sockets in the room.
const MEMBERS: usize = 50;
const ROUNDS: usize = 5;

/// How the room is written to.
#[derive(Clone, Copy)]
struct Load {
    name: &'static str,
    writers: usize,
    /// Edits of a writer that not everybody has yet.
    outstanding: usize,
    /// Edits of a writer in a round.
    edits: usize,
    /// What ours is to be of the relay's, at least.
    goal: f64,
}

const LOADS: [Load; 2] = [
    Load { name: "one outstanding", writers: 1, outstanding: 1, edits: 3_000, goal: 0.8 },
    Load { name: "4 writers x 8 outstanding", writers: 4, outstanding: 8, edits: 3_000, goal: 4.0 },
];

/// How many of a writer's edits are under way.
struct Window {
    free: Semaphore,
    /// How many sockets have each; an edit's place is taken again when all have it.
    had: Vec<AtomicUsize>,
}

impl Window {
    fn new(outstanding: usize) -> Self {
        Self { free: Semaphore::new(outstanding), had: (0..outstanding).map(|_| AtomicUsize::new(0)).collect() }
    }

    /// A socket got this edit of the writer.
    fn got(&self, edit: usize) {
        let had = &self.had[edit % self.had.len()];
        if had.fetch_add(1, Ordering::AcqRel) + 2 == MEMBERS {
            had.store(0, Ordering::Release);
            self.free.add_permits(1);
        }
    }
}

/// What a round came to.
struct Outcome {
    took: Duration,
    /// Of the process the room belongs to.
    processor: Duration,
    frames: usize,
    delivered: usize,
}

/// Sockets, and the process they belong to.
struct Room {
    process: u32,
    members: Vec<Wire>,
    /// Whether writers are told of their edits.
    acknowledges: bool,
}

impl Room {
    async fn of(relay: &Relay) -> Self {
        let mut members = Vec::new();
        for _ in 0..MEMBERS {
            members.push(Wire::open(&relay.url).await);
        }
        Self { process: relay.process(), members, acknowledges: false }
    }

    /// Has everybody send and receive; `frames` are each writer's.
    async fn round(&mut self, load: Load, frames: Vec<Vec<Message>>) -> Outcome {
        let windows: Arc<[Window]> = (0..load.writers).map(|_| Window::new(load.outstanding)).collect();
        let (start, before) = (Instant::now(), tree::processor_time(self.process));
        let mut frames = frames.into_iter();
        let acknowledges = self.acknowledges;
        let tasks: Vec<_> = std::mem::take(&mut self.members)
            .into_iter()
            .enumerate()
            .map(|(place, wire)| {
                let own = frames.next().unwrap_or_default();
                let acks = if acknowledges { own.len() } else { 0 };
                let others = load.writers - usize::from(!own.is_empty());
                let member =
                    Member { place, wire, windows: Arc::clone(&windows), got: vec![0; load.writers], frames: 0 };
                tokio::spawn(member.take_part(own, others * load.edits, acks))
            })
            .collect();
        let mut outcome = Outcome { took: Duration::ZERO, processor: Duration::ZERO, frames: 0, delivered: 0 };
        for task in tasks {
            let member = task.await.expect("a socket takes part");
            outcome.frames += member.frames;
            outcome.delivered += member.got.iter().sum::<usize>();
            self.members.push(member.wire);
        }
        outcome.took = start.elapsed();
        outcome.processor = tree::processor_time(self.process).saturating_sub(before);
        outcome
    }
}

/// A socket in a round.
struct Member {
    place: usize,
    wire: Wire,
    windows: Arc<[Window]>,
    /// Edits it has of each writer.
    got: Vec<usize>,
    frames: usize,
}

impl Member {
    /// Sends its own, as its window has room, until everything expected has come.
    async fn take_part(mut self, own: Vec<Message>, mut expected: usize, mut acks: usize) -> Self {
        let windows = Arc::clone(&self.windows);
        let mut own = own.into_iter().peekable();
        while expected > 0 || acks > 0 || own.peek().is_some() {
            let room = async {
                match own.peek() {
                    Some(_) => windows[self.place].free.acquire().await.expect("it stays open").forget(),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                frame = self.wire.next() => {
                    self.frames += 1;
                    let (got, acked) = self.take(read(frame));
                    expected -= got;
                    acks -= acked;
                }
                () = room => self.wire.send(own.next().expect("it was seen")).await,
            }
        }
        self
    }

    /// How many edits of others and answers to its own a message brings.
    fn take(&mut self, message: ServerMessage) -> (usize, usize) {
        match message {
            ServerMessage::Many { messages } => messages
                .into_iter()
                .map(|message| self.take(message))
                .fold((0, 0), |(got, acked), (more, answers)| (got + more, acked + answers)),
            ServerMessage::NoteSync(sync) => {
                let writer = usize::from(sync.from_device_id.expect("a device wrote it").as_bytes()[0]) - 1;
                self.windows[writer].got(self.got[writer]);
                self.got[writer] += 1;
                (1, 0)
            }
            ServerMessage::NoteUpdateSuccess { .. } => (0, 1),
            ServerMessage::Error(error) => panic!("the server refused an edit: {}", error.message),
            ServerMessage::Behind { .. } => panic!("a socket fell behind"),
            _ => (0, 0),
        }
    }
}

/// Somebody who types into a note of their own.
struct Writer {
    place: u8,
    note: NoteDocument,
    count: u64,
}

impl Writer {
    /// A keystroke's operations.
    fn ops(&mut self) -> Ops {
        let before = self.note.head();
        let at = self.note.body().len() as u32;
        self.note.edit(&NoteEdit::Body(vec![TextChange::new(at, at, "x")]), 1_800_000_000_000).expect("an edit");
        self.count += 1;
        Ops(self.note.export(&before))
    }

    fn note_id(&self) -> NoteId {
        NoteId::from_bytes([self.place; 16])
    }

    /// As a device sends it.
    fn update(&mut self, space_id: SpaceId) -> Message {
        let ops = vec![self.ops()];
        let id = format!("bench-{}", self.count);
        let update = NoteUpdate { id, space_id, note_id: self.note_id(), after: 0, ops };
        message(encode(&ClientMessage::NoteUpdate(update), Encoding::MessagePack))
    }

    /// As the others get it: the bytes the relay passes on.
    fn sync(&mut self, space_id: SpaceId) -> Message {
        let ops = vec![self.ops()];
        let sync = NoteSync {
            space_id,
            note_id: self.note_id(),
            seq: self.count,
            ops,
            timestamp: 1_800_000_000_000,
            from_user_id: UserId("00000000-0000-4000-8000-000000000000".to_owned()),
            from_device_id: Some(DeviceId::from_bytes([self.place; 16])),
        };
        message(encode(&ServerMessage::NoteSync(sync), Encoding::MessagePack))
    }
}

/// Rounds of one load, ours and the relay's in turn.
#[derive(Default)]
struct Rates {
    /// Edits delivered a second of processor time.
    a_cpu_second: Vec<f64>,
    /// Edits delivered a second.
    a_second: Vec<f64>,
    /// Edits that came in one frame.
    a_frame: Vec<f64>,
}

impl Rates {
    fn add(&mut self, outcome: Outcome) {
        let delivered = outcome.delivered as f64;
        self.a_cpu_second.push(delivered / outcome.processor.as_secs_f64());
        self.a_second.push(delivered / outcome.took.as_secs_f64());
        self.a_frame.push(delivered / outcome.frames as f64);
    }

    fn print(&self, name: &str) -> f64 {
        figure(&format!("{name}: edits a frame"), "", &self.a_frame);
        figure(&format!("{name}: thousands a second"), "k", &thousands(&self.a_second));
        figure(&format!("{name}: thousands a CPU-second"), "k", &thousands(&self.a_cpu_second))
    }
}

fn thousands(values: &[f64]) -> Vec<f64> {
    values.iter().map(|value| value / 1e3).collect()
}

/// Measures both loads.
pub async fn fan_out(folder: &Path) {
    say(&format!("\nfan-out: {MEMBERS} sockets of one user; edits delivered, in thousands"));
    // Nobody answers a ping while the others have their turn.
    let server = Server::start_with(&folder.join("fan-out"), &["--sockets-per-user", "64", "--heartbeat", "86400"]);
    let token = server.token("bench");
    let mut ours = Room { process: server.process(), members: Vec::new(), acknowledges: true };
    let mut space_id = SpaceId::from_bytes([0; 16]);
    for device in 1..=MEMBERS {
        let (wire, space) = sign_in(&server.url, &token, device as u8).await;
        ours.members.push(wire);
        space_id = space;
    }
    let (relay, durable) = (Relay::start(None), Relay::start(Some(&folder.join("fan-out-relay.sqlite"))));
    let (mut control, mut commits) = (Room::of(&relay).await, Room::of(&durable).await);
    let note = |place: usize| Writer { place: place as u8, note: NoteDocument::new(PeerId(place as u64)), count: 0 };
    // Of their own: what the server never saw would be missing in its notes.
    let [mut authors, mut mirrors]: [Vec<Writer>; 2] = [(1..=4).map(note).collect(), (1..=4).map(note).collect()];
    for load in LOADS {
        let (mut own, mut relayed, mut committed) = (Rates::default(), Rates::default(), Rates::default());
        for _ in 0..ROUNDS {
            let frames = |make: fn(&mut Writer, SpaceId) -> Message, writers: &mut [Writer]| -> Vec<Vec<Message>> {
                let writers = writers.iter_mut().take(load.writers);
                writers.map(|writer| (0..load.edits).map(|_| make(writer, space_id)).collect()).collect()
            };
            let updates = frames(Writer::update, &mut authors);
            own.add(ours.round(load, updates).await);
            let syncs = frames(Writer::sync, &mut mirrors);
            relayed.add(control.round(load, syncs.clone()).await);
            committed.add(commits.round(load, syncs).await);
        }
        say(&format!(" {}", load.name));
        let (ours, relayed, committed) = (own.print("server"), relayed.print("relay"), committed.print("commits, too"));
        say(&format!(
            "  a CPU-second, ours ÷ relay: {:.2}  (goal ≥ {}); ours ÷ a relay that commits each: {:.2}",
            ours / relayed,
            load.goal,
            ours / committed
        ));
    }
}
