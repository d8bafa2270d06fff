//! Opening.
use std::path::Path;
use crate::{OpenError, Options, Reader, Writer};
/// Marks a file as ours.
pub const APPLICATION_ID: i32 = 0x5374_6574;
/// Opens a store, or makes it.
///
/// # Errors
/// [`OpenError`].
pub fn open(path: &Path, _options: &Options) -> Result<(Writer, Reader), OpenError> {
    Err(OpenError::Locked { path: path.to_owned() })
}
