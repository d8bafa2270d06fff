//! Two engines and the server in one process, over real sockets and real files: the whole path without a window.

#![expect(clippy::expect_used, reason = "a test that can't go on says why and ends")]

use std::path::Path;

use rusqlite::Connection;
use stet_client::api::command::{ChangeNote, CreateFolder, EmptyTrash, GetMerged, PurgeNote, SettleMerged, TrashNote};
use stet_client::api::merged::MergedChoice;
use stet_client::api::note::{NoteChange, View};
use stet_model::id::NoteId;
use stet_server::config::{LimitConfig, TokenConfig};
use stet_tests::device::Device;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A server that runs until it is stopped, on a port it keeps.
struct Server {
    url: String,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Server {
    async fn start(folder: &Path, port: u16) -> Self {
        Self::with(folder, port, LimitConfig::default()).await
    }

    async fn with(folder: &Path, port: u16, limits: LimitConfig) -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.expect("a port");
        let url = format!("ws://{}", listener.local_addr().expect("an address"));
        let config = stet_server::Config { data: Some(folder.to_owned()), limits, ..stet_server::Config::default() };
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let shutdown = async {
                let _ = stopped.await;
            };
            stet_server::run(config, listener, shutdown).await.expect("the server ends well");
        });
        Self { url, stop, task }
    }

    fn port(&self) -> u16 {
        self.url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
    }

    async fn stop(self) {
        let _ = self.stop.send(());
        self.task.await.expect("the server's task ends");
    }
}

struct Two {
    folder: TempDir,
    server: Server,
    token: String,
    one: Device,
    two: Device,
}

impl Two {
    async fn start() -> Self {
        Self::with(LimitConfig::default()).await
    }

