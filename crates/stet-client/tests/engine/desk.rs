//! A desk with one device on it: an engine, its store, and whoever uses them. Disk and clock do what the test says.

use std::collections::VecDeque;

use stet_client::api::command::{Call, Created, EditNote, OpenNote};
use stet_client::api::note::{OpenedNote, Replace, TextUpdate};
use stet_client::api::status::Status;
use stet_client::api::{Answer, Command, CommandError, Event};
use stet_client::desktop::Notice;
use stet_client::engine::{Ended, Engine, FOLD_ENTRIES, Home, Input, ListContext, Mark, Now, Output, Setup};
use stet_model::document::{NoteDocument, Version};
use stet_model::id::{DocKey, NoteId, PeerId};
use stet_protocol::codec::Frame;
use stet_store::{ListQuery, ListView, Options, Reader, Write, Writer, open};
use tempfile::TempDir;

pub struct Desk {
    pub engine: Engine,
    pub now: Now,
    pub events: Vec<Event>,
    pub notices: Vec<Notice>,
    pub opened: Vec<String>,
    /// Files left in the data folder.
    pub reports: Vec<(String, String)>,
    pub sent: VecDeque<Frame>,
    /// WebSocket Pings.
    pub pings: u32,
    /// Disk jobs that fail, counted down.
    pub failures: u32,
    /// Jobs with an edit of this note fail.
    pub refused: Option<NoteId>,
    /// Copies of the store that were asked for.
    pub copies: u32,
    /// Copies can't be made.
    pub no_room: bool,
    /// Documents can't be read.
    pub unreadable: bool,
    /// Disk jobs wait until [`Desk::disk`] when set.
    pub slow_disk: bool,
    pub jobs: VecDeque<(u64, Vec<Write>)>,
    pub token: Result<String, String>,
    replies: Vec<(u64, Result<Answer, CommandError>)>,
    lists: Option<ListContext>,
    next_call: u64,
    writer: Writer,
    pub reader: Reader,
    /// Where the store is.
    pub home: Home,
    /// Where the next process is told that this one ended.
    pub ended: Option<Ended>,
    server_url: Option<String>,
    folder: TempDir,
    seed: u8,
}

/// What a process left behind for the next.
#[derive(Debug)]
struct Left(Option<Ended>);

impl Mark for Left {
    fn ended(&self) -> Option<Ended> {
        self.0
    }

    fn begin(&mut self, _: DocKey) {}

    fn end(&mut self) {}

    fn suspect(&mut self, _: Option<DocKey>) {}
}

impl Desk {
    /// A new device without a server.
    pub fn new() -> Self {
        Self::with_server(None)
    }

    pub fn with_server(server_url: Option<&str>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self::over(folder, server_url.map(ToOwned::to_owned), 1, 0, (Home::default(), None))
    }

    /// A new device whose disk takes nothing at first.
    pub fn on_a_full_disk(failures: u32) -> Self {
        Self::over(tempfile::tempdir().expect("a folder"), None, 1, failures, (Home::default(), None))
    }

    fn over(
        folder: TempDir,
        server_url: Option<String>,
        seed: u8,
        failures: u32,
        (home, ended): (Home, Option<Ended>),
    ) -> Self {
        let (writer, reader) = open(&folder.path().join("notes.sqlite"), &Options::default()).expect("opens");
        let setup = Setup {
            boot: writer.boot().expect("reads"),
            home: home.clone(),
            mark: Box::new(Left(ended)),
            server_url: server_url.clone(),
            device_name: "Desk".into(),
            platform: "test".into(),
            app_version: "0.0.0".into(),
            seed: [seed; 32],
            fold_entries: FOLD_ENTRIES,
        };
        let now = Now { mono: 0, wall: 1_800_000_000_000 };
        let (engine, first) = Engine::new(setup, now);
        let mut desk = Self {
            engine,
            now,
            events: Vec::new(),
            notices: Vec::new(),
            opened: Vec::new(),
            reports: Vec::new(),
            sent: VecDeque::new(),
            pings: 0,
            failures,
            refused: None,
            copies: 0,
            no_room: false,
            unreadable: false,
            slow_disk: false,
            jobs: VecDeque::new(),
            token: Ok("token".into()),
            replies: Vec::new(),
            lists: None,
            next_call: 0,
            writer,
            reader,
            home,
            ended: None,
            server_url,
            folder,
            seed,
        };
        desk.carry_out(first);
        desk
    }

