//! What tries for long to break the product: the simulated world, engines that are killed, fuzzed inputs. Each is built
//! here and run; what it does is decided in the test packages.

pub mod durability;
pub mod fuzz;
pub mod sim;