    async fn with(limits: LimitConfig) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("server");
        let server = Server::with(&data, 0, limits).await;
        let config = TokenConfig { user: "anna".into(), ttl: 3_600_000, data: Some(data) };
        let token = stet_server::token(&config).expect("a token");
        let one = Device::start(&folder.path().join("one"), "Desk", &server.url, &token).await;
        let two = Device::start(&folder.path().join("two"), "Laptop", &server.url, &token).await;
        one.is_synced().await;
        two.is_synced().await;
        Self { folder, server, token, one, two }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_typed_on_one_is_on_the_other_and_the_other_way_round() {
    let Two { one, two, folder: _folder, server: _server, .. } = Two::start().await;
    let note = one.create("Shopping", "bread").await;
    assert_eq!(two.finds("Shopping").await, note);
    two.sees_body(note, "bread").await;
    two.append(note, " and butter").await;
    one.sees_body(note, "bread and butter").await;
    one.is_synced().await;
    two.is_synced().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_new_devices_of_one_account_share_one_welcome_note() {
    let Two { one, two, folder: _folder, server: _server, .. } = Two::start().await;
    one.is_synced().await;
    two.is_synced().await;
    assert_eq!(two.rows(View::All).await.len(), 1);
    assert_eq!(one.rows(View::All).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_made_while_the_server_is_down_meet_when_it_is_back() {
    let Two { folder, server, one, two, .. } = Two::start().await;
    let note = one.create("Plan", "middle").await;
    two.sees_body(note, "middle").await;
    let port = server.port();
    server.stop().await;
    one.until("offline", |status| !status.is_connected).await;
    two.until("offline", |status| !status.is_connected).await;
    one.edit(note, |_| (0, 0, "first ".into())).await;
    two.append(note, " last").await;
    one.until("one waits", |status| status.unsent == 1).await;
    let _server = Server::start(&folder.path().join("server"), port).await;
    for device in [&one, &two] {
        device.sees_body(note, "first middle last").await;
        device.is_synced().await;
    }
}

/// Words that don't compress, so that they are as many bytes on the wire.
fn noise(words: u64) -> String {
    let word = |n: u64| format!("{:016x} ", n.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    (0..words).map(word).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_note_larger_than_a_message_may_be_goes_to_the_server_in_several() {
    let limits = LimitConfig { message_bytes: 20_000, ..LimitConfig::default() };
    let Two { one, two, folder: _folder, server: _server, .. } = Two::with(limits).await;
    let text = noise(10_000);
    let note = one.create("Long", &text).await;
    two.sees_body(note, &text).await;
    one.is_synced().await;
    two.is_synced().await;
}

/// Waits until a note has so many marks on this device.
async fn has_marks(device: &Device, note: NoteId, marks: u32) {
    stet_tests::wait::eventually(&format!("{marks} marks"), async || {
        let row = device.row(note).await;
        if row.as_ref().is_some_and(|row| row.merged == marks) { Ok(()) } else { Err(format!("{row:?}")) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_both_wrote_in_one_line_is_marked_once_on_every_device_and_settled_on_one_for_all() {
    let Two { folder, server, token, one, two } = Two::start().await;
    let note_id = one.create("Plan", "bread\nmilk").await;
    two.sees_body(note_id, "bread\nmilk").await;
    let port = server.port();
    server.stop().await;
    one.until("offline", |status| !status.is_connected).await;
    two.until("offline", |status| !status.is_connected).await;
    one.edit(note_id, |_| (6, 6, "oat ".into())).await;
    two.append(note_id, ", 2 l").await;
    let server = Server::start(&folder.path().join("server"), port).await;
    let three = Device::start(&folder.path().join("three"), "Phone", &server.url, &token).await;
    for device in [&one, &two, &three] {
        device.sees_body(note_id, "bread\noat milk, 2 l").await;
        has_marks(device, note_id, 1).await;
        device.is_synced().await;
    }
    for (device, mine, theirs) in [(&one, "bread\noat milk", "Laptop"), (&two, "bread\nmilk, 2 l", "Desk")] {
        let marks = device.call(GetMerged { note_id }).await.marks;
        assert_eq!(marks.len(), 1);
        assert_eq!((marks[0].mine.here, marks[0].theirs.devices.as_slice()), (true, [theirs.to_owned()].as_slice()));
        let passage = &marks[0].passages[0];
        assert!(mine.ends_with(passage.mine.as_str()), "{passage:?}");
    }
    let key = one.call(GetMerged { note_id }).await.marks[0].key.clone();
    one.call(SettleMerged { note_id, key: Some(key), choice: MergedChoice::Mine }).await;
    for device in [&one, &two, &three] {
        device.sees_body(note_id, "bread\noat milk").await;
        has_marks(device, note_id, 0).await;
        device.is_synced().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn folders_stars_the_trash_and_removal_for_good_travel_too() {
    let Two { one, two, folder, server, token } = Two::start().await;
    let note_id = one.create("Seeds", "beans").await;
    let folder_id = one.call(CreateFolder { name: "Garden".into(), parent_id: None }).await.folder_id;
    one.call(ChangeNote { note_id, change: NoteChange::Folder { folder_id: Some(folder_id) } }).await;
    one.call(ChangeNote { note_id, change: NoteChange::Starred { value: true } }).await;
    stet_tests::wait::eventually("the folder and the star", async || {
        let rows = two.rows(View::Folder { folder_id }).await;
        let there = rows.first().is_some_and(|row| row.starred && row.id == note_id);
        if there { Ok(()) } else { Err(format!("{rows:?}")) }
    })
    .await;
    two.call(TrashNote { note_id }).await;
    stet_tests::wait::eventually("the trash", async || {
        let rows = one.rows(View::Trash).await;
        if rows.len() == 1 { Ok(()) } else { Err(format!("{rows:?}")) }
    })
    .await;
    one.call(PurgeNote { note_id }).await;
    one.is_synced().await;
    // Live it would go in a minute: until then it may be one of many. What comes with a catch-up is counted at its end.
    two.stop().await;
    let two = Device::start(&folder.path().join("two"), "Laptop", &server.url, &token).await;
    stet_tests::wait::eventually("gone for good", async || {
        let rows = two.rows(View::Trash).await;
        if rows.is_empty() { Ok(()) } else { Err(format!("{rows:?}")) }
    })
    .await;
    one.is_synced().await;
    two.is_synced().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_third_device_fetches_a_thousand_notes() {
    let Two { folder, server, token, one, .. } = Two::start().await;
    for n in 0..1_000 {
        one.create(&format!("Note {n}"), &format!("the text of note {n}")).await;
    }
    one.is_synced().await;
    let three = Device::start(&folder.path().join("three"), "Phone", &server.url, &token).await;
    three.is_synced().await;
    stet_tests::wait::eventually("every note", async || {
        let total = three.total(View::All).await;
        if total == 1_001 { Ok(()) } else { Err(format!("{total}")) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_note_that_can_not_be_read_keeps_no_other_in_an_emptied_trash() {
    let folder = tempfile::tempdir().expect("a folder");
    // Nobody listens there: the device is alone with its notes.
    let start = async || Device::start(folder.path(), "Laptop", "ws://127.0.0.1:9", "none").await;
    let device = start().await;
    let mut notes = Vec::new();
    for n in 0..3 {
        let note_id = device.create(&format!("Note {n}"), "words").await;
        device.call(TrashNote { note_id }).await;
        notes.push(note_id);
    }
    device.stop().await;
    let store = Connection::open(folder.path().join("notes.sqlite")).expect("the store");
    let damage = "UPDATE updates SET ops = x'00' WHERE doc = (SELECT id FROM documents WHERE note = ?1)";
    assert!(store.execute(damage, [notes[1].as_bytes()]).expect("damaged") > 0);
    drop(store);

    let device = start().await;
    let error = device.try_call(EmptyTrash {}).await.expect_err("one can't be removed");
    assert!(error.message.starts_with("1 note can't be removed"), "{error:?}");
    let left: Vec<_> = device.rows(View::Trash).await.into_iter().map(|row| row.id).collect();
    assert_eq!(left, [notes[1]]);
    device.stop().await;
}
