//! The sittings that go on: who was seen at the polls, in memory, and stored now and then.
//!
//! A poll writes nothing. Peaks are stored some seconds after a meeting has gone, those of running
//! meetings every few minutes, and all of them at the end: a crash loses what was not stored yet.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::model::{MeetingId, ServerId, Sitting, Size, TenantId};
use crate::pool::placement::load;
use crate::pool::placement::sizes;
use crate::pool::watch::list::List;
use crate::pool::watch::live::Name;
use crate::pool::{Pool, now_ms};
use crate::store::Draft;

/// How often the sittings that have ended are stored.
const ENDED_EVERY: Duration = Duration::from_secs(15);

/// Every how many of those rounds the sittings that go on are stored, too.
const RUNNING_EVERY: u32 = 12;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// What the polls saw of sittings that go on, or whose end is not stored yet.
#[derive(Default)]
pub(in crate::pool) struct Sittings {
    seen: Mutex<HashMap<Name, Vec<Seen>>>,
    /// The day on which old sizes were last cleared away, in days since 1970.
    tidied: AtomicU64,
}

#[derive(Clone, Copy)]
struct Seen {
    sitting: Sitting,
    /// The peak that is stored.
    stored: Option<u32>,
}

/// A sitting to store.
struct News {
    name: Name,
    sitting: Sitting,
    ended: bool,
}

impl Sittings {
    fn lock(&self) -> MutexGuard<'_, HashMap<Name, Vec<Seen>>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stores what the polls saw, until it is dropped.
pub async fn run(pool: Pool) {
    let mut rounds: u32 = 0;
    loop {
        tokio::time::sleep(ENDED_EVERY).await;
        rounds = rounds.wrapping_add(1);
        pool.store_sizes(rounds.is_multiple_of(RUNNING_EVERY)).await;
    }
}

impl Pool {
    /// What is known of the size of a tenant's meeting, the sittings in memory included.
    pub fn size_of(&self, tenant: &TenantId, id: &MeetingId) -> Option<Size> {
        let state = self.store().state();
        let stored = state.size(tenant, id.as_str()).copied();
        let running = state.meeting_of_id(tenant, id.as_str()).map(|meeting| meeting.created_ms);
        let seen = self.0.sittings.lock();
        let seen = seen.get(&(tenant.clone(), id.clone())).into_iter().flatten();
        let see = |size, seen: &Seen| Some(sizes::see(size, seen.sitting, now_ms()).0);
        let size = seen.fold(stored, see);
        let ended = size.and_then(|size| size.open).filter(|open| running != Some(open.began_ms));
        if ended.is_some() { sizes::close(size, now_ms()) } else { size }
    }

    /// Notes how large the meetings are that a good list names and a server has. What is learned is
    /// their load: ten people with cameras weigh more than ten who listen.
    pub(in crate::pool) fn see_people(&self, server: &ServerId, list: &List) {
        let listed: HashMap<&str, u32> = list
            .meetings
            .iter()
            .filter(|listed| !listed.breakout)
            .map(|listed| (listed.internal_id.as_str(), whole(load::actual(listed))))
            .collect();
        let state = self.store().state();
        let mut seen = self.0.sittings.lock();
        for meeting in state.meetings_on(server) {
            let Some(&people) = listed.get(&*meeting.internal_id) else { continue };
            let sittings = seen.entry((meeting.tenant.clone(), meeting.id.clone())).or_default();
            let began_ms = meeting.created_ms;
            match sittings.iter_mut().find(|seen| seen.sitting.began_ms == began_ms) {
                Some(seen) => seen.sitting.peak = seen.sitting.peak.max(people),
                None => sittings
                    .push(Seen { sitting: Sitting { began_ms, peak: people }, stored: None }),
            }
        }
    }

    /// Stores the sittings that have ended; with `all`, also how far the others have come.
    pub async fn store_sizes(&self, all: bool) {
        let news = self.news(all);
        let now_ms = now_ms();
        let today = now_ms / DAY_MS;
        let tidy = all && self.0.sittings.tidied.swap(today, Ordering::Relaxed) != today;
        if news.is_empty() && !tidy {
            return;
        }
        let stored: Vec<_> = news.iter().map(|n| (n.name.clone(), n.sitting, n.ended)).collect();
        let change = self.store().change(move |draft| {
            for news in news {
                take_in(draft, &news, now_ms);
            }
            clear_away(draft, tidy, now_ms);
            Ok::<(), Infallible>(())
        });
        match change.await {
            Ok(()) => self.settle(&stored),
            Err(error) => tracing::warn!(%error, "the sizes of meetings cannot be stored"),
        }
    }

    fn news(&self, all: bool) -> Vec<News> {
        let state = self.store().state();
        let seen = self.0.sittings.lock();
        let mut news = Vec::new();
        for (name, sittings) in seen.iter() {
            let running = state.meeting_of_id(&name.0, name.1.as_str()).map(|m| m.created_ms);
            for seen in sittings {
                let ended = running != Some(seen.sitting.began_ms);
                if ended || (all && seen.stored != Some(seen.sitting.peak)) {
                    news.push(News { name: name.clone(), sitting: seen.sitting, ended });
                }
            }
        }
        news
    }

    /// Forgets what has ended and is stored, unless more was seen of it meanwhile.
    fn settle(&self, stored: &[(Name, Sitting, bool)]) {
        let mut seen = self.0.sittings.lock();
        for (name, sitting, ended) in stored {
            let Some(sittings) = seen.get_mut(name) else { continue };
            if *ended {
                sittings.retain(|seen| seen.sitting != *sitting);
            } else {
                let same = |seen: &&mut Seen| seen.sitting.began_ms == sitting.began_ms;
                sittings.iter_mut().filter(same).for_each(|seen| seen.stored = Some(sitting.peak));
            }
            if sittings.is_empty() {
                seen.remove(name);
            }
        }
    }
}

/// Loads come in halves, and fit.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
fn whole(load: f64) -> u32 {
    load.ceil() as u32
}

fn take_in(draft: &mut Draft, news: &News, now_ms: u64) {
    let (tenant, id) = &news.name;
    let known = draft.state().size(tenant, id.as_str()).copied();
    let (size, before) = sizes::see(known, news.sitting, now_ms);
    let now = size.open.filter(|_| news.ended);
    let size = if news.ended { sizes::close(Some(size), now_ms) } else { Some(size) };
    match size {
        Some(size) => draft.put_size(tenant, id.as_str(), size),
        None => draft.remove_size(tenant, id.as_str()),
    }
    for sitting in before.into_iter().chain(now) {
        let known = draft.state().size(tenant, "").copied();
        if let Some(size) = sizes::observe_of_tenant(known, sitting.peak, now_ms) {
            draft.put_size(tenant, "", size);
        }
    }
}

/// Makes room where there are too many sizes, and once a day removes those too old to be believed.
fn clear_away(draft: &mut Draft, tidy: bool, now_ms: u64) {
    let (count, bytes) = draft.state().size_count();
    if tidy || count > sizes::MOST.0 || bytes > sizes::MOST.1 {
        let surplus: HashSet<Box<[u8]>> = {
            let all = draft.state().sizes();
            sizes::surplus(all, sizes::MOST, now_ms).into_iter().map(Into::into).collect()
        };
        for key in surplus {
            draft.remove_size_of(&key);
        }
    }
}
