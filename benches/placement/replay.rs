//! Replays a fortnight: meetings are created when their time comes, and someone chooses where.
//!
//! Every ten seconds of the second week the true loads are looked at: people, half of the open
//! microphones, half of the open cameras, divided by the server's weight.

use std::collections::BTreeMap;

use crate::people::Lesson;
use crate::servers::{Running, Server, servers};
use crate::timetable::{MINUTE, SECOND, WEEK};

/// How often the loads are looked at, and polls are due.
pub const STEP: u64 = 10 * SECOND;

/// A class on a lost server is created anew after two minutes, when beadle takes the server for
/// dead; all are within another minute.
const ANEW_AFTER: u64 = 2 * MINUTE;
const ANEW_WITHIN: u64 = MINUTE;

/// Who says where a meeting goes.
pub trait Chooser {
    /// A step has begun: time to poll.
    fn step(&mut self, servers: &[Server], now: u64);

    /// Chooses a server for a lesson that begins now. Returns its place and how many people are
    /// expected.
    fn choose(&mut self, servers: &[Server], lesson: &Lesson) -> (usize, u32);
}

/// What was seen in the second week.
#[derive(Debug, Default)]
pub struct Seen {
    /// The highest utilisation that any server had in the week.
    pub peak: f64,
    /// The highest that the whole pool had: its load over the weights of the servers there.
    pub mean: f64,
    /// People in a class on the server that was lost.
    pub hit: u32,
 pub peak_at: u64,
}

impl Seen {
    fn look(&mut self, servers: &[Server], now: u64) {
        let (mut all, mut weights) = (0.0, 0.0);
        for server in servers.iter().filter(|server| server.is_up(now)) {
            let (load, weight) = (server.load(now), server.capacity.weight());
            if load / weight > self.peak { self.peak = load / weight; self.peak_at = now; }
            all += load;
            weights += weight;
        }
        self.mean = self.mean.max(all / weights);
    }
}

/// Replays the lessons.
pub fn replay(lessons: &[Lesson], chooser: &mut dyn Chooser) -> Seen {
    let (mut servers, mut seen) = (servers(), Seen::default());
    let mut due = Due::of(lessons);
    let Some(mut now) = due.next().map(|first| first / STEP * STEP) else { return seen };
    loop {
        for server in &mut servers {
            if !server.is_up(now) {
                for lost in std::mem::take(&mut server.meetings) {
                    seen.hit += lost.lesson.present(now).people;
                    due.again(&lost.lesson, now);
                }
            }
            server.meetings.retain(|meeting| meeting.lesson.ends > now);
        }
        chooser.step(&servers, now);
        if now >= WEEK {
            seen.look(&servers, now);
        }
        now += STEP;
        while let Some(lesson) = due.take(now) {
            let (place, expected) = chooser.choose(&servers, &lesson);
            let internal_id = format!("{}-{}", lesson.id, lesson.begins);
            servers[place].meetings.push(Running { lesson, internal_id, expected });
        }
        if servers.iter().all(|server| server.meetings.is_empty()) {
            // Nobody is there: on to the next morning.
            let Some(next) = due.next() else { return seen };
            now = now.max(next / STEP * STEP);
        }
    }
}

/// Lessons that are still to come, by the time at which they begin.
struct Due(BTreeMap<(u64, usize), Lesson>);

impl Due {
    fn of(lessons: &[Lesson]) -> Self {
        let numbered = lessons.iter().enumerate();
        Self(numbered.map(|(n, lesson)| ((lesson.begins, n), lesson.clone())).collect())
    }

    fn next(&self) -> Option<u64> {
        self.0.keys().next().map(|(begins, _)| *begins)
    }

    fn take(&mut self, before: u64) -> Option<Lesson> {
        self.next().filter(|begins| *begins < before)?;
        self.0.pop_first().map(|(_, lesson)| lesson)
    }

    fn again(&mut self, lost: &Lesson, now: u64) {
        let number = self.0.len();
        let begins = now + ANEW_AFTER + (number as u64 * 7919) % ANEW_WITHIN;
        if lost.ends > begins {
            self.0.insert((begins, usize::MAX - number), lost.anew(begins));
        }
    }
}
