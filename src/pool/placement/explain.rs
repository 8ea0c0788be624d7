//! Why a meeting went where it is, and where a new one would go.
//!
//! The same picture and the same choice serve creates and questions; a question changes nothing.
//! The last choices made for creates are remembered, in memory and not too many of them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use rand::RngExt as _;

use crate::bbb::Params;
use crate::config::Policy;
use crate::model::{Server, ServerId, ServerState, Source};
use crate::pool::meetings::create::Wish;
use crate::pool::placement::choice::{self, Contender, Out, Standing, Terms, Verdict};
use crate::pool::placement::{Candidate, NoServer};
use crate::pool::watch::health::Health;
use crate::pool::watch::live::{Live, Name};
use crate::pool::{Pool, now_ms};

/// The most servers in all remembered choices together: a few megabytes.
const ROWS: usize = 20_000;

/// A choice of a server, with all that it rested on.
#[derive(Debug, Clone)]
pub struct Decision {
    /// When it was made, in milliseconds since 1970.
    pub at_ms: u64,
    /// How load was reckoned.
    pub policy: Policy,
    /// What was asked for.
    pub wish: Wish,
    /// The chosen server, or why there was none.
    pub chosen: Result<ServerId, NoServer>,
    /// The servers of the pool, in the order of their ids.
    pub rows: Vec<Row>,
}

/// A server as a choice saw it.
#[derive(Debug, Clone)]
pub struct Row {
    /// The server.
    pub id: ServerId,
    /// What the operator wanted of it.
    pub state: ServerState,
    /// Its health.
    pub health: Health,
    /// Its tag.
    pub tag: Option<Box<str>>,
    /// Whether it was a spare one.
    pub spare: bool,
    /// How strong it was.
    pub weight: f64,
    /// Its load with all reserves; none where it was not known.
    pub load: Option<f64>,
    /// The part of the load that was kept for people who were still to come.
    pub reserve: Option<f64>,
    /// What was kept for larger meetings that were due.
    pub kept: f64,
    /// Meetings on it.
    pub meetings: u32,
    /// The most meetings it might have.
    pub max_meetings: Option<u32>,
    /// The most people it might have, counted as load.
    pub max_users: Option<u32>,
    /// How much it was used: load divided by weight.
    pub before: Option<f64>,
    /// How much it would be used with the meeting, and with what is kept.
    pub after: Option<f64>,
    /// Why it was chosen or not.
    pub verdict: Verdict,
}

/// A server, and what is known of it at the moment.
type Known = (Arc<Server>, Arc<Live>);

/// What there is to say about a meeting.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The choice that was made for it at its last create, if that is still remembered.
    pub then: Option<Arc<Decision>>,
    /// The choice that would be made now.
    pub now: Decision,
}

/// The last choices made for creates.
#[derive(Default)]
pub(in crate::pool) struct Decisions(Mutex<Remembered>);

#[derive(Default)]
struct Remembered {
    of_meeting: HashMap<Name, Arc<Decision>>,
    in_order: VecDeque<Arc<Decision>>,
    rows: usize,
}

impl Decisions {
    /// Remembers a choice in place of an earlier one for the same meeting.
    pub(in crate::pool) fn remember(&self, decision: Decision) {
        let decision = Arc::new(decision);
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.rows += decision.rows.len();
        remembered.in_order.push_back(Arc::clone(&decision));
        remembered.of_meeting.insert(decision.wish.name.clone(), decision);
        while remembered.rows > ROWS {
            let Some(oldest) = remembered.in_order.pop_front() else { break };
            remembered.rows -= oldest.rows.len();
            let name = &oldest.wish.name;
            if remembered.of_meeting.get(name).is_some_and(|known| Arc::ptr_eq(known, &oldest)) {
                remembered.of_meeting.remove(name);
            }
        }
    }

    fn of(&self, name: &Name) -> Option<Arc<Decision>> {
        let remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.of_meeting.get(name).cloned()
    }
}

impl Pool {
    /// Explains where a meeting is, and where it would go now. Without parameters it is taken to
    /// ask for what it asked for at its create, as far as that is remembered. Changes nothing.
    pub fn explain(&self, name: Name, params: Option<&Params<'_>>) -> Explanation {
        let then = self.0.decisions.of(&name);
        let wish = match (params, &then) {
            (Some(params), _) => Wish::read(self, params, name),
            (None, Some(then)) => self.same_wish(&then.wish),
            (None, None) => Wish::read(self, &Params::default(), name),
        };
        let (now, _) = self.decide(&wish, &[]);
        Explanation { then, now }
    }

