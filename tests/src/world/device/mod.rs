//! A device: the real engine over the real store, and what its system does for it: an alarm, tokens, a channel to the
//! interface; its disk is in `disk`. Never what users do.

mod disk;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;
use std::sync::OnceLock;

use stet_client::api::status::Status;
use stet_client::api::{Answer, Command, CommandError, ErrorCode, Event as Told};
use stet_client::engine::{Engine, FOLD_ENTRIES, Input, Now, Output, Setup};
use stet_model::document::{NoteDocument, Version};
use stet_model::id::{DocKey, NoteId, PeerId};
use stet_store::{Options, Reader, Writer};

pub use self::disk::Reading;
use self::disk::Transaction;
use super::World;
use super::editor::{Editor, Field};
use super::queue::{Event, ForDevice};
use super::reference::{About, Point, Token};
use super::server::{EPOCH, token};
use super::user::Asked;
use crate::disk::{Broken, Disk, VFS};

/// The store's name on a device's disk.
const STORE: &str = "notes.sqlite";

/// Something the interface hears.
pub enum Message {
    /// An answer, and what was asked.
    Answer(Asked, Box<Result<Answer, CommandError>>),
    /// Revisions for an editor.
    Updates(stet_client::api::event::NoteUpdates),
    /// A note is gone for good.
    Gone(NoteId),
}

/// A running process.
pub struct Process {
    /// The engine.
    pub engine: Engine,
    writer: Writer,
    /// Reads beside the engine.
    pub reader: Reader,
    transactions: VecDeque<Transaction>,
    disk_busy: bool,
    /// What was asked and isn't answered.
    asked: BTreeMap<u64, Asked>,
    calls: u64,
    alarm: Option<u64>,
    /// Messages reach the interface in order.
    told_until: u64,
    /// Disk answers reach the engine in order.
    written_until: u64,
    /// The editors of open notes.
    pub editors: BTreeMap<(NoteId, Field), Editor>,
    /// The last status.
    pub status: Option<Status>,
    /// The note whose marks were settled last, and the pieces that were touched by that.
    pub settled: Option<(NoteId, Vec<Token>)>,
}

impl Process {
    /// Whether something isn't answered.
    pub fn is_asked(&self) -> bool {
        !self.asked.is_empty()
    }
}

/// A device, running or not.
pub struct Device {
    disk: Disk,
    /// Counts processes.
    pub life: u32,
    /// Its process.
    pub process: Option<Process>,
    /// Its socket.
    pub link: Option<super::network::LinkId>,
    /// How far its wall clock is from the server's, milliseconds.
    pub wall_off: i64,
    /// It doesn't run before this.
    pub frozen_until: u64,
    /// It has no network before this.
    pub offline_until: u64,
    /// Attempts without network get no answer.
    pub offline_silent: bool,
    /// Everything takes longer before this.
    pub lag_until: u64,
    /// By so much.
    pub lag_ms: u64,
    /// The next so many frames arrive twice.
    pub duplicate: u32,
    /// The next so many frames vanish, up or down.
    pub lose: (bool, u32),
    /// The disk refuses before this.
    pub disk_until: u64,
    /// What it refuses; `None`: it only says so.
    pub broken: Option<Broken>,
    /// Tokens are no good before this.
    pub token_until: u64,
    /// There is none at all.
    pub token_missing: bool,
    /// What is to go wrong with it and had no effect yet.
    pub awaited: BTreeSet<&'static str>,
    /// A copy of its files, and when it was made.
    backup: Option<(Disk, Point)>,
    /// Where and when it held its log against the server's, and what really differed.
    pub compared: BTreeMap<(u64, i64), Result<(), String>>,
    /// Documents that were found to hold what the server had, and at which place.
    pub looked_at: BTreeMap<NoteId, u64>,
}

impl Device {
    /// A device with a store nobody has used.
    ///
    /// # Errors
    /// What the store says.
    pub fn new() -> Result<Self, String> {
        static EMPTY: OnceLock<Result<Disk, String>> = OnceLock::new();
        let empty = EMPTY.get_or_init(|| {
            let disk = Disk::new();
            open(&disk).map(|_| disk)
        });
        Ok(Self::with(empty.as_ref()?.copy()))
    }

