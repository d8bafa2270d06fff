//! The client's SQLite store: opaque documents with a durable unsent queue, rows for lists, and search. It never looks
//! into a document and never decides what to send.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use stet_store::{DiskThread, Options, open};
//!
//! let (writer, reader) = open("stet.db".as_ref(), &Options::default())?;
//! let boot = writer.boot()?;
//! let disk = DiskThread::start(writer, Box::new(|tag, result| { /* tell the engine */ }));
//! // reader.list(…) from any thread; disk.submit(tag, writes) from the engine.
//! disk.close();
//! # Ok(()) }
//! ```
//!
//! Without [`DiskThread`] everything runs on one thread: [`Writer::commit`] and [`Reader`] over the same file.

mod backup;
mod disk;
mod error;
mod migration;
mod open;
mod page;
mod read;
mod reader;
mod table;
mod words;
mod write;
mod writer;

pub use disk::*;
pub use error::*;
pub use open::salvage::{LegibleDocument, Salvaged, read_only, salvage};
pub use open::{APPLICATION_ID, Options, open};
pub use read::*;
pub use reader::{MAX_PAGE, Reader, SNAPSHOT_LIMIT};
pub use write::*;
pub use writer::Writer;
