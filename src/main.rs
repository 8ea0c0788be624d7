//! The beadle binary.
fn main() {}
