//! beadle's own choices: its placement, its load figures, its learned sizes, with simulated polls.

use std::collections::{BTreeMap, BTreeSet};

use beadle::bbb::meetings::Listed;
use beadle::config::{Placement, Policy};
use beadle::model::{Sitting, Size};
use beadle::pool::placement::load::{Awaited, figures};
use beadle::pool::placement::sizes;
use beadle::pool::placement::tags::Wanted;
use beadle::pool::placement::{Candidate, choose, keep_room};
use rand::RngExt as _;
use rand::rngs::StdRng;

use crate::chance::source;
use crate::people::Lesson;
use crate::servers::{Running, SERVERS, Server};

/// How it is done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ways {
    pub(crate) policy: Policy,
    /// Between polls, in milliseconds.
    pub(crate) interval: u64,
    pub(crate) knows: Knows,
}

/// What is known of the meetings that come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Knows {
    Nothing,
    /// How large those of the same meetingID were.
    Sizes,
    /// Also when they began, so that room is kept for large ones that are due.
    Timetable,
    /// How large this one will be, as nobody can know; but nothing of those after it.
    Truth,
}

/// What a pool knows: the last polls, and what it has learned.
pub(crate) struct Pool {
    ways: Ways,
    placement: Placement,
    ties: StdRng,
    polls: Vec<Poll>,
    sizes: BTreeMap<String, Size>,
    of_tenant: Option<Size>,
    /// Sizes of the meetings that are due by the timetable, largest first, as of the last poll.
    due: Vec<(f64, String)>,
    /// Which meetings are running, and which were until their server was lost.
    running: BTreeSet<String>,
    lost: BTreeSet<String>,
}

/// What the last poll of a server gave.
#[derive(Debug, Clone, Default)]
struct Poll {
    at: u64,
    load: Option<f64>,
}

impl Pool {
    pub(crate) fn new(ways: Ways, seed: u64) -> Self {
        Self {
            ways,
            placement: Placement { policy: ways.policy, ..Placement::default() },
            ties: source(seed, 0),
            polls: vec![Poll::default(); SERVERS],
            sizes: BTreeMap::new(),
            of_tenant: None,
            due: Vec::new(),
            running: BTreeSet::new(),
            lost: BTreeSet::new(),
        }
    }

    /// Polls all servers when it is time to. Polls that nobody will look at, because the `next`
    /// create comes after the one that follows, are left out.
    pub(crate) fn poll(&mut self, servers: &[Server], now: u64, next: Option<u64>) {
        let looked_at = next.is_some_and(|next| next < now + self.ways.interval);
        if !looked_at || !now.is_multiple_of(self.ways.interval) {
            return;
        }
        for (server, poll) in servers.iter().zip(&mut self.polls) {
            let load = server.is_up(now).then(|| load(server, &self.placement, now));
            *poll = Poll { at: now, load: load.flatten() };
        }
        if self.ways.knows == Knows::Timetable {
            self.due = self.due_at(now);
        }
    }

    /// Chooses a server for a lesson that begins now: its place, and how many people are expected.
    pub(crate) fn choose(&mut self, servers: &[Server], lesson: &Lesson) -> (usize, u32) {
        let now = lesson.begins;
        self.lost.remove(&lesson.id);
        self.running.insert(lesson.id.clone());
        let (learned, told) = match self.ways.knows {
            Knows::Nothing => ((None, None), None),
            Knows::Sizes | Knows::Timetable => {
                ((self.sizes.get(&lesson.id), self.of_tenant.as_ref()), None)
            }
            Knows::Truth => ((None, None), Some(lesson.most(u64::MAX))),
        };
        let default = self.placement.expected_people;
        let expected = sizes::expected(told, None, learned, default, now).people;
        let (places, mut candidates): (Vec<_>, Vec<_>) = servers
            .iter()
            .zip(&self.polls)
            .enumerate()
            .filter(|(_, (server, _))| server.is_up(now))
            .filter_map(|(place, (server, poll))| {
                self.candidate(server, poll, now).map(|candidate| (place, candidate))
            })
            .unzip();
        let people = f64::from(expected);
        let due: Vec<f64> =
            self.due.iter().filter(|(_, id)| self.awaited(id)).map(|due| due.0).collect();
        keep_room(&mut candidates.iter_mut().collect::<Vec<_>>(), &due, people);
        let tie = |equals| self.ties.random_range(0..equals);
        let wanted = Wanted::parse("");
        let chosen = choose(&candidates, &wanted, people, self.ways.policy, tie);
        (places[chosen.expect("a server")], expected)
    }

