//! What is known of a server at the moment: health, load, last list. Memory only.
//!
//! It is rebuilt by polling, so it costs no disk writes. What joins read (health, load) is atomic;
//! they never wait for a poll.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use tokio::sync::Notify;

use crate::config;
use crate::model::{Meeting, MeetingId, TenantId};
use crate::pool::placement::load::Figures;
use crate::pool::watch::call::Turnstile;
use crate::pool::watch::freeze::Watched;
use crate::pool::watch::health::{Contacts, Health};
use crate::pool::watch::list::{List, Packed};

/// A meeting's name in the pool.
pub type Name = (TenantId, MeetingId);

/// A load that is not known.
const UNKNOWN: u64 = f64::NAN.to_bits();

/// A meeting is missed on two lists at least this far apart before it counts as gone.
const MISSED_FOR: Duration = Duration::from_secs(10);

/// A meeting younger than this is never missed: lists lag behind creates.
const TOO_YOUNG_MS: u64 = 60_000;

/// One server at the moment.
pub struct Live {
    health: AtomicU8,
    load: AtomicU64,
    contacts: Mutex<Contacts>,
    figures: Mutex<Figures>,
    list: ArcSwapOption<Packed>,
    version: ArcSwapOption<String>,
    trouble: ArcSwapOption<String>,
    /// Meetings that are being created, with the load reserved for each.
    pending: Mutex<HashMap<Name, f64>>,
    missed: Mutex<HashMap<Name, Instant>>,
    /// Lost copies that people are in: internalMeetingID and how many.
    crowded: Mutex<HashMap<Box<str>, u32>>,
    pub(in crate::pool) turnstile: Turnstile,
    /// Wakes the poller when it has become unstable.
    pub(in crate::pool) stumbled: Notify,
}

impl Default for Live {
    fn default() -> Self {
        Self::taking(usize::MAX)
    }
}

impl Live {
    /// A server of which nothing is known, and which takes so many calls at once.
    pub fn taking(calls: usize) -> Self {
        Self {
            health: AtomicU8::new(number(Health::Unknown)),
            load: AtomicU64::new(UNKNOWN),
            contacts: Mutex::default(),
            figures: Mutex::default(),
            list: ArcSwapOption::empty(),
            version: ArcSwapOption::empty(),
            trouble: ArcSwapOption::empty(),
            pending: Mutex::default(),
            missed: Mutex::default(),
            crowded: Mutex::default(),
            turnstile: Turnstile::of(calls),
            stumbled: Notify::new(),
        }
    }

    /// Its health.
    pub fn health(&self) -> Health {
        match self.health.load(Ordering::Acquire) {
            1 => Health::Online,
            2 => Health::Unstable,
            3 => Health::Offline,
            _ => Health::Unknown,
        }
    }

    /// Its load with everything reserved; none before the first poll.
    pub fn load(&self) -> Option<f64> {
        let load = f64::from_bits(self.load.load(Ordering::Acquire));
        (!load.is_nan()).then_some(load)
    }

    /// Adds to a known load. Takes no lock, since joins do it.
    pub fn add_load(&self, more: f64) {
        let add = |bits| {
            let load = f64::from_bits(bits);
            (!load.is_nan()).then(|| (load + more).max(0.0).to_bits())
        };
        // An unknown load stays unknown.
        let _ = self.load.fetch_update(Ordering::AcqRel, Ordering::Acquire, add);
    }

    /// The figures of the last good poll.
    pub fn figures(&self) -> Figures {
        lock(&self.figures).clone()
    }

    /// The last good list. It is unpacked and read anew, so ask for it only when it is needed.
    pub fn list(&self) -> Option<List> {
        self.list.load_full()?.unpack()
    }

    /// Its version, as far as it tells it.
    pub fn version(&self) -> Option<Arc<String>> {
        self.version.load_full()
    }

    /// Notes its version.
    pub fn set_version(&self, version: String) {
        self.version.store(Some(Arc::new(version)));
    }

    /// Why the last contact failed; none if it did not.
    pub fn trouble(&self) -> Option<Arc<String>> {
        self.trouble.load_full()
    }

    /// How long ago it last answered.
    pub fn silent_for(&self, now: Instant) -> Option<Duration> {
        lock(&self.contacts).last_success().map(|then| now.saturating_duration_since(then))
    }

