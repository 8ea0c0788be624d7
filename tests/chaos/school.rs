//! The truth: the servers with their weather, and what front ends were told about the classes.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ::beadle::sim::{SimMeeting, SimPool, SimServer};

use crate::DEAD_AFTER;
use crate::figures::Figures;

/// How many classes there are. Several front ends share one.
const CLASSES: usize = 120;

/// beadle's clock and the servers' need not agree to the millisecond.
const SLACK_MS: u64 = 200;

/// Between two spells of bad weather over one server, in milliseconds: longer than beadle needs to
/// notice that it is well, or two short spells would look like a long one.
const REST_MS: u64 = 4000;

/// How long a create may be under way before the copy that it makes is there, in milliseconds.
const CREATE_MS: u64 = 20_000;

/// Everything that the tasks share.
pub(crate) struct School {
    pub(crate) sites: Vec<Site>,
    pub(crate) figures: Figures,
    classes: Vec<Mutex<Class>>,
    /// By meetingID: the internalMeetingID that was acknowledged last.
    latest: Mutex<HashMap<String, String>>,
    /// By meetingID: when each copy was made that was ever seen or told of.
    made: Mutex<HashMap<String, BTreeSet<u64>>>,
    /// By meetingID: how often a front end asked for its end.
    ends: Mutex<HashMap<String, u64>>,
    violations: Mutex<Vec<String>>,
    /// Pairs of copies that were judged.
    judged: Mutex<HashSet<(String, String)>>,
}

/// A server and its weather.
pub(crate) struct Site {
    pub(crate) server: SimServer,
    sky: Mutex<Sky>,
}

#[derive(Default)]
struct Sky {
    /// Since when it misbehaves, in milliseconds since 1970.
    unwell_since: Option<u64>,
    /// When it did before.
    past: Vec<(u64, u64)>,
    /// Whether it does not listen.
    down: bool,
    /// When it did things so late that nobody waited for them any more.
    late: Vec<(u64, u64)>,
    /// How often it has lost its meetings, and those that are being lost just now.
    losses: u64,
}

/// What front ends know of a class.
pub(crate) struct Class {
    /// The meetingID.
    id: String,
    generation: u64,
    /// The last acknowledged create: internalMeetingID and when.
    acknowledged: Option<(String, u64)>,
    /// Counts what may make the class come to an end.
    disturbances: u64,
    /// Those of them that go on.
    under_way: u64,
}

/// A copy of a class on a server.
#[derive(Clone)]
pub(crate) struct Copy {
    pub(crate) site: usize,
    pub(crate) meeting: SimMeeting,
}

/// A class at a moment.
pub(crate) struct Moment {
    pub(crate) id: String,
    acknowledged: Option<(String, u64)>,
    disturbances: u64,
    under_way: u64,
    losses: u64,
    pub(crate) copies: Vec<Copy>,
}

impl School {
    pub(crate) async fn open(servers: usize) -> Self {
        let pool = SimPool::start(servers).await.expect("servers");
        let site = |server: &SimServer| {
            server.record_requests(true);
            Site { server: server.clone(), sky: Mutex::default() }
        };
        Self {
            sites: pool.servers().iter().map(site).collect(),
            figures: Figures::default(),
            classes: (0..CLASSES).map(|number| Mutex::new(Class::new(number, 0))).collect(),
            latest: Mutex::default(),
            made: Mutex::default(),
            ends: Mutex::default(),
            violations: Mutex::default(),
            judged: Mutex::default(),
        }
    }

    pub(crate) fn classes(&self) -> usize {
        self.classes.len()
    }

    pub(crate) fn violation(&self, text: String) {
        let mut violations = lock(&self.violations);
        // The first ones tell the story.
        if violations.len() < 30 {
            crate::tell(&text);
            violations.push(text);
        }
    }

    /// Whether these two copies, by internalMeetingID, are seen side by side for the first time.
    pub(crate) fn is_new_pair(&self, older: &str, newer: &str) -> bool {
        lock(&self.judged).insert((older.to_owned(), newer.to_owned()))
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        lock(&self.violations).clone()
    }

    /// A class and its copies now.
    pub(crate) fn moment(&self, number: usize) -> Moment {
        let class = self.class(number);
        Moment {
            id: class.id.clone(),
            acknowledged: class.acknowledged.clone(),
            disturbances: class.disturbances,
            under_way: class.under_way,
            losses: self.sites.iter().map(|site| lock(&site.sky).losses).sum(),
            copies: self.copies_of(&class.id),
        }
    }

