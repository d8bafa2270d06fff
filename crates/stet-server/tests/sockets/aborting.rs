//! A document that ends the server when level 1 looks at it: the server stays up for everybody after the second time.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::json;
use stet_model::document::{NoteDocument, NoteEdit, Version};
use stet_model::id::PeerId;
use stet_protocol::bytes::Bytes;
use stet_server::Config;
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::stage::{Client, Server, token_for, uuid, within};

/// Tells a process of this test where its server is.
const FOLDER: &str = "STET_TEST_FOLDER";
/// The file it writes its address to.
const ADDRESS: &str = "address";

/// An update whose checksum is right and whose content makes no sense: the documents' library panics in it.
const FORGED: &[u8] = include_bytes!("../../../stet-model/tests/forged-update.bin");

/// Does nothing but in a process that the test starts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_of_the_test_below() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    // What a panic does that meets another one on its way out, which no wall holds.
    std::panic::set_hook(Box::new(|_| std::process::abort()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let config = Config { data: Some(folder.clone().into()), ..Config::default() };
    let unfinished = Path::new(&folder).join("address.new");
    std::fs::write(&unfinished, address).unwrap();
    std::fs::rename(&unfinished, Path::new(&folder).join(ADDRESS)).unwrap();
    stet_server::run(config, listener, std::future::pending()).await.unwrap();
}

/// A server in a process of its own.
struct Process {
    child: Child,
    url: String,
}

impl Process {
    async fn start(folder: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "aborting::a_server_of_the_test_below"]).env(FOLDER, folder).stdout(Stdio::null());
        let child = command.spawn().unwrap();
        let address = within(async {
            loop {
                match std::fs::read_to_string(folder.join(ADDRESS)) {
                    Ok(address) => return address,
                    Err(_) => tokio::task::yield_now().await,
                }
            }
        });
        let url = format!("ws://{}/ws", address.await);
        std::fs::remove_file(folder.join(ADDRESS)).unwrap();
        Self { child, url }
    }

    async fn level1(&self, folder: &Path) -> Client {
        let token = token_for(folder, "maria", 3_600_000);
        let mut client = Client::to(&self.url).await;
        client.expect("connection_established").await;
        client.send(json!({"type": "auth", "token": token})).await;
        client.expect("auth_success").await;
        client
    }

    fn aborted(mut self) -> bool {
        !self.child.wait().unwrap().success()
    }
}

/// A data folder with two notes, of which one is forged.
async fn folder() -> TempDir {
    let mut server = Server::start().await;
    let mut device = server.level2("maria", 9).await;
    let good = NoteDocument::new(PeerId(1));
    let whole = |mut note: NoteDocument| {
        note.edit(&NoteEdit::SetBody("text".into()), 1).unwrap();
        note.export(&Version::new())
    };
    for (note, ops) in [(1, FORGED.to_vec()), (2, whole(good))] {
        let space = device.space();
        let update = json!({"type": "note_update", "id": format!("u{note}"), "spaceId": space, "noteId": uuid(note),
            "after": 0, "ops": [Bytes(ops)]});
        device.send(update).await;
        device.expect("note_update_success").await;
    }
    server.stop().await
}

#[tokio::test]
async fn a_document_that_ends_the_server_twice_is_left_alone_and_everybody_is_served() {
    let folder = folder().await;
    let folder = folder.path();
    for _ in 0..2 {
        let server = Process::start(folder).await;
        let mut client = server.level1(folder).await;
        client.send(json!({"type": "join_note", "noteId": uuid(1)})).await;
        client.ended().await;
        assert!(server.aborted());
    }
    let mut server = Process::start(folder).await;
    let mut client = server.level1(folder).await;
    client.send(json!({"type": "join_note", "noteId": uuid(1)})).await;
    assert_eq!(client.refused("internal").await["noteId"], uuid(1));
    client.send(json!({"type": "join_note", "noteId": uuid(2)})).await;
    assert_eq!(client.expect("note_joined").await["note"]["content"], "text");
    server.child.kill().unwrap();
    server.child.wait().unwrap();
}