    fn with(disk: Disk) -> Self {
        Self {
            disk,
            life: 0,
            process: None,
            link: None,
            wall_off: 0,
            frozen_until: 0,
            offline_until: 0,
            offline_silent: false,
            lag_until: 0,
            lag_ms: 0,
            duplicate: 0,
            lose: (false, 0),
            disk_until: 0,
            broken: None,
            token_until: 0,
            token_missing: false,
            awaited: BTreeSet::new(),
            backup: None,
            compared: BTreeMap::new(),
            looked_at: BTreeMap::new(),
        }
    }

    /// Nothing is wrong with it any more; what already went wrong on a connection stays.
    pub const fn heal(&mut self) {
        (self.frozen_until, self.offline_until, self.lag_until) = (0, 0, 0);
        (self.disk_until, self.token_until, self.duplicate, self.lose.1) = (0, 0, 0, 0);
    }

    /// A note's title as the engine has it, and with everything that is on its disk: rows that wait there go into it
    /// before anything else is done with it.
    pub fn titles(&self, note: NoteId) -> Vec<String> {
        let Some(process) = &self.process else { return Vec::new() };
        let stored = process.reader.document(DocKey { space: process.engine.space(), note }).ok().flatten();
        let on_disk = stored.and_then(|stored| {
            let updates = stored.updates.iter().map(|update| update.ops.as_slice());
            let parts: Vec<&[u8]> = stored.snapshot.as_deref().into_iter().chain(updates).collect();
            NoteDocument::load(&parts, PeerId(1)).ok()
        });
        let in_memory = process.engine.text(note).map(|(title, _)| title);
        on_disk.map(|document| document.title()).into_iter().chain(in_memory).collect()
    }

    /// What the engine holds of a note, or what is on its disk.
    pub fn version(&self, note: NoteId) -> Version {
        let Some(process) = &self.process else { return Version::default() };
        process.engine.version(note).unwrap_or_else(|| {
            let stored = process.reader.document(DocKey { space: process.engine.space(), note });
            let stored = stored.ok().flatten().unwrap_or_default();
            Version::decode(&stored.head).unwrap_or_default()
        })
    }
}

fn open(disk: &Disk) -> Result<(Writer, Reader), String> {
    let options = Options { vfs: Some(VFS.to_owned()), ..Options::default() };
    stet_store::open(Path::new(&disk.path(STORE)), &options).map_err(|error| error.to_string())
}

impl World {
    /// The two clocks of a device.
    pub(super) fn clocks(&self, device: usize) -> Now {
        let now = self.queue.now();
        Now { mono: now, wall: EPOCH + now as i64 + self.devices[device].wall_off }
    }

    /// A device's process starts.
    pub(super) fn start_device(&mut self, device: usize) {
        if self.devices[device].process.is_some() {
            return;
        }
        self.devices[device].life += 1;
        let (writer, reader) = match open(&self.devices[device].disk) {
            Ok(opened) => opened,
            Err(error) => return self.fail(format!("device {device} can't open its store: {error}")),
        };
        let boot = match writer.boot() {
            Ok(boot) => boot,
            Err(error) => return self.fail(format!("device {device} can't read its store: {error}")),
        };
        let mut seed = [0; 32];
        self.dice.fill(&mut seed);
        let setup = Setup {
            server_url: Some("ws://the.server".to_owned()),
            device_name: format!("device {device}"),
            platform: "simulated".to_owned(),
            app_version: "0".to_owned(),
            fold_entries: [3, 24, FOLD_ENTRIES][(self.plan.seed / 3 % 3) as usize],
            ..Setup::new(boot, seed)
        };
        let (engine, outputs) = Engine::new(setup, self.clocks(device));
        self.note(|| format!("d{device} starts"));
        self.devices[device].process = Some(Process {
            engine,
            writer,
            reader,
            transactions: VecDeque::new(),
            disk_busy: false,
            asked: BTreeMap::new(),
            calls: 0,
            alarm: None,
            told_until: 0,
            written_until: 0,
            editors: BTreeMap::new(),
            status: None,
            settled: None,
        });
        let (holds, library) = (&self.devices[device], self.server.library_id());
        self.reference.starts(device, |about| match about {
            About::Note(note) => holds.version(note),
            About::Library | About::Unknown => holds.version(library),
        });
        self.carry_out(device, outputs);
    }

