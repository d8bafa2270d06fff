//! An engine and its store in the measuring thread: what goes in and out of the engine is seen, and nothing else runs but the
//! thread that writes.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use stet_client::api::command::{Call, CreateNote, Created, EditNote, OpenNote};
use stet_client::api::note::{Replace, TextUpdate};
use stet_client::api::{Answer, CommandError};
use stet_client::engine::{Engine, Input, Now, Output, Setup};
use stet_model::id::NoteId;
use stet_store::{DiskThread, Options, Reader, StoredDocument, Write, WriteError, open};

use super::allocations;

/// What a keystroke took.
#[derive(Clone, Copy, Default)]
pub struct Keystroke {
    /// From the command until its write is the store's.
    pub handed: Duration,
    /// And until it is on the disk.
    pub durable: Duration,
    /// All work of the engine for it, also what follows the write.
    pub engine: Duration,
    /// How often the engine asked for memory for it.
    pub allocations: u64,
    /// The engine folded the note's log.
    pub folded: bool,
}

pub struct Desk {
    engine: Engine,
    disk: DiskThread,
    done: Receiver<(u64, Result<(), WriteError>)>,
    reader: Reader,
    started: Instant,
    replies: Vec<Result<Answer, CommandError>>,
    /// The write of the keystroke under way.
    local: Option<u64>,
    keystroke: Keystroke,
    /// Bytes of each edit's delta and version, as written.
    pub deltas: Vec<Vec<u8>>,
    pub bytes: usize,
    pub snapshots: Vec<usize>,
}

impl Desk {
    pub fn start(folder: &Path) -> Self {
        std::fs::create_dir_all(folder).expect("a folder");
        let (writer, reader) = open(&folder.join("notes.sqlite"), &Options::default()).expect("a store");
        let setup = Setup {
            device_name: "Bench".to_owned(),
            platform: "linux".to_owned(),
            ..Setup::new(writer.boot().expect("it reads"), [7; 32])
        };
        let (told, done) = channel();
        let disk = DiskThread::start(writer, Box::new(move |tag, result| drop(told.send((tag, result)))));
        let started = Instant::now();
        let (engine, first) = Engine::new(setup, now(started));
        let mut desk = Self {
            engine,
            disk,
            done,
            reader,
            started,
            replies: Vec::new(),
            local: None,
            keystroke: Keystroke::default(),
            deltas: Vec::new(),
            bytes: 0,
            snapshots: Vec::new(),
        };
        desk.carry_out(first);
        desk
    }

    /// Makes a note with this text and opens it.
    pub fn note(&mut self, body: String) -> Note {
        let Created { note_id } = self.call(CreateNote { folder_id: None, title: "Bench".to_owned(), body });
        let opened = self.call(OpenNote { note_id }).body;
        Note { note_id, session: opened.session, revision: 0, end: opened.text.encode_utf16().count() as u32 }
    }

    /// Types one character at the end of a note, and waits until it is on the disk.
    pub fn press(&mut self, note: &mut Note) -> Keystroke {
        let changes = vec![Replace { from: note.end, to: note.end, insert: "x".to_owned() }];
        let update = TextUpdate { session: note.session.clone(), changes };
        let edit = EditNote { session: note.session.clone(), base_revision: note.revision, updates: vec![update] };
        (note.revision, note.end) = (note.revision + 1, note.end + 1);
        (self.local, self.keystroke) = (None, Keystroke::default());
        let start = Instant::now();
        self.give(Input::Command { call: 1, command: edit.into() });
        self.keystroke.handed = start.elapsed();
        let local = self.local.expect("a keystroke is written");
        loop {
            let (tag, result) = self.done.recv().expect("the disk goes on");
            let at = start.elapsed();
            result.as_ref().expect("the disk takes it");
            self.give(Input::Written { tag, result: Ok(()) });
            if tag == local {
                self.keystroke.durable = at;
                break;
            }
        }
        while self.engine.wake_at().is_some_and(|at| at <= now(self.started).mono) {
            self.give(Input::Tick);
        }
        self.replies.clear();
        self.keystroke
    }

    /// What the store has of a note.
    pub fn stored(&self, note: &Note) -> StoredDocument {
        let doc = stet_store::DocKey { space: self.engine.space(), note: note.note_id };
        self.reader.document(doc).expect("it reads").expect("it is there")
    }

    fn call<C: Call>(&mut self, args: C) -> C::Answer {
        self.replies.clear();
        self.give(Input::Command { call: 1, command: args.into() });
        while self.replies.is_empty() {
            let (tag, result) = self.done.recv().expect("the disk goes on");
            self.give(Input::Written { tag, result: result.map_err(|error| error.to_string()) });
        }
        let answer = self.replies.remove(0).expect("the engine does it");
        C::Answer::try_from(answer).ok().expect("the answer is of its command")
    }

    fn give(&mut self, input: Input) {
        let (start, before) = (Instant::now(), allocations::so_far());
        let outputs = self.engine.handle(input, now(self.started));
        self.keystroke.engine += start.elapsed();
        self.keystroke.allocations += allocations::so_far() - before;
        self.carry_out(outputs);
    }

    fn carry_out(&mut self, outputs: Vec<Output>) {
        let mut queue: VecDeque<Output> = outputs.into();
        while let Some(output) = queue.pop_front() {
            match output {
                Output::Reply { result, .. } => self.replies.push(result),
                Output::Write { tag, writes } => self.submit(tag, writes),
                Output::Load(docs) => {
                    let read = |doc| (doc, self.reader.document(doc).map_err(|error| error.to_string()));
                    let input = Input::Loaded(docs.into_iter().map(read).collect());
                    queue.extend(self.engine.handle(input, now(self.started)));
                }
                _ => {}
            }
        }
    }

    fn submit(&mut self, tag: u64, writes: Vec<Write>) {
        for write in &writes {
            match write {
                Write::Local { delta, head, .. } => {
                    self.local = Some(tag);
                    self.bytes = delta.len() + head.len();
                    self.deltas.push(delta.clone());
                }
                Write::Snapshot { bytes, .. } => {
                    self.keystroke.folded = true;
                    self.snapshots.push(bytes.len());
                }
                _ => {}
            }
        }
        self.disk.submit(tag, writes).expect("the disk has room");
    }
}

fn now(started: Instant) -> Now {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
    Now { mono: started.elapsed().as_millis() as u64, wall }
}

/// A note that is typed into.
pub struct Note {
    note_id: NoteId,
    session: String,
    revision: u32,
    end: u32,
}
