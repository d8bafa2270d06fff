//! The real server in the simulated world: its database outlives it, tokens are checked by a rule a child could follow.
//! Never how frames travel.

pub mod database;
mod log;

use std::collections::BTreeMap;
use std::path::Path;

use stet_model::document::{LibraryDocument, NoteDocument};
use stet_model::id::{NoteId, PeerId, SpaceId, UserId};
use stet_protocol::message::AuthFailure;
use stet_server::bus::LocalBus;
use stet_server::core::{Claims, Core, Happening, SocketId, Verify};
use stet_server::database::sqlite::Sqlite;
use stet_server::database::{Access, Database, Opening, Random, Read, Write, Written};
use stet_sync::server::{Now, Outgoing, Settings};

use self::database::Frail;
use self::log::Log;
use super::network::LinkId;
use super::plan::Config;
use super::random::Dice;
use crate::disk::{Broken, Chance, Disk, VFS};

/// The server's time at the start of the world, epoch milliseconds.
pub const EPOCH: i64 = 1_790_000_000_000;
/// The database's name on the server's disk.
const STORE: &str = "server.sqlite";
/// The only account.
const SUBJECT: &str = "ada";
/// Past every row a log can have.
const END: u64 = (1 << 40) - 1;
const ISSUER: &str = "the world";

/// A good token until then, epoch milliseconds.
pub fn token(expires_at: i64) -> String {
    format!("{SUBJECT} until {expires_at}")
}

struct Tokens;

impl Verify for Tokens {
    fn verify(&self, token: &str, now: i64) -> Result<Claims, AuthFailure> {
        let (subject, expires_at) = token.split_once(" until ").ok_or(AuthFailure::InvalidToken)?;
        let expires_at = expires_at.parse().map_err(|_| AuthFailure::InvalidToken)?;
        if now >= expires_at {
            return Err(AuthFailure::TokenExpired);
        }
        Ok(Claims { issuer: ISSUER.to_owned(), subject: subject.to_owned(), expires_at })
    }
}

fn open(disk: &Disk, random: Random) -> Result<Frail, String> {
    let sqlite = Sqlite::open_through(VFS, Path::new(&disk.path(STORE)), random).map_err(|error| error.to_string())?;
    Ok(Frail::new(sqlite, disk.clone()))
}

/// The server and its database.
pub struct Server {
    running: Option<Core<Frail>>,
    disk: Disk,
    /// A copy of its files.
    backup: Option<Disk>,
    settings: Settings,
    seed: u64,
    lives: u64,
    user: UserId,
    space: SpaceId,
    /// What its log holds.
    pub log: Log,
    /// Groups of writes that are in it.
    learned: u64,
    /// How far its clock is from the right time, milliseconds.
    pub wall_off: i64,
    /// Its disk is to fail, and hasn't yet.
    fails: bool,
    /// Which link each socket is the server's end of.
    pub sockets: BTreeMap<SocketId, LinkId>,
    /// When the timer is set, simulated milliseconds.
    pub timer_at: Option<u64>,
}

impl Server {
    /// A server that isn't running, with an account.
    pub fn new(seed: u64, config: &Config) -> Result<Self, String> {
        let disk = Disk::new();
        let mut database = open(&disk, random(seed, 1_000))?;
        let user = database.make_account(ISSUER, SUBJECT, EPOCH).map_err(|error| error.to_string())?;
        let opening = Opening { issuer: ISSUER.to_owned(), subject: SUBJECT.to_owned(), device: None };
        let mut opened = database.write(&[Write::Open(opening)], EPOCH);
        let Some(Ok(Written::Opened { spaces, .. })) = opened.pop() else {
            return Err("the account can't be opened".to_owned());
        };
        let space = spaces.first().ok_or("the account has no space")?.id;
        let mut settings =
            Settings { batch_bytes: config.batch_bytes, backlog_bytes: config.backlog_bytes, ..Settings::default() };
        settings.limits.updates_in_flight = config.updates_in_flight;
        // Folds meet other folds, rows and removals in some runs, long ranges in others.
        settings.fold_every = [2, 5, 24][(seed % 3) as usize];
        // Fewer than there are: what is sent ahead of the log isn't all of it.
        settings.newest_notes = [1, 4, 12][(seed / 3 % 3) as usize];
        settings.limits.messages_per_minute = config.messages_per_minute;
        Ok(Self {
            running: None,
            disk,
            backup: None,
            settings,
            seed,
            lives: 0,
            user,
            space,
            log: Log::default(),
            learned: 0,
            wall_off: 0,
            fails: false,
            sockets: BTreeMap::new(),
            timer_at: None,
        })
    }

