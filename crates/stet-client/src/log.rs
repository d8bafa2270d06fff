//! Logs: what `STET_LOG` asks for, to standard error. Frames are logged by `sync=trace`, without tokens and note text.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

/// What is logged when nothing is asked for: warnings and the app's own milestones.
const USUAL: &str = "warn,stet=info";

/// The document library names operations in its logs, and with them what people write: it is never listened to.
const NEVER: [&str; 4] = ["loro=off", "loro_internal=off", "loro_kv_store=off", "loro_common=off"];

/// Starts logging. `STET_LOG` takes levels and targets, such as `info` or `warn,sync=trace`. A second call changes
/// nothing.
pub fn start() {
    let wanted = std::env::var("STET_LOG").unwrap_or_else(|_| USUAL.to_owned());
    let filter = EnvFilter::try_new(&wanted).unwrap_or_else(|_| EnvFilter::new(USUAL));
    let never = NEVER.iter().filter_map(|directive| directive.parse().ok());
    let filter = never.fold(filter, EnvFilter::add_directive);
    let writer = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let _ = writer.with_ansi(std::io::stderr().is_terminal()).try_init();
}