    /// What a meeting asked for before, with what has been learned of its size meanwhile.
    fn same_wish(&self, before: &Wish) -> Wish {
        let learned = Wish::read(self, &Params::default(), before.name.clone());
        match before.expected.source {
            Source::Hint | Source::Limit | Source::Breakout => before.clone(),
            _ => Wish { expected: learned.expected, ..before.clone() },
        }
    }

    /// Chooses a server, none of the `tried` ones. Changes nothing.
    pub(in crate::pool) fn decide(
        &self,
        wish: &Wish,
        tried: &[ServerId],
    ) -> (Decision, Option<Known>) {
        let policy = self.config().placement.policy;
        let servers = self.servers();
        let mut contenders: Vec<_> = servers
            .iter()
            .map(|(server, live)| Contender {
                candidate: self.candidate(server, live),
                standing: standing(wish, tried, server, live),
                spare: server.spare,
            })
            .collect();
        self.keep_room(&mut contenders, wish);
        let people = f64::from(wish.expected.people);
        let terms = Terms { wanted: &wish.wanted, people, policy, room: wish.parent.is_some() };
        let tie = |equals| rand::rng().random_range(0..equals);
        let choice = choice::choose(&contenders, terms, tie);
        let rows = servers.iter().zip(&contenders).zip(&choice.verdicts);
        let rows = rows.map(|((known, contender), verdict)| row(known, contender, *verdict, terms));
        let decision = Decision {
            at_ms: now_ms(),
            policy,
            wish: wish.clone(),
            rows: rows.collect(),
            chosen: Err(NoServer::None),
        };
        let chosen = choice.chosen.and_then(|place| servers.get(place).ok_or(NoServer::None));
        let id = chosen.map(|(server, _)| server.id.clone());
        (Decision { chosen: id, ..decision }, chosen.ok().cloned())
    }

    fn candidate<'s>(&self, server: &'s Server, live: &Live) -> Candidate<'s> {
        let meetings = self.store().state().meeting_count_on(&server.id) + live.pending();
        Candidate {
            id: server.id.as_str(),
            tag: server.tag.as_deref(),
            weight: server.capacity.weight(),
            // After a restart nobody has asked it yet, and a class must not wait for that.
            load: live.load().unwrap_or(0.0),
            kept: 0.0,
            meetings: u32::try_from(meetings).unwrap_or(u32::MAX),
            max_meetings: server.max_meetings,
            max_users: server.max_users,
        }
    }
}

fn standing(wish: &Wish, tried: &[ServerId], server: &Server, live: &Live) -> Standing {
    let room = wish.parent.is_some();
    if tried.contains(&server.id) {
        return Standing::Out(Out::Tried);
    }
    if wish.parent.as_ref().is_some_and(|parent| server.id != *parent) {
        return Standing::Out(Out::OtherParent);
    }
    match (server.state, live.health()) {
        (ServerState::Cordoned, _) if !room => Standing::Out(Out::Cordoned),
        (ServerState::Disabled, _) if !room => Standing::Out(Out::Disabled),
        (_, Health::Offline) => Standing::Out(Out::Offline),
        // One that was never reached is hoped for only until it has failed.
        (_, Health::Unknown) if live.trouble().is_some() => Standing::Out(Out::Unreached),
        (_, Health::Unknown) => Standing::Doubtful,
        _ if live.load().is_none() && !room => Standing::Out(Out::Unmeasured),
        (_, Health::Online) => Standing::Ready,
        (_, Health::Unstable) => Standing::Doubtful,
    }
}

fn row(
    (server, live): &Known,
    contender: &Contender<'_>,
    verdict: Verdict,
    terms: Terms<'_>,
) -> Row {
    let Candidate { weight, kept, meetings, max_meetings, max_users, .. } = contender.candidate;
    let load = live.load();
    let (before, more) = if terms.policy.multiplies() {
        (load, weight.recip())
    } else {
        (load.map(|load| load / weight), (kept + terms.people) / weight)
    };
    Row {
        id: server.id.clone(),
        state: server.state,
        health: live.health(),
        tag: server.tag.clone(),
        spare: server.spare,
        weight,
        load,
        reserve: load.map(|load| (load - live.figures().measured).max(0.0)),
        kept,
        meetings,
        max_meetings,
        max_users,
        before,
        after: before.map(|before| before + more),
        verdict,
    }
}
