//! Where a new meeting goes: what is known of it beforehand, and a server with room kept on it.

use std::num::IntErrorKind;
use std::sync::Arc;

use crate::bbb::{Failure, Params};
use crate::config::Policy;
use crate::model::{Server, ServerId, Source};
use crate::pool::meetings::rules;
use crate::pool::placement::NoServer;
use crate::pool::placement::sizes;
use crate::pool::placement::sizes::Expected;
use crate::pool::placement::tags::Wanted;
use crate::pool::watch::live::{Live, Name};
use crate::pool::{Pool, now_ms};

/// What counts for the choice of a meeting's server.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Whose meeting it is, and which.
    pub name: Name,
    /// The tags it asks for.
    pub wanted: Wanted,
    /// How many people are expected.
    pub expected: Expected,
    /// The server of a breakout room's parent: the room goes there.
    pub parent: Option<ServerId>,
}

impl Wish {
    /// Reads the wish out of a create's parameters.
    pub(in crate::pool) fn read(pool: &Pool, params: &Params<'_>, name: Name) -> Self {
        let given = |name: &str| params.get(name).map(String::from).filter(|v| !v.is_empty());
        let breakout = given("isBreakout").is_some_and(|text| text.eq_ignore_ascii_case("true"));
        let parent = given("parentMeetingID").filter(|_| breakout);
        let state = pool.store().state();
        let parent = parent.and_then(|id| state.meeting(&name.0, &id).map(|m| m.server.clone()));
        Self {
            wanted: Wanted::parse(&rules::server_tag(params, &pool.config().create.rules)),
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
        let (decision, chosen) = self.decide(wish, tried);
        let (policy, refused) = (decision.policy, decision.chosen.as_ref().err().copied());
        self.0.decisions.remember(decision);
        let Some((server, live)) = chosen else {
            return Err(refusal(wish, refused.unwrap_or(NoServer::None)));
        };
        let load = match policy {
            Policy::Predicted => f64::from(wish.expected.people),
            Policy::Participants | Policy::Scalelite => server.capacity.load_multiplier(),
        };
        live.reserve(wish.name.clone(), load);
        Ok(Placed { server, live, name: wish.name.clone() })
    }
}

/// How many people are expected.
fn expected(pool: &Pool, params: &Params<'_>, (tenant, id): &Name) -> Expected {
    let above_zero = |name: &str| params.get(name).and_then(|text| number(text.trim()));
    let hint = above_zero("meta_bbb-meeting-size-hint");
    let limit = above_zero("maxParticipants");
    let own = pool.size_of(tenant, id);
    let state = pool.store().state();
    let learned = (own.as_ref(), state.size(tenant, ""));
    sizes::expected(hint, limit, learned, pool.config().placement.expected_people, now_ms())
}

/// A number above 0. One that is too large is the largest: it must not pass for none.
fn number(text: &str) -> Option<u32> {
    match text.parse() {
        Ok(0) => None,
        Ok(number) => Some(number),
        Err(error) => (*error.kind() == IntErrorKind::PosOverflow).then_some(u32::MAX),
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
