//! What a set of messages adds to decoding. Closed to other crates, so that the four sets stay four.

use super::{FieldError, Fields};

/// What decoding does besides reading fields.
pub trait Form: Sized {
    /// Fills in what a peer may leave out because it says it elsewhere.
    fn settle(_kind: &str, _fields: &mut Fields<'_>) {}

    /// Checks what no single field shows.
    fn check(&self) -> Result<(), FieldError> {
        Ok(())
    }
}
