//! How meetings leave beadle's memory, and what is remembered of them for a while.
//!
//! A server may list a meeting for some time after it was ended. Until then it is neither shown
//! nor taken for a meeting that beadle lost sight of.

use std::convert::Infallible;
use std::sync::Arc;

use subtle::ConstantTimeEq as _;

use crate::bbb::meetings::Listed;
use crate::bbb::params::encode;
use crate::bbb::{self, Failure};
use crate::client::Client;
use crate::model::{LostCopy, Meeting, Phase, TenantId};
use crate::pool::meetings::about::{About, UNABLE};
use crate::pool::{Answer, Pool, now_ms};
use crate::store::{Draft, State};

/// How long an ended meeting is remembered, in milliseconds.
const REMEMBERED_MS: u64 = 10 * 60 * 1000;

impl Pool {
    /// Ends a meeting. It is forgotten once its server says that it ends, or does not know it.
    pub async fn end(&self, client: &Client, about: &About<'_>) -> Result<Answer, Failure> {
        let (meeting, server) = self.found(about)?;
        let mut query = About::id_query(&meeting);
        if let Some(password) = about.params.get("password") {
            query.push_str("&password=");
            query.push_str(&encode(&password));
        }
        let replied = self.ask(client, &server, self.question("end", &query), UNABLE).await?;
        if replied.succeeded() || replied.says_not_found() {
            self.forget_ended(vec![meeting]).await?;
        }
        replied.relay(UNABLE)
    }

    /// A server reports that a meeting of these names has ended. Whether that is so: the token is
    /// the one that only this meeting's server was given, and nobody is in the meeting any more.
    pub async fn end_reported(
        &self,
        client: &Client,
        (tenant, id): (&TenantId, &str),
        token: &str,
    ) -> Result<bool, Failure> {
        let meeting = self.store().state().meeting_of_id(tenant, id).cloned();
        let reported = |meeting: &Arc<Meeting>| {
            let known = meeting.end_token.as_bytes();
            !known.is_empty() && bool::from(known.ct_eq(token.as_bytes()))
        };
        let Some(meeting) = meeting.filter(reported) else { return Ok(false) };
        if self.goes_on(client, &meeting).await {
            tracing::warn!(server = %meeting.server, meeting = %meeting.id, "the server reports the end of a meeting that people are in; it is kept");
            return Ok(false);
        }
        tracing::info!(server = %meeting.server, meeting = %meeting.id, "the server reports that the meeting has ended");
        self.forget_ended(vec![meeting]).await?;
        Ok(true)
    }

    /// Whether a meeting's server says that people are in it. One that cannot be asked has
    /// reported the end itself.
    async fn goes_on(&self, client: &Client, meeting: &Meeting) -> bool {
        let server = self.store().state().server(&meeting.server).cloned();
        let Some(server) = server else { return false };
        let query = About::id_query(meeting);
        let question = self.question("getMeetingInfo", &query);
        let Ok(reply) = self.call(client, &server, question).await else { return false };
        let Ok(info) = bbb::Answer::read(&reply.body) else { return false };
        let says = |name: &str, value: &str| info.get(name) == Some(value);
        says("internalMeetingID", &meeting.internal_id)
            && !says("hasBeenForciblyEnded", "true")
            && !says("participantCount", "0")
    }

    /// Forgets meetings that were ended, except those that have been created anew meanwhile.
    pub async fn forget_ended(&self, ended: Vec<Arc<Meeting>>) -> Result<(), Failure> {
        self.forget(ended, true).await
    }

    /// Forgets meetings that their servers do not know any more, except those that have been
    /// created anew meanwhile.
    pub(in crate::pool) async fn forget_gone(
        &self,
        gone: Vec<Arc<Meeting>>,
    ) -> Result<(), Failure> {
        self.forget(gone, false).await
    }