    /// Something writes into the store that shouldn't have.
    pub fn tamper(&mut self, writes: &[Write]) {
        self.writer.commit(writes).expect("writes");
    }

    /// The process dies; what isn't on disk is gone. Another one starts.
    pub fn crash(self) -> Self {
        self.crash_with(0)
    }

    /// The same, and the disk takes nothing at first.
    pub fn crash_with(self, failures: u32) -> Self {
        let Self { engine, writer, reader, folder, server_url, seed, home, ended, .. } = self;
        drop((engine, writer, reader));
        Self::over(folder, server_url, seed + 1, failures, (home, ended))
    }

    pub fn give(&mut self, input: Input) {
        let outputs = self.engine.handle(input, self.now);
        self.carry_out(outputs);
    }

    fn carry_out(&mut self, outputs: Vec<Output>) {
        let mut queue: VecDeque<Output> = outputs.into();
        while let Some(output) = queue.pop_front() {
            let input = match output {
                Output::Reply { call, result } => {
                    self.replies.push((call, result));
                    continue;
                }
                Output::Emit(event) => {
                    self.events.push(event);
                    continue;
                }
                Output::Notify(notice) => {
                    self.notices.push(notice);
                    continue;
                }
                Output::Write { tag, writes } => {
                    self.jobs.push_back((tag, writes));
                    if self.slow_disk {
                        continue;
                    }
                    queue.extend(self.one_job());
                    continue;
                }
                Output::Load(docs) => {
                    let read = |doc| match self.unreadable {
                        false => (doc, self.reader.document(doc).map_err(|error| error.to_string())),
                        true => (doc, Err("the disk doesn't answer.".to_owned())),
                    };
                    Input::Loaded(docs.into_iter().map(read).collect())
                }
                Output::ReadStanding { space, after } => {
                    Input::Standing { space, after, standing: self.readable(|reader| reader.standing(space)) }
                }
                Output::ReadWaiting => Input::Waiting(Some(self.reader.waiting().expect("readable"))),
                Output::Copy(cause) => {
                    self.copies += 1;
                    let copy = if self.no_room { Err("the disk is full.".to_owned()) } else { Ok("a copy".to_owned()) };
                    Input::Copied(cause, copy)
                }
                Output::ReadLedger(space) => Input::Ledger(space, self.readable(|reader| reader.ledger(space))),
                Output::LeaveReport { name, text } => {
                    self.reports.push((name, text));
                    continue;
                }
                Output::Open { url } => {
                    self.opened.push(url);
                    continue;
                }
                Output::Ping => {
                    self.pings += 1;
                    continue;
                }
                Output::Send(frame) => {
                    self.sent.push_back(frame);
                    continue;
                }
                Output::FetchToken { .. } => Input::Token(self.token.clone()),
                Output::Lists(context) => {
                    self.lists = Some(context);
                    continue;
                }
                Output::Tray(_) | Output::Badge(_) | Output::Show(_) | Output::CloseSocket { .. } => continue,
            };
            queue.extend(self.engine.handle(input, self.now));
        }
    }

    fn readable<T, E>(&self, read: impl FnOnce(&Reader) -> Result<T, E>) -> Option<T> {
        read(&self.reader).ok().filter(|_| !self.unreadable)
    }

    fn one_job(&mut self) -> Vec<Output> {
        let Some((tag, writes)) = self.jobs.pop_front() else { return Vec::new() };
        let refused = |write: &Write| matches!(write, Write::Local { doc, .. } if Some(doc.note) == self.refused);
        let result = if self.failures > 0 {
            self.failures -= 1;
            Err("the disk is full.".to_owned())
        } else if writes.iter().any(refused) {
            Err("the disk has a bad block.".to_owned())
        } else {
            self.writer.commit(&writes).map_err(|error| error.to_string())
        };
        self.engine.handle(Input::Written { tag, result }, self.now)
    }

