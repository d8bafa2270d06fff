//! A few kills of the real engine with every run of the tests; `cargo xtask durability` does the many.

use stet_tests::durability::{Options, run};

/// Enough to hit most phases; some seconds.
const KILLS: u64 = 15;

#[test]
fn nothing_called_saved_is_lost_when_the_engine_is_killed() {
    let options = Options { kills: KILLS, seed: 1, lanes: 2, mutant: None };
    let outcome = run(&options, |_| {});
    assert!(outcome.failed.is_empty(), "{}\n{}", outcome.report, outcome.failed.join("\n"));
    assert_eq!((outcome.report.kills(), outcome.report.lost), (KILLS, 0));
    assert!(outcome.report.saved > 0 && outcome.report.agreements > 0, "{}", outcome.report);
}
