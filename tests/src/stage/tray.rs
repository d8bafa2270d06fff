//! A tray without pixels: takes the StatusNotifierItems that register, reads what they show, clicks in their menus.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use zbus::message::Header;
use zbus::object_server::SignalEmitter;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Structure, Value};
use zbus::{Connection, fdo, interface};

use super::bus::Bus;
use crate::wait::eventually;

const WATCHER: &str = "org.kde.StatusNotifierWatcher";
const WATCHER_PATH: &str = "/StatusNotifierWatcher";
const ITEM: &str = "org.kde.StatusNotifierItem";
const ITEM_PATH: &str = "/StatusNotifierItem";
const MENU: &str = "com.canonical.dbusmenu";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// Items as (bus name, object path).
type Items = Arc<Mutex<Vec<(String, String)>>>;

/// The recording tray.
pub struct TrayHost {
    items: Items,
    connection: Connection,
}

impl TrayHost {
    /// Takes the watcher's name on the bus.
    pub async fn start(bus: &Bus) -> Self {
        let items = Items::default();
        let connection = bus.connect().await;
        let watcher = Watcher { items: items.clone() };
        connection.object_server().at(WATCHER_PATH, watcher).await.expect("offer a tray");
        connection.request_name(WATCHER).await.expect("own the tray's name");
        Self { items, connection }
    }

    /// The icon that this process put into the tray. Waits until it has.
    pub async fn icon_of(&self, process: u32) -> TrayIcon {
        eventually("a tray icon", async || {
            let items = lock(&self.items).clone();
            for (service, path) in items.iter().rev() {
                if self.process(service).await == Some(process) {
                    return Ok(TrayIcon {
                        connection: self.connection.clone(),
                        service: service.clone(),
                        path: path.clone(),
                    });
                }
            }
            Err(format!("{items:?}, none of process {process}"))
        })
        .await
    }

    async fn process(&self, service: &str) -> Option<u32> {
        let bus = fdo::DBusProxy::new(&self.connection).await.ok()?;
        bus.get_connection_unix_process_id(service.try_into().ok()?).await.ok()
    }
}

struct Watcher {
    items: Items,
}

#[interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    async fn register_status_notifier_item(
        &self,
        service: &str,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> fdo::Result<()> {
        // A bus name by the specification, an object path of the sender's by habit.
        let item = match (service.starts_with('/'), header.sender()) {
            (true, Some(sender)) => (sender.to_string(), service.to_owned()),
            _ => (service.to_owned(), ITEM_PATH.to_owned()),
        };
        let name = format!("{}{}", item.0, item.1);
        lock(&self.items).push(item);
        Ok(Self::status_notifier_item_registered(&emitter, &name).await?)
    }

    fn register_status_notifier_host(&self, _service: &str) {}

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        lock(&self.items).iter().map(|(service, path)| format!("{service}{path}")).collect()
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }

    #[zbus(signal)]
    async fn status_notifier_item_registered(emitter: &SignalEmitter<'_>, service: &str) -> zbus::Result<()>;
}

fn lock(items: &Items) -> MutexGuard<'_, Vec<(String, String)>> {
    items.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// An entry of a tray menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MenuItem {
    /// The menu's number for it.
    pub id: i32,
    /// Its words, without the underscore of a shortcut.
    pub label: String,
    /// It can be clicked.
    pub enabled: bool,
    /// The tick, for entries that have one.
    pub checked: Option<bool>,
    /// The entries of its submenu.
    pub children: Vec<MenuItem>,
}

/// A layout as the bus carries it: id, properties, children.
type Layout = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

/// An icon in the tray, read anew at each call.
pub struct TrayIcon {
    connection: Connection,
    service: String,
    path: String,
}

impl TrayIcon {
    /// Title and text of the tooltip, as one text.
    pub async fn tooltip(&self) -> String {
        let Some(value) = self.property("ToolTip").await else {
            return String::new();
        };
        let Ok(parts) = Structure::try_from(Value::from(value)) else {
            return String::new();
        };
        let texts: Vec<&str> = parts.fields()[2..].iter().filter_map(|field| field.downcast_ref().ok()).collect();
        texts.join("\n").trim().to_owned()
    }

