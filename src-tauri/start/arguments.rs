//! What the program is started with, by a person, a desktop entry or a second start.

use std::path::PathBuf;

use clap::Parser;

/// Notes on which nothing you wrote is ever lost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Parser)]
#[command(name = "stet", version)]
#[command(
    after_help = "Variables: STET_SERVER_URL, STET_TOKEN or STET_TOKEN_FILE, STET_DEVICE_NAME, and STET_LOG (info, \
    sync=trace, …); the README has all of them."
)]
pub struct Arguments {
    /// Folder that holds the notes [default: STET_DATA_DIR, or `stet` in your data folder]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Start in the tray, without a window
    #[arg(long)]
    pub hidden: bool,
    /// Open an empty window without the engine, for benchmarks
    #[arg(long, hide = true)]
    pub empty_window: bool,
    /// A link to open, like stet://note/0198c5f2-…
    pub link: Option<String>,
}
