//! Lets a fortnight pass: lessons are created when their time comes, and a pool chooses where.

use std::collections::BTreeMap;

use crate::people::Lesson;
use crate::policies::Pool;
use crate::servers::{Running, Server, servers};
use crate::timetable::{MINUTE, SECOND, WEEK};

/// How time passes. Polls can be due at each step.
const STEP: u64 = 10 * SECOND;

/// The classes of a lost server are created anew when beadle takes it for dead, within a minute.
/// It is the same for all policies, so that they differ in nothing but their choices.
const ANEW_AFTER: u64 = 2 * MINUTE;
const ANEW_WITHIN: u64 = MINUTE;

/// What was seen in the second week.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The highest utilisation that any server had at any minute.
    pub(crate) peak: f64,
    /// The utilisation of the whole pool at its busiest minute.
    pub(crate) mean: f64,
    /// People in a class on the server that was lost.
    pub(crate) hit: u32,
}

/// A server at a moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// Its true load.
    pub(crate) load: f64,
    pub(crate) weight: f64,
}

impl Seen {
    /// How far the worst server is above the mean.
    pub(crate) fn uneven(&self) -> f64 {
        self.peak / self.mean
    }

    /// Takes in a minute: the servers that are up.
    pub(crate) fn look(&mut self, servers: impl Iterator<Item = Moment>) {
        let (mut load, mut weight) = (0.0, 0.0);
        for server in servers {
            self.peak = self.peak.max(server.load / server.weight);
            load += server.load;
            weight += server.weight;
        }
        self.mean = self.mean.max(load / weight);
    }
}

/// Replays the lessons.
pub(crate) fn replay(lessons: &[Lesson], pool: &mut Pool) -> Seen {
    let (mut servers, mut seen) = (servers(), Seen::default());
    let mut due = Due::of(lessons);
    let mut now = 0;
    loop {
        if servers.iter().all(|server| server.meetings.is_empty()) {
            // Nobody is there: on to the next morning.
            let Some(next) = due.next() else { return seen };
            now = now.max(next / MINUTE * MINUTE);
        }
        for server in &mut servers {
            pass(server, now, pool, |lesson| {
                seen.hit += lesson.present(now).people;
                due.again(lesson, now);
            });
        }
        pool.poll(&servers, now, due.next());
        if now >= WEEK && now.is_multiple_of(MINUTE) {
            let up = servers.iter().filter(|server| server.is_up(now));
            let moment = |server: &Server| Moment {
                load: server.load(now),
                weight: server.capacity.weight(),
            };
            seen.look(up.map(moment));
        }
        now += STEP;
        while let Some(lesson) = due.take(now) {
            let (place, expected) = pool.choose(&servers, &lesson);
            let internal_id = format!("{}-{}", lesson.id, lesson.begins);
            servers[place].meetings.push(Running { lesson, internal_id, expected });
        }
    }
}

/// What has happened on a server: meetings have ended, or it is gone with all that were on it.
fn pass(server: &mut Server, now: u64, pool: &mut Pool, mut lost: impl FnMut(&Lesson)) {
    let up = server.is_up(now);
    for Running { lesson, .. } in server.meetings.extract_if(.., |m| !up || m.lesson.ends <= now) {
        if lesson.ends <= now {
            pool.ended(&lesson, now);
        } else {
            pool.lost(&lesson, now);
            lost(&lesson);
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

    /// A class that was lost is created anew, in no particular order, if anybody is still in it.
    fn again(&mut self, lost: &Lesson, now: u64) {
        let begins = now + ANEW_AFTER + lost.begins * 7919 % ANEW_WITHIN;
        if let Some(anew) = lost.anew(begins) {
            self.0.insert((begins, usize::MAX - self.0.len()), anew);
        }
    }
}
