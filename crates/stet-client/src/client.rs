//! The engine as a running thing: started over a data folder, called by a user interface, ended with everything saved.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use stet_model::id::{DeviceId, NoteId};
use stet_store::{
    DiskThread, ListQuery, ListView, OpenError, Options, ReadError, Reader, Salvaged, WriteError, Writer,
};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};

use crate::api::command::{Answer, Call, Command, Done, PurgeNote};
use crate::api::{CommandError, ErrorCode};
use crate::config::Config;
use crate::desktop::Desktop;
use crate::engine::{Engine, FOLD_ENTRIES, Input, ListContext, Setup};
use crate::folder::home;
use crate::folder::mark::MarkFile;
use crate::history::{self, Shelf};
use crate::lists;
use crate::lists::export::{self, Exported};
use crate::network::changes;
use crate::run::{Loop, Order, now};
use crate::words;

/// The database in the data folder.
pub const DATABASE: &str = "notes.sqlite";
/// The file whose lock says that a process uses the data folder.
pub const LOCK: &str = "lock";
/// Calls that wait for the engine; a user interface has far fewer.
const ORDERS: usize = 256;
/// Saving at the end may take this long; a disk that hangs for longer doesn't come back.
pub(crate) const SAVE_TIME: Duration = Duration::from_secs(10);
/// Notes named in the tray at the start.
const RECENT: u32 = 5;

/// Why the engine can't start. Nothing was changed; the message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another process uses the folder.
    #[error("{0} is in use by another Stet. Switch to that window, or start this one with another --data folder.")]
    InUse(PathBuf),
    /// The folder can't be made or locked.
    #[error("The data folder {path} can't be used: {reason}. Check its permissions, or choose another with --data.")]
    DataDir {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The database can't be opened.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The database was opened and can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The system gives no random numbers.
    #[error("The system gives no random numbers: {0}.")]
    Random(String),
}

impl StartError {
    /// Whether the notes are there and only can't be worked with, so that they may be read ([`crate::read_only`]).
    pub const fn leaves_notes_legible(&self) -> bool {
        use OpenError::{DiskFull, EditedMigration, Migration, ReadOnly};
        matches!(self, Self::Store(Migration { .. } | EditedMigration { .. } | ReadOnly { .. } | DiskFull { .. }))
    }
}

/// A running engine. Cheap to clone; the engine ends when it is told to, or when the last clone is gone.
#[derive(Clone)]
pub struct Client {
    orders: mpsc::Sender<Order>,
    /// What it was started on: it is told things from threads of other kinds, too.
    runtime: Handle,
    reader: Reader,
    lists: watch::Receiver<ListContext>,
    device: DeviceId,
    _lock: Arc<File>,
}

/// What is left to be done when an engine has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Notes the server hasn't got yet; 0 without a server. They are sent next time.
    pub unsent: u32,
    /// Notes whose latest words the disk didn't take. They are lost.
    pub unsaved: u32,
}