    /// A device's process ends, just so, after so many of the waiting transactions; or the whole machine does.
    pub(super) fn end_device(&mut self, device: usize, jobs: u8, power: bool) {
        for _ in 0..jobs {
            let Some(process) = &mut self.devices[device].process else { return };
            if let Some(Transaction { writes, .. }) = process.transactions.pop_front() {
                self.commit(device, &writes).ok();
            }
        }
        if power {
            let dice = &mut self.disks;
            self.devices[device].looked_at.clear();
            self.devices[device].disk.cut(&mut |below| dice.below(below));
        } else {
            self.devices[device].disk.abandon();
        }
        if self.devices[device].process.take().is_some() {
            self.note(|| format!("d{device} ends"));
            self.drop_link(device);
            self.reference.ended(device);
        }
    }

    /// Somebody copies a device's files aside.
    pub(super) fn back_up(&mut self, device: usize) {
        let copy = (self.devices[device].disk.copy(), self.reference.point(device));
        self.devices[device].backup = Some(copy);
    }

    /// A device's files are those of its backup, if there is one, and its process has ended.
    pub(super) fn restore_device(&mut self, device: usize) -> bool {
        let Some((copy, point)) = &self.devices[device].backup else { return false };
        let (copy, point) = (copy.copy(), point.clone());
        self.end_device(device, 0, false);
        self.devices[device].disk.restore(&copy);
        self.devices[device].looked_at.clear();
        self.reference.restored(device, &point);
        self.note(|| format!("d{device} is what it was"));
        true
    }

    /// A device's files on another machine, where they go on beside the old one's.
    pub(super) fn twin(&mut self, device: usize) {
        let mut twin = Device::with(self.devices[device].disk.copy());
        twin.compared.clone_from(&self.devices[device].compared);
        self.devices.push(twin);
        let twin = self.devices.len() - 1;
        self.reference.copied(device);
        self.reference.copied(twin);
        self.start_device(twin);
    }

    /// Whether the engine takes frames now.
    pub(super) fn takes_frames(&self, device: usize) -> bool {
        self.devices[device].process.as_ref().is_none_or(|process| process.engine.takes_frames())
    }

    /// Something happens to the engine.
    pub(super) fn input(&mut self, device: usize, input: Input) {
        let now = self.clocks(device);
        self.note(|| format!("d{device} < {}", super::trace::input(&input)));
        let Some(process) = &mut self.devices[device].process else { return };
        let outputs = process.engine.handle(input, now);
        self.carry_out(device, outputs);
    }

    /// A user asks for something. What was asked comes back with the answer.
    pub(super) fn ask(&mut self, device: usize, command: Command, asked: Asked) {
        self.ask_with(device, |call| Input::Command { call, command }, asked);
    }

    /// The same, with what the client makes of a command.
    pub(super) fn ask_with(&mut self, device: usize, input: impl FnOnce(u64) -> Input, asked: Asked) {
        let Some(process) = &mut self.devices[device].process else { return };
        process.calls += 1;
        let call = process.calls;
        process.asked.insert(call, asked);
        self.input(device, input(call));
    }

    /// The engine's alarm.
    pub(super) fn alarm(&mut self, device: usize) {
        let now = self.queue.now();
        let Some(process) = &mut self.devices[device].process else { return };
        if process.alarm.is_some_and(|at| at <= now) {
            process.alarm = None;
        }
        self.input(device, Input::Tick);
    }

    fn carry_out(&mut self, device: usize, outputs: Vec<Output>) {
        for output in outputs {
            self.carry_out_one(device, output);
        }
        let now = self.queue.now();
        let Some(process) = &mut self.devices[device].process else { return };
        if let Some(at) = process.engine.wake_at()
            && process.alarm.is_none_or(|set| at < set)
        {
            process.alarm = Some(at);
            self.for_device(device, at.max(now + 1), ForDevice::Tick);
        }
        let saved = self.devices[device].process.as_ref().is_some_and(|process| process.engine.is_saved());
        if saved {
            self.reference.saved(device, None);
        }
    }

