//! The times people say: "a few seconds", "half a minute", "three minutes". In between there are none.

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// The step after this many seconds.
const fn after(seconds: u64) -> u64 {
    match seconds {
        0..10 => 10,
        10..30 => 30,
        30..60 => 60,
        60..600 => seconds / MINUTE * MINUTE + MINUTE,
        600..HOUR => seconds / (5 * MINUTE) * (5 * MINUTE) + 5 * MINUTE,
        _ => seconds / HOUR * HOUR + HOUR,
    }
}

/// The step before one.
const fn before(step: u64) -> u64 {
    match step {
        0..=10 => 0,
        11..=30 => 10,
        31..=60 => 30,
        61..=600 => step - MINUTE,
        601..=HOUR => step - 5 * MINUTE,
        _ => step - HOUR,
    }
}

/// Up to this many seconds the lower of two steps is said: rather too long a time than one that is half the truth.
const fn edge(below: u64, above: u64) -> u64 {
    let (middle, more) = (u64::midpoint(below, above), below + below / 5 * 2);
    if middle < more { middle } else { more }
}

/// The step a time is said as, seconds; the time in milliseconds. At least the smallest.
pub(super) fn nearest(left: u64) -> u64 {
    let seconds = left.div_ceil(SECOND).min(u64::MAX / 2);
    let above = after(seconds);
    let below = before(above);
    if below > 0 && seconds <= edge(below, above) { below } else { above }
}

/// Whether a step that was said still does for a time: its neighbours have to be clearly nearer, so that a pace that sways
/// isn't heard.
pub(super) fn still_fits(step: u64, left: u64) -> bool {
    let seconds = left / SECOND;
    let (below, above) = (edge(before(step), step), edge(step, after(step)));
    seconds >= below - below / 10 && seconds <= above + above / 10
}