impl Client {
    /// Starts an engine. Must be called on a tokio runtime; blocks while the database is opened.
    ///
    /// # Errors
    /// [`StartError`] when the folder is in use or can't be used.
    pub fn start(config: Config, desktop: Arc<dyn Desktop>) -> Result<Self, StartError> {
        // The TLS library wants its algorithms named once; another part of the program may have done it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let lock = lock(&config.data_dir)?;
        let (writer, reader, salvaged) = open(&config.data_dir.join(DATABASE))?;
        let mut boot = writer.boot()?;
        if let Some(salvaged) = salvaged {
            words::tell_salvaged(&mut boot.meta, &salvaged);
        }
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| StartError::Random(error.to_string()))?;
        let (done_sender, done) = mpsc::unbounded_channel();
        let on_done = move |tag, result: Result<(), WriteError>| {
            let _ = done_sender.send((tag, result.map_err(|error| error.to_string())));
        };
        let started = Instant::now();
        let setup = Setup {
            home: home::of(&config.data_dir),
            mark: Box::new(MarkFile::open(&config.data_dir)),
            server_url: config.server_url,
            device_name: config.device_name,
            platform: config.platform,
            app_version: config.app_version,
            seed,
            fold_entries: FOLD_ENTRIES,
            boot,
        };
        let (mut engine, first) = Engine::new(setup, now(started));
        engine.remember(recent(&reader, engine.space()));
        let device = engine.device_id();
        let (lists_sender, lists) = watch::channel(engine.list_context());
        let (orders, order_receiver) = mpsc::channel(ORDERS);
        let running = Loop {
            engine,
            started,
            folder: config.data_dir,
            desktop,
            disk: DiskThread::start(writer, Box::new(on_done)),
            done,
            reader: reader.clone(),
            token: config.token,
            network: Arc::new(config.network),
            orders: order_receiver,
            lists: lists_sender,
        };
        changes::watch(&orders);
        tokio::spawn(running.run(first));
        Ok(Self { orders, runtime: Handle::current(), reader, lists, device, _lock: Arc::new(lock) })
    }

    /// Runs a command and waits for its answer.
    ///
    /// # Errors
    /// As the command says: a code to act on and a sentence to show.
    pub async fn call<C: Call>(&self, args: C) -> Result<C::Answer, CommandError> {
        let answer = self.answer(args.into()).await?;
        C::Answer::try_from(answer)
            .map_err(|_| CommandError::new(ErrorCode::Internal, "The engine answered something else."))
    }

    async fn answer(&self, command: Command) -> Result<Answer, CommandError> {
        match command {
            Command::ListNotes(args) => {
                self.read(move |reader, lists| lists::page(reader, lists, args).map(Answer::from)).await
            }
            Command::GetSidebar(_) => self.read(|reader, lists| lists::sidebar(reader, lists).map(Answer::from)).await,
            Command::ListUnsent(args) => {
                self.read(move |reader, lists| lists::unsent::page(reader, lists, args).map(Answer::from)).await
            }
            Command::GetText(args) => {
                self.read(move |reader, lists| lists::unsent::text(reader, lists, args.note_id).map(Answer::from)).await
            }
            Command::GetNote(args) => {
                self.read(move |reader, lists| lists::row(reader, lists, args.note_id).map(Answer::from)).await
            }
            Command::ListHistory(args) => {
                self.versions(move |shelf| history::list(shelf, &args).map(Answer::from)).await
            }
            Command::GetVersion(args) => {
                self.versions(move |shelf| history::version(shelf, &args).map(Answer::from)).await
            }
            Command::RestoreVersion(args) => {
                let restoring = self.versions(move |shelf| history::restoring(shelf, &args)).await?;
                self.ask(|answer| Order::Restore(restoring, answer)).await
            }
            Command::EmptyTrash(_) => {
                let mut refused: Vec<CommandError> = Vec::new();
                for note_id in self.read(lists::trashed).await? {
                    // One that can't be read keeps none of the others, and one that was taken out meanwhile is no failure.
                    match self.order(PurgeNote { note_id }.into()).await {
                        Err(error) if error.code != ErrorCode::Invalid => refused.push(error),
                        _ => {}
                    }
                }
                let Some(first) = refused.first() else { return Ok(Done {}.into()) };
                let message = format!("{} can't be removed. {}", words::notes(refused.len() as u32), first.message);
                Err(CommandError::new(first.code, message))
            }
            Command::GetStart(args) => match self.order(Command::GetStart(args)).await? {
                Answer::Start(mut start) => {
                    start.sidebar = self.read(lists::sidebar).await?;
                    Ok(start.into())
                }
                other => Ok(other),
            },
            other => self.order(other).await,
        }
    }

    async fn order(&self, command: Command) -> Result<Answer, CommandError> {
        self.ask(|answer| Order::Call(command, answer)).await
    }

    async fn ask(
        &self,
        order: impl FnOnce(oneshot::Sender<Result<Answer, CommandError>>) -> Order,
    ) -> Result<Answer, CommandError> {
        let (sender, answer) = oneshot::channel();
        let ended = || CommandError::new(ErrorCode::Internal, "Stet is closing.");
        self.orders.send(order(sender)).await.map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }

    async fn versions<T: Send + 'static>(
        &self,
        question: impl FnOnce(Shelf<'_>) -> Result<T, CommandError> + Send + 'static,
    ) -> Result<T, CommandError> {
        let device = self.device;
        self.read(move |reader, lists| question(Shelf { reader, space: lists.space, device })).await
    }

    async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Reader, ListContext) -> Result<T, CommandError> + Send + 'static,
    ) -> Result<T, CommandError> {
        let (reader, lists) = (self.reader.clone(), *self.lists.borrow());
        tokio::task::spawn_blocking(move || question(&reader, lists))
            .await
            .map_err(|error| CommandError::new(ErrorCode::Internal, error.to_string()))?
    }

    /// Writes notes as Markdown files into a folder: these, or every one that waits to be sent or can't go on. No server
    /// is needed, and no file is overwritten.
    ///
    /// # Errors
    /// When the folder isn't one, or the notes can't be listed. What of single notes fails is in the answer.
    pub async fn export(&self, notes: Option<Vec<NoteId>>, folder: PathBuf) -> Result<Exported, CommandError> {
        let folder = export::checked(folder)?;
        self.read(move |reader, context| export::export(reader, context, notes, &folder)).await
    }

    /// The user wants to see the window, with this note: a notification, the tray or a link was clicked.
    pub fn show(&self, note: Option<NoteId>) {
        self.tell(Input::Show(note));
    }

    /// The network is back, or the machine woke up: connect now.
    pub fn network_up(&self) {
        self.tell(Input::NetworkUp);
    }

    /// The window is gone: nobody edits or follows a note any more.
    pub fn page_gone(&self) {
        self.tell(Input::PageGone);
    }

    /// Nobody looks for a while: lets go of what only makes looking faster.
    pub fn rest(&self) {
        self.reader.rest();
    }

    fn tell(&self, input: Input) {
        let orders = self.orders.clone();
        self.runtime.spawn(async move {
            let _ = orders.send(Order::Input(input)).await;
        });
    }

    /// Saves everything, closes the connection and ends; what is left. Nothing when it has ended before.
    pub async fn shutdown(&self) -> Left {
        let (sender, left) = oneshot::channel();
        if self.orders.send(Order::End(sender)).await.is_err() {
            return Left::default();
        }
        left.await.unwrap_or_default()
    }
}

