//! A notification service that shows nothing and remembers everything. It clicks when told to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use zbus::object_server::SignalEmitter;
use zbus::zvariant::OwnedValue;
use zbus::{Connection, interface};

use super::bus::Bus;

/// Where the specification puts the service.
const PATH: &str = "/org/freedesktop/Notifications";
/// Its bus name and interface.
const NAME: &str = "org.freedesktop.Notifications";
/// The specification's reasons for closing: 2 is the user's doing, 3 the program's.
const BY_USER: u32 = 2;
const BY_PROGRAM: u32 = 3;

/// A notification as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The service's number for it.
    pub id: u32,
    /// It took the place of an earlier one.
    pub replaced: bool,
    /// The program's name.
    pub app: String,
    /// The first line.
    pub summary: String,
    /// The text.
    pub body: String,
    /// The actions' keys.
    pub actions: Vec<String>,
    /// It is gone from the screen.
    pub closed: bool,
}

#[derive(Default)]
struct Record {
    shown: Vec<Shown>,
    last: u32,
}

type Shared = Arc<Mutex<Record>>;

/// The recording service.
pub struct Notifications {
    record: Shared,
    connection: Connection,
}

impl Notifications {
    /// Takes the service's name on the bus.
    pub async fn start(bus: &Bus) -> Self {
        let record = Shared::default();
        let connection = bus.connect().await;
        let service = Service { record: record.clone() };
        connection.object_server().at(PATH, service).await.expect("offer notifications");
        connection.request_name(NAME).await.expect("own the notification service's name");
        Self { record, connection }
    }

    /// Everything shown so far, in order; one that replaced another counts by itself.
    pub fn shown(&self) -> Vec<Shown> {
        lock(&self.record).shown.clone()
    }

    /// How many times a bubble came up that replaced no other.
    pub fn raised(&self) -> usize {
        lock(&self.record).shown.iter().filter(|shown| !shown.replaced).count()
    }

    /// Clicks a notification: its default action, then it closes.
    pub async fn click(&self, id: u32) {
        self.act(id, "default").await;
    }

    /// Chooses an action of a notification, which then closes.
    pub async fn act(&self, id: u32, action: &str) {
        close(&self.record, id);
        let emitter = SignalEmitter::new(&self.connection, PATH).expect("a path");
        Service::action_invoked(&emitter, id, action).await.expect("say what was clicked");
        Service::notification_closed(&emitter, id, BY_USER).await.expect("say that it closed");
    }
}

struct Service {
    record: Shared,
}

#[interface(name = "org.freedesktop.Notifications")]
impl Service {
    #[expect(clippy::too_many_arguments, reason = "the specification's signature")]
    fn notify(
        &self,
        app_name: String,
        replaces_id: u32,
        _app_icon: &str,
        summary: String,
        body: String,
        actions: Vec<String>,
        _hints: HashMap<String, OwnedValue>,
        _expire_timeout: i32,
    ) -> u32 {
        let mut record = lock(&self.record);
        let replaced = replaces_id != 0;
        let id = if replaced { replaces_id } else { record.last + 1 };
        record.last = record.last.max(id);
        record.shown.push(Shown {
            id,
            replaced,
            app: app_name,
            summary,
            body,
            // Keys and labels take turns.
            actions: actions.into_iter().step_by(2).collect(),
            closed: false,
        });
        id
    }

    async fn close_notification(
        &self,
        id: u32,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> zbus::fdo::Result<()> {
        close(&self.record, id);
        Ok(Self::notification_closed(&emitter, id, BY_PROGRAM).await?)
    }

    fn get_capabilities(&self) -> Vec<&'static str> {
        vec!["actions", "body", "persistence"]
    }

    fn get_server_information(&self) -> (&'static str, &'static str, &'static str, &'static str) {
        ("stet-tests", "Stet", env!("CARGO_PKG_VERSION"), "1.2")
    }

    #[zbus(signal)]
    async fn action_invoked(emitter: &SignalEmitter<'_>, id: u32, action_key: &str) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn notification_closed(emitter: &SignalEmitter<'_>, id: u32, reason: u32) -> zbus::Result<()>;
}

fn close(record: &Shared, id: u32) {
    for shown in lock(record).shown.iter_mut().filter(|shown| shown.id == id) {
        shown.closed = true;
    }
}

fn lock(record: &Shared) -> MutexGuard<'_, Record> {
    record.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
