//! What an interface does for its user: keys pressed in editors, edits sent, answers and revisions taken in. Never which
//! action comes next.

use stet_client::api::command::{EditAnswer, EditNote, OpenNote, PullNote};
use stet_client::api::note::TextUpdate;
use stet_client::api::{Answer, CommandError, ErrorCode};
use stet_model::document::Version;
use stet_model::id::NoteId;

use super::Asked;
use crate::world::World;
use crate::world::device::Message;
use crate::world::editor::{Editor, Field};
use crate::world::queue::ForDevice;
use crate::world::random::Share;
use crate::world::reference::{About, Key, Kind, State, Touched};

/// Keys still to be pressed, one after the other.
pub struct Burst {
    note: NoteId,
    field: Field,
    left: u8,
    /// Where the caret was put at first.
    place: Share,
    /// The piece typed last: the next goes after it.
    after: Option<String>,
}

/// Keystrokes leave together after this long, as the interface's do, milliseconds.
const GATHER_MS: u64 = 25;
impl World {
    pub(super) fn begin_burst(
        &mut self,
        device: usize,
        (note, place): (Share, Share),
        left: u8,
        title: bool,
    ) -> Option<()> {
        let Some(note) = self.pick_open(device, note) else { return self.open(device, note) };
        let field = if title { Field::Title } else { Field::Body };
        self.key(device, Burst { note, field, left, place, after: None });
        Some(())
    }

    /// A key is pressed, and the next will be.
    pub(in crate::world) fn key(&mut self, device: usize, mut burst: Burst) {
        let (token, text) = self.piece(burst.field == Field::Title);
        let key = (burst.note, burst.field);
        let Some(editor) = self.editor(device, key) else { return };
        let shown = editor.text.text();
        let after = burst.after.as_ref().and_then(|piece| {
            let end = shown.find(piece.as_str())? + piece.len();
            Some(shown[..end].encode_utf16().count() as u32)
        });
        let place = after.unwrap_or_else(|| {
            let gaps = self.reference.tokens.gaps(&shown);
            gaps[burst.place.of(gaps.len()).unwrap_or(0)]
        });
        let touched = Touched { inserted: vec![(token, text.clone())], ..Touched::default() };
        if let Some(editor) = self.editor(device, key) {
            editor.replace((place, place), &text, touched);
        }
        self.flush_soon(device, key);
        burst.left -= 1;
        if burst.left > 0 {
            burst.after = Some(text);
            let at = self.queue.now() + self.dice.within((15, 120));
            self.for_device(device, at, ForDevice::Key(Box::new(burst)));
        }
    }

    pub(super) fn paste(&mut self, device: usize, (note, place): (Share, Share), kilobytes: u8) -> Option<()> {
        let Some(note) = self.pick_open(device, note) else { return self.open(device, note) };
        let key = (note, Field::Body);
        let mut inserted = Vec::new();
        let mut text = String::new();
        while text.len() < usize::from(kilobytes) * 1024 {
            let piece = self.piece(false);
            text.push_str(&piece.1);
            text.push_str(" Lorem ipsum dolor sit amet, consectetur 字 adipiscing elit.\n".repeat(12).as_str());
            inserted.push(piece);
        }
        let shown = self.editor(device, key)?.text.text();
        let gaps = self.reference.tokens.gaps(&shown);
        let place = gaps[place.of(gaps.len())?];
        self.editor(device, key)?.replace((place, place), &text, Touched { inserted, ..Touched::default() });
        self.flush_soon(device, key);
        Some(())
    }

