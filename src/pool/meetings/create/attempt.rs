//! A new meeting: try the best server, and the next one where nothing was reached.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use rand::RngExt as _;
use uuid::Uuid;

use super::place::{Placed, Wish};
use super::{BEGIN_WITHIN, Create, UNABLE};
use crate::bbb::{Failure, origin};
use crate::client::{CallError, Client, Request};
use crate::model::{Meeting, Server, ServerId};
use crate::pool::meetings::about::Replied;
use crate::pool::watch::live::Name;
use crate::pool::{Answer, Pool, now_ms};

/// Servers that one create tries at the most.
const SERVERS: usize = 3;

/// The passwords that beadle makes up have this many letters and digits, like the servers' own.
const PASSWORD_LENGTH: usize = 8;

/// A create on its way through the servers.
pub(super) struct Attempt<'a> {
    pool: &'a Pool,
    client: &'a Client,
    create: &'a Create,
    wish: Wish,
    moderator_pw: String,
    voice_bridge: String,
    /// What the servers' tokens for reporting the end are made of.
    nonce: String,
}

/// How one server took the create.
enum Taken {
    /// It answered; this is the front end's answer.
    Yes(Result<Answer, Failure>),
    /// Nothing was started there; why, in words for the front end.
    No(Failure),
    /// Nothing was started there, although it can be reached: the connection broke by chance.
    ByChance(Failure),
    /// It failed with a status of 500 or above.
    Refused(Failure),
}

/// Why it is not known whether a server took the create.
struct Missed {
    error: CallError,
    /// Whether only the connection failed, so that the same server may well take the next call.
    by_chance: bool,
    /// What the front end is told if no other server takes it.
    failure: Failure,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(
        pool: &'a Pool,
        client: &'a Client,
        create: &'a Create,
        name: Name,
    ) -> Result<Self, Failure> {
        if let Some(trouble) = pool.store().trouble() {
            // Without this a server would have a meeting that cannot be recorded.
            return Err(Failure::internal(format!("No meeting can be started now: {trouble}.")));
        }
        let given = |name: &str| create.params.get(name).map(String::from);
        let given = |name: &str| given(name).filter(|text| !text.is_empty());
        let wish = Wish::read(pool, &create.params, name);
        // Links to a meeting that moves hold the password that was made up for its first copy.
        let state = pool.store().state();
        let before = state.meeting_of_id(&wish.name.0, wish.name.1.as_str());
        let before = before.map(|known| known.moderator_pw.to_string());
        let before = before.filter(|password| !password.is_empty());
        let bridges = &pool.0.gates.bridges;
        let dial_in = &pool.config().dial_in;
        Ok(Self {
            pool,
            client,
            create,
            moderator_pw: given("moderatorPW").or(before).unwrap_or_else(password),
            nonce: Uuid::new_v4().simple().to_string(),
            voice_bridge: bridges.take(pool.store(), &wish.name, given("voiceBridge"), dial_in),
            wish,
        })
    }

    pub(super) async fn run(self) -> Result<Answer, Failure> {
        let began = Instant::now();
        let mut tried: Vec<ServerId> = Vec::new();
        let mut refusals = 0;
        let mut last = None;
        let (mut second_chance, mut given) = (None, false);
        while tried.len() < SERVERS && (tried.is_empty() || began.elapsed() < BEGIN_WITHIN) {
            let placed = match self.pool.place(&self.wish, &tried) {
                Ok(placed) => placed,
                Err(failure) => {
                    // The pool may have one server only.
                    let Some(id) = second_chance.take() else {
                        return Err(last.unwrap_or(failure));
                    };
                    given = true;
                    tried.retain(|server| *server != id);
                    self.pool.place(&self.wish, &tried)?
                }
            };
            let id = placed.server.id.clone();
            tried.push(id.clone());
            match self.ask(placed).await {
                Taken::Yes(answer) => return answer,
                Taken::No(failure) => last = Some(failure),
                Taken::ByChance(failure) => {
                    last = Some(failure);
                    second_chance = Some(id).filter(|_| !given);
                }
                Taken::Refused(failure) => {
                    last = Some(failure);
                    refusals += 1;
                }
            }
            if refusals == 2 {
                break;
            }
        }
        Err(last.unwrap_or_else(Failure::no_server))
    }

    async fn ask(&self, placed: Placed) -> Taken {
        let missed = match self.send(&placed, Some(&self.moderator_pw)).await {
            Ok(replied) => match replied.unusable(UNABLE) {
                None if replied.refused_as("idNotUnique") && self.left_behind(&placed.server) => {
                    return self.take_over(placed).await;
                }
                // The server has another secret; the front end would look for the fault in its own.
                None if replied.refused_as("checksumError") => {
                    return Taken::No(Failure::internal(UNABLE));
                }
                None => return self.settle(placed, replied).await,
                Some(failure) if replied.status >= 500 => return Taken::Refused(failure),
                Some(failure) => {
                    let reason = "the answer cannot be read".to_owned();
                    Missed { error: CallError::Broken { reason }, by_chance: false, failure }
                }
            },
            Err(CallError::TooLongRequest { .. }) => return Taken::Yes(Err(Failure::too_long())),
            Err(error) => {
                let by_chance = matches!(error, CallError::Broken { .. });
                Missed { error, by_chance, failure: Failure::internal(UNABLE) }
            }
        };
        let error = &missed.error;
        tracing::warn!(server = %placed.server.id, meeting = %self.wish.name.1, %error, "a create failed");
        if error.reached_nobody() {
            return Taken::No(missed.failure);
        }
        self.ask_again(placed, missed).await
    }