    /// All copies of a class, wherever they are.
    pub(crate) fn copies_of(&self, id: &str) -> Vec<Copy> {
        let copy = |(site, of): (usize, &Site)| {
            of.server.meeting(id).map(|meeting| Copy { site, meeting })
        };
        self.sites.iter().enumerate().filter_map(copy).collect()
    }

    /// The site with this address.
    pub(crate) fn site_at(&self, address: SocketAddr) -> Option<usize> {
        self.sites.iter().position(|site| site.server.address() == address)
    }

    /// A create was acknowledged.
    pub(crate) fn acknowledge(&self, number: usize, id: &str, internal_id: &str) {
        lock(&self.latest).insert(id.to_owned(), internal_id.to_owned());
        let time = internal_id.rsplit_once('-').and_then(|(_, time)| time.parse().ok());
        self.was_made(id, time.expect("an internalMeetingID that ends with the time"));
        let mut class = self.class(number);
        if class.id == id {
            class.acknowledged = Some((internal_id.to_owned(), now_ms()));
        }
    }

    /// There is, or was, a copy of a class that was made at this moment.
    pub(crate) fn was_made(&self, id: &str, created_ms: u64) {
        lock(&self.made).entry(id.to_owned()).or_default().insert(created_ms);
    }

    /// When the class was made anew after one copy until the other, which was made then as well.
    pub(crate) fn made_between(&self, older: &Copy, newer: &Copy) -> BTreeSet<u64> {
        let (older, newer) = (&older.meeting, &newer.meeting);
        let made = lock(&self.made);
        let known = made.get(&older.meeting_id).into_iter().flatten().copied();
        let between =
            known.filter(|made| (older.create_time + 1..newer.create_time).contains(made));
        between.chain([newer.create_time]).collect()
    }

    /// Whether the last thing that front ends heard of a class was another copy than this one, whose
    /// server was dead since it was made: then it was left behind.
    pub(crate) fn is_left_behind(&self, copy: &Copy) -> bool {
        let meeting = &copy.meeting;
        let latest = lock(&self.latest).get(&meeting.meeting_id).cloned();
        let site = self.sites.get(copy.site);
        latest.is_some_and(|latest| latest != meeting.internal_id)
            && site.is_some_and(|site| site.was_dead(meeting.create_time, now_ms()))
    }

    /// Whether this copy may have been made when whoever had asked for it had gone. Nobody need know
    /// of it then.
    pub(crate) fn may_be_late(&self, copy: &Copy) -> bool {
        let site = self.sites.get(copy.site);
        site.is_some_and(|site| site.was_late(copy.meeting.create_time))
    }

    /// Something begins that may end the class.
    pub(crate) fn disturb(&self, number: usize) {
        let mut class = self.class(number);
        class.disturbances += 1;
        class.under_way += 1;
    }

    /// It is over.
    pub(crate) fn disturbed(&self, number: usize) {
        let mut class = self.class(number);
        class.disturbances += 1;
        class.under_way = class.under_way.saturating_sub(1);
    }

    /// Nobody knows how an end came out: front ends go on with another meetingID.
    pub(crate) fn retire(&self, number: usize, id: &str) {
        let mut class = self.class(number);
        if class.id == id {
            *class = Class::new(number, class.generation + 1);
        }
    }

    /// A front end asks for the end of a class.
    pub(crate) fn asks_for_end(&self, id: &str) {
        *lock(&self.ends).entry(id.to_owned()).or_default() += 1;
    }

    /// How often that was.
    pub(crate) fn ends_asked_for(&self, id: &str) -> u64 {
        lock(&self.ends).get(id).copied().unwrap_or_default()
    }

    /// The number of a class that has this meetingID.
    pub(crate) fn number_of(&self, id: &str) -> Option<usize> {
        (0..self.classes.len()).find(|number| self.class(*number).id == id)
    }

    fn class(&self, number: usize) -> MutexGuard<'_, Class> {
        lock(self.classes.get(number).expect("a class"))
    }
}

impl Copy {
    /// What reports say of it.
    pub(crate) fn tell(&self, school: &School) -> String {
        let (people, internal_id) = (self.meeting.people.total(), &self.meeting.internal_id);
        let weather = school.sites.get(self.site).map(Site::lately).unwrap_or_default();
        format!("bbb{} has {internal_id} with {people} people ({weather})", self.site)
    }
}

impl Class {
    fn new(number: usize, generation: u64) -> Self {
        Self {
            id: format!("class-{number}-{generation}"),
            generation,
            acknowledged: None,
            disturbances: 0,
            under_way: 0,
        }
    }
}

