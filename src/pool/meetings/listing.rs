//! getMeetings and getSessions: all servers asked at once, their answers put together.
//!
//! No server can fail the whole: one that does not answer within the budget contributes its last
//! good list. A caller may be given an answer that another caller has just got.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::Mutex;

use crate::bbb::meetings::{Listed, NoList};
use crate::bbb::{Failure, origin};
use crate::client::{Client, Request};
use crate::model::{Server, ServerId, ServerState, TenantId};
use crate::pool::meetings::ending::{ended_lately, is_left_over};
use crate::pool::watch::health::Health;
use crate::pool::watch::list::List;
use crate::pool::watch::live::Live;
use crate::pool::{Answer, Pool, now_ms};

/// How old a shared answer may be.
const SHARED_FOR: Duration = Duration::from_secs(1);

/// The answer that callers share, and what makes it stale.
#[derive(Default)]
pub(in crate::pool) struct Shared {
    /// Counts the creates and ends: an answer that was begun before the last one is not shared.
    changes: AtomicU64,
    latest: Mutex<Option<Latest>>,
}

struct Latest {
    /// The count of changes when the servers were asked.
    changes: u64,
    at: Instant,
    answer: Arc<Result<Bytes, Failure>>,
    tenant: TenantId,
}

impl Shared {
    /// A meeting was created or ended, or the servers are others: the next caller wants to see that.
    pub(in crate::pool) fn discard(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
    }
}

/// What one server contributes.
struct Part {
    server: ServerId,
    list: Option<List>,
    /// Whether the list is this call's own.
    fresh: bool,
    failure: Option<Failure>,
}

impl Pool {
    /// All meetings of a tenant, on all servers that are not disabled.
    pub async fn get_meetings(
        &self,
        client: &Client,
        tenant: &TenantId,
    ) -> Result<Answer, Failure> {
        let shared = &self.0.shared;
        let changes = shared.changes.load(Ordering::Acquire);
        let came = Instant::now();
        // Those who come while the servers are being asked wait here for that answer.
        let mut latest = shared.latest.lock().await;
        if let Some(known) = latest.as_ref() {
            // A refusal may be over the next moment, so only those who waited for it share it.
            let kept = known.answer.is_ok() && known.at.elapsed() < SHARED_FOR;
            let young = kept || known.at > came;
            if known.changes >= changes && young && known.tenant == *tenant {
                return answer(&known.answer);
            }
        }
        let changes = shared.changes.load(Ordering::Acquire);
        let merged = Arc::new(self.merge_meetings(client, tenant, came).await);
        let at = Instant::now();
        let (answer_kept, tenant) = (Arc::clone(&merged), tenant.clone());
        *latest = Some(Latest { changes, at, answer: answer_kept, tenant });
        drop(latest);
        answer(&merged)
    }

    /// All people in meetings, on all servers that are not disabled.
    pub async fn get_sessions(
        &self,
        client: &Client,
        tenant: &TenantId,
    ) -> Result<Answer, Failure> {
        let parts = self.ask_all(client, "getSessions", Instant::now()).await;
        let state = self.store().state();
        let own = |_: &ServerId, listed: &Listed| match state.meeting(tenant, &listed.id) {
            Some(_) => true,
            None => tenant.as_str().is_empty(),
        };
        merge(&parts, own, &SESSIONS).map(Answer::Relayed)
    }

    async fn merge_meetings(
        &self,
        client: &Client,
        tenant: &TenantId,
        came: Instant,
    ) -> Result<Bytes, Failure> {
        let parts = self.ask_all(client, "getMeetings", came).await;
        let state = self.store().state();
        let now_ms = now_ms();
        let own = |server: &ServerId, listed: &Listed| {
            // What is over, or goes on elsewhere, may still be listed by its old server.
            let over = listed.forcibly_ended
                || ended_lately(&state, &listed.internal_id, now_ms)
                || is_left_over(listed, (tenant, &listed.id), &state, now_ms);
            let moved = || {
                let known = state.meeting_of_id(tenant, &listed.id);
                let elsewhere = known.is_some_and(|known| {
                    known.server != *server && *known.internal_id != *listed.internal_id
                });
                // Nobody is led to one that a server made late, after another was asked for it.
                (elsewhere && listed.origin.is_some())
                    || state.copy(server, &listed.internal_id).is_some()
            };
            listed.tenant.as_deref().unwrap_or_default() == tenant.as_str() && !over && !moved()
        };
        merge(&parts, own, &MEETINGS)
    }

