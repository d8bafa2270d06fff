//! The world the tests run in: real programs on a private screen and bus (`stage`), peers that speak the protocol in
//! plain JSON (`scripted`), a device without a window (`device`), a disk that forgets (`disk`), a network that misbehaves
//! (`proxy`), engines that are killed (`durability`), inputs from bytes (`fuzz`), a simulated world (`world`) and what is kept
//! of one that failed (`failed`). No tests, and nothing the product uses.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a harness tells the test that it failed by panicking with what it saw"
)]

pub mod device;
pub mod disk;
pub mod durability;
pub mod failed;
pub mod fuzz;
pub mod proxy;
pub mod scripted;
pub mod stage;
pub mod wait;
pub mod world;
