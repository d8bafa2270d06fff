//! The server's side of a connection: what one socket may ask, what it is told and in which order. Frames, verdicts,
//! commit answers, log pages and the time come in as values; frames to write and work to do go out as values. Never a
//! socket, a database, a clock or a document.

mod budget;
mod catch_up;
mod connection;
mod event;
mod level1;
mod level2;
mod outbox;
mod settings;
mod wire;
mod work;

pub use connection::{Connection, Input, Now, Stage, Turn};
pub use event::{Change, Committed, Origin, Place, Shared};
pub use outbox::{Outbox, Outgoing};
pub use settings::Settings;
pub use wire::{About, Incoming, Received, receive};
pub use work::{
    Commit, CommitOutcome, Cursor, Effect, Head, LevelOne, LevelOneOutcome, Login, Read, ReadAnswer, ReadRefusal,
    ReadRequest, Refusal, Session, Verdict,
};