    /// A slow disk does one job.
    pub fn disk(&mut self) {
        let outputs = self.one_job();
        self.carry_out(outputs);
    }

    /// Lets this much time pass, with every timer in between.
    pub fn wait(&mut self, ms: u64) {
        let end = self.now.mono + ms;
        while let Some(at) = self.engine.wake_at().filter(|at| *at <= end) {
            let step = at.saturating_sub(self.now.mono).max(1);
            self.now = Now { mono: self.now.mono + step, wall: self.now.wall + step as i64 };
            self.give(Input::Tick);
        }
        let rest = end.saturating_sub(self.now.mono);
        self.now = Now { mono: end.max(self.now.mono), wall: self.now.wall + rest as i64 };
    }

    /// Runs a command; `None` when it isn't answered at once.
    pub fn ask<C: Call>(&mut self, args: C) -> Option<Result<C::Answer, CommandError>> {
        let command: Command = args.into();
        self.ask_with::<C>(|call| Input::Command { call, command })
    }

    /// The same, with what the client makes of the command.
    pub fn ask_with<C: Call>(&mut self, input: impl FnOnce(u64) -> Input) -> Option<Result<C::Answer, CommandError>> {
        self.next_call += 1;
        let call = self.next_call;
        self.give(input(call));
        self.answer::<C>(call)
    }

    fn answer<C: Call>(&mut self, call: u64) -> Option<Result<C::Answer, CommandError>> {
        let place = self.replies.iter().position(|(answered, _)| *answered == call)?;
        let (_, result) = self.replies.remove(place);
        Some(result.map(|answer| C::Answer::try_from(answer).ok().expect("the answer is of its command")))
    }

    pub fn call<C: Call>(&mut self, args: C) -> C::Answer {
        self.ask(args).expect("answered at once").expect("succeeds")
    }

    pub fn create(&mut self, title: &str, body: &str) -> NoteId {
        let args = stet_client::api::command::CreateNote { folder_id: None, title: title.into(), body: body.into() };
        let Created { note_id } = self.call(args);
        note_id
    }

    /// Makes a note whose answer comes later, or is that it isn't on disk yet.
    pub fn create_unsaved(&mut self, title: &str) {
        let args = stet_client::api::command::CreateNote { folder_id: None, title: title.into(), body: String::new() };
        drop(self.ask(args));
    }

    pub fn open(&mut self, note_id: NoteId) -> OpenedNote {
        self.call(OpenNote { note_id })
    }

    pub fn rows(&self, view: ListView) -> Vec<String> {
        self.list(view, "")
    }

    /// The titles of what a search finds.
    pub fn found(&self, search: &str) -> Vec<String> {
        self.list(ListView::All, search)
    }

    fn list(&self, view: ListView, search: &str) -> Vec<String> {
        let query = ListQuery { space: self.engine.space(), view, search: search.into(), after: None, limit: 200 };
        self.reader.list(&query).expect("reads").rows.into_iter().map(|row| row.fields.title).collect()
    }

    pub fn body(&mut self, note: NoteId) -> String {
        self.open(note).body.text
    }

    /// Everything of a note, as it would be sent.
    pub fn version_of(&self, note: NoteId) -> Vec<u8> {
        let key = DocKey { space: self.engine.space(), note };
        let stored = self.reader.document(key).expect("reads").expect("is there");
        let updates = stored.updates.iter().map(|update| update.ops.as_slice());
        let parts: Vec<&[u8]> = stored.snapshot.as_deref().into_iter().chain(updates).collect();
        let document = NoteDocument::load(&parts, PeerId(1)).expect("loads");
        document.export(&Version::default())
    }

    /// The newest status told.
    pub fn status(&mut self) -> Status {
        self.wait(200);
        let last = self.events.iter().rev().find_map(|event| match event {
            Event::Status(status) => Some(status.as_ref().clone()),
            _ => None,
        });
        last.expect("a status was told")
    }
}

/// An edit of one keystroke.
pub fn typed(session: &str, base_revision: u32, from: u32, to: u32, insert: &str) -> EditNote {
    let changes = vec![Replace { from, to, insert: insert.into() }];
    let updates = vec![TextUpdate { session: session.into(), changes }];
    EditNote { session: session.into(), base_revision, updates }
}