/// Opens the store. A damaged one makes way for a new one with what could be saved out of it.
fn open(database: &Path) -> Result<(Writer, Reader, Option<Salvaged>), OpenError> {
    match stet_store::open(database, &Options::default()) {
        Ok((writer, reader)) => Ok((writer, reader, None)),
        // Without its file, a log says nothing: somebody may put the file back.
        Err(OpenError::Damaged { detail, .. }) if database.exists() => {
            let salvaged = stet_store::salvage(database)?;
            tracing::warn!(%detail, kept = %salvaged.kept.display(), "the database was damaged");
            let (writer, reader) = stet_store::open(database, &Options::default())?;
            Ok((writer, reader, Some(salvaged)))
        }
        Err(error) => Err(error),
    }
}

fn lock(data_dir: &Path) -> Result<File, StartError> {
    let unusable = |error: std::io::Error| StartError::DataDir { path: data_dir.to_owned(), reason: error.to_string() };
    make_private(data_dir).map_err(unusable)?;
    let file = File::options().create(true).truncate(false).write(true).open(data_dir.join(LOCK)).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StartError::InUse(data_dir.to_owned())),
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    }
}

/// Makes the folder, for its owner alone. One that is there keeps its permissions.
fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn recent(reader: &Reader, space: stet_model::id::SpaceId) -> Vec<(NoteId, String)> {
    let query = ListQuery { space, view: ListView::All, search: String::new(), after: None, limit: RECENT };
    let rows = reader.list(&query).map(|page| page.rows).unwrap_or_default();
    rows.into_iter().map(|row| (row.note, row.fields.title)).collect()
}
