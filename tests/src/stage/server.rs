//! The real `stet-server` as a process: started, killed, started again on the same port.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::ground::Ground;
use super::processes::{LOG, Program, program};
use crate::wait::{eventually, holds};

/// A server with its data folder; it keeps port and data when it is killed and started again.
pub struct ServerProcess {
    running: Option<Program>,
    environment: Vec<(String, String)>,
    data: PathBuf,
    log: PathBuf,
    port: u16,
}

impl ServerProcess {
    /// Starts a server with an empty data folder on a free port, and waits until it is ready.
    pub async fn start(ground: &Ground) -> Self {
        let mut environment = ground.environment();
        environment.push(("HOME".to_owned(), ground.folder("server-home").display().to_string()));
        environment.push(("STET_LOG".to_owned(), LOG.to_owned()));
        let mut server = Self {
            running: None,
            environment,
            data: ground.folder("server"),
            log: ground.log("server.log"),
            port: free_port(),
        };
        server.up().await;
        server
    }

    /// Its WebSocket address.
    pub fn url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.port)
    }

    /// Host and port.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// A token for this user, made by the server's own command (which makes the account).
    pub fn token(&self, user: &str) -> String {
        self.token_for(user, "30d")
    }

    /// A token that is good for a time such as `2s`.
    pub fn token_for(&self, user: &str, time_to_live: &str) -> String {
        let mut command = self.command();
        command.args(["token", "--user", user, "--ttl", time_to_live, "--data"]).arg(&self.data);
        let output = command.output().expect("start stet-server token");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "stet-server token failed: {error}");
        let token = String::from_utf8(output.stdout).expect("a token is text");
        let token = token.trim_end_matches('\n').to_owned();
        assert_eq!(token.split('.').count(), 3, "only the token is printed, not {token:?}");
        token
    }

    /// Has the program copy its database into a file.
    pub fn backup(&self, file: &Path) {
        self.does("backup", file);
    }

    /// Has the program put a copy in the database's place, after [`stop`](Self::stop).
    pub fn restore(&self, file: &Path) {
        self.does("restore", file);
    }

    fn does(&self, what: &str, file: &Path) {
        let mut command = self.command();
        let output = command.arg(what).arg(file).arg("--data").arg(&self.data).output().expect("start stet-server");
        assert!(output.status.success(), "stet-server {what} failed: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Ends it as `kill -9` does.
    pub fn kill(&mut self) {
        self.running = None;
    }

    /// Asks it to end and waits until it has.
    pub async fn stop(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.terminate();
            eventually("the server's end", async || holds(running.ended().is_some(), "still running")).await;
        }
    }

    /// Starts it again after [`kill`](Self::kill) or [`stop`](Self::stop), with the same data on the same port.
    pub async fn restart(&mut self) {
        assert!(self.running.is_none(), "the server runs already");
        self.up().await;
    }

    /// The status line of an HTTP GET.
    ///
    /// # Errors
    /// When it can't be reached or breaks off.
    pub async fn get(&self, path: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(self.address()).await?;
        let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.address());
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer.lines().next().unwrap_or_default().to_owned())
    }

    async fn up(&mut self) {
        let mut command = self.command();
        command.args(["serve", "--listen", &self.address(), "--data"]).arg(&self.data);
        let mut running = Program::start(&mut command, &self.log);
        eventually("a server that is ready", async || {
            running.expect_alive();
            let status = self.get("/readyz").await.map_err(|error| error.to_string())?;
            holds(status.contains(" 200 "), status)
        })
        .await;
        self.running = Some(running);
    }

    fn command(&self) -> Command {
        let mut command = Command::new(program("stet-server"));
        command.env_clear().envs(self.environment.iter().cloned());
        command
    }
}

/// A port nobody listens on now.
pub(super) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bind a port");
    listener.local_addr().expect("a bound port has a number").port()
}
