//! `set`: changes of a server.

use reqwest::Method;

use super::remove::insisting;
use crate::api::{Checked, ServerView, SetServer};
use crate::cli::args::{Changes, Set};
use crate::cli::console::Console;
use crate::cli::daemon::Resource;
use crate::cli::error::CliError;
use crate::cli::{ask, print};

pub(super) async fn set(console: &Console, wish: Set) -> Result<(), CliError> {
    const QUESTION: &str =
        "Nobody will be able to join these meetings at the new address. Change it?";
    let changes = changes(wish.changes)?;
    let set = async |force| -> Result<ServerView, CliError> {
        let what = Resource::at(&["servers", &wish.of.server]);
        let changes = SetServer { force, ..changes.clone() };
        console.daemon.tell(Method::PATCH, what, &changes).await
    };
    let server = insisting(wish.force, QUESTION, set).await?;
    console.done(&server, |server| format!("server {} is changed", server.id))?;
    if changes.url.is_some() || changes.secret.is_some() {
        warn_of_mistakes(console, &server.id).await?;
    }
    Ok(())
}

fn changes(wish: Changes) -> Result<SetServer, CliError> {
    Ok(SetServer {
        url: wish.url,
        secret: wish.secret.map(ask::secret).transpose()?,
        weight: wish.weight,
        load_multiplier: wish.load_multiplier,
        tag: if wish.no_tag { Some(String::new()) } else { wish.tag },
        max_meetings: wish.max_meetings,
        max_users: wish.max_users,
        spare: (wish.spare || wish.no_spare).then_some(wish.spare),
        force: false,
    })
}

/// A new address or secret counts even where the server cannot be asked at the moment, but
/// whoever mistyped it should hear of it now.
async fn warn_of_mistakes(console: &Console, id: &str) -> Result<(), CliError> {
    let checked: Checked = console.daemon.post(Resource::at(&["servers", id, "check"])).await?;
    if let Some(trouble) = checked.trouble {
        let remedies = checked.findings.into_iter().filter_map(|finding| finding.remedy);
        let said: Vec<_> = [trouble].into_iter().chain(remedies).collect();
        let said = said.join("; ");
        print::say(&format!("warning: with this, server {id} does not work: {said}"));
    }
    Ok(())
}
