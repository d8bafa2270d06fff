//! Logs: what `STET_LOG` asks for, to standard error. Frames are logged by `sync=trace`, without tokens and note text.

use tracing_subscriber::EnvFilter;

/// Starts logging. `STET_LOG` takes levels and targets, such as `info` or `warn,sync=trace`; without it, warnings and
/// the app's own milestones are logged. A second call changes nothing.
pub fn start() {
    let wanted = std::env::var("STET_LOG").unwrap_or_else(|_| "warn,stet=info".to_owned());
    let filter = EnvFilter::try_new(&wanted).unwrap_or_else(|_| EnvFilter::new("warn,stet=info"));
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}
