//! Draws from a few distributions; the same seed gives the same draws.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// A source of chance of its own for one part of the workload, so that a change of one part leaves
/// the others as they were.
pub(crate) fn source(seed: u64, part: u64) -> StdRng {
    StdRng::seed_from_u64(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(part))
}

/// Whether something happens that happens so often.
pub(crate) fn happens(chance: &mut StdRng, probability: f64) -> bool {
    chance.random::<f64>() < probability
}

/// Evenly between two figures.
pub(crate) fn between(chance: &mut StdRng, least: f64, most: f64) -> f64 {
    least + chance.random::<f64>() * (most - least)
}

/// Around a mean with a standard deviation, bell-shaped.
pub(crate) fn around(chance: &mut StdRng, mean: f64, deviation: f64) -> f64 {
    let (radius, angle) = (1.0 - chance.random::<f64>(), chance.random::<f64>());
    let normal = (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos();
    mean + deviation * normal
}

/// Around a median with a long tail upwards: one in six is above `median` × e^`spread`.
pub(crate) fn skewed(chance: &mut StdRng, median: f64, spread: f64) -> f64 {
    median * around(chance, 0.0, spread).exp()
}
