//! The pool: servers, what is observed of them, and the meetings on them.
//!
//! [`Pool`] is the handle that the web and the poller share. [`meetings`] is what front ends ask
//! for, and how meetings live and end. [`placement`] chooses a server for a new one. [`watch`]
//! keeps the picture of the servers, and guards the way to them. [`servers`] is what operators do.
//! What decides is pure and stands apart from what asks and stores.

pub mod meetings;
pub mod placement;
pub mod servers;
pub mod watch;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use bytes::Bytes;
use uuid::Uuid;

use crate::bbb::origin;
use crate::config::Config;
use crate::model::{Server, ServerId};
use crate::store::Store;

use meetings::create::Gates;
use meetings::listing::Shared;
use meetings::unstarted::Unstarted;
use placement::due::Timetable;
use placement::explain::Decisions;
use placement::load::Figures;
use placement::sittings::Sittings;
use watch::freeze::Freeze;
use watch::health::Health;
use watch::list::List;
use watch::live::Live;

/// What a front end is answered when a call worked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A server's own document, byte for byte.
    Relayed(Bytes),
    /// A document of beadle's.
    Own(String),
}

impl Answer {
    /// The same without the mark by which beadle knows its meetings.
    fn without_mark(self) -> Self {
        match self {
            Self::Relayed(document) => match origin::hide(&document) {
                Cow::Borrowed(_) => Self::Relayed(document),
                Cow::Owned(without) => Self::Relayed(Bytes::from(without)),
            },
            Self::Own(document) => Self::Own(document),
        }
    }
}

/// The pool of servers. Cheap to clone.
#[derive(Clone)]
pub struct Pool(Arc<Inner>);

struct Inner {
    instance: String,
    store: Store,
    config: Arc<ArcSwap<Config>>,
    live: ArcSwap<HashMap<ServerId, Arc<Live>>>,
    gates: Gates,
    shared: Shared,
    sittings: Sittings,
    decisions: Decisions,
    timetable: Timetable,
    freeze: Mutex<Freeze>,
    unstarted: Unstarted,
}

impl Pool {
    /// A pool of the servers in the store, none of them reached yet.
    pub fn new(store: Store, config: Arc<ArcSwap<Config>>) -> Self {
        let pool = Self(Arc::new(Inner {
            instance: Uuid::new_v4().to_string(),
            store,
            config,
            live: ArcSwap::default(),
            gates: Gates::default(),
            shared: Shared::default(),
            sittings: Sittings::default(),
            decisions: Decisions::default(),
            timetable: Timetable::default(),
            freeze: Mutex::default(),
            unstarted: Unstarted::default(),
        }));
        pool.follow_servers();
        pool
    }

    /// The name of this running beadle, made up at its start: by it beadle finds that an address
    /// leads to itself.
    pub fn instance(&self) -> &str {
        &self.0.instance
    }

    /// The state of record.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The configuration in force.
    pub fn config(&self) -> arc_swap::Guard<Arc<Config>> {
        self.0.config.load()
    }

    /// What is known of a server at the moment; an unknown server is an unreached one.
    pub fn live(&self, id: &ServerId) -> Arc<Live> {
        self.0.live.load().get(id).cloned().unwrap_or_default()
    }

    /// Notes that a server answered.
    pub fn answered(&self, id: &ServerId, now: Instant) {
        let change = self.live(id).succeeded(now, &self.config().health);
        self.end_frost(now);
        tell(id, change, None);
    }

    /// Notes that a server did not answer, or not as a BigBlueButton server does.
    pub fn failed(&self, id: &ServerId, why: &impl ToString, now: Instant) {
        let why = why.to_string();
        self.end_frost_in_time(now);
        let change = self.live(id).failed(why.clone(), now, &self.config().health);
        tell(id, change, Some(&why));
        self.begin_frost(now);
    }

    /// Takes over what a good poll found.
    pub fn observe(&self, id: &ServerId, figures: Figures, list: Option<&List>, now: Instant) {
        self.answered(id, now);
        self.live(id).observed(figures, list);
        if let Some(list) = list {
            self.see_people(id, list);
        }
    }

    /// How many meetings beadle has placed on a server, those included that it is just creating.
    pub fn placed_on(&self, id: &ServerId) -> usize {
        // In this order a create that ends meanwhile is counted twice rather than not at all.
        let creating = self.live(id).pending();
        creating + self.store().state().meeting_count_on(id)
    }

    /// Whether a server is still in the pool and at this address: what was heard from another one
    /// says nothing about it.
    fn is_still(&self, server: &Server) -> bool {
        self.store().state().server(&server.id).is_some_and(|known| known.url == server.url)
    }

    /// Forgets what is known of a server: another machine is meant by it now.
    fn forget_live(&self, id: &ServerId) {
        let before = self.live(id);
        self.0.live.rcu(|live| {
            let mut live = HashMap::clone(live);
            live.remove(id);
            live
        });
        // Whoever waits to poll it need not wait for the usual time.
        before.stumbled.notify_one();
    }

    /// Brings the live figures in line with the servers that there are.
    fn follow_servers(&self) {
        // The poller does this as well: what one of two at once finds known, the other must keep.
        let calls = self.config().servers.concurrent_calls;
        self.0.live.rcu(|old| {
            let state = self.store().state();
            let live = state.servers().map(|server| {
                let known = old.get(&server.id).cloned();
                let live = known.unwrap_or_else(|| Arc::new(Live::taking(calls)));
                (server.id.clone(), live)
            });
            live.collect::<HashMap<_, _>>()
        });
    }

    /// Notes that an operator changed the servers: an answer got from the old ones is out of date.
    fn servers_were_changed(&self) {
        self.follow_servers();
        self.0.shared.discard();
    }

    /// The servers with what is known of each, in the order of their ids.
    pub fn servers(&self) -> Vec<(Arc<Server>, Arc<Live>)> {
        let state = self.store().state();
        let mut servers: Vec<_> =
            state.servers().map(|server| (Arc::clone(server), self.live(&server.id))).collect();
        servers.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
        servers
    }
}

/// Operators look for these words in the log.
fn tell(id: &ServerId, (before, after): (Health, Health), why: Option<&str>) {
    if before == after {
        return;
    }
    let why = why.unwrap_or_default();
    match after {
        Health::Online => tracing::info!(server = %id, "server is online"),
        Health::Unstable => tracing::warn!(server = %id, why, "server is unstable"),
        Health::Offline => {
            tracing::error!(server = %id, why, "server is offline; its meetings are kept");
        }
        Health::Unknown => {}
    }
}

/// The time in milliseconds since 1970, as the API counts it.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
