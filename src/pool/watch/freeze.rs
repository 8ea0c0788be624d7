//! When all servers fail at once, the fault is ours: a cable, a firewall, a resolver. Pure.
//!
//! While the pool is frozen, failures say nothing about the servers: none goes offline, none is
//! dead, no meeting is started elsewhere.

use std::time::{Duration, Instant};

use crate::pool::watch::health::Health;

/// A server at the moment, as far as it matters here.
#[derive(Debug, Clone, Copy)]
pub struct Watched {
    /// Its health.
    pub health: Health,
    /// Since when it has failed without a success in between.
    pub failing_since: Option<Instant>,
}

impl Watched {
    /// Whether it was online at a time that is not long ago.
    fn was_online(self, earliest: Option<Instant>) -> bool {
        matches!(self.health, Health::Online | Health::Unstable)
            && self.failing_since.is_none_or(|since| earliest.is_none_or(|time| since >= time))
    }
}

/// Whether the pool is frozen, and since when.
#[derive(Debug, Default)]
pub struct Freeze {
    since: Option<Instant>,
    /// It ended without a success: then it does not begin again before one.
    spent: bool,
}

impl Freeze {
    /// Since when the pool is frozen.
    pub fn since(&self) -> Option<Instant> {
        self.since
    }

    /// A server failed. `servers` is the whole pool, this failure included; those count that were
    /// online within the `window` before now. Returns whether the pool has just been frozen.
    pub fn failed(
        &mut self,
        now: Instant,
        window: Duration,
        servers: impl Iterator<Item = Watched>,
    ) -> bool {
        if self.spent || self.since.is_some() {
            return false;
        }
        let earliest = now.checked_sub(window);
        let (mut online, mut failing) = (0, 0);
        for server in servers.filter(|server| server.was_online(earliest)) {
            online += 1;
            failing += usize::from(server.failing_since.is_some());
        }
        let all = online >= 2 && failing == online;
        self.since = all.then_some(now);
        all
    }

    /// A server answered. Returns whether that ended the frost.
    pub fn succeeded(&mut self) -> bool {
        self.spent = false;
        self.since.take().is_some()
    }

    /// Ends a frost that has lasted for `at_most`. Returns whether it did.
    pub fn is_over(&mut self, now: Instant, at_most: Duration) -> bool {
        let over = self.since.is_some_and(|since| now.saturating_duration_since(since) >= at_most);
        if over {
            self.since = None;
            self.spent = true;
        }
        over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(10);
    const AT_MOST: Duration = Duration::from_mins(2);

    /// Whether a failure just now freezes a pool of these: health, and for how many seconds each
    /// has failed.
    fn freezes(servers: &[(Health, Option<u64>)]) -> bool {
        let start = Instant::now();
        let now = start + Duration::from_hours(1);
        let standings = servers.iter().map(|&(health, failing)| {
            let since = failing.map(|seconds| start + Duration::from_secs(3600 - seconds));
            Watched { health, failing_since: since }
        });
        let mut freeze = Freeze::default();
        let frozen = freeze.failed(now, WINDOW, standings);
        assert_eq!(freeze.since(), frozen.then_some(now));
        frozen
    }

    #[test]
    fn frozen_when_all_that_were_online_fail_within_the_window() {
        use Health::{Offline, Online, Unknown, Unstable};
        let failed = (Unstable, Some(0));
        assert!(freezes(&[failed, failed]));
        assert!(freezes(&[failed, (Unstable, Some(10)), (Online, Some(3))]));
        assert!(!freezes(&[failed]), "one server says nothing about us");
        assert!(!freezes(&[failed, failed, (Online, None)]), "one still answers");
        assert!(!freezes(&[failed, failed, (Unstable, None)]), "one has just answered");
        assert!(!freezes(&[failed, (Unstable, Some(11))]), "one failed before");
        assert!(freezes(&[failed, failed, (Unstable, Some(11))]), "but it does not count");
        assert!(freezes(&[failed, failed, (Offline, Some(500)), (Unknown, Some(1))]));
        assert!(!freezes(&[failed, (Offline, Some(1))]));
        assert!(!freezes(&[(Unknown, Some(0)), (Unknown, Some(0))]), "nobody was ever reached");
    }

    #[test]
    fn it_ends_with_a_success_or_in_time_and_then_waits_for_a_success() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let fail = |freeze: &mut Freeze, now| {
            let failing = Watched { health: Health::Unstable, failing_since: Some(now) };
            freeze.failed(now, WINDOW, [failing, failing].into_iter())
        };
        let mut freeze = Freeze::default();
        assert!(!freeze.succeeded(), "there was none");
        assert!(fail(&mut freeze, at(0)));
        assert!(!fail(&mut freeze, at(1)), "it is one already");
        assert!(freeze.succeeded());
        assert!(fail(&mut freeze, at(10)));
        assert!(!freeze.is_over(at(129), AT_MOST));
        assert!(freeze.is_over(at(130), AT_MOST));
        assert!(!freeze.is_over(at(131), AT_MOST));
        assert!(!fail(&mut freeze, at(132)), "for ever would be too long");
        freeze.succeeded();
        assert!(fail(&mut freeze, at(140)));
    }
}
