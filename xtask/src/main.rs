//! Every routine of the project in one place.
fn main() {}
