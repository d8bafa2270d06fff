//! What the shell keeps while the app runs: the engine once it has started, and what its window and tray show.
//! No decisions about notes.

use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use stet_client::Client;
use stet_client::api::command::GetStart;
use stet_client::api::note::Settings;
use stet_client::api::status::ConnectionState;
use stet_client::api::{Call, CommandError, ErrorCode};
use tokio::sync::{SetOnce, watch};

use crate::events::Events;
use crate::notifications::Notifications;
use crate::tray::Tray;
use crate::window::Window;

/// How long the engine is asked for settings and counts before the shell goes on without: closing must not hang.
const ASK_LIMIT: Duration = Duration::from_secs(1);

/// The state of the app, kept by Tauri.
pub struct Shell {
    /// The folder with the notes, also for what the window remembers.
    pub data_dir: PathBuf,
    /// The engine, or why it didn't start.
    pub engine: SetOnce<Result<Client, CommandError>>,
    /// The window's state.
    pub window: Window,
    /// Events on their way to the window.
    pub events: Events,
    /// The tray's state.
    pub tray: Tray,
    /// The open notifications.
    pub notifications: Notifications,
    /// The app is on its way out.
    pub quitting: AtomicBool,
    /// The user knows that quitting loses what the disk doesn't take.
    pub warned_of_loss: AtomicBool,
    /// Commands of the window that are being answered.
    pub in_flight: watch::Sender<u32>,
}

impl Shell {
    /// Answers a command of the window, as soon as the engine has started.
    ///
    /// # Errors
    /// What the engine answers, or why it didn't start.
    pub async fn call<C: Call>(&self, args: C) -> Result<C::Answer, CommandError> {
        let _counted = InFlight::begin(&self.in_flight);
        self.ask(args).await
    }

    /// Asks the engine, as soon as it has started.
    ///
    /// # Errors
    /// What the engine answers, or why it didn't start.
    pub async fn ask<C: Call>(&self, args: C) -> Result<C::Answer, CommandError> {
        self.client().await?.call(args).await
    }

    /// The engine, as soon as it has started.
    ///
    /// # Errors
    /// Why it didn't start.
    pub async fn client(&self) -> Result<Client, CommandError> {
        self.engine.wait().await.clone()
    }

    /// The window is gone: what its page had open is closed.
    pub fn page_gone(&self) {
        if let Some(Ok(client)) = self.engine.get() {
            client.page_gone();
        }
    }

    /// The user's choices; the defaults when the engine can't say in time.
    pub async fn settings(&self) -> Settings {
        let start = within(ASK_LIMIT, self.ask(GetStart {})).await;
        start.and_then(Result::ok).map(|start| start.settings).unwrap_or_default()
    }

    /// How many notes have words that the disk refuses. 0 while they are simply on their way.
    pub async fn unwritten(&self) -> u32 {
        match within(ASK_LIMIT, self.ask(GetStart {})).await {
            Some(Ok(start)) if start.status.error.as_ref().is_some_and(|error| error.code == ErrorCode::Storage) => {
                start.status.unsaved
            }
            _ => 0,
        }
    }

    /// How many notes can't go on. 0 when the engine can't say in time.
    pub async fn held(&self) -> u32 {
        let start = within(ASK_LIMIT, self.ask(GetStart {})).await;
        start.and_then(Result::ok).map_or(0, |start| start.status.held)
    }

    /// How many notes wait for the server. 0 without a server: nothing is to be sent.
    pub async fn unsent(&self) -> u32 {
        match within(ASK_LIMIT, self.ask(GetStart {})).await {
            Some(Ok(start)) if start.status.state != ConnectionState::Local => start.status.unsent,
            _ => 0,
        }
    }
}

/// Counts a command while it is being answered, also when its answer is no longer waited for.
struct InFlight<'a>(&'a watch::Sender<u32>);

impl<'a> InFlight<'a> {
    fn begin(count: &'a watch::Sender<u32>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(count)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

/// What `work` gives, if it gives it in time.
pub async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(limit, work).await.ok()
}

/// The value behind a lock; a thread that panicked over it left it usable.
pub fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}