    /// A meeting has ended: its size is learned.
    pub(crate) fn ended(&mut self, lesson: &Lesson, now: u64) {
        self.running.remove(&lesson.id);
        self.see(lesson, now);
        let known = self.sizes.remove(&lesson.id);
        let peak = known.and_then(|size| size.open).map_or(0, |open| open.peak);
        if let Some(size) = sizes::close(known, now) {
            self.sizes.insert(lesson.id.clone(), size);
        }
        self.of_tenant = sizes::observe_of_tenant(self.of_tenant, peak, now);
    }

    /// The server of a meeting is lost: its people will want another one.
    pub(crate) fn lost(&mut self, lesson: &Lesson, now: u64) {
        self.see(lesson, now);
        self.running.remove(&lesson.id);
        self.lost.insert(lesson.id.clone());
    }

    fn see(&mut self, lesson: &Lesson, now: u64) {
        let sitting = Sitting { began_ms: lesson.begins, peak: lesson.most(now) };
        let (size, _) = sizes::see(self.sizes.get(&lesson.id).copied(), sitting, now);
        self.sizes.insert(lesson.id.clone(), size);
    }

    fn due_at(&self, now: u64) -> Vec<(f64, String)> {
        let due = self
            .sizes
            .iter()
            .filter(|(id, size)| sizes::is_due(size, now) || self.lost.contains(*id));
        let sized = |(id, size): (&String, &Size)| {
            sizes::expect(size, now).map(|people| (f64::from(people), id.clone()))
        };
        let mut due: Vec<_> = due.filter_map(sized).collect();
        due.sort_by(|a, b| b.0.total_cmp(&a.0));
        due
    }

    fn awaited(&self, id: &str) -> bool {
        !self.running.contains(id)
    }

    /// A server as placement sees it: its load of the last poll, and what was added since then, as
    /// beadle does at each create and, for policies like Scalelite's, at each join.
    fn candidate<'s>(&self, server: &'s Server, poll: &Poll, now: u64) -> Option<Candidate<'s>> {
        let multiplier = server.capacity.load_multiplier();
        let added = |meeting: &Running| {
            let created = meeting.lesson.begins > poll.at;
            let joined = meeting.lesson.came(now) - meeting.lesson.came(poll.at);
            match self.ways.policy {
                Policy::Predicted => f64::from(if created { meeting.expected } else { 0 }),
                Policy::Participants => multiplier * f64::from(u32::from(created)),
                Policy::Scalelite => multiplier * f64::from(u32::from(created) + joined),
            }
        };
        Some(Candidate {
            id: &server.id,
            tag: None,
            weight: server.capacity.weight(),
            load: poll.load? + server.meetings.iter().map(added).sum::<f64>(),
            kept: 0.0,
            meetings: u32::try_from(server.meetings.len()).expect("few"),
            max_meetings: None,
            max_users: None,
        })
    }
}

/// The load that a poll finds.
fn load(server: &Server, placement: &Placement, now: u64) -> Option<f64> {
    let listed: Vec<_> = server.meetings.iter().map(|meeting| listed(meeting, now)).collect();
    let expected = server.meetings.iter().map(|meeting| Awaited {
        internal_id: &meeting.internal_id,
        people: meeting.expected,
        since_ms: meeting.lesson.begins,
    });
    figures(&listed, expected, server.capacity, placement, now).load
}

fn listed(meeting: &Running, now: u64) -> Listed {
    let present = meeting.lesson.present(now);
    Listed {
        range: 0..0,
        id: meeting.lesson.id.clone(),
        internal_id: meeting.internal_id.clone(),
        name: String::new(),
        create_time: meeting.lesson.begins,
        participants: present.people,
        moderators: present.moderators,
        voices: present.voices,
        videos: present.cameras,
        breakout: false,
        forcibly_ended: false,
        moderator_pw: String::new(),
        voice_bridge: String::new(),
        tenant: None,
        origin: None,
    }
}