    /// The pixels of the largest picture (ARGB); empty while there is none.
    pub async fn pixels(&self) -> Vec<u8> {
        let pictures =
            self.property("IconPixmap").await.and_then(|value| Vec::<(i32, i32, Vec<u8>)>::try_from(value).ok());
        let largest = pictures.unwrap_or_default().into_iter().max_by_key(|(width, _, _)| *width);
        largest.map(|(_, _, pixels)| pixels).unwrap_or_default()
    }

    /// The menu's entries.
    pub async fn menu(&self) -> Vec<MenuItem> {
        let arguments = (0_i32, -1_i32, Vec::<String>::new());
        match self.call_menu("GetLayout", &arguments).await {
            Ok(answer) => {
                let layout: (u32, Layout) = answer.body().deserialize().expect("a menu's layout");
                entry(layout.1).children
            }
            Err(_) => Vec::new(),
        }
    }

    /// Every label of the menu, submenus after their entry.
    pub async fn labels(&self) -> Vec<String> {
        flatten(self.menu().await).into_iter().map(|item| item.label).collect()
    }

    /// Clicks the first entry whose label begins with `label`, in any submenu. Waits until it is there and enabled.
    pub async fn click(&self, label: &str) {
        let item = eventually(&format!("{label:?} in the tray's menu"), async || {
            let items = flatten(self.menu().await);
            let found = items.iter().find(|item| item.enabled && item.label.starts_with(label)).cloned();
            found.ok_or_else(|| format!("{items:?}"))
        })
        .await;
        let arguments = (item.id, "clicked", Value::from(0_i32), 0_u32);
        self.call_menu("Event", &arguments).await.expect("click in the tray's menu");
    }

    /// Clicks the icon itself.
    pub async fn activate(&self) {
        let path = self.path.as_str();
        let place = (0_i32, 0_i32);
        let called = self.connection.call_method(Some(self.service.as_str()), path, Some(ITEM), "Activate", &place);
        called.await.expect("click the tray icon");
    }

    async fn property(&self, name: &str) -> Option<OwnedValue> {
        let path = self.path.as_str();
        let wanted = (ITEM, name);
        let asked = self.connection.call_method(Some(self.service.as_str()), path, Some(PROPERTIES), "Get", &wanted);
        asked.await.ok()?.body().deserialize().ok()
    }

    async fn call_menu<B>(&self, method: &str, body: &B) -> zbus::Result<zbus::Message>
    where
        B: serde::Serialize + zbus::zvariant::DynamicType,
    {
        let menu = self.property("Menu").await.ok_or(zbus::Error::InvalidReply)?;
        let path = OwnedObjectPath::try_from(menu)?;
        let service = Some(self.service.as_str());
        self.connection.call_method(service, path.as_str(), Some(MENU), method, body).await
    }
}

fn entry((id, properties, children): Layout) -> MenuItem {
    let text = |name: &str| properties.get(name).and_then(|value| value.downcast_ref::<String>().ok());
    let number = |name: &str| properties.get(name).and_then(|value| value.downcast_ref::<i32>().ok());
    let flag = |name: &str| properties.get(name).and_then(|value| value.downcast_ref::<bool>().ok());
    let ticked = text("toggle-type").is_some_and(|kind| !kind.is_empty());
    MenuItem {
        id,
        label: text("label").unwrap_or_default().replace('_', ""),
        enabled: flag("enabled").unwrap_or(true),
        checked: ticked.then(|| number("toggle-state") == Some(1)),
        children: children.into_iter().filter_map(|child| layout(child).map(entry)).collect(),
    }
}

fn layout(value: OwnedValue) -> Option<Layout> {
    let structure = Structure::try_from(Value::from(value)).ok()?;
    let mut fields = structure.into_fields().into_iter();
    let id = i32::try_from(fields.next()?).ok()?;
    let properties = HashMap::<String, OwnedValue>::try_from(fields.next()?).ok()?;
    let children = Vec::<OwnedValue>::try_from(fields.next()?).ok()?;
    Some((id, properties, children))
}

fn flatten(items: Vec<MenuItem>) -> Vec<MenuItem> {
    let with_children = |item: MenuItem| {
        let below = flatten(item.children.clone());
        std::iter::once(item).chain(below)
    };
    items.into_iter().flat_map(with_children).collect()
}
