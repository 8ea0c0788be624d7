//! What operators do to servers: add, change, drain, remove.

use std::convert::Infallible;
use std::sync::Arc;

use uuid::Uuid;

use super::meetings::remember_ended;
use super::watch::poller;
use super::{Pool, now_ms};
use crate::bbb::answer::{Answer, Outcome};
use crate::client::Client;
use crate::model::{Capacity, Meeting, Secret, Server, ServerId, ServerState, ServerUrl};
use crate::store::{ChangeError, Draft};

/// A server to add.
#[derive(Debug, Clone)]
pub struct NewServer {
    /// Its id; none for a new one.
    pub id: Option<String>,
    /// Its address.
    pub url: ServerUrl,
    /// Its secret.
    pub secret: Secret,
    /// How strong it is.
    pub capacity: Capacity,
    /// Its tag.
    pub tag: Option<String>,
    /// Whether it takes meetings at once.
    pub state: ServerState,
    /// Whether it takes meetings only where no other server can.
    pub spare: bool,
    /// Whether it is refused where another server has its address.
    pub alone: bool,
}

/// Changes of a server; what is none stays.
#[derive(Debug, Clone, Default)]
pub struct ServerChange {
    /// A new address.
    pub url: Option<ServerUrl>,
    /// A new secret.
    pub secret: Option<Secret>,
    /// A new strength.
    pub capacity: Option<Capacity>,
    /// A new tag; the inner none removes it.
    pub tag: Option<Option<String>>,
    /// A new state.
    pub state: Option<ServerState>,
    /// A new limit of meetings; the inner none removes it.
    pub max_meetings: Option<Option<u32>>,
    /// A new limit of people; the inner none removes it.
    pub max_users: Option<Option<u32>>,
    /// Whether it takes meetings only where no other server can.
    pub spare: Option<bool>,
    /// Whether an address is refused that another server has.
    pub alone: bool,
}

/// Why an operator's wish was not carried out. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServerError {
    /// The id is taken.
    #[error("there is already a server with the id {0}")]
    Exists(String),
    /// Another server has the address.
    #[error("there is already a server with this address: {0}")]
    Taken(String),
    /// The id cannot be one.
    #[error(
        "{0:?} cannot be an id; use letters, digits, '.', '_' and '-', at most 128 of them and \
         not dots alone"
    )]
    BadId(String),
    /// No server has the id.
    #[error("there is no server with the id {0}")]
    Unknown(String),
    /// Meetings are still on it.
    #[error("server {id} still has {}", crowd(*meetings, *people))]
    Busy {
        /// The server.
        id: String,
        /// How many meetings.
        meetings: usize,
        /// How many people, at the last poll.
        people: u32,
    },
    /// The store did not take the change.
    #[error("the change cannot be stored: {0}")]
    Store(String),
}

/// Meetings and people in words: `1 meeting with 7 people`.
fn crowd(meetings: usize, people: u32) -> String {
    let plural = if meetings == 1 { "" } else { "s" };
    let word = if people == 1 { "person" } else { "people" };
    format!("{meetings} meeting{plural} with {people} {word}")
}

impl<E> From<ChangeError<E>> for ServerError
where
    E: Into<Self> + std::fmt::Display,
{
    fn from(error: ChangeError<E>) -> Self {
        match error {
            ChangeError::Refused(error) => error.into(),
            other => Self::Store(other.to_string()),
        }
    }
}

impl Pool {
    /// Adds a server. Under `servers.id_from_host` its id is its host.
    ///
    /// # Errors
    ///
    /// Where the id cannot be one or is taken, where the address is taken and the wish forbids
    /// that, and where the store takes no change.
    pub async fn add_server(&self, new: NewServer) -> Result<Arc<Server>, ServerError> {
        let by_host = self.config().servers.id_from_host;
        let id = match new.id {
            Some(id) => id,
            None if by_host => new.url.host(),
            None => Uuid::new_v4().to_string(),
        };
        let odd = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
        // Dots alone mean another folder wherever an id stands in a path.
        if id.trim_matches('.').is_empty() || id.len() > 128 || id.contains(odd) {
            return Err(ServerError::BadId(id));
        }
        let server = Server {
            id: ServerId::from(id),
            url: new.url,
            secret: new.secret,
            capacity: new.capacity,
            tag: new.tag.filter(|tag| !tag.is_empty()).map(String::into_boxed_str),
            state: new.state,
            max_meetings: None,
            max_users: None,
            spare: new.spare,
        };
        let (added, alone) = (server.clone(), new.alone);
        let change = self.store().change(move |draft| {
            if draft.state().server(&server.id).is_some() {
                return Err(ServerError::Exists(server.id.to_string()));
            }
            if alone {
                taken(draft, &server)?;
            }
            draft.put_server(server);
            Ok(())
        });
        change.await?;
        tracing::info!(server = %added.id, url = added.url.as_str(), "server added");
        self.servers_were_changed();
        Ok(Arc::new(added))
    }

