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

/// For each fortnight what was seen under each policy.
#[derive(Default)]
pub(crate) struct Report(Vec<BTreeMap<&'static str, Seen>>);

impl Report {
    /// Takes in a fortnight.
    pub(crate) fn add(&mut self, fortnight: BTreeMap<&'static str, Seen>) {
        self.0.push(fortnight);
    }

    /// Prints everything.
    pub(crate) fn print(&self) {
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
        let peaks = self.median(|seen| seen[PREDICTED].peak / seen[LONGEST_FIRST].peak);
        let excess = self.median(|seen| seen[PREDICTED].uneven()) - 1.0;
        let theirs = self.median(|seen| seen[SCALELITE].uneven()) - 1.0;
        println!();
        bound("predicted ÷ longest first, peak", peaks, "at most", PEAK, peaks <= PEAK);
        let ratio = excess / theirs;
        bound("predicted ÷ scalelite, excess", ratio, "less than", EXCESS, ratio < EXCESS);
    }

    fn median(&self, figure: impl Fn(&BTreeMap<&'static str, Seen>) -> f64) -> f64 {
        median(self.0.iter().map(figure).collect())
    }
}

fn bound(name: &str, ratio: f64, words: &str, bound: f64, holds: bool) {
    let holds = if holds { "holds" } else { "MISSED" };
    println!("{name:<44} {ratio:>10.2}x  ({words} {bound}: {holds})");
}