    /// Starts, if it doesn't run.
    pub fn start(&mut self) -> Result<(), String> {
        if self.running.is_some() {
            return Ok(());
        }
        self.lives += 1;
        let database = open(&self.disk, random(self.seed, 1_000_000 + self.lives))?;
        let (bus, random) = (Box::new(LocalBus::default()), random(self.seed, 2_000_000 + self.lives));
        let core = Core::new(database, self.settings.clone(), Box::new(Tokens), bus, random);
        self.running = Some(core.map_err(|error| error.to_string())?);
        self.timer_at = None;
        let (head, _) = self.head()?;
        self.log.ends_at(head);
        self.learned = 0;
        self.read_log()
    }

    /// Takes note of what came into the log, if anything was written.
    pub fn learn(&mut self) -> Result<(), String> {
        let learned = self.learned;
        match self.database().map(|database| database.groups) {
            Some(groups) if groups != learned => {
                self.learned = groups;
                self.read_log()
            }
            _ => Ok(()),
        }
    }

    fn read_log(&mut self) -> Result<(), String> {
        let (user, space_id, since) = (self.user.clone(), self.space, self.log.head());
        let database = self.database().ok_or("no database")?;
        let page = database.log(Access { user_id: &user, space_id }, since, usize::MAX);
        page.map_err(|error| error.to_string())?.rows.iter().try_for_each(|row| self.log.take(row))
    }

    /// Ends, just so; with the power goes what wasn't synced.
    pub fn end(&mut self, power: Option<Chance<'_>>) {
        match power {
            Some(chance) => self.disk.cut(chance),
            None => self.disk.abandon(),
        }
        self.running = None;
        self.sockets.clear();
    }

    /// What it takes for the time.
    pub const fn time(&self, now: u64) -> Now {
        let mono = now as i64;
        Now { mono, wall: EPOCH + mono + self.wall_off }
    }

    /// Takes a socket.
    pub fn connect(&mut self, link: LinkId, now: u64) -> Option<SocketId> {
        let now = self.time(now);
        let socket = self.running.as_mut()?.connect(now);
        self.sockets.insert(socket, link);
        Some(socket)
    }

    /// Somebody copies its files aside.
    pub fn back_up(&mut self) {
        self.backup = Some(self.disk.copy());
    }

    /// Whether there is a copy.
    pub const fn has_backup(&self) -> bool {
        self.backup.is_some()
    }

    /// Ends, just so, and its files are those of the copy.
    pub fn restore(&mut self) {
        self.end(None);
        if let Some(copy) = &self.backup {
            self.disk.restore(copy);
        }
    }

    /// Takes a socket of a level-1 client.
    pub fn connect_level1(&mut self, now: u64) -> Option<SocketId> {
        let now = self.time(now);
        Some(self.running.as_mut()?.connect(now))
    }

    /// Every note there is.
    pub fn notes(&mut self) -> Vec<NoteId> {
        let (user, space_id) = (self.user.clone(), self.space);
        let Some(database) = self.database() else { return Vec::new() };
        let page = database.log(Access { user_id: &user, space_id }, 0, usize::MAX);
        let rows = page.map(|page| page.rows).unwrap_or_default();
        let notes: std::collections::BTreeSet<NoteId> =
            rows.iter().filter(|row| !row.purged && row.note_id != space_id.library()).map(|row| row.note_id).collect();
        notes.into_iter().collect()
    }

