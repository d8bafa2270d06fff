//! A running engine without a desktop and without a network.

use std::path::Path;
use std::sync::Arc;

use stet_client::api::Event;
use stet_client::config::TokenSource;
use stet_client::desktop::{Notice, Tray};
use stet_client::network::Network;
use stet_client::{Client, Config, Desktop};
use stet_model::id::NoteId;

/// Nobody looks.
struct Nobody;

impl Desktop for Nobody {
    fn emit(&self, _: &Event) {}
    fn set_tray(&self, _: &Tray) {}
    fn notify(&self, _: &Notice) {}
    fn show_window(&self, _: Option<NoteId>) {}
    fn open_url(&self, _: &str) {}
    fn set_badge(&self, _: u32) {}
}

/// An engine whose server can't be reached.
pub fn start(folder: &Path) -> Client {
    let config = Config {
        network: Network::default(),
        data_dir: folder.to_owned(),
        server_url: Some("ws://127.0.0.1:9".to_owned()),
        token: TokenSource::Given("none".to_owned()),
        device_name: "Desk".to_owned(),
        platform: "linux".to_owned(),
        app_version: "0.0.0".to_owned(),
    };
    Client::start(config, Arc::new(Nobody)).expect("starts")
}