    fn carry_out_one(&mut self, device: usize, output: Output) {
        let now = self.queue.now();
        self.note(|| format!("d{device} > {}", super::trace::output(&output)));
        match output {
            Output::Reply { call, result } => self.answered(device, call, result),
            Output::Emit(event) => self.told(device, event),
            Output::Write { tag, writes } => self.write(device, Transaction { tag, writes }),
            Output::Load(docs) => self.read_soon(device, Reading::Documents(docs)),
            Output::ReadStanding { space, after } => self.read_soon(device, Reading::Standing(space, after)),
            Output::ReadLedger(space) => self.read_soon(device, Reading::Ledger(space)),
            Output::ReadWaiting => self.read_soon(device, Reading::Waiting),
            Output::Copy(cause) => self.read_soon(device, Reading::Copy(cause)),
            Output::Open { .. } => self.open_link(device),
            Output::Send(frame) => self.send_frame(device, frame),
            // Level 1's heartbeat; the engines here speak level 2.
            Output::Ping => {}
            Output::CloseSocket { code } => self.close_link(device, code),
            Output::FetchToken { .. } => {
                if now < self.devices[device].token_until {
                    self.affects(device, "Token");
                }
                let token = self.token_for(device);
                let at = now + self.dice.within((1, 40));
                self.for_device(device, at, ForDevice::Input(Box::new(Input::Token(token))));
            }
            Output::LeaveReport { name, .. } => self.found_differing(device, &name),
            Output::Tray(_) | Output::Notify(_) | Output::Badge(_) | Output::Show(_) | Output::Lists(_) => {}
        }
    }

    fn token_for(&self, device: usize) -> Result<String, String> {
        let (now, state) = (self.queue.now(), &self.devices[device]);
        let server = self.server.time(now).wall;
        match (now < state.token_until, state.token_missing) {
            (true, true) => Err("nobody is signed in".to_owned()),
            (true, false) => Ok(token(server - 1)),
            _ => Ok(token(server + self.plan.config.token_ms as i64)),
        }
    }

    fn answered(&mut self, device: usize, call: u64, result: Result<Answer, CommandError>) {
        let Some(asked) = self.devices[device].process.as_mut().and_then(|process| process.asked.remove(&call)) else {
            return self.fail(format!("device {device} answered call {call}, which nobody waits for"));
        };
        if let Err(error) = &result
            && matches!(error.code, ErrorCode::Internal)
        {
            self.fail(format!("device {device} answers: {}", error.message));
        }
        self.remember_answer(device, &asked, &result);
        self.tell_interface(device, Message::Answer(asked, Box::new(result)));
    }

    fn tell_interface(&mut self, device: usize, message: Message) {
        let delay = self.dice.within((0, 4));
        let now = self.queue.now();
        let Some(process) = &mut self.devices[device].process else { return };
        process.told_until = process.told_until.max(now + delay);
        let at = process.told_until;
        self.for_device(device, at, ForDevice::Message(Box::new(message)));
    }

    fn told(&mut self, device: usize, event: Told) {
        match event {
            Told::NoteUpdates(updates) => self.tell_interface(device, Message::Updates(updates)),
            Told::NoteDeleted(change) if change.purged => self.tell_interface(device, Message::Gone(change.note_id)),
            Told::NoteRow(row) if row.dots.disk => self.reference.saved(device, Some(About::Note(row.id))),
            Told::Status(status) => {
                self.check_status(device, &status);
                let Some(process) = &mut self.devices[device].process else { return };
                let before = process.status.replace(*status);
                self.consider_question(device, before.is_some_and(|before| before.decision.is_some()));
            }
            Told::Error(error) => {
                let harsh = self.plan.config.duplicates > 0 || self.counts.harsh();
                let diverged = error.code == ErrorCode::DivergedLog && !self.server.has_backup();
                let grave = diverged || error.code == ErrorCode::Internal;
                if grave || (matches!(error.code, ErrorCode::Protocol) && !harsh) {
                    self.fail(format!("device {device} reports: {}", error.message));
                }
            }
            _ => {}
        }
    }

    /// Something is due for a device's process; when it doesn't run now, it is due when it does.
    pub(super) fn device_event(&mut self, device: usize, life: u32, what: ForDevice) {
        let state = &self.devices[device];
        if state.life != life || state.process.is_none() {
            return;
        }
        if self.queue.now() < state.frozen_until {
            let at = state.frozen_until;
            self.affects(device, "Freeze");
            return self.queue.put(at, Event::Device { device, life, what });
        }
        match what {
            ForDevice::Input(input) => self.input(device, *input),
            ForDevice::Tick => self.alarm(device),
            ForDevice::Disk => self.disk(device),
            ForDevice::Read(reading) => self.read(device, *reading),
            ForDevice::Message(message) => self.hear(device, *message),
            ForDevice::Flush(note, field) => self.flush(device, note, field),
            ForDevice::Key(burst) => self.key(device, *burst),
            ForDevice::Decide => self.decide(device),
        }
    }
}