    /// Changes a server. Another address for one with meetings needs `force`; what was known of
    /// the old address is forgotten then.
    pub async fn change_server(
        &self,
        id: &ServerId,
        change: ServerChange,
        force: bool,
    ) -> Result<Arc<Server>, ServerError> {
        let (id, placed) = (id.clone(), self.placed_on(id));
        let people = self.live(&id).figures().users;
        let changed = self.store().change(move |draft| {
            let state = draft.state();
            let old = state.server(&id).ok_or_else(|| ServerError::Unknown(id.to_string()))?;
            let alone = change.alone;
            let server = changed(old, change);
            let moved = !server.url.same_place(&old.url);
            if moved && alone {
                taken(draft, &server)?;
            }
            // One may have been stored since the look above.
            let meetings = placed.max(draft.state().meeting_count_on(&id));
            if moved && meetings > 0 && !force {
                return Err(ServerError::Busy { id: id.to_string(), meetings, people });
            }
            draft.put_server(server.clone());
            Ok::<_, ServerError>((server, moved))
        });
        let (server, moved) = changed.await?;
        tracing::info!(server = %server.id, state = server.state.as_str(), "server changed");
        if moved {
            self.forget_live(&server.id);
        }
        self.servers_were_changed();
        Ok(Arc::new(server))
    }

    /// Puts a server into a state. Disabling one with meetings needs `force`.
    pub async fn set_server_state(
        &self,
        client: &Client,
        id: &ServerId,
        state: ServerState,
        force: bool,
    ) -> Result<Arc<Server>, ServerError> {
        if state == ServerState::Disabled && !force {
            self.idle(id)?;
        }
        let before = self.store().state().server(id).map(|server| server.state);
        let change = ServerChange { state: Some(state), ..ServerChange::default() };
        let server = self.change_server(id, change, force).await?;
        if before == Some(ServerState::Disabled) && state == ServerState::Enabled {
            // What was known of it may be long out of date; it takes meetings after a good poll.
            self.live(id).forget_load();
            poller::poll_once(self, client, &server).await;
        }
        Ok(server)
    }

    /// Removes a server and forgets its meetings. One with meetings needs `force`.
    pub async fn remove_server(&self, id: &ServerId, force: bool) -> Result<(), ServerError> {
        if !force {
            self.idle(id)?;
        }
        let (id, removed) = (id.clone(), id.clone());
        let people = self.live(&id).figures().users;
        let change = self.store().change(move |draft| {
            if draft.state().server(&id).is_none() {
                return Err(ServerError::Unknown(id.to_string()));
            }
            // One may have been stored since the look above.
            let meetings = draft.state().meeting_count_on(&id);
            if meetings > 0 && !force {
                return Err(ServerError::Busy { id: id.to_string(), meetings, people });
            }
            release(draft, &id);
            draft.remove_server(&id);
            Ok(())
        });
        change.await?;
        tracing::warn!(server = %removed, "server removed");
        self.servers_were_changed();
        Ok(())
    }

