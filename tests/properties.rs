//! What must hold for any input: round trips, placement, and that nothing makes beadle panic.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failed expectation is a failed test"
)]

mod properties {
    mod choice;
    mod input;
    mod life;
    mod placement;
    mod round_trip;
    mod sizes;
}

#[path = "api/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the tests of the API use the rest")]
mod support;
