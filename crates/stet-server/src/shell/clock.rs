//! The server's time. The only place that reads a clock.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// A step back of the system's clock up to this is waited out, milliseconds; a larger one is believed.
const WAITED_OUT_MS: i64 = 60_000;

/// Epoch milliseconds that don't go back by a little, as clocks that are being set do.
#[derive(Debug, Default)]
pub struct Clock(AtomicI64);

impl Clock {
    /// Server time, epoch milliseconds.
    pub fn now(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let system = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        let last = self.0.load(Ordering::Relaxed);
        let now = if (1..=WAITED_OUT_MS).contains(&(last - system)) { last } else { system };
        self.0.store(now, Ordering::Relaxed);
        now
    }
}
