//! The sync server: an axum shell around one hub that decides everything, its database, and its accounts.

pub mod auth;
mod backup;
pub mod bus;
pub mod config;
pub mod core;
pub mod data;
pub mod database;
mod draft;
mod level_one;
mod shell;

use std::future::Future;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

pub use backup::{BackupError, backup, restore};
pub use config::Config;
pub use draft::FileError;

use auth::{ISSUER, KeyError, OwnTokens};
use bus::LocalBus;
use config::TokenConfig;
use data::DataError;
use database::sqlite::{OpenError, Sqlite};
use database::{Database, Random, ReadError, WriteError};
use shell::{App, Clock, Engine, EngineError, GateOf, Gated, Marks, Means, router};

/// What clients are told to wait when the server goes down, milliseconds: long enough for a restart.
const COME_BACK_MS: u64 = 2_000;
/// What the system may hold for one socket, bytes: over a line of 64 kbit/s it is gone before the heartbeat's limit, so that a ping
/// behind it is answered in time.
const SEND_BUFFER: usize = 256 * 1024;
/// How long sockets may take to read what is left for them.
const DRAIN: Duration = Duration::from_secs(5);

/// Why the server doesn't run.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The data folder.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database, while it is read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The database, while it is written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The threads.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The sockets.
    #[error("the server can't listen: {0}")]
    Io(#[from] std::io::Error),
    /// A token.
    #[error("no token could be made: {0}")]
    Token(#[from] jsonwebtoken::errors::Error),
    /// A thread ended that never should.
    #[error("the server's {0} thread ended: see the log, then start the server again")]
    ThreadEnded(&'static str),
    /// No randomness.
    #[error("the system gives no random bytes: {0}")]
    Random(#[from] getrandom::Error),
}

/// Serves on this listener until `shutdown` comes, then tells everybody and ends.
///
/// # Errors
/// When something it needs can't be had.
pub async fn run(
    config: Config,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServerError> {
    let folder = data::folder(config.data.as_deref())?;
    let lock = data::lock(&folder)?;
    let database = open(&folder)?;
    let probe = Arc::new(Mutex::new(database.reader()?));
    let verify = Arc::new(OwnTokens::open(&folder)?);
    let bus = Box::new(LocalBus::default());
    let means = Means { verify, random: system_random()?, marks: Marks::open(&folder) };
    let (engine, mut threads) = Engine::start(database, config.limits.settings(), bus, means)?;
    let (drain, draining) = watch::channel(false);
    let places = Arc::new(Semaphore::new(config.max_connections.min(Semaphore::MAX_PERMITS)));
    let app = App {
        engine: Arc::clone(&engine),
        allow_origin: config.allow_origin.into(),
        places: Arc::clone(&places),
        draining: draining.clone(),
        probe,
    };
    let listener = Gated(listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(target: "server", %error, "small frames may be delayed");
        }
        if let Err(error) = socket2::SockRef::from(&*stream).set_send_buffer_size(SEND_BUFFER) {
            tracing::debug!(target: "server", %error, "a slow reader may be taken for a dead one");
        }
    }));
    let stopped = async move {
        let mut draining = draining;
        // An error means that the server is gone already.
        drop(draining.wait_for(|draining| *draining).await);
    };
    let service = router(app).into_make_service_with_connect_info::<GateOf>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(stopped);
    let mut serving = tokio::spawn(async move { serving.await });
    let failed = tokio::select! {
        () = shutdown => None,
        () = engine.keep_time() => None,
        name = threads.ended() => Some(ServerError::ThreadEnded(name)),
        result = &mut serving => Some(result.map_err(std::io::Error::other).and_then(|result| result).err().map_or(ServerError::ThreadEnded("listener"), ServerError::Io)),
    };
    drain.send_replace(true);
    engine.with(|hub, now| hub.drain(COME_BACK_MS, now));
    let everybody = u32::try_from(config.max_connections).unwrap_or(u32::MAX);
    if tokio::time::timeout(DRAIN, places.acquire_many(everybody)).await.is_err() {
        tracing::info!(target: "server", "some sockets were cut off");
    }
    serving.abort();
    engine.stop();
    if failed.is_none() {
        drop(tokio::task::spawn_blocking(move || threads.join()).await);
    }
    drop(lock);
    failed.map_or(Ok(()), Err)
}

/// A token for a user of this server; makes the account if there is none. May be called while a server runs.
///
/// # Errors
/// When something it needs can't be had.
pub fn token(config: &TokenConfig) -> Result<String, ServerError> {
    let folder = data::folder(config.data.as_deref())?;
    let now = Clock::default().wall();
    // To the end of the write: nobody may put another database in place meanwhile.
    let _turn = data::opening(&folder)?;
    let mut database = Sqlite::open(&data::database(&folder), system_random()?)?;
    database.make_account(ISSUER, &config.user, now)?;
    Ok(OwnTokens::open(&folder)?.make(&config.user, now, config.ttl)?)
}

fn open(folder: &Path) -> Result<Sqlite, ServerError> {
    // One at a time: `token` and `serve` may both be the first, and only one of them can make the tables.
    let _turn = data::opening(folder)?;
    Ok(Sqlite::open(&data::database(folder), system_random()?)?)
}

/// The system's randomness. Asked once here, so that a system without any is an error at the start.
fn system_random() -> Result<Random, getrandom::Error> {
    getrandom::fill(&mut [0; 1])?;
    Ok(Box::new(|bytes| {
        if getrandom::fill(bytes).is_err() {
            tracing::error!(target: "server", "the system gives no more random bytes");
        }
    }))
}