    /// Hears of something.
    pub fn handle(&mut self, happening: Happening, now: u64) {
        if let Happening::Gone(socket) = &happening {
            self.sockets.remove(socket);
        }
        let now = self.time(now);
        if let Some(core) = &mut self.running {
            core.handle(happening, now);
        }
    }

    /// What it writes to a socket next.
    pub fn take(&mut self, socket: SocketId, now: u64) -> Option<Outgoing> {
        let now = self.time(now);
        self.running.as_mut()?.take(socket, now)
    }

    /// When its timer is due, simulated milliseconds.
    pub fn deadline(&self) -> Option<u64> {
        let at = self.running.as_ref()?.deadline()?;
        Some(at.max(0).unsigned_abs())
    }

    /// Its disk fails during the next so many groups of writes, if it runs.
    pub fn break_disk(&mut self, groups: u32, broken: Option<(Broken, u32)>) {
        if let Some(database) = self.database() {
            (database.failing, database.broken, database.failed) = (groups, broken, false);
            self.fails = true;
        }
    }

    /// Whether it has failed, which is said once.
    pub fn disk_has_failed(&mut self) -> bool {
        let failed = self.fails && self.database().is_some_and(|database| database.failed);
        self.fails &= !failed;
        failed
    }

    /// Its database, while it runs.
    pub fn database(&mut self) -> Option<&mut Frail> {
        self.running.as_mut().map(Core::database)
    }

    /// The last seq of the log and the digest there.
    pub fn head(&mut self) -> Result<(u64, String), String> {
        let (user, space_id) = (self.user.clone(), self.space);
        let database = self.database().ok_or("no database")?;
        let page = database.log(Access { user_id: &user, space_id }, END, 1).map_err(|error| error.to_string())?;
        let end = page.end.ok_or("the whole log has no end")?;
        Ok((end.seq, end.digest))
    }

    /// The last seq of a document, and whether it is gone for good.
    pub fn place(&mut self, note: NoteId) -> Result<Option<(u64, bool)>, String> {
        let (user, space_id) = (self.user.clone(), self.space);
        let database = self.database().ok_or("no database")?;
        let stored = database.document(Access { user_id: &user, space_id }, note).map_err(|error| error.to_string())?;
        Ok(stored.map(|stored| (stored.seq, stored.purged)))
    }

    /// A note made of the server's rows; `None` for one that is gone for good or never was.
    pub fn note(&mut self, note: NoteId) -> Result<Option<NoteDocument>, String> {
        let Some(parts) = self.parts(note)? else { return Ok(None) };
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        NoteDocument::load(&parts, PeerId(1)).map(Some).map_err(|error| format!("the server's note {note}: {error}"))
    }

    /// The document of the folders.
    pub const fn library_id(&self) -> NoteId {
        self.space.library()
    }

    /// The folders made of the server's rows.
    pub fn library(&mut self) -> Result<LibraryDocument, String> {
        let parts = self.parts(self.space.library())?.unwrap_or_default();
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        LibraryDocument::load(&parts, PeerId(1)).map_err(|error| format!("the server's library: {error}"))
    }

    fn parts(&mut self, note: NoteId) -> Result<Option<Vec<Vec<u8>>>, String> {
        let (user, space_id) = (self.user.clone(), self.space);
        let database = self.database().ok_or("no database")?;
        let stored = database.document(Access { user_id: &user, space_id }, note).map_err(|error| error.to_string())?;
        let parts = |rows: Vec<stet_protocol::message::level2::Row>| {
            rows.into_iter().flat_map(|row| row.ops).map(|ops| ops.0).collect()
        };
        Ok(stored.filter(|stored| !stored.purged).map(|stored| parts(stored.rows)))
    }
}

fn random(seed: u64, stream: u64) -> Random {
    let mut dice = Dice::new(seed, stream);
    Box::new(move |bytes| dice.fill(bytes))
}
