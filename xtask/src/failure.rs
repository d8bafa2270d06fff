//! Why a routine ended early, in words for the person who ran it.

use std::io;
use std::path::Path;

/// Ends a routine. Its text is all that is shown, so it names the thing and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Said by the routine itself.
    #[error("{0}")]
    Said(String),
    /// A program ended with an error; what it printed is above.
    #[error("`{command}` failed ({status}); its output is above.")]
    Command {
        /// The command line.
        command: String,
        /// How it ended.
        status: String,
    },
    /// A program couldn't be started.
    #[error("`{command}` could not be started: {source}. `cargo xtask doctor` says what is missing.")]
    Start {
        /// The command line.
        command: String,
        /// What the system said.
        source: io::Error,
    },
    /// A file or folder couldn't be used.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// Ctrl-C.
    #[error("stopped")]
    Interrupted,
}

impl Failure {
    /// A failure in the routine's own words.
    pub fn said(text: impl Into<String>) -> Self {
        Self::Said(text.into())
    }

    /// Turns an I/O error into one that names its path.
    pub fn file(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::File { path: path.display().to_string(), source }
    }
}