    /// Forgets all meetings of a server at once, disables it unless its state is to be kept, and
    /// then tries to end the meetings. Returns how many there were.
    pub async fn panic_server(
        &self,
        client: &Client,
        id: &ServerId,
        keep_state: bool,
    ) -> Result<usize, ServerError> {
        let (panicked, now_ms) = (id.clone(), now_ms());
        let change = self.store().change(move |draft| {
            let server = draft.state().server(&panicked);
            let server = server.ok_or_else(|| ServerError::Unknown(panicked.to_string()))?;
            let mut server = Server::clone(server);
            let released = release(draft, &panicked);
            for meeting in &released {
                // Until it is over the server lists it, and it must not be taken in again.
                remember_ended(draft, meeting, now_ms);
            }
            if !keep_state {
                server.state = ServerState::Disabled;
                draft.put_server(server.clone());
            }
            Ok::<_, ServerError>((server, released))
        });
        let (server, released) = change.await?;
        let count = released.len();
        tracing::warn!(server = %server.id, released = count, "all meetings of the server released");
        self.0.shared.discard();
        tokio::spawn(end_all(client.clone(), self.clone(), server, released));
        Ok(count)
    }

    /// Refuses where a server still has meetings.
    fn idle(&self, id: &ServerId) -> Result<(), ServerError> {
        if self.store().state().server(id).is_none() {
            return Err(ServerError::Unknown(id.to_string()));
        }
        match self.placed_on(id) {
            0 => Ok(()),
            meetings => {
                let people = self.live(id).figures().users;
                Err(ServerError::Busy { id: id.to_string(), meetings, people })
            }
        }
    }
}

/// Refuses where another server has the address.
fn taken(draft: &Draft, server: &Server) -> Result<(), ServerError> {
    let others = || draft.state().servers().filter(|other| other.id != server.id);
    match others().find(|other| other.url.same_place(&server.url)) {
        Some(other) => Err(ServerError::Taken(other.id.to_string())),
        None => Ok(()),
    }
}

fn changed(old: &Server, change: ServerChange) -> Server {
    let mut server = old.clone();
    if let Some(url) = change.url {
        server.url = url;
    }
    if let Some(secret) = change.secret {
        server.secret = secret;
    }
    if let Some(capacity) = change.capacity {
        server.capacity = capacity;
    }
    if let Some(tag) = change.tag {
        server.tag = tag.filter(|tag| !tag.is_empty()).map(String::into_boxed_str);
    }
    if let Some(state) = change.state {
        server.state = state;
    }
    if let Some(limit) = change.max_meetings {
        server.max_meetings = limit;
    }
    if let Some(limit) = change.max_users {
        server.max_users = limit;
    }
    server.spare = change.spare.unwrap_or(server.spare);
    server
}

fn release(draft: &mut Draft, id: &ServerId) -> Vec<Arc<Meeting>> {
    let copies: Vec<_> = draft.state().copies_on(id).map(Arc::clone).collect();
    for copy in copies {
        draft.remove_copy(id, &copy.internal_id);
    }
    let meetings: Vec<_> = draft.state().meetings_on(id).map(Arc::clone).collect();
    for meeting in &meetings {
        draft.remove_meeting(&meeting.tenant, &meeting.id);
    }
    meetings
}

async fn end_all(client: Client, pool: Pool, server: Server, meetings: Vec<Arc<Meeting>>) {
    for meeting in meetings {
        let gate = pool.0.gates.alone(&(meeting.tenant.clone(), meeting.id.clone())).await;
        let again = {
            let state = pool.store().state();
            let known = state.meeting_of_id(&meeting.tenant, meeting.id.as_str());
            known.is_some_and(|known| known.server == server.id)
        };
        // Its people may have created it anew on a server that was not disabled.
        if !again && let Err(error) = end_released(&client, &pool, &server, &meeting).await {
            tracing::warn!(server = %server.id, meeting = %meeting.id, error, "a released meeting could not be ended");
        }
        pool.0.gates.leave(gate);
    }
}

/// Ends one meeting. The error says in words why that was not possible.
async fn end_released(
    client: &Client,
    pool: &Pool,
    server: &Server,
    meeting: &Meeting,
) -> Result<(), String> {
    let encode = crate::bbb::params::encode;
    let (id, password) = (encode(meeting.id.as_str()), encode(&meeting.moderator_pw));
    let query = format!("meetingID={id}&password={password}");
    let request = pool.question("end", &query);
    let reply = pool.call_anyway(client, server, request).await.map_err(|e| e.to_string())?;
    match Answer::outcome(&reply.body) {
        Ok(Outcome::Failed { failure, .. }) => Err(failure.message.into_owned()),
        Err(unreadable) => Err(unreadable.to_string()),
        Ok(Outcome::Success) => Ok(()),
    }
}

impl From<Infallible> for ServerError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
