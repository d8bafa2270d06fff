//! Catch-ups of every pace, on a clock of the test's own.

use super::{Pace, steps::nearest};

/// A catch-up of so many rows whose pace is what `rows` says of each quarter of a second; what was told each time, with how
/// many seconds it really took from there.
fn told(total: u64, rows: impl Fn(u64) -> u64) -> Vec<(u64, Option<u64>, u64)> {
    let mut pace = Pace::default();
    let (mut done, mut quarter, mut told) = (0, 0, Vec::new());
    while done < total {
        pace.notice(done, total, 250 * quarter);
        told.push((quarter / 4, pace.seconds_left));
        done += rows(quarter);
        quarter += 1;
        assert!(quarter < 100_000, "it comes to an end");
    }
    told.into_iter().map(|(at, left)| (at, left, quarter / 4 - at)).collect()
}

fn changes(told: &[(u64, Option<u64>, u64)]) -> Vec<u64> {
    let mut said: Vec<u64> = told.iter().filter_map(|(_, left, _)| *left).collect();
    said.dedup();
    said
}

#[test]
fn nothing_is_said_at_the_beginning_and_then_the_truth() {
    let told = told(30_000, |_| 25);
    assert!(told.iter().all(|(at, left, _)| *at >= 2 || left.is_none()), "{told:?}");
    assert!(told.iter().all(|(at, left, _)| *at < 3 || left.is_some()), "{told:?}");
    for (at, left, real) in told {
        let Some(left) = left else { continue };
        assert!(left * 10 >= real * 6 && left <= real * 5 / 3 + 10, "{left} s at {at} s, and it took {real} s");
    }
}

#[test]
fn the_time_left_only_falls_when_the_pace_sways_around_its_middle() {
    // Batches come at once, then the disk is busy; every fourth is a large one.
    let sways = |quarter| {
        if quarter % 6 == 0 {
            300
        } else if quarter % 24 == 1 {
            600
        } else {
            0
        }
    };
    let said = changes(&told(60_000, sways));
    assert!(said.is_sorted_by(|before, after| before > after), "{said:?}");
    assert!(said.len() >= 5, "{said:?}");
}

#[test]
fn a_slower_pace_is_told_within_the_span_and_once_in_each_step() {
    let told = told(40_000, |quarter| if quarter < 200 { 100 } else { 25 });
    let (_, left, real) = told[200 + 64];
    let left = left.expect("it is known");
    assert!(left * 10 >= real * 7 && left * 10 <= real * 14, "{left} s, and it took {real} s");
    let said = changes(&told);
    let turns = said.windows(3).filter(|three| (three[0] < three[1]) != (three[1] < three[2])).count();
    assert!(turns <= 2, "down, up, down: {said:?}");
}

#[test]
fn nothing_is_said_while_nothing_moves() {
    let mut pace = Pace::default();
    for second in 0..20 {
        pace.notice(second * 100, 10_000, second * 1_000);
    }
    assert!(pace.seconds_left.is_some());
    for second in 20..44 {
        pace.notice(1_900, 10_000, second * 1_000);
    }
    assert_eq!(pace.seconds_left, None);
}

#[test]
fn a_catch_up_that_begins_anew_is_measured_anew() {
    let mut pace = Pace::default();
    for second in 0..6 {
        pace.notice(second * 100, 10_000, second * 1_000);
    }
    assert!(pace.seconds_left.is_some());
    pace.notice(0, 0, 6_000);
    assert_eq!(pace.seconds_left, None);
    for quarter in 1..9 {
        pace.notice(20 * quarter, 9_600, 6_000 + 250 * quarter);
        assert_eq!(pace.seconds_left, None);
    }
    pace.notice(180, 9_600, 8_250);
    assert!(pace.seconds_left.is_some());
}

#[test]
fn times_are_said_in_steps() {
    let said = [0, 4, 14, 20, 42, 45, 84, 91, 149, 151, 14 * 60, 80 * 60, 100 * 60];
    let steps = [10, 10, 10, 30, 30, 60, 60, 120, 120, 180, 15 * 60, 3_600, 7_200];
    assert_eq!(said.map(|seconds| nearest(seconds * 1_000)), steps);
    assert_eq!(nearest(u64::MAX), nearest(u64::MAX - 1));
}