    async fn forget(&self, meetings: Vec<Arc<Meeting>>, ended: bool) -> Result<(), Failure> {
        let now_ms = now_ms();
        let change = self.store().change(move |draft| {
            for meeting in meetings {
                let (tenant, id) = (&meeting.tenant, &meeting.id);
                let same = |found: &Arc<Meeting>| {
                    found.internal_id == meeting.internal_id && found.server == meeting.server
                };
                if draft.state().meeting_of_id(tenant, id.as_str()).is_some_and(same) {
                    draft.remove_meeting(tenant, id);
                }
                if ended {
                    remember_ended(draft, &meeting, now_ms);
                }
            }
            Ok::<(), Infallible>(())
        });
        let changed = change.await;
        // Not before: a list that is made meanwhile may still name them.
        self.0.shared.discard();
        changed.map_err(|error| Failure::internal(format!("The change cannot be kept: {error}.")))
    }

    /// The state of a meeting in its life cycle, in the word that every listing uses.
    pub fn state_of(&self, meeting: &Meeting) -> &'static str {
        let state = self.store().state();
        match (meeting.phase, state.server(&meeting.server)) {
            (Phase::Creating, _) => "creating",
            (Phase::Running, Some(server)) if self.dead(server) => "detached",
            (Phase::Running, _) => "running",
        }
    }

    /// The copies with people in them of meetings that go on elsewhere, and how many people.
    pub fn crowded_copies(&self) -> Vec<(Arc<LostCopy>, u32)> {
        let state = self.store().state();
        let copies = state.servers().flat_map(|server| state.copies_on(&server.id));
        let crowded = copies.filter_map(|copy| {
            let people = self.live(&copy.server).people_in_copy(&copy.internal_id)?;
            Some((Arc::clone(copy), people))
        });
        crowded.collect()
    }

    /// Lets go of what has been remembered long enough.
    pub(in crate::pool) async fn forget_old_endings(&self) {
        let now_ms = now_ms();
        let old = move |state: &State| -> Vec<String> {
            let all = state.all_ended();
            let old =
                all.filter(move |(_, ended_ms)| now_ms.saturating_sub(*ended_ms) > REMEMBERED_MS);
            old.map(|(internal_id, _)| internal_id.to_owned()).collect()
        };
        if old(&self.store().state()).is_empty() {
            return;
        }
        let change = self.store().change(move |draft| {
            for internal_id in old(draft.state()) {
                draft.remove_ended(&internal_id);
            }
            Ok::<(), Infallible>(())
        });
        if let Err(error) = change.await {
            tracing::warn!(%error, "old endings cannot be forgotten");
        }
    }
}

/// Notes that a meeting was ended through beadle, under its internalMeetingID and its name.
pub(in crate::pool) fn remember_ended(draft: &mut Draft, meeting: &Meeting, now_ms: u64) {
    draft.put_ended(&name_key(&meeting.tenant, meeting.id.as_str()), now_ms);
    if !meeting.internal_id.is_empty() {
        draft.put_ended(&meeting.internal_id, now_ms);
    }
}

/// A meeting of this name runs, whatever was ended before.
pub(in crate::pool) fn forget_endings(draft: &mut Draft, meeting: &Meeting) {
    draft.remove_ended(&name_key(&meeting.tenant, meeting.id.as_str()));
    draft.remove_ended(&meeting.internal_id);
}

/// Whether a listed meeting that the store does not have is a copy that its server made too late:
/// nobody was ever led to it, and the meeting itself was ended through beadle a short while ago.
pub(in crate::pool) fn is_left_over(
    listed: &Listed,
    (tenant, id): (&TenantId, &str),
    state: &State,
    now_ms: u64,
) -> bool {
    listed.participants == 0
        && listed.origin.is_some()
        && state.meeting_of_id(tenant, id).is_none()
        && ended_lately(state, &name_key(tenant, id), now_ms)
}

/// A meeting's name among the endings; no internalMeetingID has a NUL in it.
fn name_key(tenant: &TenantId, id: &str) -> String {
    format!("{tenant}\0{id}")
}

/// Whether the meeting of this internalMeetingID was ended through beadle a short while ago.
pub(in crate::pool) fn ended_lately(state: &State, internal_id: &str, now_ms: u64) -> bool {
    let lately = |ended_ms: u64| now_ms.saturating_sub(ended_ms) <= REMEMBERED_MS;
    state.ended(internal_id).is_some_and(lately)
}
