//! `check`: asks servers who they are.

use futures_util::{StreamExt as _, stream};

use crate::api::{Checked, Finding, ServerView};
use crate::cli::args::Check;
use crate::cli::console::Console;
use crate::cli::daemon::Resource;
use crate::cli::error::{CliError, Exit};
use crate::cli::table::{self, Column, Kind, cell};
use crate::cli::{doctor, print, words};

/// So many servers are asked at once.
const AT_ONCE: usize = 16;

/// Checks the named servers, or all. One that cannot be checked hides no other's result.
pub(super) async fn check(console: &Console, which: Check) -> Result<Exit, CliError> {
    let names = names(console, which.servers).await?;
    if names.is_empty() && !console.json {
        print::say("no servers yet; `beadle servers add URL SECRET --enable` adds one");
        return Ok(Exit::Fine);
    }
    let results: Vec<Result<Checked, CliError>> = stream::iter(&names)
        .map(|name| console.daemon.post(Resource::at(&["servers", name, "check"])))
        .buffered(AT_ONCE)
        .collect()
        .await;
    let (mut found, mut failed) = (Vec::new(), None);
    for result in results {
        match result {
            Ok(checked) => found.push(checked),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    if failed.is_none() || !found.is_empty() {
        console.show(&found, |found| overview(found))?;
    }
    match failed {
        Some(error) => Err(error),
        None if found.iter().all(|checked| checked.ok) => Ok(Exit::Fine),
        None => Ok(Exit::Failed),
    }
}

async fn names(console: &Console, given: Vec<String>) -> Result<Vec<String>, CliError> {
    if !given.is_empty() && given != ["all"] {
        return Ok(given);
    }
    let servers: Vec<ServerView> = console.daemon.get(Resource::at(&["servers"])).await?;
    Ok(servers.into_iter().map(|server| server.id).collect())
}

fn overview(found: &[Checked]) -> String {
    let columns = [
        Column("id", Kind::Text),
        Column("version", Kind::Word),
        Column("ms", Kind::Number),
        Column("result", Kind::Text),
    ];
    let rows = found.iter().map(|checked| {
        let version = Some(checked.version.as_str()).filter(|version| !version.is_empty());
        vec![
            cell(&checked.id),
            cell(&words::known(version)),
            cell(&words::number(checked.milliseconds, 0)),
            cell(checked.trouble.as_deref().unwrap_or("ok")),
        ]
    });
    let mut text = table::grid(&columns, &["version"], rows);
    let findings: Vec<Finding> =
        found.iter().flat_map(|checked| &checked.findings).cloned().collect();
    if !findings.is_empty() {
        text.push_str("\n\n");
        text.push_str(&doctor::listed(&findings));
    }
    text
}
