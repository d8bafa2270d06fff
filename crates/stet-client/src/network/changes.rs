//! Tells the loop when it is worth trying at once: an address came up on some interface, or the machine slept. Never what is
//! done then.

use std::time::{Duration, Instant, SystemTime};

use futures_util::StreamExt as _;
use if_watch::IfEvent;
use if_watch::tokio::IfWatcher;
use tokio::sync::mpsc;

use crate::engine::Input;
use crate::run::Order;

/// How often the clocks are compared. A machine that wakes from sleep is noticed this soon.
const LOOK: Duration = Duration::from_secs(2);
/// The clock on the wall has to run ahead of the other by this much to mean sleep: it is also set a little now and then.
const SLEPT: Duration = Duration::from_secs(5);
/// Addresses come up one by one: several within this time are one network.
const SETTLE: Duration = Duration::from_millis(500);

/// Watches until the loop ends.
pub(crate) fn watch(orders: &mpsc::Sender<Order>) {
    tokio::spawn(follow(orders.downgrade()));
}

async fn follow(orders: mpsc::WeakSender<Order>) {
    let mut watcher = IfWatcher::new()
        .inspect_err(|error| tracing::info!(target: "sync", %error, "changes of the network aren't noticed"))
        .ok();
    // What there is at the start is told first and is no change.
    let started = Instant::now();
    let mut clocks = Clocks::now();
    while orders.strong_count() > 0 {
        let came_up = tokio::select! {
            came_up = comes_up(&mut watcher) => came_up && started.elapsed() > SETTLE,
            () = tokio::time::sleep(LOOK) => false,
        };
        if came_up {
            while tokio::time::timeout(SETTLE, comes_up(&mut watcher)).await.is_ok() {}
        }
        let slept = clocks.slept();
        if let Some(orders) = orders.upgrade().filter(|_| came_up || slept) {
            tracing::info!(target: "sync", came_up, slept, "trying now");
            // A loop that has just ended hears nothing.
            let _ = orders.send(Order::Input(Input::NetworkUp)).await;
        }
    }
}

/// Waits for a change; whether an address came up that a server may be reached from.
async fn comes_up(watcher: &mut Option<IfWatcher>) -> bool {
    let Some(watching) = watcher else { return std::future::pending().await };
    match watching.next().await {
        Some(Ok(IfEvent::Up(address))) => is_worth_trying(address.addr()),
        Some(Ok(IfEvent::Down(_))) => false,
        Some(Err(error)) => {
            tracing::debug!(target: "sync", %error, "a change of the network can't be read");
            *watcher = None;
            false
        }
        None => {
            *watcher = None;
            false
        }
    }
}

/// Whether a server may be reached from this address.
fn is_worth_trying(address: std::net::IpAddr) -> bool {
    match address {
        std::net::IpAddr::V4(address) => !address.is_loopback() && !address.is_link_local(),
        std::net::IpAddr::V6(address) => !address.is_loopback() && !address.is_unicast_link_local(),
    }
}

/// The two clocks: of the machine's work and of the wall.
struct Clocks(Instant, SystemTime);

impl Clocks {
    fn now() -> Self {
        Self(Instant::now(), SystemTime::now())
    }

    /// Whether the machine slept since the last look: one of the two stands still then. Where neither does, a look that comes
    /// late tells.
    fn slept(&mut self) -> bool {
        let Self(before, wall_before) = std::mem::replace(self, Self::now());
        // A wall clock that was set back says nothing.
        has_slept(self.0.duration_since(before), self.1.duration_since(wall_before).unwrap_or_default())
    }
}

/// Whether a machine slept on which so much time went by between two looks, by either clock.
fn has_slept(awake: Duration, wall: Duration) -> bool {
    wall.saturating_sub(awake).max(awake.saturating_sub(LOOK)) > SLEPT
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{LOOK, has_slept, is_worth_trying};

    #[test]
    fn sleep_is_noticed_by_whichever_clock_stood_still_and_nothing_else_is_taken_for_it() {
        let second = Duration::from_secs(1);
        assert!(has_slept(LOOK, LOOK + 3_600 * second), "the machine's own clock stood still");
        assert!(has_slept(3_600 * second, 3_600 * second), "neither did, and the look came late");
        assert!(!has_slept(LOOK, LOOK), "an ordinary look");
        assert!(!has_slept(LOOK + 4 * second, LOOK + 4 * second), "a busy machine");
        assert!(!has_slept(LOOK, LOOK + 4 * second), "the wall clock was set a little");
        assert!(!has_slept(LOOK, Duration::ZERO), "it was set back");
    }

    #[test]
    fn an_address_that_reaches_nobody_else_is_no_network() {
        let worth = |address: &str| is_worth_trying(address.parse().unwrap());
        assert!(["192.168.1.5", "10.0.0.1", "2001:db8::1", "fd00::1"].into_iter().all(worth));
        assert!(!["127.0.0.1", "169.254.3.4", "::1", "fe80::1"].into_iter().any(worth));
    }
}
