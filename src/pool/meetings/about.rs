//! The calls about one meeting: asked of its server, answered in the server's own words.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use crate::bbb::answer::{self, Outcome, Unreadable};
use crate::bbb::params::{encode, identifier};
use crate::bbb::{Failure, Params};
use crate::client::{CallError, Client, Reply, Request};
use crate::model::{Meeting, Phase, Server, TenantId};
use crate::pool::watch::health::Health;
use crate::pool::{Answer, Pool, now_ms};

/// Said when a meeting's server cannot be asked.
pub(in crate::pool) const UNABLE: &str = "Unable to access meeting on server.";

/// A server's answer with what it means.
pub(in crate::pool) struct Replied {
    pub(in crate::pool) status: u16,
    pub(in crate::pool) body: Bytes,
    outcome: Result<Outcome, Unreadable>,
}

impl From<Reply> for Replied {
    fn from(reply: Reply) -> Self {
        let outcome = answer::Answer::outcome(&reply.body);
        Self { status: reply.status, body: reply.body, outcome }
    }
}

impl Replied {
    /// An answer of which more counts than whether the call worked: one that can only be read at
    /// its beginning is none.
    pub(in crate::pool) fn whole(reply: Reply) -> Self {
        let mut replied = Self::from(reply);
        if replied.succeeded()
            && let Err(why) = answer::Answer::read(&replied.body)
        {
            replied.outcome = Err(why);
        }
        replied
    }

    pub(in crate::pool) fn succeeded(&self) -> bool {
        self.outcome == Ok(Outcome::Success)
    }

    /// Whether it is no answer of the API at all.
    pub(in crate::pool) fn unreadable(&self) -> bool {
        self.outcome.is_err()
    }

    /// What the front end is told when this is no answer of the API at all.
    pub(in crate::pool) fn unusable(&self, unable: &'static str) -> Option<Failure> {
        self.outcome.as_ref().err().map(|why| told(*why, unable))
    }

    /// Whether the server says that it does not know the meeting.
    pub(in crate::pool) fn says_not_found(&self) -> bool {
        ["notFound", "meetingNotFound", "invalidMeetingIdentifier"]
            .iter()
            .any(|key| self.refused_as(key))
    }

    /// Whether the server refuses with this key.
    pub(in crate::pool) fn refused_as(&self, key: &str) -> bool {
        matches!(&self.outcome, Ok(Outcome::Failed { failure, .. }) if failure.key == key)
    }

    /// Takes over what a create's answer says of the meeting.
    pub(in crate::pool) fn fill(&self, meeting: &mut Meeting) {
        let Ok(answer) = answer::Answer::read(&self.body) else { return };
        let field = |name: &str| answer.get(name).filter(|text| !text.is_empty());
        meeting.phase = Phase::Running;
        meeting.create_time =
            field("createTime").and_then(|text| text.trim().parse().ok()).unwrap_or_default();
        if let Some(internal_id) = field("internalMeetingID") {
            meeting.internal_id = internal_id.into();
        }
        if let Some(password) = field("moderatorPW") {
            meeting.moderator_pw = password.into();
        }
        // A breakout room comes back under another id than it was asked for.
        let returned = field("meetingID").filter(|id| *id != meeting.id.as_str());
        meeting.alias = returned.map(Into::into);
    }

    /// The answer for the front end. Only refusals that lack key or message are put into the usual
    /// form (BBB answers a taken voice bridge that way).
    pub(in crate::pool) fn relay(self, unable: &'static str) -> Result<Answer, Failure> {
        match self.outcome {
            Ok(Outcome::Success | Outcome::Failed { complete: true, .. }) => {
                Ok(Answer::Relayed(self.body))
            }
            Ok(Outcome::Failed { failure, .. }) if failure.key.is_empty() => {
                Err(Failure::internal(if failure.message.is_empty() {
                    unable.into()
                } else {
                    failure.message
                }))
            }
            Ok(Outcome::Failed { failure, .. }) => Err(failure),
            Err(why) => Err(told(why, unable)),
        }
    }
}

fn told(why: Unreadable, unable: &'static str) -> Failure {
    Failure::internal(match why {
        Unreadable::NoReturncode => "Response did not include returncode",
        Unreadable::Malformed => unable,
    })
}

/// A call about one meeting.
pub struct About<'a> {
    /// Whose meeting it is.
    pub tenant: &'a TenantId,
    /// The parameters, without checksum.
    pub params: &'a Params<'a>,
}

impl About<'_> {
    /// The meetingID as servers read it.
    pub(in crate::pool) fn id(&self) -> Result<String, Failure> {
        let id = self.params.get("meetingID").map(|id| identifier(&id).into_owned());
        id.filter(|id| !id.trim().is_empty()).ok_or_else(Failure::missing_meeting_id)
    }

    /// Only the meetingID, encoded.
    pub(in crate::pool) fn id_query(meeting: &Meeting) -> String {
        format!("meetingID={}", encode(meeting.id.as_str()))
    }

    /// All parameters, encoded, with the meetingID as it is stored.
    fn query(&self, meeting: &Meeting) -> String {
        let mut params = self.params.clone();
        name_meeting(&mut params, meeting);
        params.to_query()
    }
}

