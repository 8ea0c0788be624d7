//! What a server's list says of meetings that the store does not have, or has elsewhere.
//!
//! A meeting that bears beadle's mark and is not known is taken in: so running classes are found
//! again after the loss of the data directory, or of a create's answer. A copy of a meeting that
//! was started elsewhere while its server was dead is ended when nobody is in it, and else left
//! alone and reported.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use crate::bbb::answer;
use crate::bbb::meetings::Listed;
use crate::bbb::params::encode;
use crate::client::{CallError, Client, Request};
use crate::model::{LostCopy, Meeting, MeetingId, Phase, Server, TenantId};
use crate::pool::meetings::about::Replied;
use crate::pool::meetings::create::Alone;
use crate::pool::meetings::ending::{ended_lately, is_left_over};
use crate::pool::watch::list::List;
use crate::pool::watch::live::Name;
use crate::pool::{Pool, now_ms};
use crate::store::{Draft, State};

/// So many lost copies are ended after one poll.
const ENDED_AT_ONCE: usize = 4;

/// What a list asks for.
#[derive(Default)]
struct Findings {
    /// Meetings of beadle's that it does not know, or was not sure of.
    adopt: Vec<Meeting>,
    /// Copies with people in them of meetings that were taken in elsewhere, and those.
    busier: Vec<(Meeting, Arc<Meeting>)>,
    /// Lost copies that nobody is in.
    empty: Vec<Arc<LostCopy>>,
    /// Lost copies with people in them.
    crowded: HashMap<Box<str>, u32>,
    /// Lost copies that the server does not have any more, or that are in use again.
    gone: Vec<Arc<LostCopy>>,
}

impl Pool {
    /// Brings the store in line with a good list of a server. `well` tells whether the server is
    /// back for good, so that people whose connection broke with it had time to return.
    pub(in crate::pool) async fn reconcile(
        &self,
        client: &Client,
        server: &Server,
        list: &List,
        well: bool,
    ) {
        let config = self.config();
        let secrets = || config.api.secrets.iter().map(crate::model::Secret::expose);
        let marked = |tenant: &str, id: &str, mark: &str| {
            crate::bbb::origin::is_mark(mark, (tenant, id), secrets())
        };
        let found = compare(&list.meetings, server, &self.store().state(), (marked, now_ms()));
        drop(config);
        if !found.adopt.is_empty() {
            self.adopt(server, found.adopt).await;
        }
        for (busy, known) in found.busier {
            self.prefer(busy, known).await;
        }
        if !found.gone.is_empty() {
            self.forget_copies(found.gone, false).await;
        }
        for (copy, people) in self.live(&server.id).crowded(found.crowded) {
            tracing::warn!(server = %server.id, internal_id = %copy, people, "a meeting that was started elsewhere goes on here as well; it is left alone");
        }
        // A few at a time: the polls wait for it.
        for copy in found.empty.into_iter().take(ENDED_AT_ONCE).filter(|_| well) {
            self.end_copy(client, server, copy).await;
        }
    }

    /// Takes meetings in, except those that are just being created.
    async fn adopt(&self, server: &Server, meetings: Vec<Meeting>) {
        let gated = meetings.into_iter().filter_map(|meeting| {
            let name: Name = (meeting.tenant.clone(), meeting.id.clone());
            Some((self.0.gates.try_alone(&name)?, meeting))
        });
        let (alone, meetings): (Vec<Alone>, Vec<_>) = gated.unzip();
        let now_ms = now_ms();
        let change = self.store().change(move |draft| {
            let taken = meetings.into_iter().filter(|meeting| put(draft, meeting, now_ms)).count();
            Ok::<_, Infallible>(taken)
        });
        match change.await {
            Ok(0) => {}
            Ok(count) => {
                tracing::info!(server = %server.id, count, "running meetings were found again");
                self.0.shared.discard();
            }
            Err(error) => tracing::error!(%error, "meetings that were found cannot be stored"),
        }
        for gate in alone {
            self.0.gates.leave(gate);
        }
    }

