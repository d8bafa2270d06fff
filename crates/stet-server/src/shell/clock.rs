//! The server's time. The only place that reads a clock.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use stet_sync::server::Now;

/// A step back of the system's clock up to this is waited out, milliseconds; a larger one is believed.
const WAITED_OUT_MS: i64 = 60_000;

/// The time since it was made, and epoch milliseconds that don't go back by a little, as clocks that are being set do.
#[derive(Debug)]
pub struct Clock {
    began: Instant,
    wall: AtomicI64,
}

impl Default for Clock {
    fn default() -> Self {
        Self { began: Instant::now(), wall: AtomicI64::default() }
    }
}

impl Clock {
    /// Server time. While a machine sleeps, systems may let the first clock stand still: what lasts, lasts that much longer.
    pub fn now(&self) -> Now {
        Now { mono: i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX), wall: self.wall() }
    }

    /// Epoch milliseconds.
    pub fn wall(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let system = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        let last = self.wall.load(Ordering::Relaxed);
        let now = if (1..=WAITED_OUT_MS).contains(&(last - system)) { last } else { system };
        self.wall.store(now, Ordering::Relaxed);
        now
    }
}
