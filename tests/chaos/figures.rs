//! What happened how often, and how long answers took.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Counters and times of one run.
#[derive(Default)]
pub(crate) struct Figures {
    /// Per call: how long each answer took.
    times: Mutex<BTreeMap<&'static str, Vec<Duration>>>,
    /// Per call and outcome: how often.
    outcomes: Mutex<BTreeMap<(&'static str, String), u64>>,
    /// Per kind of weather: how often.
    weather: Mutex<BTreeMap<&'static str, u64>>,
    kills: AtomicU64,
    excused: AtomicU64,
}

impl Figures {
    pub(crate) fn answered(&self, call: &'static str, time: Duration, outcome: String) {
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        times.entry(call).or_default().push(time);
        let mut outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        *outcomes.entry((call, outcome)).or_default() += 1;
    }

    pub(crate) fn weather(&self, kind: &'static str) {
        let mut weather = self.weather.lock().unwrap_or_else(PoisonError::into_inner);
        *weather.entry(kind).or_default() += 1;
    }

    pub(crate) fn killed(&self) {
        self.kills.fetch_add(1, Ordering::Relaxed);
    }

    /// A class was in two pieces because its server was dead.
    pub(crate) fn excused(&self) {
        self.excused.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether enough happened for the outcome to mean something.
    pub(crate) fn lively(&self) -> bool {
        let outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        let worked = |call: &'static str| {
            outcomes.get(&(call, "ok".to_owned())).is_some_and(|count| *count > 50)
        };
        let all = ["create", "join", "getMeetingInfo", "isMeetingRunning", "getMeetings"];
        all.into_iter().all(worked) && self.kills.load(Ordering::Relaxed) > 1
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kills, excused) =
            (self.kills.load(Ordering::Relaxed), self.excused.load(Ordering::Relaxed));
        writeln!(f, "{kills} kills, {excused} classes in two pieces because a server was dead")?;
        let weather = self.weather.lock().unwrap_or_else(PoisonError::into_inner);
        let weather: Vec<_> =
            weather.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        writeln!(f, "weather: {}", weather.join(", "))?;
        let outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        for (call, times) in times.iter_mut() {
            times.sort_unstable();
            let at = |share: usize| {
                times
                    .get((times.len() * share / 100).min(times.len() - 1))
                    .copied()
                    .unwrap_or_default()
                    .as_millis()
            };
            let of_call = outcomes.iter().filter(|((of, _), _)| of == call);
            let outcomes: Vec<_> =
                of_call.map(|((_, outcome), count)| format!("{outcome} {count}")).collect();
            writeln!(
                f,
                "{call:17} p50 {:5} ms, p99 {:5} ms, max {:5} ms; {}",
                at(50),
                at(99),
                at(100),
                outcomes.join(", ")
            )?;
        }
        Ok(())
    }
}