    /// Takes in a copy with people in place of one that was taken in and has none. Whose list came
    /// first says nothing about where the class is.
    async fn prefer(&self, busy: Meeting, known: Arc<Meeting>) {
        let list = self.live(&known.server).list();
        let deserted = list.is_some_and(|list| {
            let mut meetings = list.meetings.iter();
            let it = meetings.find(|meeting| *meeting.internal_id == *known.internal_id);
            it.is_some_and(|meeting| meeting.participants == 0)
        });
        if !deserted {
            return;
        }
        let name = (known.tenant.clone(), known.id.clone());
        let Some(gate) = self.0.gates.try_alone(&name) else { return };
        let server = busy.server.clone();
        let change = self.store().change(move |draft| {
            let state = draft.state();
            let stored = state.meeting_of_id(&known.tenant, known.id.as_str());
            let fits = stored.is_some_and(|stored| Arc::ptr_eq(stored, &known))
                && state.server(&busy.server).is_some();
            if let Some(copy) = known.lost_copy(now_ms()).filter(|_| fits) {
                draft.put_copy(copy);
                draft.put_meeting(busy);
            }
            Ok::<_, Infallible>(fits)
        });
        match change.await {
            Ok(true) => {
                tracing::info!(%server, meeting = %name.1, "people are in another copy of a meeting that was found again");
                self.0.shared.discard();
            }
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "a meeting that was found cannot be stored"),
        }
        self.0.gates.leave(gate);
    }

    /// Ends a copy after one more look at it.
    async fn end_copy(&self, client: &Client, server: &Server, copy: Arc<LostCopy>) {
        let name = (copy.tenant.clone(), copy.id.clone());
        // Somebody creates the meeting at this moment, perhaps here: the next list will tell.
        let Some(gate) = self.0.gates.try_alone(&name) else { return };
        match self.end_when_empty(client, server, &copy).await {
            Ok(true) => {
                tracing::info!(server = %server.id, meeting = %copy.id, "an empty copy of a meeting that was started elsewhere is ended");
                self.forget_copies(vec![copy], true).await;
            }
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(server = %server.id, meeting = %copy.id, %error, "an empty copy cannot be ended yet");
            }
        }
        self.0.gates.leave(gate);
    }

    async fn end_when_empty(
        &self,
        client: &Client,
        server: &Server,
        copy: &LostCopy,
    ) -> Result<bool, CallError> {
        if self.store().state().copy(&server.id, &copy.internal_id).is_none() {
            return Ok(false);
        }
        let timeout = self.config().servers.response_timeout;
        let mut query = format!("meetingID={}", encode(copy.id.as_str()));
        let request = Request { call: "getMeetingInfo", query: &query, body: None, timeout };
        let info = self.call(client, server, request).await?;
        let Ok(info) = answer::Answer::read(&info.body) else { return Ok(false) };
        let it = info.get("internalMeetingID") == Some(&*copy.internal_id);
        if !it || info.get("participantCount") != Some("0") {
            return Ok(false);
        }
        query.push_str("&password=");
        query.push_str(&encode(&copy.moderator_pw));
        let request = Request { call: "end", query: &query, body: None, timeout };
        let replied = Replied::from(self.call(client, server, request).await?);
        Ok(replied.succeeded() || replied.says_not_found())
    }

    async fn forget_copies(&self, copies: Vec<Arc<LostCopy>>, ended: bool) {
        let now_ms = now_ms();
        let change = self.store().change(move |draft| {
            for copy in copies {
                draft.remove_copy(&copy.server, &copy.internal_id);
                if ended {
                    draft.put_ended(&copy.internal_id, now_ms);
                }
            }
            Ok::<(), Infallible>(())
        });
        if let Err(error) = change.await {
            tracing::warn!(%error, "lost copies cannot be forgotten");
        }
    }
}

