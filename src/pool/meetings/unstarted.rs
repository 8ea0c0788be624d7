//! Meetings that could not be started lately, and why. Those who wait for one are told.
//!
//! Memory only and bounded: after a restart people are told less, and nothing else is lost.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::bbb::Failure;
use crate::pool::Answer;
use crate::pool::watch::live::Name;

/// What kept a meeting from being started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// All servers that could take it were at their limits.
    Full,
    /// There was no server, or it failed.
    Trouble,
}

impl Cause {
    /// The one that the caller of a create could do nothing about; none where the fault was its own.
    fn of(failure: &Failure) -> Option<Self> {
        match &*failure.key {
            "maxConcurrent" => Some(Self::Full),
            "internalError" | "serverTagUnavailable" => Some(Self::Trouble),
            _ => None,
        }
    }
}

/// For how long a failed create says something about the meeting.
const KEPT: Duration = Duration::from_mins(2);

/// How many meetings are remembered.
const MANY: usize = 10_000;

/// The meetings whose last create failed.
#[derive(Default)]
pub(in crate::pool) struct Unstarted(Mutex<HashMap<Name, (Cause, Instant)>>);

impl Unstarted {
    /// Notes how a create ended.
    pub(in crate::pool) fn note(
        &self,
        name: Name,
        outcome: &Result<Answer, Failure>,
        now: Instant,
    ) {
        let mut meetings = self.lock();
        let Some(cause) = outcome.as_ref().err().and_then(Cause::of) else {
            meetings.remove(&name);
            return;
        };
        if meetings.len() >= MANY {
            meetings.retain(|_, (_, since)| now.saturating_duration_since(*since) < KEPT);
        }
        if meetings.len() < MANY {
            meetings.insert(name, (cause, now));
        }
    }

    /// What keeps a meeting from being started, as far as its last create tells.
    pub(in crate::pool) fn cause(&self, name: &Name, now: Instant) -> Option<Cause> {
        let meetings = self.lock();
        let (cause, since) = meetings.get(name)?;
        (now.saturating_duration_since(*since) < KEPT).then_some(*cause)
    }

    /// The map is whole at every moment, so a panic elsewhere while it was held does no harm.
    fn lock(&self) -> MutexGuard<'_, HashMap<Name, (Cause, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{MeetingId, TenantId};

    fn name(id: &str) -> Name {
        (TenantId::none(), MeetingId::from(id))
    }

    #[test]
    fn the_last_create_counts_for_a_while() {
        let (unstarted, start) = (Unstarted::default(), Instant::now());
        let full = Err(Failure::all_full());
        unstarted.note(name("a"), &full, start);
        assert_eq!(unstarted.cause(&name("a"), start), Some(Cause::Full));
        assert_eq!(unstarted.cause(&name("b"), start), None);
        assert_eq!(unstarted.cause(&name("a"), start + KEPT), None);
        unstarted.note(name("a"), &Err(Failure::no_server()), start);
        assert_eq!(unstarted.cause(&name("a"), start), Some(Cause::Trouble));
        unstarted.note(name("a"), &Ok(Answer::Own(String::new())), start);
        assert_eq!(unstarted.cause(&name("a"), start), None);
        unstarted.note(name("a"), &Err(Failure::too_long()), start);
        assert_eq!(unstarted.cause(&name("a"), start), None, "the caller's own fault");
    }

    #[test]
    fn no_more_than_so_many_are_remembered() {
        let (unstarted, start) = (Unstarted::default(), Instant::now());
        let full = Err(Failure::all_full());
        for number in 0..=MANY {
            unstarted.note(name(&number.to_string()), &full, start);
        }
        assert_eq!(unstarted.lock().len(), MANY);
        unstarted.note(name("later"), &full, start + KEPT);
        assert_eq!(unstarted.lock().len(), 1, "what no longer counts makes room");
    }
}