    pub(super) fn erase(
        &mut self,
        device: usize,
        (note, place): (Share, Share),
        units: u8,
        ragged: bool,
    ) -> Option<()> {
        let Some(note) = self.pick_open(device, note) else { return self.open(device, note) };
        let key = (note, Field::Body);
        let shown = self.editor(device, key)?.text.text();
        let edges: Vec<u32> = if ragged {
            let mut offset = 0;
            let ends = shown.chars().map(|c| {
                offset += c.len_utf16() as u32;
                offset
            });
            std::iter::once(0).chain(ends).collect()
        } else {
            self.reference.tokens.gaps(&shown)
        };
        let from = edges[place.of(edges.len())?];
        let to = edges.iter().copied().filter(|edge| *edge <= from + u32::from(units)).max().filter(|to| *to > from)?;
        let touched = self.reference.tokens.deleted(&shown, &(from..to));
        self.editor(device, key)?.replace((from, to), "", touched);
        self.flush_soon(device, key);
        Some(())
    }

    fn editor(&mut self, device: usize, key: (NoteId, Field)) -> Option<&mut Editor> {
        self.devices[device].process.as_mut()?.editors.get_mut(&key)
    }

    fn flush_soon(&mut self, device: usize, (note, field): (NoteId, Field)) {
        self.for_device(device, self.queue.now() + GATHER_MS, ForDevice::Flush(note, field));
    }

    /// Sends what was typed into an editor, if nothing is on its way.
    pub(in crate::world) fn flush(&mut self, device: usize, note: NoteId, field: Field) {
        let Some(outgoing) = self.editor(device, (note, field)).and_then(Editor::outgoing) else { return };
        let (edit, touched) = outgoing;
        let acts = touched.into_iter().map(|touched| self.about_note(device, note, Kind::Text(touched)));
        let acts = acts.collect();
        self.ask(device, edit.into(), Asked::Edit { note, field, acts });
    }

    /// The engine has answered: what the reference has to know of it, at that very moment.
    pub(in crate::world) fn remember_answer(
        &mut self,
        device: usize,
        asked: &Asked,
        result: &Result<Answer, CommandError>,
    ) {
        let acts = match asked {
            Asked::Acts(acts) | Asked::Doubtful(acts) | Asked::Edit { acts, .. } => acts.clone(),
            Asked::MakeFolder(name) => return self.remember_folder(device, name, result),
            Asked::TakeServers => return self.gives_up(device, false),
            _ => return,
        };
        let created = match result {
            Ok(Answer::Created(created)) => Some(About::Note(created.note_id)),
            _ => None,
        };
        let library = self.library_version(device);
        for act in acts {
            let about = self.reference.about(act);
            let about = created.filter(|_| about == About::Unknown).unwrap_or(about);
            let after = match about {
                About::Note(note) => {
                    let there = self.devices[device].process.as_ref().and_then(|process| process.engine.version(note));
                    there.or_else(|| self.reference.gone_at(act).filter(|_| result.is_ok()))
                }
                About::Library => library.clone(),
                About::Unknown => None,
            };
            match result {
                Ok(Answer::EditAnswer(EditAnswer::Stale { .. } | EditAnswer::Reopen { .. })) => {
                    self.reference.refused(act);
                }
                // It is done and waits for the disk.
                Err(error) if error.code == ErrorCode::Storage && about == About::Unknown => {}
                Err(error) if error.code != ErrorCode::Storage => self.reference.refused(act),
                // It couldn't be read, or was to be removed and that isn't on the disk.
                Err(_) if after.is_none() => self.reference.done(act, (about, after), State::Uncertain),
                _ if matches!(asked, Asked::Doubtful(_)) => {
                    self.reference.done(act, (about, after), State::Uncertain);
                }
                // A change is answered once it is on the disk, an edit at once.
                Ok(_) if !matches!(asked, Asked::Edit { .. }) => self.reference.done(act, (about, after), State::Saved),
                _ => self.reference.done(act, (about, after), State::Applied),
            }
        }
    }

    fn remember_folder(&mut self, device: usize, name: &str, result: &Result<Answer, CommandError>) {
        let Ok(Answer::CreatedFolder(created)) = result else { return };
        let (folder, after) = (created.folder_id, self.library_version(device));
        for kind in [Kind::MakeFolder(folder), Kind::Set(Key::Name(folder), name.to_owned())] {
            let act = self.reference.ask(device, About::Library, kind, Version::default());
            self.reference.done(act, (About::Library, after.clone()), State::Saved);
        }
    }

