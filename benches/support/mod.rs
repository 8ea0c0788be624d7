//! What the benches share: a beadle of their own, a load, and ratios.
//!
//! Every figure is a ratio against something measured in the same run: five rounds, the two sides
//! taking turns, and the median of the rounds' ratios. Absolute figures stand beside it for scale.
#![allow(dead_code, reason = "each bench uses the part that it needs")]
#![allow(clippy::print_stdout, reason = "a bench prints its figures")]
#![allow(clippy::indexing_slicing, reason = "a wrong place is a failed bench")]
#![allow(unreachable_pub, reason = "a bench is a crate of its own that nobody uses")]

pub mod load;
pub mod process;

use std::future::Future;
use std::time::Duration;

use beadle::bbb::checksum::{Algorithm, Checksum};

/// How many rounds the two sides take turns for.
pub const ROUNDS: usize = 5;

/// The front end's secret.
pub const SECRET: &str = "bench-secret";

/// Whether the bench is only compiled and started (`cargo test --benches`), not to be measured.
pub fn only_started() -> bool {
    std::env::args().any(|argument| argument == "--test")
}

/// How long one side of a round runs: `BENCH_SECONDS`, or 2 s.
pub fn round_time() -> Duration {
    let seconds = std::env::var("BENCH_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs_f64(seconds.unwrap_or(2.0))
}

/// The path of a signed call.
pub fn signed(call: &str, query: &str) -> String {
    let checksum = Checksum::of(Algorithm::Sha256, call, query, SECRET);
    let and = if query.is_empty() { "" } else { "&" };
    format!("/bigbluebutton/api/{call}?{query}{and}checksum={}", checksum.as_str())
}

/// The middle one of some figures.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Runs something asynchronous on a thread of this kind of runtime.
pub fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be made")
        .block_on(future)
}

/// Two sides measured in turn: what each gave per round.
pub struct Rounds<T> {
    /// The side in question.
    pub ours: Vec<T>,
    /// What it is held against.
    pub theirs: Vec<T>,
}

/// Lets the two sides take turns.
pub fn take_turns<T>(mut ours: impl FnMut() -> T, mut theirs: impl FnMut() -> T) -> Rounds<T> {
    let mut rounds = Rounds { ours: Vec::new(), theirs: Vec::new() };
    for _ in 0..ROUNDS {
        rounds.ours.push(ours());
        rounds.theirs.push(theirs());
    }
    rounds
}

impl<T> Rounds<T> {
    /// The median of the rounds' ratios of a figure.
    pub fn ratio(&self, figure: impl Fn(&T) -> f64) -> f64 {
        let ratios = self.ours.iter().zip(&self.theirs).map(|(a, b)| figure(a) / figure(b));
        median(ratios.collect())
    }

    /// The median of one side's figure.
    pub fn medians(&self, figure: impl Fn(&T) -> f64) -> (f64, f64) {
        let of = |side: &[T]| median(side.iter().map(&figure).collect());
        (of(&self.ours), of(&self.theirs))
    }
}

/// Prints a row: the ratio, the bound it is held against, and the figures behind it.
pub fn report(name: &str, ratio: f64, bound: &str, behind: &str) {
    println!("{name:<44} {ratio:>6.2}x  ({bound})  {behind}");
}
