//! The loop around the engine: feeds it what happens and carries out what it asks. Decides nothing.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use stet_model::id::{DocKey, SpaceId};
use stet_store::{DiskThread, Reader, SubmitError, Write};
use tokio::sync::{mpsc, oneshot, watch};

use crate::api::{Answer, Command, CommandError, Event};
use crate::client::{Left, SAVE_TIME};
use crate::config::TokenSource;
use crate::desktop::Desktop;
use crate::engine::{Engine, Input, ListContext, Now, Occasion, Output};
use crate::folder::copies;
use crate::history::Restoring;
use crate::network::socket::{Socket, SocketEvent};
use crate::network::{Network, route};
use crate::token;
use crate::words::connection;

/// Closing the database may take this long after everything was written: the log is folded into it.
const CLOSE_TIME: Duration = Duration::from_secs(2);

/// Something for the loop.
pub(crate) enum Order {
    Call(Command, oneshot::Sender<Result<Answer, CommandError>>),
    Restore(Restoring, oneshot::Sender<Result<Answer, CommandError>>),
    Input(Input),
    /// Save everything, close, and say how much is unsent.
    End(oneshot::Sender<Left>),
}

/// A finished disk job.
pub(crate) type Done = (u64, Result<(), String>);

/// Everything the loop works with.
pub(crate) struct Loop {
    pub(crate) engine: Engine,
    pub(crate) started: Instant,
    /// The data folder.
    pub(crate) folder: PathBuf,
    pub(crate) desktop: Arc<dyn Desktop>,
    pub(crate) disk: DiskThread,
    pub(crate) done: mpsc::UnboundedReceiver<Done>,
    pub(crate) reader: Reader,
    pub(crate) token: TokenSource,
    pub(crate) network: Arc<Network>,
    pub(crate) orders: mpsc::Receiver<Order>,
    pub(crate) lists: watch::Sender<ListContext>,
}

/// The clocks, counted from the start of the loop.
pub(crate) fn now(started: Instant) -> Now {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
    Now { mono: started.elapsed().as_millis() as u64, wall }
}

struct State {
    calls: BTreeMap<u64, oneshot::Sender<Result<Answer, CommandError>>>,
    next_call: u64,
    socket: Option<Socket>,
    /// Jobs the disk had no room for; in order, before any newer one.
    overflow: VecDeque<(u64, Vec<Write>)>,
    inputs: VecDeque<Input>,
    loaded: mpsc::UnboundedSender<Input>,
    synced: bool,
}

impl State {
    fn new_call(&mut self, answer: oneshot::Sender<Result<Answer, CommandError>>) -> u64 {
        self.next_call += 1;
        self.calls.insert(self.next_call, answer);
        self.next_call
    }
}

