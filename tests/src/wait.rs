//! Waiting for a condition with a deadline: what tests do instead of letting time pass.

use std::fmt::{Debug, Display};
use std::time::Duration;

use tokio::time::Instant;

/// How long a condition may take. Far more than anything needs on an idle machine: two debug web views and a compiler
/// may share two cores with us.
pub const PATIENCE: Duration = Duration::from_secs(45);

/// Between two looks at a condition: short beside what people notice, long beside what a look costs.
const INTERVAL: Duration = Duration::from_millis(40);

/// Looks at a condition until it holds and returns what it gives.
///
/// # Panics
/// After [`PATIENCE`], naming what was waited for and what was seen last.
pub async fn eventually<T, E: Display>(what: &str, condition: impl AsyncFnMut() -> Result<T, E>) -> T {
    eventually_within(PATIENCE, what, condition).await
}

/// Like [`eventually`], with another deadline.
///
/// # Panics
/// After `patience`, naming what was waited for and what was seen last.
pub async fn eventually_within<T, E: Display>(
    patience: Duration,
    what: &str,
    mut condition: impl AsyncFnMut() -> Result<T, E>,
) -> T {
    let deadline = Instant::now() + patience;
    loop {
        let look = tokio::time::timeout_at(deadline + patience, condition()).await;
        let seen = match look {
            Ok(Ok(value)) => return value,
            Ok(Err(seen)) => seen.to_string(),
            Err(_) => "a look that never came to an end".to_owned(),
        };
        assert!(Instant::now() < deadline, "waited {} s for: {what}\nlast seen: {seen}", patience.as_secs());
        tokio::time::sleep(INTERVAL).await;
    }
}

/// Watches a condition for a while and fails as soon as it doesn't hold: for what must *not* happen.
///
/// # Panics
/// When the condition gives an error, with that error.
pub async fn all_along<E: Display>(period: Duration, what: &str, mut condition: impl AsyncFnMut() -> Result<(), E>) {
    let end = Instant::now() + period;
    while Instant::now() < end {
        if let Err(seen) = condition().await {
            panic!("this had to hold all along: {what}\nseen: {seen}");
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

/// `Ok` if two values are equal, else both for the report.
///
/// # Errors
/// The two values as text.
pub fn same<T: PartialEq + Debug + ?Sized>(seen: &T, wanted: &T) -> Result<(), String> {
    if seen == wanted { Ok(()) } else { Err(format!("{seen:?}\nwanted: {wanted:?}")) }
}

/// `Ok` if something holds, else what was seen.
///
/// # Errors
/// The thing seen as text.
pub fn holds(condition: bool, seen: impl Debug) -> Result<(), String> {
    if condition { Ok(()) } else { Err(format!("{seen:?}")) }
}