    /// Asks all servers at once. Those that are well are waited for within the budget; one that
    /// has failed lately counts when it answers before them, or when no other is left.
    async fn ask_all(&self, client: &Client, call: &'static str, came: Instant) -> Vec<Part> {
        // Whoever has waited for another caller's answer has less time left, but always some.
        let whole = self.config().api.get_meetings_budget;
        let budget = whole.saturating_sub(came.elapsed()).max(whole / 4);
        let usable = |(server, _): &(Arc<Server>, _)| server.state != ServerState::Disabled;
        let servers: Vec<_> = self.servers().into_iter().filter(usable).collect();
        // One that nobody has asked yet is as good as well: its meetings must not be missing.
        let well = |live: &Live| match live.health() {
            Health::Online => true,
            Health::Unknown => live.trouble().is_none(),
            Health::Unstable | Health::Offline => false,
        };
        let mut awaited = servers.iter().filter(|(_, live)| well(live)).count();
        let patient = awaited == 0;
        let mut parts = Vec::with_capacity(servers.len());
        let mut asked: Vec<bool> = vec![false; servers.len()];
        let mut waiting: FuturesUnordered<_> = servers
            .iter()
            .enumerate()
            .filter(|(_, (_, live))| live.health() != Health::Offline)
            .map(|(place, (server, live))| {
                let was_well = well(live);
                async move {
                    let request = Request { call, query: "", body: None, timeout: budget };
                    (place, was_well, self.ask_one(client, server, live, request).await)
                }
            })
            .collect();
        loop {
            let next = if awaited > 0 || patient {
                waiting.next().await
            } else {
                waiting.next().now_or_never().flatten()
            };
            let Some((place, was_well, part)) = next else { break };
            awaited -= usize::from(was_well && awaited > 0);
            if let Some(asked) = asked.get_mut(place) {
                *asked = true;
            }
            parts.push(part);
        }
        let silent = servers.iter().zip(&asked).filter(|(_, asked)| !**asked);
        parts.extend(silent.map(|((server, live), _)| self.last_known(server, live, call, None)));
        parts
    }

    async fn ask_one(
        &self,
        client: &Client,
        server: &Server,
        live: &Live,
        request: Request<'static>,
    ) -> Part {
        let call = request.call;
        let Ok(reply) = self.call(client, server, request).await else {
            return self.last_known(server, live, call, None);
        };
        match List::read(reply.body) {
            Ok(list) => {
                Part { server: server.id.clone(), list: Some(list), fresh: true, failure: None }
            }
            Err(NoList::Refused(failure)) => self.last_known(server, live, call, Some(failure)),
            Err(NoList::Unreadable(_) | NoList::TooMany) => {
                self.last_known(server, live, call, None)
            }
        }
    }

    /// A failing server's last good list, while its meetings may well go on.
    fn last_known(
        &self,
        server: &Server,
        live: &Live,
        call: &str,
        failure: Option<Failure>,
    ) -> Part {
        let keep = self.config().health.dead_after;
        let recent = live.silent_for(Instant::now()).is_some_and(|time| time <= keep);
        let list = if recent && call == "getMeetings" { live.list() } else { None };
        Part { server: server.id.clone(), list, fresh: false, failure }
    }
}

/// The words of a merged answer.
struct Words {
    list: &'static str,
    empty_key: &'static str,
    empty_message: &'static str,
}

const MEETINGS: Words = Words {
    list: "meetings",
    empty_key: "noMeetings",
    empty_message: "no meetings were found on this server",
};

const SESSIONS: Words = Words {
    list: "sessions",
    empty_key: "noSessions",
    empty_message: "no sessions were found on this server",
};

/// Puts the servers' own elements behind each other. Fails only where there are servers and none
/// of them gave anything.
fn merge(
    parts: &[Part],
    own: impl Fn(&ServerId, &Listed) -> bool,
    words: &Words,
) -> Result<Bytes, Failure> {
    if !parts.is_empty() && parts.iter().all(|part| part.list.is_none()) {
        let failure = parts.iter().find_map(|part| part.failure.clone());
        return Err(failure.unwrap_or_else(|| Failure::internal("Unable to access server.")));
    }
    let length: usize =
        parts.iter().filter_map(|part| part.list.as_ref()).map(|list| list.document.len()).sum();
    let Words { list, empty_key, empty_message } = words;
    let mut out = Vec::with_capacity(length + 128);
    out.extend_from_slice(b"<response><returncode>SUCCESS</returncode>");
    let start = out.len();
    // Where two servers name one meeting, the fresh list counts.
    let mut seen = std::collections::HashSet::new();
    let mut ordered: Vec<&Part> = parts.iter().collect();
    ordered.sort_by_key(|part| !part.fresh);
    for (server, list) in
        ordered.iter().filter_map(|part| Some((&part.server, part.list.as_ref()?)))
    {
        for meeting in list.meetings.iter().filter(|meeting| own(server, meeting)) {
            let once = meeting.internal_id.is_empty() || seen.insert(&meeting.internal_id);
            if let Some(element) = list.document.get(meeting.range.clone()).filter(|_| once) {
                out.extend_from_slice(&origin::hide(element));
            }
        }
    }
    if out.len() == start {
        let text = format!(
            "<messageKey>{empty_key}</messageKey><message>{empty_message}</message><{list}/></response>"
        );
        out.extend_from_slice(text.as_bytes());
    } else {
        let opening = format!("<{list}>");
        out.splice(start..start, opening.into_bytes());
        out.extend_from_slice(format!("</{list}></response>").as_bytes());
    }
    Ok(Bytes::from(out))
}

fn answer(shared: &Result<Bytes, Failure>) -> Result<Answer, Failure> {
    shared.clone().map(Answer::Relayed)
}
