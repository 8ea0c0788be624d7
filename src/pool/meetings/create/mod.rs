//! Create: bring every class together in one meeting, on the best server.
//!
//! A known meeting goes to its server, which answers idempotently. For a new one a server is
//! chosen, the expected load reserved, the call sent; the meeting is stored, durably, before the
//! answer goes out. While one create of a meeting is under way, others of it wait: concurrent
//! creates are one create.

mod attempt;
mod bridges;
mod keep;
mod place;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{OwnedRwLockWriteGuard, RwLock};

use crate::bbb::params::{encode, identifier};
use crate::bbb::{Failure, Params, origin};
use crate::client::{CallError, Client};
use crate::config::{Config, Policy};
use crate::model::{Meeting, MeetingId, Phase, Server, ServerState, TenantId};
use crate::pool::meetings::about::Replied;
use crate::pool::meetings::rules;
use crate::pool::watch::live::Name;
use crate::pool::{Answer, Pool};

use attempt::Attempt;
pub(in crate::pool) use bridges::Bridges;
pub use place::Wish;

/// A create as a front end asked for it, independent of its connection: a create goes on when the
/// front end hangs up, so that no server has a meeting that beadle does not know.
pub struct Create {
    /// Whose meeting it is.
    pub tenant: TenantId,
    /// The parameters, without checksum.
    pub params: Params<'static>,
    /// The XML body, if one came.
    pub body: Option<Bytes>,
}

/// What is said when a server cannot be asked.
pub(in crate::pool) const UNABLE: &str = "Unable to create meeting on server.";

/// No server is begun for a create that has taken so long already: front ends give up after 10 s.
const BEGIN_WITHIN: Duration = Duration::from_secs(8);

/// The parameter of a create that names where the end of the meeting is reported.
const END_CALLBACK: &str = "meetingEndedURL";

/// One lock for each meeting that is being created: shared by those who create a meeting that has
/// a server, held alone by whoever looks for one.
#[derive(Default)]
pub(in crate::pool) struct Gates {
    of_meeting: Mutex<HashMap<Name, Arc<RwLock<()>>>>,
    pub(in crate::pool) bridges: Bridges,
    placing: Mutex<()>,
}

/// A meeting's gate, held alone: nobody creates the meeting meanwhile.
pub(in crate::pool) struct Alone {
    name: Name,
    held: OwnedRwLockWriteGuard<()>,
}

impl Gates {
    /// Held while a server is chosen and its load reserved, so that two creates at once see each
    /// other's reserves.
    fn placing(&self) -> MutexGuard<'_, ()> {
        self.placing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, name: &Name) -> Arc<RwLock<()>> {
        let mut gates = self.of_meeting.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(gates.entry(name.clone()).or_default())
    }

    /// Enters a meeting's gate alone, if nobody is creating it at the moment.
    pub(in crate::pool) fn try_alone(&self, name: &Name) -> Option<Alone> {
        let Ok(held) = self.of(name).try_write_owned() else {
            // Whoever held it may have left just now, and found it in use.
            self.tidy(name);
            return None;
        };
        Some(Alone { name: name.clone(), held })
    }

    /// Enters a meeting's gate alone, once nobody is creating it.
    pub(in crate::pool) async fn alone(&self, name: &Name) -> Alone {
        let held = self.of(name).write_owned().await;
        Alone { name: name.clone(), held }
    }

    /// Leaves a gate.
    pub(in crate::pool) fn leave(&self, gate: Alone) {
        let Alone { name, held } = gate;
        drop(held);
        self.tidy(&name);
    }

    /// Drops the locks that nobody holds or waits for.
    fn tidy(&self, name: &Name) {
        let mut gates = self.of_meeting.lock().unwrap_or_else(PoisonError::into_inner);
        if gates.get(name).is_some_and(|gate| Arc::strong_count(gate) == 1) {
            gates.remove(name);
        }
    }
}

