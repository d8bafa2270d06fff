//! A data folder that was copied to another machine, or beside itself.

use serde_json::json;
use stet_client::engine::{Folder, Home, Input};
use stet_model::id::DeviceId;
use stet_protocol::message::level2::ClientMessage;

use crate::desk::Desk;
use crate::level1::hear;
use crate::level2::{complete, connect, messages};

const MACHINE: &str = "b08dfa6083e7567a1921a715000001fb";

fn home(machine: &str, inode: u64, made_at: i64) -> Home {
    Home { machine: Some(machine.to_owned()), folder: Some(Folder { inode, made_at }) }
}

/// A device at home with a note it hasn't sent.
fn device() -> Desk {
    let mut desk = Desk::with_server(Some("ws://server.example"));
    desk.home = home(MACHINE, 7, 1_700_000_000_000);
    let mut desk = desk.crash();
    desk.create("Unsent", "text");
    desk
}

fn moved(mut desk: Desk, to: Home) -> Desk {
    desk.home = to;
    desk.crash()
}

/// Who said hello, and how many updates came.
fn introduced(desk: &mut Desk) -> (Vec<DeviceId>, usize) {
    let said = messages(desk);
    let updates = said.iter().filter(|message| matches!(message, ClientMessage::NoteUpdate(_))).count();
    let device = |message| match message {
        ClientMessage::Auth(auth) => Some(auth.device.expect("a device").id),
        _ => None,
    };
    (said.into_iter().filter_map(device).collect(), updates)
}

#[test]
fn a_store_on_another_machine_is_another_device_that_sends_what_was_unsent() {
    let desk = device();
    let original = desk.engine.device_id();
    let mut copy = moved(desk, home("another machine", 7, 1_700_000_000_000));
    assert_ne!(copy.engine.device_id(), original);
    connect(&mut copy, 0);
    complete(&mut copy, 0);
    let (devices, updates) = introduced(&mut copy);
    assert_eq!(devices, [copy.engine.device_id()]);
    assert!(updates > 0, "what was unsent goes out");
    let id = copy.engine.device_id();
    assert_eq!(copy.crash().engine.device_id(), id, "and that is the device from now on");
}

#[test]
fn a_copy_beside_the_original_is_another_device() {
    let desk = device();
    let original = desk.engine.device_id();
    assert_ne!(moved(desk, home(MACHINE, 8, 1_800_000_000_000)).engine.device_id(), original);
}

#[test]
fn a_copy_is_nobody_before_the_disk_knows_its_new_id() {
    let mut desk = device();
    desk.home = home("another machine", 7, 1_700_000_000_000);
    let mut copy = desk.crash_with(100);
    copy.give(Input::Opened);
    hear(&mut copy, &json!({"type": "connection_established", "message": "Please authenticate to continue"}));
    assert_eq!(introduced(&mut copy), (Vec::new(), 0));
    copy.failures = 0;
    copy.wait(2_000);
    assert_eq!(introduced(&mut copy).0, [copy.engine.device_id()]);
}

#[test]
fn what_is_not_known_of_a_home_is_no_reason_to_be_another_device() {
    let mut desk = device();
    let original = desk.engine.device_id();
    let known = home(MACHINE, 7, 1_700_000_000_000);
    let homes = [
        Home::default(),
        Home { folder: None, ..known.clone() },
        Home { machine: None, ..known },
        // Numbers given anew at each mount, and a file system that makes up times.
        home(MACHINE, 9, 1_700_000_000_000),
        home(MACHINE, 9, 1_800_000_000_000),
    ];
    for home in homes {
        desk = moved(desk, home.clone());
        assert_eq!(desk.engine.device_id(), original, "{home:?}");
    }
    desk = moved(desk, Home::default());
    assert_ne!(
        moved(desk, home("another machine", 7, 0)).engine.device_id(),
        original,
        "a machine that couldn't be told for a while is remembered"
    );
}

#[test]
fn a_store_from_before_homes_were_noted_stays_the_device_it_is() {
    let desk = Desk::with_server(Some("ws://server.example"));
    let original = desk.engine.device_id();
    let desk = moved(desk, home(MACHINE, 7, 1_700_000_000_000));
    assert_eq!(desk.engine.device_id(), original);
    assert_ne!(moved(desk, home("another machine", 7, 1_700_000_000_000)).engine.device_id(), original);
}

#[test]
fn the_name_of_the_machine_is_neither_kept_nor_sent() {
    let mut desk = device();
    let kept = desk.reader.meta("home").expect("reads").expect("is kept");
    assert!(!kept.contains(MACHINE), "{kept}");
    // Another process, so another salt.
    let other = moved(Desk::new().crash(), home(MACHINE, 7, 0));
    let others = other.reader.meta("home").expect("reads").expect("is kept");
    let machine = |json: &str| serde_json::from_str::<serde_json::Value>(json).expect("JSON")["machine"].clone();
    assert_ne!(machine(&kept), machine(&others), "the hash is salted");
    connect(&mut desk, 0);
    assert!(!format!("{:?}", desk.sent).contains(MACHINE));
}
