//! `list` and `show`, and the table of servers that other commands show as well.

use comfy_table::Cell;

use crate::api::ServerView;
use crate::cli::args::{Listing, Show};
use crate::cli::console::Console;
use crate::cli::daemon::Resource;
use crate::cli::error::CliError;
use crate::cli::table::{self, Column, Kind, cell};
use crate::cli::{print, words};

pub(super) async fn list(console: &Console, form: &Listing) -> Result<(), CliError> {
    let what = Resource::at(&["servers"]).flag("secrets", form.secrets);
    let servers: Vec<ServerView> = console.daemon.get(what).await?;
    if servers.is_empty() && !console.json {
        print::say("no servers yet; `beadle servers add URL SECRET --enable` adds one");
        return Ok(());
    }
    console.show(&servers, |servers| table(servers))
}

pub(super) async fn show(console: &Console, form: &Show) -> Result<(), CliError> {
    let what = Resource::at(&["servers", &form.of.server]).flag("secrets", form.secrets);
    let server: ServerView = console.daemon.get(what).await?;
    console.show(&server, details)
}

/// What a narrow terminal can do without, the least important first.
const SPARE: [&str; 6] = ["weight", "load", "host", "version", "answered", "tag"];

/// The servers, one in a line; with their secrets where they come with them.
pub(in crate::cli) fn table(servers: &[ServerView]) -> String {
    let columns = [
        Column("id", Kind::Text),
        Column("host", Kind::Text),
        Column("state", Kind::Word),
        Column("health", Kind::Word),
        Column("meetings", Kind::Number),
        Column("people", Kind::Number),
        Column("load", Kind::Number),
        Column("weight", Kind::Number),
        Column("load/weight", Kind::Number),
        Column("tag", Kind::Text),
        Column("version", Kind::Word),
        Column("answered", Kind::Number),
        Column("secret", Kind::Text),
    ];
    let secrets = servers.iter().any(|server| server.secret.is_some());
    let shown = if secrets { columns.len() } else { columns.len() - 1 };
    let rows = servers.iter().map(|server| row(server).into_iter().take(shown).collect());
    table::grid(columns.get(..shown).unwrap_or(&columns), &SPARE, rows)
}

fn row(server: &ServerView) -> Vec<Cell> {
    vec![
        cell(&server.id),
        cell(host(&server.url)),
        cell(&words::state(server.state, server.spare)),
        table::health(&server.health),
        cell(&server.meetings.to_string()),
        cell(&server.users.to_string()),
        cell(&decimal(server.load)),
        cell(&words::number(server.weight, 3)),
        cell(&decimal(server.utilisation)),
        cell(&words::known(server.tag.as_deref())),
        cell(&words::known(server.version.as_deref())),
        cell(&answered(server)),
        cell(&words::known(server.secret.as_deref())),
    ]
}

fn details(server: &ServerView) -> String {
    let mut facts = vec![
        ("id", server.id.clone()),
        ("address", server.url.clone()),
        ("state", words::state(server.state, server.spare)),
        ("health", server.health.clone()),
        ("trouble", words::known(server.trouble.as_deref())),
        ("answered", answered(server)),
        ("version", words::known(server.version.as_deref())),
        ("tag", words::known(server.tag.as_deref())),
        ("weight", words::number(server.weight, 3)),
        ("load multiplier", words::number(server.load_multiplier, 3)),
        ("load", decimal(server.load)),
        ("load/weight", decimal(server.utilisation)),
        ("meetings", format!("{} ({} placed by beadle)", server.meetings, server.placed)),
        ("breakout rooms", server.breakouts.to_string()),
        ("people", server.users.to_string()),
        ("largest meeting", server.largest.to_string()),
        ("voices", server.voices.to_string()),
        ("cameras", server.videos.to_string()),
        ("most meetings", words::known(server.max_meetings)),
        ("most people", words::known(server.max_users)),
    ];
    if let Some(secret) = &server.secret {
        facts.push(("secret", secret.clone()));
    }
    table::facts(facts)
}

fn decimal(number: Option<f64>) -> String {
    words::known(number.map(|number| words::number(number, 1)))
}

/// How long ago it last answered.
fn answered(server: &ServerView) -> String {
    server.last_answer.map_or_else(|| "never".to_owned(), |age| format!("{} ago", words::time(age)))
}

/// Host and port of an address.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}