    /// The call may have reached the server: it is asked, so that no second copy is started.
    async fn ask_again(&self, placed: Placed, missed: Missed) -> Taken {
        let meeting = self.meeting(&placed.server);
        match self.pool.still_there(self.client, &placed.server, &meeting).await {
            Ok(false) if missed.by_chance => Taken::ByChance(missed.failure),
            Ok(false) => Taken::No(missed.failure),
            Ok(true) => self.take_over(placed).await,
            // A server that broke the connection and then cannot be reached has nobody in it.
            Err(error)
                if error.is_no_connection() && matches!(missed.error, CallError::Broken { .. }) =>
            {
                Taken::No(missed.failure)
            }
            Err(_) => {
                self.pool.keep_intent(meeting).await;
                Taken::Yes(Err(missed.failure))
            }
        }
    }

    /// Takes the meeting that the server has already. It has its password, so none may be made up:
    /// servers refuse a create with another one.
    async fn take_over(&self, placed: Placed) -> Taken {
        match self.send(&placed, None).await {
            Ok(replied) if !replied.unreadable() => self.settle(placed, replied).await,
            _ => {
                self.pool.keep_intent(self.meeting(&placed.server)).await;
                Taken::Yes(Err(Failure::internal(UNABLE)))
            }
        }
    }

    async fn send(&self, placed: &Placed, password: Option<&str>) -> Result<Replied, CallError> {
        let meeting = self.meeting(&placed.server);
        let query = self.pool.query_for(self.create, &placed.server, &meeting, password);
        let body = self.create.body.clone();
        self.pool.send_create(self.client, &placed.server, &query, body).await
    }

    /// Whether the meeting that the server has is one that an earlier create made, whose answer
    /// was lost: then only the password that beadle made up is another one.
    fn left_behind(&self, server: &Server) -> bool {
        let (tenant, id) = &self.wish.name;
        let state = self.pool.store().state();
        let foreign = |meeting: &Arc<Meeting>| meeting.id == *id && meeting.tenant != *tenant;
        let made_up = self.create.params.get("moderatorPW").is_none_or(|given| given.is_empty());
        made_up && !state.meetings_on(&server.id).any(foreign)
    }

    /// Stores the meeting when the server said yes, and only then answers.
    async fn settle(&self, placed: Placed, replied: Replied) -> Taken {
        if !replied.succeeded() {
            return Taken::Yes(replied.relay(UNABLE));
        }
        let mut meeting = self.meeting(&placed.server);
        replied.fill(&mut meeting);
        if let Err(failure) = self.pool.keep(meeting).await {
            return Taken::Yes(Err(failure));
        }
        placed.live.confirm(&self.wish.name);
        Taken::Yes(replied.relay(UNABLE))
    }

    fn meeting(&self, server: &Server) -> Meeting {
        let (tenant, id) = self.wish.name.clone();
        Meeting {
            moderator_pw: self.moderator_pw.as_str().into(),
            voice_bridge: self.voice_bridge.as_str().into(),
            end_token: origin::end_token(&self.nonce, server.id.as_str()).into(),
            expected_people: self.wish.expected.people,
            expected_from: self.wish.expected.source,
            ..Meeting::starting(tenant, id, server.id.clone(), now_ms())
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        self.pool.0.gates.bridges.settle(&self.voice_bridge);
    }
}

impl Pool {
    /// Sends a create to a server.
    pub(super) async fn send_create(
        &self,
        client: &Client,
        server: &Server,
        query: &str,
        body: Option<Bytes>,
    ) -> Result<Replied, CallError> {
        let timeout = self.config().servers.create_timeout;
        let request = Request { call: "create", query, body, timeout };
        let reply = self.call_anyway(client, server, request).await?;
        let replied = Replied::whole(reply);
        self.heard(server, &replied);
        Ok(replied)
    }

    /// Whether a server still has a meeting.
    pub(super) async fn still_there(
        &self,
        client: &Client,
        server: &Server,
        meeting: &Meeting,
    ) -> Result<bool, CallError> {
        let query = format!("meetingID={}", crate::bbb::params::encode(meeting.id.as_str()));
        let timeout = self.config().servers.response_timeout;
        let request = Request { call: "getMeetingInfo", query: &query, body: None, timeout };
        let replied = Replied::from(self.call_anyway(client, server, request).await?);
        if replied.succeeded() || replied.says_not_found() {
            return Ok(replied.succeeded());
        }
        Err(CallError::Broken { reason: "the answer does not say".to_owned() })
    }
}

fn password() -> String {
    let letters = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let mut random = rand::rng();
    let letter = |_| {
        let place = random.random_range(0..letters.len());
        letters.get(place).copied().map_or('x', char::from)
    };
    (0..PASSWORD_LENGTH).map(letter).collect()
}