impl Pool {
    /// Starts a meeting, or finds it running.
    pub async fn create(&self, client: &Client, create: Create) -> Result<Answer, Failure> {
        let id = create.params.get("meetingID").map(|id| identifier(&id).into_owned());
        let id = id.filter(|id| !id.trim().is_empty()).ok_or_else(Failure::missing_meeting_id)?;
        let name = (create.tenant.clone(), MeetingId::from(id));
        let answer = match self.create_known(client, &create, &name).await {
            Ok(answer) => answer,
            Err(given_up) => self.create_new(client, &create, &name, given_up).await,
        };
        self.0.gates.tidy(&name);
        self.0.unstarted.note(name, &answer, Instant::now());
        answer
    }

    /// The create of a meeting that has a server: many at once. An error tells that it has none,
    /// or the meeting whose server is of no use.
    async fn create_known(
        &self,
        client: &Client,
        create: &Create,
        name: &Name,
    ) -> Result<Result<Answer, Failure>, Option<Arc<Meeting>>> {
        let Some(known) = self.known(name) else { return Err(None) };
        let gate = self.0.gates.of(name);
        let _shared = gate.read().await;
        let known = self.known(name).unwrap_or(known);
        self.create_again(client, create, &known).await.ok_or(Some(known))
    }

    /// The create of a meeting that has no server: one at a time. What `given_up` says of it is
    /// known to be of no use.
    async fn create_new(
        &self,
        client: &Client,
        create: &Create,
        name: &Name,
        given_up: Option<Arc<Meeting>>,
    ) -> Result<Answer, Failure> {
        let (gate, came) = (self.0.gates.of(name), Instant::now());
        let _alone = gate.write().await;
        let useless = |known: &Arc<Meeting>| {
            given_up.as_ref().is_some_and(|given_up| Arc::ptr_eq(given_up, known))
                && self.is_useless(known)
        };
        if let Some(known) = self.known(name).filter(|known| !useless(known))
            && let Some(answer) = self.create_again(client, create, &known).await
        {
            return answer;
        }
        if came.elapsed() >= BEGIN_WITHIN {
            // The creates before it took long and failed. Many in a row would wait for ever.
            return Err(Failure::internal(UNABLE));
        }
        let answer = Attempt::new(self, client, create, name.clone())?.run().await;
        self.0.shared.discard();
        answer
    }

    /// Whether what made a meeting's server be given up still holds.
    fn is_useless(&self, known: &Meeting) -> bool {
        let server = self.store().state().server(&known.server).cloned();
        server.is_none_or(|server| server.state != ServerState::Enabled || self.dead(&server))
    }

    fn known(&self, (tenant, id): &Name) -> Option<Arc<Meeting>> {
        self.store().state().meeting_of_id(tenant, id.as_str()).cloned()
    }

    /// The create of a meeting that has a server. None when that server has lost it, or is dead
    /// and just failed again: then it may be started elsewhere.
    async fn create_again(
        &self,
        client: &Client,
        create: &Create,
        known: &Arc<Meeting>,
    ) -> Option<Result<Answer, Failure>> {
        let server = self.store().state().server(&known.server).cloned()?;
        if server.state != ServerState::Enabled {
            match self.still_there(client, &server, known).await {
                // It is over there, so what comes next is another sitting.
                Ok(false) => {
                    let forgotten = self.forget_gone(vec![Arc::clone(known)]).await;
                    return forgotten.err().map(Err);
                }
                Ok(true) if server.state == ServerState::Disabled => {
                    return Some(Err(Failure::server_unavailable()));
                }
                Err(error) if server.state == ServerState::Disabled => {
                    let dead = error.is_the_servers() && self.dead(&server);
                    return if dead { None } else { Some(Err(Failure::server_unavailable())) };
                }
                _ => {}
            }
        }
        self.count_create(&server);
        let query = self.query_for(create, &server, &next_sitting(known), None);
        let answer = self.send_create(client, &server, &query, create.body.clone()).await;
        // An error page counts: the web server in front of BigBlueButton often outlives it.
        let broken = match &answer {
            Ok(replied) => replied.unreadable(),
            // Where it was not even tried, nothing was learnt.
            Err(error) => error.is_the_servers(),
        };
        if !broken || !self.dead(&server) {
            return Some(self.take_answer(known, answer).await);
        }
        let nobody = answer.is_err_and(|error| error.reached_nobody());
        // It may have returned since the last poll, and only this answer broke.
        if nobody || !matches!(self.still_there(client, &server, known).await, Ok(true)) {
            return None;
        }
        let answer = self.send_create(client, &server, &query, create.body.clone()).await;
        Some(self.take_answer(known, answer).await)
    }

