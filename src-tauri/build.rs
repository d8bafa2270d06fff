//! Prepares the build.
fn main() {}
