//! Level-1 clients: they know no documents and send whole texts, as the page this project began with does, and lose what
//! they haven't sent when their connection breaks. What they sent and the server confirmed must not be lost, nor anybody
//! else's text because of it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stet_model::document::Version;
use stet_model::id::NoteId;
use stet_protocol::codec::Frame;
use stet_server::core::{Happening, SocketId};
use stet_sync::server::Outgoing;

use super::World;
use super::plan::Level1Action;
use super::queue::{Event, ForLevel1};
use super::random::Share;
use super::reference::{About, ActId, Kind, LEVEL1, State, Touched};
use super::server::{EPOCH, token};

/// One way over the network, milliseconds: always the same, so that frames stay in order.
const LATENCY_MS: u64 = 25;
/// The next attempt after a connection broke, milliseconds.
const AGAIN_MS: u64 = 2_000;
/// Keystrokes of whole texts leave together after this long, milliseconds.
const GATHER_MS: u64 = 400;

/// A client.
#[derive(Default)]
pub struct Level1Client {
    /// Counts connections.
    life: u32,
    socket: Option<SocketId>,
    signed_in: bool,
    /// What it shows of notes it has joined.
    texts: BTreeMap<NoteId, String>,
    /// What was typed into them and isn't sent.
    typed: BTreeMap<NoteId, Vec<ActId>>,
    /// What was sent and isn't confirmed.
    sent: Option<(NoteId, Vec<ActId>)>,
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
        let token = token(EPOCH + now as i64 + 86_400_000 * 1_000);
        self.level1_send(client, &json!({ "type": "auth", "token": token }));
    }

    /// Its connection is gone, and what it hadn't sent with it.
    pub(super) fn level1_broke(&mut self, client: usize) {
        let state = &mut self.level1[client];
        if state.socket.take().is_none() {
            return;
        }
        state.life += 1;
        state.texts.clear();
        let typed = std::mem::take(&mut state.typed);
        let sent = state.sent.take();
        typed.into_values().flatten().for_each(|act| self.reference.refused(act));
        let about = sent.as_ref().map(|(note, _)| About::Note(*note));
        for act in sent.into_iter().flat_map(|(_, acts)| acts) {
            self.reference.done(act, (about.unwrap_or(About::Unknown), None), State::Uncertain);
        }
        let at = self.queue.now() + AGAIN_MS;
        self.queue.put(at, Event::Level1 { client, life: 0, what: ForLevel1::Connect });
    }

    /// The server's process has ended.
    pub(super) fn level1_all_broke(&mut self) {
        (0..self.level1.len()).for_each(|client| self.level1_broke(client));
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
            }
            ForLevel1::Down(Frame::Text(text)) => match serde_json::from_str(&text) {
                Ok(message) => self.level1_hears(client, &message),
                Err(error) => self.fail(format!("level-1 client {client} can't read {text}: {error}")),
            },
            ForLevel1::Down(Frame::Binary(_)) => self.fail("a level-1 client got MessagePack".to_owned()),
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
                        let (life, what) = (self.level1[client].life, ForLevel1::Down(frame.as_ref().clone()));
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

    fn level1_hears(&mut self, client: usize, message: &Value) {
        self.note(|| format!("level-1 client {client} < {message}"));
        let note = || message["noteId"].as_str().and_then(|id| id.parse::<NoteId>().ok());
        let text = |of: &str| message[of]["content"].as_str().map(ToOwned::to_owned);
        match message["type"].as_str().unwrap_or_default() {
            "auth_success" => self.level1[client].signed_in = true,
            "note_joined" => {
                if let (Some(note), Some(text)) = (note(), text("note")) {
                    self.level1[client].texts.insert(note, text);
                }
            }
            "note_update_success" => self.level1_confirmed(client, text("updatedNote")),
            "note_sync" => {
                // What was typed here meanwhile stands on the screen, and is sent without the news: that is level 1.
                let state = &mut self.level1[client];
                if let (Some(note), Some(text)) = (note(), text("updatedNote"))
                    && !state.typed.contains_key(&note)
                    && state.sent.as_ref().is_none_or(|(sent, _)| *sent != note)
                    && let Some(shown) = state.texts.get_mut(&note)
                {
                    *shown = text;
                }
            }
            "error" => self.level1_refused(client, message),
            _ => {}
        }
    }

    fn level1_confirmed(&mut self, client: usize, text: Option<String>) {
        let Some((note, acts)) = self.level1[client].sent.take() else { return };
        acts.into_iter().for_each(|act| self.reference.done(act, (About::Note(note), None), State::Saved));
        let state = &mut self.level1[client];
        match (text, state.typed.contains_key(&note)) {
            (Some(text), false) => drop(state.texts.insert(note, text)),
            _ => self.level1_flush(client),
        }
        self.level1_flush(client);
    }

    fn level1_refused(&mut self, client: usize, message: &Value) {
        let code = message["code"].as_str().unwrap_or_default();
        let state = &mut self.level1[client];
        let Some((note, acts)) = state.sent.take() else { return };
        state.texts.remove(&note);
        let typed = state.typed.remove(&note).unwrap_or_default();
        if !matches!(code, "deleted" | "not-found" | "rate-limited" | "too-large" | "internal") {
            return self.fail(format!("level-1 client {client} is refused: {message}"));
        }
        let unknown = code == "internal";
        for act in acts {
            match unknown {
                true => self.reference.done(act, (About::Note(note), None), State::Uncertain),
                false => self.reference.refused(act),
            }
        }
        typed.into_iter().for_each(|act| self.reference.refused(act));
        self.level1_flush(client);
    }

    /// Sends what was typed, if nothing is on its way.
    fn level1_flush(&mut self, client: usize) {
        let state = &mut self.level1[client];
        if state.sent.is_some() {
            return;
        }
        let Some((note, acts)) = state.typed.pop_first() else { return };
        let content = state.texts.get(&note).cloned().unwrap_or_default();
        state.sent = Some((note, acts));
        self.level1_send(client, &json!({ "type": "note_update", "noteId": note, "changes": { "content": content } }));
    }

    /// A user of a level-1 client does something.
    pub(super) fn level1_act(&mut self, client: usize, action: &Level1Action) -> Option<()> {
        if !self.level1.get(client)?.signed_in || self.level1[client].socket.is_none() {
            return None;
        }
        match action {
            Level1Action::Join { note } => {
                // As from the list that such an app asks its server for by other means.
                let known: Vec<NoteId> = self.server.notes();
                let note = known[note.of(known.len())?];
                if !self.level1[client].texts.contains_key(&note) {
                    self.level1_send(client, &json!({ "type": "join_note", "noteId": note }));
                }
            }
            Level1Action::Type { note, place } => self.level1_types(client, *note, *place)?,
            Level1Action::Erase { note, place } => self.level1_erases(client, *note, *place)?,
            Level1Action::Disconnect => {
                let socket = self.level1[client].socket?;
                self.server.handle(Happening::Gone(socket), self.queue.now());
                self.level1_broke(client);
                self.pump_server();
            }
        }
        Some(())
    }

    /// A line of its own: what of two equal stretches was typed, a whole text doesn't say, and pieces begin alike.
    fn level1_types(&mut self, client: usize, note: Share, place: Share) -> Option<()> {
        let (note, shown) = self.level1_shown(client, note)?;
        let chance = self.dice.below(1 << 20);
        let (token, piece) = self.reference.tokens.make(chance, true);
        let lines = self.line_starts(&shown);
        let at = lines[place.of(lines.len())?];
        let touched = Touched { inserted: vec![(token, piece.clone())], ..Touched::default() };
        let text = format!("{}{piece}\n{}", &shown[..at], &shown[at..]);
        self.level1_changes(client, note, text, touched)
    }

    fn level1_erases(&mut self, client: usize, note: Share, place: Share) -> Option<()> {
        let (note, shown) = self.level1_shown(client, note)?;
        let lines = self.line_starts(&shown);
        let n = place.of(lines.len().checked_sub(1)?)?;
        let (from, to) = (lines[n], lines[n + 1]);
        // Whether others have written in the line meanwhile, nobody here knows.
        let cut = self.reference.tokens.find(&shown[from..to]).into_iter().map(|(token, _)| token).collect();
        let text = format!("{}{}", &shown[..from], &shown[to..]);
        self.level1_changes(client, note, text, Touched { cut, ..Touched::default() })
    }

    fn level1_shown(&self, client: usize, note: Share) -> Option<(NoteId, String)> {
        let texts = &self.level1[client].texts;
        let (note, text) = texts.iter().nth(note.of(texts.len())?)?;
        Some((*note, text.clone()))
    }

    fn level1_changes(&mut self, client: usize, note: NoteId, text: String, touched: Touched) -> Option<()> {
        let act = self.reference.ask(LEVEL1 + client, About::Note(note), Kind::Text(touched), Version::default());
        let state = &mut self.level1[client];
        state.texts.insert(note, text);
        state.typed.entry(note).or_default().push(act);
        let (life, at) = (state.life, self.queue.now() + GATHER_MS);
        self.queue.put(at, Event::Level1 { client, life, what: ForLevel1::Flush });
        Some(())
    }

    /// Whether something a level-1 client sent isn't confirmed.
    pub(super) fn level1_waits(&self) -> bool {
        self.level1.iter().any(|client| client.sent.is_some() || !client.typed.is_empty())
    }

    /// Where a line begins and no piece goes on, in bytes; the end of a text that ends with a line, too.
    fn line_starts(&self, text: &str) -> Vec<usize> {
        let gaps = self.reference.tokens.gaps(text);
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
        starts.filter(|at| gaps.contains(&(text[..*at].encode_utf16().count() as u32))).collect()
    }
}
