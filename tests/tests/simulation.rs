//! The simulated world is decided by its seed alone. `cargo xtask sim` runs many seeds and says what they found.

use stet_tests::world::plan::Plan;
use stet_tests::world::run;

#[test]
fn a_seed_is_the_same_world_every_time() {
    let seed = 4;
    let mut plan = Plan::from_seed(seed);
    // Long enough for every part of the world to have its say, whatever becomes of it.
    plan.steps.truncate(40);
    plan.heal_at = plan.steps.last().map_or(0, |step| step.at) + 1_000;
    let told = || match run(&plan, true) {
        Ok(outcome) => format!("well {}", outcome.digest),
        Err(failure) => failure.to_string(),
    };
    assert_eq!(told(), told(), "seed {seed}");
}
