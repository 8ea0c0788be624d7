//! The ten servers: one half as strong, one lost in the middle of a morning of the second week.

use std::ops::Range;

use beadle::model::Capacity;

use crate::people::{Lesson, Present};
use crate::timetable::{DAY, HOUR, MINUTE, WEEK};

/// How many there are.
pub(crate) const SERVERS: usize = 10;

/// The one that is half as strong as the others.
const WEAK: usize = 9;

/// The one that is lost, and when: Wednesday of the second week from 10:15 to midnight.
const LOST: usize = 3;
const LOST_FROM: u64 = WEEK + 2 * DAY + 10 * HOUR + 15 * MINUTE;
const LOST_UNTIL: u64 = WEEK + 3 * DAY;

/// A server with what is running on it.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) id: String,
    pub(crate) capacity: Capacity,
    /// While it is away.
    pub(crate) away: Option<Range<u64>>,
    pub(crate) meetings: Vec<Running>,
}

/// A meeting on a server.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) lesson: Lesson,
    /// The id that the server gave it.
    pub(crate) internal_id: String,
    /// How many people were expected when it was placed.
    pub(crate) expected: u32,
}

impl Server {
    /// Whether it can be reached.
    pub(crate) fn is_up(&self, now: u64) -> bool {
        !self.away.as_ref().is_some_and(|away| away.contains(&now))
    }

    /// The true load at a moment.
    pub(crate) fn load(&self, now: u64) -> f64 {
        self.present(now).map(Present::load).sum()
    }

    fn present(&self, now: u64) -> impl Iterator<Item = Present> {
        self.meetings.iter().map(move |meeting| meeting.lesson.present(now))
    }
}

/// The servers, with nothing on them.
pub(crate) fn servers() -> Vec<Server> {
    let server = |place| Server {
        id: format!("bbb{place}"),
        capacity: Capacity::Weight(if place == WEAK { 0.5 } else { 1.0 }),
        away: (place == LOST).then_some(LOST_FROM..LOST_UNTIL),
        meetings: Vec::new(),
    };
    (0..SERVERS).map(server).collect()
}