impl Loop {
    /// Runs until told to end.
    pub(crate) async fn run(mut self, first: Vec<Output>) {
        let (loaded, mut loads) = mpsc::unbounded_channel();
        let mut state = State {
            calls: BTreeMap::new(),
            next_call: 0,
            socket: None,
            overflow: VecDeque::new(),
            inputs: VecDeque::new(),
            loaded,
            synced: false,
        };
        self.carry_out(first, &mut state);
        let ended = loop {
            while let Some(input) = state.inputs.pop_front() {
                let outputs = self.engine.handle(input, now(self.started));
                self.carry_out(outputs, &mut state);
            }
            let wake = self.engine.wake_at().map(|at| self.started + Duration::from_millis(at));
            let sleep = async {
                match wake {
                    Some(at) => tokio::time::sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                Some((tag, result)) = self.done.recv() => {
                    state.inputs.push_back(Input::Written { tag, result });
                }
                order = self.orders.recv() => match order {
                    Some(Order::Call(command, answer)) => {
                        let call = state.new_call(answer);
                        state.inputs.push_back(Input::Command { call, command });
                    }
                    Some(Order::Restore(restoring, answer)) => {
                        let call = state.new_call(answer);
                        state.inputs.push_back(Input::Restore { call, restoring });
                    }
                    Some(Order::Input(input)) => state.inputs.push_back(input),
                    Some(Order::End(answer)) => break Some(answer),
                    None => break None,
                },
                Some(input) = loads.recv() => state.inputs.push_back(input),
                event = next_event(&mut state.socket), if self.engine.takes_frames() => {
                    let (input, ended) = event_input(event);
                    if ended {
                        state.socket = None;
                    }
                    state.inputs.push_back(input);
                }
                () = sleep => state.inputs.push_back(Input::Tick),
            }
        };
        self.end(state, ended).await;
    }

    /// Waits until everything is on disk, as long as that may take; what fails is tried again until then. Then closes.
    async fn end(mut self, mut state: State, answer: Option<oneshot::Sender<Left>>) {
        let deadline = tokio::time::Instant::now() + SAVE_TIME;
        self.disk.hurry();
        let outputs = self.engine.handle(Input::Ending, now(self.started));
        self.carry_out(outputs, &mut state);
        while !self.engine.is_saved() {
            let wake = self.engine.wake_at().map(|at| self.started + Duration::from_millis(at));
            let wake = wake.map_or(deadline, |at| deadline.min(at.into()));
            let input = tokio::select! {
                biased;
                Some((tag, result)) = self.done.recv() => Input::Written { tag, result },
                () = tokio::time::sleep_until(wake) => {
                    if tokio::time::Instant::now() >= deadline {
                        break;
                    }
                    Input::Tick
                }
            };
            let outputs = self.engine.handle(input, now(self.started));
            self.carry_out(outputs, &mut state);
        }
        if let Some(socket) = state.socket.take() {
            socket.close(1000);
        }
        let left = Left { unsent: self.engine.unsent(), unsaved: self.engine.unsaved() };
        let disk = self.disk;
        let closed = tokio::task::spawn_blocking(move || disk.close());
        // A disk that hangs isn't waited for.
        let _ = tokio::time::timeout_at(deadline + CLOSE_TIME, closed).await;
        if let Some(answer) = answer {
            let _ = answer.send(left);
        }
    }

    fn carry_out(&mut self, outputs: Vec<Output>, state: &mut State) {
        for output in outputs {
            match output {
                Output::Reply { call, result } => {
                    if let Some(answer) = state.calls.remove(&call) {
                        let _ = answer.send(result);
                    }
                }
                Output::Emit(event) => {
                    log_milestones(&event, &mut state.synced);
                    self.desktop.emit(&event);
                }
                Output::Tray(tray) => self.desktop.set_tray(&tray),
                Output::Notify(notice) => self.desktop.notify(&notice),
                Output::Badge(unsent) => self.desktop.set_badge(unsent),
                Output::Show(note) => self.desktop.show_window(note),
                Output::Write { tag, writes } => {
                    state.overflow.push_back((tag, writes));
                }
                Output::Load(docs) => self.load(docs, state),
                Output::ReadStanding { space, after } => self.read_standing(space, after, state),
                Output::ReadWaiting => self.read_waiting(state),
                Output::Copy(occasion) => self.copy(occasion, state),
                Output::ReadLedger(space) => self.read_ledger(space, state),
                Output::LeaveReport { name, text } => self.leave_report(&name, text),
                Output::Open { url } => {
                    state.inputs.push_back(Input::Via(route(&url, &self.network)));
                    state.socket = Some(Socket::open(url, Arc::clone(&self.network)));
                }
                Output::Send(frame) => send(state, |socket| socket.send(frame)),
                Output::Ping => send(state, Socket::ping),
                Output::CloseSocket { code } => {
                    if let Some(socket) = state.socket.take() {
                        socket.close(code);
                    }
                }
                Output::FetchToken { .. } => state.inputs.push_back(Input::Token(token::fetch(&self.token))),
                Output::Lists(context) => {
                    self.lists.send_replace(context);
                }
            }
        }
        self.submit(state);
    }

    /// Hands jobs to the disk as far as it has room; the rest follows when a job is done.
    fn submit(&self, state: &mut State) {
        while let Some((tag, writes)) = state.overflow.pop_front() {
            match self.disk.submit(tag, writes) {
                Ok(()) => {}
                Err(SubmitError::Full(writes)) => {
                    state.overflow.push_front((tag, writes));
                    return;
                }
                Err(SubmitError::Closed(_)) => {
                    let reason = "the store was closed".to_owned();
                    state.inputs.push_back(Input::Written { tag, result: Err(reason) });
                }
            }
        }
    }

    fn read_standing(&self, space: SpaceId, after: u64, state: &State) {
        let (reader, loaded) = (self.reader.clone(), state.loaded.clone());
        tokio::task::spawn_blocking(move || {
            let standing = reader.standing(space);
            let standing = standing.inspect_err(|error| tracing::warn!(%error, "what is here can't be compared"));
            drop(loaded.send(Input::Standing { space, after, standing: standing.ok() }));
        });
    }

    fn read_waiting(&self, state: &State) {
        let (reader, loaded) = (self.reader.clone(), state.loaded.clone());
        tokio::task::spawn_blocking(move || {
            let waiting = reader.waiting().inspect_err(|error| tracing::warn!(%error, "what waits can't be read"));
            drop(loaded.send(Input::Waiting(waiting.ok())));
        });
    }

    fn copy(&self, occasion: Occasion, state: &State) {
        let (reader, folder, loaded) = (self.reader.clone(), self.folder.clone(), state.loaded.clone());
        let copy = move || Input::Copied(occasion, copies::make(&reader, &folder, occasion));
        tokio::task::spawn_blocking(move || drop(loaded.send(copy())));
    }

    fn read_ledger(&self, space: SpaceId, state: &State) {
        let (reader, loaded) = (self.reader.clone(), state.loaded.clone());
        tokio::task::spawn_blocking(move || {
            let ledger = reader.ledger(space);
            let ledger = ledger.inspect_err(|error| tracing::warn!(%error, "what is here can't be listed"));
            drop(loaded.send(Input::Ledger(space, ledger.ok())));
        });
    }

    fn leave_report(&self, name: &str, text: String) {
        let path = self.folder.join(name);
        tokio::task::spawn_blocking(move || {
            if let Err(error) = std::fs::write(&path, text) {
                tracing::warn!(%error, path = %path.display(), "the report can't be written");
            }
        });
    }

    fn load(&self, docs: Vec<DocKey>, state: &State) {
        let (reader, loaded) = (self.reader.clone(), state.loaded.clone());
        tokio::task::spawn_blocking(move || {
            let read = |doc| (doc, reader.document(doc).map_err(|error| error.to_string()));
            let _ = loaded.send(Input::Loaded(docs.into_iter().map(read).collect()));
        });
    }
}

/// Hands something to the socket. One that has no room any more is given up.
fn send(state: &mut State, hand_over: impl FnOnce(&Socket) -> bool) {
    if !state.socket.as_ref().is_none_or(hand_over) {
        state.socket = None;
        let reason = connection::FULL.to_owned();
        state.inputs.push_back(Input::Closed { code: None, reason });
    }
}

async fn next_event(socket: &mut Option<Socket>) -> Option<SocketEvent> {
    match socket {
        Some(socket) => socket.next().await,
        None => std::future::pending().await,
    }
}

fn event_input(event: Option<SocketEvent>) -> (Input, bool) {
    match event {
        Some(SocketEvent::Opened) => (Input::Opened, false),
        Some(SocketEvent::Frame(frame)) => (Input::Frame(frame), false),
        Some(SocketEvent::Alive) => (Input::Alive, false),
        Some(SocketEvent::Moving) => (Input::Moving, false),
        Some(SocketEvent::Failed(failure)) => (Input::Failed(failure), true),
        Some(SocketEvent::Closed { code, reason }) => (Input::Closed { code, reason }, true),
        None => (Input::Closed { code: None, reason: connection::ENDED.to_owned() }, true),
    }
}

/// Lines that scripts and people wait for.
fn log_milestones(event: &Event, was_synced: &mut bool) {
    if let Event::Status(status) = event
        && status.is_synced != *was_synced
    {
        *was_synced = status.is_synced;
        let words = if status.is_synced { "synced" } else { "not synced" };
        tracing::info!(target: "stet", "status: {words}");
    }
}
