//! Seeds and figures, and where they are told.

use std::io::Write as _;

use rand::SeedableRng as _;
use rand::rngs::StdRng;

/// A source of chance whose seed is told.
pub(crate) fn chance(what: &str) -> StdRng {
    let seed = number("BEADLE_SEED").unwrap_or_else(rand::random);
    tell(&format!("{what}: BEADLE_SEED={seed}"));
    StdRng::seed_from_u64(seed)
}

/// A number from the environment.
pub(crate) fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} should be a number, not {text:?}")))
}

/// Writes to where the figures are seen even when all tests pass.
pub(crate) fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "durability: {text}");
}
