//! `enable` and `disable`, and how a server gets into a state.

use reqwest::Method;

use super::remove::insisting;
use crate::api::{ServerView, SetState};
use crate::cli::args::{Forceable, One};
use crate::cli::console::Console;
use crate::cli::daemon::Resource;
use crate::cli::error::CliError;
use crate::cli::print;
use crate::model::ServerState;

pub(super) async fn enable(console: &Console, one: &One) -> Result<(), CliError> {
    let server = put(console, &one.server, ServerState::Enabled, false).await?;
    console.done(&server, |server| format!("server {} takes new meetings", server.id))?;
    if server.health != "online" {
        let why = server.trouble.as_deref().unwrap_or("it has not been asked yet");
        print::say(&format!("but it is {} at the moment: {why}", server.health));
    }
    Ok(())
}

pub(super) async fn disable(console: &Console, wish: &Forceable) -> Result<(), CliError> {
    const QUESTION: &str = "Nobody will be able to join these meetings. Disable the server?";
    let name = &wish.of.server;
    let disable = async |force| put(console, name, ServerState::Disabled, force).await;
    let server = insisting(wish.force, QUESTION, disable).await?;
    console.done(&server, |server| format!("server {} is disabled", server.id))
}

/// Puts a server into a state; `force` where meetings on it do not matter.
pub(super) async fn put(
    console: &Console,
    name: &str,
    state: ServerState,
    force: bool,
) -> Result<ServerView, CliError> {
    let what = Resource::at(&["servers", name, "state"]);
    console.daemon.tell(Method::POST, what, &SetState { state, force }).await
}
