//! The stage itself: its services tell what they were told, and nothing it started outlives it. No Stet here.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(missing_docs, reason = "zbus's macro adds a public trait for a signal")]

use std::collections::HashMap;
use std::process::Command;

use futures_util::StreamExt as _;
use stet_tests::stage::{Ground, Program, Stage, marked};
use stet_tests::wait::{eventually, holds};
use zbus::object_server::SignalEmitter;
use zbus::zvariant::{OwnedValue, Value};
use zbus::{Connection, Proxy, interface};

const NOTIFICATIONS: (&str, &str) = ("org.freedesktop.Notifications", "/org/freedesktop/Notifications");

async fn notify(service: &Proxy<'_>, replaces: u32, summary: &str) -> u32 {
    let actions = vec!["default", "Open"];
    let hints = HashMap::<&str, Value<'_>>::new();
    let arguments = ("Stet", replaces, "", summary, "a body", actions, hints, -1_i32);
    service.call("Notify", &arguments).await.unwrap()
}

#[tokio::test]
async fn a_notification_is_recorded_and_its_click_comes_back() {
    let stage = Stage::set_up("notification").await;
    let connection = stage.bus().connect().await;
    let service = Proxy::new(&connection, NOTIFICATIONS.0, NOTIFICATIONS.1, NOTIFICATIONS.0).await.unwrap();
    let mut clicks = service.receive_signal("ActionInvoked").await.unwrap();
    let mut closings = service.receive_signal("NotificationClosed").await.unwrap();

    let first = notify(&service, 0, "first").await;
    let again = notify(&service, first, "first, changed").await;
    let second = notify(&service, 0, "second").await;
    assert_eq!(again, first);

    let shown = stage.notifications().shown();
    let seen: Vec<(u32, &str, bool)> =
        shown.iter().map(|shown| (shown.id, shown.summary.as_str(), shown.replaced)).collect();
    assert_eq!(seen, [(first, "first", false), (first, "first, changed", true), (second, "second", false)]);
    assert_eq!(shown[0].actions, ["default"]);
    assert_eq!(stage.notifications().raised(), 2);

    stage.notifications().click(second).await;
    let clicked: (u32, String) = clicks.next().await.unwrap().body().deserialize().unwrap();
    let closed: (u32, u32) = closings.next().await.unwrap().body().deserialize().unwrap();
    assert_eq!((clicked, closed), ((second, "default".to_owned()), (second, 2)));
    let shown = stage.notifications().shown();
    assert_eq!(shown.iter().map(|shown| shown.closed).collect::<Vec<_>>(), [false, false, true]);
}

/// Width, height and ARGB pixels.
type Picture = (i32, i32, Vec<u8>);

/// An item as the tray backend offers it, with one menu entry in a submenu.
struct Item;

#[interface(name = "org.kde.StatusNotifierItem")]
impl Item {
    #[zbus(property)]
    fn tool_tip(&self) -> (String, Vec<Picture>, String, String) {
        (String::new(), Vec::new(), "Stet".to_owned(), "2 unsent".to_owned())
    }

    #[zbus(property)]
    fn icon_pixmap(&self) -> Vec<Picture> {
        vec![(1, 1, vec![1; 4]), (2, 1, vec![2; 8])]
    }

    #[zbus(property)]
    fn menu(&self) -> zbus::zvariant::ObjectPath<'static> {
        zbus::zvariant::ObjectPath::from_static_str_unchecked("/MenuBar")
    }
}

struct Menu;

type Properties = HashMap<String, OwnedValue>;

fn text(value: &str) -> OwnedValue {
    Value::from(value).try_into_owned().unwrap()
}

#[interface(name = "com.canonical.dbusmenu")]
impl Menu {
    fn get_layout(&self, _parent: i32, _depth: i32, _names: Vec<String>) -> (u32, (i32, Properties, Vec<OwnedValue>)) {
        let leaf_properties = Properties::from([("label".to_owned(), text("_Garden"))]);
        let leaf = Value::from((7_i32, leaf_properties, Vec::<OwnedValue>::new()));
        let branch_properties = Properties::from([
            ("label".to_owned(), text("Recent")),
            ("toggle-type".to_owned(), text("checkmark")),
            ("toggle-state".to_owned(), Value::from(1_i32).try_into_owned().unwrap()),
        ]);
        let branch = Value::from((3_i32, branch_properties, vec![leaf.try_into_owned().unwrap()]));
        (1, (0, Properties::new(), vec![branch.try_into_owned().unwrap()]))
    }

