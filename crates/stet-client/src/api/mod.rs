//! The boundary to a user interface: every command with its arguments and answer, every event, and the values they
//! carry. TypeScript types are made from these. No behaviour.

pub mod command;
pub mod error;
pub mod event;
pub mod history;
pub mod merged;
pub mod note;
pub mod status;
pub mod unsent;

pub use command::{Answer, Call, Command};
pub use error::{CommandError, ErrorCode};
pub use event::Event;
