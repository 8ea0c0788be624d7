//! A campus fortnight on ten servers, replayed on the real placement code: how evenly does each
//! policy spread the classes, and how many people does the loss of a server hit?
//!
//! * [`timetable`] says what is taught when, [`people`] who comes, [`servers`] what there is to
//!   carry it. No create tells how many people are expected.
//! * [`policies`] chooses with beadle's own code, and polls as beadle (every 10 s) and Scalelite
//!   (every 60 s, and so the variant that `participants` follows) do. [`replay`] lets a fortnight pass: the first week teaches, the second counts.
//! * [`reference`] packs all classes that are running anew every minute, the largest first, knowing
//!   their true loads of that minute. Nobody can do that, because classes cannot be moved; it is
//!   about the least that is possible.
//!
//! The load of a server is what BBB feels: people, half of the open microphones, half of the open
//! cameras. Its utilisation is that divided by its weight. A *peak* is the highest utilisation of
//! any server at any minute of the second week; the *mean* it is held against is that of the
//! whole pool (all load divided by all weights of the servers that are up) at its busiest minute;
//! the *excess* is how far peak ÷ mean is above 1.
//!
//! One fortnight is decided by its few largest classes, so several are replayed, each with chance
//! of its own, and medians are printed. The same seeds give the same figures, so a
//! median that misses its bound fails the bench. `BENCH_SEED` is the first seed,
//! `BENCH_FORTNIGHTS` how many there are.
#![expect(clippy::expect_used, reason = "a failed expectation is a failed bench")]
#![expect(clippy::indexing_slicing, reason = "a failed expectation is a failed bench")]
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

mod chance;
mod people;
mod policies;
mod reference;
mod replay;
mod report;
mod servers;
#[path = "../support/mod.rs"]
mod support;
mod timetable;

use std::process::ExitCode;

use beadle::config::Policy;
use policies::{Knows, Pool, Ways};
use replay::replay;
use report::{Fortnight, LONGEST_FIRST, PREDICTED, Report, SCALELITE};
use timetable::{MINUTE, SECOND};

fn main() -> ExitCode {
    if support::only_started() {
        return ExitCode::SUCCESS;
    }
    let number = |name: &str, usual| {
        std::env::var(name).map_or(usual, |text| text.parse().expect("a whole number"))
    };
    let (first, fortnights) = (number("BENCH_SEED", 1), number("BENCH_FORTNIGHTS", 25));
    println!("{fortnights} fortnights, seeds {first} to {}", first + fortnights - 1);
    let mut report = Report::default();
    for seed in first..first + fortnights {
        report.add(fortnight(seed));
    }
    // It measures no time, so a bound that is missed is no accident.
    if report.print() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// One fortnight under each policy.
fn fortnight(seed: u64) -> Fortnight {
    let lessons = people::fortnight(seed);
    let predicted = |knows| Ways { policy: Policy::Predicted, interval: 10 * SECOND, knows };
    let counted = |policy, interval| Ways { policy, interval, knows: Knows::Nothing };
    let ways = [
        (PREDICTED, predicted(Knows::Timetable)),
        ("predicted, sizes but no timetable learned", predicted(Knows::Sizes)),
        ("predicted, nothing learned", predicted(Knows::Nothing)),
        ("predicted, told true sizes, no timetable", predicted(Knows::Truth)),
        (SCALELITE, counted(Policy::Scalelite, MINUTE)),
        ("participants", counted(Policy::Participants, MINUTE)),
        ("scalelite, polls every 10 s", counted(Policy::Scalelite, 10 * SECOND)),
    ];
    let replayed = ways.map(|(name, ways)| (name, replay(&lessons, &mut Pool::new(ways, seed))));
    let reference = (LONGEST_FIRST, reference::longest_first(&lessons));
    replayed.into_iter().chain([reference]).collect()
}
