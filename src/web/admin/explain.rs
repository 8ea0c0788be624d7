//! Why a meeting is where it is, and where a new one would go.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Json, ServiceConfig};

use super::{Refused, refused};
use crate::api::{CandidateView, DecisionView, Explain, ExplanationView};
use crate::bbb::params::identifier;
use crate::bbb::{Failure, Params};
use crate::model::{MeetingId, TenantId};
use crate::pool::placement::NoServer;
use crate::pool::placement::choice::Verdict;
use crate::pool::placement::explain::{Decision, Row};
use crate::web::answer;
use crate::web::site::Site;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.route("/explain", web::post().to(explain));
}

async fn explain(site: Data<Site>, wish: Json<Explain>) -> Result<HttpResponse, Refused> {
    let Explain { id, tenant, new, params } = wish.into_inner();
    if new && identifier(&id).trim().is_empty() {
        let refusal = Failure::missing_meeting_id();
        return Err(refused(StatusCode::BAD_REQUEST, "invalid", refusal.message));
    }
    let tenant = TenantId::from(tenant);
    let known = site.pool.store().state().meeting(&tenant, &id).filter(|_| !new).cloned();
    let id = known.as_ref().map_or_else(|| MeetingId::from(id), |meeting| meeting.id.clone());
    let mut given = Params::default();
    for (name, value) in &params {
        given.set(name, value);
    }
    let given = (new || !params.is_empty()).then_some(&given);
    let found = site.pool.explain((tenant.clone(), id.clone()), given);
    let then = found.then.filter(|_| !new);
    if known.is_none() && then.is_none() && !new {
        let error = format!(
            "there is no meeting with the id {id}; `beadle explain {}` tells where it would go",
            options(id.as_str(), tenant.as_str())
        );
        return Err(refused(StatusCode::NOT_FOUND, "unknown", error));
    }
    let view = ExplanationView {
        id: id.to_string(),
        tenant: tenant.to_string(),
        server: known.as_ref().map(|meeting| meeting.server.to_string()),
        created: known.as_ref().map(|meeting| meeting.created_ms),
        then: then.map(|then| decision(&then)),
        now: decision(&found.now),
    };
    Ok(answer::json(StatusCode::OK, &view))
}

/// What asks about a new meeting, ready for a shell.
fn options(id: &str, tenant: &str) -> String {
    let option = |name: &str, value: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:@%+,/".contains(c);
        let value = match value.replace('\'', r"'\''") {
            value if value.is_empty() || !value.chars().all(plain) => format!("'{value}'"),
            value => value,
        };
        // Else it would be read as another option.
        let joint = if value.trim_start_matches('\'').starts_with('-') { "=" } else { " " };
        format!("--{name}{joint}{value}")
    };
    let new = option("new", id);
    if tenant.is_empty() { new } else { format!("{new} {}", option("tenant", tenant)) }
}

fn decision(decision: &Decision) -> DecisionView {
    let wish = &decision.wish;
    DecisionView {
        at: decision.at_ms,
        policy: decision.policy.as_str().to_owned(),
        people: wish.expected.people,
        people_from: wish.expected.source.as_str().to_owned(),
        tags: wish.wanted.text().to_owned(),
        tags_required: wish.wanted.required(),
        parent: wish.parent.as_ref().map(ToString::to_string),
        chosen: decision.chosen.as_ref().ok().map(ToString::to_string),
        refusal: decision.chosen.as_ref().err().map(|no| refusal(*no).to_owned()),
        candidates: decision.rows.iter().map(|row| candidate(row, wish.expected.people)).collect(),
    }
}

fn refusal(no: NoServer) -> &'static str {
    match no {
        NoServer::None => "no server can take it",
        NoServer::Tag => "no server with the required tag can take it",
        NoServer::Full => "all servers that it may use are full",
    }
}

fn candidate(row: &Row, people: u32) -> CandidateView {
    CandidateView {
        id: row.id.to_string(),
        state: row.state,
        health: row.health.as_str().to_owned(),
        tag: row.tag.as_deref().map(str::to_owned),
        spare: row.spare,
        weight: row.weight,
        load: row.load,
        reserve: row.reserve,
        kept: row.kept,
        meetings: row.meetings,
        max_meetings: row.max_meetings,
        max_users: row.max_users,
        utilisation: row.before,
        utilisation_after: row.after,
        verdict: row.verdict.as_str().to_owned(),
        why: why(row, people),
    }
}

fn why(row: &Row, people: u32) -> String {
    let words = row.verdict.in_words();
    match (row.verdict, row.max_meetings, row.max_users) {
        (Verdict::Meetings, Some(most), _) => format!("{words} ({most})"),
        (Verdict::People, _, Some(most)) => {
            let load = row.load.unwrap_or_default();
            format!("{words} ({load:.0} and {people} more, of {most})")
        }
        _ => words.to_owned(),
    }
}