impl Pool {
    /// Whether somebody is in a meeting; unknown meetings are not running.
    pub async fn is_running(&self, client: &Client, about: &About<'_>) -> Result<Answer, Failure> {
        let Ok((meeting, Some(server))) = self.find(about) else {
            about.id()?;
            let own =
                "<response><returncode>SUCCESS</returncode><running>false</running></response>";
            return Ok(Answer::Own(own.to_owned()));
        };
        let query = About::id_query(&meeting);
        self.ask(client, &server, self.question("isMeetingRunning", &query), UNABLE)
            .await?
            .relay(UNABLE)
    }

    /// Everything about a meeting.
    pub async fn info(&self, client: &Client, about: &About<'_>) -> Result<Answer, Failure> {
        let (meeting, server) = self.found(about)?;
        let query = About::id_query(&meeting);
        let question = self.question("getMeetingInfo", &query);
        let replied = self.ask(client, &server, question, UNABLE).await?;
        if replied.says_not_found() {
            // The first of the two misses that it takes to forget a meeting.
            self.live(&server.id).missed(&meeting, Instant::now(), now_ms());
        }
        replied.relay(UNABLE).map(Answer::without_mark)
    }

    /// Adds slides to a meeting.
    pub async fn insert_document(
        &self,
        client: &Client,
        about: &About<'_>,
        body: Option<Bytes>,
    ) -> Result<Answer, Failure> {
        const UNABLE: &str = "Unable to insert document on server.";
        let (meeting, server) = self.found(about)?;
        let query = about.query(&meeting);
        let timeout = self.config().servers.create_timeout;
        let request = Request { call: "insertDocument", query: &query, body, timeout };
        self.ask(client, &server, request, UNABLE).await?.relay(UNABLE)
    }

    /// Writes into a meeting's chat.
    pub async fn send_chat_message(
        &self,
        client: &Client,
        about: &About<'_>,
    ) -> Result<Answer, Failure> {
        about.id()?;
        let (meeting, server) = self.found(about).map_err(|_| Failure::chat_meeting_not_found())?;
        let query = about.query(&meeting);
        self.ask(client, &server, self.question("sendChatMessage", &query), UNABLE)
            .await?
            .relay(UNABLE)
    }

    /// A meeting and its server; none where that was removed.
    pub(in crate::pool) fn find(
        &self,
        about: &About<'_>,
    ) -> Result<(Arc<Meeting>, Option<Arc<Server>>), Failure> {
        let id = about.id()?;
        let state = self.store().state();
        let meeting = state.meeting(about.tenant, &id).ok_or_else(Failure::meeting_not_found)?;
        Ok((Arc::clone(meeting), state.server(&meeting.server).cloned()))
    }

    pub(in crate::pool) fn found(
        &self,
        about: &About<'_>,
    ) -> Result<(Arc<Meeting>, Arc<Server>), Failure> {
        match self.find(about)? {
            (meeting, Some(server)) => Ok((meeting, server)),
            (_, None) => Err(Failure::meeting_not_found()),
        }
    }

    /// An answer to the point helps a server that has failed lately back. One that refuses
    /// beadle's checksum has failed: it can do nothing for anybody.
    pub(in crate::pool) fn heard(&self, server: &Server, replied: &Replied) {
        if replied.refused_as("checksumError") {
            self.failed(&server.id, &"it does not accept the secret", Instant::now());
        } else if self.live(&server.id).health() != Health::Online
            && (replied.succeeded() || replied.says_not_found())
        {
            self.answered(&server.id, Instant::now());
        }
    }

    /// Asks a meeting's server. Where it cannot be asked, `unable` is what the front end is told.
    pub(in crate::pool) async fn ask(
        &self,
        client: &Client,
        server: &Server,
        request: Request<'_>,
        unable: &'static str,
    ) -> Result<Replied, Failure> {
        let call = request.call;
        match self.call(client, server, request).await {
            Ok(reply) => {
                let replied = Replied::from(reply);
                self.heard(server, &replied);
                if replied.refused_as("checksumError") {
                    // The front end would look for the fault in its own secret.
                    return Err(Failure::internal(unable));
                }
                Ok(replied)
            }
            Err(CallError::TooLongRequest { .. }) => Err(Failure::too_long()),
            Err(error) => {
                // Calls to a silent server may be many, and the log says already that it is.
                if error != CallError::NotAsked {
                    tracing::warn!(server = %server.id, call, %error, "a call failed");
                }
                Err(Failure::internal(unable))
            }
        }
    }

    /// A call by GET, with the usual time to answer.
    pub(in crate::pool) fn question<'a>(&self, call: &'a str, query: &'a str) -> Request<'a> {
        Request { call, query, body: None, timeout: self.config().servers.response_timeout }
    }
}

/// Writes the meetingID the way it is stored, where the caller wrote it in another way.
pub(in crate::pool) fn name_meeting(params: &mut Params<'_>, meeting: &Meeting) {
    if params.get("meetingID").as_deref() != Some(meeting.id.as_str()) {
        params.set("meetingID", meeting.id.as_str());
    }
}