impl Site {
    /// Bad weather begins; not if the sky has hardly cleared.
    pub(crate) fn darken(&self) -> bool {
        let mut sky = lock(&self.sky);
        let rested = sky.past.last().is_none_or(|(_, end)| end + REST_MS < now_ms());
        let was_clear = sky.unwell_since.is_none() && rested;
        if was_clear {
            sky.unwell_since = Some(now_ms());
        }
        was_clear
    }

    /// Bad weather ends.
    pub(crate) fn clear(&self) {
        self.server.clear_faults();
        let mut sky = lock(&self.sky);
        if let Some(since) = sky.unwell_since.take() {
            sky.past.push((since, now_ms()));
        }
    }

    /// From now on, for so long, it does everything late.
    pub(crate) fn works_late(&self, time: Duration) {
        let now = now_ms();
        lock(&self.sky).late.push((now, now + ms(time) + SLACK_MS));
    }

    fn was_late(&self, then_ms: u64) -> bool {
        lock(&self.sky).late.iter().any(|(start, end)| (*start..=*end).contains(&then_ms))
    }

    pub(crate) async fn go_down(&self) {
        lock(&self.sky).down = true;
        self.server.stop().await;
    }

    pub(crate) async fn come_back(&self) {
        self.server.resume().await.expect("the port that it had");
        lock(&self.sky).down = false;
    }

    /// Loses all meetings.
    pub(crate) fn lose_all(&self) {
        lock(&self.sky).losses += 1;
        self.server.forget_all();
        lock(&self.sky).losses += 1;
    }

    pub(crate) fn is_down(&self) -> bool {
        lock(&self.sky).down
    }

    /// Whether it misbehaves.
    pub(crate) fn is_unwell(&self) -> bool {
        lock(&self.sky).unwell_since.is_some()
    }

    /// What its weather was lately, for reports.
    pub(crate) fn lately(&self) -> String {
        let sky = lock(&self.sky);
        let past: Vec<_> = sky.past.iter().rev().take(3).collect();
        format!("unwell since {:?}, before {past:?}", sky.unwell_since)
    }

    /// Whether it was well from a moment on until now.
    pub(crate) fn well_since(&self, then_ms: u64) -> bool {
        let sky = lock(&self.sky);
        sky.unwell_since.is_none() && sky.past.iter().all(|(_, end)| *end < then_ms)
    }

    /// Whether it has misbehaved for so long that it may have counted as dead, at some moment
    /// between these.
    pub(crate) fn was_dead(&self, from_ms: u64, to_ms: u64) -> bool {
        self.was_dead_with((from_ms, to_ms), 0)
    }

    /// The same for those who only know what they noticed last: a server is well for a while before
    /// that is noticed.
    fn seemed_dead(&self, from_ms: u64, to_ms: u64) -> bool {
        self.was_dead_with((from_ms, to_ms), REST_MS)
    }

    fn was_dead_with(&self, (from_ms, to_ms): (u64, u64), lag_ms: u64) -> bool {
        let sky = lock(&self.sky);
        let now = sky.unwell_since.map(|since| (since, now_ms()));
        let dead_after = ms(DEAD_AFTER).saturating_sub(SLACK_MS);
        sky.past.iter().copied().chain(now).any(|(start, end)| {
            let end = end + lag_ms;
            end >= start + dead_after && start + dead_after <= to_ms && end >= from_ms
        })
    }

    /// Whether a copy that was made at this moment may have been made because this server was dead.
    pub(crate) fn was_dead_before(&self, created_ms: u64) -> bool {
        self.was_dead(created_ms.saturating_sub(CREATE_MS), created_ms + SLACK_MS)
    }
}

impl Moment {
    /// Whether nothing that may end the class happened between two moments.
    pub(crate) fn is_same_as(&self, later: &Self) -> bool {
        self.id == later.id
            && self.under_way == 0
            && self.disturbances == later.disturbances
            && self.losses == later.losses
    }

    /// The copy that front ends were told of last, if its server was not dead since.
    pub(crate) fn promised(&self, school: &School) -> Option<&Copy> {
        let (internal_id, since) = self.acknowledged.as_ref()?;
        let copy = self.copies.iter().find(|copy| copy.meeting.internal_id == *internal_id)?;
        let site = school.sites.get(copy.site)?;
        (!site.seemed_dead(*since, now_ms())).then_some(copy)
    }
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    ms(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
