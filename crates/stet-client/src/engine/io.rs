//! What the engine is given and what it asks for, as values. No behaviour.

use stet_model::id::{DocKey, NoteId, SpaceId};
use stet_protocol::codec::Frame;
use stet_store::{Boot, LedgerRow, Standing, StoredDocument, Waiting, Write};

use super::{Home, ListContext, Mark, NoMark};
use crate::api::{Answer, Command, CommandError, Event};
use crate::desktop::{Notice, Tray};
use crate::history::Restoring;
use crate::network::Failure;

/// Two clocks: one that never jumps, and the one on the wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Monotonic milliseconds; everything is scheduled by these.
    pub mono: u64,
    /// Epoch milliseconds of this device; shown, and written into histories until the server's time is known.
    pub wall: i64,
}

/// Something that happened.
#[derive(Debug)]
pub enum Input {
    /// A user interface asks; the answer carries the same number.
    Command {
        /// Names the call.
        call: u64,
        /// What is asked.
        command: Command,
    },
    /// A user interface wants to go back to a version, which was read beside the engine; the answer carries the number.
    Restore {
        /// Names the call.
        call: u64,
        /// To what.
        restoring: Restoring,
    },
    /// The socket is open.
    Opened,
    /// A frame came.
    Frame(Frame),
    /// A WebSocket Ping or Pong came.
    Alive,
    /// The socket is closed.
    Closed {
        /// WebSocket close code, if the server sent one.
        code: Option<u16>,
        /// In words.
        reason: String,
    },
    /// More of something large came, or was taken by the other side: the line is alive, and slow.
    Moving,
    /// The proxy the socket goes through, without credentials; told before it is opened.
    Via(Option<String>),
    /// The socket couldn't be opened.
    Failed(Failure),
    /// The answer to [`Output::FetchToken`]; an error says in words what is missing.
    Token(Result<String, String>),
    /// The answer to [`Output::Load`].
    Loaded(Vec<(DocKey, Result<Option<StoredDocument>, String>)>),
    /// The answer to [`Output::ReadStanding`].
    Standing {
        /// The space.
        space: SpaceId,
        /// As asked.
        after: u64,
        /// What it holds; nothing when the store can't be read.
        standing: Option<Standing>,
    },
    /// The answer to [`Output::ReadWaiting`]; nothing when the store can't be read.
    Waiting(Option<Waiting>),
    /// The answer to [`Output::Copy`]: the copy's name, or in words why there is none.
    Copied(Occasion, Result<String, String>),
    /// The answer to [`Output::ReadLedger`]; nothing when the store can't be read.
    Ledger(SpaceId, Option<Vec<LedgerRow>>),
    /// The answer to [`Output::Write`].
    Written {
        /// The job.
        tag: u64,
        /// Whether it is on disk; an error says in words why not.
        result: Result<(), String>,
    },
    /// Time passed.
    Tick,
    /// The network is back, or the machine woke up.
    NetworkUp,
    /// The window's page is gone: its editors are, too.
    PageGone,
    /// The program is about to end.
    Ending,
    /// The user wants to see this note (a notification, the tray or a link).
    Show(Option<NoteId>),
}

/// Something to be done. In order.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a step makes a handful, and they are carried out at once")]
pub enum Output {
    /// The answer to a command.
    Reply {
        /// Names the call.
        call: u64,
        /// The answer.
        result: Result<Answer, CommandError>,
    },
    /// For the user interface.
    Emit(Event),
    /// For the tray.
    Tray(Tray),
    /// A native notification.
    Notify(Notice),
    /// The count on the app's icon.
    Badge(u32),
    /// Bring the window up, with this note.
    Show(Option<NoteId>),
    /// One transaction; answer with [`Input::Written`].
    Write {
        /// The job.
        tag: u64,
        /// What to write.
        writes: Vec<Write>,
    },
    /// Read these documents; answer with [`Input::Loaded`]. Here and below: what [`Input::Written`] has told of must be
    /// visible, what else was to be written may be; answers may come in another order.
    Load(Vec<DocKey>),
    /// Read what a space holds; answer with [`Input::Standing`].
    ReadStanding {
        /// The space.
        space: SpaceId,
        /// How many transactions were handed over before: for the answer.
        after: u64,
    },
    /// Read what waits for the server or for people; answer with [`Input::Waiting`].
    ReadWaiting,
    /// Copy the store to a file that stays; answer with [`Input::Copied`].
    Copy(Occasion),
    /// Read which documents a space has; answer with [`Input::Ledger`].
    ReadLedger(SpaceId),
    /// Leave a file in the data folder, for those who look for a cause.
    LeaveReport {
        /// The file's name.
        name: String,
        /// JSON, without a word of a note.
        text: String,
    },
    /// Open a socket to this address; a former one is forgotten.
    Open {
        /// `ws` or `wss`.
        url: String,
    },
    /// Send a frame.
    Send(Frame),
    /// Send a WebSocket Ping.
    Ping,
    /// Close the socket.
    CloseSocket {
        /// WebSocket close code.
        code: u16,
    },
    /// Get a token; answer with [`Input::Token`].
    FetchToken {
        /// The one at hand was refused or runs out.
        fresh: bool,
    },
    /// What readers of lists have to know from now on.
    Lists(ListContext),
}

/// Entries of a document's log before a snapshot takes their place: a long log is slow to read, a snapshot to write.
pub const FOLD_ENTRIES: usize = 256;

/// What an engine starts with.
#[derive(Debug)]
pub struct Setup {
    /// What the store had.
    pub boot: Boot,
    /// Where it is noted down what is being read.
    pub mark: Box<dyn Mark>,
    /// Where the store is.
    pub home: Home,
    /// The server of the configuration; the user's own setting wins.
    pub server_url: Option<String>,
    /// What people call this device.
    pub device_name: String,
    /// `linux`, `macos`, `windows`.
    pub platform: String,
    /// Version of the program.
    pub app_version: String,
    /// 256 random bits, new for every process.
    pub seed: [u8; 32],
    /// Entries of a document's log before a snapshot takes their place; [`FOLD_ENTRIES`] outside tests.
    pub fold_entries: usize,
}

impl Setup {
    /// An engine over a store, of whose surroundings nothing is known.
    pub fn new(boot: Boot, seed: [u8; 32]) -> Self {
        Self {
            boot,
            mark: Box::new(NoMark),
            home: Home::default(),
            server_url: None,
            device_name: String::new(),
            platform: String::new(),
            app_version: String::new(),
            seed,
            fold_entries: FOLD_ENTRIES,
        }
    }
}

/// What is about to be done to the whole store, so that a copy of it is made before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// People have decided what becomes of many notes, or of all.
    Decision,
    /// Every document is held against the server's rows.
    Comparison,
    /// Every note gets the server's history in place of its own.
    Adoption,
}
