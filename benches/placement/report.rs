//! What the fortnights gave: medians, and whether the bounds hold.

use std::collections::BTreeMap;

use crate::replay::Seen;
use crate::support::median;

/// The policies that are held against each other.
pub(crate) const PREDICTED: &str = "predicted";
pub(crate) const SCALELITE: &str = "scalelite";
pub(crate) const LONGEST_FIRST: &str = "longest first, packed anew every minute";

/// The worst peak of `predicted` is at most so many times that of the reference.
const PEAK: f64 = 1.15;

/// Its excess is less than this part of Scalelite's.
const EXCESS: f64 = 0.5;

/// What was seen in a fortnight, by policy.
pub(crate) type Fortnight = BTreeMap<&'static str, Seen>;

/// For each fortnight what was seen under each policy.
#[derive(Default)]
pub(crate) struct Report(Vec<Fortnight>);

impl Report {
    /// Takes in a fortnight.
    pub(crate) fn add(&mut self, fortnight: Fortnight) {
        self.0.push(fortnight);
    }

    /// Prints everything. Returns whether the bounds hold.
    pub(crate) fn print(&self) -> bool {
        println!("\n{:<44} {:>11} {:>7} {:>11}", "", "peak ÷ mean", "worst", "people hit");
        let names = self.0.first().into_iter().flat_map(BTreeMap::keys);
        let mut rows: Vec<_> =
            names.map(|&name| (self.median(|seen| seen[name].uneven()), name)).collect();
        rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (uneven, name) in rows {
            let worst = self.0.iter().map(|seen| seen[name].uneven()).fold(0.0, f64::max);
            let hit = if name == LONGEST_FIRST {
                "–".to_owned()
            } else {
                format!("{:.0}", self.median(|seen| f64::from(seen[name].hit)))
            };
            println!("{name:<44} {uneven:>11.2} {worst:>7.2} {hit:>11}");
        }
        println!();
        let peaks = |seen: &Fortnight| seen[PREDICTED].peak / seen[LONGEST_FIRST].peak;
        let even = self.bound("peak, predicted ÷ longest first", peaks, "at most", PEAK);
        let excess =
            |seen: &Fortnight| (seen[PREDICTED].uneven() - 1.0) / (seen[SCALELITE].uneven() - 1.0);
        let better = self.bound("excess, predicted ÷ scalelite", excess, "less than", EXCESS);
        even && better
    }

    /// Prints the median of the fortnights' ratios, and whether a bound holds.
    fn bound(
        &self,
        name: &str,
        ratio: impl Fn(&Fortnight) -> f64,
        words: &str,
        bound: f64,
    ) -> bool {
        let median = self.median(&ratio);
        let holds = if median < bound { "holds" } else { "MISSED" };
        let (all, within) =
            (self.0.len(), self.0.iter().filter(|seen| ratio(seen) < bound).count());
        println!(
            "{name:<44} {median:>10.2}x  ({words} {bound}: {holds}; in {within} of {all} fortnights)"
        );
        median < bound
    }

    fn median(&self, figure: impl Fn(&Fortnight) -> f64) -> f64 {
        median(self.0.iter().map(figure).collect())
    }
}
