//! Create: bring every class together in one meeting, on the best server.
//!
//! A known meeting goes to its server, which answers idempotently. For a new one a server is
//! chosen, the expected load reserved, the call sent; the meeting is stored, durably, before the
//! answer goes out. While one create of a meeting is under way, others of it wait: concurrent
//! creates are one create.

mod attempt;
mod bridges;
mod place;

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::RwLock;

use super::live::Name;
use super::meetings::Replied;
use super::{Answer, Pool, now_ms, rules};
use crate::bbb::params::identifier;
use crate::bbb::{Failure, Params};
use crate::client::{CallError, Client};
use crate::model::{Meeting, MeetingId, Server, ServerState, TenantId};
use crate::store::ChangeError;

use attempt::Attempt;
pub(super) use bridges::Bridges;
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
pub(super) const UNABLE: &str = "Unable to create meeting on server.";

/// One lock for each meeting that is being created: shared by those who create a meeting that has
/// a server, held alone by whoever looks for one.
#[derive(Default)]
pub(super) struct Gates {
    of_meeting: Mutex<HashMap<Name, Arc<RwLock<()>>>>,
    pub(super) bridges: Bridges,
    placing: Mutex<()>,
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
        let gate = self.0.gates.of(name);
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
                Ok(false) => return None,
                Ok(true) if server.state == ServerState::Disabled => {
                    return Some(Err(Failure::server_unavailable()));
                }
                Err(_) if server.state == ServerState::Disabled => {
                    let dead = self.dead(&server);
                    return if dead { None } else { Some(Err(Failure::server_unavailable())) };
                }
                _ => {}
            }
        }
        let query = self.query_for(create, &server, known, None);
        let answer = self.send_create(client, &server, &query, create.body.clone()).await;
        match answer {
            // An error page: the web server in front of BigBlueButton often outlives it.
            Ok(replied) if replied.unreadable() && self.dead(&server) => None,
            Ok(replied) if replied.refused_as("checksumError") => {
                Some(Err(Failure::internal(UNABLE)))
            }
            Ok(replied) => {
                let kept = self.keep_anew(known, &replied).await;
                Some(kept.and_then(|()| replied.relay(UNABLE)))
            }
            Err(CallError::TooLongRequest { .. }) => Some(Err(Failure::too_long())),
            Err(error) => {
                self.failed(&server.id, &error, std::time::Instant::now());
                if self.dead(&server) {
                    tracing::warn!(server = %server.id, meeting = %known.id, "the server is dead; the meeting is started elsewhere");
                    return None;
                }
                Some(Err(Failure::internal(UNABLE)))
            }
        }
    }

    /// A server that had lost the meeting starts it anew under another internalMeetingID, which is
    /// stored before anybody hears of it.
    async fn keep_anew(&self, known: &Arc<Meeting>, replied: &Replied) -> Result<(), Failure> {
        if !replied.succeeded() {
            return Ok(());
        }
        let mut renewed = Meeting::clone(known);
        replied.fill(&mut renewed);
        if renewed.internal_id == known.internal_id {
            return Ok(());
        }
        renewed.created_ms = now_ms();
        let old = known.internal_id.clone();
        let change = self.store().change(move |draft| {
            let stored = draft.state().meeting_of_id(&renewed.tenant, renewed.id.as_str());
            if stored.is_none_or(|stored| stored.internal_id == old) {
                draft.put_meeting(renewed);
            }
            Ok::<(), Infallible>(())
        });
        self.0.shared.discard();
        change.await.map_err(|error| not_kept(&error))
    }

    /// Stores a new meeting, unless its server was removed meanwhile.
    async fn keep(&self, meeting: Meeting) -> Result<(), Failure> {
        let change = self.store().change(move |draft| {
            let server = draft.state().server(&meeting.server).is_some();
            if server {
                draft.put_meeting(meeting);
            }
            Ok::<bool, Infallible>(server)
        });
        match change.await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Failure::internal(UNABLE)),
            Err(error) => Err(not_kept(&error)),
        }
    }

    fn dead(&self, server: &Server) -> bool {
        self.live(&server.id).dead(std::time::Instant::now(), &self.config().health)
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
        params.to_query()
    }
}

/// A meeting that cannot be stored must not be acknowledged.
fn not_kept(error: &ChangeError<Infallible>) -> Failure {
    tracing::error!(%error, "a meeting cannot be stored");
    Failure::internal(format!("The meeting cannot be kept: {error}."))
}
