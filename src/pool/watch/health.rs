//! Whether a server can be reached: a small state machine, fed with every contact. Pure.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::config;

/// What is known of a server's health.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// It was never reached, and has not failed for long.
    Unknown,
    /// It answers.
    Online,
    /// It failed lately: no new meetings while others can take them, joins go on.
    Unstable,
    /// It has failed for long: nobody is sent there.
    Offline,
}

impl Health {
    /// The word used in every listing.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Online => "online",
            Self::Unstable => "unstable",
            Self::Offline => "offline",
        }
    }
}

/// The contacts with one server, as far as they matter.
#[derive(Debug, Clone)]
pub struct Contacts {
    health: Health,
    /// Failures in a row, and when the first of them was.
    failures: u32,
    failing_since: Option<Instant>,
    /// Successes in a row since the last failure.
    successes: u32,
    last_success: Option<Instant>,
    /// Since when failures do not count.
    frozen: Option<Instant>,
}

impl Default for Contacts {
    fn default() -> Self {
        Self {
            health: Health::Unknown,
            failures: 0,
            failing_since: None,
            successes: 0,
            last_success: None,
            frozen: None,
        }
    }
}

impl Contacts {
    /// The health now.
    pub fn health(&self) -> Health {
        self.health
    }

    /// When it last answered.
    pub fn last_success(&self) -> Option<Instant> {
        self.last_success
    }

    /// The server answered.
    pub fn succeeded(&mut self, now: Instant, limits: &config::Health) {
        self.failures = 0;
        self.failing_since = None;
        self.last_success = Some(now);
        self.successes = self.successes.saturating_add(1);
        // A server that was never reached has no bad record to make up for.
        if self.health == Health::Unknown || self.successes >= limits.good_polls {
            self.health = Health::Online;
        }
    }

    /// Since when it has failed without a success in between.
    pub fn failing_since(&self) -> Option<Instant> {
        self.failing_since
    }

    /// The server could not be asked, or its answer was none.
    pub fn failed(&mut self, now: Instant, limits: &config::Health) {
        self.successes = 0;
        if self.frozen.is_some() {
            return;
        }
        self.failures = self.failures.saturating_add(1);
        let since = *self.failing_since.get_or_insert(now);
        let long = now.saturating_duration_since(since) >= limits.offline_after;
        self.health = match self.health {
            _ if long && self.failures >= limits.bad_polls => Health::Offline,
            Health::Online => Health::Unstable,
            other => other,
        };
    }

    /// Whether it has failed for so long that its meetings may be started elsewhere.
    pub fn dead(&self, now: Instant, limits: &config::Health) -> bool {
        let failing = self.failing_since.map(|since| now.saturating_duration_since(since));
        self.frozen.is_none()
            && self.health == Health::Offline
            && failing.is_some_and(|time| time >= limits.dead_after)
    }

    /// From now on failures say nothing about the server.
    pub fn freeze(&mut self, now: Instant) {
        self.frozen.get_or_insert(now);
    }

    /// Failures count again, and the time in between does not.
    pub fn thaw(&mut self, now: Instant) {
        if let (Some(frozen), Some(since)) = (self.frozen.take(), self.failing_since) {
            self.failing_since =
                since.checked_add(now.saturating_duration_since(frozen.max(since)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const LIMITS: config::Health = config::Health {
        good_polls: 2,
        bad_polls: 3,
        offline_after: Duration::from_secs(30),
        dead_after: Duration::from_mins(2),
        frozen_at_most: Duration::from_mins(2),
    };

    #[test]
    fn offline_takes_both_failures_and_time() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut contacts = Contacts::default();
        contacts.succeeded(at(0), &LIMITS);
        assert_eq!(contacts.health(), Health::Online);
        for second in [1, 2, 3, 4] {
            contacts.failed(at(second), &LIMITS);
            assert_eq!(contacts.health(), Health::Unstable, "four failures, but within seconds");
        }
        contacts.failed(at(31), &LIMITS);
        assert_eq!(contacts.health(), Health::Offline);
        assert!(!contacts.dead(at(120), &LIMITS));
        assert!(contacts.dead(at(121), &LIMITS));
    }

    #[test]
    fn time_stands_still_while_frozen() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let (mut well, mut gone) = (Contacts::default(), Contacts::default());
        well.succeeded(at(0), &LIMITS);
        for second in [0, 10, 40] {
            gone.failed(at(second), &LIMITS);
        }
        well.failed(at(50), &LIMITS);
        well.freeze(at(60));
        gone.freeze(at(60));
        for second in 61..1000 {
            well.failed(at(second), &LIMITS);
            gone.failed(at(second), &LIMITS);
        }
        assert_eq!(well.health(), Health::Unstable);
        assert_eq!(gone.health(), Health::Offline);
        assert!(!gone.dead(at(1000), &LIMITS));
        well.thaw(at(1000));
        gone.thaw(at(1000));
        assert!(!gone.dead(at(1059), &LIMITS), "it had failed for 60 of 120 seconds");
        assert!(gone.dead(at(1060), &LIMITS));
        for second in [1010, 1019] {
            well.failed(at(second), &LIMITS);
            assert_eq!(well.health(), Health::Unstable, "it had failed for 10 of 30 seconds");
        }
        well.failed(at(1020), &LIMITS);
        assert_eq!(well.health(), Health::Offline);
    }

    #[test]
    fn a_success_counts_while_frozen() {
        let now = Instant::now();
        let mut contacts = Contacts::default();
        contacts.succeeded(now, &LIMITS);
        contacts.failed(now, &LIMITS);
        contacts.freeze(now);
        contacts.succeeded(now, &LIMITS);
        contacts.succeeded(now, &LIMITS);
        assert_eq!(contacts.health(), Health::Online);
        contacts.thaw(now);
        assert_eq!(contacts.failing_since(), None);
    }

    #[test]
    fn back_after_good_polls_in_a_row() {
        let now = Instant::now();
        let mut contacts = Contacts::default();
        contacts.succeeded(now, &LIMITS);
        contacts.failed(now, &LIMITS);
        contacts.succeeded(now, &LIMITS);
        assert_eq!(contacts.health(), Health::Unstable);
        contacts.failed(now, &LIMITS);
        contacts.succeeded(now, &LIMITS);
        assert_eq!(contacts.health(), Health::Unstable);
        contacts.succeeded(now, &LIMITS);
        assert_eq!(contacts.health(), Health::Online);
    }
}
