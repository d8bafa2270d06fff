//! What users of level-1 clients do with what is shown to them. Never frames.

use serde_json::{Map, Value, json};
use stet_model::document::Version;
use stet_model::id::{FolderId, NoteId};
use stet_server::core::Happening;

use super::{GATHER_MS, Request, Say, Shown};
use crate::world::World;
use crate::world::plan::{Flag, Level1Action};
use crate::world::queue::{Event, ForLevel1};
use crate::world::random::Share;
use crate::world::reference::{About, Key, Kind, LEVEL1, Touched};
use crate::world::server::EPOCH;

impl World {
    /// A user of a level-1 client does something.
    pub(in crate::world) fn level1_act(&mut self, client: usize, action: &Level1Action) -> Option<()> {
        if !self.level1.get(client)?.signed_in || self.level1[client].socket.is_none() {
            return None;
        }
        match action {
            Level1Action::Join { note } => {
                // As from the list that such an app asks its server for by other means.
                let known: Vec<NoteId> = self.server.notes();
                let note = known[note.of(known.len())?];
                if !self.level1[client].shown.contains_key(&note) {
                    self.level1_send(client, &json!({ "type": "join_note", "noteId": note }));
                }
            }
            Level1Action::Type { note, place } => self.level1_types(client, *note, *place)?,
            Level1Action::Erase { note, place } => self.level1_erases(client, *note, *place)?,
            Level1Action::Title { note, place, whole } => self.level1_entitles(client, (*note, *place), *whole)?,
            Level1Action::Flag { note, flag } => self.level1_flags(client, *note, *flag)?,
            Level1Action::File { note, folder, out } => self.level1_files(client, *note, *folder, *out)?,
            Level1Action::Tag { note, tag } => self.level1_tags(client, *note, *tag)?,
            Level1Action::Create => self.level1_creates(client),
            Level1Action::Delete { note } => {
                let (note, _) = self.level1_shown(client, *note)?;
                self.level1_does(client, note, Say::Delete, vec![(Kind::Set(Key::Trash, true.to_string()), true)]);
            }
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
        let (chance, text) = (self.dice.below(1 << 20), text_of(&shown, "content"));
        let (token, piece) = self.reference.tokens.make(chance, true);
        let lines = self.line_starts(&text);
        let at = lines[place.of(lines.len())?];
        let touched = Touched { inserted: vec![(token, piece.clone())], ..Touched::default() };
        let text = format!("{}{piece}\n{}", &text[..at], &text[at..]);
        self.level1_writes(client, note, text, touched);
        Some(())
    }

    fn level1_erases(&mut self, client: usize, note: Share, place: Share) -> Option<()> {
        let (note, shown) = self.level1_shown(client, note)?;
        let text = text_of(&shown, "content");
        let lines = self.line_starts(&text);
        let n = place.of(lines.len().checked_sub(1)?)?;
        let (from, to) = (lines[n], lines[n + 1]);
        // Whether others have written in the line meanwhile, nobody here knows.
        let cut = self.reference.tokens.find(&text[from..to]).into_iter().map(|(token, _)| token).collect();
        let text = format!("{}{}", &text[..from], &text[to..]);
        self.level1_writes(client, note, text, Touched { cut, ..Touched::default() });
        Some(())
    }

    /// Only the difference is written, and pieces begin alike: no piece of the title is sure to be whole.
    fn level1_entitles(&mut self, client: usize, (note, place): (Share, Share), whole: bool) -> Option<()> {
        let (note, shown) = self.level1_shown(client, note)?;
        let (chance, title) = (self.dice.below(1 << 20), text_of(&shown, "title"));
        let (token, piece) = self.reference.tokens.make(chance, true);
        let gaps = self.reference.tokens.gaps(&title);
        let at = gaps[place.of(gaps.len())?];
        let units: Vec<u16> = title.encode_utf16().collect();
        let (before, after) = if whole { (&units[..0], &units[..0]) } else { units.split_at(at as usize) };
        let new = format!("{}{piece}{}", String::from_utf16_lossy(before), String::from_utf16_lossy(after));
        let there = self.reference.tokens.find(&title).into_iter().map(|(token, _)| token);
        let cut = there.chain([token]).collect();
        let touched = Touched { inserted: vec![(token, piece)], cut, ..Touched::default() };
        self.reference.guess(note);
        self.level1_sets(client, note, ("title", json!(new)), (Kind::Text(touched), true));
        Some(())
    }

    /// The other way from what is shown: level 1 says values, and one that stands there already says nothing.
    fn level1_flags(&mut self, client: usize, note: Share, flag: Flag) -> Option<()> {
        let (note, shown) = self.level1_shown(client, note)?;
        let (field, key) = match flag {
            Flag::Starred => ("starred", Key::Starred),
            Flag::Archived => ("archived", Key::Archived),
            Flag::Hidden => ("hidden", Key::Hidden),
            Flag::Deleted => ("deleted", Key::Trash),
        };
        let on = shown[field] != json!(true);
        self.level1_sets(client, note, (field, json!(on)), (Kind::Set(key, on.to_string()), true));
        Some(())
    }

    fn level1_files(&mut self, client: usize, note: Share, folder: Share, out: bool) -> Option<()> {
        let (note, shown) = self.level1_shown(client, note)?;
        // As from the tree that such an app is told of.
        let folders: Vec<FolderId> = self.server.library().ok()?.folders().iter().map(|folder| folder.id).collect();
        let folder = if out { None } else { Some(folders[folder.of(folders.len())?]) };
        let value = folder.map(|folder| folder.to_string()).unwrap_or_default();
        if text_of(&shown, "folderId") == value {
            return None;
        }
        self.level1_sets(client, note, ("folderId", json!(folder)), (Kind::Set(Key::Folder, value), true));
        Some(())
    }

    /// Gives a tag that nobody else gives, or takes it away. All tags are said; where they are those of an earlier version,
    /// nobody can tell it from that one.
    fn level1_tags(&mut self, client: usize, note: Share, tag: Share) -> Option<()> {
        let (note, shown) = self.level1_shown(client, note)?;
        let tag = format!("of client {client}, {}", tag.of(2)?);
        let mut tags: Vec<Value> = shown["tags"].as_array().cloned().unwrap_or_default();
        let on = !tags.contains(&json!(tag));
        tags.retain(|there| *there != json!(tag));
        tags.extend(on.then(|| json!(tag)));
        let certain = self.level1[client].tagged.insert((note, tag.clone()));
        self.level1_sets(client, note, ("tags", json!(tags)), (Kind::Set(Key::Tag(tag), on.to_string()), certain));
        Some(())
    }

    fn level1_creates(&mut self, client: usize) {
        let (chances, mut id) = ([(); 2].map(|()| self.dice.below(1 << 20)), [0; 10]);
        self.dice.fill(&mut id);
        let note = NoteId::from_time(EPOCH.unsigned_abs() + self.queue.now(), id);
        let [title, body] = chances.map(|chance| self.reference.tokens.make(chance, true));
        let data = json!({ "title": title.1, "content": format!("{}\n", body.1) });
        let texts = [title, body].map(|piece| Kind::Text(Touched { inserted: vec![piece], ..Touched::default() }));
        let does = [Kind::Create].into_iter().chain(texts).map(|kind| (kind, true));
        self.level1_does(client, note, Say::Create(data), does.collect());
    }

    /// One of the notes shown, of which those changed last come first.
    fn level1_shown(&self, client: usize, note: Share) -> Option<(NoteId, Value)> {
        let shown = &self.level1[client].shown;
        let mut notes: Vec<NoteId> = shown.keys().copied().collect();
        notes.sort_by_key(|note| std::cmp::Reverse(self.server.log.last(*note)));
        let note = notes[note.of(notes.len())?];
        Some((note, shown[&note].note.clone()))
    }

    /// A whole text, which leaves with what else is typed.
    fn level1_writes(&mut self, client: usize, note: NoteId, text: String, touched: Touched) {
        self.reference.guess(note);
        // What was taken out may look like a version from before it was written.
        let certain = !touched.inserted.is_empty();
        let state = &mut self.level1[client];
        let writes = |request: &&mut Request| match &request.say {
            Say::Update(changes) => request.note == note && changes.contains_key("content"),
            _ => false,
        };
        if let Some(Shown { note: shown, seen }) = state.shown.get_mut(&note)
            && let Some(Request { say: Say::Update(changes), acts, .. }) = state.waiting.iter_mut().find(writes)
        {
            shown["content"] = json!(text);
            changes.insert("content".to_owned(), json!(text));
            let (about, before) = (About::Note(note), seen.clone());
            let act = self.reference.ask(LEVEL1 + client, about, Kind::Text(touched), before);
            return acts.push((act, certain));
        }
        self.level1_sets(client, note, ("content", json!(text)), (Kind::Text(touched), certain));
    }

    fn level1_sets(&mut self, client: usize, note: NoteId, (field, value): (&str, Value), does: (Kind, bool)) {
        if let Some(shown) = self.level1[client].shown.get_mut(&note) {
            shown.note[field] = value.clone();
        }
        self.level1_does(client, note, Say::Update(Map::from_iter([(field.to_owned(), value)])), vec![does]);
    }

    /// Each with whether it certainly writes something.
    fn level1_does(&mut self, client: usize, note: NoteId, say: Say, does: Vec<(Kind, bool)>) {
        let seen = self.level1[client].shown.get(&note).map_or_else(Version::default, |shown| shown.seen.clone());
        let ask =
            |(kind, certain)| (self.reference.ask(LEVEL1 + client, About::Note(note), kind, seen.clone()), certain);
        let acts = does.into_iter().map(ask).collect();
        let state = &mut self.level1[client];
        state.waiting.push_back(Request { note, say, acts, after: None });
        let (life, at) = (state.life, self.queue.now() + GATHER_MS);
        self.queue.put(at, Event::Level1 { client, life, what: ForLevel1::Flush });
    }

    /// Where a line begins and no piece goes on, in bytes; the end of a text that ends with a line, too.
    fn line_starts(&self, text: &str) -> Vec<usize> {
        let gaps = self.reference.tokens.gaps(text);
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
        starts.filter(|at| gaps.contains(&(text[..*at].encode_utf16().count() as u32))).collect()
    }
}

fn text_of(note: &Value, field: &str) -> String {
    note[field].as_str().unwrap_or_default().to_owned()
}
