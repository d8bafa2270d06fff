//! The real app as a process, with a WebDriver that types into it and reads its page. What is on the page is in `page`.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;

use super::processes::{LOG, Process, Program, marked_as, program};
use super::server::free_port;
use super::{ServerProcess, Stage};
use crate::wait::{eventually, eventually_within, holds};

/// The environment variable that tells the processes of one installation from all others on the machine, also from those
/// of another stage: it holds the home folder.
const INSTALLATION: &str = "STET_TEST_APP";

/// How long a start may take: a debug build on a busy machine.
const START: Duration = Duration::from_secs(90);

/// What an app is started with.
#[derive(Clone, Debug, Default)]
pub struct AppSettings {
    /// More environment variables.
    pub environment: Vec<(String, String)>,
}

/// An installation of the app: its folders stay when the process ends, and it can be started again.
pub struct AppProcess {
    client: Option<Client>,
    driver: Option<Program>,
    name: String,
    home: PathBuf,
    log: PathBuf,
    environment: Vec<(String, String)>,
}

impl AppProcess {
    /// Starts an app that is signed in to a server as this user, under its own home folder, and waits for its page.
    pub async fn start(stage: &Stage, name: &str, server: &ServerProcess, user: &str) -> Self {
        let mut app = Self::new(stage, name, server, user);
        app.restart().await;
        app
    }

    /// An installation that isn't started yet.
    pub fn new(stage: &Stage, name: &str, server: &ServerProcess, user: &str) -> Self {
        let server = [("STET_SERVER_URL".to_owned(), server.url()), ("STET_TOKEN".to_owned(), server.token(user))];
        let settings = AppSettings { environment: server.into() };
        Self::install(stage, name, settings)
    }

    /// An installation with other settings, not started yet.
    pub fn install(stage: &Stage, name: &str, settings: AppSettings) -> Self {
        let home = stage.folder(&format!("app-{name}"));
        for folder in ["share/applications", "config", "cache", "run", "data"] {
            stage.folder(&format!("app-{name}/{folder}"));
        }
        let mut environment = stage.environment(&home);
        environment.push((INSTALLATION.to_owned(), home.display().to_string()));
        environment.push(("STET_DEVICE_NAME".to_owned(), name.to_owned()));
        environment.push(("STET_LOG".to_owned(), LOG.to_owned()));
        environment.extend(settings.environment);
        Self {
            client: None,
            driver: None,
            name: name.to_owned(),
            home,
            log: stage.ground().log(&format!("{name}.log")),
            environment,
        }
    }

    /// What it is called: its device name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    /// Sets or replaces an environment variable for the next start.
    pub fn set_variable(&mut self, name: &str, value: &str) {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Starts it (again) and waits until its page shows the status pill.
    pub async fn restart(&mut self) {
        self.connect().await;
        eventually_within(START, &format!("the page of {}", self.name), async || self.find("pill").await.map(drop))
            .await;
    }

    async fn connect(&mut self) {
        assert!(self.processes().is_empty(), "{} runs already", self.name);
        self.client = None;
        let port = free_port();
        let mut command = Command::new("WebKitWebDriver");
        command
            .env_clear()
            .envs(self.environment.iter().cloned())
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .args(["--host=127.0.0.1", &format!("--port={port}")]);
        let mut driver = Program::start(&mut command, &self.log);
        eventually("a WebDriver", async || {
            driver.expect_alive();
            tokio::net::TcpStream::connect(("127.0.0.1", port)).await.map(drop)
        })
        .await;
        self.driver = Some(driver);
        let options = json!({ "binary": program("stet"), "args": ["--data", self.data()] });
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities([("webkitgtk:browserOptions".to_owned(), options)].into_iter().collect());
        let address = format!("http://127.0.0.1:{port}");
        let connected = tokio::time::timeout(START, builder.connect(&address)).await;
        let client = match connected {
            Ok(Ok(client)) => client,
            Ok(Err(error)) => panic!("{} didn't come up: {error}\n{}", self.name, self.said()),
            Err(_) => panic!("{} didn't come up in {} s\n{}", self.name, START.as_secs(), self.said()),
        };
        self.client = Some(client);
    }

    /// The WebDriver session.
    ///
    /// # Panics
    /// When the app isn't running.
    pub fn client(&self) -> &Client {
        self.client.as_ref().expect("the app was started")
    }

    /// What the app and its driver wrote to their error stream.
    pub fn said(&self) -> String {
        self.driver.as_ref().map(Program::errors).unwrap_or_default()
    }

    /// The processes of the app itself: one while it runs.
    pub fn processes(&self) -> Vec<Process> {
        self.running("stet")
    }

    /// The web view's processes: none while the window is let go.
    pub fn web_views(&self) -> Vec<Process> {
        self.running("WebKitWebProcess")
    }

    /// What the web view's library keeps for the next one: gone after a while in the tray.
    pub fn web_helpers(&self) -> Vec<Process> {
        self.running("WebKitNetworkProcess")
    }

    fn running(&self, program: &str) -> Vec<Process> {
        marked_as(INSTALLATION, &self.home.display().to_string(), program)
    }

    /// The app's process id.
    ///
    /// # Panics
    /// When it isn't running.
    pub fn id(&self) -> u32 {
        self.processes().first().expect("the app runs").id
    }

    /// Kills the app as `kill -9` does, and waits until everything of it is gone.
    pub async fn kill(&mut self) {
        for process in self.processes() {
            process.kill();
        }
        self.gone().await;
    }

    /// Waits until the app has ended by itself.
    pub async fn gone(&mut self) {
        eventually(&format!("the end of {}", self.name), async || {
            let left = self.processes();
            holds(left.is_empty(), left)
        })
        .await;
        self.client = None;
        self.driver = None;
    }

    /// Starts the program on this data folder with nobody to drive it; what it says goes to a log of its own.
    pub fn start_alone(&self, log: &str, arguments: &[&str], without: &[&str]) -> Program {
        let mut command = Command::new(program("stet"));
        let environment = self.environment.iter().filter(|(name, _)| !without.contains(&name.as_str())).cloned();
        command.env_clear().envs(environment).arg("--data").arg(self.data()).args(arguments);
        Program::start(&mut command, &self.log.with_extension(log))
    }

    /// Starts the program once more on the same data folder, as a click on its menu entry or on a link does, and waits
    /// until it has ended. True if it ended well.
    pub async fn start_again(&self, arguments: &[&str]) -> bool {
        let mut second = self.start_alone("second.log", arguments, &[]);
        let ended = eventually("the end of the second process", async || second.ended().ok_or("still running"));
        ended.await.success()
    }
}

impl Drop for AppProcess {
    fn drop(&mut self) {
        // Killing the driver leaves the app alive, and it would swallow the next start.
        for process in self.processes() {
            process.kill();
        }
    }
}
