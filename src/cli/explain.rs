//! `beadle explain`: why a meeting is where it is, and where a new one would go.

use std::time::{SystemTime, UNIX_EPOCH};

use comfy_table::Cell;
use reqwest::Method;

use super::args::Explain;
use super::console::Console;
use super::daemon::Resource;
use super::error::{CliError, Exit};
use super::table::{self, Column, Kind, cell};
use super::words;
use crate::api::{self, CandidateView, DecisionView, ExplanationView};

/// Asks the daemon, which changes nothing for it. A meeting that would find no server makes the
/// exit code.
pub(super) async fn explain(console: &Console, wish: Explain) -> Result<Exit, CliError> {
    let new = wish.of.new.is_some();
    let body = api::Explain {
        id: wish.of.new.or(wish.of.meeting).unwrap_or_default(),
        tenant: wish.tenant,
        new,
        params: wish.params,
    };
    let what = Resource::at(&["explain"]);
    let found: ExplanationView = console.daemon.tell(Method::POST, what, &body).await?;
    console.show(&found, report)?;
    Ok(if found.now.chosen.is_some() { Exit::Fine } else { Exit::Failed })
}

fn report(found: &ExplanationView) -> String {
    let mut parts = Vec::new();
    if let Some(server) = &found.server {
        let age = words::time(age(found.created.unwrap_or_default()));
        parts.push(format!("It is on {server}, created {age} ago."));
    }
    if let Some(then) = &found.then {
        let age = words::time(age(then.at));
        let went = match (&then.chosen, &then.refusal) {
            (Some(server), _) => format!("it went to {server}"),
            (None, Some(refusal)) => format!("{refusal}; it was refused"),
            (None, None) => "it was refused".to_owned(),
        };
        parts.push(format!("At its create {age} ago {went}. {}", grounds(then)));
        parts.push(candidates(then));
    }
    let goes = match (&found.now.chosen, &found.now.refusal) {
        (Some(server), _) => format!("A create now would go to {server}."),
        (None, Some(refusal)) => format!("A create now would be refused: {refusal}."),
        (None, None) => "A create now would be refused.".to_owned(),
    };
    parts.push(format!("{goes} {}", grounds(&found.now)));
    parts.push(candidates(&found.now));
    parts.join("\n\n")
}

/// What the choice rested on, besides the servers.
fn grounds(decision: &DecisionView) -> String {
    let mut grounds: Vec<_> = expected(decision).into_iter().collect();
    if !decision.tags.is_empty() {
        let required = if decision.tags_required { ", required" } else { "" };
        grounds.push(format!("Tag: {}{required}.", decision.tags));
    }
    if let Some(parent) = &decision.parent {
        grounds.push(format!("Its class is on {parent}."));
    }
    grounds.push(format!("Policy: {}.", decision.policy));
    grounds.join(" ").chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// How many people were expected, where that counts: policies like Scalelite's compare what is
/// there, and only a server's limit looks ahead.
fn expected(decision: &DecisionView) -> Option<String> {
    let source = words::source(&decision.people_from);
    let predicted = decision.policy == "predicted";
    let limited = decision.candidates.iter().any(|candidate| candidate.max_users.is_some());
    let only = if predicted { "" } else { "; counts for limits only" };
    (predicted || limited)
        .then(|| format!("Expected people: {} ({source}{only}).", decision.people))
}

/// What a narrow terminal can do without, the least important first.
const SPARE: [&str; 6] = ["meetings", "tag", "weight", "reserve", "kept", "load"];

fn candidates(decision: &DecisionView) -> String {
    if decision.candidates.is_empty() {
        return "There are no servers.".to_owned();
    }
    let columns = [
        Column("server", Kind::Text),
        Column("state", Kind::Word),
        Column("health", Kind::Word),
        Column("tag", Kind::Text),
        Column("meetings", Kind::Number),
        Column("load", Kind::Number),
        Column("reserve", Kind::Number),
        Column("kept", Kind::Number),
        Column("weight", Kind::Number),
        Column("used", Kind::Number),
        Column("with it", Kind::Number),
        Column("why", Kind::Text),
    ];
    table::grid(&columns, &SPARE, decision.candidates.iter().map(row))
}

fn row(candidate: &CandidateView) -> Vec<Cell> {
    let decimal = |number: Option<f64>| words::known(number.map(|n| words::number(n, 1)));
    vec![
        cell(&candidate.id),
        cell(&words::state(candidate.state, candidate.spare)),
        table::health(&candidate.health),
        cell(&words::known(candidate.tag.as_deref())),
        cell(&candidate.meetings.to_string()),
        cell(&decimal(candidate.load)),
        cell(&decimal(candidate.reserve)),
        cell(&words::number(candidate.kept, 1)),
        cell(&words::number(candidate.weight, 3)),
        cell(&decimal(candidate.utilisation)),
        cell(&decimal(candidate.utilisation_after)),
        cell(&candidate.why),
    ]
}

/// How many seconds ago something was, from milliseconds since 1970.
fn age(at: u64) -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.saturating_sub(std::time::Duration::from_millis(at)).as_secs_f64()
}
