//! The whole path with the real programs: the app in its window, `stet-server`, a screen, a D-Bus with a tray and a
//! notification service. Keys are typed into the editor and text is read from the other window's page; commands are
//! called for set-up only.
mod history;
mod merged;
mod notifications;
mod offline;
mod refused;
mod sync;
mod typing;
mod unsent;
mod window;

use stet_tests::device::Device;
use stet_tests::stage::{AppProcess, ServerProcess, Stage};

/// Two devices of one user and their server. (Dropped from the top down.)
struct Pair {
    a: AppProcess,
    b: AppProcess,
    server: ServerProcess,
    stage: Stage,
}

impl Pair {
    async fn start(name: &str) -> Self {
        let One { app: a, server, stage } = One::start(name).await;
        let b = AppProcess::start(&stage, "Desk", &server, "maria").await;
        Self { a, b, server, stage }
    }

    /// Both show a note that one of them wrote.
    async fn with_note(name: &str, title: &str, body: &str) -> Self {
        let pair = Self::start(name).await;
        pair.a.write_note(title, body).await;
        pair.b.open_note(title).await;
        pair.b.sees_body(body).await;
        pair
    }
}

/// One device and its server.
struct One {
    app: AppProcess,
    server: ServerProcess,
    stage: Stage,
}

impl One {
    async fn start(name: &str) -> Self {
        let stage = Stage::set_up(name).await;
        let server = ServerProcess::start(stage.ground()).await;
        let app = AppProcess::start(&stage, "Laptop", &server, "maria").await;
        app.is_synced().await;
        Self { app, server, stage }
    }

    /// Another device of the same user, without a window: quicker than a second app where its page isn't looked at.
    async fn remote(&self) -> Device {
        let folder = self.stage.folder("remote");
        let device = Device::start(&folder, "Maria's phone", &self.server.url(), &self.server.token("maria")).await;
        device.is_synced().await;
        device
    }
}
