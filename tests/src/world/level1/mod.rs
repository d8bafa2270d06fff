//! Level-1 clients: they know no documents and send whole fields, as the page this project began with does, and lose what
//! they haven't sent when their connection breaks. What they sent and the server confirmed must not be lost, nor anything
//! of anybody else because of it. What their users do is in `user`.

mod user;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Map, Value, json};
use stet_model::document::Version;
use stet_model::id::NoteId;
use stet_protocol::codec::Frame;
use stet_server::core::{Happening, SocketId};
use stet_sync::server::Outgoing;

use super::World;
use super::queue::{Event, ForLevel1};
use super::reference::{About, ActId, State};
use super::server::token;

/// One way over the network, milliseconds: always the same, so that frames stay in order.
const LATENCY_MS: u64 = 25;
/// The next attempt after a connection broke, milliseconds.
const AGAIN_MS: u64 = 2_000;
/// Keystrokes of whole texts leave together after this long, milliseconds.
const GATHER_MS: u64 = 400;

/// A note as a client shows it.
struct Shown {
    note: Value,
    /// What the server had of it when it said so.
    seen: Version,
}

/// What is to be said to the server.
enum Say {
    /// These fields have these values.
    Update(Map<String, Value>),
    /// There is a new note.
    Create(Value),
    /// A note goes to the trash.
    Delete,
}

/// Something for the server, and what it does.
struct Request {
    note: NoteId,
    say: Say,
    /// Each with whether it certainly writes something.
    acts: Vec<(ActId, bool)>,
    /// What the server held of the note after it was handled.
    after: Option<Version>,
}

/// A client.
#[derive(Default)]
pub struct Level1Client {
    /// Counts connections.
    life: u32,
    socket: Option<SocketId>,
    signed_in: bool,
    /// The notes it has joined.
    shown: BTreeMap<NoteId, Shown>,
    /// What its user did and isn't sent.
    waiting: VecDeque<Request>,
    /// What was sent and isn't confirmed.
    sent: Option<Request>,
    /// Tags it ever gave or took.
    tagged: BTreeSet<(NoteId, String)>,
}

impl World {
    /// A level-1 client connects.
    pub(super) fn level1_connect(&mut self, client: usize) {
        let now = self.queue.now();
        let Some(socket) = self.server.connect_level1(now) else {
            return self.queue.put(now + AGAIN_MS, Event::Level1 { client, life: 0, what: ForLevel1::Connect });
        };
        let state = &mut self.level1[client];
        state.life += 1;
        (state.socket, state.signed_in) = (Some(socket), false);
        self.pump_server();
        let token = token(self.server.time(now).wall + 86_400_000 * 1_000);
        self.level1_send(client, &json!({ "type": "auth", "token": token }));
    }

    /// Its connection is gone, and what it hadn't sent with it.
    pub(super) fn level1_broke(&mut self, client: usize) {
        let state = &mut self.level1[client];
        if state.socket.take().is_none() {
            return;
        }
        state.life += 1;
        state.shown.clear();
        let waiting = std::mem::take(&mut state.waiting);
        let sent = state.sent.take();
        waiting.into_iter().for_each(|request| self.level1_undone(request, false));
        sent.into_iter().for_each(|request| self.level1_undone(request, true));
        let at = self.queue.now() + AGAIN_MS;
        self.queue.put(at, Event::Level1 { client, life: 0, what: ForLevel1::Connect });
    }

    /// The server's process has ended.
    pub(super) fn level1_all_broke(&mut self) {
        (0..self.level1.len()).for_each(|client| self.level1_broke(client));
    }

    /// A request wasn't carried out, or maybe it was.
    fn level1_undone(&mut self, request: Request, maybe: bool) {
        for (act, _) in request.acts {
            match maybe {
                true => self.reference.done(act, (About::Note(request.note), None), State::Uncertain),
                false => self.reference.refused(act),
            }
        }
    }

    fn level1_send(&mut self, client: usize, message: &Value) {
        self.note(|| format!("level-1 client {client} > {message}"));
        let life = self.level1[client].life;
        let what = ForLevel1::Up(Frame::Text(message.to_string()));
        self.queue.put(self.queue.now() + LATENCY_MS, Event::Level1 { client, life, what });
    }

    /// Something for a client, or from it, is due.
    pub(super) fn level1_event(&mut self, client: usize, life: u32, what: ForLevel1) {
        if matches!(what, ForLevel1::Connect) {
            if self.level1[client].socket.is_none() {
                self.level1_connect(client);
            }
            return;
        }
        let (socket, now) = (self.level1[client].socket, self.queue.now());
        let Some(socket) = socket.filter(|_| self.level1[client].life == life) else { return };
        match what {
            ForLevel1::Up(frame) => {
                self.server.handle(Happening::Frame(socket, frame), now);
                self.pump_server();
                if let Some(sent) = &mut self.level1[client].sent {
                    sent.after = Some(self.server.log.version_at(sent.note, u64::MAX));
                }
            }
            ForLevel1::Down(Frame::Text(text), end) => match serde_json::from_str(&text) {
                Ok(message) => self.level1_hears(client, message, end),
                Err(error) => self.fail(format!("level-1 client {client} can't read {text}: {error}")),
            },
            ForLevel1::Down(Frame::Binary(_), _) => self.fail("a level-1 client got MessagePack".to_owned()),
            ForLevel1::Flush => self.level1_flush(client),
            ForLevel1::Connect => {}
        }
    }

