//! The engine: one plain function from what happened to what is to be done. It owns the documents in memory, the editing
//! sessions and the device's side of the connection; the store, the socket and the tokens are reached by values. No
//! async, no clock, no files: a loop feeds it in the app, a simulated world in tests.

mod binding;
mod change;
mod compare;
mod decisions;
mod documents;
mod editing;
mod folders;
mod history;
mod identity;
mod index;
mod io;
mod level1;
mod merged;
mod notices;
mod progress;
mod purge;
mod push;
mod rebuild;
mod remote;
mod report;
mod unsent;

use std::collections::{BTreeMap, BTreeSet};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use stet_model::document::Version;
use stet_model::id::{DeviceId, DocKey, FolderId, NoteId, PeerId, SpaceId};
use stet_model::mutant::{self, Mutant};
use stet_sync::device::Device;

use crate::api::note::Settings;
use crate::api::{Answer, CommandError, ErrorCode, Event};
use crate::record::Recorder;

pub use binding::Binding;
pub(crate) use binding::{SALVAGED, SPACE};
pub use documents::aborted::{Ended, Mark, NoMark};
pub(crate) use documents::read_note;
pub use identity::{Folder, Home};
pub use io::{FOLD_ENTRIES, Input, Now, Occasion, Output, Setup};
pub use report::ListContext;
pub(crate) use unsent::stopped;

use documents::Documents;
use documents::aborted::Reading;
use documents::writing::Writing;
use editing::session::Session;
use identity::Identity;
use notices::Notices;
use report::Report;
use unsent::size::NOTE_BYTES;

/// The engine.
pub struct Engine {
    random: ChaCha8Rng,
    setup: Identity,
    settings: Settings,
    binding: Option<Binding>,
    space: SpaceId,
    device: Device,
    documents: Documents,
    reading: Reading,
    sessions: BTreeMap<String, Session>,
    next_session: u64,
    folders: BTreeSet<FolderId>,
    ledger: Ledger,
    index: index::Index,
    comparison: compare::Comparison,
    decisions: decisions::Decisions,
    rebuild: rebuild::Rebuild,
    /// A copy was made of what came through level 1.
    copied_apart: bool,
    merged: merged::Merged,
    pace: progress::Pace,
    writing: Writing,
    report: Report,
    notices: Notices,
    level1_notes: BTreeMap<NoteId, level1::Level1Note>,
    level1_folders: level1::folders::Level1Folders,
    recorder: Recorder,
    /// What to add to this device's wall clock to get the server's time.
    server_offset_ms: i64,
    note_bytes: u64,
    fold_entries: usize,
    /// Who writes in a document that comes into memory.
    peer: PeerId,
    outputs: Vec<Output>,
}

/// The documents that aren't simply synced.
#[derive(Debug, Default)]
struct Ledger {
    /// With something that isn't on disk.
    unsaved: BTreeSet<DocKey>,
    unsent: BTreeSet<DocKey>,
    held: BTreeMap<DocKey, stet_store::Held>,
    /// Removals asked for, with the last seq the user had seen.
    purges: BTreeMap<DocKey, u64>,
    /// Of these, asked for in an earlier process: what came since has to be looked at first.
    purges_to_resume: BTreeSet<DocKey>,
    /// Of these, refused because of something newer, which is being fetched.
    purges_to_look_at: BTreeSet<DocKey>,
    /// Kept copies of notes that were removed elsewhere, and the new notes on their way to the disk that they became.
    restored: BTreeMap<DocKey, NoteId>,
    /// With another history than the server's: they came through level 1.
    apart: BTreeSet<DocKey>,
}

