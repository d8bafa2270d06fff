//! The writing connection.
use crate::error::{ReadError, WriteError};
use crate::read::Boot;
use crate::write::Write;
/// The one writing connection.
pub struct Writer {
    connection: rusqlite::Connection,
}
impl Writer {
    /// One transaction: all of `writes` or nothing.
    ///
    /// # Errors
    /// [`WriteError`]; nothing is stored then.
    pub fn commit(&mut self, writes: &[Write]) -> Result<(), WriteError> {
        self.commit_each(writes)
    }
    pub(crate) fn commit_each<'a>(&mut self, _writes: impl IntoIterator<Item = &'a Write>) -> Result<(), WriteError> {
        Err(WriteError::Other { path: self.connection.path().unwrap_or_default().into(), detail: String::new() })
    }
    /// Everything the engine asks once, when it starts.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn boot(&self) -> Result<Boot, ReadError> {
        Ok(Boot::default())
    }
    /// Folds the log into the database when it has grown. Call when idle; [`crate::DiskThread`] does.
    ///
    /// # Errors
    /// [`WriteError`]; nothing is lost then.
    pub fn checkpoint_if_large(&mut self) -> Result<(), WriteError> {
        Ok(())
    }
}
