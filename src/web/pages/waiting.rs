//! Who waits for a meeting, and for how long: what makes a page ask again less and less often, and
//! the log name each wait once and not every few seconds.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Reason;

/// The people who wait, as seen by all workers. Memory only; cheap to clone.
#[derive(Clone, Default)]
pub struct Waiting(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// Makes references that nobody can foresee or turn back into a link.
    keys: RandomState,
    waits: Mutex<HashMap<Reference, Wait>>,
    strangers: Mutex<Option<Second>>,
}

/// What is shown on a page and stands in the log. The same link gets the same one for the same
/// reason, until beadle is restarted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Reference(u64);

/// How a wait goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Visit {
    /// Whether it has just begun.
    pub(super) first: bool,
    /// After how many seconds to ask again; none when it took too long.
    pub(super) pause: Option<u64>,
}

struct Wait {
    since: Instant,
    seen: Instant,
}

/// How many strangers were heard in the running second.
struct Second {
    began: Instant,
    heard: u32,
}

/// Pauses in seconds, and how long a wait must have lasted for each to end.
const PAUSES: [(Duration, u64); 3] =
    [(Duration::from_mins(2), 10), (Duration::from_mins(10), 20), (Duration::from_mins(30), 30)];

/// Who has not been seen for so long waits no longer.
const GONE: Duration = Duration::from_mins(2);

/// How many waits are remembered.
const MANY: usize = 50_000;

/// How many strangers are heard in one second.
const STRANGERS: u32 = 10;

/// The characters of a reference, without those that look alike.
const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

impl Waiting {
    /// The reference of a link.
    pub(super) fn reference(&self, query: &str, reason: Reason) -> Reference {
        Reference(self.0.keys.hash_one((query, reason)))
    }

    /// Notes that somebody is still there, unless it is only looked at, and says how it goes on.
    pub(super) fn visit(&self, who: Reference, now: Instant, note: bool) -> Visit {
        let mut waits = lock(&self.0.waits);
        let known = waits.get(&who).filter(|wait| now.saturating_duration_since(wait.seen) < GONE);
        let since = known.map(|wait| wait.since);
        let pause = pause(now.saturating_duration_since(since.unwrap_or(now)));
        if note && pause.is_none() {
            // Who asks again by hand waits anew.
            waits.remove(&who);
        } else if note {
            if waits.len() >= MANY {
                waits.retain(|_, wait| now.saturating_duration_since(wait.seen) < GONE);
            }
            if since.is_some() || waits.len() < MANY {
                waits.insert(who, Wait { since: since.unwrap_or(now), seen: now });
            }
        }
        Visit { first: since.is_none(), pause }
    }

    /// Whether a request that is not signed may have a line in the log: nobody shall fill it.
    pub(super) fn hears_stranger(&self, now: Instant) -> bool {
        let mut second = lock(&self.0.strangers);
        let over = |second: &Second| now.saturating_duration_since(second.began).as_secs() > 0;
        if second.as_ref().is_none_or(over) {
            *second = Some(Second { began: now, heard: 0 });
        }
        second.as_mut().is_some_and(|second| {
            second.heard = second.heard.saturating_add(1);
            second.heard <= STRANGERS
        })
    }
}

impl Reference {
    /// One for a visit that does not come back.
    pub(super) fn random() -> Self {
        Self(rand::random())
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for place in 0..8 {
            if place == 4 {
                f.write_str("-")?;
            }
            let bits = usize::try_from(self.0 >> (place * 5) & 31).unwrap_or_default();
            let letter = LETTERS.get(bits).copied().unwrap_or(b'2');
            fmt::Write::write_char(f, char::from(letter))?;
        }
        Ok(())
    }
}

fn pause(waited: Duration) -> Option<u64> {
    PAUSES.iter().find(|(until, _)| waited < *until).map(|(_, pause)| *pause)
}

/// What is locked here is whole at every moment, so a panic elsewhere does no harm.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_grows_slower_and_ends() {
        let (waiting, start) = (Waiting::default(), Instant::now());
        let who = waiting.reference("q", Reason::NotStarted);
        let (mut second, mut pauses) = (0, Vec::new());
        while let Some(pause) = {
            let visit = waiting.visit(who, start + Duration::from_secs(second), true);
            assert_eq!(visit.first, second == 0);
            visit.pause
        } {
            second += pause;
            pauses.push(pause);
        }
        assert_eq!(second, 30 * 60);
        assert_eq!(pauses, [vec![10; 12], vec![20; 24], vec![30; 40]].concat());
        let anew = waiting.visit(who, start + Duration::from_secs(second + 1), true);
        assert_eq!(anew, Visit { first: true, pause: Some(10) });
    }

    #[test]
    fn who_went_away_begins_anew_and_who_only_looks_is_not_noted() {
        let (waiting, start) = (Waiting::default(), Instant::now());
        let who = waiting.reference("q", Reason::Repair);
        let first = Visit { first: true, pause: Some(10) };
        assert_eq!(waiting.visit(who, start, false), first);
        assert_eq!(waiting.visit(who, start, true), first);
        assert!(!waiting.visit(who, start + GONE / 2, false).first);
        assert_eq!(waiting.visit(who, start + GONE, true), first);
    }

    #[test]
    fn no_more_than_so_many_are_remembered() {
        let (waiting, start) = (Waiting::default(), Instant::now());
        for who in 0..=MANY as u64 {
            assert!(waiting.visit(Reference(who), start, true).first);
        }
        assert_eq!(lock(&waiting.0.waits).len(), MANY);
        assert!(!waiting.visit(Reference(0), start, true).first, "who is known stays so");
        waiting.visit(Reference(u64::MAX), start + GONE, true);
        assert_eq!(lock(&waiting.0.waits).len(), 1);
    }

    #[test]
    fn strangers_cannot_fill_the_log() {
        let (waiting, start) = (Waiting::default(), Instant::now());
        let heard = |now| (0..100).filter(|_| waiting.hears_stranger(now)).count();
        assert_eq!(heard(start), 10);
        assert_eq!(heard(start + Duration::from_millis(999)), 0);
        assert_eq!(heard(start + Duration::from_secs(1)), 10);
    }

    #[test]
    fn references_are_easy_to_read_aloud() {
        assert_eq!(Reference(0).to_string(), "2222-2222");
        assert_eq!(Reference(u64::MAX).to_string(), "ZZZZ-ZZZZ");
        let waiting = Waiting::default();
        let one = waiting.reference("a", Reason::Moved);
        assert_eq!(one, waiting.reference("a", Reason::Moved));
        assert_ne!(one, waiting.reference("a", Reason::Repair));
        assert_ne!(one, waiting.reference("b", Reason::Moved));
        assert_ne!(one, Waiting::default().reference("a", Reason::Moved));
        for wrong in *b"01IOio" {
            assert!(!LETTERS.contains(&wrong));
        }
    }
}