impl Engine {
    /// An engine over a store, and what it wants done first.
    pub fn new(setup: Setup, now: Now) -> (Self, Vec<Output>) {
        let mut random = ChaCha8Rng::from_seed(setup.seed);
        let identity = Identity::read(&setup, &mut random, now);
        let meta = binding::Meta::read(&setup.boot.meta, &mut random, now);
        let peer = match mutant::is(Mutant::PeerFromDevice) {
            false => PeerId(random.next_u64()),
            true => PeerId(u64::from_le_bytes(identity.device_id.as_bytes()[8..].try_into().unwrap_or_default())),
        };
        let device = binding::machine(&setup, identity.device_id, &meta, random.next_u64());
        let mut engine = Self {
            random,
            setup: identity,
            settings: meta.settings.clone(),
            space: meta.space,
            binding: meta.binding.clone(),
            device,
            documents: Documents::default(),
            reading: Reading::new(setup.mark),
            sessions: BTreeMap::new(),
            next_session: 0,
            folders: BTreeSet::new(),
            ledger: Ledger::default(),
            index: index::Index::default(),
            comparison: compare::Comparison::default(),
            decisions: decisions::Decisions::default(),
            rebuild: rebuild::Rebuild::after(meta.rebuild.clone()),
            copied_apart: false,
            merged: merged::Merged::default(),
            pace: progress::Pace::default(),
            writing: Writing::default(),
            report: Report::new(meta.last_sync, meta.binding.is_some()),
            notices: Notices::default(),
            level1_notes: BTreeMap::new(),
            level1_folders: level1::folders::Level1Folders::default(),
            recorder: Recorder::default(),
            server_offset_ms: 0,
            note_bytes: NOTE_BYTES,
            fold_entries: setup.fold_entries,
            peer,
            outputs: Vec::new(),
        };
        engine.start(setup.boot, meta, now);
        engine.finish(now);
        let outputs = engine.take_outputs();
        (engine, outputs)
    }

    /// Handles one thing that happened.
    pub fn handle(&mut self, input: Input, now: Now) -> Vec<Output> {
        match input {
            Input::Command { call, command } => self.command(call, command, now),
            Input::Restore { call, restoring } => self.restore_version(call, restoring, now),
            Input::Opened => self.device.opened(now.mono),
            Input::Frame(frame) => {
                self.recorder.frame("←", &frame, now);
                self.device.received(&frame, now.mono);
            }
            Input::Alive => self.device.alive(now.mono),
            Input::Moving => self.device.moving(now.mono),
            Input::Via(proxy) => self.report.proxy = proxy,
            Input::Failed(failure) => self.unopened(&failure, now),
            Input::Closed { code, reason } => {
                self.recorder.note(&format!("closed: {code:?} {reason}"), now);
                self.keep_sync_time();
                self.rebuild.interrupted();
                self.device.closed(code, &reason, now.mono);
            }
            Input::Token(token) => self.device.token(token, now.mono),
            Input::Loaded(loaded) => self.loaded(loaded, now),
            Input::Standing { space, after, standing } => self.standing(space, after, standing, now),
            Input::Waiting(waiting) => self.waiting(waiting.as_ref(), now),
            Input::Copied(Occasion::Decision, result) => self.copied(result, now),
            Input::Copied(Occasion::Comparison, result) => self.copied_for_comparing(result.err(), now),
            Input::Copied(Occasion::Adoption, result) => self.copied_for_adopting(result.err()),
            Input::Ledger(space, ledger) => self.ledger_read(space, ledger.as_deref(), now),
            Input::Written { tag, result } => self.written(tag, result, now),
            Input::Tick => {}
            Input::NetworkUp => self.network_up(now),
            Input::Ending => self.keep_sync_time(),
            Input::PageGone => self.page_gone(now),
            Input::Show(note) => self.outputs.push(Output::Show(note)),
        }
        self.finish(now);
        self.take_outputs()
    }

    /// Tells the engine which notes were changed last, newest first, with their titles.
    pub fn remember(&mut self, recent: Vec<(NoteId, String)>) {
        self.report.remember(recent);
    }

    /// When [`Input::Tick`] is due, monotonic milliseconds.
    pub fn wake_at(&self) -> Option<u64> {
        let times = [
            self.device.wake_at(),
            self.report.wake_at(),
            self.writing.wake_at(),
            self.index.wake_at(),
            self.notices.wake_at(),
            self.merged.wake_at(),
            self.removals_wake_at(),
        ];
        times.into_iter().flatten().min()
    }

    /// Whether more frames may be given: with too many rows waiting to be imported, the socket has to wait.
    pub fn takes_frames(&self) -> bool {
        self.documents.takes_rows()
    }