    #[expect(clippy::too_many_arguments, reason = "the menu protocol's")]
    async fn event(
        &self,
        id: i32,
        kind: &str,
        _data: Value<'_>,
        _at: u32,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> zbus::fdo::Result<()> {
        assert_eq!(kind, "clicked");
        Ok(Self::item_activation_requested(&emitter, id, 0).await?)
    }

    #[zbus(signal)]
    async fn item_activation_requested(emitter: &SignalEmitter<'_>, id: i32, at: u32) -> zbus::Result<()>;
}

async fn offer_an_item(connection: &Connection) {
    connection.object_server().at("/StatusNotifierItem", Item).await.unwrap();
    connection.object_server().at("/MenuBar", Menu).await.unwrap();
    let name = format!("org.kde.StatusNotifierItem-{}-1", std::process::id());
    connection.request_name(name.as_str()).await.unwrap();
    let watcher = "org.kde.StatusNotifierWatcher";
    let watcher = Proxy::new(connection, watcher, "/StatusNotifierWatcher", watcher).await.unwrap();
    let registered: bool = watcher.get_property("IsStatusNotifierHostRegistered").await.unwrap();
    assert!(registered, "a tray that says nobody shows icons is no tray");
    let _: () = watcher.call("RegisterStatusNotifierItem", &name).await.unwrap();
}

#[tokio::test]
async fn a_tray_item_is_found_by_its_process_and_read_and_clicked() {
    let stage = Stage::set_up("tray").await;
    let connection = stage.bus().connect().await;
    offer_an_item(&connection).await;

    let icon = stage.tray().icon_of(std::process::id()).await;
    assert_eq!(icon.tooltip().await, "Stet\n2 unsent");
    assert_eq!(icon.pixels().await, [2; 8]);
    assert_eq!(icon.labels().await, ["Recent", "Garden"]);
    assert_eq!(icon.menu().await[0].checked, Some(true));

    let other = stage.bus().connect().await;
    let item = Proxy::new(&other, connection.unique_name().unwrap(), "/MenuBar", "com.canonical.dbusmenu");
    let mut clicks = item.await.unwrap().receive_signal("ItemActivationRequested").await.unwrap();
    icon.click("Garden").await;
    let (id, _): (i32, u32) = clicks.next().await.unwrap().body().deserialize().unwrap();
    assert_eq!(id, 7);
}

#[tokio::test]
async fn the_screen_can_be_photographed() {
    let stage = Stage::set_up("picture").await;
    let path = stage.ground().path().join("screen.png");
    stage.screen().picture(&path);
    let bytes = std::fs::read(path).unwrap();
    assert_eq!(bytes[..8], *b"\x89PNG\r\n\x1a\n");
}

fn shell(ground: &Ground, script: &str) -> Program {
    let mut command = Command::new("sh");
    command.env_clear().envs(ground.environment()).args(["-c", script]);
    Program::start(&mut command, &ground.log("shell.log"))
}

#[tokio::test]
async fn nothing_started_on_a_stage_outlives_it_even_in_another_process_group() {
    let ground = Ground::shared("orphan");
    let (name, mark) = ground.environment()[0].clone();
    // setsid leaves the group, as the app of a killed WebDriver stays behind.
    let mut parent = shell(&ground, "setsid sleep 600 & wait");
    // Before it is called `sleep` it is still a child in the group.
    eventually("the orphan to be", async || {
        let all = marked(&name, &mark);
        holds(all.iter().any(|process| process.program == "sleep"), all)
    })
    .await;
    parent.kill();
    assert_eq!(marked(&name, &mark).len(), 1, "the orphan outlives its group");
    drop(parent);
    drop(ground);
    assert_eq!(marked(&name, &mark), []);
}

#[tokio::test]
async fn a_stage_is_torn_down_when_its_test_panics() {
    let ground = Ground::shared("panic");
    let environment = ground.environment();
    let (name, mark) = environment[0].clone();
    let path = ground.path().to_owned();
    let panicking = std::thread::spawn(move || {
        let _program = shell(&ground, "sleep 600");
        panic!("as a failing test does");
    });
    assert!(panicking.join().is_err());
    assert_eq!(marked(&name, &mark), []);
    assert!(path.is_dir(), "what is left for a look at a failure is gone");
    std::fs::remove_dir_all(path).unwrap();
}