    /// The interface hears of something.
    pub(in crate::world) fn hear(&mut self, device: usize, message: Message) {
        match message {
            Message::Answer(Asked::Open(note), answer) => self.opened(device, note, *answer),
            Message::Answer(Asked::Edit { note, field, .. }, answer) => {
                if let Some(editor) = self.editor(device, (note, field)) {
                    let sent = editor.in_flight.take();
                    self.edit_answered(device, (note, field), *answer, sent);
                }
            }
            Message::Answer(Asked::Pull { note, field }, answer) => match *answer {
                Ok(Answer::Pulled(pulled)) => self.revisions(device, (note, field), pulled.from, pulled.updates),
                _ => self.open_again(device, note),
            },
            Message::Answer(..) => {}
            Message::Gone(gone) => {
                if let Some(process) = &mut self.devices[device].process {
                    process.editors.retain(|(note, _), _| *note != gone);
                }
            }
            Message::Updates(updates) => {
                let editors = self.devices[device].process.as_ref().map(|process| &process.editors);
                let found = editors.and_then(|editors| {
                    editors.iter().find(|(_, editor)| editor.session == updates.session).map(|(key, _)| *key)
                });
                if let Some(key) = found {
                    self.revisions(device, key, updates.from, updates.updates);
                }
            }
        }
    }

    fn opened(&mut self, device: usize, note: NoteId, answer: Result<Answer, CommandError>) {
        let Some(process) = &mut self.devices[device].process else { return };
        let fields = [Field::Title, Field::Body];
        let Ok(Answer::OpenedNote(opened)) = answer else {
            return process.editors.retain(|(open, _), _| *open != note);
        };
        for (field, opened) in fields.into_iter().zip([&opened.title, &opened.body]) {
            match process.editors.get_mut(&(note, field)) {
                Some(editor) => editor.adopt(opened),
                None => {
                    process.editors.insert((note, field), Editor::new(opened));
                }
            }
        }
        fields.into_iter().for_each(|field| self.flush_soon(device, (note, field)));
    }

    fn edit_answered(
        &mut self,
        device: usize,
        key: (NoteId, Field),
        answer: Result<Answer, CommandError>,
        sent: Option<EditNote>,
    ) {
        let Some(sent) = sent else { return };
        match answer {
            Ok(Answer::EditAnswer(EditAnswer::Ok { .. })) => {
                self.revisions(device, key, sent.base_revision, sent.updates);
            }
            Ok(Answer::EditAnswer(EditAnswer::Stale { from, updates })) => self.revisions(device, key, from, updates),
            Ok(Answer::EditAnswer(EditAnswer::Reopen { opened, message })) => {
                if !message.contains("opened again") {
                    self.fail(format!("device {device} can't take an edit of {key:?}: {message} {sent:?}"));
                }
                if let Some(editor) = self.editor(device, key) {
                    editor.adopt(&opened);
                    self.flush_soon(device, key);
                }
            }
            _ => self.open_again(device, key.0),
        }
    }

    fn open_again(&mut self, device: usize, note_id: NoteId) {
        self.ask(device, OpenNote { note_id }.into(), Asked::Open(note_id));
    }

    fn revisions(&mut self, device: usize, (note, field): (NoteId, Field), from: u32, updates: Vec<TextUpdate>) {
        let Some(editor) = self.editor(device, (note, field)) else { return };
        if let Err(words) = editor.receive(from, updates) {
            return self.fail(format!("device {device}, {note} {field:?}: {words}"));
        }
        if editor.has_hole() && editor.in_flight.is_none() {
            let pull = PullNote { session: editor.session.clone(), base_revision: editor.revision };
            self.ask(device, pull.into(), Asked::Pull { note, field });
        } else if editor.text.unconfirmed() > 0 {
            self.flush_soon(device, (note, field));
        }
    }
}
