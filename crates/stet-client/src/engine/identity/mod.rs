//! Which device this is, and whether it still is where its store was made for: a data folder that was copied goes on as a
//! device of its own, before anything of it is sent. Never here: how a system names its machine and its folders.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use stet_model::id::DeviceId;
use stet_store::Write;

use super::binding::{SPACE, parsed};
use super::documents::after::{After, Fact};
use super::{Engine, Now, Output, Setup};
use crate::hex::hex;

const DEVICE: &str = "device";
const HOME: &str = "home";

/// Where a store is, as far as the system says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Home {
    /// What the system calls this machine. Only a salted hash of it is kept, and nothing of it leaves the device.
    pub machine: Option<String>,
    /// The data folder.
    pub folder: Option<Folder>,
}

/// What tells a folder from a copy of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folder {
    /// The file system's number for it.
    pub inode: u64,
    /// When it was made, epoch milliseconds.
    pub made_at: i64,
}

/// The home a device id was taken for, as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct KeptHome {
    salt: String,
    machine: Option<String>,
    folder: Option<Folder>,
}

impl KeptHome {
    fn of(home: &Home, salt: String) -> Self {
        let machine = home.machine.as_ref().map(|name| hash(&salt, name));
        Self { machine, folder: home.folder, salt }
    }

    /// Whether the store is elsewhere now. What isn't known says nothing.
    fn has_left(&self, home: &Home) -> bool {
        let now = Self::of(home, self.salt.clone());
        let other_machine = differ(self.machine.as_ref(), now.machine.as_ref(), |before, after| before != after);
        // Some file systems number their files anew at each mount, and some copies keep the time: both have to differ.
        let other_folder = differ(self.folder.as_ref(), now.folder.as_ref(), |before, after| {
            before.inode != after.inode && before.made_at != after.made_at
        });
        other_machine || other_folder
    }

    /// The same home with what is known of it now; what isn't stays as it was.
    fn with(&self, home: &Home) -> Self {
        let now = Self::of(home, self.salt.clone());
        Self { machine: now.machine.or_else(|| self.machine.clone()), folder: now.folder.or(self.folder), ..now }
    }
}

fn differ<T>(before: Option<&T>, after: Option<&T>, differ: impl Fn(&T, &T) -> bool) -> bool {
    before.zip(after).is_some_and(|(before, after)| differ(before, after))
}

/// Hexadecimal SHA-256 of both.
fn hash(salt: &str, name: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(salt.as_bytes());
    hash.update(name.as_bytes());
    hex(&hash.finalize())
}

/// Who this engine is.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub(super) device_id: DeviceId,
    pub(super) device_name: String,
    pub(super) app_version: String,
    pub(super) server_url: Option<String>,
    home: Option<KeptHome>,
    /// The device id or its home isn't what the store has.
    news: bool,
    /// The store has the device id: until then nobody else hears of it.
    kept: bool,
    /// A token was asked for before that.
    token_wanted: Option<bool>,
}

impl Identity {
    /// What the store says, or a new device where it says nothing or the store is a copy.
    pub(super) fn read(setup: &Setup, random: &mut ChaCha8Rng, now: Now) -> Self {
        let meta = &setup.boot.meta;
        let stored = meta.get(DEVICE).and_then(|text| text.parse().ok());
        let before: Option<KeptHome> = parsed(meta, HOME);
        let copied = before.as_ref().is_some_and(|before| before.has_left(&setup.home));
        let home = match &before {
            Some(before) if !copied => Some(before.with(&setup.home)),
            _ if setup.home == Home::default() => None,
            _ => {
                let mut salt = [0; 16];
                random.fill_bytes(&mut salt);
                Some(KeptHome::of(&setup.home, hex(&salt)))
            }
        };
        let stored: Option<DeviceId> = stored.filter(|_| !copied);
        let device_id = stored.unwrap_or_else(|| {
            let mut bytes = [0; 10];
            random.fill_bytes(&mut bytes);
            DeviceId::from_time(now.wall.max(0) as u64, bytes)
        });
        Self {
            device_id,
            device_name: setup.device_name.clone(),
            app_version: setup.app_version.clone(),
            server_url: setup.server_url.clone(),
            news: stored.is_none() || home != before,
            kept: stored.is_some(),
            home,
            token_wanted: None,
        }
    }

    /// Whether the store doesn't say it yet.
    pub(super) const fn is_news(&self) -> bool {
        self.news
    }
}

impl Engine {
    /// Writes down who this device is, where, and which space its notes are in, whose names were drawn at random.
    pub(super) fn write_identity(&mut self) {
        let home = self.setup.home.as_ref().and_then(|home| serde_json::to_string(home).ok());
        self.write(Write::Meta { key: DEVICE.into(), value: Some(self.setup.device_id.to_string()) }, After::Nothing);
        self.write(Write::Meta { key: HOME.into(), value: home }, After::Nothing);
        self.write(Write::Meta { key: SPACE.into(), value: Some(self.space.to_string()) }, After::Fact(Fact::Identity));
    }

    /// The store knows who this device is: others may.
    pub(super) fn identity_kept(&mut self) {
        self.setup.kept = true;
        if let Some(fresh) = self.setup.token_wanted.take() {
            self.outputs.push(Output::FetchToken { fresh });
        }
    }

    /// A token is wanted, to sign in with.
    pub(super) fn fetch_token(&mut self, fresh: bool) {
        if self.setup.kept {
            self.outputs.push(Output::FetchToken { fresh });
        } else {
            self.setup.token_wanted = Some(fresh);
        }
    }
}