    /// Puts what the server says to level-1 clients on its way; whether it said something.
    pub(super) fn pump_level1(&mut self) -> bool {
        let now = self.queue.now();
        let mut said = false;
        for client in 0..self.level1.len() {
            while let Some(socket) = self.level1[client].socket
                && let Some(outgoing) = self.server.take(socket, now)
            {
                said = true;
                match outgoing {
                    Outgoing::Frame(frame) => {
                        let what = ForLevel1::Down(frame.as_ref().clone(), self.server.log.head());
                        let life = self.level1[client].life;
                        self.queue.put(now + LATENCY_MS, Event::Level1 { client, life, what });
                    }
                    Outgoing::Ping => self.server.handle(Happening::Alive(socket), now),
                    Outgoing::Close(_) => {
                        self.server.handle(Happening::Gone(socket), now);
                        self.level1_broke(client);
                    }
                }
            }
        }
        said
    }

    /// The server says something, with its log at that end.
    fn level1_hears(&mut self, client: usize, mut message: Value, end: u64) {
        self.note(|| format!("level-1 client {client} < {message}"));
        let note = message["noteId"].as_str().and_then(|id| id.parse::<NoteId>().ok());
        let kind = message["type"].as_str().unwrap_or_default().to_owned();
        let shown = message[if kind == "note_joined" { "note" } else { "updatedNote" }].take();
        match (kind.as_str(), note) {
            ("auth_success", _) => self.level1[client].signed_in = true,
            ("note_joined" | "note_update_success", Some(note)) => {
                self.level1_confirmed(client, note, kind == "note_joined");
                self.level1_shows(client, note, shown, end);
                self.level1_flush(client);
            }
            ("note_sync", Some(note)) if self.level1[client].shown.contains_key(&note) => {
                self.level1_shows(client, note, shown, end);
            }
            ("error", _) => self.level1_refused(client, note, &message),
            _ => {}
        }
    }

    /// What was done here meanwhile stands on the screen, and is sent without the news: that is level 1.
    fn level1_shows(&mut self, client: usize, note: NoteId, shown: Value, end: u64) {
        let seen = self.server.log.version_at(note, end);
        let state = &mut self.level1[client];
        let busy = state.waiting.iter().chain(&state.sent).any(|request| request.note == note);
        if !busy && shown.is_object() {
            state.shown.insert(note, Shown { note: shown, seen });
        }
    }

    /// An update is confirmed by its answer, everything else by that to what was asked after it.
    fn level1_confirmed(&mut self, client: usize, note: NoteId, joined: bool) {
        let state = &mut self.level1[client];
        let answers = |sent: &mut Request| sent.note == note && joined != matches!(sent.say, Say::Update(_));
        let Some(Request { acts, after, .. }) = state.sent.take_if(answers) else { return };
        for (act, certain) in acts {
            let state = if certain { State::Saved } else { State::Uncertain };
            self.reference.done(act, (About::Note(note), after.clone().filter(|_| certain)), state);
        }
    }

    fn level1_refused(&mut self, client: usize, note: Option<NoteId>, message: &Value) {
        let code = message["code"].as_str().unwrap_or_default();
        let state = &mut self.level1[client];
        let Some(sent) = state.sent.take_if(|sent| note.is_none_or(|note| note == sent.note)) else { return };
        state.shown.remove(&sent.note);
        let (left, kept): (VecDeque<_>, VecDeque<_>) =
            std::mem::take(&mut state.waiting).into_iter().partition(|waiting| waiting.note == sent.note);
        state.waiting = kept;
        if !matches!(code, "deleted" | "not-found" | "rate-limited" | "too-large" | "internal") {
            return self.fail(format!("level-1 client {client} is refused: {message}"));
        }
        // Whether what came before the question was carried out, its answer doesn't say.
        let maybe = code == "internal" || !matches!(sent.say, Say::Update(_));
        self.level1_undone(sent, maybe);
        left.into_iter().for_each(|request| self.level1_undone(request, false));
        self.level1_flush(client);
    }

    /// Sends what comes next, if nothing is on its way.
    fn level1_flush(&mut self, client: usize) {
        let state = &mut self.level1[client];
        if state.sent.is_some() {
            return;
        }
        let Some(request) = state.waiting.pop_front() else { return };
        let note = request.note;
        let message = match &request.say {
            Say::Update(changes) => json!({ "type": "note_update", "noteId": note, "changes": changes }),
            Say::Create(data) => json!({ "type": "note_created", "noteId": note, "noteData": data }),
            Say::Delete => json!({ "type": "note_deleted", "noteId": note }),
        };
        let is_answered = matches!(request.say, Say::Update(_));
        state.sent = Some(request);
        self.level1_send(client, &message);
        if !is_answered {
            self.level1_send(client, &json!({ "type": "join_note", "noteId": note }));
        }
    }

    /// Whether something a level-1 client sent isn't confirmed.
    pub(super) fn level1_waits(&self) -> bool {
        self.level1.iter().any(|client| client.sent.is_some() || !client.waiting.is_empty())
    }
}
