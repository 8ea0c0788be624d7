//! `beadle meetings`: what runs where, and ending it.

use std::time::{SystemTime, UNIX_EPOCH};

use comfy_table::Cell;
use reqwest::Method;

use super::args::{EndMeeting, Meeting, MeetingList, MeetingsCommand};
use super::console::Console;
use super::daemon::Resource;
use super::error::{CliError, Exit};
use super::table::{self, Column, Kind, cell};
use super::{print, words};
use crate::api::{self, Ended, MeetingView, ServerView};

/// Carries out one of the commands.
pub(super) async fn run(console: &Console, command: MeetingsCommand) -> Result<Exit, CliError> {
    match command {
        MeetingsCommand::List(which) => list(console, which).await?,
        MeetingsCommand::Info(meeting) => info(console, &meeting).await?,
        MeetingsCommand::End(wish) => end(console, wish).await?,
    }
    Ok(Exit::Fine)
}

async fn list(console: &Console, which: MeetingList) -> Result<(), CliError> {
    let mut what = Resource::at(&["meetings"]);
    if let Some(name) = which.server {
        // The list knows servers by their ids only.
        let server: ServerView = console.daemon.get(Resource::at(&["servers", &name])).await?;
        what = what.with("server", &server.id);
    }
    let meetings: Vec<MeetingView> = console.daemon.get(what).await?;
    if meetings.is_empty() && !console.json {
        print::say("no meetings");
        return Ok(());
    }
    console.show(&meetings, |meetings| overview(meetings))
}

async fn info(console: &Console, meeting: &Meeting) -> Result<(), CliError> {
    let what = Resource::at(&["meetings", "one"]).with("id", &meeting.id);
    let found: MeetingView = console.daemon.get(what.with("tenant", &meeting.tenant)).await?;
    console.show(&found, details)
}

async fn end(console: &Console, wish: EndMeeting) -> Result<(), CliError> {
    let Meeting { id, tenant } = wish.meeting;
    let body = api::EndMeeting { id, tenant, force: wish.force };
    let what = Resource::at(&["meetings", "end"]);
    let ended: Ended = console.daemon.tell(Method::POST, what, &body).await?;
    console.done(&ended, |ended| {
        let how = if ended.told { "has ended" } else { "is forgotten; its server was not told" };
        format!("meeting {} {how}", ended.id)
    })
}

/// What a narrow terminal can do without, the least important first.
const SPARE: [&str; 2] = ["cameras", "moderators"];

/// A column with what stands in it for a meeting.
type Shown = (Column, fn(&MeetingView) -> Cell);

fn overview(meetings: &[MeetingView]) -> String {
    let mut shown: Vec<Shown> = vec![
        (Column("meeting", Kind::Text), |meeting| cell(&meeting.id)),
        (Column("name", Kind::Text), |meeting| cell(&words::known(meeting.name.as_deref()))),
        (Column("server", Kind::Text), |meeting| cell(&meeting.server)),
        (Column("people", Kind::Number), |meeting| cell(&words::known(meeting.users))),
        (Column("moderators", Kind::Number), |meeting| cell(&words::known(meeting.moderators))),
        (Column("cameras", Kind::Number), |meeting| cell(&words::known(meeting.videos))),
        (Column("age", Kind::Number), |meeting| cell(&age(meeting))),
    ];
    // What is the same for all is not worth its place.
    if meetings.iter().any(|meeting| meeting.state != "running") {
        shown.push((Column("state", Kind::Word), |meeting| cell(&meeting.state)));
    }
    if meetings.iter().any(|meeting| !meeting.tenant.is_empty()) {
        shown.push((Column("tenant", Kind::Text), |meeting| cell(&meeting.tenant)));
    }
    let rows = meetings.iter().map(|meeting| shown.iter().map(|(_, cell)| cell(meeting)).collect());
    let rows: Vec<_> = rows.collect();
    let columns: Vec<_> = shown.into_iter().map(|(column, _)| column).collect();
    table::grid(&columns, &SPARE, rows)
}

fn details(meeting: &MeetingView) -> String {
    let mut facts = vec![
        ("meeting", meeting.id.clone()),
        ("internal id", meeting.internal_id.clone()),
        ("name", words::known(meeting.name.as_deref())),
        ("state", meeting.state.clone()),
        ("server", meeting.server.clone()),
        ("server address", meeting.server_url.clone()),
        ("people", words::known(meeting.users)),
        ("highest load so far", words::known(meeting.peak)),
        ("moderators", words::known(meeting.moderators)),
        ("cameras", words::known(meeting.videos)),
        ("age", age(meeting)),
        ("expected people", expected(meeting)),
        ("expected next time", next_time(meeting)),
        ("voice bridge", meeting.voice_bridge.clone()),
    ];
    if !meeting.tenant.is_empty() {
        facts.push(("tenant", meeting.tenant.clone()));
    }
    table::facts(facts)
}

/// How many people were expected, and why.
fn expected(meeting: &MeetingView) -> String {
    format!("{} ({})", meeting.expected, words::source(&meeting.expected_from))
}

fn next_time(meeting: &MeetingView) -> String {
    let earlier = usize::try_from(meeting.sittings).unwrap_or(usize::MAX);
    match meeting.learned {
        None => words::NOTHING.to_owned(),
        Some(people) if earlier == 0 => format!("{people} (by this sitting)"),
        Some(people) => {
            format!(
                "{people} (by {})",
                words::count(earlier, "earlier sitting", "earlier sittings")
            )
        }
    }
}

fn age(meeting: &MeetingView) -> String {
    let created = std::time::Duration::from_millis(meeting.created);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    words::time(now.saturating_sub(created).as_secs_f64())
}
