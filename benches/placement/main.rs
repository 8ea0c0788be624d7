//! x
mod chance; mod timetable; mod people; mod servers; mod replay; mod beadle_policy;
use beadle_policy::*;
use beadle::config::Policy;
use replay::*;
use timetable::*;
use people::*;

/// (repacked) and (sorted by minute)
fn repacked(lessons: &[Lesson]) -> (f64, u64) {
    let mut best = (0.0, 0);
    let servers = servers::servers();
    let mut now = WEEK;
    while now < 2 * WEEK {
        let mut loads: Vec<f64> = lessons.iter().filter(|l| l.begins < now && l.ends > now).map(|l| l.present(now).load()).collect();
        loads.sort_by(|a, b| b.total_cmp(a));
        let mut on: Vec<(f64, f64)> = servers.iter().filter(|s| s.is_up(now)).map(|s| (0.0, s.capacity.weight())).collect();
        for l in loads {
            let b = on.iter_mut().min_by(|a, b| ((a.0 + l) / a.1).total_cmp(&((b.0 + l) / b.1))).unwrap();
            b.0 += l;
        }
        for o in on { if o.0 / o.1 > best.0 { best = (o.0 / o.1, now); } }
        now += 60 * SECOND;
        if loads_empty(lessons, now) { now += 600 * SECOND; }
    }
    best
}
fn loads_empty(l: &[Lesson], now: u64) -> bool { !l.iter().any(|l| l.begins < now && l.ends > now) }

fn main() {
    let seeds: Vec<u64> = std::env::var("SEEDS").ok().map_or(vec![1,2,3], |s| s.split(",").map(|s| s.parse().unwrap()).collect());
    for seed in seeds {
        let lessons = fortnight(seed);
        let t = std::time::Instant::now();
        let total: f64 = lessons.iter().map(|l| l.peak()).sum::<f64>() / lessons.len() as f64;
        let big = lessons.iter().map(|l| l.peak()).fold(0.0, f64::max);
        print!("seed {seed} n {} avg {total:.0} max {big:.0} ", lessons.len());
        let (r, at) = repacked(&lessons);
        print!("repacked {r:.0} @d{} {:.2}h | ", (at-WEEK) / DAY, (at % DAY) as f64 / HOUR as f64);
        let mut sorted = lessons.clone();
        sorted.sort_by(|a, b| (a.begins / MINUTE).cmp(&(b.begins / MINUTE)).then(b.peak().total_cmp(&a.peak())));
        for (i, l) in sorted.iter_mut().enumerate() { l.begins = l.begins / MINUTE * MINUTE + 1 + (i % 1000) as u64; }
        let mut runs: Vec<(&str, Seen)> = vec![];
        let mut o = Beadle::new(Policy::Predicted, STEP, None, seed); o.oracle = true;
        runs.push(("lpt-minute", replay(&sorted, &mut o)));
        let mut o = Beadle::new(Policy::Predicted, STEP, None, seed); o.oracle = true;
        runs.push(("oracle-online", replay(&lessons, &mut o)));
        for (plan, mode) in [(true, 0), (true, 2), (true, 3), (false, 0), (false, 3)] {
            runs.push((if plan { "plan" } else { "pred" }, replay(&lessons, &mut Beadle::new(Policy::Predicted, STEP, Some(Sizes { mode, plan, ..Sizes::default() }), seed))));
        }
        runs.push(("scale60", replay(&lessons, &mut Beadle::new(Policy::Scalelite, MINUTE, None, seed))));
        for (n, s) in runs { print!("{n} {:.2} d{}{:.1} | ", s.peak / r, (s.peak_at-WEEK)/DAY, (s.peak_at%DAY) as f64/HOUR as f64); }
        println!("{:?}", t.elapsed());
    }
}
