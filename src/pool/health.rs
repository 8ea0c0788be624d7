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
}

impl Default for Contacts {
    fn default() -> Self {
        Self {
            health: Health::Unknown,
            failures: 0,
            failing_since: None,
            successes: 0,
            last_success: None,
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

    /// The server could not be asked, or its answer was none.
    pub fn failed(&mut self, now: Instant, limits: &config::Health) {
        self.successes = 0;
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
        self.health == Health::Offline && failing.is_some_and(|time| time >= limits.dead_after)
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
