//! The ways to a server: proxies, TLS, both kinds of addresses, places below a path, slow lines. Each against real servers and
//! real middlemen on loopback.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stderr, reason = "what this machine lacks is left out, and said")]

mod addresses;
mod middlemen;
mod path;
mod proxy;
mod slow;
mod tls;

use std::net::SocketAddr;

use stet_client::api::status::{HelpTopic, Status, StatusError};
use stet_client::network::Network;
use stet_server::config::TokenConfig;
use stet_tests::device::Device;
use stet_tests::stage::Ground;
use tokio::net::TcpListener;

/// A server in this process, ended with the test.
struct Server {
    address: SocketAddr,
    token: String,
    ground: Ground,
}

impl Server {
    async fn start(name: &str) -> Self {
        Self::listen(name, "127.0.0.1:0").await
    }

    async fn listen(name: &str, address: &str) -> Self {
        let ground = Ground::shared(name);
        let data = ground.folder("server");
        let listener = TcpListener::bind(address).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let config = stet_server::Config { data: Some(data.clone()), ..stet_server::Config::default() };
        tokio::spawn(stet_server::run(config, listener, std::future::pending()));
        let token = token(data, "anna");
        Self { address, token, ground }
    }

    /// A token of another user.
    fn token_of(&self, user: &str) -> String {
        token(self.ground.folder("server"), user)
    }

    /// A device that goes to the server this way.
    async fn device(&self, name: &str, url: &str, network: Network) -> Device {
        Device::start_through(network, &self.ground.folder(name), url, &self.token).await
    }

    /// A device reaches the server this way; its status then.
    async fn is_reached(&self, url: &str, network: Network) -> Status {
        let device = self.device("device", url, network).await;
        device.create("Sent", "all the way").await;
        device.until("synced", |status| status.is_synced && status.unsent == 0 && status.cursor > 0).await
    }
}

fn token(data: std::path::PathBuf, user: &str) -> String {
    let config = TokenConfig { user: user.to_owned(), ttl: 3_600_000, data: Some(data) };
    stet_server::token(&config).expect("a token")
}

/// What a device is told that can't reach its server.
async fn fails(name: &str, url: &str, network: Network) -> (StatusError, HelpTopic) {
    let ground = Ground::shared(name);
    let device = Device::start_through(network, &ground.folder("device"), url, "a.b.c").await;
    let status = device.until("an error", |status| status.error.is_some()).await;
    (status.error.expect("an error"), status.help.expect("a page about it"))
}