    /// What this process wrote in a document may be gone from here, and still be somewhere: should that document come again
    /// without it, nothing may be written in it under the same names.
    fn renew_peer(&mut self) -> PeerId {
        if !mutant::is(Mutant::PeerFromDevice) {
            self.peer = PeerId(self.random.next_u64());
        }
        self.peer
    }

    /// Whether everything typed and decided is on disk.
    pub fn is_saved(&self) -> bool {
        self.writing.is_done() && self.ledger.unsaved.is_empty()
    }

    /// How many documents have something that isn't on disk.
    pub fn unsaved(&self) -> u32 {
        self.ledger.unsaved.len() as u32
    }

    /// How many notes the server hasn't confirmed; 0 without a server.
    pub fn unsent(&self) -> u32 {
        if self.server_url().is_some() { self.unsent_count() } else { 0 }
    }

    /// The space whose notes are shown.
    pub const fn space(&self) -> SpaceId {
        self.space
    }

    /// This installation.
    pub const fn device_id(&self) -> DeviceId {
        self.setup.device_id
    }

    /// How many editing sessions are open.
    pub fn sessions(&self) -> usize {
        self.sessions.len()
    }

    /// How many documents are in memory.
    pub fn documents_in_memory(&self) -> usize {
        self.documents.count()
    }

    /// The text of a note as this device has it in memory; for tests and exports.
    pub fn text(&self, note: NoteId) -> Option<(String, String)> {
        let live = self.documents.get(DocKey { space: self.space, note })?;
        let stet_model::document::Document::Note(document) = &live.document else {
            return None;
        };
        Some((document.title(), document.body()))
    }

    /// Which operations of a document this device has in memory; for tests.
    pub fn version(&self, note: NoteId) -> Option<Version> {
        let live = self.documents.get(DocKey { space: self.space, note })?;
        Some(live.document.head())
    }

    /// Carries out what the machine and the timers ask for, until nothing is left.
    fn finish(&mut self, now: Now) {
        if self.device.wake_at().is_some_and(|at| now.mono >= at) {
            self.device.tick(now.mono);
        }
        self.retry_writes(now);
        self.index_idle(now);
        self.push_after_pull(now);
        self.keep_next(now);
        self.consider_rebuild(now);
        loop {
            let asked = self.device.drain();
            if asked.is_empty() {
                break;
            }
            for output in asked {
                self.carry_out(output, now);
            }
        }
        self.consider_marks(now);
        self.device.set_unsent((self.ledger.unsent.len() + self.ledger.purges.len()) as u64);
        self.go_on_deciding(now);
        self.flush_writes(now);
        self.flush_loads();
        self.consider_standing();
        self.consider_decisions(now);
        self.documents.evict(&self.device, now.mono);
        self.tell_notices(now);
        self.keep_pace(now);
        self.report_changes(now);
    }

    fn take_outputs(&mut self) -> Vec<Output> {
        std::mem::take(&mut self.outputs)
    }

    fn reply(&mut self, call: u64, answer: impl Into<Answer>) {
        self.outputs.push(Output::Reply { call, result: Ok(answer.into()) });
    }

    fn refuse(&mut self, call: u64, code: ErrorCode, message: impl Into<String>) {
        self.outputs.push(Output::Reply { call, result: Err(CommandError::new(code, message)) });
    }

    fn emit(&mut self, event: Event) {
        self.outputs.push(Output::Emit(event));
    }

    const fn doc(&self, note: NoteId) -> DocKey {
        DocKey { space: self.space, note }
    }

    const fn library_doc(&self) -> DocKey {
        DocKey { space: self.space, note: self.space.library() }
    }

    /// The server in use: the user's own choice (also the one for none), else the configuration's.
    fn server_url(&self) -> Option<&str> {
        match self.settings.server_url.as_deref() {
            Some("") => None,
            Some(url) => Some(url),
            None => self.setup.server_url.as_deref(),
        }
    }

    /// The time to write into histories: the server's, once it is known.
    const fn commit_time(&self, now: Now) -> i64 {
        now.wall + self.server_offset_ms
    }

    fn fresh_id_bytes(&mut self) -> [u8; 10] {
        let mut bytes = [0; 10];
        self.random.fill_bytes(&mut bytes);
        bytes
    }

    fn network_up(&mut self, now: Now) {
        if self.server_url().is_some() {
            self.device.network_up(now.mono);
        }
    }
}
