//! Where a new meeting goes: what is known of it beforehand, and a server with room kept on it.

use std::sync::Arc;

use rand::RngExt as _;

use crate::bbb::{Failure, Params};
use crate::config::Policy;
use crate::model::{Server, ServerId, ServerState, Source};
use crate::pool::health::Health;
use crate::pool::live::{Live, Name};
use crate::pool::placement::{self, Candidate, NoServer};
use crate::pool::sizes::Expected;
use crate::pool::tags::Wanted;
use crate::pool::{Pool, now_ms, rules, sizes};

/// What counts for the choice of a meeting's server.
pub(in crate::pool) struct Wish {
    /// Whose meeting it is, and which.
    pub(in crate::pool) name: Name,
    /// The tags it asks for.
    pub(in crate::pool) wanted: Wanted,
    /// How many people are expected.
    pub(in crate::pool) expected: Expected,
    /// A breakout room's parent decides where it goes.
    pub(in crate::pool) parent: Option<ServerId>,
}

impl Wish {
    /// Reads the wish out of a create's parameters.
    pub(in crate::pool) fn read(pool: &Pool, params: &Params<'_>, name: Name) -> Self {
        let config = pool.config();
        let given = |name: &str| params.get(name).map(String::from).filter(|v| !v.is_empty());
        let breakout = given("isBreakout").is_some_and(|text| text.eq_ignore_ascii_case("true"));
        let parent = given("parentMeetingID").filter(|_| breakout);
        let state = pool.store().state();
        let parent = parent.and_then(|id| state.meeting(&name.0, &id).map(|m| m.server.clone()));
        Self {
            wanted: Wanted::parse(&rules::server_tag(params, &config.create.rules)),
            expected: if breakout {
                // Its people come from its parent meeting, and are still counted there.
                Expected { people: 0, source: Source::Breakout }
            } else {
                expected(pool, params, &name)
            },
            parent,
            name,
        }
    }
}

/// How many people are expected.
fn expected(pool: &Pool, params: &Params<'_>, (tenant, id): &Name) -> Expected {
    let number = |name: &str| params.get(name).and_then(|text| text.trim().parse::<u32>().ok());
    let above_zero = |name: &str| number(name).filter(|&number| number > 0);
    let hint = above_zero("meta_bbb-meeting-size-hint");
    let limit = above_zero("maxParticipants");
    let own = pool.size_of(tenant, id);
    let state = pool.store().state();
    let learned = (own.as_ref(), state.size(tenant, ""));
    sizes::expected(hint, limit, learned, pool.config().placement.expected_people, now_ms())
}

/// A chosen server with its reserve; dropped, it gives the reserve back.
pub(super) struct Placed {
    pub(super) server: Arc<Server>,
    pub(super) live: Arc<Live>,
    name: Name,
}

impl Drop for Placed {
    fn drop(&mut self) {
        self.live.release(&self.name);
    }
}

impl Pool {
    /// Chooses a server, none of the `tried` ones, and reserves the expected load on it, in one
    /// step for all creates.
    pub(super) fn place(&self, wish: &Wish, tried: &[ServerId]) -> Result<Placed, Failure> {
        let _one_at_a_time = self.0.gates.placing();
        let config = self.config();
        let servers: Vec<_> = self.servers();
        let fresh = |server: &Server| !tried.contains(&server.id);
        let open = |server: &Server| match &wish.parent {
            Some(parent) => server.id == *parent,
            None => server.state == ServerState::Enabled,
        };
        let in_health = |wished: &[Health]| -> Vec<&(Arc<Server>, Arc<Live>)> {
            let usable = |(server, live): &&(Arc<Server>, Arc<Live>)| {
                let health = live.health();
                // One that was never reached is hoped for only until it has failed.
                let hopeless = health == Health::Unknown && live.trouble().is_some();
                fresh(server) && open(server) && wished.contains(&health) && !hopeless
            };
            servers.iter().filter(usable).collect()
        };
        let choose = |usable: &[&(Arc<Server>, Arc<Live>)]| {
            if wish.parent.is_some() {
                // The class is there: no tag and no limit sends its rooms elsewhere.
                return usable.first().map(|only| (*only).clone()).ok_or(NoServer::None);
            }
            let candidates: Vec<_> = usable.iter().filter_map(|s| self.candidate(s)).collect();
            let tie = |equals| rand::rng().random_range(0..equals);
            let (people, policy) = (f64::from(wish.expected.people), config.placement.policy);
            let place = placement::choose(&candidates, &wish.wanted, people, policy, tie)?;
            let id = candidates.get(place).map(|candidate| candidate.id);
            let chosen = usable.iter().find(|(server, _)| Some(server.id.as_str()) == id);
            chosen.map(|chosen| (*chosen).clone()).ok_or(NoServer::None)
        };
        let chosen = choose(&in_health(&[Health::Online]));
        // A server that failed lately is better than no class.
        let others = [Health::Unstable, Health::Unknown];
        let chosen = chosen.or_else(|no| choose(&in_health(&others)).map_err(|_| no));
        let (server, live) = chosen.map_err(|no| refusal(wish, no))?;
        let load = match config.placement.policy {
            Policy::Predicted => f64::from(wish.expected.people),
            Policy::Scalelite => server.capacity.load_multiplier(),
        };
        live.reserve(wish.name.clone(), load);
        Ok(Placed { server, live, name: wish.name.clone() })
    }

    fn candidate<'s>(&self, (server, live): &'s (Arc<Server>, Arc<Live>)) -> Option<Candidate<'s>> {
        let state = self.store().state();
        let meetings = state.meeting_count_on(&server.id) + live.pending();
        Some(Candidate {
            id: server.id.as_str(),
            tag: server.tag.as_deref(),
            weight: server.capacity.weight(),
            // After a restart nobody has asked it yet, and a class must not wait for that.
            load: live.load().or_else(|| (live.health() == Health::Unknown).then_some(0.0))?,
            kept: 0.0,
            meetings: u32::try_from(meetings).unwrap_or(u32::MAX),
            max_meetings: server.max_meetings,
            max_users: server.max_users,
        })
    }
}

fn refusal(wish: &Wish, no: NoServer) -> Failure {
    match no {
        NoServer::None => Failure::no_server(),
        NoServer::Tag => Failure::no_server_with_tag(wish.wanted.text()),
        NoServer::Full => {
            tracing::error!(meeting = %wish.name.1, "all servers are full; a create was refused");
            Failure::all_full()
        }
    }
}