/// Compares a list with the store. `marked` tells whether a mark is that of a tenant's meeting.
fn compare(
    listed: &[Listed],
    server: &Server,
    state: &State,
    (marked, now_ms): (impl Fn(&str, &str, &str) -> bool, u64),
) -> Findings {
    let mut found = Findings::default();
    let mut copies: HashMap<&str, &Arc<LostCopy>> =
        state.copies_on(&server.id).map(|copy| (&*copy.internal_id, copy)).collect();
    for meeting in listed.iter().filter(|meeting| !meeting.forcibly_ended) {
        if let Some(copy) = copies.remove(meeting.internal_id.as_str()) {
            if in_use(copy, state) {
                found.gone.push(Arc::clone(copy));
            } else if meeting.participants == 0 {
                found.empty.push(Arc::clone(copy));
            } else {
                found.crowded.insert(copy.internal_id.clone(), meeting.participants);
            }
        } else if let Some((tenant, id)) = unsure(meeting, server, state)
            && !ended_lately(state, &meeting.internal_id, now_ms)
            && !is_left_over(meeting, (&TenantId::from(tenant), id), state, now_ms)
            && meeting.origin.as_deref().is_some_and(|mark| marked(tenant, id, mark))
        {
            let known = state.meeting_of_id(&TenantId::from(tenant), id);
            let elsewhere = known.filter(|known| known.server != server.id);
            let known = known.filter(|_| elsewhere.is_none());
            let adopted = adopted(meeting, (tenant, id), server, (known, now_ms));
            // What cannot be stored was never created through beadle: that create has failed.
            if !Draft::holds(&adopted) || is_taken(&adopted, state) {
                continue;
            }
            match elsewhere {
                Some(known) => found.busier.push((adopted, Arc::clone(known))),
                None => found.adopt.push(adopted),
            }
        }
    }
    found.gone.extend(copies.into_values().map(Arc::clone));
    found
}

/// Whether a copy is the meeting itself: its server was added twice, and is reached by the other
/// address.
fn in_use(copy: &LostCopy, state: &State) -> bool {
    let known = state.meeting_of_id(&copy.tenant, copy.id.as_str());
    known.is_some_and(|known| known.internal_id == copy.internal_id)
}

/// Whether another meeting has its internalMeetingID, by which people may be joining that.
fn is_taken(meeting: &Meeting, state: &State) -> bool {
    let other = state.meeting(&meeting.tenant, &meeting.internal_id);
    other.is_some_and(|other| other.id != meeting.id)
}

/// Whose meeting a listed one may be, and under which id, where the store has none of that name,
/// or one whose create was never answered, or has one elsewhere that was itself only found and this
/// one has people.
fn unsure<'a>(meeting: &'a Listed, server: &Server, state: &State) -> Option<(&'a str, &'a str)> {
    meeting.origin.as_deref()?;
    let tenant = meeting.tenant.as_deref().unwrap_or_default();
    // A breakout room that was asked for by the API has the requested id as its internal one.
    let id = if meeting.breakout { &meeting.internal_id } else { &meeting.id };
    if id.is_empty() {
        return None;
    }
    let known = state.meeting_of_id(&TenantId::from(tenant), id);
    let unsure = |known: &Arc<Meeting>| {
        if known.server == server.id {
            return known.phase == Phase::Creating;
        }
        // What beadle has created itself has a token.
        let found = known.phase == Phase::Running && known.end_token.is_empty();
        found && meeting.participants > 0 && meeting.internal_id != *known.internal_id
    };
    known.is_none_or(unsure).then_some((tenant, id))
}

/// The meeting that a list tells of, with what is known of it already.
fn adopted(
    listed: &Listed,
    (tenant, id): (&str, &str),
    server: &Server,
    (known, now_ms): (Option<&Arc<Meeting>>, u64),
) -> Meeting {
    let (tenant, id) = (TenantId::from(tenant), MeetingId::from(id));
    let since = if listed.create_time == 0 { now_ms } else { listed.create_time.min(now_ms) };
    let fresh = || Meeting {
        moderator_pw: listed.moderator_pw.as_str().into(),
        voice_bridge: listed.voice_bridge.as_str().into(),
        expected_people: listed.participants,
        ..Meeting::starting(tenant, id.clone(), server.id.clone(), since)
    };
    let mut meeting = known.map_or_else(fresh, |known| Meeting::clone(known));
    meeting.phase = Phase::Running;
    meeting.internal_id = listed.internal_id.as_str().into();
    meeting.create_time = listed.create_time;
    meeting.alias =
        Some(&listed.id).filter(|&listed| listed != id.as_str()).map(|id| (**id).into());
    meeting
}

/// Whether the meeting was stored: not when things have changed since the list was compared.
fn put(draft: &mut Draft, meeting: &Meeting, now_ms: u64) -> bool {
    let state = draft.state();
    let known = state.meeting_of_id(&meeting.tenant, meeting.id.as_str());
    let unsure =
        |known: &Arc<Meeting>| known.phase == Phase::Creating && known.server == meeting.server;
    let fits = state.server(&meeting.server).is_some()
        && known.is_none_or(unsure)
        && !is_taken(meeting, state)
        && !ended_lately(state, &meeting.internal_id, now_ms);
    if fits {
        draft.put_meeting(meeting.clone());
    }
    fits
}