    /// Takes over what a known meeting's server answered to a create.
    async fn take_answer(
        &self,
        known: &Arc<Meeting>,
        answer: Result<Replied, CallError>,
    ) -> Result<Answer, Failure> {
        match answer {
            Ok(replied) if replied.refused_as("checksumError") => Err(Failure::internal(UNABLE)),
            Ok(replied) => {
                self.keep_anew(known, &replied).await?;
                replied.relay(UNABLE)
            }
            Err(CallError::TooLongRequest { .. }) => Err(Failure::too_long()),
            Err(_) => Err(Failure::internal(UNABLE)),
        }
    }

    /// Under the policy `participants` each create counts one until the next poll, also that of a
    /// known meeting: many front ends send one with each person who joins.
    fn count_create(&self, server: &Server) {
        if self.config().placement.policy == Policy::Participants {
            self.live(&server.id).add_load(server.capacity.load_multiplier());
        }
    }

    pub(in crate::pool) fn dead(&self, server: &Server) -> bool {
        let now = Instant::now();
        self.end_frost_in_time(now);
        self.live(&server.id).dead(now, &self.config().health)
    }

    /// The parameters as they go to a server, encoded.
    fn query_for(
        &self,
        create: &Create,
        server: &Server,
        meeting: &Meeting,
        moderator_pw: Option<&str>,
    ) -> String {
        let config = self.config();
        let mut params = create.params.clone();
        if params.get("meetingID").as_deref() != Some(meeting.id.as_str()) {
            params.set("meetingID", meeting.id.as_str());
        }
        if let Some(password) = moderator_pw {
            params.set("moderatorPW", password);
        }
        match &*meeting.voice_bridge {
            // No number is free: the server finds one of its own.
            "" => params.remove("voiceBridge"),
            number => params.set("voiceBridge", number),
        }
        match server.tag.as_deref() {
            Some(tag) => params.set(rules::SERVER_TAG, tag),
            None => params.remove(rules::SERVER_TAG),
        }
        rules::cap_duration(&mut params, config.create.max_duration);
        rules::apply(&mut params, &config.create.rules, Some(rules::SERVER_TAG));
        // After the rules, so that no wish takes away what beadle itself relies on.
        if let Some(secret) = config.api.secrets.first() {
            let mark = origin::mark(meeting.tenant.as_str(), meeting.id.as_str(), secret.expose());
            params.set(origin::PARAM, &mark);
        }
        // A front end's own call-back is never touched.
        let own = params.get(END_CALLBACK).is_none_or(|given| given.is_empty());
        if let Some(address) = end_address(&config, meeting).filter(|_| own) {
            params.set(END_CALLBACK, &address);
        }
        params.to_query()
    }
}

/// The meeting as a create finds it that a server takes for a new one, because it has lost the
/// known one: a late report of that one's end must not end this one. All creates at once make the
/// same of it, so it does not matter which of them is the first.
fn next_sitting(known: &Meeting) -> Meeting {
    let mut next = Meeting::clone(known);
    // The end of one that the server may be starting was to be reported with this very token.
    if known.phase == Phase::Running && !known.end_token.is_empty() {
        next.end_token = origin::end_token(&known.end_token, &known.internal_id).into();
    }
    next
}

/// Where the server reports the meeting's end to; none where beadle's own address is not known.
fn end_address(config: &Config, meeting: &Meeting) -> Option<String> {
    let base = config.public_url.as_deref().filter(|_| !meeting.end_token.is_empty())?;
    let [tenant, id, token] =
        [meeting.tenant.as_str(), meeting.id.as_str(), &*meeting.end_token].map(encode);
    let base = base.trim_end_matches('/');
    Some(format!("{base}/beadle/ended?tenant={tenant}&meeting={id}&token={token}"))
}