    /// Its health, and since when it has failed without a success in between.
    pub(in crate::pool) fn standing(&self) -> Watched {
        let contacts = lock(&self.contacts);
        Watched { health: contacts.health(), failing_since: contacts.failing_since() }
    }

    /// From now on failures say nothing about it.
    pub(in crate::pool) fn freeze(&self, now: Instant) {
        lock(&self.contacts).freeze(now);
    }

    /// Failures count again.
    pub(in crate::pool) fn thaw(&self, now: Instant) {
        lock(&self.contacts).thaw(now);
    }

    /// Whether its meetings may be started elsewhere.
    pub fn dead(&self, now: Instant, limits: &config::Health) -> bool {
        lock(&self.contacts).dead(now, limits)
    }

    /// Notes that it answered. Returns the health before and after.
    pub fn succeeded(&self, now: Instant, limits: &config::Health) -> (Health, Health) {
        self.trouble.store(None);
        self.contact(|contacts| contacts.succeeded(now, limits))
    }

    /// Notes that it did not answer. Returns the health before and after.
    pub fn failed(&self, why: String, now: Instant, limits: &config::Health) -> (Health, Health) {
        self.trouble.store(Some(Arc::new(why)));
        self.contact(|contacts| contacts.failed(now, limits))
    }

    fn contact(&self, change: impl FnOnce(&mut Contacts)) -> (Health, Health) {
        let mut contacts = lock(&self.contacts);
        let before = contacts.health();
        change(&mut contacts);
        let after = contacts.health();
        self.health.store(number(after), Ordering::Release);
        if after == Health::Unstable && before != after {
            self.stumbled.notify_one();
        }
        (before, after)
    }

    /// Takes over the figures of a poll. Reserves for meetings being created are added to its load.
    pub fn observed(&self, figures: Figures, list: Option<&List>) {
        let packed = list.map(|list| Arc::new(Packed::of(list)));
        let pending = lock(&self.pending);
        let reserved: f64 = pending.values().sum();
        let load = figures.load.map_or(UNKNOWN, |load| (load + reserved).to_bits());
        self.load.store(load, Ordering::Release);
        *lock(&self.figures) = figures;
        if packed.is_some() {
            self.list.store(packed);
        }
    }

    /// Forgets the load, as when a server was out of use: it takes meetings after the next poll.
    pub fn forget_load(&self) {
        self.load.store(UNKNOWN, Ordering::Release);
    }

    /// Counts a meeting that is about to be created here.
    pub(in crate::pool) fn reserve(&self, name: Name, load: f64) {
        // Under the lock, so that a poll sees both the reserve and the load with it, or neither.
        let mut pending = lock(&self.pending);
        pending.insert(name, load);
        self.add_load(load);
    }

    /// The create failed: nothing is expected here any more.
    pub(in crate::pool) fn release(&self, name: &Name) {
        let mut pending = lock(&self.pending);
        if let Some(load) = pending.remove(name) {
            self.add_load(-load);
        }
    }

    /// The create worked: from now on the stored meeting is what is expected here.
    pub(in crate::pool) fn confirm(&self, name: &Name) {
        lock(&self.pending).remove(name);
    }

    /// How many meetings are being created here.
    pub fn pending(&self) -> usize {
        lock(&self.pending).len()
    }

    /// Takes over which lost copies have people in them, and returns those that are new.
    pub(in crate::pool) fn crowded(&self, now: HashMap<Box<str>, u32>) -> Vec<(Box<str>, u32)> {
        let mut known = lock(&self.crowded);
        let new = now.iter().filter(|(copy, _)| !known.contains_key(*copy));
        let new = new.map(|(copy, people)| (copy.clone(), *people)).collect();
        *known = now;
        new
    }

    /// How many people are in a lost copy; none where nobody is, or it is not known.
    pub fn people_in_copy(&self, internal_id: &str) -> Option<u32> {
        lock(&self.crowded).get(internal_id).copied()
    }

    /// Notes that the server has just said that it does not know one of its meetings.
    pub(in crate::pool) fn missed(&self, meeting: &Meeting, now: Instant, now_ms: u64) {
        if now_ms.saturating_sub(meeting.created_ms) >= TOO_YOUNG_MS {
            let name = (meeting.tenant.clone(), meeting.id.clone());
            lock(&self.missed).entry(name).or_insert(now);
        }
    }

