//! A private D-Bus daemon. It starts no services: what a developer's desktop has installed must not answer.

use std::fs;
use std::process::Command;

use zbus::Connection;
use zbus::connection::Builder;

use super::ground::Ground;
use super::processes::Program;
use crate::wait::eventually;

/// A session bus that is only there for one stage.
pub struct Bus {
    address: String,
    _daemon: Program,
}

impl Bus {
    /// Starts it and waits until it takes connections.
    pub async fn start(ground: &Ground) -> Self {
        let socket = ground.path().join("bus");
        let configuration = ground.path().join("bus.conf");
        let text = format!(
            r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#,
            socket.display()
        );
        fs::write(&configuration, text).expect("write the bus's configuration");
        let mut command = Command::new("dbus-daemon");
        command
            .env_clear()
            .envs(ground.environment())
            .arg("--nofork")
            .arg(format!("--config-file={}", configuration.display()));
        let mut daemon = Program::start(&mut command, &ground.log("bus.log"));
        let address = format!("unix:path={}", socket.display());
        eventually("a private D-Bus", async || {
            daemon.expect_alive();
            connect(&address).await.map(drop)
        })
        .await;
        Self { address, _daemon: daemon }
    }

    /// How programs find it.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A new connection to it.
    pub async fn connect(&self) -> Connection {
        connect(&self.address).await.expect("connect to the stage's bus")
    }
}

async fn connect(address: &str) -> zbus::Result<Connection> {
    Builder::address(address)?.build().await
}