    /// Notes which of a server's meetings a good list does not name, and returns those that are
    /// gone: missed twice, some time apart, and not just created.
    pub(in crate::pool) fn missing<'a>(
        &self,
        meetings: impl Iterator<Item = &'a Arc<Meeting>>,
        listed: impl Fn(&Meeting) -> bool,
        now: Instant,
        now_ms: u64,
    ) -> Vec<Arc<Meeting>> {
        let mut missed = lock(&self.missed);
        let (mut still_missed, mut gone) = (HashMap::new(), Vec::new());
        for meeting in meetings {
            if listed(meeting) || now_ms.saturating_sub(meeting.created_ms) < TOO_YOUNG_MS {
                continue;
            }
            let name = (meeting.tenant.clone(), meeting.id.clone());
            let since = missed.get(&name).copied().unwrap_or(now);
            if now.saturating_duration_since(since) >= MISSED_FOR {
                gone.push(Arc::clone(meeting));
            }
            still_missed.insert(name, since);
        }
        *missed = still_missed;
        gone
    }
}

fn number(health: Health) -> u8 {
    match health {
        Health::Unknown => 0,
        Health::Online => 1,
        Health::Unstable => 2,
        Health::Offline => 3,
    }
}

/// These locks guard plain values that are whole at every moment, so a panic elsewhere while one
/// was held does no harm.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ServerId;

    fn meeting(id: &str, created_ms: u64) -> Arc<Meeting> {
        let (id, server) = (MeetingId::from(id), ServerId::from("bbb"));
        Arc::new(Meeting::starting(TenantId::none(), id, server, created_ms))
    }

    /// The ids that a server's list no longer names, for good.
    fn gone(
        live: &Live,
        meetings: &[Arc<Meeting>],
        listed: &[&str],
        (now, now_ms): (Instant, u64),
    ) -> Vec<String> {
        let listed = |meeting: &Meeting| listed.contains(&meeting.id.as_str());
        let gone = live.missing(meetings.iter(), listed, now, now_ms);
        gone.iter().map(|meeting| meeting.id.to_string()).collect()
    }

    const OLD: u64 = 10 * TOO_YOUNG_MS;

    #[test]
    fn a_meeting_is_gone_when_two_lists_apart_in_time_miss_it() {
        let (live, start) = (Live::default(), Instant::now());
        let meetings = [meeting("a", 0), meeting("b", 0)];
        let at = |seconds| (start + Duration::from_secs(seconds), OLD + seconds * 1000);
        assert!(gone(&live, &meetings, &["b"], at(0)).is_empty(), "one list");
        assert!(gone(&live, &meetings, &["b"], at(1)).is_empty(), "two, but at once");
        assert!(gone(&live, &meetings, &["b"], at(9)).is_empty());
        assert_eq!(gone(&live, &meetings, &["b"], at(10)), ["a"]);
    }

    #[test]
    fn a_list_that_names_the_meeting_again_begins_anew() {
        let (live, start) = (Live::default(), Instant::now());
        let meetings = [meeting("a", 0)];
        let at = |seconds| (start + Duration::from_secs(seconds), OLD + seconds * 1000);
        assert!(gone(&live, &meetings, &[], at(0)).is_empty());
        assert!(gone(&live, &meetings, &["a"], at(10)).is_empty());
        assert!(gone(&live, &meetings, &[], at(20)).is_empty());
        assert!(gone(&live, &meetings, &[], at(29)).is_empty());
        assert_eq!(gone(&live, &meetings, &[], at(30)), ["a"]);
    }

    #[test]
    fn a_young_meeting_is_never_missed() {
        let (live, start) = (Live::default(), Instant::now());
        let meetings = [meeting("a", OLD)];
        let at = |seconds| (start + Duration::from_secs(seconds), OLD + seconds * 1000);
        assert!(gone(&live, &meetings, &[], at(0)).is_empty());
        assert!(gone(&live, &meetings, &[], at(59)).is_empty());
        // What was missed while it was young does not count either.
        assert!(gone(&live, &meetings, &[], at(60)).is_empty());
        assert_eq!(gone(&live, &meetings, &[], at(70)), ["a"]);
    }
}
